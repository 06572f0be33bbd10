/* kernel/compat/src/linux/mount_calls.c: mount and umount2. */
#include <io/notify.h>
#include <linux/capability.h>
#include <linux/mount.h>
#include <mm/heap.h>

#include "files.h"

/* umount2(2) */
#define MNT_FORCE 1u
#define MNT_DETACH 2u
#define MNT_EXPIRE 4u
#define UMOUNT_NOFOLLOW 8u

#define MOUNT_CHANGES (MS_BIND | MS_MOVE | MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE)

static uint32_t flags_of(uint64_t linux_flags)
{
	return (linux_flags & MS_RDONLY ? VFS_MOUNT_READONLY : 0) | (linux_flags & MS_NOSUID ? VFS_MOUNT_NOSUID : 0) |
	       (linux_flags & MS_NODEV ? VFS_MOUNT_NODEV : 0) | (linux_flags & MS_NOEXEC ? VFS_MOUNT_NOEXEC : 0) |
	       (linux_flags & MS_REMOUNT ? VFS_MOUNT_REMOUNT : 0);
}

/* vfsd knows paths from its own root. */
static int path_in_root(struct inode *i, char **out)
{
	int64_t len;

	*out = kmalloc(VFS_PATH_MAX, 0);
	if (!*out)
		return -ENOMEM;
	len = vfs_path_of(i, *out, VFS_PATH_MAX - 1);
	if (len < 0)
		kfree(*out);
	return len < 0 ? (int)len : 0;
}

static int target_in(uint64_t user, unsigned walk_flags, struct inode **inode, char **out)
{
	struct walk_result r;
	struct linux_at at;
	int err = linux_at_begin(&at, LINUX_AT_FDCWD, user, false);

	if (err)
		return err;
	err = walk_path(at.start, at.path.text, walk_flags, &r);
	if (!err)
		err = r.inode ? path_in_root(r.inode, out) : -EINVAL;
	if (!err) {
		*inode = r.inode;
		r.inode = NULL;
	}
	walk_result_put(&r);
	linux_at_end(&at);
	return err;
}

/* A string of the caller's, "" for none. */
static int text_in(struct linux_path *text, uint64_t user)
{
	text->text = text->small;
	text->small[0] = '\0';
	return user ? linux_path_in(text, user, true) : 0;
}

static int do_mount(const uint64_t a[6], char *target)
{
	struct linux_path source, type, options;
	int err = text_in(&type, a[2]);

	if (err)
		return err;
	err = text_in(&source, a[0]);
	if (err)
		goto end_type;
	err = text_in(&options, a[4]);
	if (err)
		goto end_source;
	if (a[3] & MS_REMOUNT)
		vfs_sync_all();
	else if (!a[2])
		err = -EINVAL;
	if (!err)
		err = vfs_mount(type.text, source.text, target, options.text, flags_of(a[3]));
	linux_path_end(&options);
end_source:
	linux_path_end(&source);
end_type:
	linux_path_end(&type);
	return err;
}

int64_t linux_sys_mount(const uint64_t a[6])
{
	struct inode *inode;
	char *target;
	int err;

	if (!ps_capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (a[3] & MOUNT_CHANGES)
		return -EINVAL;
	err = target_in(a[1], WALK_FOLLOW, &inode, &target);
	if (err)
		return err;
	if ((a[3] & (MS_REMOUNT | MS_RDONLY)) == (MS_REMOUNT | MS_RDONLY) && inode_mount_is_written(inode))
		err = -EBUSY;
	if (!err)
		err = do_mount(a, target);
	inode_put(inode);
	kfree(target);
	return err;
}

/* @marked: the mount that stood marked before the path was walked, which counts as use. */
static int may_umount(struct inode *i, uint64_t flags, uint32_t marked)
{
	if (!(i->attr.flags & VFS_NODE_MOUNT_ROOT))
		return -EINVAL;
	if (!(flags & MNT_DETACH) && inode_mount_is_busy(i))
		return -EBUSY;
	if (!(flags & MNT_EXPIRE) || marked == i->attr.dev)
		return 0;
	inode_mount_mark(i->attr.dev);
	return -EAGAIN;
}

int64_t linux_sys_umount2(const uint64_t a[6])
{
	uint32_t dev, marked = inode_mount_marked();
	struct inode *inode;
	char *target;
	int err;

	if (a[1] & ~(uint64_t)(MNT_FORCE | MNT_DETACH | MNT_EXPIRE | UMOUNT_NOFOLLOW))
		return -EINVAL;
	if (!ps_capable(CAP_SYS_ADMIN))
		return -EPERM;
	err = target_in(a[0], a[1] & UMOUNT_NOFOLLOW ? 0 : WALK_FOLLOW, &inode, &target);
	if (err)
		return err;
	err = (a[1] & MNT_EXPIRE) && (a[1] & (MNT_FORCE | MNT_DETACH)) ? -EINVAL : may_umount(inode, a[1], marked);
	dev = inode->attr.dev;
	inode_put(inode);
	if (!err)
		vfs_sync_all();
	if (!err)
		err = vfs_umount(target, (uint32_t)a[1]);
	if (!err)
		notify_unmounted(dev);
	kfree(target);
	return err;
}
