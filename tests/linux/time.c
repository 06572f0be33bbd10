/* tests/linux/time.c: clocks, sleeping, timers and accounted time. */
#include "common.h"

#include <poll.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/times.h>

#define MS 1000000L

static int64_t read_clock(clockid_t clock)
{
	struct timespec now;

	need(clock_gettime(clock, &now));
	return now.tv_sec * 1000000000L + now.tv_nsec;
}

/* Use the CPU until this process has used @ms milliseconds of it. */
static void burn_ms(long ms)
{
	int64_t end = read_clock(CLOCK_PROCESS_CPUTIME_ID) + ms * MS;

	while (read_clock(CLOCK_PROCESS_CPUTIME_ID) < end)
		;
}

TEST(every_clock_can_be_read)
{
	static const struct {
		const char *name;
		clockid_t id;
	} clocks[] = {
		{ "REALTIME", CLOCK_REALTIME }, { "MONOTONIC", CLOCK_MONOTONIC },
		{ "PROCESS_CPUTIME_ID", CLOCK_PROCESS_CPUTIME_ID }, { "THREAD_CPUTIME_ID", CLOCK_THREAD_CPUTIME_ID },
		{ "MONOTONIC_RAW", CLOCK_MONOTONIC_RAW }, { "REALTIME_COARSE", CLOCK_REALTIME_COARSE },
		{ "MONOTONIC_COARSE", CLOCK_MONOTONIC_COARSE }, { "BOOTTIME", CLOCK_BOOTTIME },
		{ "REALTIME_ALARM", CLOCK_REALTIME_ALARM }, { "TAI", CLOCK_TAI },
		{ "12", 12 }, { "99", 99 }, { "-1", -1 },
	};
	struct timespec now;

	for (size_t i = 0; i < COUNT_OF(clocks); i++) {
		/* Alarm clocks exist only where a real-time clock device does. */
		if (clocks[i].id == CLOCK_REALTIME_ALARM)
			continue;
		report(clocks[i].name, syscall(SYS_clock_gettime, clocks[i].id, &now));
	}
	report("bad pointer", syscall(SYS_clock_gettime, CLOCK_MONOTONIC, unmapped_address()));
	report("clock_getres(MONOTONIC)", clock_getres(CLOCK_MONOTONIC, &now));
	say("  %ld.%09ld", (long)now.tv_sec, now.tv_nsec);
	report("clock_getres(NULL)", clock_getres(CLOCK_REALTIME, NULL));
	report("clock_getres(99)", clock_getres(99, &now));
	report("gettimeofday(bad pointer)", syscall(SYS_gettimeofday, unmapped_address(), NULL));
	report("time(bad pointer)", syscall(SYS_time, unmapped_address()));
}

TEST(clocks_agree_and_never_go_back)
{
	static const clockid_t clocks[] = { CLOCK_MONOTONIC, CLOCK_BOOTTIME, CLOCK_MONOTONIC_RAW, CLOCK_MONOTONIC_COARSE };
	struct timeval tv;
	int64_t before, raw, after;

	for (size_t i = 0; i < COUNT_OF(clocks); i++) {
		int64_t last = read_clock(clocks[i]);
		int backwards = 0;

		for (int k = 0; k < 10000; k++) {
			int64_t now = read_clock(clocks[i]);

			backwards += now < last;
			last = now;
		}
		report("went back", backwards);
	}
	before = read_clock(CLOCK_MONOTONIC);
	struct timespec by_syscall;
	need(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &by_syscall));
	after = read_clock(CLOCK_MONOTONIC);
	raw = by_syscall.tv_sec * 1000000000L + by_syscall.tv_nsec;
	claim("the call lies between two vDSO readings", before <= raw && raw <= after);
	need(gettimeofday(&tv, NULL));
	raw = read_clock(CLOCK_REALTIME) / 1000 - (tv.tv_sec * 1000000L + tv.tv_usec);
	claim("gettimeofday is REALTIME", raw >= 0 && raw < 1000000);
	claim("time() is REALTIME", llabs(time(NULL) - read_clock(CLOCK_REALTIME) / 1000000000) <= 1);
	claim("REALTIME is after 2023", time(NULL) > 1672531200);
}

TEST(sleeps_take_at_least_their_time)
{
	struct timespec left = { 7, 7 }, until;
	int64_t start = now_ns();

	report("nanosleep(20 ms)", nanosleep(&(struct timespec){ 0, 20 * MS }, &left));
	claim("slept", now_ns() - start >= 20 * MS);
	claim("remaining time untouched", left.tv_sec == 7);
	report("nanosleep(0)", nanosleep(&(struct timespec){ 0 }, NULL));
	report("nanosleep(-1 s)", nanosleep(&(struct timespec){ -1, 0 }, NULL));
	report("nanosleep(10^9 ns)", nanosleep(&(struct timespec){ 0, 1000000000 }, NULL));
	report("nanosleep(bad pointer)", syscall(SYS_nanosleep, unmapped_address(), NULL));
	need(clock_gettime(CLOCK_MONOTONIC, &until));
	until.tv_nsec += 20 * MS;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	report("clock_nanosleep(absolute)", clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL));
	claim("not before its time", now_ns() >= until.tv_sec * 1000000000L + until.tv_nsec);
	report("clock_nanosleep(in the past)", clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &(struct timespec){ 1, 0 }, NULL));
	report("clock_nanosleep(relative)", clock_nanosleep(CLOCK_REALTIME, 0, &(struct timespec){ 0, MS }, NULL));
	report("raw clock_nanosleep(99)", syscall(SYS_clock_nanosleep, 99, 0, &until, NULL));
	report("raw clock_nanosleep(THREAD_CPUTIME)", syscall(SYS_clock_nanosleep, CLOCK_THREAD_CPUTIME_ID, 0, &until, NULL));
}

TEST(interrupted_clock_nanosleep_tells_what_remains)
{
	struct timespec left = { -1, -1 };

	on_signal(SIGALRM, count_signal, 0);
	tick_every_ms(20);
	say("  relative: %s", errno_name(clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){ 500, 0 }, &left)));
	claim("about 500 s remain", left.tv_sec > 400 && left.tv_sec < 500);
	left = (struct timespec){ 8, 8 };
	say("  absolute: %s", errno_name(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &(struct timespec){ 1L << 40, 0 }, &left)));
	claim("absolute leaves it alone", left.tv_sec == 8);
	tick_every_ms(0);
}

TEST(alarm_replaces_and_reports)
{
	report("alarm(100)", alarm(100));
	long left = alarm(50);
	claim("100 were left", left == 100 || left == 99);
	left = alarm(0);
	claim("50 were left", left == 50 || left == 49);
	report("alarm(0)", alarm(0));
}

TEST(real_interval_timer_repeats)
{
	struct itimerval timer = { { 0, 10000 }, { 0, 10000 } }, old;

	on_signal(SIGALRM, count_signal, 0);
	report("setitimer", setitimer(ITIMER_REAL, &timer, NULL));
	while (caught < 3)
		pause();
	timer = (struct itimerval){ { 0, 0 }, { 0, 0 } };
	report("stop", setitimer(ITIMER_REAL, &timer, &old));
	say("  old interval %ld.%06ld", (long)old.it_interval.tv_sec, (long)old.it_interval.tv_usec);
	claim("old value is within the interval", old.it_value.tv_sec == 0 && old.it_value.tv_usec <= 10000);
	report("getitimer", getitimer(ITIMER_REAL, &old));
	say("  %ld %ld", (long)old.it_value.tv_sec, (long)old.it_value.tv_usec);
	report("getitimer(9)", syscall(SYS_getitimer, 9, &old));
	report("setitimer(9)", syscall(SYS_setitimer, 9, &timer, NULL));
	timer.it_value.tv_usec = 1000000;
	report("setitimer(10^6 us)", setitimer(ITIMER_REAL, &timer, NULL));
	timer.it_value.tv_usec = -1;
	report("setitimer(-1 us)", setitimer(ITIMER_REAL, &timer, NULL));
	report("setitimer(bad pointer)", syscall(SYS_setitimer, ITIMER_REAL, unmapped_address(), NULL));
	report("setitimer(NULL)", syscall(SYS_setitimer, ITIMER_REAL, NULL, NULL));
	report("getitimer(bad pointer)", syscall(SYS_getitimer, ITIMER_REAL, unmapped_address()));
}

TEST(cpu_interval_timers_count_used_time)
{
	struct itimerval timer = { { 0, 0 }, { 0, 20000 } };

	on_signal(SIGVTALRM, count_signal, 0);
	on_signal(SIGPROF, count_signal, 0);
	report("setitimer(ITIMER_VIRTUAL)", setitimer(ITIMER_VIRTUAL, &timer, NULL));
	while (caught < 1)
		;
	report("setitimer(ITIMER_PROF)", setitimer(ITIMER_PROF, &timer, NULL));
	while (caught < 2)
		getppid();
	report("caught", caught);
}

TEST(timers_are_not_inherited_by_fork)
{
	struct itimerval timer = { { 0, 0 }, { 1000, 0 } }, seen;
	pid_t child;

	need(setitimer(ITIMER_REAL, &timer, NULL));
	child = need(fork());
	if (child == 0) {
		need(getitimer(ITIMER_REAL, &seen));
		say("  child: %ld", (long)seen.it_value.tv_sec);
		_exit(0);
	}
	report_exit("child", child);
}

static siginfo_t last_info;

static void note_info(int sig, siginfo_t *info, void *context)
{
	caught++;
	last_info = *info;
}

TEST(posix_timers_signal_with_a_value)
{
	struct sigaction action = { .sa_sigaction = note_info, .sa_flags = SA_SIGINFO };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value.sival_int = 1234 };
	struct itimerspec time = { { 0, 0 }, { 0, 10 * MS } }, left;
	int timer;

	need(sigaction(SIGUSR1, &action, NULL));
	report("timer_create", syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer));
	report("timer_gettime before", syscall(SYS_timer_gettime, timer, &left));
	say("  %ld %ld", (long)left.it_value.tv_sec, left.it_value.tv_nsec);
	report("timer_settime", syscall(SYS_timer_settime, timer, 0, &time, NULL));
	while (!caught)
		poll(NULL, 0, 1);
	say("  signo %s, code %d, value %d", signal_name(last_info.si_signo), last_info.si_code, last_info.si_value.sival_int);
	report("timer_getoverrun", syscall(SYS_timer_getoverrun, timer));
	time.it_value = (struct timespec){ 500, 0 };
	time.it_interval = (struct timespec){ 3, 4 };
	report("timer_settime(500 s)", syscall(SYS_timer_settime, timer, 0, &time, NULL));
	report("timer_gettime", syscall(SYS_timer_gettime, timer, &left));
	claim("about 500 s left", left.it_value.tv_sec > 400 && left.it_value.tv_sec <= 500);
	say("  interval %ld.%09ld", (long)left.it_interval.tv_sec, left.it_interval.tv_nsec);
	time.it_value = (struct timespec){ 0, 0 };
	report("disarm", syscall(SYS_timer_settime, timer, 0, &time, &left));
	claim("about 500 s were left", left.it_value.tv_sec > 400);
	time.it_value = (struct timespec){ 0, 1000000000 };
	report("timer_settime(10^9 ns)", syscall(SYS_timer_settime, timer, 0, &time, NULL));
	report("timer_settime(NULL)", syscall(SYS_timer_settime, timer, 0, NULL, NULL));
	report("timer_delete", syscall(SYS_timer_delete, timer));
	report("timer_delete again", syscall(SYS_timer_delete, timer));
	report("timer_gettime of deleted", syscall(SYS_timer_gettime, timer, &left));
	event.sigev_signo = 0;
	event.sigev_notify = 77;
	report("timer_create(bad notify)", syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer));
	report("timer_create(clock 99)", syscall(SYS_timer_create, 99, NULL, &timer));
}

/* The name of a clock with a pid or tid, as libc makes it (linux/posix-timers.h). */
#define CLOCK_OF(id, kind) ((int)(~(unsigned int)(id) << 3 | (kind)))

TEST(posix_timers_measure_cpu_time)
{
	static const struct {
		const char *name;
		int id, kind;
	} clocks[] = {
		{ "process", 0, 2 }, { "process, user", 0, 1 }, { "process, both", 0, 0 }, { "thread", 0, 6 },
		{ "thread, user", 0, 5 }, { "no kind", 0, 3 }, { "no process", 0x1fffff0, 2 }, { "another's thread", 1, 6 },
	};
	struct sigaction action = { .sa_sigaction = note_info, .sa_flags = SA_SIGINFO };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	struct itimerspec time = { { 0, 0 }, { 0, 10 * MS } };
	int64_t start;
	int timer;

	need(sigaction(SIGUSR1, &action, NULL));
	for (unsigned i = 0; i < COUNT_OF(clocks); i++) {
		caught = 0;
		if (report_ok(clocks[i].name, syscall(SYS_timer_create, CLOCK_OF(clocks[i].id, clocks[i].kind), &event, &timer)))
			continue;
		start = read_clock(CLOCK_PROCESS_CPUTIME_ID);
		need(syscall(SYS_timer_settime, timer, 0, &time, NULL));
		while (!caught)
			;
		/* The other kinds count whole ticks on Linux. */
		claim("not early", clocks[i].kind % 4 != 2 || read_clock(CLOCK_PROCESS_CPUTIME_ID) - start >= 10 * MS);
		need(syscall(SYS_timer_delete, timer));
	}
	report_ok("own process by its pid", syscall(SYS_timer_create, CLOCK_OF(getpid(), 2), &event, &timer));
	report_ok("own thread by its tid", syscall(SYS_timer_create, CLOCK_OF(gettid(), 6), &event, &timer));
}

TEST(posix_timer_overruns_are_counted)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	struct itimerspec time = { { 0, 5 * MS }, { 0, 5 * MS } };
	int64_t start = now_ns();
	sigset_t set;
	int timer;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	need(sigprocmask(SIG_BLOCK, &set, NULL));
	need(syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer));
	need(syscall(SYS_timer_settime, timer, 0, &time, NULL));
	while (now_ns() - start < 60 * MS)
		;
	report("sigwaitinfo", sigwaitinfo(&set, &last_info));
	claim("overruns", syscall(SYS_timer_getoverrun, timer) >= 5);
	claim("siginfo has them too", last_info.si_overrun >= 5);
}

#define LOAD 3
#define TAKES 40

static void spin_until(int64_t end)
{
	while (now_ns() < end)
		;
	_exit(0);
}

/* Each expiry has a signal of its own or is told as an overrun of one that was taken after it. */
static void count_expiries(int signo, int notify)
{
	struct sigevent event = { .sigev_notify = notify, .sigev_signo = signo };
	int64_t start = now_ns() + 5 * MS, before = 0, after = 0, total = 0;
	struct itimerspec time = { { 0, MS }, { start / (1000 * MS), start % (1000 * MS) } };
	sigset_t set;
	int timer;

	event._sigev_un._tid = (int)syscall(SYS_gettid);
	sigemptyset(&set);
	sigaddset(&set, signo);
	need(sigprocmask(SIG_BLOCK, &set, NULL));
	for (int i = 0; i < LOAD; i++) {
		if (!need(fork()))
			spin_until(start + 200 * MS);
	}
	need(syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer));
	need(syscall(SYS_timer_settime, timer, TIMER_ABSTIME, &time, NULL));
	for (int i = 0; i < TAKES; i++) {
		if (i % 8 == 7)
			nanosleep(&(struct timespec){ 0, 10 * MS }, NULL);
		before = now_ns();
		need(sigwaitinfo(&set, &last_info));
		after = now_ns();
		total += 1 + last_info.si_overrun;
	}
	claim("no expiry was lost", total >= (before - start) / MS + 1);
	claim("and none made up", total <= (after - start) / MS + 1);
	claim("timer_getoverrun agrees", syscall(SYS_timer_getoverrun, timer) == last_info.si_overrun);
	need(syscall(SYS_timer_delete, timer));
	for (int i = 0; i < LOAD; i++)
		need(wait(NULL));
}

TEST(posix_timer_tells_of_every_expiry_under_load)
{
	count_expiries(SIGUSR1, SIGEV_SIGNAL);
	count_expiries(SIGRTMIN + 1, SIGEV_SIGNAL);
}

TEST(posix_timer_of_a_thread_tells_of_every_expiry_under_load)
{
	count_expiries(SIGUSR1, SIGEV_THREAD_ID);
	count_expiries(SIGRTMIN + 1, SIGEV_THREAD_ID);
}

/* kill() and the timer each have theirs. */
TEST(posix_timer_does_not_give_way_to_a_pending_signal)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	struct itimerspec time = { { 0, 0 }, { 0, MS } };
	sigset_t set;
	int timer;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	need(sigprocmask(SIG_BLOCK, &set, NULL));
	need(kill(getpid(), SIGUSR1));
	need(syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer));
	need(syscall(SYS_timer_settime, timer, 0, &time, NULL));
	nanosleep(&(struct timespec){ 0, 20 * MS }, NULL);
	for (int i = 0; i < 3; i++) {
		struct timespec none = { 0, 0 };
		int got = sigtimedwait(&set, &last_info, &none);

		report("sigtimedwait", got);
		if (got > 0)
			say("  code %d", last_info.si_code);
	}
}

TEST(absolute_posix_timer_in_the_past_fires_at_once)
{
	struct itimerspec time = { { 0, 0 }, { 1, 0 } };
	sigset_t set;
	int timer;

	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	need(sigprocmask(SIG_BLOCK, &set, NULL));
	need(syscall(SYS_timer_create, CLOCK_REALTIME, NULL, &timer));
	report("timer_settime", syscall(SYS_timer_settime, timer, TIMER_ABSTIME, &time, NULL));
	report("sigwaitinfo", sigwaitinfo(&set, NULL));
}

/* Each of its two parts is cut to microseconds. */
static bool usage_keeps_up(int who, clockid_t clock)
{
	struct rusage usage;
	int64_t us;

	for (int i = 0; i < 300; i++) {
		us = read_clock(clock) / 1000;
		need(getrusage(who, &usage));
		if ((usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 + usage.ru_utime.tv_usec + usage.ru_stime.tv_usec + 2 < us)
			return false;
	}
	return true;
}

TEST(used_time_is_accounted)
{
	struct rusage self, children;
	struct tms before, after;
	pid_t child;

	times(&before);
	burn_ms(40);
	times(&after);
	claim("times() grew by 2 ticks or more", after.tms_utime + after.tms_stime - before.tms_utime - before.tms_stime >= 2);
	need(getrusage(RUSAGE_SELF, &self));
	claim("getrusage has it", (self.ru_utime.tv_sec + self.ru_stime.tv_sec) * 1000000 +
		self.ru_utime.tv_usec + self.ru_stime.tv_usec >= 30000);
	claim("resident size is plausible", self.ru_maxrss > 100 && self.ru_maxrss < 100000);
	claim("page faults were counted", self.ru_minflt > 0);
	claim("getrusage is never behind the clock", usage_keeps_up(RUSAGE_SELF, CLOCK_PROCESS_CPUTIME_ID));
	claim("nor a thread's", usage_keeps_up(RUSAGE_THREAD, CLOCK_THREAD_CPUTIME_ID));
	child = need(fork());
	if (child == 0) {
		burn_ms(40);
		_exit(0);
	}
	report_exit("child", child);
	need(getrusage(RUSAGE_CHILDREN, &children));
	claim("children's time", (children.ru_utime.tv_sec + children.ru_stime.tv_sec) * 1000000 +
		children.ru_utime.tv_usec + children.ru_stime.tv_usec >= 30000);
	times(&after);
	claim("times() has the children's", after.tms_cutime + after.tms_cstime >= 2);
	claim("RUSAGE_THREAD", getrusage(RUSAGE_THREAD, &self) == 0);
	report("getrusage(9)", getrusage(9, &self));
	report("getrusage(bad pointer)", syscall(SYS_getrusage, RUSAGE_SELF, unmapped_address()));
	report("times(bad pointer)", syscall(SYS_times, unmapped_address()));
}

TEST(sleeping_uses_no_cpu)
{
	int64_t before = read_clock(CLOCK_PROCESS_CPUTIME_ID);

	nanosleep(&(struct timespec){ 0, 50 * MS }, NULL);
	claim("less than 20 ms used", read_clock(CLOCK_PROCESS_CPUTIME_ID) - before < 20 * MS);
}

static void set_the_clock(void)
{
	struct timespec now;

	need(clock_gettime(CLOCK_REALTIME, &now));
	report("clock_settime", clock_settime(CLOCK_REALTIME, &now));
	report("settimeofday", settimeofday(&(struct timeval){ now.tv_sec, 0 }, NULL));
}

TEST(nobody_cannot_set_the_clock)
{
	report("clock_settime(MONOTONIC)", clock_settime(CLOCK_MONOTONIC, &(struct timespec){ 1, 0 }));
	as_unprivileged(set_the_clock);
}

TEST(cpu_limit_sends_sigxcpu_then_sigkill)
{
	struct rlimit limit = { 1, 2 };
	pid_t child = need(fork());

	if (child == 0) {
		on_signal(SIGXCPU, count_signal, 0);
		need(setrlimit(RLIMIT_CPU, &limit));
		while (!caught)
			;
		say("  caught SIGXCPU");
		for (;;)
			;
	}
	report_exit("child", child);
}
