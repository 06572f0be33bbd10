/* kernel/compat/src/linux/splice_calls.c: splice, tee and vmsplice. */
#include <io/splice.h>

#include "files.h"

#define SPLICE_NONBLOCK 2u
#define SPLICE_KNOWN 15u	/* MOVE, NONBLOCK, MORE, GIFT */

struct splice {
	struct file *in, *out;
	uint64_t in_offset, out_offset;
	bool in_at, out_at;
	bool nonblock;
};

static int64_t finish(int64_t n)
{
	if (n == -EPIPE)
		linux_raise_sigpipe();
	return linux_restartable(n);
}

static int offset_in(uint64_t user, struct file *f, uint64_t *offset, bool *given)
{
	*given = user != 0;
	if (!user)
		return 0;
	if (file_is_pipe(f))
		return -ESPIPE;
	return copy_from_user(offset, user_ptr(user), sizeof(*offset)) ? -EFAULT : 0;
}

/* Files of bytes: neither counters nor sets, which have no such operation on Linux. */
static bool can_splice(const struct file *f, const void *operation, bool has_offset)
{
	if (!operation || f->ops->ignores_seek || (f->inode && inode_is_dir(f->inode)))
		return false;
	return !has_offset || f->ops->seek;
}

static int64_t from_pipe(struct splice *s, uint64_t len)
{
	if (!can_splice(s->out, s->out->ops->write, s->out_at) || (s->out->flags & O_APPEND))
		return -EINVAL;
	if (s->out_at && (int64_t)s->out_offset < 0)
		return -EINVAL;
	return splice_from_pipe(s->in, s->out, s->out_at ? &s->out_offset : NULL, len,
				s->nonblock || (s->in->flags & O_NONBLOCK));
}

static int64_t to_pipe(struct splice *s, uint64_t len)
{
	if (!can_splice(s->in, s->in->ops->read, s->in_at) || (s->in_at && (int64_t)s->in_offset < 0))
		return -EINVAL;
	return splice_to_pipe(s->in, s->in_at ? &s->in_offset : NULL, s->out, len,
			      s->nonblock || (s->out->flags & O_NONBLOCK));
}

static int64_t run(struct splice *s, uint64_t len)
{
	len = MIN(len, LINUX_MAX_RW);
	if (!(s->in->access & RIGHT_READ) || !(s->out->access & RIGHT_WRITE))
		return -EBADF;
	if (file_is_pipe(s->in) && file_is_pipe(s->out)) {
		if (file_is_same_pipe(s->in, s->out))
			return -EINVAL;
		return splice_pipes(s->in, s->out, len,
				    s->nonblock || ((s->in->flags | s->out->flags) & O_NONBLOCK));
	}
	if (file_is_pipe(s->in))
		return from_pipe(s, len);
	return file_is_pipe(s->out) ? to_pipe(s, len) : -EINVAL;
}

static int64_t with_offsets(struct splice *s, const uint64_t a[6])
{
	int64_t n = offset_in(a[1], s->in, &s->in_offset, &s->in_at);

	if (!n)
		n = offset_in(a[3], s->out, &s->out_offset, &s->out_at);
	if (!n)
		n = run(s, a[4]);
	if (n < 0)
		return n;
	if ((s->in_at && copy_to_user(user_ptr(a[1]), &s->in_offset, sizeof(s->in_offset))) ||
	    (s->out_at && copy_to_user(user_ptr(a[3]), &s->out_offset, sizeof(s->out_offset))))
		return -EFAULT;
	return n;
}

static int take_files(struct splice *s, int in, int out)
{
	int err = linux_file(in, &s->in);

	if (err)
		return err;
	err = linux_file(out, &s->out);
	if (err)
		file_put(s->in);
	return err;
}

int64_t linux_sys_splice(const uint64_t a[6])
{
	struct splice s = { .nonblock = a[5] & SPLICE_NONBLOCK };
	int64_t n;

	if (!a[4])
		return 0;
	if ((uint32_t)a[5] & ~SPLICE_KNOWN)
		return -EINVAL;
	n = take_files(&s, (int)a[0], (int)a[2]);
	if (n)
		return n;
	n = with_offsets(&s, a);
	file_put(s.in);
	file_put(s.out);
	return finish(n);
}

static int64_t tee(struct splice *s, uint64_t len)
{
	if (!(s->in->access & RIGHT_READ) || !(s->out->access & RIGHT_WRITE))
		return -EBADF;
	if (!file_is_pipe(s->in) || !file_is_pipe(s->out) || file_is_same_pipe(s->in, s->out))
		return -EINVAL;
	return tee_pipes(s->in, s->out, MIN(len, LINUX_MAX_RW),
			 s->nonblock || ((s->in->flags | s->out->flags) & O_NONBLOCK));
}

int64_t linux_sys_tee(const uint64_t a[6])
{
	struct splice s = { .nonblock = a[3] & SPLICE_NONBLOCK };
	int64_t n;

	if ((uint32_t)a[3] & ~SPLICE_KNOWN)
		return -EINVAL;
	if (!a[2])
		return 0;
	n = take_files(&s, (int)a[0], (int)a[1]);
	if (n)
		return n;
	n = tee(&s, a[2]);
	file_put(s.in);
	file_put(s.out);
	return finish(n);
}

/* Pages are copied, not given: a program that keeps to man 2 vmsplice cannot tell. */
static int64_t splice_user(struct file *f, const struct linux_iov *iov, bool nonblock)
{
	struct io_vector v;

	io_vector_init(&v, iov->segments, iov->count, false);
	if (!v.left)
		return 0;
	if (!file_is_pipe(f))
		return -EBADF;
	if (f->access & RIGHT_WRITE)
		return splice_vector_to_pipe(&v, f, nonblock || (f->flags & O_NONBLOCK));
	if (nonblock) {
		struct io_request rq = { .file = f, .vector = v, .flags = IO_NONBLOCK };

		return io_read(&rq);
	}
	return file_read(f, &v);
}

int64_t linux_sys_vmsplice(const uint64_t a[6])
{
	struct linux_iov iov;
	struct file *f;
	int64_t n;

	if ((uint32_t)a[3] & ~SPLICE_KNOWN)
		return -EINVAL;
	n = linux_file((int)a[0], &f);
	if (n)
		return n;
	n = f->access ? linux_iov_in(&iov, a[1], a[2]) : -EBADF;
	if (!n) {
		n = splice_user(f, &iov, a[3] & SPLICE_NONBLOCK);
		linux_iov_end(&iov);
	}
	file_put(f);
	return finish(n);
}
