/* services/vfsd/src/recovery.c: see recovery.h. */
#include "recovery.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <state/result.h>

#include "deferred.h"
#include "fs.h"
#include "kernel.h"
#include "p9_client.h"

/* Callers are parked for 5 s at most (DECISIONS 13). */
#define KEEP_SECONDS 30

static struct old_reply {
	uint64_t id;
	char *data;
	size_t len;
} *old_replies;
static size_t nold;
static int64_t expiry_sec;

/* Results can only be met one by one by taking them out: take all and put them back. */
static void list_replies(void)
{
	uint64_t count = state_result_count(&arena);
	uint64_t id;
	size_t i;

	old_replies = calloc(count + 1, sizeof(*old_replies));
	if (!old_replies)
		return;
	arena_begin();
	for (nold = 0; nold < count && state_result_first(&arena, &id); nold++) {
		struct old_reply *old = &old_replies[nold];
		const void *data = state_result_get(&arena, id, &old->len);

		old->id = id;
		old->data = malloc(old->len + 1);
		if (!old->data)
			break;
		memcpy(old->data, data, old->len);
		state_result_drop(&arena, id);
	}
	/* The walk changed nothing that should stay. */
	arena_abort();
	for (i = nold; i < count; i++)
		old_replies[i].id = 0;
}

/* Lookups that a kept reply may still bring to the kernel. */
static uint64_t pending_lookups(uint64_t number)
{
	uint64_t count = 0;
	size_t i, at;

	for (i = 0; i < nold; i++) {
		const struct old_reply *old = &old_replies[i];

		for (at = 0; at + sizeof(struct vfs_record) <= old->len; ) {
			struct vfs_record record;

			memcpy(&record, old->data + at, sizeof(record));
			if (record.record_len < sizeof(record))
				break;
			count += record.attr.node == number;
			at += record.record_len;
		}
	}
	return count;
}

static int compare_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* The numbers of the nodes that the kernel holds, sorted. NULL: it did not say. */
static uint64_t *list_held(size_t *count)
{
	struct vfs_attr attr = { .node = 0 };
	uint64_t *list = NULL;
	size_t capacity = 0;
	int err;

	*count = 0;
	while (!(err = kernel_node(VFS_NODE_LIST, attr.node, &attr))) {
		if (*count == capacity) {
			uint64_t *grown;

			capacity = capacity ? capacity * 2 : 1024;
			grown = realloc(list, capacity * sizeof(*list));
			if (!grown)
				goto fail;
			list = grown;
		}
		list[(*count)++] = attr.node;
	}
	/* A kernel that holds nothing at all would not have needed us. */
	if (err != -ENOENT || !*count)
		goto fail;
	qsort(list, *count, sizeof(*list), compare_u64);
	return list;
fail:
	free(list);
	return NULL;
}

static void settle_block(struct node_block *block, const uint64_t *held, size_t nheld)
{
	unsigned int i;

	for (i = 0; i < NODES_AT_ONCE; i++) {
		struct node *node = &block->nodes[i];
		uint64_t keep;

		if (!node->number)
			continue;
		node->fid_epoch = 0;
		if (!node->nlookup || bsearch(&node->number, held, nheld, sizeof(*held), compare_u64))
			continue;
		keep = pending_lookups(node->number);
		if (keep >= node->nlookup)
			continue;
		arena_begin();
		node_uncount(node, node->nlookup - keep);
		arena_commit();
		deferred_run();
	}
}

static void settle_nodes(const uint64_t *held, size_t nheld)
{
	struct node_block *block;
	size_t i;

	for (block = arena_at(state->node_blocks); block; block = arena_at(block->next))
		settle_block(block, held, nheld);
	for (i = 0; i < nheld; i++)
		if (!node_get(held[i]))
			kernel_node(VFS_NODE_FORGET, held[i], NULL);
}

void recovery_run(void)
{
	struct vfs_time now;
	uint64_t *held;
	size_t nheld;

	kernel_now(&now);
	expiry_sec = now.sec + KEEP_SECONDS;
	list_replies();
	held = list_held(&nheld);
	if (held)
		settle_nodes(held, nheld);
	free(held);
}

void recovery_answered(uint64_t request_id)
{
	size_t i;

	for (i = 0; i < nold; i++)
		if (old_replies[i].id == request_id)
			old_replies[i].id = 0;
}

void recovery_expire(const struct vfs_time *now)
{
	size_t i;

	if (!nold || now->sec < expiry_sec)
		return;
	arena_begin();
	for (i = 0; i < nold; i++) {
		if (old_replies[i].id) {
			p9_forget(old_replies[i].id);
			state_result_drop(&arena, old_replies[i].id);
		}
		free(old_replies[i].data);
	}
	arena_commit();
	free(old_replies);
	old_replies = NULL;
	nold = 0;
}
