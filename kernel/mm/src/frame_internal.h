/* kernel/mm/src/frame_internal.h: what the rest of mm knows of the frame allocator. */
#ifndef MM_FRAME_INTERNAL_H
#define MM_FRAME_INTERNAL_H

#include <mm/frame.h>

/* Machine-wide page counts for mm_statistics(); atomic. */
struct frame_counts {
	uint64_t anon, cached, dirty, writeback, mapped, slab, shmem, page_tables, kernel_stacks;
};
extern struct frame_counts frame_counts;

/* The frame of zeroes that read faults of untouched memory map. */
extern struct frame *zero_frame;

/* Boot: frames [first, end) of the array are free; all others are FRAME_RESERVED already. */
void frames_init(uint64_t nframes);
void frames_add_range(uint64_t first, uint64_t end);
/* Boot, when all ranges are in: sizes the reserve, makes the zero frame. */
void frames_ready(void);

/* page.S: whether pages are filled and copied by vector registers. */
extern bool mm_has_avx;

uint64_t frames_free(void);
uint64_t frames_total(void);
/* Few frames are left: the reclaim thread should work. */
bool frames_are_low(void);
/* Enough again: it may stop. */
bool frames_are_plenty(void);

/* Reclaim's part of a slow allocation; may sleep. Returns: false to give up. */
bool frames_wait(unsigned order, unsigned attempt);
/* Frames were freed into an empty pool, or the low mark was crossed: wake reclaim's sleepers. */
void frames_wake_reclaim(void);

/* vmalloc.c: unmap the kernel stacks that nobody uses. Returns: pages freed. */
uint64_t stacks_trim(void);
/* pagetable.c: empty page tables kept for reuse; they count as free. */
uint64_t pt_spare_tables(void);

static inline void frame_set_flags(struct frame *f, uint64_t flags)
{
	__atomic_fetch_or(&f->flags, flags, __ATOMIC_RELAXED);
}
static inline void frame_clear_flags(struct frame *f, uint64_t flags)
{
	__atomic_fetch_and(&f->flags, ~flags, __ATOMIC_RELEASE);
}

/* What programs may map of the framebuffer, physical: it has descriptors. Both 0: nothing. */
extern uint64_t mm_framebuffer_start, mm_framebuffer_end;

#endif
