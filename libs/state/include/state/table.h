/* state/table.h: hash tables inside an arena, keyed by a number and a name.
 *
 * A directory entry is (directory, name bytes); with an empty name the number
 * alone is the key. The node is part of the owner's structure, and the name
 * lies in that structure too, `name_at` bytes from the node. Growth is linear
 * hashing: an insertion splits at most one bucket, so that no transaction ever has
 * to log the whole table.
 *
 * Changes belong to the transaction under way. Lookups need none.
 */
#ifndef STATE_TABLE_H
#define STATE_TABLE_H

#include <ds/hash.h>
#include <state/state.h>

struct state_table_node {
	/* Set by the owner before insertion, in fresh memory, and fixed until removal: */
	uint64_t key;
	uint32_t name_at;
	uint32_t name_len;
	/* The table's own: */
	uint64_t hash;
	state_off_t next;
};

/* Create an empty table; @seed keys its hash. Returns: 0 if there is no room. */
state_off_t state_table_create(struct state *st, const struct hash_key *seed);

/* Free an empty table. */
void state_table_destroy(struct state *st, state_off_t table);

/* Insert the node at @node. Returns: 0; -EEXIST. It needs no room: when there is none,
 * chains get longer. */
int state_table_insert(struct state *st, state_off_t table, state_off_t node);

/* The node of that key, or 0. */
state_off_t state_table_find(const struct state *st, state_off_t table, uint64_t key,
			     const void *name, size_t name_len);

/* Unlink the node at @node, which is in the table. */
void state_table_remove(struct state *st, state_off_t table, state_off_t node);

uint64_t state_table_count(const struct state *st, state_off_t table);

/* All nodes in no particular order: the one after @node, the first for 0; 0 at the end.
 * The table must not change between the steps. */
state_off_t state_table_next(const struct state *st, state_off_t table, state_off_t node);

static inline const char *state_table_name(const struct state_table_node *node)
{
	return (const char *)node + node->name_at;
}

#endif
