/* kernel/sched/include/sched/clock_page.h: what programs need to read the clocks themselves.
 *
 * The page is mapped read-only below the vDSO. Scale and start never change after boot;
 * the offset is one word, written at once, so that a reader needs no sequence count.
 */
#ifndef SCHED_CLOCK_PAGE_H
#define SCHED_CLOCK_PAGE_H

#include <stdint.h>

#define CLOCK_PAGE_BYTES 4096
#define CLOCK_COARSE_NS 4000000ull	/* what the coarse clocks count by */

/* Monotonic ns = (TSC - tsc_start) * ns_per_tsc >> 32, in 128 bits. */
struct clock_page {
	uint64_t tsc_start;
	uint64_t ns_per_tsc;		/* 32.32 fixed point */
	uint64_t realtime_offset_ns;	/* realtime - monotonic */
};

#endif
