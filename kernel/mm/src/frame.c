/* kernel/mm/src/frame.c: allocation of physical frames.
 *
 *   f = frame_alloc(0, FRAME_ZERO);
 *   ...
 *   frame_put(f);
 *
 * Single frames come from a cache per CPU, refilled from the buddy allocator in
 * batches. The last frames are a reserve for those who make frames free: the
 * pager path (FRAME_RESERVE, services, kernel threads) and, for half of it, callers
 * who cannot wait.
 *
 * Locking: frames_lock (FRAMES, interrupts off) guards the buddy allocator; a
 * CPU's cache is its own with interrupts off.
 */
#include <string.h>

#include <lowlevel/percpu.h>
#include <lowlevel/spinlock.h>
#include <nucleus/atomic.h>
#include <nucleus/fault.h>
#include <nucleus/log.h>
#include <sched/thread.h>

#include "buddy.h"
#include "frame_internal.h"

#define CACHE_BATCH 32u
#define CACHE_MAX 384u

struct frame_cache {
	uint32_t count;
	struct list_node *first;	/* frame.lru, linked by next */
} __aligned(64);

static struct spinlock frames_lock = SPINLOCK_INIT(FRAMES);
static struct buddy frames;
static struct frame_cache caches[MAX_CPUS];
static uint64_t total_frames;
static uint64_t reserve_frames;
static uint64_t low_frames;

struct frame_counts frame_counts;
struct frame *zero_frame;

void frames_init(uint64_t nframes)
{
	buddy_init(&frames, nframes);
}

void frames_add_range(uint64_t first, uint64_t end)
{
	buddy_add_range(&frames, first, end);
	total_frames += end - first;
}

void frames_ready(void)
{
	reserve_frames = MAX(total_frames / 128, 64);
	low_frames = reserve_frames + MAX(total_frames / 64, 64);
	zero_frame = frame_alloc(0, FRAME_ZERO | FRAME_NO_RECLAIM);
	if (!zero_frame)
		panic("no memory at boot");
	zero_frame->flags = FRAME_RESERVED | FRAME_UPTODATE;
}

uint64_t frames_free(void)
{
	uint64_t n = READ_ONCE(frames.nfree);

	for (uint32_t i = 0; i < MAX_CPUS; i++)
		n += READ_ONCE(caches[i].count);
	return n;
}

uint64_t frames_total(void)
{
	return total_frames;
}

bool frames_are_low(void)
{
	return READ_ONCE(frames.nfree) < low_frames;
}

bool frames_are_plenty(void)
{
	return READ_ONCE(frames.nfree) >= low_frames + low_frames / 2;
}

/* Frames that a caller with these flags must leave alone. */
static uint64_t frames_kept_from(unsigned flags)
{
	if (flags & FRAME_RESERVE)
		return 0;
	if (flags & FRAME_NO_RECLAIM)
		return reserve_frames / 2;
	return reserve_frames;
}

/* Interrupts are off. */
static struct frame *cache_refill(struct frame_cache *c, unsigned flags)
{
	uint64_t kept = frames_kept_from(flags);
	struct frame *f = NULL;

	spin_lock(&frames_lock);
	for (unsigned i = 0; i < CACHE_BATCH && frames.nfree > kept; i++) {
		f = buddy_take(&frames, 0);
		if (!f)
			break;
		f->lru.next = c->first;
		c->first = &f->lru;
		c->count++;
	}
	spin_unlock(&frames_lock);
	if (!c->first)
		return NULL;
	f = list_entry(c->first, struct frame, lru);
	c->first = f->lru.next;
	c->count--;
	return f;
}

static struct frame *take_single(unsigned flags)
{
	uint64_t irq = flags_save_disable();
	struct frame_cache *c = &caches[cpu_index()];
	struct frame *f;

	if (likely(c->first)) {
		f = list_entry(c->first, struct frame, lru);
		c->first = f->lru.next;
		c->count--;
	} else {
		f = cache_refill(c, flags);
	}
	flags_restore(irq);
	return f;
}

static struct frame *take_block(unsigned order, unsigned flags)
{
	uint64_t irq = spin_lock_irqsave(&frames_lock);
	struct frame *f = NULL;

	if (frames.nfree >= frames_kept_from(flags) + (1ull << order))
		f = buddy_take(&frames, order);
	spin_unlock_irqrestore(&frames_lock, irq);
	return f;
}

static struct frame *take_slowly(unsigned order, unsigned flags)
{
	struct thread *t = current_thread();
	struct frame *f;

	if (t && (t->is_kernel || t->personality == PERSONALITY_SERVICE))
		flags |= FRAME_RESERVE;
	for (unsigned attempt = 0;; attempt++) {
		f = order ? take_block(order, flags) : take_single(flags);
		if (f || (flags & FRAME_NO_RECLAIM) || !frames_wait(order, attempt))
			return f;
	}
}

struct frame *frame_alloc(unsigned order, unsigned flags)
{
	struct frame *f;

	if (fault_should_fail(FAULT_ALLOC_FRAME))
		return NULL;
	f = order ? NULL : take_single(flags);
	if (unlikely(!f)) {
		f = take_slowly(order, flags);
		if (!f)
			return NULL;
	}
	f->flags = 0;
	f->object = NULL;
	f->index = 0;
	f->pins = 0;
	f->order = order;
	f->mapcount = 0;
	f->private = NULL;
	list_init(&f->lru);
	__atomic_store_n(&f->refcount, 1, __ATOMIC_RELAXED);
	for (unsigned i = 1; i < 1u << order; i++)
		f[i].flags = 0;
	if (flags & FRAME_ZERO) {
		for (unsigned i = 0; i < 1u << order; i++)
			mm_zero_page((char *)frame_virt(f) + i * PAGE_SIZE);
	}
	if (unlikely(frames_are_low()))
		frames_wake_reclaim();
	return f;
}

/* Interrupts are off. */
static void cache_drain(struct frame_cache *c)
{
	spin_lock(&frames_lock);
	for (unsigned i = 0; i < CACHE_BATCH; i++) {
		struct frame *f = list_entry(c->first, struct frame, lru);

		c->first = f->lru.next;
		c->count--;
		buddy_give(&frames, f, 0);
	}
	spin_unlock(&frames_lock);
}

static void frame_free(struct frame *f)
{
	uint64_t irq = flags_save_disable();

	if (f->order) {
		spin_lock(&frames_lock);
		buddy_give(&frames, f, f->order);
		spin_unlock(&frames_lock);
	} else {
		struct frame_cache *c = &caches[cpu_index()];

		f->lru.next = c->first;
		c->first = &f->lru;
		if (++c->count > CACHE_MAX)
			cache_drain(c);
	}
	flags_restore(irq);
}

void frame_get(struct frame *f)
{
	DEBUG_ASSERT(f->refcount > 0);
	__atomic_fetch_add(&f->refcount, 1, __ATOMIC_RELAXED);
}

void frame_put(struct frame *f)
{
	DEBUG_ASSERT(f->refcount > 0);
	if (__atomic_sub_fetch(&f->refcount, 1, __ATOMIC_ACQ_REL))
		return;
	DEBUG_ASSERT(!f->mapcount);
	DEBUG_ASSERT(!(f->flags & (FRAME_ON_LRU | FRAME_SLAB | FRAME_FREE | FRAME_RESERVED)));
	if (f->flags & FRAME_ANON)
		atomic_sub(&frame_counts.anon, 1);
	f->flags = 0;
	frame_free(f);
}
