/* kernel/mm/include/mm/heap.h: the kernel's heap, by class.
 *
 * Typed allocations come from a named cache, whose live count is what leak tests
 * compare. Debug builds poison freed memory and keep it in quarantine.
 * Context: any with HEAP_ATOMIC; else process (may reclaim and sleep).
 */
#ifndef MM_HEAP_H
#define MM_HEAP_H

#include <lowlevel/spinlock.h>
#include <nucleus/compiler.h>

struct heap_cache {
	const char *name;
	uint32_t size;
	uint32_t flags;
	struct spinlock lock;	/* HEAP, interrupts off */
	void *partial;
	uint64_t live;		/* objects handed out */
	struct heap_cache *next;
};
/* HEAP_CACHE(pipe_cache, "pipe", sizeof(struct pipe)); */
#define HEAP_CACHE(var, label, bytes) \
	static struct heap_cache var = { .name = label, .size = (bytes), .lock = SPINLOCK_INIT(HEAP) }

#define HEAP_ATOMIC 1u	/* never sleeps */
#define HEAP_NOZERO 2u	/* contents undefined; zeroed otherwise */

void *heap_cache_alloc(struct heap_cache *c, unsigned flags);
void heap_cache_free(struct heap_cache *c, void *p);
void *kmalloc(size_t bytes, unsigned flags);	/* zeroed unless HEAP_NOZERO; any size to 4 MiB */
void kfree(void *p);				/* NULL is fine; any context */
char *kstrdup(const char *s);

/* Call @fn for each cache that was ever used. */
void heap_for_each_cache(void (*fn)(const char *name, uint32_t size, uint64_t live, void *ctx), void *ctx);

#endif
