/* kernel/mm/src/object_internal.h: what mm's own files do with the pages of objects.
 *
 * Everything here that names a page wants obj->lock held, unless it says otherwise.
 * obj->lock is never taken with interrupts off, so that a TLB shootdown may wait
 * while it is held.
 */
#ifndef MM_OBJECT_INTERNAL_H
#define MM_OBJECT_INTERNAL_H

#include <mm/object.h>

#include "frame_internal.h"

struct mm_space;

static inline uint64_t object_npages(const struct mm_object *obj)
{
	return (obj->size_bytes + PAGE_SIZE - 1) >> PAGE_SHIFT;
}

/* The page if it is there and up to date, else NULL; no reference is taken. */
struct frame *object_page(struct mm_object *obj, uint64_t index);
/* The same for pages from @index on, NULL where there is none. Returns: how many were looked at, from 1 to
 * @max; 0: the object ends before. */
unsigned object_pages(struct mm_object *obj, uint64_t index, unsigned max, struct frame **out);
/* Bytes [from, to) of an up-to-date page of a pager changed. */
void object_dirty(struct mm_object *obj, struct frame *f, unsigned from, unsigned to);
/* Its bytes did not reach the pager: they are dirty as before. */
void object_dirty_again(struct mm_object *obj, struct frame *f);
/* Put @f at @index. Returns: 0, the tree has a reference of its own; -EEXIST; -ENOMEM. */
int object_insert(struct mm_object *obj, uint64_t index, struct frame *f, uint64_t flags);
/* Take @f, which is neither busy nor in write-back nor mapped, out of the tree and
 * drop the tree's reference. */
void object_drop(struct mm_object *obj, struct frame *f);
/* Dirty pages: write-back calls it before the page goes out or is lost. */
void object_clean(struct mm_object *obj, struct frame *f);

/* Wait until none of @flags (FRAME_BUSY, FRAME_WRITEBACK) is set. No lock is held.
 * @mask: INTERRUPT_* that end the wait. Returns: 0; -EINTR. */
int object_page_wait(struct frame *f, uint64_t flags, uint32_t mask);
/* Clear @flags and wake who waits for that. */
void object_page_ready(struct frame *f, uint64_t flags);

/* rmap.c: page-table entries of an object's pages in every space. */
void rmap_unmap_range(struct mm_object *obj, uint64_t first, uint64_t last);
/* An area that has private pages of [first, …) and that the truncation has not come to yet; it has now.
 * Returns: false when there is none; else where it starts, and its space with a reference. */
bool rmap_next_private(struct mm_object *obj, uint64_t first, uint32_t truncation, struct mm_space **space,
		       uint64_t *address);
/* Shared mappings lose the right to write, so that the next write is seen. */
void rmap_write_protect(struct mm_object *obj, uint64_t first, uint64_t last);
/* Adds the CPUs to flush to *@cpus. */
void rmap_unmap_page(struct mm_object *obj, struct frame *f, uint64_t *cpus);
/* A page that somebody has locked counts as accessed. */
bool rmap_test_and_clear_accessed(struct mm_object *obj, struct frame *f);

/* reclaim.c. Pages of pagers are on its list; no lock of its class is held. */
void lru_add(struct frame *f);
void lru_remove(struct frame *f);
/* Returns when reclaim looks at none of the object's pages; all have left the list. */
void lru_wait_unpinned(struct mm_object *obj);

/* object_writeback.c: the list of objects with dirty pages. */
void writeback_object_dirty(struct mm_object *obj);
void writeback_object_clean(struct mm_object *obj);
/* Memory is short: write everything now. Any context that may wake. */
void writeback_hurry(void);
void writeback_init(void);
void writeback_thread(void *arg);

#endif
