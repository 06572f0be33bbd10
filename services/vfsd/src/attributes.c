/* services/vfsd/src/attributes.c: attributes, paths, and lookups given back. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include "handlers.h"
#include "mount.h"
#include "record.h"

int handle_getattr(struct request *rq)
{
	struct node *node = request_node(rq, 0);

	return node ? record_node(rq, node) : -ENOENT;
}

int handle_setattr(struct request *rq)
{
	struct node *node = request_node(rq, 0);
	struct vfs_attr attr;
	int err;

	if (!node)
		return -ENOENT;
	if (rq->data_len < sizeof(attr))
		return -EINVAL;
	memcpy(&attr, rq->data, sizeof(attr));
	if (node_mount(node)->flags & VFS_MOUNT_READONLY)
		return -EROFS;
	if (!node_ops(node)->setattr)
		return -EPERM;
	change_node(rq, node);
	err = node_ops(node)->setattr(rq, node, (uint32_t)rq->args[1], &attr);
	return err ? err : record_node(rq, node);
}

/* ST_VALID tells statvfs() that f_flags means something (Linux include/linux/statfs.h). */
#define ST_VALID 0x20

static uint64_t statfs_flags(const struct mount *mount)
{
	uint64_t flags = ST_VALID;

	_Static_assert(VFS_MOUNT_READONLY == 1 && VFS_MOUNT_NOSUID == 2 && VFS_MOUNT_NODEV == 4 &&
		       VFS_MOUNT_NOEXEC == 8, "mount flags are those of statvfs(3)");
	flags |= mount->flags & 15;
	return flags;
}

int handle_statfs(struct request *rq)
{
	struct node *node = request_node(rq, 0);
	struct statfs out = { .f_namelen = VFS_NAME_MAX, .f_bsize = 4096, .f_frsize = 4096 };
	int err = 0;

	if (!node)
		return -ENOENT;
	out.f_type = node_mount(node)->magic;
	out.f_fsid.__val[0] = (int)node_mount(node)->dev;
	if (node_ops(node)->statfs)
		err = node_ops(node)->statfs(rq, node, &out);
	if (err)
		return err;
	out.f_flags = statfs_flags(node_mount(node));
	memcpy(rq->reply, &out, sizeof(out));
	rq->reply_len = sizeof(out);
	return 0;
}

int handle_reserve(struct request *rq)
{
	struct node *node = request_node(rq, 0);

	if (!node)
		return -ENOENT;
	if (!node_ops(node)->reserve)
		return -EINVAL;
	return node_ops(node)->reserve(node, rq->args[1], rq->args[2], rq->args[3], &rq->words[1], &rq->words[2]);
}

int handle_allocate(struct request *rq)
{
	struct node *node = request_node(rq, 0);
	int err;

	if (!node)
		return -ENOENT;
	if (node_mount(node)->flags & VFS_MOUNT_READONLY)
		return -EROFS;
	if (!node_ops(node)->allocate)
		return -EOPNOTSUPP;
	change_node(rq, node);
	err = node_ops(node)->allocate(node, (int)rq->args[1], rq->args[2], rq->args[3]);
	return err ? err : record_node(rq, node);
}

/* A filesystem that knows of no holes has data up to the end. */
int handle_seek(struct request *rq)
{
	struct node *node = request_node(rq, 0);
	struct vfs_attr attr;
	int err;

	if (!node)
		return -ENOENT;
	if (node_ops(node)->seek)
		return node_ops(node)->seek(node, rq->args[1], rq->args[2], &rq->words[1]);
	err = record_attr(rq, node, &attr);
	rq->words[1] = rq->args[2] ? attr.size : rq->args[1];
	return err ? err : rq->args[1] >= attr.size ? -ENXIO : 0;
}

int handle_path(struct request *rq)
{
	struct node *node = request_node(rq, 0);
	int len = node ? ns_path(node, request_node(rq, 1), rq->reply, VFS_PATH_MAX) : -ENOENT;

	if (len < 0)
		return len;
	rq->reply_len = (size_t)len;
	return 0;
}

int handle_release(struct request *rq)
{
	struct node *node = request_node(rq, 0);

	/* A node that is gone was released by the successor's count (recovery.c). */
	if (node) {
		node_uncount(node, rq->args[1]);
		rq->is_counted = true;
	}
	return 0;
}
