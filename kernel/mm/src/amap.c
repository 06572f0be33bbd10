/* kernel/mm/src/amap.c: a tree of chunks of 32 slots.
 *
 * Chunks keep both a page of stack and a sparsely touched terabyte small; an index
 * may be any number, so that an area can grow at either end.
 */
#include "amap.h"

#include <errno.h>

#include <mm/heap.h>

HEAP_CACHE(amap_cache, "amap", sizeof(struct mm_amap));
HEAP_CACHE(chunk_cache, "amap-chunk", sizeof(struct amap_chunk));

static struct amap_chunk *chunk_of(struct rb_node *node)
{
	return rb_entry_or_null(node, struct amap_chunk, node);
}

struct mm_amap *amap_create(void)
{
	struct mm_amap *a = heap_cache_alloc(&amap_cache, 0);

	if (!a)
		return NULL;
	refcount_set(&a->refs, 1);
	mutex_init(&a->lock, LOCK_AMAP);
	return a;
}

void amap_get(struct mm_amap *a)
{
	refcount_get(&a->refs);
}

static unsigned count_bits(uint32_t bits)
{
	bits -= (bits >> 1) & 0x55555555;
	bits = (bits & 0x33333333) + ((bits >> 2) & 0x33333333);
	return (((bits + (bits >> 4)) & 0x0f0f0f0f) * 0x01010101) >> 24;
}

static void chunk_free(struct mm_amap *a, struct amap_chunk *c)
{
	if (a->last == c)
		a->last = NULL;
	rb_erase(&a->chunks, &c->node, NULL);
	heap_cache_free(&chunk_cache, c);
}

static void chunk_put_frames(struct mm_amap *a, struct amap_chunk *c, uint32_t mask)
{
	a->npages -= count_bits(c->used & mask);
	for (uint32_t bits = c->used & mask; bits; bits &= bits - 1) {
		unsigned i = (unsigned)__builtin_ctz(bits);

		frame_put(c->pages[i]);
		c->pages[i] = NULL;
	}
	c->used &= ~mask;
}

void amap_put(struct mm_amap *a)
{
	struct amap_chunk *c;

	if (!a || !refcount_put(&a->refs))
		return;
	while ((c = chunk_of(a->chunks.node))) {
		chunk_put_frames(a, c, ~0u);
		chunk_free(a, c);
		sched_cond_resched();
	}
	heap_cache_free(&amap_cache, a);
}

/* The chunk that holds @index; else NULL. */
static struct amap_chunk *chunk_find(struct mm_amap *a, uint64_t index)
{
	struct amap_chunk *c = a->last;
	uint64_t first = index & ~(uint64_t)(AMAP_CHUNK - 1);

	if (c && c->first == first)
		return c;
	c = chunk_of(a->chunks.node);
	while (c && c->first != first)
		c = chunk_of(first < c->first ? c->node.left : c->node.right);
	if (c)
		a->last = c;
	return c;
}

/* The first chunk that ends after @index. */
static struct amap_chunk *chunk_at_or_after(struct mm_amap *a, uint64_t index)
{
	struct amap_chunk *c = chunk_of(a->chunks.node), *best = NULL;

	while (c) {
		if (c->first + AMAP_CHUNK > index) {
			best = c;
			c = chunk_of(c->node.left);
		} else {
			c = chunk_of(c->node.right);
		}
	}
	return best;
}

static bool chunk_less(const struct rb_node *a, const struct rb_node *b)
{
	return rb_entry(a, struct amap_chunk, node)->first < rb_entry(b, struct amap_chunk, node)->first;
}

static struct amap_chunk *chunk_create(struct mm_amap *a, uint64_t index)
{
	struct amap_chunk *c = heap_cache_alloc(&chunk_cache, 0);

	if (!c)
		return NULL;
	c->first = index & ~(uint64_t)(AMAP_CHUNK - 1);
	rb_add(&a->chunks, &c->node, chunk_less, NULL);
	a->last = c;
	return c;
}

struct frame *amap_lookup(struct mm_amap *a, uint64_t index)
{
	struct amap_chunk *c = chunk_find(a, index);

	return c ? c->pages[index % AMAP_CHUNK] : NULL;
}

/* Used slots of @c directly below slot @i, which may be one past the last. */
static unsigned run_below(const struct amap_chunk *c, unsigned i)
{
	uint32_t free_below = c && i ? ~c->used << (AMAP_CHUNK - i) : 0;

	if (!c)
		return 0;
	return free_below ? (unsigned)__builtin_clz(free_below) : i;
}

unsigned amap_run_below(struct mm_amap *a, uint64_t index)
{
	unsigned i = index % AMAP_CHUNK;
	unsigned run = run_below(chunk_find(a, index), i);

	if (run == i && index > i)
		run += run_below(chunk_find(a, index - i - 1), AMAP_CHUNK);
	return run;
}

unsigned amap_run_empty(struct mm_amap *a, uint64_t index, unsigned max)
{
	unsigned i = index % AMAP_CHUNK;
	struct amap_chunk *c = chunk_find(a, index);
	uint32_t used = c ? c->used >> i : 0;

	max = MIN(max, AMAP_CHUNK - i);
	return used ? MIN(max, (unsigned)__builtin_ctz(used)) : max;
}

static struct amap_chunk *chunk_find_or_create(struct mm_amap *a, uint64_t index)
{
	struct amap_chunk *c = chunk_find(a, index);

	return c ? c : chunk_create(a, index);
}

int amap_insert_run(struct mm_amap *a, uint64_t index, struct frame **pages, unsigned n)
{
	struct amap_chunk *c = chunk_find_or_create(a, index);

	if (!c)
		return -ENOMEM;
	for (unsigned i = 0; i < n; i++) {
		c->pages[index % AMAP_CHUNK + i] = pages[i];
		c->used |= 1u << (index % AMAP_CHUNK + i);
	}
	a->npages += n;
	return 0;
}

int amap_insert(struct mm_amap *a, uint64_t index, struct frame *f)
{
	struct amap_chunk *c = chunk_find_or_create(a, index);

	if (!c)
		return -ENOMEM;
	DEBUG_ASSERT(!c->pages[index % AMAP_CHUNK]);
	c->pages[index % AMAP_CHUNK] = f;
	c->used |= 1u << index % AMAP_CHUNK;
	a->npages++;
	return 0;
}

struct frame *amap_replace(struct mm_amap *a, uint64_t index, struct frame *f)
{
	struct amap_chunk *c = chunk_find(a, index);
	struct frame *old = c->pages[index % AMAP_CHUNK];

	c->pages[index % AMAP_CHUNK] = f;
	return old;
}

/* Bits of the slots of @c that lie in [first, end). */
static uint32_t chunk_mask(const struct amap_chunk *c, uint64_t first, uint64_t end)
{
	uint32_t mask = ~0u;

	if (first > c->first)
		mask &= ~0u << (first - c->first);
	if (end < c->first + AMAP_CHUNK)
		mask &= ~(~0u << (end - c->first));
	return mask;
}

void amap_remove(struct mm_amap *a, uint64_t first, uint64_t end)
{
	struct amap_chunk *c = chunk_at_or_after(a, first), *next;

	for (; c && c->first < end; c = next) {
		next = chunk_of(rb_next(&c->node));
		chunk_put_frames(a, c, chunk_mask(c, first, end));
		if (!c->used)
			chunk_free(a, c);
	}
}

static int chunk_share(struct mm_amap *to, const struct amap_chunk *from, uint32_t mask)
{
	struct amap_chunk *c = chunk_create(to, from->first);

	if (!c)
		return -ENOMEM;
	c->used = mask;
	for (uint32_t bits = mask; bits; bits &= bits - 1) {
		unsigned i = (unsigned)__builtin_ctz(bits);

		frame_get(from->pages[i]);
		c->pages[i] = from->pages[i];
	}
	to->npages += count_bits(mask);
	return 0;
}

struct mm_amap *amap_copy(struct mm_amap *a, uint64_t first, uint64_t end)
{
	struct mm_amap *copy = amap_create();
	struct amap_chunk *c;

	if (!copy)
		return NULL;
	for (c = chunk_at_or_after(a, first); c && c->first < end; c = chunk_of(rb_next(&c->node))) {
		uint32_t mask = c->used & chunk_mask(c, first, end);

		if (mask && chunk_share(copy, c, mask)) {
			amap_put(copy);
			return NULL;
		}
	}
	return copy;
}

/* The chunks that moved frames go to; empty ones that stay after a failure do no harm. */
static int chunks_prepare(struct mm_amap *to, struct mm_amap *from, uint64_t first, uint64_t end, uint64_t delta)
{
	for (struct amap_chunk *c = chunk_at_or_after(from, first); c && c->first < end; c = chunk_of(rb_next(&c->node))) {
		uint64_t low = c->first + delta, high = low + AMAP_CHUNK - 1;

		if (!chunk_find(to, low) && !chunk_create(to, low))
			return -ENOMEM;
		if (!chunk_find(to, high) && !chunk_create(to, high))
			return -ENOMEM;
	}
	return 0;
}

int amap_move(struct mm_amap *to, struct mm_amap *from, uint64_t first, uint64_t end, uint64_t delta)
{
	struct amap_chunk *c;
	int err = chunks_prepare(to, from, first, end, delta);

	if (err)
		return err;
	for (c = chunk_at_or_after(from, first); c && c->first < end; c = chunk_of(rb_next(&c->node))) {
		for (uint32_t bits = c->used & chunk_mask(c, first, end); bits; bits &= bits - 1) {
			uint64_t index = c->first + (unsigned)__builtin_ctz(bits);

			(void)amap_insert(to, index + delta, c->pages[index % AMAP_CHUNK]);
			c->pages[index % AMAP_CHUNK] = NULL;
			c->used &= ~(1u << index % AMAP_CHUNK);
			from->npages--;
		}
	}
	return 0;
}

uint64_t amap_count(struct mm_amap *a, uint64_t first, uint64_t end)
{
	struct amap_chunk *c = chunk_at_or_after(a, first);
	uint64_t n = 0;

	for (; c && c->first < end; c = chunk_of(rb_next(&c->node)))
		n += count_bits(c->used & chunk_mask(c, first, end));
	return n;
}
