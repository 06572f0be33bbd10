/* hostile/nt_progress.h: what hostile-nt, a Linux program, and its monkeys, Windows programs, share in a mapped file. */
#ifndef HOSTILE_NT_PROGRESS_H
#define HOSTILE_NT_PROGRESS_H

#include <stdint.h>

enum nt_number {
#define SERVICE(name, ...) NUMBER_##name,
#include <nt/syscalls.def>
#undef SERVICE
	NT_NAMED,
	/* Numbers that no thunk has must be refused too. */
	NT_NUMBERS = NT_NAMED + 6,
};

#define NT_MAX_WORKERS 16
#define NT_END_MS 10000	/* for a terminated thread, all processors busy */

struct nt_progress {
	uint64_t counts[NT_NUMBERS];
	uint64_t calls;
	/* Threads that waited for ever in a call and were terminated by their process. */
	uint64_t terminated;
	uint64_t outlived;	/* of those, the ones that did not end of it */
	struct {
		volatile uint64_t beat;		/* changed by the monkey before each call */
		volatile uint32_t number;	/* of the call being made */
		volatile uint32_t is_ending;	/* a terminated thread is waited for, at most NT_END_MS */
	} workers[NT_MAX_WORKERS];
};

#endif
