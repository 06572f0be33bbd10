/* kernel/mm/src/object_size.c: taking pages away: truncate, punch, invalidate, the end of an object. */
#include <string.h>

#include <mm/object.h>
#include <nucleus/atomic.h>
#include <sched/thread.h>

#include "object_internal.h"
#include "space_internal.h"

#define DROPS_AT_ONCE 256u	/* pages freed before others may have the lock and the CPU */

/* Let others have obj->lock for a moment; until @busy is neither filled nor written back. */
static void breathe(struct mm_object *obj, struct frame *busy)
{
	if (busy)
		frame_get(busy);
	spin_unlock(&obj->lock);
	if (busy) {
		object_page_wait(busy, FRAME_BUSY | FRAME_WRITEBACK, 0);
		frame_put(busy);
	}
	sched_cond_resched();
	spin_lock(&obj->lock);
}

/* Drop the pages of [first, last]. Those that are being filled or written back are
 * waited for: late write-back must not follow a truncation. obj->lock is held, and
 * let go meanwhile. */
static void drop_range(struct mm_object *obj, uint64_t first, uint64_t last)
{
	uint64_t index = first, ndropped = 0;
	struct frame *f;

	rmap_unmap_range(obj, first, last);
	while ((f = radix_next(&obj->pages, &index)) && index <= last) {
		bool is_busy = f->flags & (FRAME_BUSY | FRAME_WRITEBACK);

		if (!is_busy)
			object_drop(obj, f);
		if (!is_busy && ++ndropped % DROPS_AT_ONCE)
			continue;
		breathe(obj, is_busy ? f : NULL);
		/* Meanwhile pages of a hole may have come back, and been mapped. */
		rmap_unmap_range(obj, index, last);
	}
}

/* Bytes past the end in its last page read as zero, now and when the object grows again. */
static void zero_tail(struct mm_object *obj, uint64_t size_bytes)
{
	unsigned in_page = size_bytes & (PAGE_SIZE - 1);
	struct frame *f = in_page ? radix_lookup(&obj->pages, size_bytes >> PAGE_SHIFT) : NULL;

	if (!f)
		return;
	memset((char *)frame_virt(f) + in_page, 0, PAGE_SIZE - in_page);
	if (f->flags & FRAME_DIRTY)
		f->dirty_to = (uint16_t)MIN(f->dirty_to, in_page);
	if ((f->flags & FRAME_DIRTY) && f->dirty_from >= f->dirty_to)
		object_clean(obj, f);
}

/* Private copies of the pages that were cut go too: they do not come back when the object
 * grows again. obj->lock is held, and let go meanwhile. */
static void drop_private_copies(struct mm_object *obj, uint64_t first)
{
	uint32_t truncation = ++obj->truncations;
	struct mm_space *space;
	uint64_t address;

	while (rmap_next_private(obj, first, truncation, &space, &address)) {
		spin_unlock(&obj->lock);
		space_drop_private(space, address, obj, first);
		mm_space_put(space);
		spin_lock(&obj->lock);
	}
}

void mm_object_truncate(struct mm_object *obj, uint64_t size_bytes)
{
	uint64_t old;

	spin_lock(&obj->lock);
	old = obj->size_bytes;
	obj->size_bytes = size_bytes;
	if (size_bytes < old && !(obj->flags & MM_OBJECT_PHYSICAL)) {
		drop_range(obj, object_npages(obj), ~0ull);
		zero_tail(obj, size_bytes);
		drop_private_copies(obj, object_npages(obj));
	} else if (size_bytes > old) {
		/* A mapping may have written past the old end. */
		zero_tail(obj, old);
	}
	spin_unlock(&obj->lock);
}

void mm_object_punch(struct mm_object *obj, uint64_t first, uint64_t last)
{
	spin_lock(&obj->lock);
	drop_range(obj, first, last);
	spin_unlock(&obj->lock);
}

void mm_object_invalidate_clean(struct mm_object *obj)
{
	uint64_t index = 0;
	struct frame *f;

	spin_lock(&obj->lock);
	rmap_unmap_range(obj, 0, ~0ull);
	for (; (f = radix_next(&obj->pages, &index)); index++) {
		if (!(f->flags & (FRAME_BUSY | FRAME_WRITEBACK | FRAME_DIRTY)))
			object_drop(obj, f);
	}
	spin_unlock(&obj->lock);
}

void mm_object_destroy_pages(struct mm_object *obj)
{
	uint64_t index = 0, ndropped = 0;
	struct frame *f;

	spin_lock(&obj->lock);
	while ((f = radix_next(&obj->pages, &index))) {
		object_drop(obj, f);
		if (++ndropped % DROPS_AT_ONCE == 0)
			breathe(obj, NULL);
	}
	spin_unlock(&obj->lock);
	lru_wait_unpinned(obj);
}

void mm_object_pager_reset(struct mm_object *obj)
{
	uint64_t index = 0;
	struct frame *f;

	spin_lock(&obj->lock);
	obj->generation++;
	for (; (f = radix_next(&obj->pages, &index)); index++) {
		if (f->flags & FRAME_WRITEBACK) {
			atomic_sub(&frame_counts.writeback, 1);
			object_dirty_again(obj, f);
			object_page_ready(f, FRAME_WRITEBACK);
		} else if ((f->flags & (FRAME_BUSY | FRAME_OVERWRITE)) == FRAME_BUSY) {
			object_drop(obj, f);
			object_page_ready(f, FRAME_BUSY);
		}
	}
	spin_unlock(&obj->lock);
}
