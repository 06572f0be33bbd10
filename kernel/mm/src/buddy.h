/* kernel/mm/src/buddy.h: free blocks of 2^order frames, 0 <= order < BUDDY_ORDERS.
 *
 * Locking is the caller's. Only the first descriptor of a free block says so.
 */
#ifndef MM_BUDDY_H
#define MM_BUDDY_H

#include <mm/frame.h>

#define BUDDY_ORDERS 11

struct buddy {
	struct list_node free[BUDDY_ORDERS];
	uint64_t nfree;		/* frames */
	uint64_t nframes;	/* descriptors in the array */
};

/* No frame is free yet. */
void buddy_init(struct buddy *b, uint64_t nframes);
/* Hand over the frames [first, end) for the first time, whose descriptors may hold anything.
 * Those around them are FRAME_RESERVED, or handed over too. */
void buddy_add_range(struct buddy *b, uint64_t first, uint64_t end);
/* Returns: the first frame of a block, its flags cleared; NULL when there is none. */
struct frame *buddy_take(struct buddy *b, unsigned order);
void buddy_give(struct buddy *b, struct frame *f, unsigned order);

#endif
