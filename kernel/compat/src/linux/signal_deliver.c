/* kernel/compat/src/linux/signal_deliver.c: signals and restarts on the way back to user mode (man 7 signal). */
#include <asm/signal.h>

#include "../nt/console.h"
#include "../outcomes.h"
#include "dispatch.h"
#include "signal_frame.h"

#define NR_RESTART_SYSCALL 219
#define SYSCALL_BYTES 2		/* of the instruction that is run again */

static bool in_call_to_restart(const struct trap_frame *f)
{
	return f->vector == TRAP_SYSCALL && f->error != NO_CALL && is_restart_code((int64_t)f->rax);
}

static void run_again(struct trap_frame *f, uint64_t nr)
{
	f->rax = nr;
	f->rip -= SYSCALL_BYTES;
	f->rcx = f->rip;
	f->error = NO_CALL;
}

static void interrupted(struct trap_frame *f)
{
	f->rax = (uint64_t)-EINTR;
	if (outcomes_are_told())
		linux_tell_outcome(f->error, -EINTR);
}

static void restart_after_handler(struct trap_frame *f, const struct signal_action *action)
{
	int64_t code = (int64_t)f->rax;

	if (code == -ERESTARTNOINTR || (code == -ERESTARTSYS && (action->flags & SA_RESTART)))
		run_again(f, f->error);
	else
		interrupted(f);
}

static void restart_without_handler(struct trap_frame *f)
{
	bool from_block = (int64_t)f->rax == -ERESTART_RESTARTBLOCK;

	run_again(f, from_block ? NR_RESTART_SYSCALL : f->error);
}

static void deliver_to_handler(struct trap_frame *f, const struct signal_info *info, const struct signal_action *action)
{
	struct ps_thread *t = ps_current_thread();
	uint64_t mask = t->has_saved_mask ? t->saved_mask : t->blocked;
	uint64_t during = t->blocked | action->mask;

	if (t->rseq)
		linux_rseq_signal(f);
	if (signal_frame_push(f, info, action, mask)) {
		/* No stack for SIGSEGV's own handler either: nothing is left but to end (Linux: force_sigsegv). */
		if (info->signo == SIGSEGV)
			signal_end_current(SIGSEGV);
		else
			signal_force_current(SIGSEGV, SIGNAL_CODE_KERNEL, 0);
		return;
	}
	t->has_saved_mask = false;
	if (!(action->flags & SA_NODEFER))
		during |= SIGNAL_BIT(info->signo);
	signal_set_mask(during);
}

void linux_deliver(struct trap_frame *f)
{
	struct ps_thread *t = ps_current_thread();
	struct signal_info info;
	struct signal_action action;

	if (signal_take(&info, &action)) {
		linux_timer_signal_taken(&info);
		if (t->process->strace)
			strace_signal(&info);
		if (t->process->nt) {
			nt_console_signal(info.signo);
			return;
		}
		if (in_call_to_restart(f))
			restart_after_handler(f, &action);
		deliver_to_handler(f, &info, &action);
		return;
	}
	if (in_call_to_restart(f))
		restart_without_handler(f);
	if (t->has_saved_mask) {
		t->has_saved_mask = false;
		signal_set_mask(t->saved_mask);
	}
}
