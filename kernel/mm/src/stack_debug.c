/* kernel/mm/src/stack_debug.c: finds kernel stacks that are nearly used up, before one meets its guard page.
 *
 * A stack is painted before its first use; the lowest word that is not paint any more tells how deep it was used.
 */
#include "stack_debug.h"

#ifdef CONFIG_DEBUG
#include <string.h>

#include <nucleus/atomic.h>
#include <nucleus/log.h>
#include <sched/thread.h>

#define PAINT 0x57ac57ac57ac57acull
#define WORDS (KERNEL_STACK_BYTES / sizeof(uint64_t))

static uint64_t deepest;

static uint64_t *lowest_word(uint64_t top)
{
	return (uint64_t *)(uintptr_t)(top - KERNEL_STACK_BYTES);
}

void stack_debug_paint(uint64_t top)
{
	uint64_t *words = lowest_word(top);

	for (uint32_t i = 0; i < WORDS; i++)
		words[i] = PAINT;
}

static void remember(uint64_t bytes)
{
	uint64_t before = atomic_load(&deepest);

	while (bytes > before &&
	       !__atomic_compare_exchange_n(&deepest, &before, bytes, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
}

void mm_stack_check(uint64_t top, const char *name)
{
	const uint64_t *words = lowest_word(top);
	uint32_t left = 0;

	while (left < WORDS && READ_ONCE(words[left]) == PAINT)
		left++;
	remember((WORDS - left) * sizeof(uint64_t));
	if (left * sizeof(uint64_t) < MM_STACK_RESERVE)
		log_error(MEMORY, "=== CHECK: stack: '%s' left %lu of %u bytes", name, left * sizeof(uint64_t),
			  KERNEL_STACK_BYTES);
}

uint64_t mm_stack_deepest(void)
{
	return atomic_load(&deepest);
}
#endif
