/* kernel/compat/src/linux/fcntl_calls.c: descriptors and the flags of open files. */
#include <asm/ioctls.h>
#include <asm/resource.h>
#include <linux/fs.h>
#include <linux/stat.h>

#include "files.h"
#include "locks.h"

#define SETTABLE_FLAGS (O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME | FASYNC)

static int64_t duplicate(struct file *f, uint64_t min, uint32_t flags)
{
	uint64_t limit = MIN(ps_limit(RLIMIT_NOFILE), 1ull << 20);

	if (min >= limit)
		return -EINVAL;
	return handle_install(ps_current()->handles, &f->object, RIGHT_ALL, flags, (int)min, (int)limit);
}

int64_t linux_sys_dup(const uint64_t a[6])
{
	struct file *f;
	int err = linux_file_or_path((int)a[0], &f);

	return err ? err : linux_install(f, 0);
}

static int64_t duplicate_at(int old, int new, uint32_t flags)
{
	struct process *p = ps_current();
	struct file *f;
	int64_t fd;

	if ((uint32_t)new >= ps_limit(RLIMIT_NOFILE))
		return -EBADF;
	fd = linux_file_or_path(old, &f);
	if (fd)
		return fd;
	fd = handle_install_at(p->handles, &f->object, RIGHT_ALL, flags, new, p);
	file_put(f);
	return fd;
}

int64_t linux_sys_dup2(const uint64_t a[6])
{
	if (a[0] == a[1]) {
		int err = handle_get_flags(ps_current()->handles, (int)a[0], NULL, NULL);

		return err ? err : (int)a[0];
	}
	return duplicate_at((int)a[0], (int)a[1], 0);
}

int64_t linux_sys_dup3(const uint64_t a[6])
{
	if ((a[2] & ~(uint64_t)O_CLOEXEC) || (int)a[0] == (int)a[1])
		return -EINVAL;
	return duplicate_at((int)a[0], (int)a[1], a[2] & O_CLOEXEC ? HANDLE_CLOEXEC : 0);
}

static int set_cloexec(int fd, bool on)
{
	struct handle_table *t = ps_current()->handles;
	uint32_t flags;
	int err = handle_get_flags(t, fd, &flags, NULL);

	if (err)
		return err;
	return handle_set_flags(t, fd, on ? flags | HANDLE_CLOEXEC : flags & ~HANDLE_CLOEXEC);
}

static void change_flags(struct file *f, uint32_t mask, uint32_t value)
{
	uint32_t old = atomic_load(&f->flags);

	while (!__atomic_compare_exchange_n(&f->flags, &old, (old & ~mask) | (value & mask), false, __ATOMIC_ACQ_REL,
					    __ATOMIC_RELAXED))
		;
}

static int64_t set_status_flags(struct file *f, uint32_t flags)
{
	if ((flags & O_NOATIME) && !(f->flags & O_NOATIME) && f->inode && ps_credentials()->fsuid != f->inode->attr.uid &&
	    !ps_capable(3 /* CAP_FOWNER */))
		return -EPERM;
	change_flags(f, SETTABLE_FLAGS, flags);
	return 0;
}

static int64_t get_cloexec(int fd)
{
	uint32_t flags;
	int err = handle_get_flags(ps_current()->handles, fd, &flags, NULL);

	if (err)
		return err;
	return flags & HANDLE_CLOEXEC ? FD_CLOEXEC : 0;
}

static int64_t set_pipe_size(struct file *f, uint64_t bytes)
{
	int err = bytes > 0x7fffffff ? -EINVAL : pipe_set_size(f, (uint32_t)bytes);

	return err < 0 ? err : pipe_get_size(f);
}

static int64_t control(struct file *f, int fd, uint32_t cmd, uint64_t arg)
{
	switch (cmd) {
	case F_DUPFD:
		return duplicate(f, (uint32_t)arg, 0);
	case F_DUPFD_CLOEXEC:
		return duplicate(f, (uint32_t)arg, HANDLE_CLOEXEC);
	case F_GETFD:
		return get_cloexec(fd);
	case F_SETFD:
		return set_cloexec(fd, arg & FD_CLOEXEC);
	case F_GETFL:
		return (int64_t)atomic_load(&f->flags);
	default:
		break;
	}
	if (f->flags & O_PATH)
		return -EBADF;
	switch (cmd) {
	case F_SETFL:
		return set_status_flags(f, (uint32_t)arg);
	case F_GETLK:
	case F_SETLK:
	case F_SETLKW:
	case F_OFD_GETLK:
	case F_OFD_SETLK:
	case F_OFD_SETLKW:
		return linux_fcntl_lock(f, cmd, arg);
	case F_GETOWN:
		return (int32_t)f->owner_pid;
	case F_SETOWN:
		f->owner_pid = (uint32_t)arg;
		return 0;
	case F_GETSIG:
		return f->owner_signal;
	case F_SETSIG:
		if (arg > PS_NSIG)
			return -EINVAL;
		f->owner_signal = (int32_t)arg;
		return 0;
	case F_ADD_SEALS:
		return file_add_seals(f, (uint32_t)arg);
	case F_GET_SEALS:
		return file_get_seals(f);
	case F_GETLEASE:
		return F_UNLCK;
	case F_GETPIPE_SZ:
		return pipe_get_size(f);
	case F_SETPIPE_SZ:
		return set_pipe_size(f, arg);
	default:
		return -EINVAL;
	}
}

int64_t linux_sys_fcntl(const uint64_t a[6])
{
	struct file *f;
	int64_t ret = linux_file_or_path((int)a[0], &f);

	if (ret)
		return ret;
	ret = control(f, (int)a[0], (uint32_t)a[1], a[2]);
	file_put(f);
	return ret;
}

static int64_t set_by_int(struct file *f, uint32_t flag, uint64_t user)
{
	int on;

	if (get_user(on, (const int __user *)user_ptr(user)))
		return -EFAULT;
	change_flags(f, flag, on ? flag : 0);
	return 0;
}

static int64_t file_ioctl(struct file *f, int fd, uint32_t cmd, uint64_t arg)
{
	switch (cmd) {
	case FIOCLEX:
		return set_cloexec(fd, true);
	case FIONCLEX:
		return set_cloexec(fd, false);
	case FIONBIO:
		return set_by_int(f, O_NONBLOCK, arg);
	case FIOASYNC:
		return set_by_int(f, FASYNC, arg);
	case FICLONE:
	case FICLONERANGE:
		return f->inode && inode_is_regular(f->inode) ? -EOPNOTSUPP : -EINVAL;
	default:
		return f->ops->ioctl ? f->ops->ioctl(f, cmd, arg) : -ENOTTY;
	}
}

int64_t linux_sys_ioctl(const uint64_t a[6])
{
	struct file *f;
	int64_t ret = linux_file((int)a[0], &f);

	if (ret)
		return ret;
	ret = file_ioctl(f, (int)a[0], (uint32_t)a[1], a[2]);
	file_put(f);
	return linux_restartable(ret);
}
