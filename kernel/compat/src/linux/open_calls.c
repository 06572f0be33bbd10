/* kernel/compat/src/linux/open_calls.c: open, close and their kin. */
#include <asm/resource.h>
#include <linux/close_range.h>
#include <linux/openat2.h>
#include <string.h>

#include "files.h"

#define VALID_OPEN_FLAGS (O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK | O_SYNC | O_DSYNC | \
	FASYNC | O_DIRECT | O_LARGEFILE | O_DIRECTORY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC | O_PATH | O_TMPFILE)

/* A walk in a scope starts at @dirfd even when the path begins with a slash. */
static int begin(struct linux_at *at, int dirfd, uint64_t user_path, bool is_scoped)
{
	int err;

	if (!is_scoped)
		return linux_at_begin(at, dirfd, user_path, false);
	err = linux_path_in(&at->path, user_path, false);
	if (err)
		return err;
	err = linux_start(dirfd, "", &at->start);
	if (err)
		linux_path_end(&at->path);
	return err;
}

static int64_t open_path(int dirfd, uint64_t user_path, uint32_t flags, uint32_t mode, unsigned walk_flags)
{
	struct linux_at at;
	struct file *f;
	int err = begin(&at, dirfd, user_path, walk_flags & (WALK_BENEATH | WALK_IN_ROOT));

	if (err)
		return err;
	/* The descriptor comes before the name: with none free nothing is created. */
	err = linux_table_is_full() ? -EMFILE :
		vfs_open(at.start, at.path.text, flags & VALID_OPEN_FLAGS, mode & 07777, walk_flags, &f);
	linux_at_end(&at);
	if (err)
		return linux_restartable(err);
	return linux_install(f, flags);
}

int64_t linux_sys_open(const uint64_t a[6])
{
	return open_path(LINUX_AT_FDCWD, a[0], (uint32_t)a[1] | O_LARGEFILE, (uint32_t)a[2], 0);
}

int64_t linux_sys_openat(const uint64_t a[6])
{
	return open_path((int)a[0], a[1], (uint32_t)a[2] | O_LARGEFILE, (uint32_t)a[3], 0);
}

int64_t linux_sys_creat(const uint64_t a[6])
{
	return open_path(LINUX_AT_FDCWD, a[0], O_CREAT | O_WRONLY | O_TRUNC | O_LARGEFILE, (uint32_t)a[1], 0);
}

/* A later, longer struct is fine as long as what we do not know is zero (man 2 openat2). */
static int how_in(uint64_t user, uint64_t size, struct open_how *how)
{
	memset(how, 0, sizeof(*how));
	if (size < sizeof(*how))
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	for (uint64_t at = sizeof(*how); at < size; at++) {
		uint8_t byte;

		if (get_user(byte, (const uint8_t __user *)user_ptr(user + at)))
			return -EFAULT;
		if (byte)
			return -E2BIG;
	}
	return copy_from_user(how, user_ptr(user), sizeof(*how));
}

int64_t linux_sys_openat2(const uint64_t a[6])
{
	unsigned walk_flags;
	struct open_how how;
	int err = how_in(a[2], a[3], &how);

	if (err)
		return err;
	if ((how.flags & ~(uint64_t)VALID_OPEN_FLAGS) || (how.mode & ~07777ull))
		return -EINVAL;
	if ((how.flags & O_PATH) && (how.flags & ~(uint64_t)(O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)))
		return -EINVAL;
	if (how.mode && !(how.flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))))
		return -EINVAL;
	if (how.resolve & ~(uint64_t)(RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV | RESOLVE_BENEATH |
				      RESOLVE_IN_ROOT | RESOLVE_CACHED))
		return -EINVAL;
	if ((how.resolve & RESOLVE_BENEATH) && (how.resolve & RESOLVE_IN_ROOT))
		return -EINVAL;
	/* No walk promises to ask nobody. */
	if (how.resolve & RESOLVE_CACHED)
		return -EAGAIN;
	walk_flags = (how.resolve & RESOLVE_NO_SYMLINKS ? WALK_NO_SYMLINKS | WALK_NO_MAGIC : 0) |
		     (how.resolve & RESOLVE_NO_MAGICLINKS ? WALK_NO_MAGIC : 0) | (how.resolve & RESOLVE_BENEATH ? WALK_BENEATH : 0) |
		     (how.resolve & RESOLVE_IN_ROOT ? WALK_IN_ROOT : 0) | (how.resolve & RESOLVE_NO_XDEV ? WALK_NO_XDEV : 0);
	return open_path((int)a[0], a[1], (uint32_t)how.flags, (uint32_t)how.mode, walk_flags);
}

int64_t linux_sys_close(const uint64_t a[6])
{
	struct process *p = ps_current();
	struct file *f;
	int64_t err;

	if (linux_file_or_path((int)a[0], &f))
		return handle_close(p->handles, (int)a[0], p);
	err = handle_close(p->handles, (int)a[0], p);
	if (!err && unlikely(atomic_load(&f->flush_error)))
		err = atomic_xchg(&f->flush_error, 0);
	file_put(f);
	return err == -EINTR ? 0 : err;
}

static void set_cloexec_range(struct process *p, int first, int last)
{
	for (int fd = handle_next(p->handles, first); fd >= 0 && fd <= last; fd = handle_next(p->handles, fd + 1)) {
		uint32_t flags;

		if (!handle_get_flags(p->handles, fd, &flags, NULL))
			handle_set_flags(p->handles, fd, flags | HANDLE_CLOEXEC);
	}
}

int64_t linux_sys_close_range(const uint64_t a[6])
{
	struct process *p = ps_current();
	uint32_t first = (uint32_t)a[0], last = (uint32_t)a[1], flags = (uint32_t)a[2];
	int end = (int)MIN(last, 0x7ffffffeu);

	if ((flags & ~(uint32_t)(CLOSE_RANGE_CLOEXEC | CLOSE_RANGE_UNSHARE)) || first > last)
		return -EINVAL;
	if ((flags & CLOSE_RANGE_UNSHARE) && handle_table_is_shared(p->handles))
		return -EOPNOTSUPP;
	if (first > 0x7ffffffe)
		return 0;
	if (flags & CLOSE_RANGE_CLOEXEC) {
		set_cloexec_range(p, (int)first, end);
		return 0;
	}
	for (int fd = handle_next(p->handles, (int)first); fd >= 0 && fd <= end; fd = handle_next(p->handles, fd + 1))
		handle_close(p->handles, fd, p);
	return 0;
}
