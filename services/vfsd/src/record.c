/* services/vfsd/src/record.c: see record.h. */
#include "record.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "fs.h"

static uint32_t mount_flags(const struct node *node)
{
	const struct mount *mount = node_mount(node);
	uint32_t flags = 0;

	if (mount->flags & VFS_MOUNT_READONLY)
		flags |= VFS_NODE_READONLY;
	if (mount->flags & VFS_MOUNT_NOSUID)
		flags |= VFS_NODE_NOSUID;
	if (mount->flags & VFS_MOUNT_NODEV)
		flags |= VFS_NODE_NODEV;
	if (mount->flags & VFS_MOUNT_NOEXEC)
		flags |= VFS_NODE_NOEXEC;
	if (mount->root == arena_ref(node))
		flags |= VFS_NODE_MOUNT_ROOT;
	return flags;
}

/* The machine's own FIFOs and sockets are on the device of the directory they lie in. */
static uint32_t device_of(const struct node *node)
{
	const struct entry *entry = node->mount == state->specials ? entry_of(node) : NULL;

	return entry ? node_mount(node_at(entry->dir))->dev : node_mount(node)->dev;
}

int record_attr(struct request *rq, struct node *node, struct vfs_attr *attr)
{
	int err;

	memset(attr, 0, sizeof(*attr));
	err = node_ops(node)->getattr(rq, node, attr);
	if (err)
		return err;
	attr->node = node->number;
	attr->seq = rq->seq;
	attr->lease_ns = node_ops(node)->attr_lease_ns;
	attr->flags |= mount_flags(node);
	attr->dev = device_of(node);
	return 0;
}

/* Room for a record with a name of @name_len bytes and at most @target_cap of target. */
static struct vfs_record *reserve(struct request *rq, struct node *dir, size_t name_len, size_t target_cap)
{
	struct vfs_record *record = (struct vfs_record *)(rq->reply + rq->reply_len);

	if (rq->reply_len + sizeof(*record) + name_len + target_cap + 8 > VFS_RECORDS_BYTES)
		return NULL;
	memset(record, 0, sizeof(*record));
	record->dir = dir ? dir->number : 0;
	record->seq = rq->seq;
	record->name_len = (uint16_t)name_len;
	return record;
}

static void finish(struct request *rq, struct vfs_record *record)
{
	size_t len = sizeof(*record) + record->name_len + record->target_len;

	memset((char *)record + len, 0, -len & 7);
	record->record_len = (uint32_t)((len + 7) & ~(size_t)7);
	rq->reply_len += record->record_len;
	rq->words[1] = ++rq->nrecords;
	rq->is_counted = true;
}

static char *name_of(struct vfs_record *record)
{
	return (char *)(record + 1);
}

static uint64_t name_lease(const struct node *dir, const struct node *node)
{
	/* A mount's root is of another filesystem than the directory: what lies over
	 * it is ours, and revoked by us. */
	if (dir->mount != node->mount)
		return VFS_LEASE_FOREVER;
	return node_ops(dir)->name_lease_ns;
}

int record_name(struct request *rq, struct node *dir, const char *name, size_t len, struct node *node)
{
	size_t target_cap = S_ISLNK(node->mode) ? VFS_PATH_MAX : 0;
	struct vfs_record *record = reserve(rq, dir, len, target_cap);
	size_t target_len = 0;
	int err;

	if (!record)
		return -E2BIG;
	err = record_attr(rq, node, &record->attr);
	if (err)
		return err;
	record->kind = VFS_REC_POSITIVE;
	record->name_lease_ns = dir ? name_lease(dir, node) : 0;
	memcpy(name_of(record), name, len);
	if (target_cap && !(record->attr.flags & VFS_NODE_MAGIC_LINK)) {
		err = node_ops(node)->readlink(rq, node, name_of(record) + len, &target_len);
		if (err)
			return err;
	}
	record->target_len = (uint32_t)target_len;
	node_count(node, 1);
	finish(rq, record);
	return 0;
}

int record_missing(struct request *rq, struct node *dir, const char *name, size_t len, struct node *victim,
		   const struct vfs_attr *attr)
{
	struct vfs_record *record = reserve(rq, dir, len, 0);

	if (!record)
		return -E2BIG;
	record->kind = VFS_REC_NEGATIVE;
	record->name_lease_ns = node_ops(dir)->missing_lease_ns;
	memcpy(name_of(record), name, len);
	if (victim) {
		record->attr = *attr;
		node_count(victim, 1);
	}
	finish(rq, record);
	return 0;
}

int record_node(struct request *rq, struct node *node)
{
	return record_name(rq, NULL, "", 0, node);
}
