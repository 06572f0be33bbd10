/* kernel/compat/src/linux/time_cpu.c: clocks of CPU time, and getrusage. */
#include <linux/resource.h>
#include <linux/time.h>
#include <mm/usercopy.h>
#include <string.h>

#include "cpu_clock.h"

static uint64_t choose(int kind, uint64_t user, uint64_t system)
{
	return kind == CPU_CLOCK_VIRT ? user : user + system;
}

static int read_thread(uint32_t tid, int kind, uint64_t *ns)
{
	struct ps_thread *t = tid ? ps_find_thread(tid) : ps_current_thread();

	if (!t || t->process != ps_current()) {
		if (tid)
			ps_thread_put(t);
		return -EINVAL;
	}
	if (t == ps_current_thread())
		sched_account_current();
	*ns = choose(kind, t->thread.user_ns, t->thread.system_ns);
	if (tid)
		ps_thread_put(t);
	return 0;
}

static int read_process(uint32_t pid, int kind, uint64_t *ns)
{
	struct process *p = pid ? ps_find(pid) : ps_current();
	uint64_t user, system;

	if (!p)
		return -EINVAL;
	ps_cpu_time(p, &user, &system);
	*ns = choose(kind, user, system);
	if (pid)
		ps_put(p);
	return 0;
}

bool cpu_clock_is(int32_t clock)
{
	return clock < 0 || clock == CLOCK_PROCESS_CPUTIME_ID || clock == CLOCK_THREAD_CPUTIME_ID;
}

int cpu_clock_read(int32_t clock, uint64_t *ns)
{
	if (clock == CLOCK_PROCESS_CPUTIME_ID)
		return read_process(0, CPU_CLOCK_SCHED, ns);
	if (clock == CLOCK_THREAD_CPUTIME_ID)
		return read_thread(0, CPU_CLOCK_SCHED, ns);
	if (clock >= 0 || (clock & CPU_CLOCK_KIND_MASK) > CPU_CLOCK_SCHED)
		return -EINVAL;
	if (clock & CPU_CLOCK_IS_THREAD)
		return read_thread(cpu_clock_pid(clock), clock & CPU_CLOCK_KIND_MASK, ns);
	return read_process(cpu_clock_pid(clock), clock & CPU_CLOCK_KIND_MASK, ns);
}

static void to_timeval(struct timeval *out, uint64_t ns)
{
	out->tv_sec = (long)(ns / NSEC_PER_SEC);
	out->tv_usec = (long)(ns % NSEC_PER_SEC / NSEC_PER_USEC);
}

int linux_rusage_out(uint64_t user, const struct ps_wait_result *w)
{
	struct rusage ru;

	memset(&ru, 0, sizeof(ru));
	to_timeval((struct timeval *)&ru.ru_utime, w->user_ns);
	to_timeval((struct timeval *)&ru.ru_stime, w->system_ns);
	ru.ru_maxrss = (long)(w->max_rss_pages * (PAGE_SIZE / 1024));
	ru.ru_minflt = (long)w->minor_faults;
	ru.ru_majflt = (long)w->major_faults;
	ru.ru_nvcsw = (long)w->voluntary_switches;
	ru.ru_nivcsw = (long)w->involuntary_switches;
	return copy_to_user(user_ptr(user), &ru, sizeof(ru));
}

static void usage_of_self(struct process *p, struct ps_wait_result *w)
{
	struct mm_space *s = p->space;
	struct thread *t = current_thread();

	ps_cpu_time(p, &w->user_ns, &w->system_ns);
	w->max_rss_pages = MAX(p->max_rss_pages, MAX(s->peak_rss_pages, s->rss_pages));
	w->minor_faults = p->minor_faults + s->minor_faults;
	w->major_faults = p->major_faults + s->major_faults;
	w->voluntary_switches = p->voluntary_switches + t->switches_voluntary;
	w->involuntary_switches = p->involuntary_switches + t->switches_involuntary;
}

static void usage_of_children(struct process *p, struct ps_wait_result *w)
{
	w->user_ns = p->children_user_ns;
	w->system_ns = p->children_system_ns;
	w->max_rss_pages = p->children_max_rss_pages;
	w->minor_faults = p->children_minor_faults;
	w->major_faults = p->children_major_faults;
}

int64_t linux_sys_getrusage(const uint64_t a[6])
{
	struct process *p = ps_current();
	struct ps_wait_result w = { 0 };

	switch ((int)a[0]) {
	case RUSAGE_SELF:
		usage_of_self(p, &w);
		break;
	case RUSAGE_THREAD:
		usage_of_self(p, &w);
		w.user_ns = current_thread()->user_ns;
		w.system_ns = current_thread()->system_ns;
		break;
	case RUSAGE_CHILDREN:
		usage_of_children(p, &w);
		break;
	default:
		return -EINVAL;
	}
	return linux_rusage_out(a[1], &w);
}
