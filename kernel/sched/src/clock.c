/* kernel/sched/src/clock.c: the two clocks programs see. */
#include <hal/boot_info.h>
#include <hal/hal.h>
#include <sched/clock_page.h>
#include <sched/thread.h>

/* Programs see the whole page: nothing else may lie in it. */
static union {
	struct clock_page page;
	uint8_t bytes[CLOCK_PAGE_BYTES];
} shared __aligned(CLOCK_PAGE_BYTES);

uint64_t clock_monotonic_ns(void)
{
	return hal_clock_ns();
}

uint64_t clock_realtime_ns(void)
{
	return hal_clock_ns() + __atomic_load_n(&shared.page.realtime_offset_ns, __ATOMIC_RELAXED);
}

void clock_set_realtime_ns(uint64_t now_ns)
{
	__atomic_store_n(&shared.page.realtime_offset_ns, now_ns - hal_clock_ns(), __ATOMIC_RELAXED);
}

uint64_t clock_page_physical(void)
{
	hal_clock_scale(&shared.page.tsc_start, &shared.page.ns_per_tsc);
	return (uint64_t)(uintptr_t)&shared - BOOT_KERNEL_BASE;
}
