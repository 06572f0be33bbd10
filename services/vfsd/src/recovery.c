/* services/vfsd/src/recovery.c: see recovery.h. */
#include "recovery.h"

#include <errno.h>
#include <stdlib.h>

#include "deferred.h"
#include "disk_ext4.h"
#include "disk_fat.h"
#include "disk_mount.h"
#include "fs.h"
#include "kernel.h"
#include "replies.h"

/* Callers are parked for 5 s at most (DECISIONS 13). */
#define KEEP_SECONDS 30

static int64_t expiry_sec;

/* Lookups that a kept reply may still bring to the kernel. */
static uint64_t pending_lookups(uint64_t number)
{
	const struct reply_slot *slot = NULL;
	uint64_t count = 0;
	size_t at;

	while ((slot = replies_old(slot))) {
		for (at = 0; at + sizeof(struct vfs_record) <= slot->len; ) {
			const struct vfs_record *record = (const struct vfs_record *)((const char *)arena_at(slot->data) + at);

			if (record->record_len < sizeof(*record))
				break;
			count += record->attr.node == number;
			at += record->record_len;
		}
	}
	return count;
}

struct held_node {
	uint64_t number, lookups;
};

static int compare_held(const void *a, const void *b)
{
	uint64_t x = ((const struct held_node *)a)->number, y = ((const struct held_node *)b)->number;

	return x < y ? -1 : x > y;
}

/* The nodes that the kernel holds, sorted. NULL: it did not say. */
static struct held_node *list_held(size_t *count)
{
	struct vfs_attr attr = { .node = 0 };
	struct held_node *list = NULL;
	size_t capacity = 0;
	int err;

	*count = 0;
	while (!(err = kernel_node(VFS_NODE_LIST, attr.node, &attr))) {
		if (*count == capacity) {
			struct held_node *grown;

			capacity = capacity ? capacity * 2 : 1024;
			grown = realloc(list, capacity * sizeof(*list));
			if (!grown)
				goto fail;
			list = grown;
		}
		list[(*count)++] = (struct held_node){ attr.node, attr.lease_ns };
	}
	/* A kernel that holds nothing at all would not have needed us. */
	if (err != -ENOENT || !*count)
		goto fail;
	qsort(list, *count, sizeof(*list), compare_held);
	return list;
fail:
	free(list);
	return NULL;
}

/* A release that the predecessor took and did not get to leaves us with more than the kernel knows. */
static uint64_t known_lookups(uint64_t number, const struct held_node *held, size_t nheld)
{
	const struct held_node key = { .number = number };
	const struct held_node *found = bsearch(&key, held, nheld, sizeof(*held), compare_held);

	return (found ? found->lookups : 0) + pending_lookups(number);
}

static void settle_block(struct node_block *block, const struct held_node *held, size_t nheld)
{
	unsigned int i;

	for (i = 0; i < NODES_AT_ONCE; i++) {
		struct node *node = &block->nodes[i];
		uint64_t keep;

		if (!node->number)
			continue;
		node->fid_epoch = 0;
		if (!node->nlookup)
			continue;
		keep = known_lookups(node->number, held, nheld);
		if (keep >= node->nlookup)
			continue;
		arena_begin();
		node_uncount(node, node->nlookup - keep);
		arena_commit();
		deferred_run();
	}
}

static void settle_nodes(const struct held_node *held, size_t nheld)
{
	struct node_block *block;
	size_t i;

	for (block = arena_at(state->node_blocks); block; block = arena_at(block->next))
		settle_block(block, held, nheld);
	for (i = 0; i < nheld; i++)
		if (!node_get(held[i].number))
			kernel_node(VFS_NODE_FORGET, held[i].number, NULL);
}

void recovery_run(void)
{
	struct vfs_time now;
	struct held_node *held;
	size_t nheld;

	kernel_now(&now);
	expiry_sec = now.sec + KEEP_SECONDS;
	disk_recover();
	fat_recover();
	replies_drop_taken();
	held = list_held(&nheld);
	if (held)
		settle_nodes(held, nheld);
	free(held);
	ext4_recover();
}

void recovery_expire(const struct vfs_time *now)
{
	if (!expiry_sec || now->sec < expiry_sec)
		return;
	replies_drop_old();
	expiry_sec = 0;
}
