/* kernel/mm/src/area_tree.c: the areas of a space in order, with the gaps between them.
 *
 * Each area knows the free bytes below it, each subtree its greatest such gap, so
 * that a free range is found without visiting every area.
 */
#include "area.h"

#include <lowlevel/spinlock.h>
#include <nucleus/log.h>

static uint64_t subtree_gap(const struct rb_node *node)
{
	return node ? area_of(node)->max_gap : 0;
}

static bool gap_augment(struct rb_node *node)
{
	struct mm_area *a = area_of(node);
	uint64_t left = subtree_gap(node->left), right = subtree_gap(node->right), before = a->max_gap;

	a->max_gap = MAX(a->gap, MAX(left, right));
	return a->max_gap != before;
}

/* A free range that others may use ends here, below @a. */
static uint64_t gap_top(const struct mm_area *a)
{
	return a->flags & MM_AREA_GROWSDOWN ? a->start - MIN(a->start, AREA_STACK_GUARD) : a->start;
}

static uint64_t gap_below(const struct mm_area *a, const struct mm_area *below)
{
	uint64_t top = gap_top(a), bottom = below ? below->end : 0;

	return top > bottom ? top - bottom : 0;
}

static void gap_update(struct mm_area *a, const struct mm_area *below)
{
	a->gap = gap_below(a, below);
	rb_augment_propagate(&a->node, gap_augment);
}

struct mm_area *area_find(const struct mm_space *s, uint64_t address)
{
	struct mm_area *a = area_of(s->areas.node), *best = NULL;

	while (a) {
		if (a->end > address) {
			best = a;
			if (a->start <= address)
				break;
			a = area_of(a->node.left);
		} else {
			a = area_of(a->node.right);
		}
	}
	return best;
}

struct mm_area *area_find_overlap(const struct mm_space *s, uint64_t start, uint64_t end)
{
	struct mm_area *a = area_find(s, start);

	return a && a->start < end ? a : NULL;
}

static void object_link(struct mm_area *a)
{
	struct mm_object *obj = a->object;

	if (!obj)
		return;
	a->object_node.start = a->object_offset >> PAGE_SHIFT;
	a->object_node.last = a->object_node.start + (area_bytes(a) >> PAGE_SHIFT) - 1;
	spin_lock(&obj->lock);
	interval_tree_insert(&obj->areas, &a->object_node);
	spin_unlock(&obj->lock);
}

static void object_unlink(struct mm_area *a)
{
	struct mm_object *obj = a->object;

	if (!obj)
		return;
	spin_lock(&obj->lock);
	interval_tree_remove(&obj->areas, &a->object_node);
	spin_unlock(&obj->lock);
}

bool mm_object_is_mapped(struct mm_object *obj)
{
	bool is_mapped;

	spin_lock(&obj->lock);
	is_mapped = obj->areas.root.node;
	spin_unlock(&obj->lock);
	return is_mapped;
}

static void totals_add(struct mm_area *a, int64_t bytes)
{
	struct mm_space *s = a->space;

	s->total_bytes += (uint64_t)bytes;
	if (area_is_data(a))
		s->data_bytes += (uint64_t)bytes;
	if (a->flags & MM_AREA_LOCKED)
		s->locked_bytes += (uint64_t)bytes;
	s->peak_bytes = MAX(s->peak_bytes, s->total_bytes);
}

/* Put @a in the tree; the gap above it is not known yet. */
static void link_node(struct mm_space *s, struct mm_area *a, struct rb_node *parent, struct rb_node **link,
		      const struct mm_area *below)
{
	a->space = s;
	a->gap = gap_below(a, below);
	rb_link(&s->areas, &a->node, parent, link, gap_augment);
	object_link(a);
	s->nareas++;
}

static void link_above(struct mm_area *a, struct mm_area *below)
{
	struct rb_node *parent = &below->node, **link = &below->node.right;

	while (*link) {
		parent = *link;
		link = &parent->left;
	}
	link_node(below->space, a, parent, link, below);
}

static void area_link(struct mm_space *s, struct mm_area *a, struct rb_node *parent, struct rb_node **link,
		      const struct mm_area *below)
{
	struct mm_area *above;

	link_node(s, a, parent, link, below);
	above = area_next(a);
	if (above)
		gap_update(above, a);
	totals_add(a, (int64_t)area_bytes(a));
}

void area_insert_above(struct mm_area *a, struct mm_area *below)
{
	struct mm_area *above = area_next(below);

	link_above(a, below);
	if (above)
		gap_update(above, a);
	totals_add(a, (int64_t)area_bytes(a));
}

/* Move the end of an area, with what its object knows of it. */
static void set_end(struct mm_area *a, uint64_t end)
{
	struct mm_object *obj = a->object;

	a->end = end;
	if (!obj)
		return;
	spin_lock(&obj->lock);
	interval_tree_set_last(&a->object_node, a->object_node.start + (area_bytes(a) >> PAGE_SHIFT) - 1);
	spin_unlock(&obj->lock);
}

void area_give_upper(struct mm_area *a, struct mm_area *upper)
{
	/* Together they cover what @a covered: no gap and no total changes. */
	set_end(a, upper->start);
	link_above(upper, a);
}

void area_take_upper(struct mm_area *a, struct mm_area *upper)
{
	object_unlink(upper);
	rb_erase(&a->space->areas, &upper->node, gap_augment);
	a->space->nareas--;
	set_end(a, upper->end);
}

void area_insert(struct mm_space *s, struct mm_area *a)
{
	struct rb_node **link = &s->areas.node, *parent = NULL;
	struct mm_area *below = NULL;

	while (*link) {
		struct mm_area *at = area_of(*link);

		parent = *link;
		if (a->start < at->start) {
			link = &parent->left;
		} else {
			below = at;
			link = &parent->right;
		}
	}
	DEBUG_ASSERT(!below || below->end <= a->start);
	area_link(s, a, parent, link, below);
}

void area_append(struct mm_space *s, struct mm_area *a)
{
	struct rb_node *last = rb_last(&s->areas);

	area_link(s, a, last, last ? &last->right : &s->areas.node, area_of(last));
}

void area_remove(struct mm_area *a)
{
	struct mm_space *s = a->space;
	struct mm_area *above = area_next(a), *below = area_prev(a);

	object_unlink(a);
	rb_erase(&s->areas, &a->node, gap_augment);
	if (above)
		gap_update(above, below);
	totals_add(a, -(int64_t)area_bytes(a));
	s->nareas--;
}

void area_discard(struct mm_area *a)
{
	object_unlink(a);
	area_free(a);
}

void area_resize(struct mm_area *a, uint64_t start, uint64_t end)
{
	struct mm_area *above = area_next(a), *below = area_prev(a);
	int64_t grown = (int64_t)(end - start) - (int64_t)area_bytes(a);
	int64_t moved = (int64_t)(start - a->start);

	object_unlink(a);
	a->start = start;
	a->end = end;
	a->object_offset += (uint64_t)moved;
	a->amap_offset += (uint64_t)(moved / (int64_t)PAGE_SIZE);
	object_link(a);
	gap_update(a, below);
	if (above)
		gap_update(above, a);
	totals_add(a, grown);
}

/* The highest start in [low, high) of a free range in [from, to), or 0. */
static uint64_t fit(uint64_t from, uint64_t to, uint64_t bytes, uint64_t align, uint64_t low, uint64_t high)
{
	uint64_t start;

	from = MAX(from, low);
	to = MIN(to, high);
	if (to < bytes || to - bytes < from)
		return 0;
	start = ALIGN_DOWN(to - bytes, align);
	return start >= from ? start : 0;
}

/* Search the gaps below the areas of a subtree, highest first. Depth: the tree's height. */
static uint64_t search(const struct rb_node *node, uint64_t bytes, uint64_t align, uint64_t low, uint64_t high)
{
	const struct mm_area *a = area_of(node);
	uint64_t start = 0;

	if (!a || a->max_gap < bytes)
		return 0;
	if (a->end < high)
		start = search(node->right, bytes, align, low, high);
	if (!start && a->gap >= bytes)
		start = fit(gap_top(a) - a->gap, gap_top(a), bytes, align, low, high);
	if (!start && a->start > low)
		start = search(node->left, bytes, align, low, high);
	return start;
}

uint64_t area_find_free(const struct mm_space *s, uint64_t bytes, uint64_t align, uint64_t low, uint64_t high)
{
	const struct mm_area *last = area_of(rb_last(&s->areas));
	uint64_t start = fit(last ? last->end : 0, USER_TOP, bytes, align, low, high);

	return start ? start : search(s->areas.node, bytes, align, low, high);
}

/* The lowest start in [low, high) of a free range in [from, to), or 0. */
static uint64_t fit_low(uint64_t from, uint64_t to, uint64_t bytes, uint64_t align, uint64_t low, uint64_t high)
{
	uint64_t start = ALIGN_UP(MAX(from, low), align);

	to = MIN(to, high);
	return to >= bytes && start <= to - bytes ? start : 0;
}

/* As search(), lowest first. */
static uint64_t search_low(const struct rb_node *node, uint64_t bytes, uint64_t align, uint64_t low, uint64_t high)
{
	const struct mm_area *a = area_of(node);
	uint64_t start = 0;

	if (!a || a->max_gap < bytes)
		return 0;
	if (a->start > low)
		start = search_low(node->left, bytes, align, low, high);
	if (!start && a->gap >= bytes)
		start = fit_low(gap_top(a) - a->gap, gap_top(a), bytes, align, low, high);
	if (!start && a->end < high)
		start = search_low(node->right, bytes, align, low, high);
	return start;
}

uint64_t area_find_free_low(const struct mm_space *s, uint64_t bytes, uint64_t align, uint64_t low, uint64_t high)
{
	const struct mm_area *last = area_of(rb_last(&s->areas));
	uint64_t start = search_low(s->areas.node, bytes, align, low, high);

	return start ? start : fit_low(last ? last->end : 0, USER_TOP, bytes, align, low, high);
}
