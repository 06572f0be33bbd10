/* kernel/compat/src/linux/timers_posix.c: timer_create and its kin (man 2 timer_create). */
#include <linux/time.h>
#include <mm/heap.h>
#include <mm/usercopy.h>

#include "cpu_clock.h"
#include "timers.h"

/* asm-generic/siginfo.h */
#define NOTIFY_SIGNAL 0
#define NOTIFY_NONE 1
#define NOTIFY_THREAD 2
#define NOTIFY_THREAD_ID 4

HEAP_CACHE(timer_cache, "posix-timer", sizeof(struct linux_timer));

struct linux_sigevent { uint64_t value; int32_t signo, notify, tid; int32_t pad[11]; };
struct linux_itimerspec { struct { int64_t sec, nsec; } interval, value; };
_Static_assert(sizeof(struct linux_sigevent) == 64, "as Linux lays it out");

static void timer_put(struct linux_timer *t)
{
	if (!refcount_put(&t->refs))
		return;
	ps_thread_put(t->thread);
	ps_thread_put(t->clock_thread);
	heap_cache_free(&timer_cache, t);
}

static int set_thread_clock(struct linux_timer *t, uint32_t tid)
{
	struct ps_thread *thread = tid ? ps_find_thread(tid) : ps_current_thread();

	if (!tid)
		object_get(&thread->object);
	if (!thread || thread->process != ps_current()) {
		ps_thread_put(thread);
		return -EINVAL;
	}
	t->clock = CLOCK_THREAD_CPUTIME_ID;
	t->clock_thread = thread;
	return 0;
}

/* A clock of CPU time with a pid or tid in its number; 0 is the caller. */
static int set_cpu_clock(struct linux_timer *t, int32_t clock)
{
	uint32_t pid = cpu_clock_pid(clock);
	uint64_t now;
	int err;

	/* Files of clock devices have numbers of the fourth kind, and no timers. */
	if ((clock & CPU_CLOCK_KIND_MASK) > CPU_CLOCK_SCHED)
		return -EOPNOTSUPP;
	err = cpu_clock_read(clock, &now);
	if (err)
		return err;
	t->counts_user_only = (clock & CPU_CLOCK_KIND_MASK) == CPU_CLOCK_VIRT;
	if (clock & CPU_CLOCK_IS_THREAD)
		return set_thread_clock(t, pid);
	t->clock = CLOCK_PROCESS_CPUTIME_ID;
	/* A timer ends with its process, another's time with that one: not there. */
	return pid && pid != ps_current()->pid ? -EOPNOTSUPP : 0;
}

static int set_clock(struct linux_timer *t, int32_t clock)
{
	uint64_t now;
	int err;

	switch (clock) {
	case CLOCK_THREAD_CPUTIME_ID:
		return set_thread_clock(t, 0);
	case CLOCK_REALTIME:
	case CLOCK_MONOTONIC:
	case CLOCK_BOOTTIME:
	case CLOCK_TAI:
	case CLOCK_PROCESS_CPUTIME_ID:
		t->clock = clock;
		return 0;
	default:
		if (clock < 0)
			return set_cpu_clock(t, clock);
		err = linux_clock_read(clock, &now);
		return err ? err : -EOPNOTSUPP;
	}
}

static int set_notification(struct linux_timer *t, uint64_t user)
{
	struct linux_sigevent ev = { .signo = 14 /* SIGALRM */ };
	struct ps_thread *target = NULL;

	if (user && copy_from_user(&ev, user_ptr(user), sizeof(ev)))
		return -EFAULT;
	if (ev.notify != NOTIFY_NONE && (ev.signo < 1 || ev.signo > PS_NSIG))
		return -EINVAL;
	if (ev.notify == NOTIFY_THREAD_ID) {
		target = ps_find_thread((uint32_t)ev.tid);
		if (!target || target->process != ps_current()) {
			ps_thread_put(target);
			return -EINVAL;
		}
	} else if (ev.notify != NOTIFY_SIGNAL && ev.notify != NOTIFY_NONE && ev.notify != NOTIFY_THREAD) {
		return -EINVAL;
	}
	t->notify = ev.notify;
	t->signo = ev.signo;
	t->value = user ? ev.value : (uint64_t)t->id;
	t->thread = target;
	return 0;
}

static int add(struct linux_timers *all, struct linux_timer *t)
{
	uint64_t flags = spin_lock_irqsave(&all->lock);
	bool has_room = all->count < ps_limit(11);	/* RLIMIT_SIGPENDING */

	if (has_room) {
		t->id = all->next_id++;
		all->count++;
		list_add_tail(&t->node, &all->timers);
	}
	spin_unlock_irqrestore(&all->lock, flags);
	return has_room ? 0 : -EAGAIN;
}

/* Returns: false if another thread has deleted it. */
static bool remove_timer(struct linux_timers *all, struct linux_timer *t)
{
	uint64_t flags = spin_lock_irqsave(&all->lock);
	bool is_listed = !list_is_empty(&t->node);

	if (is_listed) {
		list_del(&t->node);
		all->count--;
	}
	spin_unlock_irqrestore(&all->lock, flags);
	if (!is_listed)
		return false;
	linux_timer_stop(t);
	timer_put(t);
	return true;
}

/* A reference, or NULL. */
static struct linux_timer *find(int32_t id)
{
	struct linux_timers *all = atomic_load(&ps_current()->timers);
	struct linux_timer *t, *found = NULL;
	uint64_t flags;

	if (!all)
		return NULL;
	flags = spin_lock_irqsave(&all->lock);
	LIST_FOR_EACH_ENTRY(t, &all->timers, node) {
		if (t->id != id)
			continue;
		found = t;
		refcount_get(&t->refs);
		break;
	}
	spin_unlock_irqrestore(&all->lock, flags);
	return found;
}

int64_t linux_sys_timer_create(const uint64_t a[6])
{
	struct linux_timers *all;
	struct linux_timer *t;
	int err;

	all = linux_timers_get(ps_current());
	t = all ? heap_cache_alloc(&timer_cache, 0) : NULL;
	if (!t)
		return -EAGAIN;
	linux_timer_init(t, ps_current(), 0, 0);
	refcount_set(&t->refs, 1);
	err = set_clock(t, (int32_t)a[0]);
	if (!err)
		err = add(all, t);
	if (err) {
		timer_put(t);
		return err;
	}
	err = set_notification(t, a[1]);
	if (!err && copy_to_user(user_ptr(a[2]), &t->id, sizeof(t->id)))
		err = -EFAULT;
	if (err)
		remove_timer(all, t);
	return err;
}

static int itimerspec_in(uint64_t user, uint64_t *value, uint64_t *interval)
{
	int err = linux_timespec_in(user, interval);

	return err ? err : linux_timespec_in(user + 16, value);
}

static int itimerspec_out(uint64_t user, uint64_t value, uint64_t interval)
{
	struct linux_itimerspec its = {
		.interval = { (int64_t)(interval / NSEC_PER_SEC), (int64_t)(interval % NSEC_PER_SEC) },
		.value = { (int64_t)(value / NSEC_PER_SEC), (int64_t)(value % NSEC_PER_SEC) },
	};

	return copy_to_user(user_ptr(user), &its, sizeof(its));
}

int64_t linux_sys_timer_settime(const uint64_t a[6])
{
	uint64_t value, interval, left, old_interval;
	struct linux_timer *t;
	int err;

	if (!a[2])
		return -EINVAL;
	err = itimerspec_in(a[2], &value, &interval);
	if (err)
		return err;
	t = find((int32_t)a[0]);
	if (!t)
		return -EINVAL;
	t->is_relative = !(a[1] & TIMER_ABSTIME);
	if (value && t->is_relative)
		value += linux_timer_now(t);
	linux_timer_set(t, value, interval, &left, &old_interval);
	timer_put(t);
	return a[3] ? itimerspec_out(a[3], left, old_interval) : 0;
}

int64_t linux_sys_timer_gettime(const uint64_t a[6])
{
	struct linux_timer *t = find((int32_t)a[0]);
	uint64_t left, interval;

	if (!t)
		return -EINVAL;
	linux_timer_read(t, &left, &interval);
	timer_put(t);
	return itimerspec_out(a[1], left, interval);
}

int64_t linux_sys_timer_getoverrun(const uint64_t a[6])
{
	struct linux_timer *t = find((int32_t)a[0]);
	int64_t ret;

	if (!t)
		return -EINVAL;
	ret = (int64_t)t->delivered_overruns;
	timer_put(t);
	return ret;
}

int64_t linux_sys_timer_delete(const uint64_t a[6])
{
	struct linux_timers *all = ps_current()->timers;
	struct linux_timer *t = find((int32_t)a[0]);

	bool was_there;

	if (!t)
		return -EINVAL;
	was_there = remove_timer(all, t);
	timer_put(t);
	return was_there ? 0 : -EINVAL;
}

void linux_timer_signal_taken(struct signal_info *info)
{
	struct linux_timer *t = info->code == SIGNAL_CODE_TIMER ? find((int32_t)info->fields[0]) : NULL;

	if (!t)
		return;
	info->fields[0] = (uint32_t)info->fields[0] | (uint64_t)linux_timer_take(t) << 32;
	timer_put(t);
}

void linux_timers_exec(struct process *p)
{
	struct linux_timers *all = p->timers;
	struct linux_timer *t;

	if (!all)
		return;
	while ((t = list_first_entry(&all->timers, struct linux_timer, node)) != NULL)
		remove_timer(all, t);
}

void linux_timers_exiting(struct process *p)
{
	struct linux_timers *all;

	/* From here on linux_timers_get() makes none: is_exiting is set. */
	spin_lock(&p->lock);
	all = p->timers;
	spin_unlock(&p->lock);
	if (!all)
		return;
	linux_timers_exec(p);
	linux_timer_stop(&all->virtual);
	linux_timer_stop(&all->prof);
	linux_timer_stop(&all->cpu_limit);
}
