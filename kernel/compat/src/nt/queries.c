/* kernel/compat/src/nt/queries.c: the time of day and the performance counter. */
#include "nt.h"
#include "shared_data.h"

#define NS_PER_QPC 100u

ntstatus nt_sys_NtQuerySystemTime(const uint64_t *a)
{
	return nt_put64(a[0], clock_realtime_ns() / NT_NS_PER_TICK + NT_EPOCH_TICKS);
}

ntstatus nt_sys_NtQueryPerformanceCounter(const uint64_t *a)
{
	ntstatus status = nt_put64(a[0], clock_monotonic_ns() / NS_PER_QPC);

	return status || !a[1] ? status : nt_put64(a[1], NSEC_PER_SEC / NS_PER_QPC);
}
