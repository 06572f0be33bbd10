/* tests/linux/sched.c: policies, priorities, processors and what they allow (man 7 sched). */
#include "common.h"

#include <linux/ioprio.h>
#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>

/* linux/sched/types.h and glibc both name it struct sched_param. */
struct attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
	uint32_t util_min, util_max;
};

static long set_attr(const struct attr *attr, unsigned flags)
{
	return syscall(SYS_sched_setattr, 0, attr, flags);
}

static void report_attr(const char *label)
{
	struct attr attr = { 0 };

	report(label, syscall(SYS_sched_getattr, 0, &attr, sizeof(attr), 0));
	say("  policy %u, flags %llu, nice %d, priority %u", attr.policy, (unsigned long long)attr.flags, attr.nice,
		attr.priority);
}

static long set_policy(int policy, int priority)
{
	struct sched_param param = { .sched_priority = priority };

	return syscall(SYS_sched_setscheduler, 0, policy, &param);
}

TEST(policies_are_set_and_read)
{
	static const int policies[] = { SCHED_FIFO, SCHED_RR, SCHED_BATCH, SCHED_IDLE, SCHED_OTHER };
	struct sched_param param;

	for (size_t i = 0; i < COUNT_OF(policies); i++) {
		int priority = policies[i] == SCHED_FIFO || policies[i] == SCHED_RR ? 10 : 0;

		report("set", set_policy(policies[i], priority));
		report("get", syscall(SYS_sched_getscheduler, 0));
		report("param", syscall(SYS_sched_getparam, 0, &param));
		report("priority", param.sched_priority);
		report_attr("attr");
	}
}

TEST(policies_check_their_arguments)
{
	struct sched_param param = { .sched_priority = 0 };

	report("FIFO 0", set_policy(SCHED_FIFO, 0));
	report("FIFO 100", set_policy(SCHED_FIFO, 100));
	report("FIFO -1", set_policy(SCHED_FIFO, -1));
	report("OTHER 1", set_policy(SCHED_OTHER, 1));
	report("policy 4", set_policy(4, 0));
	report("policy -1", set_policy(-1, 0));
	report("no param", syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, NULL));
	report("bad param", syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, unmapped_address()));
	report("negative pid", syscall(SYS_sched_setscheduler, -1, SCHED_OTHER, &param));
	report("nobody", syscall(SYS_sched_setscheduler, NO_SUCH_PID, SCHED_OTHER, &param));
	report("setparam of OTHER", syscall(SYS_sched_setparam, 0, &param));
	param.sched_priority = 3;
	report("setparam 3 of OTHER", syscall(SYS_sched_setparam, 0, &param));
	need(set_policy(SCHED_RR, 5));
	report("setparam 3 of RR", syscall(SYS_sched_setparam, 0, &param));
	report("policy stays", syscall(SYS_sched_getscheduler, 0));
	report("getparam nobody", syscall(SYS_sched_getparam, NO_SUCH_PID, &param));
	report("getparam bad address", syscall(SYS_sched_getparam, 0, unmapped_address()));
	report("getscheduler -1", syscall(SYS_sched_getscheduler, -1));
	report("getscheduler nobody", syscall(SYS_sched_getscheduler, NO_SUCH_PID));
}

TEST(priorities_have_ranges)
{
	for (int policy = 0; policy <= 6; policy++)
		say("policy %d: %ld to %ld", policy, syscall(SYS_sched_get_priority_min, policy),
			syscall(SYS_sched_get_priority_max, policy));
}

TEST(round_robin_has_its_interval)
{
	struct timespec ts = { 0 };

	need(set_policy(SCHED_RR, 1));
	report("RR", syscall(SYS_sched_rr_get_interval, 0, &ts));
	say("%ld.%09ld", (long)ts.tv_sec, ts.tv_nsec);
	need(set_policy(SCHED_FIFO, 1));
	report("FIFO", syscall(SYS_sched_rr_get_interval, 0, &ts));
	say("%ld.%09ld", (long)ts.tv_sec, ts.tv_nsec);
	report("nobody", syscall(SYS_sched_rr_get_interval, NO_SUCH_PID, &ts));
	report("negative", syscall(SYS_sched_rr_get_interval, -1, &ts));
	report("bad address", syscall(SYS_sched_rr_get_interval, 0, unmapped_address()));
}

TEST(reset_on_fork_does)
{
	pid_t child;

	need(set_policy(SCHED_FIFO | SCHED_RESET_ON_FORK, 5));
	report("with the flag", syscall(SYS_sched_getscheduler, 0));
	child = need(fork());
	if (!child)
		_exit((int)syscall(SYS_sched_getscheduler, 0));
	report_exit("child", child);
	need(set_policy(SCHED_FIFO, 5));
	child = need(fork());
	if (!child)
		_exit((int)syscall(SYS_sched_getscheduler, 0));
	report_exit("child without the flag", child);
}

TEST(setattr_sets_all_at_once)
{
	struct attr attr = { .size = sizeof(attr), .policy = SCHED_BATCH, .nice = 5 };

	report("batch, nice 5", set_attr(&attr, 0));
	report_attr("attr");
	report("priority", getpriority(PRIO_PROCESS, 0));
	attr = (struct attr){ .size = sizeof(attr), .policy = SCHED_RR, .priority = 7, .flags = 1 };
	report("RR 7, reset on fork", set_attr(&attr, 0));
	report_attr("attr");
	attr = (struct attr){ .size = 48, .policy = SCHED_OTHER, .nice = 100 };
	report("nice 100, short form", set_attr(&attr, 0));
	report_attr("attr");
	attr = (struct attr){ .size = sizeof(attr), .flags = 8, .nice = 3 };
	report("keep the policy", set_attr(&attr, 0));
	report_attr("attr");
	attr = (struct attr){ .size = sizeof(attr), .flags = 16, .policy = SCHED_BATCH, .nice = 12 };
	report("keep the parameters", set_attr(&attr, 0));
	report_attr("attr");
	attr.size = 0;
	report("size 0", set_attr(&attr, 0));
}

TEST(setattr_checks_its_arguments)
{
	struct { struct attr attr; uint64_t more; } longer = { .attr = { .size = sizeof(longer), .policy = SCHED_OTHER } };
	struct attr attr = { .size = sizeof(attr), .policy = SCHED_FIFO };

	report("FIFO without priority", set_attr(&attr, 0));
	attr = (struct attr){ .size = sizeof(attr), .policy = SCHED_OTHER, .priority = 1 };
	report("OTHER with priority", set_attr(&attr, 0));
	attr = (struct attr){ .size = sizeof(attr), .policy = 77 };
	report("policy 77", set_attr(&attr, 0));
	attr = (struct attr){ .size = sizeof(attr), .policy = 0xffffffff };
	report("policy -1", set_attr(&attr, 0));
	attr = (struct attr){ .size = sizeof(attr), .flags = 1ull << 40 };
	report("unknown flag", set_attr(&attr, 0));
	attr = (struct attr){ .size = 40 };
	report("size 40", set_attr(&attr, 0));
	report("size is told", attr.size >= sizeof(attr));
	attr = (struct attr){ .size = 1 << 20 };
	report("huge size", set_attr(&attr, 0));
	report("longer, rest zero", set_attr(&longer.attr, 0));
	longer.more = 1;
	longer.attr.size = sizeof(longer);
	report("longer, rest not zero", set_attr(&longer.attr, 0));
	attr = (struct attr){ .size = sizeof(attr) };
	report("flags of the call", set_attr(&attr, 1));
	report("no attr", set_attr(NULL, 0));
	report("bad attr", set_attr(unmapped_address(), 0));
	report("nobody", syscall(SYS_sched_setattr, NO_SUCH_PID, &attr, 0));
	report("negative", syscall(SYS_sched_setattr, -1, &attr, 0));
	report("getattr size 40", syscall(SYS_sched_getattr, 0, &attr, 40, 0));
	report("getattr size 48", syscall(SYS_sched_getattr, 0, &attr, 48, 0));
	report("its size", attr.size);
	report("getattr huge", syscall(SYS_sched_getattr, 0, &attr, 1 << 20, 0));
	report("getattr flags", syscall(SYS_sched_getattr, 0, &attr, sizeof(attr), 1));
	report("getattr nobody", syscall(SYS_sched_getattr, NO_SUCH_PID, &attr, sizeof(attr), 0));
	report("getattr bad address", syscall(SYS_sched_getattr, 0, unmapped_address(), sizeof(attr), 0));
}

static void try_as_nobody(void)
{
	struct attr attr = { .size = sizeof(attr), .policy = SCHED_OTHER, .nice = -5 };
	struct rlimit limit;

	report("FIFO", set_policy(SCHED_FIFO, 1));
	report("RR", set_policy(SCHED_RR, 1));
	report("nice -5", set_attr(&attr, 0));
	report("BATCH", set_policy(SCHED_BATCH, 0));
	report("OTHER", set_policy(SCHED_OTHER, 0));
	report("reset on fork", set_policy(SCHED_OTHER | SCHED_RESET_ON_FORK, 0));
	report("not any more", set_policy(SCHED_OTHER, 0));
	report("IDLE", set_policy(SCHED_IDLE | SCHED_RESET_ON_FORK, 0));
	report("back from IDLE", set_policy(SCHED_OTHER | SCHED_RESET_ON_FORK, 0));
	report("of another's", syscall(SYS_sched_setscheduler, getppid(), SCHED_BATCH, &(struct sched_param){ 0 }));
	report("affinity of another's", syscall(SYS_sched_setaffinity, getppid(), 8, &(uint64_t){ 1 }));
	report("ioprio of another's", syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, getppid(), 2 << 13 | 5));
	report("real-time ioprio", syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, 1 << 13));
	getrlimit(RLIMIT_RTPRIO, &limit);
	report("limit", (long)limit.rlim_cur);
}

TEST(nobody_may_not_be_urgent)
{
	as_unprivileged(try_as_nobody);
}

/* ---- what policies do ---- */

static volatile char order[8];
static volatile int order_used;
static pthread_barrier_t together;

static void *write_down(void *argument)
{
	struct sched_param param = { .sched_priority = *(int *)argument };
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	sched_setaffinity(0, sizeof(one), &one);
	pthread_barrier_wait(&together);
	pthread_setschedparam(pthread_self(), param.sched_priority ? SCHED_FIFO : SCHED_OTHER, &param);
	pthread_barrier_wait(&together);
	order[order_used++] = (char)('0' + param.sched_priority / 10);
	return NULL;
}

TEST(urgent_threads_run_first)
{
	static int priorities[] = { 10, 30, 20, 50 };
	struct sched_param highest = { .sched_priority = 90 };
	pthread_t threads[4];
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	need(sched_setaffinity(0, sizeof(one), &one));
	pthread_barrier_init(&together, NULL, 5);
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, write_down, &priorities[i]);
	pthread_barrier_wait(&together);
	need(-pthread_setschedparam(pthread_self(), SCHED_FIFO, &highest));
	pthread_barrier_wait(&together);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	say("order: %s", (const char *)order);
}

TEST(affinity_holds_from_the_call_on)
{
	cpu_set_t all, one;
	int wrong = 0;

	need(sched_getaffinity(0, sizeof(all), &all));
	for (int round = 0; round < 20; round++) {
		for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
			if (!CPU_ISSET(cpu, &all))
				continue;
			CPU_ZERO(&one);
			CPU_SET(cpu, &one);
			need(sched_setaffinity(0, sizeof(one), &one));
			wrong += sched_getcpu() != cpu;
		}
	}
	report("on another processor", wrong);
}

TEST(affinity_checks_its_arguments)
{
	uint64_t mask[16] = { 0 };

	report("empty", syscall(SYS_sched_setaffinity, 0, 8, mask));
	report("no such processor", syscall(SYS_sched_setaffinity, 0, 8, (mask[0] = 1ull << 62, mask)));
	report("bad address", syscall(SYS_sched_setaffinity, 0, 8, unmapped_address()));
	mask[0] = ~0ull;
	report("nobody", syscall(SYS_sched_setaffinity, NO_SUCH_PID, 8, mask));
	report("short get", syscall(SYS_sched_getaffinity, 0, 4, mask));
	report("odd get", syscall(SYS_sched_getaffinity, 0, 9, mask));
	report("get of nobody", syscall(SYS_sched_getaffinity, NO_SUCH_PID, 8, mask));
	report("get at a bad address", syscall(SYS_sched_getaffinity, 0, 8, unmapped_address()));
	mask[0] = 1;
	report("one byte", syscall(SYS_sched_setaffinity, 0, 1, mask));
}

/* ---- I/O priorities ---- */

#define BE(level) (2 << 13 | (level))
#define RT(level) (1 << 13 | (level))

TEST(io_priorities_are_kept)
{
	report("of a process without one", syscall(SYS_ioprio_get, IOPRIO_WHO_PROCESS, 0));
	report("set best effort 6", syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, BE(6)));
	report("get", syscall(SYS_ioprio_get, IOPRIO_WHO_PROCESS, 0));
	report("set real-time 2", syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, getpid(), RT(2)));
	report("get", syscall(SYS_ioprio_get, IOPRIO_WHO_PROCESS, getpid()));
	report("set idle", syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, 3 << 13));
	report("get of the group", syscall(SYS_ioprio_get, IOPRIO_WHO_PGRP, 0));
	report("class 4", syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, 4 << 13));
	report("none with a level", syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, 3));
	report("none", syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, 0));
	report("get nobody", syscall(SYS_ioprio_get, IOPRIO_WHO_PROCESS, NO_SUCH_PID));
	report("set nobody", syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, NO_SUCH_PID, BE(1)));
	report("which 0", syscall(SYS_ioprio_get, 0, 0));
	report("which 4", syscall(SYS_ioprio_set, 4, 0, BE(1)));
}
