/* The heap: blocks of fixed classes, four to each doubling, a free list each. New
 * blocks come from the end of the heap; a freed one serves its class again, or a
 * smaller one when nothing else is left. Blocks are never split or joined.
 *
 * A block is a header word and the payload. The first payload word of a free block
 * links to the next one: that word alone must be logged when a free block is taken,
 * the rest of its contents is of no interest to anybody.
 *
 * What a transaction frees waits on a list of its own until the commit: if it were
 * reused at once, plain stores to it would destroy what an abort must bring back. */
#include <errno.h>
#include <string.h>

#include "internal.h"

#define HEADER_BYTES 8u
#define MIN_BLOCK_BYTES 32u

/* A block's header: its class, and a tag in the upper half. */
enum block_tag {
	BLOCK_USED = 0x75736564,
	BLOCK_FREE = 0x66726565,
	BLOCK_PENDING = 0x70656e64,
};

static uint64_t class_bytes(unsigned int class)
{
	return (uint64_t)(4 + class % 4) << (class / 4 + 3);
}

/* The smallest class whose blocks hold @block_bytes. */
static unsigned int class_for(uint64_t block_bytes)
{
	unsigned int doubling;

	if (block_bytes <= MIN_BLOCK_BYTES)
		return 0;
	doubling = 63 - __builtin_clzll(block_bytes - 1) - 5;
	return 4 * doubling + ((block_bytes - 1 - ((uint64_t)MIN_BLOCK_BYTES << doubling)) >> (doubling + 3)) + 1;
}

static uint64_t make_tag(unsigned int class, enum block_tag tag)
{
	return (uint64_t)tag << 32 | class;
}

static uint64_t *block_header(const struct state *st, state_off_t payload)
{
	return STATE_PTR(st, payload - HEADER_BYTES, uint64_t);
}

static unsigned int block_class(const struct state *st, state_off_t payload)
{
	return (uint32_t)*block_header(st, payload);
}

static bool has_tag(const struct state *st, state_off_t payload, enum block_tag tag)
{
	return *block_header(st, payload) >> 32 == (uint32_t)tag;
}

static void set_word(struct state *st, uint64_t *dst, uint64_t value)
{
	state_set(st, dst, &value, sizeof(value));
}

static void set_tag(struct state *st, state_off_t payload, enum block_tag tag)
{
	set_word(st, block_header(st, payload), make_tag(block_class(st, payload), tag));
}

static state_off_t take_free(struct state *st, unsigned int class)
{
	state_off_t payload = st->header->free_blocks[class];
	uint64_t *next = STATE_PTR(st, payload, uint64_t);

	if (!payload || !state_log(st, next, sizeof(*next)))
		return 0;
	set_word(st, &st->header->free_blocks[class], *next);
	set_tag(st, payload, BLOCK_USED);
	return payload;
}

static bool make_room(struct state *st, uint64_t bytes)
{
	struct state_header *hdr = st->header;

	if (bytes <= hdr->size - hdr->heap_end)
		return true;
	if (!st->grow || bytes > UINT64_MAX - hdr->heap_end)
		return false;
	state_grow(st, st->grow(st->grow_ctx, hdr->heap_end + bytes));
	return bytes <= hdr->size - hdr->heap_end;
}

static state_off_t take_new(struct state *st, unsigned int class)
{
	struct state_header *hdr = st->header;
	state_off_t payload = hdr->heap_end + HEADER_BYTES;

	if (!make_room(st, class_bytes(class)))
		return 0;
	/* Beyond the heap's end nobody looks: the header needs no logging. */
	state_store_word(block_header(st, payload), make_tag(class, BLOCK_USED));
	set_word(st, &hdr->heap_end, hdr->heap_end + class_bytes(class));
	return payload;
}

static state_off_t take_larger(struct state *st, unsigned int class)
{
	for (class++; class < STATE_NCLASSES; class++)
		if (st->header->free_blocks[class])
			return take_free(st, class);
	return 0;
}

state_off_t state_alloc(struct state *st, size_t len)
{
	state_off_t payload;
	unsigned int class;
	uint64_t bytes;

	STATE_BUG_ON(!st->is_open);
	if (len > UINT64_MAX / 2 || class_for(len + HEADER_BYTES) >= STATE_NCLASSES)
		return 0;
	class = class_for(len + HEADER_BYTES);
	payload = take_free(st, class);
	if (!payload)
		payload = take_new(st, class);
	if (!payload)
		payload = take_larger(st, class);
	if (!payload || st->is_failed)
		return 0;

	bytes = class_bytes(block_class(st, payload));
	set_word(st, &st->header->used_bytes, st->header->used_bytes + bytes);
	if (st->is_failed)
		return 0;
	memset(state_at(st, payload), 0, bytes - HEADER_BYTES);
	state_add_recent(st, payload, payload + bytes - HEADER_BYTES);
	return payload;
}

void state_free(struct state *st, state_off_t off)
{
	if (!off)
		return;
	STATE_BUG_ON(!st->is_open);
	STATE_BUG_ON(off % 8 != 0 || off < st->header->heap_start + HEADER_BYTES || off >= st->header->heap_end);
	if (st->is_failed)
		return;
	STATE_BUG_ON(!has_tag(st, off, BLOCK_USED));
	set_tag(st, off, BLOCK_PENDING);
	set_word(st, STATE_PTR(st, off, uint64_t), st->pending_free);
	if (!st->is_failed)
		st->pending_free = off;
}

void state_release_pending(struct state *st)
{
	struct state_header *hdr = st->header;

	while (st->pending_free && !st->is_failed) {
		state_off_t payload = st->pending_free;
		uint64_t *next = STATE_PTR(st, payload, uint64_t);
		unsigned int class = block_class(st, payload);

		st->pending_free = *next;
		set_word(st, next, hdr->free_blocks[class]);
		set_word(st, &hdr->free_blocks[class], payload);
		set_tag(st, payload, BLOCK_FREE);
		set_word(st, &hdr->used_bytes, hdr->used_bytes - class_bytes(class));
	}
}

/* Follow one free list. Returns: how many blocks are on it; -1 if it leads astray. */
static int64_t count_free_list(const struct state *st, unsigned int class)
{
	const struct state_header *hdr = st->header;
	uint64_t most = (hdr->heap_end - hdr->heap_start) / class_bytes(class);
	uint64_t count = 0;
	state_off_t payload;

	for (payload = hdr->free_blocks[class]; payload; payload = *STATE_PTR(st, payload, uint64_t)) {
		if (count++ == most || payload % 8 != 0 || payload < hdr->heap_start + HEADER_BYTES ||
		    payload >= hdr->heap_end)
			return -1;
		if (*block_header(st, payload) != make_tag(class, BLOCK_FREE))
			return -1;
	}
	return (int64_t)count;
}

int state_check(const struct state *st)
{
	const struct state_header *hdr = st->header;
	uint64_t used = 0, at;
	int64_t nfree = 0, count;
	unsigned int class;

	for (at = hdr->heap_start; at < hdr->heap_end; at += class_bytes(class)) {
		class = block_class(st, at + HEADER_BYTES);
		if (class >= STATE_NCLASSES || class_bytes(class) > hdr->heap_end - at)
			return -EINVAL;
		if (has_tag(st, at + HEADER_BYTES, BLOCK_USED))
			used += class_bytes(class);
		else if (has_tag(st, at + HEADER_BYTES, BLOCK_FREE))
			nfree++;
		else
			return -EINVAL;
	}
	for (class = 0; class < STATE_NCLASSES; class++) {
		count = count_free_list(st, class);
		if (count < 0)
			return -EINVAL;
		nfree -= count;
	}
	return nfree == 0 && used == hdr->used_bytes ? 0 : -EINVAL;
}
