/* kernel/compat/src/linux/mount_calls.c: mount and umount2. */
#include <io/notify.h>
#include <linux/capability.h>
#include <linux/mount.h>
#include <mm/heap.h>

#include "files.h"

#define MNT_DETACH_FLAG 2	/* MNT_DETACH of umount2(2) */
#define MOUNT_CHANGES (MS_REMOUNT | MS_BIND | MS_MOVE | MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE)

static uint32_t flags_of(uint64_t linux_flags)
{
	return (linux_flags & MS_RDONLY ? VFS_MOUNT_READONLY : 0) | (linux_flags & MS_NOSUID ? VFS_MOUNT_NOSUID : 0) |
	       (linux_flags & MS_NODEV ? VFS_MOUNT_NODEV : 0) | (linux_flags & MS_NOEXEC ? VFS_MOUNT_NOEXEC : 0);
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

static int target_in(uint64_t user, struct inode **inode, char **out)
{
	struct walk_result r;
	struct linux_at at;
	int err = linux_at_begin(&at, LINUX_AT_FDCWD, user, false);

	if (err)
		return err;
	err = walk_path(at.start, at.path.text, WALK_FOLLOW, &r);
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

static int do_mount(uint64_t user_source, char *target, uint64_t user_type, uint64_t flags)
{
	struct linux_path source = { .text = source.small }, type;
	int err;

	if (!user_type)
		return -EINVAL;
	err = linux_path_in(&type, user_type, false);
	if (err)
		return err;
	source.small[0] = '\0';
	if (user_source)
		err = linux_path_in(&source, user_source, true);
	if (!err) {
		err = vfs_mount(type.text, source.text, target, flags_of(flags));
		linux_path_end(&source);
	}
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
	err = target_in(a[1], &inode, &target);
	if (err)
		return err;
	err = do_mount(a[0], target, a[2], a[3]);
	inode_put(inode);
	kfree(target);
	return err;
}

static int may_umount(struct inode *i, uint64_t flags)
{
	if (!(i->attr.flags & VFS_NODE_MOUNT_ROOT))
		return -EINVAL;
	return !(flags & MNT_DETACH_FLAG) && inode_mount_is_busy(i) ? -EBUSY : 0;
}

int64_t linux_sys_umount2(const uint64_t a[6])
{
	struct inode *inode;
	uint32_t dev;
	char *target;
	int err;

	if (a[1] & ~15ull)
		return -EINVAL;
	if (!ps_capable(CAP_SYS_ADMIN))
		return -EPERM;
	err = target_in(a[0], &inode, &target);
	if (err)
		return err;
	err = may_umount(inode, a[1]);
	dev = inode->attr.dev;
	inode_put(inode);
	if (!err)
		err = vfs_umount(target, (uint32_t)a[1]);
	if (!err)
		notify_unmounted(dev);
	kfree(target);
	return err;
}
