/* kernel/compat/src/linux/timers.h: interval timers and POSIX timers of a process.
 *
 * A timer on a clock of CPU time has no event to wait for. It asks again when the
 * rest could at the earliest have been used up, which costs little and is never
 * early.
 *
 * Locking: timers->lock (PROCESS, interrupts off) guards all; it is not held when a
 * ktimer is cancelled, since cancelling waits for its function.
 */
#ifndef COMPAT_TIMERS_H
#define COMPAT_TIMERS_H

#include <compat/linux.h>

struct linux_timer {
	refcount_t refs;		/* POSIX timers: the list's, and who works on it */
	struct list_node node;
	struct process *process;
	struct ktimer ktimer;
	int32_t id;			/* timer_create's; interval timers: -1 */
	int32_t clock;
	struct ps_thread *clock_thread;	/* whose time it measures, with CLOCK_THREAD_CPUTIME_ID: a reference */
	bool counts_user_only;		/* of a clock of CPU time */
	uint64_t expires_ns;		/* on its clock; 0: disarmed */
	bool is_relative;		/* steps of the real-time clock do not move it */
	uint64_t interval_ns;
	int32_t notify, signo;
	uint64_t value;
	struct ps_thread *thread;	/* SIGEV_THREAD_ID: a reference */
	uint32_t overruns;		/* since its signal was queued: expiries without one of their own */
	uint32_t delivered_overruns;	/* of the signal that was taken last */
	bool is_dying;
};
struct linux_timers {
	struct spinlock lock;
	struct list_node timers;
	int32_t next_id;
	uint32_t count;
	struct linux_timer virtual, prof;	/* ITIMER_VIRTUAL, ITIMER_PROF */
	struct linux_timer cpu_limit;		/* RLIMIT_CPU */
};

/* Of @p, made at the first use. NULL: no memory. */
struct linux_timers *linux_timers_get(struct process *p);
void linux_timer_init(struct linux_timer *t, struct process *p, int32_t clock, int32_t signo);
/* Arm (expires 0: disarm) on its clock; the old state comes back as time left and interval. */
void linux_timer_set(struct linux_timer *t, uint64_t expires_ns, uint64_t interval_ns, uint64_t *left_ns,
	uint64_t *old_interval_ns);
void linux_timer_read(struct linux_timer *t, uint64_t *left_ns, uint64_t *interval_ns);
/* Its signal is being taken. Returns: how often it has expired again up to this moment, which the
 * signal tells; no later one will. */
uint32_t linux_timer_take(struct linux_timer *t);
/* Off for good; its ktimer does not run any more. */
void linux_timer_stop(struct linux_timer *t);
/* The time of its clock now; also for interrupt context. */
uint64_t linux_timer_now(const struct linux_timer *t);

#endif
