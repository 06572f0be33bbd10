/* kernel/mm/test/machine.h: a machine of a few MiB for the tests: frames, heap, nothing else. */
#ifndef TEST_MACHINE_H
#define TEST_MACHINE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <errno.h>
#include <string.h>

#include <cmocka.h>

#include <mm/frame.h>
#include <mm/heap.h>
#include <nucleus/fault.h>

#include "../src/frame_internal.h"

#define MACHINE_FRAMES 4096u

/* A new machine: every frame free, every fault point off. The heap's caches keep their
 * slabs for the life of the program, so it is made once. */
int machine_setup(void **state);
/* What frames_wait() was asked; tests read and set them. */
extern unsigned machine_waits;
extern bool machine_wait_result;

static inline uint64_t test_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1du;
}

#endif
