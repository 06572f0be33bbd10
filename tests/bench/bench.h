/* tests/bench/bench.h: measuring single operations.
 *
 * Under `-icount shift=0` the time-stamp counter counts guest instructions, so a
 * figure is exact and repeats; elsewhere it is in cycles of the counter.
 */
#ifndef TESTS_BENCH_H
#define TESTS_BENCH_H

#include <stddef.h>
#include <stdint.h>

#define MAX_SAMPLES 1000

static inline uint64_t read_tsc(void)
{
	uint32_t low, high;

	__asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

/* Run @operation(@argument) @samples times after a tenth as many that are not
 * counted, and print `name<TAB>median`. The cost of reading the counter is taken off. */
void measure(const char *name, void (*operation)(void *), void *argument, size_t samples);

/* Print a line for what cannot be measured here. */
void not_measured(const char *name, const char *why);

/* A native IPC call and its reply between two processes. Where there are no
 * native calls it prints `ipc_call_reply<TAB>-`. */
void bench_ipc(void);

#endif
