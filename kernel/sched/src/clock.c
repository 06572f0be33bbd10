/* kernel/sched/src/clock.c: the two clocks programs see. */
#include <hal/hal.h>
#include <sched/thread.h>

static uint64_t realtime_offset;

uint64_t clock_monotonic_ns(void)
{
	return hal_clock_ns();
}

uint64_t clock_realtime_ns(void)
{
	return hal_clock_ns() + __atomic_load_n(&realtime_offset, __ATOMIC_RELAXED);
}

void clock_set_realtime_ns(uint64_t now_ns)
{
	__atomic_store_n(&realtime_offset, now_ns - hal_clock_ns(), __ATOMIC_RELAXED);
}
