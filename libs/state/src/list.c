#include <state/list.h>

static void set_next(struct state *st, state_off_t node, state_off_t next)
{
	STATE_SET(st, &STATE_PTR(st, node, struct state_list_node)->next, next);
}

static void set_prev(struct state *st, state_off_t node, state_off_t prev)
{
	STATE_SET(st, &STATE_PTR(st, node, struct state_list_node)->prev, prev);
}

void state_list_init(struct state *st, state_off_t node)
{
	set_next(st, node, node);
	set_prev(st, node, node);
}

void state_list_add_tail(struct state *st, state_off_t node, state_off_t head)
{
	state_off_t last = STATE_PTR(st, head, struct state_list_node)->prev;

	set_next(st, node, head);
	set_prev(st, node, last);
	set_next(st, last, node);
	set_prev(st, head, node);
}

void state_list_del(struct state *st, state_off_t node)
{
	const struct state_list_node *n = STATE_PTR(st, node, struct state_list_node);
	state_off_t next = n->next, prev = n->prev;

	set_next(st, prev, next);
	set_prev(st, next, prev);
	state_list_init(st, node);
}
