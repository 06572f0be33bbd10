/* kernel/compat/src/linux/timers_interval.c: alarm and the three interval timers (man 2 setitimer). */
#include <linux/time.h>
#include <mm/usercopy.h>

#include "timers.h"

#define SIGALRM_NR 14

static void alarm_expired(struct ktimer *timer)
{
	struct process *p = timer->context;
	uint64_t interval = READ_ONCE(p->alarm_interval_ns);

	signal_send_process(p, SIGALRM_NR, NULL);
	p->alarm_expires_ns = 0;
	if (interval) {
		p->alarm_expires_ns = timer->expires_ns + interval;
		ktimer_start(timer, p->alarm_expires_ns);
	}
}

static uint64_t alarm_left(const struct process *p)
{
	uint64_t expires = READ_ONCE(p->alarm_expires_ns), now = clock_monotonic_ns();

	if (!expires)
		return 0;
	return expires > now ? expires - now : NSEC_PER_USEC;
}

static void set_alarm(uint64_t ns, uint64_t interval_ns, uint64_t *left, uint64_t *old_interval)
{
	struct process *p = ps_current();

	*left = alarm_left(p);
	*old_interval = p->alarm_interval_ns;
	WRITE_ONCE(p->alarm_interval_ns, 0);
	ktimer_cancel(&p->alarm_timer);
	p->alarm_expires_ns = 0;
	if (!ns)
		return;
	ktimer_init(&p->alarm_timer, alarm_expired, p);
	p->alarm_expires_ns = linux_deadline_after(ns);
	WRITE_ONCE(p->alarm_interval_ns, interval_ns);
	ktimer_start(&p->alarm_timer, p->alarm_expires_ns);
}

int64_t linux_sys_alarm(const uint64_t a[6])
{
	uint64_t left, interval;

	set_alarm((uint64_t)(uint32_t)a[0] * NSEC_PER_SEC, 0, &left, &interval);
	/* Rounded to the nearest second, but never to none (Linux: alarm_setitimer). */
	if (!left)
		return 0;
	return (int64_t)MAX((left + NSEC_PER_SEC / 2) / NSEC_PER_SEC, 1ull);
}

static struct linux_timer *cpu_timer(int which)
{
	struct linux_timers *all = linux_timers_get(ps_current());

	if (!all)
		return NULL;
	return which == ITIMER_VIRTUAL ? &all->virtual : &all->prof;
}

static int read_timer(int which, uint64_t *left, uint64_t *interval)
{
	struct process *p = ps_current();
	struct linux_timer *t;

	if (which == ITIMER_REAL) {
		*left = alarm_left(p);
		*interval = p->alarm_interval_ns;
		return 0;
	}
	t = cpu_timer(which);
	if (!t)
		return -ENOMEM;
	linux_timer_read(t, left, interval);
	return 0;
}

static int set_timer(int which, uint64_t ns, uint64_t interval, uint64_t *left, uint64_t *old_interval)
{
	struct linux_timer *t;

	if (which == ITIMER_REAL) {
		set_alarm(ns, interval, left, old_interval);
		return 0;
	}
	t = cpu_timer(which);
	if (!t)
		return -ENOMEM;
	linux_timer_set(t, ns ? linux_timer_now(t) + ns : 0, interval, left, old_interval);
	return 0;
}

static bool is_known(int which)
{
	return which == ITIMER_REAL || which == ITIMER_VIRTUAL || which == ITIMER_PROF;
}

/* struct itimerval: interval first, then value. */
static int itimerval_out(uint64_t user, uint64_t left, uint64_t interval)
{
	int err = linux_timeval_out(user, interval);

	return err ? err : linux_timeval_out(user + 16, left);
}

int64_t linux_sys_getitimer(const uint64_t a[6])
{
	uint64_t left, interval;
	int err;

	if (!is_known((int)a[0]))
		return -EINVAL;
	err = read_timer((int)a[0], &left, &interval);
	return err ? err : itimerval_out(a[1], left, interval);
}

int64_t linux_sys_setitimer(const uint64_t a[6])
{
	uint64_t ns = 0, interval = 0, left, old_interval;
	int err = 0;

	if (!is_known((int)a[0]))
		return -EINVAL;
	if (a[1]) {
		err = linux_timeval_in(a[1], &interval);
		if (!err)
			err = linux_timeval_in(a[1] + 16, &ns);
	}
	if (!err)
		err = set_timer((int)a[0], ns, interval, &left, &old_interval);
	if (err)
		return err;
	return a[2] ? itimerval_out(a[2], left, old_interval) : 0;
}
