/* kernel/compat/src/linux/file_common.c: descriptors, paths and segments as calls give them. */
#include <asm/resource.h>
#include <mm/heap.h>
#include <string.h>

#include "files.h"

int linux_path_in(struct linux_path *p, uint64_t user, bool may_be_empty)
{
	int64_t len;

	p->text = p->small;
	len = strncpy_from_user(p->small, user_ptr(user), sizeof(p->small));
	if (len == -ENAMETOOLONG) {
		p->text = kmalloc(VFS_PATH_MAX, HEAP_NOZERO);
		if (!p->text)
			return -ENOMEM;
		len = strncpy_from_user(p->text, user_ptr(user), VFS_PATH_MAX);
	}
	if (!len && !may_be_empty)
		len = -ENOENT;
	if (len >= 0)
		return 0;
	linux_path_end(p);
	return (int)len;
}

void linux_path_end(struct linux_path *p)
{
	if (p->text != p->small)
		kfree(p->text);
}

int linux_file_or_path(int fd, struct file **out)
{
	struct object *obj;

	*out = NULL;
	if (handle_lookup(ps_current()->handles, fd, OBJECT_FILE, 0, &obj))
		return -EBADF;
	*out = file_from_object(obj);
	return 0;
}

int linux_file(int fd, struct file **out)
{
	int err = linux_file_or_path(fd, out);

	if (err)
		return err;
	if (unlikely((*out)->flags & O_PATH)) {
		file_put(*out);
		*out = NULL;
		return -EBADF;
	}
	return 0;
}

int linux_start(int dirfd, const char *path, struct inode **out)
{
	struct file *f;
	int err;

	*out = NULL;
	if (*path == '/' || dirfd == LINUX_AT_FDCWD)
		return 0;
	err = linux_file_or_path(dirfd, &f);
	if (err)
		return err;
	if (!f->inode) {
		file_put(f);
		return -ENOTDIR;
	}
	inode_get(f->inode);
	*out = f->inode;
	file_put(f);
	return 0;
}

static int limit_of_files(void)
{
	return (int)MIN(ps_limit(RLIMIT_NOFILE), 1ull << 20);
}

bool linux_table_is_full(void)
{
	return handle_is_full(ps_current()->handles, limit_of_files());
}

int64_t linux_install(struct file *f, uint32_t flags)
{
	int fd = handle_install(ps_current()->handles, &f->object, RIGHT_ALL, flags & O_CLOEXEC ? HANDLE_CLOEXEC : 0, 0,
		limit_of_files());

	file_put(f);
	return fd;
}

int linux_at_begin(struct linux_at *at, int dirfd, uint64_t user_path, bool may_be_empty)
{
	int err = linux_path_in(&at->path, user_path, may_be_empty);

	if (err)
		return err;
	err = linux_start(dirfd, at->path.text, &at->start);
	if (err)
		linux_path_end(&at->path);
	return err;
}

void linux_at_end(struct linux_at *at)
{
	inode_put(at->start);
	linux_path_end(&at->path);
}

/* Lengths must not be negative nor add up to one; what is too much for one call is cut. */
static int check_segments(struct linux_iov *iov)
{
	uint64_t total = 0;

	for (uint32_t i = 0; i < iov->count; i++) {
		struct io_segment *s = &iov->segments[i];

		if (s->len > LINUX_MAX_RW && (int64_t)s->len < 0)
			return -EINVAL;
		if (s->len && (s->base + s->len < s->base || s->base + s->len > USER_TOP))
			return -EFAULT;
		s->len = MIN(s->len, LINUX_MAX_RW - total);
		total += s->len;
	}
	return 0;
}

int linux_iov_in(struct linux_iov *iov, uint64_t user, uint64_t count)
{
	int err;

	if (count > LINUX_IOV_MAX)
		return -EINVAL;
	iov->segments = iov->fast;
	iov->count = (uint32_t)count;
	if (count > LINUX_FAST_IOV) {
		iov->segments = kmalloc(count * sizeof(struct io_segment), HEAP_NOZERO);
		if (!iov->segments)
			return -ENOMEM;
	}
	err = copy_from_user(iov->segments, user_ptr(user), count * sizeof(struct io_segment));
	if (!err)
		err = check_segments(iov);
	if (err)
		linux_iov_end(iov);
	return err;
}

void linux_iov_end(struct linux_iov *iov)
{
	if (iov->segments != iov->fast)
		kfree(iov->segments);
}
