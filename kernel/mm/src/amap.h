/* kernel/mm/src/amap.h: the private pages of areas.
 *
 * An amap maps indices to anonymous frames, each of which it holds a reference to.
 * Fork shares the amap; whoever writes first copies it (the frames stay shared, and
 * are copied one by one when written). An area's index for an address is
 * area->amap_offset plus its distance in pages from the start.
 *
 * Locking: amap->lock (AMAP, sleeping) guards the contents. Areas that share an
 * amap after a split use disjoint indices of it.
 */
#ifndef MM_AMAP_H
#define MM_AMAP_H

#include <ds/rbtree.h>
#include <mm/frame.h>
#include <nucleus/atomic.h>
#include <sched/wait.h>

#define AMAP_CHUNK 32u

struct amap_chunk {
	struct rb_node node;
	uint64_t first;		/* index of pages[0], a multiple of AMAP_CHUNK */
	uint32_t used;		/* bit per page that is there */
	struct frame *pages[AMAP_CHUNK];
};

struct mm_amap {
	refcount_t refs;
	struct mutex lock;
	struct rb_root chunks;
	struct amap_chunk *last;	/* found last */
	uint64_t npages;
};

/* Returns: an empty amap with one reference; NULL: no memory. */
struct mm_amap *amap_create(void);
void amap_get(struct mm_amap *a);
/* The last reference puts every frame. No page table maps them any more. */
void amap_put(struct mm_amap *a);

struct frame *amap_lookup(struct mm_amap *a, uint64_t index);
/* How many pages are there directly below @index; some of a long run are not counted. */
unsigned amap_run_below(struct mm_amap *a, uint64_t index);
/* How many slots from @index on are empty, in one chunk and up to @max. */
unsigned amap_run_empty(struct mm_amap *a, uint64_t index, unsigned max);
/* Fill that many slots, which are such, with @pages, whose references it takes over. Returns: 0; -ENOMEM, with
 * nothing changed. */
int amap_insert_run(struct mm_amap *a, uint64_t index, struct frame **pages, unsigned n);
/* The slot is empty; it takes over the caller's reference. Returns: 0; -ENOMEM. */
int amap_insert(struct mm_amap *a, uint64_t index, struct frame *f);
/* Put @f in the place of a frame. Returns: that frame, whose reference is the caller's. */
struct frame *amap_replace(struct mm_amap *a, uint64_t index, struct frame *f);
/* Put the frames of [first, end). */
void amap_remove(struct mm_amap *a, uint64_t first, uint64_t end);
/* A new amap that shares the frames of [first, end). NULL: no memory. */
struct mm_amap *amap_copy(struct mm_amap *a, uint64_t first, uint64_t end);
/* Move the frames of [first, end) of @from to the indices @delta higher in @to, which are
 * empty. Returns: 0; -ENOMEM, with nothing moved. */
int amap_move(struct mm_amap *to, struct mm_amap *from, uint64_t first, uint64_t end, uint64_t delta);
uint64_t amap_count(struct mm_amap *a, uint64_t first, uint64_t end);

/* Is the amap's the only reference, but for those of I/O under way? */
static inline bool amap_frame_is_exclusive(const struct frame *f)
{
	return (uint32_t)READ_ONCE(f->refcount) == 1 + READ_ONCE(f->pins);
}

#endif
