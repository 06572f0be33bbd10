/* kernel/compat/src/nt/end.c: the end of processes and threads. */
#include "nt.h"

#define PROCESS_TERMINATE 0x0001u
#define ALL_THREADS_BUT_MINE 0ull

ntstatus nt_sys_NtTerminateProcess(const uint64_t *a)
{
	struct process *p;
	ntstatus status;

	if (a[0] == NT_CURRENT_PROCESS)
		ps_exit_group((uint32_t)a[1], 0);
	if (a[0] == ALL_THREADS_BUT_MINE)
		return STATUS_SUCCESS;	/* there are no others yet */
	status = nt_process_lookup(a[0], PROCESS_TERMINATE, &p);
	if (status)
		return status;
	ps_put(p);
	return STATUS_NOT_IMPLEMENTED;
}
