/* kernel/mm/src/buddy.c: the buddy allocator.
 *
 * A block's buddy differs from it in the bit of its order; two free buddies of
 * one order always merge, so FRAME_FREE with the same order is all to look for.
 * A descriptor is written when its frame becomes the first of a block, and only
 * such are read: a block's buddy was split off from it, or is reserved.
 */
#include "buddy.h"

#include <nucleus/log.h>

static struct frame *frame_at(uint64_t number)
{
	return phys_to_frame(number << PAGE_SHIFT);
}

static void block_insert(struct buddy *b, struct frame *f, unsigned order)
{
	f->flags = FRAME_FREE;
	f->order = order;
	list_add(&f->lru, &b->free[order]);
}

static void block_remove(struct frame *f)
{
	list_del(&f->lru);
	f->flags = 0;
}

void buddy_init(struct buddy *b, uint64_t nframes)
{
	for (unsigned order = 0; order < BUDDY_ORDERS; order++)
		list_init(&b->free[order]);
	b->nfree = 0;
	b->nframes = nframes;
}

void buddy_give(struct buddy *b, struct frame *f, unsigned order)
{
	uint64_t number = frame_number(f);

	DEBUG_ASSERT(!(f->flags & FRAME_FREE));
	DEBUG_ASSERT((number & ((1ull << order) - 1)) == 0);
	b->nfree += 1ull << order;
	while (order < BUDDY_ORDERS - 1) {
		uint64_t other = number ^ (1ull << order);
		struct frame *buddy = frame_at(other);

		if (other >= b->nframes || !(buddy->flags & FRAME_FREE) || buddy->order != order)
			break;
		block_remove(buddy);
		number &= ~(1ull << order);
		order++;
	}
	block_insert(b, frame_at(number), order);
}

void buddy_add_range(struct buddy *b, uint64_t first, uint64_t end)
{
	while (first < end) {
		unsigned order = first ? (unsigned)__builtin_ctzll(first) : BUDDY_ORDERS - 1;

		order = MIN(order, (unsigned)BUDDY_ORDERS - 1);
		while (first + (1ull << order) > end)
			order--;
		/* The largest aligned blocks: none of them has a buddy in the range. */
		block_insert(b, frame_at(first), order);
		b->nfree += 1ull << order;
		first += 1ull << order;
	}
}

struct frame *buddy_take(struct buddy *b, unsigned order)
{
	unsigned from = order;
	struct frame *f;

	while (from < BUDDY_ORDERS && list_is_empty(&b->free[from]))
		from++;
	if (from == BUDDY_ORDERS)
		return NULL;
	f = list_first_entry(&b->free[from], struct frame, lru);
	block_remove(f);
	while (from > order) {
		from--;
		block_insert(b, f + (1ull << from), from);
	}
	b->nfree -= 1ull << order;
	return f;
}
