/* kernel/executive/src/measure.c: how much of the time is user mode's, for ./x bench.
 *
 * Asked for by fw_cfg, it stands before the edge in trap_ops and reads the time-stamp
 * counter on every way in and out; a machine that is not asked pays nothing. A thread's
 * first stretch in user mode is not counted: nobody saw it begin.
 */
#include <albireo/exec_request.h>
#include <hal/hal.h>
#include <lowlevel/cpu.h>
#include <lowlevel/trap.h>
#include <nucleus/counter.h>
#include <sched/thread.h>

#include "internal.h"

static struct trap_ops edge;
static uint64_t left_at[MAX_CPUS];	/* when user mode was entered; 0: not known */

static void enter(void)
{
	uint64_t *left = &left_at[cpu_index()], now = rdtsc();

	counter_inc(COUNTER_USER_EXIT);
	if (*left)
		counter_add(current_thread()->personality == PERSONALITY_SERVICE ? COUNTER_USER_TSC_SERVICE :
			    COUNTER_USER_TSC_PROGRAM, now - *left);
	*left = 0;
}

static void page_fault(struct trap_frame *f, uint64_t address, uint64_t error)
{
	if (trap_from_user(f))
		enter();
	edge.page_fault(f, address, error);
}

static void user_exception(struct trap_frame *f)
{
	enter();
	edge.user_exception(f);
}

static void interrupt(struct trap_frame *f)
{
	if (trap_from_user(f))
		enter();
	edge.interrupt(f);
}

static void syscall(struct trap_frame *f)
{
	enter();
	edge.syscall(f);
}

static void user_return(struct trap_frame *f)
{
	edge.user_return(f);
	left_at[cpu_index()] = rdtsc();
}

void measure_init(void)
{
	char text[2];

	if (hal_fw_cfg_read(EXEC_MEASURE_FILE, text, sizeof(text), 0) <= 0)
		return;
	edge = trap_ops;
	trap_ops = (struct trap_ops){
		.page_fault = page_fault,
		.user_exception = user_exception,
		.interrupt = interrupt,
		.syscall = syscall,
		.user_return = user_return,
	};
}
