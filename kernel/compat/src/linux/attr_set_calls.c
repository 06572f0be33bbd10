/* kernel/compat/src/linux/attr_set_calls.c: the attributes of files, changed: mode, owner, times. */
#include <linux/capability.h>
#include <linux/stat.h>

#include "files.h"

#define NOBODY_ID (~0u)	/* chown's -1: leave it */

typedef int (*change_fn)(struct inode *i, const void *what);

/* Run @change on what @dirfd and @user_path name. */
static int64_t change_path(int dirfd, uint64_t user_path, uint32_t at_flags, change_fn change, const void *what)
{
	unsigned walk = (at_flags & AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW) | (at_flags & AT_EMPTY_PATH ? WALK_EMPTY_PATH : 0);
	struct walk_result r;
	struct linux_at at;
	int err = linux_at_begin(&at, dirfd, user_path, at_flags & AT_EMPTY_PATH);

	if (err)
		return err;
	err = walk_path(at.start, at.path.text, walk, &r);
	if (!err)
		err = r.inode ? change(r.inode, what) : -EINVAL;
	walk_result_put(&r);
	linux_at_end(&at);
	return err;
}

static int64_t change_fd(int fd, change_fn change, const void *what)
{
	struct file *f;
	int err = linux_file(fd, &f);

	if (err)
		return err;
	err = f->inode ? change(f->inode, what) : 0;
	file_put(f);
	return err;
}

static int may_write_attr(struct inode *i)
{
	struct vfs_attr now;
	int err = inode_getattr(i, &now);

	if (err)
		return err;
	return now.flags & VFS_NODE_READONLY ? -EROFS : 0;
}

static bool is_owner(const struct inode *i)
{
	return ps_credentials()->fsuid == i->attr.uid || ps_capable(CAP_FOWNER);
}

/* ---- mode ---- */

static int change_mode(struct inode *i, const void *what)
{
	struct vfs_attr attr = { .node = i->node };
	uint32_t mode = *(const uint32_t *)what & 07777;
	int err = may_write_attr(i);

	if (err)
		return err;
	if (inode_is_symlink(i))
		return -EOPNOTSUPP;
	if (!is_owner(i))
		return -EPERM;
	/* The set-group-id bit is for members of the group only (man 2 chmod). */
	if ((mode & S_ISGID) && !ps_in_group(ps_credentials()->fsgid, i->attr.gid) && !ps_capable(CAP_FSETID))
		mode &= ~S_ISGID;
	attr.mode = (i->attr.mode & S_IFMT) | mode;
	return inode_setattr(i, VFS_SET_MODE, &attr);
}

int64_t linux_sys_chmod(const uint64_t a[6])
{
	uint32_t mode = (uint32_t)a[1];

	return change_path(LINUX_AT_FDCWD, a[0], 0, change_mode, &mode);
}

int64_t linux_sys_fchmodat(const uint64_t a[6])
{
	uint32_t mode = (uint32_t)a[2];

	return change_path((int)a[0], a[1], 0, change_mode, &mode);
}

int64_t linux_sys_fchmod(const uint64_t a[6])
{
	uint32_t mode = (uint32_t)a[1];

	return change_fd((int)a[0], change_mode, &mode);
}

/* ---- owner ---- */

struct owner_change { uint32_t uid, gid; };

static bool may_change_owner(const struct inode *i, const struct owner_change *c)
{
	bool owns = ps_credentials()->fsuid == i->attr.uid;

	if (ps_capable(CAP_CHOWN))
		return true;
	if (c->uid != NOBODY_ID && (!owns || c->uid != i->attr.uid))
		return false;
	return c->gid == NOBODY_ID || (owns && (c->gid == i->attr.gid || ps_in_group(ps_credentials()->fsgid, c->gid)));
}

/* Who gets a file gets no set-id program of the old owner's. */
static uint32_t without_set_id(uint32_t mode)
{
	mode &= ~S_ISUID;
	if (mode & S_IXGRP)
		mode &= ~S_ISGID;
	return mode;
}

static int change_owner(struct inode *i, const void *what)
{
	const struct owner_change *c = what;
	struct vfs_attr attr = { .node = i->node, .uid = c->uid, .gid = c->gid };
	uint32_t mask = VFS_SET_CTIME_NOW;
	int err = may_write_attr(i);

	if (err)
		return err;
	if (!may_change_owner(i, c))
		return -EPERM;
	if (c->uid != NOBODY_ID)
		mask |= VFS_SET_UID;
	if (c->gid != NOBODY_ID)
		mask |= VFS_SET_GID;
	attr.mode = without_set_id(i->attr.mode);
	if (!inode_is_dir(i) && attr.mode != i->attr.mode)
		mask |= VFS_SET_MODE;
	return inode_setattr(i, mask, &attr);
}

static int64_t chown_path(int dirfd, uint64_t path, uint64_t uid, uint64_t gid, uint32_t at_flags)
{
	struct owner_change c = { (uint32_t)uid, (uint32_t)gid };

	return change_path(dirfd, path, at_flags, change_owner, &c);
}

int64_t linux_sys_chown(const uint64_t a[6])
{
	return chown_path(LINUX_AT_FDCWD, a[0], a[1], a[2], 0);
}

int64_t linux_sys_lchown(const uint64_t a[6])
{
	return chown_path(LINUX_AT_FDCWD, a[0], a[1], a[2], AT_SYMLINK_NOFOLLOW);
}

int64_t linux_sys_fchownat(const uint64_t a[6])
{
	if (a[4] & ~(uint64_t)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	return chown_path((int)a[0], a[1], a[2], a[3], (uint32_t)a[4]);
}

int64_t linux_sys_fchown(const uint64_t a[6])
{
	struct owner_change c = { (uint32_t)a[1], (uint32_t)a[2] };

	return change_fd((int)a[0], change_owner, &c);
}

/* ---- times ---- */

#define UTIME_NOW_NSEC 0x3fffffff
#define UTIME_OMIT_NSEC 0x3ffffffe

struct times_change {
	struct { int64_t sec, nsec; } time[2];	/* access, modification; as struct timespec */
	bool now;				/* both: the caller gave none */
};

static bool is_explicit(int64_t nsec)
{
	return nsec != UTIME_NOW_NSEC && nsec != UTIME_OMIT_NSEC;
}

/* Own times only the owner sets; "now" whoever may write. */
static int may_change_times(struct inode *i, const struct times_change *c)
{
	bool both_now = c->now || (c->time[0].nsec == UTIME_NOW_NSEC && c->time[1].nsec == UTIME_NOW_NSEC);

	if (is_owner(i))
		return 0;
	return both_now ? inode_permission(i, 2, false) : -EPERM;
}

static uint32_t mask_of(int64_t nsec, uint32_t set, uint32_t set_now)
{
	if (nsec == UTIME_OMIT_NSEC)
		return 0;
	return nsec == UTIME_NOW_NSEC ? set_now : set;
}

static int change_times(struct inode *i, const void *what)
{
	const struct times_change *c = what;
	struct vfs_attr attr = { .node = i->node };
	uint32_t mask;
	int err = may_write_attr(i);

	if (!err)
		err = may_change_times(i, c);
	if (err)
		return err;
	if (c->now) {
		mask = VFS_SET_ATIME_NOW | VFS_SET_MTIME_NOW;
	} else {
		mask = mask_of(c->time[0].nsec, VFS_SET_ATIME, VFS_SET_ATIME_NOW) |
		       mask_of(c->time[1].nsec, VFS_SET_MTIME, VFS_SET_MTIME_NOW);
		attr.atime.sec = c->time[0].sec;
		attr.atime.nsec = (uint32_t)c->time[0].nsec;
		attr.mtime.sec = c->time[1].sec;
		attr.mtime.nsec = (uint32_t)c->time[1].nsec;
	}
	return inode_setattr(i, mask, &attr);
}

static int timespecs_in(uint64_t user, struct times_change *c)
{
	c->now = !user;
	if (!user)
		return 0;
	if (copy_from_user(c->time, user_ptr(user), sizeof(c->time)))
		return -EFAULT;
	for (int t = 0; t < 2; t++) {
		if (is_explicit(c->time[t].nsec) && (c->time[t].nsec < 0 || c->time[t].nsec > 999999999))
			return -EINVAL;
	}
	return 0;
}

static int timevals_in(uint64_t user, struct times_change *c)
{
	c->now = !user;
	if (!user)
		return 0;
	if (copy_from_user(c->time, user_ptr(user), sizeof(c->time)))
		return -EFAULT;
	for (int t = 0; t < 2; t++) {
		if (c->time[t].nsec < 0 || c->time[t].nsec > 999999)
			return -EINVAL;
		c->time[t].nsec *= 1000;
	}
	return 0;
}

int64_t linux_sys_utimensat(const uint64_t a[6])
{
	struct times_change c;
	int err = timespecs_in(a[2], &c);

	if (err)
		return err;
	/* Linux looks at nothing else then, not even at the path. */
	if (!c.now && c.time[0].nsec == UTIME_OMIT_NSEC && c.time[1].nsec == UTIME_OMIT_NSEC)
		return 0;
	if (!a[1] && (int)a[0] != LINUX_AT_FDCWD) {
		if (a[3])
			return -EINVAL;
		return change_fd((int)a[0], change_times, &c);
	}
	if (a[3] & ~(uint64_t)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	return change_path((int)a[0], a[1], (uint32_t)a[3], change_times, &c);
}

int64_t linux_sys_utimes(const uint64_t a[6])
{
	struct times_change c;
	int err = timevals_in(a[1], &c);

	return err ? err : change_path(LINUX_AT_FDCWD, a[0], 0, change_times, &c);
}

int64_t linux_sys_futimesat(const uint64_t a[6])
{
	struct times_change c;
	int err = timevals_in(a[2], &c);

	if (err)
		return err;
	if (!a[1])
		return change_fd((int)a[0], change_times, &c);
	return change_path((int)a[0], a[1], 0, change_times, &c);
}

int64_t linux_sys_utime(const uint64_t a[6])
{
	struct times_change c = { .now = !a[1] };
	int64_t seconds[2];

	if (a[1]) {
		if (copy_from_user(seconds, user_ptr(a[1]), sizeof(seconds)))
			return -EFAULT;
		c.time[0].sec = seconds[0];
		c.time[1].sec = seconds[1];
	}
	return change_path(LINUX_AT_FDCWD, a[0], 0, change_times, &c);
}
