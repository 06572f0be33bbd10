/* services/vfsd/src/disk_mount.c: see disk_mount.h. */
#include "disk_mount.h"

#include <errno.h>
#include <string.h>

#include "disk_dev.h"
#include "kernel.h"

bool disk_begin(const struct request *rq)
{
	state->disk_doing = rq->id;
	return rq->is_retry && rq->id == state->disk_undone;
}

void disk_recover(void)
{
	state->disk_undone = state->disk_doing;
}

static bool is_on_disk(const struct mount *mount)
{
	return mount->fs == FS_FAT || mount->fs == FS_EXT4;
}

static bool is_mounted(uint32_t device)
{
	for (unsigned int i = 0; i < VFSD_MOUNTS; i++)
		if (is_on_disk(&state->mounts[i]) && state->mounts[i].device == device)
			return true;
	return false;
}

int disk_take(struct request *rq, struct mount *mount, const char *source, struct block_info *out)
{
	int err = disk_find(rq, source, out);

	if (!err)
		err = disk_claim(out);
	/* A predecessor that did not get to the end of this request has it already. */
	if (err == -EBUSY && disk_begin(rq) && !is_mounted(out->id))
		err = 0;
	if (err)
		return err;
	disk_begin(rq);
	mount->device = out->id;
	mount->dev = out->major << 20 | out->minor;
	return 0;
}

void disk_give_back(struct mount *mount)
{
	if (mount->device)
		disk_release(mount->device);
	mount->device = 0;
}

static bool is_open(const struct node *node)
{
	struct vfs_attr attr;

	return !kernel_node(VFS_NODE_OPENS, node->number, &attr) && attr.nlink;
}

bool disk_has_open_files(uint16_t index)
{
	const struct node_block *block;

	for (block = arena_at(state->node_blocks); block; block = arena_at(block->next))
		for (unsigned int i = 0; i < NODES_AT_ONCE; i++)
			if (block->nodes[i].number && block->nodes[i].mount == index && is_open(&block->nodes[i]))
				return true;
	return false;
}

bool disk_is_left(uint16_t index)
{
	const struct mount *mount = &state->mounts[index];

	return is_on_disk(mount) && (mount->flags & MOUNT_DETACHED) && mount->device && !disk_has_open_files(index);
}

bool disk_option_is_among(const char *const *names, size_t n, const char *option, size_t len)
{
	for (size_t i = 0; i < n; i++)
		if (len == strlen(names[i]) && !memcmp(option, names[i], len))
			return true;
	return false;
}
