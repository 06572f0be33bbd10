/* kernel/io-manager/src/node_broker.c: what vfsd asks of the kernel's inodes, and its return. */
#include <errno.h>

#include <mm/usercopy.h>
#include <ps/process.h>

#include "vfs_private.h"

static int64_t give_attr(struct inode *i, struct vfs_attr __user *out)
{
	struct vfs_attr attr;

	spin_lock(&i->state_lock);
	attr = i->attr;
	if (inode_is_kernel_data(i))
		attr.blocks = i->object.npages * (PAGE_SIZE / 512);
	spin_unlock(&i->state_lock);
	return copy_to_user(out, &attr, sizeof(attr));
}

static int64_t give_held(struct inode *i, struct vfs_attr __user *out)
{
	struct vfs_attr attr = { .node = i->node, .lease_ns = inode_lookups(i) };

	return copy_to_user(out, &attr, sizeof(attr));
}

static int64_t give_opens(struct inode *i, struct vfs_attr __user *out)
{
	struct vfs_attr attr = { .node = i->node,
		.nlink = atomic_load(&i->opens) + atomic_load(&i->deny_write) + atomic_load(&i->pageouts) };

	return copy_to_user(out, &attr, sizeof(attr));
}

static int64_t set_flags(struct inode *i, const struct vfs_attr __user *in)
{
	struct vfs_attr attr;

	if (copy_from_user(&attr, in, sizeof(attr)))
		return -EFAULT;
	spin_lock(&i->state_lock);
	/* Where the contents live is fixed for a node's life. */
	i->attr.flags = (attr.flags & ~(VFS_NODE_KERNEL_DATA | VFS_NODE_PAGER)) |
			(i->attr.flags & (VFS_NODE_KERNEL_DATA | VFS_NODE_PAGER));
	spin_unlock(&i->state_lock);
	return 0;
}

static int64_t with_inode(struct inode *i, uint32_t op, struct vfs_attr __user *attr)
{
	switch (op) {
	case VFS_NODE_ATTR:
		return give_attr(i, attr);
	case VFS_NODE_LIST:
		return give_held(i, attr);
	case VFS_NODE_FORGET:
		inode_forget(i);
		return 0;
	case VFS_NODE_OPENS:
		return give_opens(i, attr);
	case VFS_NODE_SET_FLAGS:
		return set_flags(i, attr);
	default:
		return -EINVAL;
	}
}

void io_drop_caches(void)
{
	lease_drop_all(LEASE_IMAGE);
	lease_drop_all(LEASE_NAME);
	lease_drop_all(LEASE_FOLD);
	lease_drop_all(LEASE_ATTR);
	lease_drop_all(LEASE_KEY);
	lease_drop_all(LEASE_VALUE);
	inode_drop_idle();
	ps_drop_spares();
	mm_reclaim(~0ull);
}

int64_t io_sys_vfs_node(uint32_t op, uint64_t node, struct vfs_attr __user *attr)
{
	struct inode *i;
	int64_t err;

	if (op == VFS_NODE_DROP_CACHES) {
		io_drop_caches();
		return 0;
	}
	if (op == VFS_NODE_REQUEST)
		return vfs_call_is_pending(node) ? 0 : -ENOENT;
	i = op == VFS_NODE_LIST ? inode_next(node) : inode_find(node);
	if (!i)
		return -ENOENT;
	err = with_inode(i, op, attr);
	inode_put(i);
	return err;
}

/* Nothing is to be undone: ipc-runtime sends the calls that were under way to the successor
 * (page requests too, so no page stays busy), and leases hold because vfsd's state does. */
void io_vfsd_registered(void)
{
	static bool served_before;

	if (served_before)
		log_info(VFS, "vfsd serves again");
	served_before = true;
}
