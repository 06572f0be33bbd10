/* kernel/compat/src/linux/attr_calls.c: the attributes of files, asked for. */
#include <asm/stat.h>
#include <asm/statfs.h>
#include <linux/stat.h>
#include <mm/heap.h>
#include <string.h>

#include "files.h"

#define ANON_DEV (0u << 20 | 14u)	/* st_dev of what has no filesystem */

static uint32_t mode_of_nameless(const struct file *f)
{
	if (!strcmp(f->ops->name, "pipe"))
		return S_IFIFO | 0600;
	if (!strcmp(f->ops->name, "socket"))
		return S_IFSOCK | 0777;
	return 0600;
}

uint32_t linux_file_kind(const struct file *f)
{
	return (f->inode ? f->inode->attr.mode : mode_of_nameless(f)) & S_IFMT;
}

/* Pipes and sockets belong to whoever asks: nobody else can name them. */
static void nameless_attr(struct file *f, struct vfs_attr *out)
{
	*out = (struct vfs_attr){
		.mode = mode_of_nameless(f), .nlink = 1, .dev = ANON_DEV, .blksize = PAGE_SIZE, .ino = file_ino(f),
		.uid = ps_credentials()->fsuid, .gid = ps_credentials()->fsgid,
	};
}

int linux_file_attr(struct file *f, struct vfs_attr *out)
{
	if (f->inode)
		return inode_getattr(f->inode, out);
	nameless_attr(f, out);
	return 0;
}

static int put_stat(uint64_t user, const struct vfs_attr *a)
{
	struct stat st = {
		.st_dev = linux_encode_dev(a->dev),
		.st_ino = a->ino,
		.st_nlink = a->nlink,
		.st_mode = a->mode,
		.st_uid = a->uid,
		.st_gid = a->gid,
		.st_rdev = linux_encode_dev(a->rdev),
		.st_size = (int64_t)a->size,
		.st_blksize = a->blksize,
		.st_blocks = (int64_t)a->blocks,
		.st_atime = (uint64_t)a->atime.sec,
		.st_atime_nsec = a->atime.nsec,
		.st_mtime = (uint64_t)a->mtime.sec,
		.st_mtime_nsec = a->mtime.nsec,
		.st_ctime = (uint64_t)a->ctime.sec,
		.st_ctime_nsec = a->ctime.nsec,
	};

	return copy_to_user(user_ptr(user), &st, sizeof(st));
}

/* Only devices have a number; a bundle file's `rdev` is its index, a process's that process, a magic link's its kind and
 * its size and blocks are what it leads to. */
static void show_to_program(struct vfs_attr *a)
{
	uint32_t type = a->mode & S_IFMT;

	if (type != S_IFCHR && type != S_IFBLK)
		a->rdev = 0;
	if (a->flags & VFS_NODE_MAGIC_LINK) {
		a->size = 64;
		a->blocks = 0;
	}
	if (!a->blksize)
		a->blksize = PAGE_SIZE;
}

static int attr_of_result(struct walk_result *r, struct vfs_attr *attr)
{
	return r->inode ? inode_getattr(r->inode, attr) : linux_file_attr(r->file, attr);
}

static int attr_of_fd(int fd, struct vfs_attr *attr)
{
	struct file *f;
	int err = linux_file_or_path(fd, &f);

	if (err)
		return err;
	err = linux_file_attr(f, attr);
	file_put(f);
	return err;
}

static int attr_of_path(int dirfd, uint64_t user_path, uint32_t at_flags, struct vfs_attr *attr)
{
	unsigned walk = (at_flags & AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW) | (at_flags & AT_EMPTY_PATH ? WALK_EMPTY_PATH : 0);
	struct walk_result r;
	struct linux_path path;
	struct inode *start;
	int err = linux_path_in(&path, user_path, at_flags & AT_EMPTY_PATH);

	if (err)
		return err;
	if (!path.text[0] && dirfd != LINUX_AT_FDCWD) {
		err = attr_of_fd(dirfd, attr);
	} else {
		err = linux_start(dirfd, path.text, &start);
		if (!err) {
			err = walk_path(start, path.text, walk, &r);
			if (!err)
				err = attr_of_result(&r, attr);
			walk_result_put(&r);
			inode_put(start);
		}
	}
	linux_path_end(&path);
	return err;
}

static int64_t stat_path(int dirfd, uint64_t user_path, uint32_t at_flags, uint64_t user_stat)
{
	struct vfs_attr attr;
	int err = attr_of_path(dirfd, user_path, at_flags, &attr);

	if (err)
		return err;
	show_to_program(&attr);
	return put_stat(user_stat, &attr);
}

int64_t linux_sys_stat(const uint64_t a[6])
{
	return stat_path(LINUX_AT_FDCWD, a[0], 0, a[1]);
}

int64_t linux_sys_lstat(const uint64_t a[6])
{
	return stat_path(LINUX_AT_FDCWD, a[0], AT_SYMLINK_NOFOLLOW, a[1]);
}

int64_t linux_sys_newfstatat(const uint64_t a[6])
{
	if (a[3] & ~(uint64_t)(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE))
		return -EINVAL;
	return stat_path((int)a[0], a[1], (uint32_t)a[3], a[2]);
}

int64_t linux_sys_fstat(const uint64_t a[6])
{
	struct vfs_attr attr;
	int err = attr_of_fd((int)a[0], &attr);

	if (err)
		return err;
	show_to_program(&attr);
	return put_stat(a[1], &attr);
}

static struct statx_timestamp statx_time(const struct vfs_time *t)
{
	return (struct statx_timestamp){ .tv_sec = t->sec, .tv_nsec = t->nsec };
}

int64_t linux_sys_statx(const uint64_t a[6])
{
	uint32_t flags = (uint32_t)a[2], mask = (uint32_t)a[3];
	struct statx sx = { 0 };
	struct vfs_attr attr;
	int err;

	if ((mask & STATX__RESERVED) || (flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE)
		return -EINVAL;
	if (flags & ~(uint32_t)(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE))
		return -EINVAL;
	err = attr_of_path((int)a[0], a[1], flags, &attr);
	if (err)
		return err;
	show_to_program(&attr);
	sx.stx_mask = STATX_BASIC_STATS | (attr.btime.sec ? STATX_BTIME : 0);
	sx.stx_blksize = attr.blksize;
	sx.stx_attributes_mask = STATX_ATTR_MOUNT_ROOT;
	sx.stx_attributes = attr.flags & VFS_NODE_MOUNT_ROOT ? STATX_ATTR_MOUNT_ROOT : 0;
	sx.stx_nlink = attr.nlink;
	sx.stx_uid = attr.uid;
	sx.stx_gid = attr.gid;
	sx.stx_mode = (uint16_t)attr.mode;
	sx.stx_ino = attr.ino;
	sx.stx_size = attr.size;
	sx.stx_blocks = attr.blocks;
	sx.stx_atime = statx_time(&attr.atime);
	sx.stx_mtime = statx_time(&attr.mtime);
	sx.stx_ctime = statx_time(&attr.ctime);
	sx.stx_btime = statx_time(&attr.btime);
	sx.stx_rdev_major = attr.rdev >> 20;
	sx.stx_rdev_minor = attr.rdev & 0xfffff;
	sx.stx_dev_major = attr.dev >> 20;
	sx.stx_dev_minor = attr.dev & 0xfffff;
	return copy_to_user(user_ptr(a[4]), &sx, sizeof(sx));
}

/* ---- access ---- */

static int access_inode(struct inode *i, uint32_t mode, bool use_real)
{
	if ((mode & 1) && inode_is_regular(i) && (i->attr.flags & VFS_NODE_NOEXEC))
		return -EACCES;
	/* Existence needs no permission on the thing itself. */
	return mode ? inode_permission(i, mode, use_real) : 0;
}

static int64_t do_access(int dirfd, uint64_t user_path, uint32_t mode, uint32_t flags)
{
	unsigned walk = (flags & AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW) | (flags & AT_EMPTY_PATH ? WALK_EMPTY_PATH : 0);
	struct walk_result r;
	struct linux_at at;
	int err;

	if ((mode & ~7u) || (flags & ~(uint32_t)(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)))
		return -EINVAL;
	err = linux_at_begin(&at, dirfd, user_path, flags & AT_EMPTY_PATH);
	if (err)
		return err;
	err = walk_path(at.start, at.path.text, walk, &r);
	if (!err && r.inode)
		err = access_inode(r.inode, mode, !(flags & AT_EACCESS));
	walk_result_put(&r);
	linux_at_end(&at);
	return err;
}

int64_t linux_sys_access(const uint64_t a[6])
{
	return do_access(LINUX_AT_FDCWD, a[0], (uint32_t)a[1], 0);
}

int64_t linux_sys_faccessat(const uint64_t a[6])
{
	return do_access((int)a[0], a[1], (uint32_t)a[2], 0);
}

int64_t linux_sys_faccessat2(const uint64_t a[6])
{
	return do_access((int)a[0], a[1], (uint32_t)a[2], (uint32_t)a[3]);
}

/* ---- readlink ---- */

static int64_t give_link(struct inode *i, uint64_t user_buf, uint64_t size)
{
	char *text;
	int64_t len;

	if (!inode_is_symlink(i))
		return -EINVAL;
	text = kmalloc(VFS_PATH_MAX, HEAP_NOZERO);
	if (!text)
		return -ENOMEM;
	len = inode_readlink(i, text, VFS_PATH_MAX);
	if (len > 0) {
		len = MIN(len, (int64_t)size);
		if (copy_to_user(user_ptr(user_buf), text, (size_t)len))
			len = -EFAULT;
	}
	kfree(text);
	return len;
}

static int64_t read_link(int dirfd, uint64_t user_path, uint64_t user_buf, int32_t size)
{
	struct walk_result r;
	struct linux_at at;
	int64_t len;

	if (size <= 0)
		return -EINVAL;
	len = linux_at_begin(&at, dirfd, user_path, true);
	if (len)
		return len;
	/* "" is the link itself, opened with O_PATH and O_NOFOLLOW. */
	if (!at.path.text[0] && !at.start)
		len = -ENOENT;
	else
		len = walk_path(at.start, at.path.text, WALK_EMPTY_PATH, &r);
	if (!len) {
		len = r.inode ? give_link(r.inode, user_buf, (uint64_t)size) : -EINVAL;
		if (len == -EINVAL && !at.path.text[0])
			len = -ENOENT;
		walk_result_put(&r);
	} else if (at.path.text[0] || at.start) {
		walk_result_put(&r);
	}
	linux_at_end(&at);
	return len;
}

int64_t linux_sys_readlink(const uint64_t a[6])
{
	return read_link(LINUX_AT_FDCWD, a[0], a[1], (int32_t)a[2]);
}

int64_t linux_sys_readlinkat(const uint64_t a[6])
{
	return read_link((int)a[0], a[1], a[2], (int32_t)a[3]);
}

/* ---- whole filesystems ---- */

static int64_t give_statfs(struct inode *i, uint64_t user)
{
	struct statfs s;
	int err = vfs_statfs(i, &s, sizeof(s));

	return err ? err : copy_to_user(user_ptr(user), &s, sizeof(s));
}

int64_t linux_sys_statfs(const uint64_t a[6])
{
	struct walk_result r;
	struct linux_at at;
	int64_t err = linux_at_begin(&at, LINUX_AT_FDCWD, a[0], false);

	if (err)
		return err;
	err = walk_path(at.start, at.path.text, WALK_FOLLOW, &r);
	if (!err)
		err = r.inode ? give_statfs(r.inode, a[1]) : -ENOSYS;
	walk_result_put(&r);
	linux_at_end(&at);
	return err;
}

/* What Linux says of its filesystem of pipes, whose magic is PIPEFS_MAGIC. */
static int64_t give_nameless_statfs(uint64_t user)
{
	struct statfs s = { .f_type = 0x50495045, .f_bsize = PAGE_SIZE, .f_namelen = VFS_NAME_MAX, .f_frsize = PAGE_SIZE };

	return copy_to_user(user_ptr(user), &s, sizeof(s));
}

int64_t linux_sys_fstatfs(const uint64_t a[6])
{
	struct file *f;
	int64_t err = linux_file_or_path((int)a[0], &f);

	if (err)
		return err;
	err = f->inode ? give_statfs(f->inode, a[1]) : give_nameless_statfs(a[1]);
	file_put(f);
	return err;
}
