/* kernel/mm/test/fake/nucleus/fault.h: fault points that a test arms by hand. */
#ifndef NUCLEUS_FAULT_H
#define NUCLEUS_FAULT_H

#include <nucleus/compiler.h>

enum fault_point { FAULT_ALLOC_FRAME, FAULT_ALLOC_HEAP };

/* Allocations at the point that still succeed; negative: all. */
extern int fake_fault_after[2];

static inline bool fault_should_fail(enum fault_point point)
{
	if (fake_fault_after[point] < 0)
		return false;
	return fake_fault_after[point]-- == 0;
}

#endif
