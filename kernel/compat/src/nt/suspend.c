/* kernel/compat/src/nt/suspend.c: suspended threads and processes (Microsoft Learn: SuspendThread, ResumeThread). */
#include <mm/heap.h>

#include "apc.h"

#define THREAD_SUSPEND_RESUME 0x0002u
#define PROCESS_SUSPEND_RESUME 0x0800u
#define SUSPEND_MAX 127u

void nt_suspend_point(void)
{
	struct ps_thread *t = ps_current_thread();
	struct nt_thread *nt = t->nt;

	while (READ_ONCE(nt->suspend_count) && !(READ_ONCE(t->thread.interrupts) & INTERRUPT_FATAL))
		(void)thread_block(INTERRUPT_FATAL | INTERRUPT_SPECIAL_APC, 0);
}

/* Add @delta, 1 or -1, to @t's count, which was *@was. */
static ntstatus change(struct ps_thread *t, int delta, uint32_t *was)
{
	struct nt_thread *nt = t->nt;
	ntstatus status = STATUS_SUCCESS;
	uint64_t flags;

	*was = 0;
	if (!nt)
		return STATUS_THREAD_IS_TERMINATING;
	flags = spin_lock_irqsave(&nt->lock);
	if (t->is_exiting) {
		status = STATUS_THREAD_IS_TERMINATING;
	} else {
		*was = nt->suspend_count;
		if (delta > 0 && *was == SUSPEND_MAX)
			status = STATUS_SUSPEND_COUNT_EXCEEDED;
		else if (delta > 0 || *was)
			nt->suspend_count = *was + (uint32_t)delta;
	}
	spin_unlock_irqrestore(&nt->lock, flags);
	if (!status && delta > 0 && !*was)
		thread_interrupt(&t->thread, INTERRUPT_SUSPEND);
	if (!status && delta < 0 && *was == 1) {
		thread_clear_interrupt(&t->thread, INTERRUPT_SUSPEND);
		thread_wake(&t->thread);
	}
	return status;
}

static ntstatus change_thread(const uint64_t *a, int delta, bool alerts)
{
	struct ps_thread *t;
	uint32_t was;
	ntstatus status = nt_thread_lookup(a[0], THREAD_SUSPEND_RESUME, &t);

	if (status)
		return status;
	if (alerts)
		status = nt_alert(t);
	if (!status)
		status = change(t, delta, &was);
	ps_thread_put(t);
	return status || !a[1] ? status : nt_put32(a[1], was);
}

ntstatus nt_sys_NtSuspendThread(const uint64_t *a)
{
	return change_thread(a, 1, false);
}

ntstatus nt_sys_NtResumeThread(const uint64_t *a)
{
	return change_thread(a, -1, false);
}

ntstatus nt_sys_NtAlertResumeThread(const uint64_t *a)
{
	return change_thread(a, -1, true);
}

/* ---- all threads of a process ---- */

struct threads {
	struct process *process;
	struct ps_thread **list;	/* references; NULL: only count */
	uint32_t n, room;
};

/* The tree lock and the process's signal lock are held. */
static void collect(struct ps_thread *t, void *context)
{
	struct threads *all = context;

	if (t->process != all->process)
		return;
	if (all->list && all->n < all->room) {
		object_get(&t->object);
		all->list[all->n] = t;
	}
	all->n++;
}

static ntstatus change_all(struct process *p, int delta)
{
	struct threads all = { .process = p };
	uint32_t was;

	ps_for_each_thread(collect, &all);
	all.room = all.n;
	all.list = all.room ? kmalloc(all.room * sizeof(struct ps_thread *), HEAP_NOZERO) : NULL;
	if (!all.list)
		return all.room ? STATUS_NO_MEMORY : STATUS_PROCESS_IS_TERMINATING;
	all.n = 0;
	ps_for_each_thread(collect, &all);
	for (uint32_t i = 0; i < MIN(all.n, all.room); i++) {
		/* One that ends meanwhile needs no more. */
		(void)change(all.list[i], delta, &was);
		ps_thread_put(all.list[i]);
	}
	kfree(all.list);
	return STATUS_SUCCESS;
}

static ntstatus change_process(uint64_t handle, int delta)
{
	struct process *p;
	ntstatus status = nt_process_lookup(handle, PROCESS_SUSPEND_RESUME, &p);

	if (status)
		return status;
	status = p->nt ? change_all(p, delta) : STATUS_NOT_SUPPORTED;
	ps_put(p);
	return status;
}

ntstatus nt_sys_NtSuspendProcess(const uint64_t *a)
{
	return change_process(a[0], 1);
}

ntstatus nt_sys_NtResumeProcess(const uint64_t *a)
{
	return change_process(a[0], -1);
}
