/* kernel/compat/src/linux/locks_calls.c: struct flock in and out, and flock(2). */
#include <linux/fs.h>

#include "locks.h"

#define MAX_OFFSET 0x7fffffffffffffffull

/* struct flock of x86_64 */
struct linux_flock {
	int16_t type, whence;
	int64_t start, len;
	int32_t pid;
};

static int base_of(struct file *f, int16_t whence, int64_t *base)
{
	struct vfs_attr attr;
	int err;

	switch (whence) {
	case SEEK_SET:
		*base = 0;
		return 0;
	case SEEK_CUR:
		*base = (int64_t)f->offset;
		return 0;
	case SEEK_END:
		err = inode_getattr(f->inode, &attr);
		*base = (int64_t)attr.size;
		return err;
	default:
		return -EINVAL;
	}
}

/* Start and length, which may be negative, as a range with both ends included. */
static int range_in(struct file *f, const struct linux_flock *l, struct linux_flock_range *r)
{
	int64_t base, start;
	int err = base_of(f, l->whence, &base);

	if (err)
		return err;
	if (__builtin_add_overflow(base, l->start, &start))
		return -EOVERFLOW;
	if (start < 0)
		return -EINVAL;
	r->type = l->type;
	r->start = (uint64_t)start;
	r->end = MAX_OFFSET;
	if (l->len > 0) {
		if (__builtin_add_overflow(start, l->len - 1, (int64_t *)&r->end))
			return -EOVERFLOW;
	} else if (l->len < 0) {
		if (start + l->len < 0)
			return -EINVAL;
		r->end = (uint64_t)(start - 1);
		r->start = (uint64_t)(start + l->len);
	}
	return 0;
}

static void range_out(const struct linux_flock_range *r, struct linux_flock *l)
{
	l->type = r->type;
	if (r->type == F_UNLCK)
		return;
	l->whence = SEEK_SET;
	l->start = (int64_t)r->start;
	l->len = r->end == MAX_OFFSET ? 0 : (int64_t)(r->end - r->start + 1);
	l->pid = (int32_t)r->pid;
}

static int check_lock(const struct file *f, const struct linux_flock *l, bool get, bool ofd)
{
	if (ofd && l->pid)
		return -EINVAL;
	if (!f->inode)
		return -EBADF;
	switch (l->type) {
	case F_RDLCK:
		return get || (f->access & RIGHT_READ) ? 0 : -EBADF;
	case F_WRLCK:
		return get || (f->access & RIGHT_WRITE) ? 0 : -EBADF;
	case F_UNLCK:
		return get && !ofd ? -EINVAL : 0;
	default:
		return -EINVAL;
	}
}

int64_t linux_fcntl_lock(struct file *f, uint32_t cmd, uint64_t user)
{
	bool ofd = cmd >= F_OFD_GETLK, get = cmd == F_GETLK || cmd == F_OFD_GETLK;
	bool wait = cmd == F_SETLKW || cmd == F_OFD_SETLKW;
	struct linux_flock_range range;
	struct linux_flock l;
	int err;

	if (copy_from_user(&l, user_ptr(user), sizeof(l)))
		return -EFAULT;
	err = check_lock(f, &l, get, ofd);
	if (!err)
		err = range_in(f, &l, &range);
	if (err)
		return err;
	range.pid = ofd ? ~0u : ps_current()->pid;
	err = inode_posix_lock(f, &range, wait, get, ofd ? (void *)f : (void *)ps_current());
	if (err || !get)
		return linux_restartable(err);
	range_out(&range, &l);
	return copy_to_user(user_ptr(user), &l, sizeof(l));
}

int64_t linux_sys_flock(const uint64_t a[6])
{
	struct file *f;
	int err = linux_file((int)a[0], &f);

	if (err)
		return err;
	err = f->inode ? inode_flock(f, (int)a[1]) : -EBADF;
	file_put(f);
	return linux_restartable(err);
}
