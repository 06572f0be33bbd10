/* kernel/compat/src/linux/sendfile_calls.c: sendfile and copy_file_range, through a buffer. */
#include <mm/heap.h>

#include <io/socket.h>

#include "files.h"

#define CHUNK (64u << 10)

struct copy {
	struct file *in, *out;
	uint64_t in_offset, out_offset;
	bool in_at, out_at;	/* at the offsets, else at the files' positions */
	void *buffer;
};

static int64_t read_some(struct copy *c, uint64_t want)
{
	struct io_segment segment = { (uintptr_t)c->buffer, MIN(want, (uint64_t)CHUNK) };
	struct io_vector v;

	io_vector_init(&v, &segment, 1, true);
	return c->in_at ? file_pread(c->in, &v, c->in_offset) : file_read(c->in, &v);
}

static int64_t write_all(struct copy *c, uint64_t len)
{
	struct io_segment segment = { (uintptr_t)c->buffer, len };
	struct io_vector v;

	io_vector_init(&v, &segment, 1, true);
	return c->out_at ? file_pwrite(c->out, &v, c->out_offset) : file_write(c->out, &v);
}

/* What was read and not taken goes back to the position of the file it came from. */
static void unread(struct copy *c, int64_t n)
{
	if (!c->in_at && n > 0)
		c->in->ops->seek(c->in, -n, 1);
}

static int64_t copy_bytes(struct copy *c, uint64_t count)
{
	int64_t done = 0;

	while ((uint64_t)done < count) {
		int64_t got = read_some(c, count - (uint64_t)done), put;

		if (got <= 0)
			return done ? done : got;
		put = write_all(c, (uint64_t)got);
		unread(c, got - MAX(put, 0l));
		if (put <= 0)
			return done ? done : put;
		done += put;
		c->in_offset += (uint64_t)put;
		c->out_offset += (uint64_t)put;
		if (put < got)
			break;
		sched_cond_resched();
	}
	return done;
}

static int64_t run(struct copy *c, uint64_t count)
{
	int64_t n;

	c->buffer = kmalloc(CHUNK, HEAP_NOZERO);
	if (!c->buffer)
		return -ENOMEM;
	n = copy_bytes(c, MIN(count, LINUX_MAX_RW));
	kfree(c->buffer);
	if (n == -EPIPE && file_breaks_loudly(c->out))
		linux_raise_sigpipe();
	return linux_restartable(n);
}

static void drop_files(struct copy *c)
{
	file_put(c->in);
	file_put(c->out);
}

static int take_files(struct copy *c, int in, int out)
{
	int err = linux_file(in, &c->in);

	if (err)
		return err;
	err = linux_file(out, &c->out);
	if (err)
		drop_files(c);
	return err;
}

static int check_access(const struct copy *c)
{
	return (c->in->access & RIGHT_READ) && (c->out->access & RIGHT_WRITE) ? 0 : -EBADF;
}

static int offset_in(uint64_t user, uint64_t *offset, bool *given)
{
	*given = user != 0;
	if (!user)
		return 0;
	if (copy_from_user(offset, user_ptr(user), sizeof(*offset)))
		return -EFAULT;
	return (int64_t)*offset < 0 ? -EINVAL : 0;
}

static int offset_out(uint64_t user, uint64_t offset)
{
	return user ? copy_to_user(user_ptr(user), &offset, sizeof(offset)) : 0;
}

static int check_sendfile(const struct copy *c)
{
	if (check_access(c))
		return -EBADF;
	if (!c->in->ops->seek)
		return c->in_at ? -ESPIPE : -EINVAL;
	return c->in->ops->read && !(c->out->flags & O_APPEND) ? 0 : -EINVAL;
}

int64_t linux_sys_sendfile(const uint64_t a[6])
{
	struct copy c = { 0 };
	int64_t n = offset_in(a[2], &c.in_offset, &c.in_at);

	if (n)
		return n;
	n = take_files(&c, (int)a[1], (int)a[0]);
	if (n)
		return n;
	n = check_sendfile(&c);
	if (!n)
		n = run(&c, a[3]);
	if (n > 0 && offset_out(a[2], c.in_offset))
		n = -EFAULT;
	drop_files(&c);
	return n;
}

/* Shortens *@len to what the file has now: what the copy itself adds to it is not copied. */
static int check_range_copy(const struct copy *c, uint64_t flags, uint64_t *len)
{
	uint64_t in = c->in_at ? c->in_offset : c->in->offset, out = c->out_at ? c->out_offset : c->out->offset;
	struct vfs_attr attr;
	int err;

	if (flags)
		return -EINVAL;
	if (!c->in->inode || !c->out->inode)
		return -EINVAL;
	if (inode_is_dir(c->in->inode) || inode_is_dir(c->out->inode))
		return -EISDIR;
	if (!inode_is_regular(c->in->inode) || !inode_is_regular(c->out->inode))
		return -EINVAL;
	if (check_access(c) || (c->out->flags & O_APPEND))
		return -EBADF;
	if (in + *len < in || out + *len < out)
		return -EOVERFLOW;
	err = linux_file_attr(c->in, &attr);
	if (err)
		return err;
	*len = in < attr.size ? MIN(*len, attr.size - in) : 0;
	return c->in->inode == c->out->inode && in < out + *len && out < in + *len ? -EINVAL : 0;
}

int64_t linux_sys_copy_file_range(const uint64_t a[6])
{
	struct copy c = { 0 };
	uint64_t len = a[4];
	int64_t n = take_files(&c, (int)a[0], (int)a[2]);

	if (n)
		return n;
	n = offset_in(a[1], &c.in_offset, &c.in_at);
	if (!n)
		n = offset_in(a[3], &c.out_offset, &c.out_at);
	if (!n)
		n = check_range_copy(&c, a[5], &len);
	if (!n)
		n = run(&c, len);
	if (n > 0 && (offset_out(a[1], c.in_offset) || offset_out(a[3], c.out_offset)))
		n = -EFAULT;
	drop_files(&c);
	return n;
}
