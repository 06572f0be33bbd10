/* kernel/mm/src/fork.c: a copy of a space.
 *
 * Private pages are not copied: parent and child share each area's amap, and the
 * parent's page tables lose the right to write under one TLB flush. The child
 * gets the parent's entries for private areas; the rest comes by faults.
 */
#include <errno.h>

#include <mm/space.h>
#include <nucleus/atomic.h>

#include "amap.h"
#include "area.h"
#include "frame_internal.h"
#include "pagetable.h"

static void copy_properties(struct mm_space *to, const struct mm_space *from)
{
	to->limits = from->limits;
	to->mmap_base = from->mmap_base;
	to->brk_start = from->brk_start;
	to->brk = from->brk;
	to->stack_top = from->stack_top;
	to->arg_start = from->arg_start;
	to->arg_end = from->arg_end;
	to->env_start = from->env_start;
	to->env_end = from->env_end;
	to->start_code = from->start_code;
	to->end_code = from->end_code;
	to->start_data = from->start_data;
	to->end_data = from->end_data;
	to->exe = from->exe;
	to->membarriers = from->membarriers;
	to->auxv_words = from->auxv_words;
	for (uint32_t i = 0; i < from->auxv_words; i++)
		to->auxv[i] = from->auxv[i];
}

/* Pages under I/O must stay the parent's own, so that what a device writes arrives
 * there; the child gets copies of them and shares the rest. Then the amaps differ. */
static int separate_pinned(struct mm_area *parent, struct mm_area *child)
{
	int err = area_unshare(child);

	if (err)
		return err;
	parent->needs_copy = false;
	for (uint64_t at = child->start; at < child->end; at += PAGE_SIZE) {
		struct frame *f = amap_lookup(child->amap, area_amap_index(child, at)), *copy;

		if (!f || !READ_ONCE(f->pins))
			continue;
		copy = frame_alloc(0, 0);
		if (!copy)
			return -ENOMEM;
		copy->flags = FRAME_ANON | FRAME_UPTODATE;
		atomic_add(&frame_counts.anon, 1);
		mm_copy_page(frame_virt(copy), frame_virt(f));
		frame_put(amap_replace(child->amap, area_amap_index(child, at), copy));
	}
	return 0;
}

/* Pages of objects come cheaper one by one than as a child's faults, but not for a
 * large mapping of which the child may touch little. */
#define MAX_COPIED_BYTES (4ull << 20)

static int share_pages(struct pt_gather *g, struct mm_area *parent, struct mm_area *child)
{
	/* While the amap is shared already, pins are for reading: whoever pins for writing
	 * gets pages of its own first. */
	bool was_shared = parent->needs_copy, found_pinned = false;
	bool with_object_pages = parent->object && area_bytes(parent) <= MAX_COPIED_BYTES;

	parent->needs_copy = child->needs_copy = parent->amap != NULL;
	if (with_object_pages)
		spin_lock(&parent->object->lock);
	spin_lock(&g->space->table_lock);
	spin_lock_nested(&child->space->table_lock);
	/* The child's tables are a cache: what finds no room comes by faults. */
	(void)pt_share(g, child->space, parent->start, parent->end, with_object_pages, &found_pinned);
	spin_unlock(&child->space->table_lock);
	spin_unlock(&g->space->table_lock);
	if (with_object_pages)
		spin_unlock(&parent->object->lock);
	return found_pinned && !was_shared ? separate_pinned(parent, child) : 0;
}

static int fork_area(struct pt_gather *g, struct mm_space *child_space, struct mm_area *parent)
{
	struct mm_area *child = area_clone(parent);

	if (!child)
		return -ENOMEM;
	child->flags &= ~MM_AREA_LOCKED;
	if (child->flags & MM_AREA_WIPEONFORK) {
		amap_put(child->amap);
		child->amap = NULL;
		child->needs_copy = false;
	}
	area_append(child_space, child);
	return child->flags & (MM_AREA_SHARED | MM_AREA_WIPEONFORK) ? 0 : share_pages(g, parent, child);
}

static int fork_areas(struct mm_space *parent, struct mm_space *child)
{
	struct pt_gather g;
	struct mm_area *a;
	int err = 0;

	pt_gather_begin(&g, parent);
	for (a = area_first(parent); a && !err; a = area_next(a)) {
		if (!(a->flags & MM_AREA_DONTFORK))
			err = fork_area(&g, child, a);
	}
	pt_gather_finish(&g);
	return err;
}

int mm_space_fork(struct mm_space *parent, struct mm_space **out)
{
	struct mm_space *child;
	int err = mm_space_create(&child);

	if (err)
		return err;
	rwlock_write(&parent->lock);
	copy_properties(child, parent);
	err = fork_areas(parent, child);
	rwlock_write_unlock(&parent->lock);
	if (err) {
		mm_space_put(child);
		return err;
	}
	*out = child;
	return 0;
}
