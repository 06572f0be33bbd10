/* kernel/mm/src/heap_debug.c: finds use after free, double free and overruns by a few bytes.
 *
 * Each object carries a state word at its end. Freed memory is filled with a
 * pattern, waits in a ring so that it is not reused at once, and is checked when
 * it is handed out again. The first word is the free list's.
 */
#include "heap_debug.h"

#ifdef CONFIG_DEBUG
#include <string.h>

#include <nucleus/log.h>

#define POISON 0x6b
#define STATE_FREE 0xf4eef4eef4eef4eeull
#define STATE_USED 0xa11ca11ca11ca11cull
#define QUARANTINE 512u

static struct spinlock quarantine_lock = SPINLOCK_INIT(HEAP);
static void *quarantine[QUARANTINE];
static uint32_t quarantine_next;

static uint64_t *state_of(void *object, uint32_t bytes)
{
	return (uint64_t *)((char *)object + bytes - sizeof(uint64_t));
}

uint32_t heap_debug_object_bytes(uint32_t bytes)
{
	return bytes + 16;
}

static void poison(void *object, uint32_t bytes)
{
	memset((char *)object + sizeof(void *), POISON, bytes - 2 * sizeof(uint64_t));
	*state_of(object, bytes) = STATE_FREE;
}

void heap_debug_mark_free(void *object, uint32_t bytes)
{
	poison(object, bytes);
}

void heap_debug_mark_used(struct heap_cache *c, void *object, uint32_t bytes)
{
	const unsigned char *p = object;

	if (*state_of(object, bytes) != STATE_FREE)
		panic("heap: %s: object %p was written past its end while free", c->name, object);
	for (uint32_t i = sizeof(void *); i < bytes - sizeof(uint64_t); i++) {
		if (p[i] != POISON)
			panic("heap: %s: object %p was written at +%u after it was freed", c->name, object, i);
	}
	*state_of(object, bytes) = STATE_USED;
}

void *heap_debug_quarantine(struct heap_cache *c, void *object, uint32_t bytes)
{
	uint64_t state = *state_of(object, bytes);
	uint64_t irq;
	void *oldest;

	if (state == STATE_FREE)
		panic("heap: %s: object %p is freed twice", c->name, object);
	if (state != STATE_USED)
		panic("heap: %s: object %p was written past its end", c->name, object);
	poison(object, bytes);
	irq = spin_lock_irqsave(&c->lock);
	c->live--;
	spin_unlock_irqrestore(&c->lock, irq);
	irq = spin_lock_irqsave(&quarantine_lock);
	oldest = quarantine[quarantine_next];
	quarantine[quarantine_next] = object;
	quarantine_next = (quarantine_next + 1) % QUARANTINE;
	spin_unlock_irqrestore(&quarantine_lock, irq);
	return oldest;
}
#endif
