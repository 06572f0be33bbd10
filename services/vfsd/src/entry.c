/* services/vfsd/src/entry.c: see entry.h. */
#include "entry.h"

#include <errno.h>
#include <string.h>

#define FIRST_SLOTS 8u

static uint64_t entry_key(const struct node *dir, enum entry_kind kind)
{
	return (uint64_t)kind << 32 | arena_ref(dir);
}

struct entry *entry_find(const struct node *dir, const char *name, size_t len, enum entry_kind kind)
{
	return entry_at((ref_t)state_table_find(&arena, state->names, entry_key(dir, kind), name, len));
}

static bool has_slot(const struct node *dir, enum entry_kind kind)
{
	return kind == ENTRY_NAME && state->mounts[dir->mount].fs == FS_TREE;
}

static int grow_slots(struct node *dir)
{
	uint32_t cap = dir->slots_cap ? dir->slots_cap * 2 : FIRST_SLOTS;
	ref_t block = arena_alloc(cap * sizeof(ref_t));

	if (!block)
		return -ENOMEM;
	if (dir->slots) {
		memcpy(arena_at(block), arena_at(dir->slots), dir->nslots * sizeof(ref_t));
		arena_free(dir->slots);
	}
	ARENA_SET(dir->slots, block);
	ARENA_SET(dir->slots_cap, cap);
	return 0;
}

static int take_slot(struct node *dir, struct entry *entry)
{
	ref_t *slots;
	uint32_t slot;
	int err;

	if (dir->free_slot) {
		slot = dir->free_slot - 1;
		slots = arena_at(dir->slots);
		ARENA_SET(dir->free_slot, slots[slot] >> 1);
	} else {
		if (dir->nslots == dir->slots_cap) {
			err = grow_slots(dir);
			if (err)
				return err;
		}
		slots = arena_at(dir->slots);
		slot = dir->nslots;
		ARENA_SET(dir->nslots, slot + 1);
	}
	ARENA_SET(slots[slot], arena_ref(entry));
	entry->slot = slot;
	ARENA_SET(dir->nentries, dir->nentries + 1);
	return 0;
}

static void give_slot(struct node *dir, const struct entry *entry)
{
	ref_t *slots = arena_at(dir->slots);

	ARENA_SET(dir->nentries, dir->nentries - 1);
	if (dir->nentries) {
		ARENA_SET(slots[entry->slot], dir->free_slot << 1 | 1);
		ARENA_SET(dir->free_slot, entry->slot + 1);
		return;
	}
	arena_free(dir->slots);
	ARENA_SET(dir->slots, 0);
	ARENA_SET(dir->slots_cap, 0);
	ARENA_SET(dir->nslots, 0);
	ARENA_SET(dir->free_slot, 0);
}

static void append_overlay(struct entry *entry)
{
	ref_t *place = &state->overlays;

	while (*place)
		place = &entry_at(*place)->next_overlay;
	ARENA_SET(*place, arena_ref(entry));
}

static void remove_overlay(struct entry *entry)
{
	ref_t *place = &state->overlays;

	while (*place != arena_ref(entry))
		place = &entry_at(*place)->next_overlay;
	ARENA_SET(*place, entry->next_overlay);
}

static void link_name(struct entry *entry, struct node *node)
{
	struct entry *first = entry_at(node->names);

	ARENA_SET(entry->next, node->names);
	ARENA_SET(entry->previous, 0);
	if (first)
		ARENA_SET(first->previous, arena_ref(entry));
	ARENA_SET(node->names, arena_ref(entry));
}

static void unlink_name(struct entry *entry)
{
	struct node *node = node_at(entry->node);
	struct entry *next = entry_at(entry->next);
	struct entry *previous = entry_at(entry->previous);

	if (next)
		ARENA_SET(next->previous, entry->previous);
	if (previous)
		ARENA_SET(previous->next, entry->next);
	else
		ARENA_SET(node->names, entry->next);
}

struct entry *entry_add(struct node *dir, const char *name, size_t len, struct node *node, enum entry_kind kind)
{
	ref_t ref = arena_alloc(sizeof(struct entry) + len);
	struct entry *entry = arena_at(ref);

	if (!ref)
		return NULL;
	entry->by_name.key = entry_key(dir, kind);
	entry->by_name.name_at = offsetof(struct entry, name);
	entry->by_name.name_len = (uint32_t)len;
	entry->dir = arena_ref(dir);
	entry->node = arena_ref(node);
	entry->kind = (uint16_t)kind;
	entry->name_len = (uint16_t)len;
	memcpy(entry->name, name, len);
	if (has_slot(dir, kind)) {
		if (take_slot(dir, entry))
			return NULL;
	} else {
		node_pin(dir);
	}
	if (state_table_insert(&arena, state->names, ref))
		return NULL;
	if (kind == ENTRY_OVERLAY)
		append_overlay(entry);
	link_name(entry, node);
	return entry;
}

void entry_remove(struct entry *entry)
{
	struct node *dir = node_at(entry->dir);

	state_table_remove(&arena, state->names, arena_ref(entry));
	unlink_name(entry);
	if (entry->kind == ENTRY_OVERLAY)
		remove_overlay(entry);
	if (has_slot(dir, entry->kind))
		give_slot(dir, entry);
	else
		node_unpin(dir);
	arena_free(arena_ref(entry));
}

void entry_set_node(struct entry *entry, struct node *node)
{
	unlink_name(entry);
	ARENA_SET(entry->node, arena_ref(node));
	link_name(entry, node);
}

void entry_prefer(struct entry *entry)
{
	if (!entry->previous)
		return;
	unlink_name(entry);
	link_name(entry, node_at(entry->node));
}

struct entry *entry_after(const struct node *dir, uint64_t cookie, uint64_t *out)
{
	const ref_t *slots = arena_at(dir->slots);

	for (; cookie < dir->nslots; cookie++) {
		if (slots[cookie] & 1)
			continue;
		*out = cookie + 1;
		return entry_at(slots[cookie]);
	}
	return NULL;
}
