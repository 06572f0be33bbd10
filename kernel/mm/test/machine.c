/* kernel/mm/test/machine.c: what the tested files call in modules that are not there. */
#include "machine.h"

#include <stdlib.h>

uint64_t fake_direct_map, fake_frame_array;
int fake_fault_after[2] = { -1, -1 };
unsigned machine_waits;
bool machine_wait_result;

void fake_panic(const char *file, int line)
{
	mock_assert(0, "panic", file, line);
	abort();
}

bool frames_wait(unsigned order, unsigned attempt)
{
	machine_waits++;
	return machine_wait_result;
}

void frames_wake_reclaim(void)
{
}

uint64_t virt_to_phys(const void *p)
{
	return (uint64_t)(uintptr_t)p - fake_direct_map;
}

int machine_setup(void **state)
{
	fake_direct_map = (uint64_t)(uintptr_t)aligned_alloc(4ul << 20, MACHINE_FRAMES * PAGE_SIZE);
	fake_frame_array = (uint64_t)(uintptr_t)calloc(MACHINE_FRAMES, sizeof(struct frame));
	if (!fake_direct_map || !fake_frame_array)
		return -1;
	frames_init(MACHINE_FRAMES);
	frames_add_range(0, MACHINE_FRAMES);
	frames_ready();
	return 0;
}
