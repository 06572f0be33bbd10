/* kernel/ps/src/core.c: bringing a process to rest for its core dump (man 5 core).
 *
 * A signal whose default is to dump core chooses the thread that takes it. Every thread is
 * interrupted as for any end; on its way to user mode it waits instead of leaving, until the
 * chosen one has seen all of them rest and has written the core. Who leaves by another way
 * is not in it.
 */
#include "internal.h"
#include "signal_rules.h"

#define CORE_SET (SIGNAL_BIT(SIGQUIT) | SIGNAL_BIT(SIGILL) | SIGNAL_BIT(SIGTRAP) | SIGNAL_BIT(SIGABRT) | \
	SIGNAL_BIT(SIGBUS) | SIGNAL_BIT(SIGFPE) | SIGNAL_BIT(SIGSEGV) | SIGNAL_BIT(SIGXCPU) | SIGNAL_BIT(SIGXFSZ) | \
	SIGNAL_BIT(SIGSYS))

static bool wants_core(const struct process *p, int sig)
{
	return (CORE_SET & SIGNAL_BIT(sig)) && p->dumpable && !p->is_service && ps_upper_ops.core_dump &&
	       p->envelope.limits[LIMIT_CORE].cur >= PAGE_SIZE;
}

void end_by_signal(struct process *p, struct ps_thread *t, int sig, const struct signal_info *info)
{
	if (p->group_exit)
		return;
	if (wants_core(p, sig)) {
		p->core_thread = t;
		p->core_info = info ? *info : (struct signal_info){ .code = SIGNAL_CODE_KERNEL };
		p->core_info.signo = sig;
	}
	exit_threads_of(p, 0, sig);
}

void core_leave(struct process *p, struct ps_thread *t)
{
	if (p->core_thread == t)
		p->core_thread = list_first_entry(&p->threads, struct ps_thread, process_node);
}

static void rest(struct process *p, struct ps_thread *t)
{
	uint64_t flags = signals_lock(p);

	p->core_waiting++;
	signals_unlock(p, flags);
	waitq_wake_all(&p->stop_wait, 0);
	(void)WAIT_EVENT(&p->stop_wait, !READ_ONCE(p->core_thread) || READ_ONCE(p->core_thread) == t, 0, 0);
	flags = signals_lock(p);
	p->core_waiting--;
	signals_unlock(p, flags);
}

static void dump(struct process *p, struct ps_thread *t)
{
	uint64_t flags;

	(void)WAIT_EVENT(&p->stop_wait, READ_ONCE(p->core_waiting) + 1 == READ_ONCE(p->nthreads), 0, 0);
	flags = signals_lock(p);
	/* Nothing is to interrupt the writing. */
	t->is_exiting = true;
	thread_clear_interrupt(&t->thread, ~0u);
	signals_unlock(p, flags);
	p->core_dumped = ps_upper_ops.core_dump(&p->core_info);
	flags = signals_lock(p);
	p->core_thread = NULL;
	signals_unlock(p, flags);
	waitq_wake_all(&p->stop_wait, 0);
}

void core_take_part(struct ps_thread *t)
{
	struct process *p = t->process;

	while (READ_ONCE(p->core_thread)) {
		if (READ_ONCE(p->core_thread) == t)
			dump(p, t);
		else
			rest(p, t);
	}
}

void ps_for_each_resting(void (*fn)(struct ps_thread *t, void *context), void *context)
{
	struct ps_thread *t, *me = ps_current_thread();

	/* Nobody joins or leaves: no lock is needed, and @fn may sleep. */
	fn(me, context);
	LIST_FOR_EACH_ENTRY(t, &me->process->threads, process_node) {
		if (t != me)
			fn(t, context);
	}
}

struct trap_frame *ps_user_frame(const struct ps_thread *t)
{
	return (struct trap_frame *)t->thread.kernel_stack_top - 1;
}
