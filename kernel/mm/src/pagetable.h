/* kernel/mm/src/pagetable.h: the page tables of a space.
 *
 * They only cache what the areas say: an entry may be absent although its page is
 * there, and a fault brings it back. Entries hold no reference to their frame; it
 * lives in the object or amap of an area, which clears the entries before it goes.
 *
 * Locking: space->table_lock (PAGE_TABLE) for everything here; it is inside
 * object->lock.
 */
#ifndef MM_PAGETABLE_H
#define MM_PAGETABLE_H

#include <mm/space.h>

#include "pte.h"

/* Changes of one operation, made known to the TLBs once. */
struct pt_gather {
	struct mm_space *space;
	uint64_t start, end;	/* what changed; empty when start >= end */
	struct list_node *tables;	/* page tables to free after the flush: frame.lru by next */
};

void pt_gather_begin(struct pt_gather *g, struct mm_space *s);
/* Flush, then free the page tables that became empty. table_lock is not held. */
void pt_gather_finish(struct pt_gather *g);
/* As pt_gather_finish(), for a space that no CPU has loaded. */
void pt_gather_finish_unloaded(struct pt_gather *g);

/* Returns: the physical address of a table with only the kernel's half; 0: no memory. */
uint64_t pt_create(void);
/* The table is empty. */
void pt_destroy(uint64_t pml4);

/* The entry for @address, or NULL when there is no table for it. */
pte_t *pt_find(const struct mm_space *s, uint64_t address);
/* As pt_find(), making tables. NULL: no memory; the caller waits for some and retries. */
pte_t *pt_find_or_make(struct mm_space *s, uint64_t address);

/* Entry bits for a page of an area with @prot. */
pte_t pt_flags(uint32_t prot);
/* Set an entry that is absent, or maps the same frame, or another (then the caller flushes:
 * returned as true). */
bool pt_set(struct mm_space *s, pte_t *entry, struct frame *f, pte_t flags);

/* Absent entries of one table, set one after another and accounted at the end. */
struct pt_run { uint32_t nentries, nframes; };

static inline void pt_run_add(struct pt_run *run, pte_t *entry, struct frame *f, pte_t flags)
{
	*entry = frame_phys(f) | flags;
	run->nentries++;
	if (f->flags & FRAME_RESERVED)
		return;
	__atomic_fetch_add(&f->mapcount, 1, __ATOMIC_RELAXED);
	run->nframes++;
}
/* The frames are an object's. @entry: any of the table. */
void pt_run_end(struct pt_run *run, struct mm_space *s, pte_t *entry);
/* The same for frames of an amap. */
void pt_run_end_own(struct pt_run *run, struct mm_space *s, pte_t *entry);

/* Clear one entry that is present; the caller flushes. */
void pt_clear(struct mm_space *s, pte_t *entry);
/* Clear the entries of [start, end). */
void pt_unmap(struct pt_gather *g, uint64_t start, uint64_t end);
/* The same as an operation of its own: with the flush. table_lock is not held. */
void pt_unmap_range(struct mm_space *s, uint64_t start, uint64_t end);
/* Take from the entries of [start, end) what @prot does not allow; adds only the right to execute. */
void pt_protect(struct pt_gather *g, uint64_t start, uint64_t end, uint32_t prot);
/* Pages mapped in [start, end). */
uint64_t pt_count(struct mm_space *s, uint64_t start, uint64_t end);
/* Copy the entries of [start, end), a private area's, into @child without the right to
 * write, which the parent loses too; those of its object's pages only if
 * @with_object_pages, and then obj->lock is held. Sets *@found_pinned if an anonymous
 * page is under I/O. Both table locks are held. Returns: 0; -ENOMEM. */
int pt_share(struct pt_gather *g, struct mm_space *child, uint64_t start, uint64_t end, bool with_object_pages,
	     bool *found_pinned);

#endif
