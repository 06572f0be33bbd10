/* kernel/mm/src/heap.c: slabs of equal objects, and kmalloc() by size class.
 *
 *   p = kmalloc(bytes, 0);         any size to 4 MiB
 *   kfree(p);
 *
 * A slab is a block of frames; its bookkeeping lies in the first frame's
 * descriptor and each of its frames points to that one. Free objects are linked
 * through their first word. Requests beyond the largest class are blocks of frames.
 *
 * Locking: cache->lock (HEAP, interrupts off) guards its slabs; frames are taken
 * and given back without it.
 */
#include <string.h>

#include <lowlevel/spinlock.h>
#include <mm/frame.h>
#include <mm/heap.h>
#include <nucleus/atomic.h>
#include <nucleus/fault.h>
#include <nucleus/log.h>

#include "frame_internal.h"
#include "heap_debug.h"

#define CACHE_REGISTERED 1u
#define MAX_CLASS_BYTES 2048u
#define MAX_ORDER 10u

static struct heap_cache classes[] = {
#define CLASS(bytes) { .name = "kmalloc-" #bytes, .size = bytes, .lock = SPINLOCK_INIT(HEAP) }
	CLASS(16), CLASS(32), CLASS(48), CLASS(64), CLASS(96), CLASS(128), CLASS(192), CLASS(256),
	CLASS(384), CLASS(512), CLASS(768), CLASS(1024), CLASS(1536), CLASS(2048),
#undef CLASS
};
/* Never has slabs: counts the blocks of frames that kmalloc() handed out. */
static struct heap_cache blocks = { .name = "kmalloc-pages", .size = PAGE_SIZE, .lock = SPINLOCK_INIT(HEAP) };

static struct heap_cache *registered;

static void cache_register(struct heap_cache *c)
{
	uint32_t old = __atomic_fetch_or(&c->flags, CACHE_REGISTERED, __ATOMIC_RELAXED);

	if (old & CACHE_REGISTERED)
		return;
	c->next = __atomic_load_n(&registered, __ATOMIC_RELAXED);
	while (!__atomic_compare_exchange_n(&registered, &c->next, c, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		;
}

static uint32_t object_bytes(const struct heap_cache *c)
{
	return heap_debug_object_bytes(ALIGN_UP(MAX(c->size, 16u), 16u));
}

/* At least eight objects a slab. */
static unsigned slab_order(uint32_t bytes)
{
	unsigned order = 0;

	while ((PAGE_SIZE << order) / bytes < 8 && order < 3)
		order++;
	return order;
}

static void *free_next(void *object)
{
	return *(void **)object;
}

static struct frame *slab_create(struct heap_cache *c, unsigned flags)
{
	uint32_t bytes = object_bytes(c);
	unsigned order = slab_order(bytes);
	struct frame *slab = frame_alloc(order, flags & HEAP_ATOMIC ? FRAME_NO_RECLAIM : 0);
	char *memory;
	unsigned n;

	if (!slab)
		return NULL;
	memory = frame_virt(slab);
	n = (unsigned)((PAGE_SIZE << order) / bytes);
	for (unsigned i = 0; i < 1u << order; i++) {
		slab[i].private = slab;
		slab[i].flags = FRAME_SLAB;
	}
	slab->cache = c;
	slab->slab_used = 0;
	slab->slab_capacity = (uint16_t)n;
	slab->free_objects = NULL;
	while (n--) {
		*(void **)(memory + n * bytes) = slab->free_objects;
		heap_debug_mark_free(memory + n * bytes, bytes);
		slab->free_objects = memory + n * bytes;
	}
	atomic_add(&frame_counts.slab, 1ull << order);
	return slab;
}

static void slab_destroy(struct frame *slab)
{
	unsigned order = slab->order;

	for (unsigned i = 0; i < 1u << order; i++)
		slab[i].flags = 0;
	atomic_sub(&frame_counts.slab, 1ull << order);
	frame_put(slab);
}

/* cache->partial is the first of a doubly-linked list that ends with itself. */
static void partial_add(struct heap_cache *c, struct frame *slab)
{
	struct frame *first = c->partial;

	if (first)
		list_add_tail(&slab->lru, &first->lru);
	c->partial = slab;
}

static void partial_remove(struct heap_cache *c, struct frame *slab)
{
	if (c->partial == slab)
		c->partial = list_is_empty(&slab->lru) ? NULL : list_entry(slab->lru.next, struct frame, lru);
	list_del(&slab->lru);
}

/* cache->lock is held. */
static void *object_take(struct heap_cache *c)
{
	struct frame *slab = c->partial;
	void *object;

	if (!slab)
		return NULL;
	object = slab->free_objects;
	slab->free_objects = free_next(object);
	if (++slab->slab_used == slab->slab_capacity)
		partial_remove(c, slab);
	c->live++;
	return object;
}

static void *cache_take(struct heap_cache *c, unsigned flags)
{
	uint64_t irq = spin_lock_irqsave(&c->lock);
	void *object = object_take(c);
	struct frame *slab;

	spin_unlock_irqrestore(&c->lock, irq);
	if (likely(object))
		return object;
	cache_register(c);
	slab = slab_create(c, flags);
	if (!slab)
		return NULL;
	irq = spin_lock_irqsave(&c->lock);
	partial_add(c, slab);
	object = object_take(c);
	spin_unlock_irqrestore(&c->lock, irq);
	return object;
}

void *heap_cache_alloc(struct heap_cache *c, unsigned flags)
{
	void *object;

	if (fault_should_fail(FAULT_ALLOC_HEAP))
		return NULL;
	object = cache_take(c, flags);
	if (unlikely(!object))
		return NULL;
	heap_debug_mark_used(c, object, object_bytes(c));
	if (!(flags & HEAP_NOZERO))
		memset(object, 0, c->size);
	return object;
}

/* Returns: an empty slab that the caller destroys, or NULL. cache->lock is held. */
static struct frame *object_give(struct heap_cache *c, struct frame *slab, void *object)
{
	*(void **)object = slab->free_objects;
	slab->free_objects = object;
	if (!HEAP_HAS_QUARANTINE)
		c->live--;
	if (slab->slab_used-- == slab->slab_capacity)
		partial_add(c, slab);
	/* One empty slab stays, or alternating calls would make and destroy it each time. */
	if (slab->slab_used || (c->partial == slab && list_is_empty(&slab->lru)))
		return NULL;
	partial_remove(c, slab);
	return slab;
}

static struct frame *slab_of(const void *object)
{
	return phys_to_frame(virt_to_phys(object))->private;
}

static void cache_give(struct heap_cache *c, void *object)
{
	struct frame *slab = slab_of(object);
	uint64_t irq;

	irq = spin_lock_irqsave(&c->lock);
	slab = object_give(c, slab, object);
	spin_unlock_irqrestore(&c->lock, irq);
	if (unlikely(slab))
		slab_destroy(slab);
}

void heap_cache_free(struct heap_cache *c, void *p)
{
	if (!p)
		return;
	DEBUG_ASSERT(slab_of(p)->cache == c);
	/* Debug builds hold it back for a while and give an older one. */
	p = heap_debug_quarantine(c, p, object_bytes(c));
	if (p)
		cache_give(slab_of(p)->cache, p);
}

static struct heap_cache *class_of(size_t bytes)
{
	static const uint8_t small[] = { 0, 0, 1, 2, 3, 4, 4, 5, 5, 6, 6, 6, 6, 7, 7, 7, 7 };
	unsigned i;

	if (bytes <= 256)
		return &classes[small[(bytes + 15) / 16]];
	for (i = 8; classes[i].size < bytes; i++)
		;
	return &classes[i];
}

static void *blocks_alloc(size_t bytes, unsigned flags)
{
	unsigned order = 0;
	struct frame *f;

	while (PAGE_SIZE << order < bytes)
		order++;
	if (order > MAX_ORDER)
		return NULL;
	f = frame_alloc(order, (flags & HEAP_ATOMIC ? FRAME_NO_RECLAIM : 0) | (flags & HEAP_NOZERO ? 0 : FRAME_ZERO));
	if (!f)
		return NULL;
	cache_register(&blocks);
	atomic_add(&blocks.live, 1);
	return frame_virt(f);
}

void *kmalloc(size_t bytes, unsigned flags)
{
	if (bytes <= MAX_CLASS_BYTES)
		return heap_cache_alloc(class_of(bytes), flags);
	if (fault_should_fail(FAULT_ALLOC_HEAP))
		return NULL;
	return blocks_alloc(bytes, flags);
}

void kfree(void *p)
{
	struct frame *f;

	if (!p)
		return;
	f = phys_to_frame(virt_to_phys(p));
	if (f->flags & FRAME_SLAB) {
		heap_cache_free(((struct frame *)f->private)->cache, p);
		return;
	}
	ASSERT(f->refcount == 1 && ((uintptr_t)p & (PAGE_SIZE - 1)) == 0);
	atomic_sub(&blocks.live, 1);
	frame_put(f);
}

char *kstrdup(const char *s)
{
	size_t bytes = strlen(s) + 1;
	char *copy = kmalloc(bytes, HEAP_NOZERO);

	if (copy)
		memcpy(copy, s, bytes);
	return copy;
}

void heap_for_each_cache(void (*fn)(const char *name, uint32_t size, uint64_t live, void *ctx), void *ctx)
{
	struct heap_cache *c = __atomic_load_n(&registered, __ATOMIC_ACQUIRE);

	for (; c; c = c->next)
		fn(c->name, c->size, READ_ONCE(c->live), ctx);
}
