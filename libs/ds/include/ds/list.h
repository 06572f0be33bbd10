/* ds/list.h: intrusive circular doubly-linked lists.
 *
 * A head and its entries are both `struct list_node`; an empty head points at
 * itself. Nothing allocates, every operation is O(1). Locking is the caller's.
 */
#ifndef DS_LIST_H
#define DS_LIST_H

#include <stdbool.h>

#include <ds/container_of.h>

struct list_node {
	struct list_node *next;
	struct list_node *prev;
};

#define LIST_INIT(name) { &(name), &(name) }

static inline void list_init(struct list_node *head)
{
	head->next = head;
	head->prev = head;
}

static inline bool list_is_empty(const struct list_node *head)
{
	return head->next == head;
}

static inline void list_insert_between(struct list_node *node, struct list_node *prev,
				       struct list_node *next)
{
	node->prev = prev;
	node->next = next;
	prev->next = node;
	next->prev = node;
}

/* Add @node right after @head: first in the list, or after any entry. */
static inline void list_add(struct list_node *node, struct list_node *head)
{
	list_insert_between(node, head, head->next);
}

/* Add @node right before @head: last in the list, or before any entry. */
static inline void list_add_tail(struct list_node *node, struct list_node *head)
{
	list_insert_between(node, head->prev, head);
}

/* Unlink @node and leave it initialised, so that deleting it again does nothing
 * and list_is_empty(node) tells that it is on no list. */
static inline void list_del(struct list_node *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	list_init(node);
}

static inline void list_move_tail(struct list_node *node, struct list_node *head)
{
	list_del(node);
	list_add_tail(node, head);
}

/* Append every entry of @from to @to, in order; @from becomes empty. */
static inline void list_splice_tail(struct list_node *from, struct list_node *to)
{
	if (list_is_empty(from))
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	list_init(from);
}

#define list_entry(node, type, member) container_of(node, type, member)

/* First or last entry, NULL when the list is empty. */
#define list_first_entry(head, type, member) \
	(list_is_empty(head) ? NULL : list_entry((head)->next, type, member))
#define list_last_entry(head, type, member) \
	(list_is_empty(head) ? NULL : list_entry((head)->prev, type, member))

#define LIST_FOR_EACH_ENTRY(pos, head, member)					\
	for (pos = list_entry((head)->next, __typeof__(*pos), member);		\
	     &pos->member != (head);						\
	     pos = list_entry(pos->member.next, __typeof__(*pos), member))

/* The body may delete or free @pos, but not @tmp. */
#define LIST_FOR_EACH_ENTRY_SAFE(pos, tmp, head, member)			\
	for (pos = list_entry((head)->next, __typeof__(*pos), member),		\
	     tmp = list_entry(pos->member.next, __typeof__(*pos), member);	\
	     &pos->member != (head);						\
	     pos = tmp, tmp = list_entry(tmp->member.next, __typeof__(*pos), member))

#endif
