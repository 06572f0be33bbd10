/* kernel/compat/src/nt/queries.c: what programs ask about the system, their process and token. */
#include <mm/heap.h>
#include <nucleus/log.h>

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

#define DEBUG_TEXT_BYTES 200

/* What ntdll and its like have to tell about themselves belongs in the log. */
ntstatus nt_sys___wine_dbg_write(const uint64_t *a)
{
	char text[DEBUG_TEXT_BYTES];
	size_t n = MIN((uint32_t)a[1], sizeof(text) - 1), got = copy_from_user_partial(text, nt_ptr(a[0]), n);

	while (got && text[got - 1] == '\n')
		got--;
	text[got] = '\0';
	if (got)
		log_info(COMPAT, "%s: %s", ps_current()->name, text);
	return (ntstatus)a[1];
}
