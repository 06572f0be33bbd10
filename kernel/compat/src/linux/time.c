/* kernel/compat/src/linux/time.c: clocks and sleeping. */
#include <io/event.h>
#include <ipc/endpoint.h>
#include <linux/time.h>
#include <mm/usercopy.h>
#include <sched/clock_page.h>

#include "cpu_clock.h"
#include "dispatch.h"

#define TICKS_PER_SEC 100

struct linux_time { int64_t sec, part; };

static int time_in(uint64_t user, int64_t part_limit, uint64_t ns_per_part, uint64_t *ns)
{
	struct linux_time t;

	if (copy_from_user(&t, user_ptr(user), sizeof(t)))
		return -EFAULT;
	if (t.sec < 0 || t.part < 0 || t.part >= part_limit)
		return -EINVAL;
	*ns = (uint64_t)t.sec >= LINUX_TIME_MAX_NS / NSEC_PER_SEC ? LINUX_TIME_MAX_NS :
		(uint64_t)t.sec * NSEC_PER_SEC + (uint64_t)t.part * ns_per_part;
	return 0;
}

static int time_out(uint64_t user, uint64_t ns_per_part, uint64_t ns)
{
	struct linux_time t = { (int64_t)(ns / NSEC_PER_SEC), (int64_t)(ns % NSEC_PER_SEC / ns_per_part) };

	return copy_to_user(user_ptr(user), &t, sizeof(t));
}

int linux_timespec_in(uint64_t user, uint64_t *ns)
{
	return time_in(user, (int64_t)NSEC_PER_SEC, 1, ns);
}

int linux_timespec_out(uint64_t user, uint64_t ns)
{
	return time_out(user, 1, ns);
}

int linux_timeval_in(uint64_t user, uint64_t *ns)
{
	return time_in(user, (int64_t)(NSEC_PER_SEC / NSEC_PER_USEC), NSEC_PER_USEC, ns);
}

int linux_timeval_out(uint64_t user, uint64_t ns)
{
	return time_out(user, NSEC_PER_USEC, ns);
}

uint64_t linux_deadline_after(uint64_t ns)
{
	uint64_t deadline = clock_monotonic_ns() + MIN(ns, LINUX_TIME_MAX_NS);

	return deadline ? deadline : 1;
}

/* ---- reading ---- */

int linux_clock_read(int32_t clock, uint64_t *ns)
{
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_TAI:
		*ns = clock_realtime_ns();
		return 0;
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_BOOTTIME:
		*ns = clock_monotonic_ns();
		return 0;
	case CLOCK_REALTIME_COARSE:
		*ns = clock_realtime_ns() / CLOCK_COARSE_NS * CLOCK_COARSE_NS;
		return 0;
	case CLOCK_MONOTONIC_COARSE:
		*ns = clock_monotonic_ns() / CLOCK_COARSE_NS * CLOCK_COARSE_NS;
		return 0;
	case CLOCK_REALTIME_ALARM:
		*ns = clock_realtime_ns();
		return 0;
	case CLOCK_BOOTTIME_ALARM:
		*ns = clock_monotonic_ns();
		return 0;
	default:
		return cpu_clock_read(clock, ns);
	}
}

int64_t linux_sys_clock_gettime(const uint64_t a[6])
{
	uint64_t ns;
	int err = linux_clock_read((int32_t)a[0], &ns);

	return err ? err : linux_timespec_out(a[1], ns);
}

int64_t linux_sys_clock_getres(const uint64_t a[6])
{
	int32_t clock = (int32_t)a[0];
	uint64_t ns;
	int err = linux_clock_read(clock, &ns);

	if (err)
		return err;
	ns = clock == CLOCK_REALTIME_COARSE || clock == CLOCK_MONOTONIC_COARSE ? CLOCK_COARSE_NS : 1;
	return a[1] ? linux_timespec_out(a[1], ns) : 0;
}

int64_t linux_sys_gettimeofday(const uint64_t a[6])
{
	const struct timezone zone = { 0 };

	if (a[0] && linux_timeval_out(a[0], clock_realtime_ns()))
		return -EFAULT;
	return a[1] ? copy_to_user(user_ptr(a[1]), &zone, sizeof(zone)) : 0;
}

int64_t linux_sys_time(const uint64_t a[6])
{
	int64_t now = (int64_t)(clock_realtime_ns() / NSEC_PER_SEC);

	if (a[0] && copy_to_user(user_ptr(a[0]), &now, sizeof(now)))
		return -EFAULT;
	return now;
}

int64_t linux_sys_times(const uint64_t a[6])
{
	struct process *p = ps_current();
	const uint64_t ns_per_tick = NSEC_PER_SEC / TICKS_PER_SEC;
	struct { int64_t utime, stime, cutime, cstime; } t;
	uint64_t user, system;

	if (a[0]) {
		ps_cpu_time(p, &user, &system);
		t.utime = (int64_t)(user / ns_per_tick);
		t.stime = (int64_t)(system / ns_per_tick);
		t.cutime = (int64_t)(p->children_user_ns / ns_per_tick);
		t.cstime = (int64_t)(p->children_system_ns / ns_per_tick);
		if (copy_to_user(user_ptr(a[0]), &t, sizeof(t)))
			return -EFAULT;
	}
	return (int64_t)(clock_monotonic_ns() / ns_per_tick);
}

/* ---- setting: syscalld decides ---- */

static struct wait_queue clock_set_wait;
static uint32_t clock_set_count;

void linux_time_init(void)
{
	waitq_init(&clock_set_wait);
}

void linux_set_realtime(uint64_t ns)
{
	clock_set_realtime_ns(ns);
	__atomic_fetch_add(&clock_set_count, 1, __ATOMIC_ACQ_REL);
	waitq_wake_all(&clock_set_wait, 0);
	linux_timers_clock_was_set();
	timerfd_clock_was_set();
}

static int64_t set_clock(int32_t clock, uint64_t ns)
{
	const struct credentials *c = ps_credentials();
	struct ipc_kernel_call call = {
		.words = { SYSCALLD_SETCLOCK, (uint64_t)clock, ns, c->uid | (c->cap_effective & 0xffffffff) << 32 },
	};
	int64_t err = ipc_call_service(SERVICE_SYSCALLD, &call);

	if (!err)
		err = (int64_t)call.words[0];
	if (!err)
		linux_set_realtime(ns);
	return err;
}

int64_t linux_sys_clock_settime(const uint64_t a[6])
{
	uint64_t ns;
	int err;

	/* Only the real-time clock can be set; the others exist or do not. */
	if ((int32_t)a[0] != CLOCK_REALTIME)
		return -EINVAL;
	err = linux_timespec_in(a[1], &ns);
	return err ? err : set_clock(CLOCK_REALTIME, ns);
}

int64_t linux_sys_settimeofday(const uint64_t a[6])
{
	uint64_t ns;
	int err;

	if (!a[0])
		return a[1] ? -EINVAL : 0;
	err = linux_timeval_in(a[0], &ns);
	return err ? err : set_clock(CLOCK_REALTIME, ns);
}

/* ---- sleeping ---- */

static int sleep_until(uint64_t deadline)
{
	int err;

	do {
		err = thread_block(INTERRUPT_LINUX, deadline);
	} while (!err);
	return err == -ETIMEDOUT ? 0 : err;
}

static int64_t sleep_remaining(uint64_t deadline, uint64_t remainder_to)
{
	uint64_t now = clock_monotonic_ns();

	if (!remainder_to)
		return 0;
	return linux_timespec_out(remainder_to, deadline > now ? deadline - now : 0);
}

static int64_t sleep_again(struct ps_thread *t);

static int64_t sleep_relative(uint64_t deadline, uint64_t remainder_to)
{
	if (!sleep_until(deadline))
		return 0;
	if (sleep_remaining(deadline, remainder_to))
		return -EFAULT;
	return linux_set_restart(sleep_again, deadline, remainder_to, 0, 0, 0);
}

static int64_t sleep_again(struct ps_thread *t)
{
	return sleep_relative(t->restart.deadline_ns, t->restart.args[0]);
}

int64_t linux_sys_nanosleep(const uint64_t a[6])
{
	uint64_t ns;
	int err = linux_timespec_in(a[0], &ns);

	return err ? err : sleep_relative(linux_deadline_after(ns), a[1]);
}

static bool can_sleep_on(int32_t clock)
{
	return clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC || clock == CLOCK_BOOTTIME || clock == CLOCK_TAI;
}

/* The monotonic time at which @clock shows @ns. */
uint64_t linux_clock_to_monotonic(int32_t clock, uint64_t ns)
{
	uint64_t offset = clock == CLOCK_REALTIME || clock == CLOCK_TAI ? clock_realtime_ns() - clock_monotonic_ns() : 0;

	return ns > offset ? MAX(ns - offset, 1) : 1;
}

/* An absolute time: when the clock is set, the rest is worked out anew. */
static int64_t sleep_until_clock(int32_t clock, uint64_t ns)
{
	uint32_t count;
	int err;

	do {
		count = atomic_load(&clock_set_count);
		err = WAIT_EVENT(&clock_set_wait, atomic_load(&clock_set_count) != count, INTERRUPT_LINUX,
				 linux_clock_to_monotonic(clock, ns));
	} while (!err);
	return err == -ETIMEDOUT ? 0 : -ERESTARTNOHAND;
}

int64_t linux_sys_clock_nanosleep(const uint64_t a[6])
{
	int32_t clock = (int32_t)a[0];
	uint64_t ns, now;
	int err;

	if (!can_sleep_on(clock)) {
		err = linux_clock_read(clock, &now);
		return err ? err : -EOPNOTSUPP;
	}
	err = linux_timespec_in(a[2], &ns);
	if (err)
		return err;
	if (!(a[1] & TIMER_ABSTIME))
		return sleep_relative(linux_deadline_after(ns), a[3]);
	return sleep_until_clock(clock, ns);
}
