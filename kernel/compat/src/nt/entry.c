/* kernel/compat/src/nt/entry.c: what happens to an NT thread on its way back to user mode. */
#include <lowlevel/cpu.h>

#include "apc.h"

#include "../linux/dispatch.h"

/* A user APC waits for an alertable wait; the rest is acted on at once. */
#define AT_ONCE (INTERRUPT_FATAL | INTERRUPT_SIGNAL | INTERRUPT_SUSPEND | INTERRUPT_SPECIAL_APC)

static void deliver(struct trap_frame *f, struct nt_thread *nt)
{
	struct thread *t = current_thread();

	if (READ_ONCE(t->interrupts) & (INTERRUPT_SIGNAL | INTERRUPT_FATAL))
		linux_deliver(f);
	if (READ_ONCE(t->interrupts) & INTERRUPT_SUSPEND)
		nt_suspend_point();
	if (nt->runs_apc) {
		nt->runs_apc = false;
		nt_apc_deliver(f, (ntstatus)f->rax);
	}
}

void nt_user_return(struct trap_frame *f)
{
	struct thread *t = current_thread();
	struct nt_thread *nt = nt_current_thread();

	while (unlikely((READ_ONCE(t->interrupts) & AT_ONCE) | this_cpu()->need_resched | nt->runs_apc)) {
		interrupts_enable();
		sched_cond_resched();
		deliver(f, nt);
		interrupts_disable();
	}
}
