/* services/vfsd/src/deferred.c: see deferred.h. */
#include "deferred.h"

#include <stdlib.h>

#include "disk_ext4.h"
#include "disk_fat.h"
#include "kernel.h"
#include "p9_fid.h"
#include "p9_fs.h"

enum deferred_kind { KERNEL_FORGET, CLUNK, REMOVE_ASIDE, FAT_RELEASE, EXT4_EVICT, EXT4_LEAVE };

static struct deferred {
	enum deferred_kind kind;
	uint32_t what;
	uint64_t node;
} *list;
static size_t count, capacity;

static void add(enum deferred_kind kind, uint32_t what, uint64_t node)
{
	if (count == capacity) {
		size_t more = capacity ? capacity * 2 : 64;
		struct deferred *grown = realloc(list, more * sizeof(*list));

		/* Garbage until the next restart is the lesser evil. */
		if (!grown)
			return;
		list = grown;
		capacity = more;
	}
	list[count++] = (struct deferred){ kind, what, node };
}

void defer_kernel_forget(uint64_t node)
{
	add(KERNEL_FORGET, 0, node);
}

void defer_clunk(uint32_t fid)
{
	add(CLUNK, fid, 0);
}

void defer_remove_aside(uint16_t mount, uint64_t node)
{
	add(REMOVE_ASIDE, mount, node);
}

void defer_fat_release(uint16_t mount, uint32_t first)
{
	add(FAT_RELEASE, mount, first);
}

void defer_ext4_evict(uint16_t mount, uint32_t ino)
{
	add(EXT4_EVICT, mount, ino);
}

void defer_ext4_leave(uint16_t mount)
{
	add(EXT4_LEAVE, mount, 0);
}

static void run_one(const struct deferred *item)
{
	switch (item->kind) {
	case KERNEL_FORGET:
		kernel_node(VFS_NODE_FORGET, item->node, NULL);
		break;
	case CLUNK:
		p9_fid_put(item->what);
		break;
	case REMOVE_ASIDE:
		p9_remove_aside((uint16_t)item->what, item->node);
		break;
	case FAT_RELEASE:
		fat_volume_release((uint16_t)item->what, (uint32_t)item->node);
		break;
	case EXT4_EVICT:
		ext4_volume_evict((uint16_t)item->what, (uint32_t)item->node);
		break;
	case EXT4_LEAVE:
		ext4_volume_leave((uint16_t)item->what);
		break;
	}
}

void deferred_run(void)
{
	size_t i;

	for (i = 0; i < count; i++)
		run_one(&list[i]);
	count = 0;
}

/* A fid that was taken from its node is nobody's, whatever became of the transaction. */
void deferred_drop(void)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (list[i].kind == CLUNK)
			run_one(&list[i]);
	count = 0;
}
