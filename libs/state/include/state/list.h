/* state/list.h: circular doubly-linked lists inside an arena.
 *
 * As ds/list.h, with offsets: a head and its entries are struct state_list_node,
 * named by where they lie. Every change belongs to the transaction under way.
 */
#ifndef STATE_LIST_H
#define STATE_LIST_H

#include <state/state.h>

struct state_list_node {
	state_off_t next;
	state_off_t prev;
};

/* Make the node at @node an empty list, or an entry on no list. */
void state_list_init(struct state *st, state_off_t node);

/* Add @node, which is on no list, right before @head: last in the list. */
void state_list_add_tail(struct state *st, state_off_t node, state_off_t head);

/* Unlink @node and leave it initialised. */
void state_list_del(struct state *st, state_off_t node);

static inline state_off_t state_list_next(const struct state *st, state_off_t node)
{
	return STATE_PTR(st, node, struct state_list_node)->next;
}

static inline bool state_list_is_empty(const struct state *st, state_off_t head)
{
	return state_list_next(st, head) == head;
}

/* @pos: the offset of each entry's node in turn. The body must not unlink it. */
#define STATE_LIST_FOR_EACH(pos, st, head) \
	for (pos = state_list_next(st, head); pos != (head); pos = state_list_next(st, pos))

#endif
