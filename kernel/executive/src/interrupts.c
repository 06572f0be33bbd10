/* kernel/executive/src/interrupts.c: vectors to the modules that own them. */
#include <hal/hal.h>
#include <lowlevel/cpu.h>
#include <lowlevel/trap.h>
#include <mm/space.h>
#include <nucleus/counter.h>
#include <nucleus/log.h>
#include <nucleus/panic.h>
#include <sched/thread.h>
#include "internal.h"

#define PANIC_EXIT_CODE 0x55

static void dispatch(struct trap_frame *f)
{
	counter_inc(COUNTER_INTERRUPT);
	switch (f->vector) {
	case TRAP_TIMER:
		hal_eoi();
		sched_timer_interrupt(trap_from_user(f));
		break;
	case TRAP_RESCHEDULE:
		hal_eoi();
		this_cpu()->need_resched = 1;
		break;
	case TRAP_SHOOTDOWN:
		mm_shootdown_interrupt();
		hal_eoi();
		break;
	case TRAP_STOP:
		for (;;)
			__asm__ volatile("cli; hlt");
	default:
		hal_irq_dispatch((uint32_t)f->vector);
	}
}

static void stop_others(void)
{
	if (hal_tsc_hz())
		hal_send_ipi_others(TRAP_STOP);
}

static void dump(const struct trap_frame *f, uint64_t rbp, uint64_t rip)
{
	struct thread *t = current_thread();

	if (t)
		log_raw("--- thread %u '%s'%s\n", t->tid, t->name, t->is_idle ? " (idle)" : t->is_kernel ? " (kernel)" : "");
	if (f) {
		trap_dump(f);
		backtrace_dump(f->rbp, f->rip);
	} else {
		backtrace_dump(rbp, rip);
	}
}

static void __noreturn halt(void)
{
	hal_debug_exit(PANIC_EXIT_CODE);
	for (;;)
		__asm__ volatile("cli; hlt");
}

void interrupts_init(void)
{
	trap_ops.interrupt = dispatch;
	panic_ops.stop_others = stop_others;
	panic_ops.dump = dump;
	panic_ops.halt = halt;
}
