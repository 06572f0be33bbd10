/* kernel/nucleus-core/include/nucleus/counter.h: named event counters, one table for the machine.
 *
 * Read through SYS_NUCLEUS_COUNTERS and /proc/albireo/counters. Adding one is a
 * line in abi/counters.def.
 */
#ifndef NUCLEUS_COUNTER_H
#define NUCLEUS_COUNTER_H

#include <nucleus/compiler.h>

enum counter {
#define COUNTER(upper, name) COUNTER_##upper,
#include "counters.def"
#undef COUNTER
	COUNTER_COUNT
};
extern uint64_t counter_values[COUNTER_COUNT];
static inline void counter_add(enum counter c, uint64_t n) { __atomic_fetch_add(&counter_values[c], n, __ATOMIC_RELAXED); }
static inline void counter_inc(enum counter c) { counter_add(c, 1); }
const char *counter_name(enum counter c);

#endif
