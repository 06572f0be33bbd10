/* services/vfsd/src/node.c: see node.h.
 *
 * A number is serial << 27 | reference / 8: it leads to its node without a
 * search, and the serial tells whether that node is still the same one.
 */
#include "node.h"

#include <errno.h>
#include <string.h>

#include "entry.h"
#include "fs.h"
#include "kernel.h"

#define NUMBER_REF_BITS 27

static int add_nodes(void)
{
	ref_t ref = arena_alloc(sizeof(struct node_block));
	struct node_block *block = arena_at(ref);
	ref_t next = state->free_nodes;
	unsigned int i;

	if (!ref)
		return -ENOMEM;
	block->next = state->node_blocks;
	ARENA_SET(state->node_blocks, ref);
	for (i = NODES_AT_ONCE; i-- > 0; ) {
		block->nodes[i].next_free = next;
		next = arena_ref(&block->nodes[i]);
	}
	ARENA_SET(state->free_nodes, next);
	return 0;
}

struct node *node_create(uint16_t mount, uint32_t mode)
{
	struct node *node;

	if (!state->free_nodes && add_nodes())
		return NULL;
	node = node_at(state->free_nodes);
	ARENA_SET(state->free_nodes, node->next_free);
	arena_log(node, sizeof(*node));
	memset(node, 0, sizeof(*node));
	ARENA_SET(state->next_serial, state->next_serial + 1);
	node->number = state->next_serial << NUMBER_REF_BITS | arena_ref(node) / 8;
	node->mount = mount;
	node->mode = mode;
	return node;
}

bool node_is_of_mount(uint16_t mount)
{
	const struct node_block *block;
	unsigned int i;

	for (block = arena_at(state->node_blocks); block; block = arena_at(block->next))
		for (i = 0; i < NODES_AT_ONCE; i++)
			if (block->nodes[i].number && block->nodes[i].mount == mount)
				return true;
	return false;
}

struct node *node_get(uint64_t number)
{
	uint64_t ref = (number & ((1u << NUMBER_REF_BITS) - 1)) * 8;
	struct node *node;

	if (!ref || !arena_has(ref, sizeof(*node)))
		return NULL;
	node = node_at((ref_t)ref);
	return node->number == number ? node : NULL;
}

struct node *node_by_key(uint16_t mount, uint64_t key)
{
	state_off_t off = state_table_find(&arena, state->mounts[mount].keys, key, NULL, 0);

	return off ? node_at((ref_t)off) : NULL;
}

int node_set_key(struct node *node, uint64_t key)
{
	node->by_key.key = key;
	return state_table_insert(&arena, node_mount(node)->keys, arena_ref(&node->by_key));
}

static bool has_key(const struct node *node)
{
	return node_mount(node)->keys && !(node->state & NODE_UNKEYED);
}

void node_clear_key(struct node *node)
{
	if (!has_key(node))
		return;
	state_table_remove(&arena, node_mount(node)->keys, arena_ref(&node->by_key));
	ARENA_SET(node->state, (uint16_t)(node->state | NODE_UNKEYED));
}

static void free_slots(struct node *node)
{
	if (node->slots)
		arena_free(node->slots);
}

static void node_free(struct node *node)
{
	const struct fs_ops *ops = node_ops(node);

	if (ops->forget)
		ops->forget(node);
	while (node->names)
		entry_remove(entry_at(node->names));
	node_clear_key(node);
	xattrs_free(node);
	if (node->target)
		arena_free(node->target);
	free_slots(node);
	arena_log(node, sizeof(*node));
	node->number = 0;
	node->next_free = state->free_nodes;
	ARENA_SET(state->free_nodes, arena_ref(node));
}

void node_settle(struct node *node)
{
	if (node->nlookup || node->npins)
		return;
	if (node_ops(node)->is_linked && node_ops(node)->is_linked(node))
		return;
	node_free(node);
}

void node_pin(struct node *node)
{
	ARENA_SET(node->npins, node->npins + 1);
}

void node_unpin(struct node *node)
{
	ARENA_SET(node->npins, node->npins - 1);
	node_settle(node);
}

void node_count(struct node *node, uint64_t n)
{
	ARENA_SET(node->nlookup, node->nlookup + n);
}

void node_uncount(struct node *node, uint64_t n)
{
	ARENA_SET(node->nlookup, node->nlookup > n ? node->nlookup - n : 0);
	node_settle(node);
}

ref_t text_create(const char *text, size_t len)
{
	ref_t ref = arena_alloc(sizeof(struct text_block) + len + 1);
	struct text_block *block = arena_at(ref);

	if (!ref)
		return 0;
	block->len = (uint32_t)len;
	if (len)
		memcpy(block->text, text, len);
	block->text[len] = '\0';
	return ref;
}

const char *text_of(ref_t block)
{
	struct text_block *text = arena_at(block);

	return text ? text->text : "";
}
