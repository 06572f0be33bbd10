/* kernel/compat/src/nt/suspend.c: suspended threads (Microsoft Learn: SuspendThread, ResumeThread). */
#include "apc.h"

#define THREAD_SUSPEND_RESUME 0x0002u
#define SUSPEND_MAX 127u

void nt_suspend_point(void)
{
	struct ps_thread *t = ps_current_thread();
	struct nt_thread *nt = t->nt;

	while (READ_ONCE(nt->suspend_count) && !(READ_ONCE(t->thread.interrupts) & INTERRUPT_FATAL))
		(void)thread_block(INTERRUPT_FATAL | INTERRUPT_SPECIAL_APC, 0);
}

static ntstatus change(uint64_t handle, int delta, uint64_t user_previous)
{
	struct ps_thread *t;
	struct nt_thread *nt;
	uint32_t was = 0;
	uint64_t flags;
	ntstatus status = nt_thread_lookup(handle, THREAD_SUSPEND_RESUME, &t);

	if (status)
		return status;
	nt = t->nt;
	flags = nt ? spin_lock_irqsave(&nt->lock) : 0;
	if (!nt || t->is_exiting) {
		status = STATUS_THREAD_IS_TERMINATING;
	} else {
		was = nt->suspend_count;
		if (delta > 0 && was == SUSPEND_MAX)
			status = STATUS_SUSPEND_COUNT_EXCEEDED;
		else if (delta > 0 || was)
			nt->suspend_count = was + (uint32_t)delta;
	}
	if (nt)
		spin_unlock_irqrestore(&nt->lock, flags);
	if (!status && delta > 0 && !was)
		thread_interrupt(&t->thread, INTERRUPT_SUSPEND);
	if (!status && delta < 0 && was == 1) {
		thread_clear_interrupt(&t->thread, INTERRUPT_SUSPEND);
		thread_wake(&t->thread);
	}
	ps_thread_put(t);
	return status || !user_previous ? status : nt_put32(user_previous, was);
}

ntstatus nt_sys_NtSuspendThread(const uint64_t *a)
{
	return change(a[0], 1, a[1]);
}

ntstatus nt_sys_NtResumeThread(const uint64_t *a)
{
	return change(a[0], -1, a[1]);
}
