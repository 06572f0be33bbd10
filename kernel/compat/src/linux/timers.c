#include "timers.h"

#include <asm/signal.h>
#include <linux/resource.h>
#include <linux/time.h>
#include <mm/heap.h>

#include "cpu_clock.h"

#define SIGEV_NONE_KIND 1
#define SIGEV_THREAD_ID_KIND 4
#define REARM_MIN_NS (20 * NSEC_PER_USEC)	/* an interval of 1 ns must not take a CPU for itself */

HEAP_CACHE(timers_cache, "timers", sizeof(struct linux_timers));

uint64_t linux_timer_now(const struct linux_timer *t)
{
	uint64_t user, system;

	switch (t->clock) {
	case CLOCK_REALTIME:
	case CLOCK_TAI:
		return t->is_relative ? clock_monotonic_ns() : clock_realtime_ns();
	case CLOCK_PROCESS_CPUTIME_ID:
		ps_cpu_time(t->process, &user, &system);
		break;
	case CLOCK_THREAD_CPUTIME_ID:
		user = t->clock_thread->thread.user_ns;
		system = t->clock_thread->thread.system_ns;
		break;
	default:
		return clock_monotonic_ns();
	}
	return t->counts_user_only ? user : user + system;
}

static bool is_cpu_time(const struct linux_timer *t)
{
	return cpu_clock_is(t->clock);
}

/* The monotonic time at which to look again. All CPUs together use CPU time up that much faster. */
static uint64_t monotonic_expiry(const struct linux_timer *t, uint64_t now)
{
	uint64_t left = t->expires_ns > now ? t->expires_ns - now : 0;

	if (is_cpu_time(t))
		left = left / percpu_count;
	return clock_monotonic_ns() + MAX(left, REARM_MIN_NS);
}

/* Past the soft limit SIGXCPU comes every second, at the hard one SIGKILL (man 2 getrlimit). */
static void cpu_limit_reached(struct linux_timer *t)
{
	uint64_t used = linux_timer_now(t) / NSEC_PER_SEC;

	signal_send_process(t->process, used >= t->process->envelope.limits[RLIMIT_CPU].max ? SIGKILL : SIGXCPU, NULL);
}

static void fire(struct linux_timer *t)
{
	struct ps_thread *target = t->notify == SIGEV_THREAD_ID_KIND ? t->thread : NULL;
	struct signal_info info = {
		.code = t->id < 0 ? SIGNAL_CODE_KERNEL : SIGNAL_CODE_TIMER,
		.fields = { (uint32_t)t->id, t->value },
	};

	if (t->notify == SIGEV_NONE_KIND)
		return;
	if (t == &((struct linux_timers *)t->process->timers)->cpu_limit) {
		cpu_limit_reached(t);
	} else if (t->id < 0) {
		signal_send_process(t->process, t->signo, NULL);
	} else if (signal_queued_for_timer(t->process, target, t->signo, (uint32_t)t->id)) {
		t->overruns++;
	} else if (target) {
		signal_send_thread(target, t->signo, &info);
	} else {
		signal_send_process(t->process, t->signo, &info);
	}
}

/* How often it has expired up to now beyond the first time; it expires next after that. */
static uint32_t pass(struct linux_timer *t, uint64_t now)
{
	uint64_t missed = t->interval_ns ? (now - t->expires_ns) / t->interval_ns : 0;

	t->expires_ns = t->interval_ns ? t->expires_ns + (missed + 1) * t->interval_ns : 0;
	return (uint32_t)MIN(missed, 1u << 30);
}

static void expire(struct ktimer *ktimer)
{
	struct linux_timer *t = ktimer->context;
	struct linux_timers *all = t->process->timers;
	uint64_t flags = spin_lock_irqsave(&all->lock);
	uint64_t now;

	if (t->is_dying || !t->expires_ns)
		goto out;
	now = linux_timer_now(t);
	if (now >= t->expires_ns) {
		fire(t);
		t->overruns += pass(t, now);
	}
	if (t->expires_ns)
		ktimer_start(&t->ktimer, monotonic_expiry(t, now));
out:
	spin_unlock_irqrestore(&all->lock, flags);
}

uint32_t linux_timer_take(struct linux_timer *t)
{
	struct linux_timers *all = t->process->timers;
	uint64_t flags = spin_lock_irqsave(&all->lock);
	uint64_t now = linux_timer_now(t);

	/* Its ktimer finds nothing to do and looks again. */
	if (t->expires_ns && t->interval_ns && now >= t->expires_ns)
		t->overruns += 1 + pass(t, now);
	t->delivered_overruns = MIN(t->overruns, 0x7fffffffu);
	t->overruns = 0;
	spin_unlock_irqrestore(&all->lock, flags);
	return t->delivered_overruns;
}

void linux_timer_init(struct linux_timer *t, struct process *p, int32_t clock, int32_t signo)
{
	list_init(&t->node);
	t->process = p;
	t->clock = clock;
	t->signo = signo;
	t->id = -1;
	ktimer_init(&t->ktimer, expire, t);
}

struct linux_timers *linux_timers_get(struct process *p)
{
	struct linux_timers *all = atomic_load(&p->timers);

	if (all)
		return all;
	all = heap_cache_alloc(&timers_cache, 0);
	if (!all)
		return NULL;
	spin_init(&all->lock, LOCK_PROCESS);
	list_init(&all->timers);
	linux_timer_init(&all->virtual, p, CLOCK_PROCESS_CPUTIME_ID, 26);	/* SIGVTALRM */
	all->virtual.counts_user_only = true;
	linux_timer_init(&all->prof, p, CLOCK_PROCESS_CPUTIME_ID, 27);	/* SIGPROF */
	linux_timer_init(&all->cpu_limit, p, CLOCK_PROCESS_CPUTIME_ID, SIGXCPU);
	spin_lock(&p->lock);
	if (p->is_exiting) {
		heap_cache_free(&timers_cache, all);
		all = NULL;
	} else if (p->timers) {
		heap_cache_free(&timers_cache, all);
		all = p->timers;
	} else {
		p->timers = all;
	}
	spin_unlock(&p->lock);
	return all;
}

/* Absolute timers of @p that wait for a time of the real-time clock, which has been set. */
static void rearm_realtime(struct process *p, void *context)
{
	struct linux_timers *all = p->timers;
	struct linux_timer *t;
	uint64_t flags;

	if (!all)
		return;
	flags = spin_lock_irqsave(&all->lock);
	LIST_FOR_EACH_ENTRY(t, &all->timers, node) {
		if (t->clock == CLOCK_REALTIME && !t->is_relative && t->expires_ns && !t->is_dying)
			ktimer_start(&t->ktimer, monotonic_expiry(t, linux_timer_now(t)));
	}
	spin_unlock_irqrestore(&all->lock, flags);
}

void linux_timers_clock_was_set(void)
{
	ps_for_each(rearm_realtime, NULL);
}

void linux_limits_changed(struct process *p)
{
	uint64_t limit = p->envelope.limits[RLIMIT_CPU].cur, left, interval;
	bool is_limited = limit < LINUX_TIME_MAX_NS / NSEC_PER_SEC;
	struct linux_timers *all;

	if (!is_limited && !p->timers)
		return;
	all = linux_timers_get(p);
	if (!all)
		return;
	/* No time at all is a second, on Linux too. */
	linux_timer_set(&all->cpu_limit, is_limited ? MAX(limit, 1) * NSEC_PER_SEC : 0, NSEC_PER_SEC, &left, &interval);
}

/* Others may look at a process's timers as long as they hold the process. */
void linux_timers_released(struct process *p)
{
	if (p->timers)
		heap_cache_free(&timers_cache, p->timers);
}

static uint64_t time_left(const struct linux_timer *t)
{
	uint64_t now;

	if (!t->expires_ns)
		return 0;
	now = linux_timer_now(t);
	return t->expires_ns > now ? t->expires_ns - now : 1;
}

void linux_timer_read(struct linux_timer *t, uint64_t *left_ns, uint64_t *interval_ns)
{
	struct linux_timers *all = t->process->timers;
	uint64_t flags = spin_lock_irqsave(&all->lock);

	*left_ns = time_left(t);
	*interval_ns = t->interval_ns;
	spin_unlock_irqrestore(&all->lock, flags);
}

void linux_timer_set(struct linux_timer *t, uint64_t expires_ns, uint64_t interval_ns, uint64_t *left_ns,
	uint64_t *old_interval_ns)
{
	struct linux_timers *all = t->process->timers;
	uint64_t flags;

	linux_timer_read(t, left_ns, old_interval_ns);
	flags = spin_lock_irqsave(&all->lock);
	t->expires_ns = 0;
	spin_unlock_irqrestore(&all->lock, flags);
	ktimer_cancel(&t->ktimer);

	flags = spin_lock_irqsave(&all->lock);
	t->expires_ns = expires_ns;
	t->interval_ns = interval_ns;
	t->overruns = 0;
	if (expires_ns && !t->is_dying)
		ktimer_start(&t->ktimer, monotonic_expiry(t, linux_timer_now(t)));
	spin_unlock_irqrestore(&all->lock, flags);
}

void linux_timer_stop(struct linux_timer *t)
{
	struct linux_timers *all = t->process->timers;
	uint64_t flags = spin_lock_irqsave(&all->lock);

	t->is_dying = true;
	spin_unlock_irqrestore(&all->lock, flags);
	ktimer_cancel(&t->ktimer);
}
