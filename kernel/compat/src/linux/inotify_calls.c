/* kernel/compat/src/linux/inotify_calls.c: inotify. */
#include <io/notify.h>
#include <linux/inotify.h>

#include "files.h"

#define KNOWN_BITS (IN_ALL_EVENTS | IN_UNMOUNT | IN_Q_OVERFLOW | IN_IGNORED | IN_ONLYDIR | IN_DONT_FOLLOW | \
	IN_EXCL_UNLINK | IN_MASK_CREATE | IN_MASK_ADD | IN_ISDIR | IN_ONESHOT)

static int64_t create(uint32_t flags)
{
	struct file *f;
	int err;

	if (flags & ~(uint32_t)(O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	err = inotify_create_file(flags, &f);
	return err ? err : linux_install(f, flags);
}

int64_t linux_sys_inotify_init(const uint64_t a[6])
{
	return create(0);
}

int64_t linux_sys_inotify_init1(const uint64_t a[6])
{
	return create((uint32_t)a[0]);
}

static int inotify_of(int fd, struct file **out)
{
	int err = linux_file(fd, out);

	if (err || file_is_inotify(*out))
		return err;
	file_put(*out);
	return -EINVAL;
}

static int add(struct file *f, struct inode *i, uint32_t mask)
{
	int err = i ? inode_permission(i, 4, false) : -EINVAL;

	return err ? err : inotify_add(f, i, mask);
}

static int add_path(struct file *f, uint64_t user_path, uint32_t mask)
{
	unsigned walk = (mask & IN_DONT_FOLLOW ? 0 : WALK_FOLLOW) | (mask & IN_ONLYDIR ? WALK_DIRECTORY : 0);
	struct walk_result r;
	struct linux_at at;
	int wd = linux_at_begin(&at, LINUX_AT_FDCWD, user_path, false);

	if (wd)
		return wd;
	wd = walk_path(at.start, at.path.text, walk, &r);
	if (!wd)
		wd = add(f, r.inode, mask);
	walk_result_put(&r);
	linux_at_end(&at);
	return wd;
}

int64_t linux_sys_inotify_add_watch(const uint64_t a[6])
{
	uint32_t mask = (uint32_t)a[2];
	struct file *f;
	int wd;

	if (!(mask & KNOWN_BITS))
		return -EINVAL;
	wd = linux_file((int)a[0], &f);
	if (wd)
		return wd;
	if ((mask & (IN_MASK_ADD | IN_MASK_CREATE)) == (IN_MASK_ADD | IN_MASK_CREATE) || !file_is_inotify(f))
		wd = -EINVAL;
	else
		wd = add_path(f, a[1], mask);
	file_put(f);
	return wd;
}

int64_t linux_sys_inotify_rm_watch(const uint64_t a[6])
{
	struct file *f;
	int err = inotify_of((int)a[0], &f);

	if (err)
		return err;
	err = inotify_remove(f, (int)a[1]);
	file_put(f);
	return err;
}
