/* kernel/compat/src/linux/path_calls.c: making, linking, renaming and removing names. */
#include <linux/capability.h>

#include "files.h"

static int64_t make_node(int dirfd, uint64_t user_path, uint32_t mode, uint64_t dev)
{
	struct linux_at at;
	int err = linux_at_begin(&at, dirfd, user_path, false);

	if (err)
		return err;
	err = vfs_mknod(at.start, at.path.text, mode, linux_decode_dev(dev));
	linux_at_end(&at);
	return err;
}

static int64_t make_directory(int dirfd, uint64_t user_path, uint64_t mode)
{
	return make_node(dirfd, user_path, ((uint32_t)mode & 01777) | S_IFDIR, 0);
}

int64_t linux_sys_mkdir(const uint64_t a[6])
{
	return make_directory(LINUX_AT_FDCWD, a[0], a[1]);
}

int64_t linux_sys_mkdirat(const uint64_t a[6])
{
	return make_directory((int)a[0], a[1], a[2]);
}

/* mknod(2) makes no folders and no links. */
static int64_t make_special(int dirfd, uint64_t user_path, uint32_t mode, uint64_t dev)
{
	if ((mode & S_IFMT) == S_IFDIR)
		return -EPERM;
	if ((mode & S_IFMT) == S_IFLNK)
		return -EINVAL;
	return make_node(dirfd, user_path, mode & (S_IFMT | 07777), dev);
}

int64_t linux_sys_mknod(const uint64_t a[6])
{
	return make_special(LINUX_AT_FDCWD, a[0], (uint32_t)a[1], a[2]);
}

int64_t linux_sys_mknodat(const uint64_t a[6])
{
	return make_special((int)a[0], a[1], (uint32_t)a[2], a[3]);
}

static int64_t remove_name(int dirfd, uint64_t user_path, bool is_rmdir)
{
	struct linux_at at;
	int err = linux_at_begin(&at, dirfd, user_path, false);

	if (err)
		return err;
	err = vfs_unlink(at.start, at.path.text, is_rmdir);
	linux_at_end(&at);
	return err;
}

int64_t linux_sys_unlink(const uint64_t a[6])
{
	return remove_name(LINUX_AT_FDCWD, a[0], false);
}

int64_t linux_sys_rmdir(const uint64_t a[6])
{
	return remove_name(LINUX_AT_FDCWD, a[0], true);
}

int64_t linux_sys_unlinkat(const uint64_t a[6])
{
	if (a[2] & ~(uint64_t)AT_REMOVEDIR)
		return -EINVAL;
	return remove_name((int)a[0], a[1], a[2] & AT_REMOVEDIR);
}

static int64_t make_symlink(uint64_t user_target, int dirfd, uint64_t user_path)
{
	struct linux_path target;
	struct linux_at at;
	int err = linux_path_in(&target, user_target, false);

	if (err)
		return err;
	err = linux_at_begin(&at, dirfd, user_path, false);
	if (!err) {
		err = vfs_symlink(target.text, at.start, at.path.text);
		linux_at_end(&at);
	}
	linux_path_end(&target);
	return err;
}

int64_t linux_sys_symlink(const uint64_t a[6])
{
	return make_symlink(a[0], LINUX_AT_FDCWD, a[1]);
}

int64_t linux_sys_symlinkat(const uint64_t a[6])
{
	return make_symlink(a[0], (int)a[1], a[2]);
}

/* ---- calls with two paths ---- */

struct two_paths { struct linux_at old, new; };

static int two_begin(struct two_paths *p, int old_dirfd, uint64_t old, int new_dirfd, uint64_t new, bool old_may_be_empty)
{
	int err = linux_at_begin(&p->old, old_dirfd, old, old_may_be_empty);

	if (err)
		return err;
	err = linux_at_begin(&p->new, new_dirfd, new, false);
	if (err)
		linux_at_end(&p->old);
	return err;
}

static void two_end(struct two_paths *p)
{
	linux_at_end(&p->new);
	linux_at_end(&p->old);
}

static int64_t make_link(int old_dirfd, uint64_t old, int new_dirfd, uint64_t new, uint32_t flags)
{
	unsigned walk = (flags & AT_SYMLINK_FOLLOW ? WALK_FOLLOW : 0) | (flags & AT_EMPTY_PATH ? WALK_EMPTY_PATH : 0);
	struct two_paths p;
	int err;

	if (flags & ~(uint32_t)(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if ((flags & AT_EMPTY_PATH) && !ps_capable(CAP_DAC_READ_SEARCH))
		return -ENOENT;
	err = two_begin(&p, old_dirfd, old, new_dirfd, new, flags & AT_EMPTY_PATH);
	if (err)
		return err;
	err = vfs_link(p.old.start, p.old.path.text, p.new.start, p.new.path.text, walk);
	two_end(&p);
	return err;
}

int64_t linux_sys_link(const uint64_t a[6])
{
	return make_link(LINUX_AT_FDCWD, a[0], LINUX_AT_FDCWD, a[1], 0);
}

int64_t linux_sys_linkat(const uint64_t a[6])
{
	return make_link((int)a[0], a[1], (int)a[2], a[3], (uint32_t)a[4]);
}

static int64_t rename_path(int old_dirfd, uint64_t old, int new_dirfd, uint64_t new, uint32_t flags)
{
	struct two_paths p;
	int err = two_begin(&p, old_dirfd, old, new_dirfd, new, false);

	if (err)
		return err;
	err = vfs_rename(p.old.start, p.old.path.text, p.new.start, p.new.path.text, flags);
	two_end(&p);
	return err;
}

int64_t linux_sys_rename(const uint64_t a[6])
{
	return rename_path(LINUX_AT_FDCWD, a[0], LINUX_AT_FDCWD, a[1], 0);
}

int64_t linux_sys_renameat(const uint64_t a[6])
{
	return rename_path((int)a[0], a[1], (int)a[2], a[3], 0);
}

int64_t linux_sys_renameat2(const uint64_t a[6])
{
	return rename_path((int)a[0], a[1], (int)a[2], a[3], (uint32_t)a[4]);
}
