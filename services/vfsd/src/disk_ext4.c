/* services/vfsd/src/disk_ext4.c: mounts, attributes and extended attributes of ext4 volumes; see disk_ext4.h. */
#include "disk_ext4.h"

#include <errno.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include <ext4/inode.h>
#include <ext4/names.h>

#include "deferred.h"
#include "disk_ext4_store.h"
#include "disk_mount.h"

/* ---- mounts ---- */

static const char *const known_options[] = {
	"", "defaults", "rw", "ro", "relatime", "noatime", "nodiratime", "lazytime", "acl", "user_xattr", "barrier", "barrier=1",
	"data=ordered", "errors=continue", "errors=remount-ro", "delalloc", "nodelalloc", "discard", "nodiscard", "auto_da_alloc",
	"noauto_da_alloc",
};

static int read_options(struct mount *mount, const char *at)
{
	static const char *const read_only_after_errors[] = { "errors=remount-ro" };

	while (*at) {
		size_t len = strcspn(at, ",");

		if (!disk_option_is_among(known_options, sizeof(known_options) / sizeof(known_options[0]), at, len))
			return -EINVAL;
		if (disk_option_is_among(read_only_after_errors, 1, at, len))
			mount->flags |= MOUNT_ERRORS_READ_ONLY;
		at += at[len] ? len + 1 : len;
	}
	return 0;
}

int ext4_volume_mount(struct request *rq, uint16_t index, const struct mount_spec *spec, struct node **root)
{
	struct mount *mount = &state->mounts[index];
	struct block_info info;
	int err = read_options(mount, spec->options ? spec->options : "");

	if (!err)
		err = disk_take(rq, mount, spec->source, &info);
	if (err)
		return err;
	mount->store = store_create();
	err = mount->store ? ext4_volume_open(index) : -ENOMEM;
	if (!err)
		err = ext4_adopt(index, EXT4_ROOT_INO, root);
	if (err)
		ext4_volume_unmount(index);
	return err;
}

/* ---- attributes ---- */

/* Device numbers: vfs.h has major << 20 | minor, the library what stat(2) shows. */
static uint32_t rdev_shown(uint32_t rdev)
{
	return (rdev >> 8 & 0xfff) << 20 | (rdev >> 12 & 0xfff00) | (rdev & 0xff);
}

static struct vfs_time time_shown(struct ext4_time time)
{
	return (struct vfs_time){ .sec = time.sec, .nsec = time.nsec };
}

static struct ext4_time time_kept(struct vfs_time time)
{
	return (struct ext4_time){ .sec = time.sec, .nsec = time.nsec };
}

static int ext4_fs_getattr(struct request *rq, struct node *node, struct vfs_attr *attr)
{
	struct ext4 *fs = ext4_of(node);
	struct ext4_attr has;
	int err = fs ? ext4_outcome(node, ext4_getattr(fs, (uint32_t)node->ino, &has)) : -EIO;

	if (err)
		return err;
	attr->flags = VFS_NODE_OPEN_READ_FREE | VFS_NODE_OPEN_WRITE_FREE;
	if (S_ISREG(has.mode))
		attr->flags |= VFS_NODE_PAGER | VFS_NODE_RESERVES;
	attr->mode = has.mode;
	attr->nlink = has.nlink;
	attr->uid = has.uid;
	attr->gid = has.gid;
	attr->rdev = rdev_shown(has.rdev);
	attr->blksize = 4096;
	attr->ino = has.ino;
	attr->size = has.size;
	attr->blocks = has.blocks;
	attr->atime = time_shown(has.atime);
	attr->mtime = time_shown(has.mtime);
	attr->ctime = time_shown(has.ctime);
	attr->btime = time_shown(has.btime);
	return 0;
}

static int ext4_fs_readlink(struct request *rq, struct node *node, char *buf, size_t *len)
{
	struct ext4 *fs = ext4_of(node);

	*len = VFS_PATH_MAX - 1;
	return fs ? ext4_outcome(node, ext4_readlink(fs, (uint32_t)node->ino, buf, len)) : -EIO;
}

/* What setattr changes in the inode besides its size. */
static uint32_t changes_of(const struct request *rq, uint32_t mask, const struct vfs_attr *attr, struct ext4_attr *out)
{
	uint32_t changes = EXT4_ATTR_CTIME;

	*out = (struct ext4_attr){
		.mode = attr->mode, .uid = attr->uid, .gid = attr->gid, .ctime = time_kept(rq->now),
		.atime = time_kept(mask & VFS_SET_ATIME ? attr->atime : rq->now),
		.mtime = time_kept(mask & VFS_SET_MTIME ? attr->mtime : rq->now),
	};
	changes |= mask & VFS_SET_MODE ? EXT4_ATTR_MODE : 0;
	changes |= mask & VFS_SET_UID ? EXT4_ATTR_UID : 0;
	changes |= mask & VFS_SET_GID ? EXT4_ATTR_GID : 0;
	changes |= mask & (VFS_SET_ATIME | VFS_SET_ATIME_NOW) ? EXT4_ATTR_ATIME : 0;
	changes |= mask & (VFS_SET_MTIME | VFS_SET_MTIME_NOW | VFS_SET_SIZE) ? EXT4_ATTR_MTIME : 0;
	return changes;
}

static int ext4_fs_setattr(struct request *rq, struct node *node, uint32_t mask, const struct vfs_attr *attr)
{
	struct ext4 *fs = ext4_of(node);
	struct ext4_attr wanted;
	uint32_t changes;
	int err = fs ? 0 : -EIO;

	if (!err && (mask & VFS_SET_SIZE))
		err = ext4_set_size(node, attr->size);
	if (err)
		return err;
	changes = changes_of(rq, mask, attr, &wanted);
	return ext4_outcome(node, ext4_setattr(fs, (uint32_t)node->ino, changes, &wanted));
}

static int ext4_fs_statfs(struct request *rq, struct node *node, struct statfs *out)
{
	struct ext4 *fs = ext4_of(node);
	struct ext4_statfs has;
	uint32_t id[4];
	int err = fs ? ext4_outcome(node, ext4_statfs(fs, &has)) : -EIO;

	if (err)
		return err;
	out->f_bsize = out->f_frsize = has.block_bytes;
	out->f_blocks = has.blocks;
	out->f_bfree = has.free_blocks;
	out->f_bavail = has.available_blocks;
	out->f_files = has.inodes;
	out->f_ffree = has.free_inodes;
	memcpy(id, has.uuid, sizeof(id));
	out->f_fsid.__val[0] = (int)(id[0] ^ id[2]);
	out->f_fsid.__val[1] = (int)(id[1] ^ id[3]);
	return 0;
}

/* ---- extended attributes ---- */

static int read_xattr(struct request *rq, struct ext4 *fs, uint32_t ino, const struct xattr_args *args)
{
	size_t len = rq->reply_cap;
	int err;

	if (args->op == VFS_XATTR_LIST)
		err = ext4_listxattr(fs, ino, rq->reply, &len);
	else
		err = ext4_getxattr(fs, ino, args->name, args->name_len, rq->reply, &len);
	rq->reply_len = err ? 0 : len;
	return err == -ERANGE ? -E2BIG : err;
}

static int ext4_fs_xattr(struct request *rq, struct node *node, const struct xattr_args *args)
{
	struct ext4 *fs = ext4_of(node);
	uint32_t ino = (uint32_t)node->ino;
	int err;

	if (!fs)
		return -EIO;
	if (args->op == VFS_XATTR_SET)
		err = ext4_setxattr(fs, ino, args->name, args->name_len, args->value, args->value_len, args->flags);
	else if (args->op == VFS_XATTR_REMOVE)
		err = ext4_removexattr(fs, ino, args->name, args->name_len);
	else
		err = read_xattr(rq, fs, ino, args);
	return ext4_outcome(node, err);
}

/* ---- nodes ---- */

static void ext4_fs_forget(struct node *node)
{
	ext4_give_room_back(node);
	if (node->state & NODE_GONE)
		defer_ext4_evict(node->mount, (uint32_t)node->ino);
	if (node_mount(node)->flags & MOUNT_DETACHED)
		defer_ext4_leave(node->mount);
}

const struct fs_ops ext4_ops = {
	.name_lease_ns = VFS_LEASE_FOREVER,
	.missing_lease_ns = VFS_LEASE_FOREVER,
	.attr_lease_ns = VFS_LEASE_FOREVER,
	.lookup = ext4_fs_lookup,
	.getattr = ext4_fs_getattr,
	.readlink = ext4_fs_readlink,
	.create = ext4_fs_create,
	.create_unnamed = ext4_fs_create_unnamed,
	.link = ext4_fs_link,
	.unlink = ext4_fs_unlink,
	.rename = ext4_fs_rename,
	.setattr = ext4_fs_setattr,
	.readdir = ext4_fs_readdir,
	.xattr = ext4_fs_xattr,
	.statfs = ext4_fs_statfs,
	.reserve = ext4_fs_reserve,
	.allocate = ext4_fs_allocate,
	.seek = ext4_fs_seek,
	.sync = ext4_fs_sync,
	.page_in = ext4_fs_page_in,
	.page_out = ext4_fs_page_out,
	.forget = ext4_fs_forget,
};
