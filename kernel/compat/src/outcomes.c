/* kernel/compat/src/outcomes.c: the pairs that were told already, as a hash set without locks. */
#include <nucleus/atomic.h>

#include "outcomes.h"

/* Several times what any machine has seen; pairs that find no slot are not told. */
#define SLOTS 8192u
#define MAX_PROBES 64u
#define IN_USE (1ull << 63)

static uint64_t told[SLOTS];

/* Returns: whether @pair was new. */
static bool remember(uint64_t pair)
{
	uint64_t at = (pair * 0x9e3779b97f4a7c15ull) >> 32;

	for (uint32_t i = 0; i < MAX_PROBES; i++, at++) {
		uint64_t *slot = &told[at % SLOTS], old = READ_ONCE(*slot);

		if (!old && __atomic_compare_exchange_n(slot, &old, pair, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			return true;
		if (old == pair)
			return false;
	}
	return false;
}

void outcome_tell(enum outcome_edge edge, uint32_t index, const char *name, uint32_t status)
{
	if (!remember(IN_USE | (uint64_t)edge << 62 | (uint64_t)index << 32 | status))
		return;
	if (edge == OUTCOME_LINUX)
		log_debug(SYSCALL, "outcome linux %s %u", name, status);
	else
		log_debug(SYSCALL, "outcome nt %s %08x", name, status);
}
