/* kernel/io-manager/src/lock_ranges.c: the arithmetic of byte-range locks. */
#include "lock_ranges.h"

static bool overlaps(const struct lock_range *a, const struct lock_range *b)
{
	return a->start <= b->last && b->start <= a->last;
}

static bool touches(const struct lock_range *a, const struct lock_range *b)
{
	if (overlaps(a, b))
		return true;
	return a->last < b->start ? a->last + 1 == b->start : b->last + 1 == a->start;
}

struct lock_range *range_conflict(struct list_node *set, const struct lock_range *wanted)
{
	struct lock_range *r;

	if (wanted->type == RANGE_UNLOCK)
		return NULL;
	LIST_FOR_EACH_ENTRY(r, set, node) {
		if (r->owner != wanted->owner && overlaps(r, wanted) && (r->type == RANGE_WRITE || wanted->type == RANGE_WRITE))
			return r;
	}
	return NULL;
}

static struct lock_range *take_spare(struct lock_range *spare[2])
{
	struct lock_range *r = spare[0] ? spare[0] : spare[1];

	if (r == spare[0])
		spare[0] = NULL;
	else
		spare[1] = NULL;
	return r;
}

/* What is left of @r when @hole is cut out of it. */
static void cut(struct lock_range *r, const struct lock_range *hole, struct lock_range *spare[2], struct list_node *freed)
{
	bool left = r->start < hole->start, right = r->last > hole->last;

	if (left && right) {
		struct lock_range *tail = take_spare(spare);

		*tail = *r;
		tail->start = hole->last + 1;
		list_add(&tail->node, &r->node);
		r->last = hole->start - 1;
	} else if (left) {
		r->last = hole->start - 1;
	} else if (right) {
		r->start = hole->last + 1;
	} else {
		list_del(&r->node);
		list_add(&r->node, freed);
	}
}

static void insert_sorted(struct list_node *set, struct lock_range *new)
{
	struct lock_range *r;

	LIST_FOR_EACH_ENTRY(r, set, node) {
		if (r->start > new->start) {
			list_add_tail(&new->node, &r->node);
			return;
		}
	}
	list_add_tail(&new->node, set);
}

void range_apply(struct list_node *set, const struct lock_range *wanted, struct lock_range *spare[2], struct list_node *freed)
{
	struct lock_range whole = *wanted, *r, *next, *new;

	LIST_FOR_EACH_ENTRY_SAFE(r, next, set, node) {
		if (r->owner != wanted->owner)
			continue;
		if (r->type == wanted->type && touches(r, &whole)) {
			whole.start = r->start < whole.start ? r->start : whole.start;
			whole.last = r->last > whole.last ? r->last : whole.last;
			list_del(&r->node);
			list_add(&r->node, freed);
		} else if (overlaps(r, wanted)) {
			cut(r, wanted, spare, freed);
		}
	}
	if (wanted->type == RANGE_UNLOCK)
		return;
	new = take_spare(spare);
	*new = whole;
	insert_sorted(set, new);
}

void range_remove_owner(struct list_node *set, const void *owner, struct list_node *freed)
{
	struct lock_range *r, *next;

	LIST_FOR_EACH_ENTRY_SAFE(r, next, set, node) {
		if (r->owner != owner)
			continue;
		list_del(&r->node);
		list_add(&r->node, freed);
	}
}
