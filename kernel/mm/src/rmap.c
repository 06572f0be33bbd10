/* kernel/mm/src/rmap.c: from a page of an object to the page-table entries that map it.
 *
 * obj->lock is held throughout, which keeps the areas in the interval tree; each
 * space's table_lock is taken in turn.
 */
#include <errno.h>

#include "area.h"
#include "object_internal.h"
#include "pagetable.h"

#define FOR_EACH_AREA(pos, obj, first, last) \
	for (struct interval_node *node_ = interval_tree_first(&(obj)->areas, first, last); \
	     node_ && (pos = container_of_area(node_)); node_ = interval_tree_next(node_, first, last))

static struct mm_area *container_of_area(struct interval_node *node)
{
	return (struct mm_area *)((char *)node - offsetof(struct mm_area, object_node));
}

/* Where pages [first, last] of the object lie in @a. */
static void area_window(const struct mm_area *a, uint64_t first, uint64_t last, uint64_t *start, uint64_t *end)
{
	uint64_t from = MAX(first, a->object_node.start), to = MIN(last, a->object_node.last);

	*start = a->start + ((from - a->object_node.start) << PAGE_SHIFT);
	*end = a->start + ((to - a->object_node.start + 1) << PAGE_SHIFT);
}

void rmap_unmap_range(struct mm_object *obj, uint64_t first, uint64_t last)
{
	struct mm_area *a;

	FOR_EACH_AREA(a, obj, first, last) {
		uint64_t start, end;

		area_window(a, first, last, &start, &end);
		pt_unmap_range(a->space, start, end);
	}
}

bool rmap_next_private(struct mm_object *obj, uint64_t first, uint32_t truncation, struct mm_space **space,
		       uint64_t *address)
{
	struct mm_area *a;

	FOR_EACH_AREA(a, obj, first, ~0ull) {
		bool is_due = (int32_t)(a->truncation - truncation) < 0 && atomic_load(&a->amap);

		a->truncation = is_due ? truncation : a->truncation;
		/* One that is being taken down has nobody left to see its pages. */
		if (!is_due || !refcount_get_unless_zero(&a->space->refs))
			continue;
		*space = a->space;
		*address = a->start;
		return true;
	}
	return false;
}

void rmap_write_protect(struct mm_object *obj, uint64_t first, uint64_t last)
{
	struct mm_area *a;

	FOR_EACH_AREA(a, obj, first, last) {
		struct pt_gather g;
		uint64_t start, end;

		if (!(a->flags & MM_AREA_SHARED))
			continue;
		area_window(a, first, last, &start, &end);
		pt_gather_begin(&g, a->space);
		spin_lock(&a->space->table_lock);
		pt_protect(&g, start, end, a->prot & ~MM_WRITE);
		spin_unlock(&a->space->table_lock);
		pt_gather_finish(&g);
	}
}

/* The entry of @a that maps @f, or NULL. a->space->table_lock is held. */
static pte_t *area_entry(const struct mm_area *a, const struct frame *f)
{
	pte_t *entry = pt_find(a->space, a->start + ((f->index - a->object_node.start) << PAGE_SHIFT));

	return entry && *entry && (*entry & PTE_PHYS) == frame_phys(f) ? entry : NULL;
}

void rmap_unmap_page(struct mm_object *obj, struct frame *f, uint64_t *cpus)
{
	struct mm_area *a;

	if (!READ_ONCE(f->mapcount))
		return;
	FOR_EACH_AREA(a, obj, f->index, f->index) {
		pte_t *entry;

		spin_lock(&a->space->table_lock);
		entry = area_entry(a, f);
		if (entry) {
			pt_clear(a->space, entry);
			*cpus |= atomic_load(&a->space->cpu_mask);
		}
		spin_unlock(&a->space->table_lock);
	}
}

bool rmap_test_and_clear_accessed(struct mm_object *obj, struct frame *f)
{
	bool was_accessed = false;
	struct mm_area *a;

	if (!READ_ONCE(f->mapcount))
		return false;
	FOR_EACH_AREA(a, obj, f->index, f->index) {
		pte_t *entry;

		spin_lock(&a->space->table_lock);
		entry = area_entry(a, f);
		/* No flush: a CPU that keeps the translation merely delays the next report. */
		if (entry && (__atomic_fetch_and(entry, ~PTE_ACCESSED, __ATOMIC_RELAXED) & PTE_ACCESSED))
			was_accessed = true;
		if (entry && (a->flags & MM_AREA_LOCKED))
			was_accessed = true;
		spin_unlock(&a->space->table_lock);
	}
	return was_accessed;
}

int mm_object_seal_writes(struct mm_object *obj)
{
	struct mm_area *a;
	int err = 0;

	spin_lock(&obj->lock);
	FOR_EACH_AREA(a, obj, 0, ~0ull) {
		if (area_may_write_object(a))
			err = -EBUSY;
	}
	if (!err)
		obj->flags |= MM_OBJECT_SEALED_WRITE;
	spin_unlock(&obj->lock);
	return err;
}
