/* tests/linux/events.c: eventfd, timerfd, signalfd, and epoll over them. */
#include "common.h"

#include <linux/capability.h>
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>

static void report_read(const char *label, int fd)
{
	uint64_t value = 0;
	ssize_t n = read(fd, &value, sizeof(value));

	if (n < 0)
		say("  %s: -1 %s", label, errno_name(errno));
	else
		say("  %s: %zd bytes, %llu", label, n, (unsigned long long)value);
}

static void report_write(const char *label, int fd, uint64_t value)
{
	report(label, write(fd, &value, sizeof(value)));
}

static void say_poll(const char *label, int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT };
	int n = poll(&p, 1, 0);

	say("  %s: %d%s%s%s", label, n, p.revents & POLLIN ? " IN" : "", p.revents & POLLOUT ? " OUT" : "",
		p.revents & POLLERR ? " ERR" : "");
}

/* ---- eventfd ---- */

TEST(eventfd_adds_and_gives_all)
{
	int fd = need(eventfd(3, EFD_NONBLOCK));

	say_poll("3", fd);
	report_read("read", fd);
	report_read("read again", fd);
	say_poll("0", fd);
	report_write("write 5", fd, 5);
	report_write("write 7", fd, 7);
	report_write("write 0", fd, 0);
	report_read("read", fd);
}

TEST(eventfd_semaphore_gives_one_at_a_time)
{
	int fd = need(eventfd(2, EFD_NONBLOCK | EFD_SEMAPHORE));

	report_read("first", fd);
	report_read("second", fd);
	report_read("third", fd);
}

TEST(eventfd_overflows_at_the_top)
{
	int fd = need(eventfd(0, EFD_NONBLOCK));

	report_write("all ones", fd, ~0ULL);
	report_write("largest", fd, ~0ULL - 1);
	say_poll("full", fd);
	report_write("one more", fd, 1);
	report_write("nothing more", fd, 0);
	report_read("read", fd);
	report_write("almost full", fd, ~0ULL - 2);
	say_poll("almost full", fd);
	report_write("too much", fd, 2);
	report_write("fits", fd, 1);
}

TEST(eventfd_checks_what_it_is_given)
{
	int fd = need(eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC));
	char big[16] = { 1 };

	report("flags", eventfd(0, 0x100));
	report("F_GETFD", fcntl(fd, F_GETFD));
	report("F_GETFL", fcntl(fd, F_GETFL));
	report("read 7", read(fd, big, 7));
	report("write 7", write(fd, big, 7));
	report("write 16", write(fd, big, 16));
	report("read 16", read(fd, big, 16));
	report("read(bad pointer) empty", read(fd, unmapped_address(), 8));
	report("write(bad pointer)", write(fd, unmapped_address(), 8));
	report_write("write", fd, 9);
	report("read(bad pointer)", read(fd, unmapped_address(), 8));
	report_read("after that", fd);
	report("lseek", lseek(fd, 0, SEEK_SET));
	report("pread", pread(fd, big, 8, 0));
	report("mmap", (long)mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) == -1 ? -1 : 0);
	report("ftruncate", ftruncate(fd, 0));
	report("fsync", fsync(fd));
	report("ioctl", ioctl(fd, 0x541b, big));
	report("negative length", syscall(SYS_read, fd, big, -1L));
}

static void *read_one(void *fd)
{
	uint64_t value = 0;

	need(read(*(int *)fd, &value, 8));
	return (void *)(uintptr_t)value;
}

TEST(eventfd_blocks_readers_and_writers)
{
	int fd = need(eventfd(0, 0));
	void *got;
	pthread_t t;

	pthread_create(&t, NULL, read_one, &fd);
	report_write("wake a reader", fd, 42);
	pthread_join(t, &got);
	say("  it read %lu", (unsigned long)got);
	report_write("fill", fd, ~0ULL - 1);
	pthread_create(&t, NULL, read_one, &fd);
	report_write("waits for the reader", fd, 2);
	pthread_join(t, &got);
	claim("the reader took all", (unsigned long)got == ~0UL - 1);
	report_read("what the writer left", fd);
}

TEST(eventfd_read_is_interrupted_and_restarted)
{
	int fd = need(eventfd(0, 0));

	on_signal(SIGALRM, do_nothing, 0);
	tick_every_ms(20);
	report_read("interrupted", fd);
	tick_every_ms(0);
}

TEST(eventfd_survives_fork_and_exec_flags)
{
	int fd = need(eventfd(0, 0));
	pid_t child = need(fork());

	if (!child) {
		uint64_t v = 11;

		_exit(write(fd, &v, 8) != 8);
	}
	report_read("from the child", fd);
	report_exit("child", child);
}

/* ---- timerfd ---- */

static int arm(int fd, int flags, long value_ms, long interval_ms)
{
	struct itimerspec s = {
		.it_value = { value_ms / 1000, value_ms % 1000 * 1000000 },
		.it_interval = { interval_ms / 1000, interval_ms % 1000 * 1000000 },
	};

	return timerfd_settime(fd, flags, &s, NULL);
}

TEST(timerfd_exists_for_five_clocks)
{
	static const int clocks[] = { CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID,
		CLOCK_MONOTONIC_RAW, CLOCK_REALTIME_COARSE, CLOCK_BOOTTIME, CLOCK_REALTIME_ALARM, CLOCK_BOOTTIME_ALARM,
		CLOCK_TAI, 99, -1 };

	for (unsigned i = 0; i < COUNT_OF(clocks); i++) {
		char label[32];

		snprintf(label, sizeof(label), "clock %d", clocks[i]);
		if (!is_root() && (clocks[i] == CLOCK_REALTIME_ALARM || clocks[i] == CLOCK_BOOTTIME_ALARM))
			continue;
		report_ok(label, timerfd_create(clocks[i], 0));
	}
	report("flags", timerfd_create(CLOCK_MONOTONIC, 1));
	report("flags and clock", timerfd_create(77, 1));
}

static void make_alarm(void)
{
	report("as nobody", timerfd_create(CLOCK_REALTIME_ALARM, 0));
	report("as nobody, bad flags", timerfd_create(CLOCK_REALTIME_ALARM, 1));
}

TEST(timerfd_alarm_needs_a_capability)
{
	as_unprivileged(make_alarm);
}

TEST(timerfd_counts_expirations)
{
	int fd = need(timerfd_create(CLOCK_MONOTONIC, 0));
	int64_t start = now_ns();
	uint64_t n;

	report("arm", arm(fd, 0, 20, 0));
	say_poll("at once", fd);
	report_read("once", fd);
	claim("not early", now_ns() - start >= 20000000);
	need(fcntl(fd, F_SETFL, O_NONBLOCK));
	report_read("one shot is over", fd);
	report("periodic", arm(fd, 0, 5, 5));
	need(fcntl(fd, F_SETFL, 0));
	usleep(60000);
	need(read(fd, &n, 8));
	claim("overruns were counted", n >= 10);
	start = now_ns();
	need(read(fd, &n, 8));
	claim("and it goes on", n >= 1);
	report("disarm", arm(fd, 0, 0, 5));
	need(fcntl(fd, F_SETFL, O_NONBLOCK));
	report_read("disarmed", fd);
	say_poll("disarmed", fd);
}

TEST(timerfd_settime_forgets_what_was_not_read)
{
	int fd = need(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK));
	struct pollfd p = { .fd = fd, .events = POLLIN };

	need(arm(fd, 0, 1, 0));
	report("poll", poll(&p, 1, -1));
	need(arm(fd, 0, 100000, 0));
	report_read("forgotten", fd);
}

TEST(timerfd_absolute_times_may_be_past)
{
	int fd = need(timerfd_create(CLOCK_REALTIME, 0));
	struct itimerspec s = { .it_value = { 1, 0 } };
	struct timespec now;

	report("1970", timerfd_settime(fd, TFD_TIMER_ABSTIME, &s, NULL));
	report_read("expired", fd);
	clock_gettime(CLOCK_REALTIME, &now);
	s.it_value = now;
	s.it_value.tv_sec -= 100;
	s.it_interval.tv_sec = 10;
	report("100 s ago, every 10", timerfd_settime(fd, TFD_TIMER_ABSTIME, &s, NULL));
	report_read("eleven times", fd);
	report("gettime", timerfd_gettime(fd, &s));
	claim("at most 10 s left", s.it_value.tv_sec < 10 && s.it_interval.tv_sec == 10);
	fd = need(timerfd_create(CLOCK_MONOTONIC, 0));
	clock_gettime(CLOCK_MONOTONIC, &now);
	now.tv_nsec += 20000000;
	if (now.tv_nsec >= 1000000000) {
		now.tv_nsec -= 1000000000;
		now.tv_sec++;
	}
	s = (struct itimerspec){ .it_value = now };
	report("in 20 ms", timerfd_settime(fd, TFD_TIMER_ABSTIME, &s, NULL));
	report_read("expired", fd);
}

TEST(timerfd_shows_old_and_current_values)
{
	int fd = need(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK));
	struct itimerspec old = { .it_value = { 7, 7 } }, new = { .it_value = { 1000, 0 }, .it_interval = { 3, 5 } };

	report("gettime", timerfd_gettime(fd, &old));
	claim("disarmed", !old.it_value.tv_sec && !old.it_value.tv_nsec && !old.it_interval.tv_sec);
	report("settime", timerfd_settime(fd, 0, &new, &old));
	claim("was disarmed", !old.it_value.tv_sec && !old.it_value.tv_nsec && !old.it_interval.tv_sec);
	report("gettime", timerfd_gettime(fd, &old));
	claim("almost 1000 s left", old.it_value.tv_sec >= 999 - 60 && old.it_value.tv_sec <= 1000);
	claim("interval", old.it_interval.tv_sec == 3 && old.it_interval.tv_nsec == 5);
	new = (struct itimerspec){ 0 };
	report("disarm", timerfd_settime(fd, 0, &new, &old));
	claim("old interval", old.it_interval.tv_sec == 3 && old.it_value.tv_sec <= 1000);
	need(arm(fd, 0, 1, 0));
	usleep(10000);
	report("gettime after the shot", timerfd_gettime(fd, &old));
	claim("none left", !old.it_value.tv_sec && !old.it_value.tv_nsec);
	report_read("still to be read", fd);
}

TEST(timerfd_checks_what_it_is_given)
{
	int fd = need(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)), event = need(eventfd(0, 0));
	struct itimerspec s = { .it_value = { 1, 0 } }, bad = { .it_value = { 0, 1000000000 } };
	char small[4];

	report("F_GETFD", fcntl(fd, F_GETFD));
	report("F_GETFL", fcntl(fd, F_GETFL));
	report("flags", timerfd_settime(fd, 8, &s, NULL));
	report("cancel without abstime", timerfd_settime(fd, TFD_TIMER_CANCEL_ON_SET, &s, NULL));
	report("cancel on monotonic", timerfd_settime(fd, 3, &s, NULL));
	report("nanoseconds", timerfd_settime(fd, 0, &bad, NULL));
	bad = (struct itimerspec){ .it_value = { -1, 0 } };
	report("negative", timerfd_settime(fd, 0, &bad, NULL));
	bad = (struct itimerspec){ .it_interval = { 0, -1 } };
	report("negative interval", timerfd_settime(fd, 0, &bad, NULL));
	report("bad pointer", timerfd_settime(fd, 0, unmapped_address(), NULL));
	report("bad old pointer", timerfd_settime(fd, 0, &s, unmapped_address()));
	report("not a timer", timerfd_settime(event, 0, &s, NULL));
	report("not a timer and bad flags", timerfd_settime(event, 8, &s, NULL));
	report("closed", timerfd_settime(88, 0, &s, NULL));
	report("gettime not a timer", timerfd_gettime(event, &s));
	report("gettime closed", timerfd_gettime(88, &s));
	report("gettime bad pointer", timerfd_gettime(fd, unmapped_address()));
	report("read 4", read(fd, small, 4));
	report("write", write(fd, &s, 8));
	report("lseek", lseek(fd, 0, SEEK_SET));
}

TEST(timerfd_cancel_on_set_without_a_set_is_a_timer)
{
	int fd = need(timerfd_create(CLOCK_REALTIME, 0));
	struct itimerspec s = { .it_value = { 1, 0 } };

	report("settime", timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &s, NULL));
	report_read("expired", fd);
}

TEST(timerfd_read_is_interrupted)
{
	int fd = need(timerfd_create(CLOCK_MONOTONIC, 0));

	on_signal(SIGALRM, do_nothing, 0);
	need(arm(fd, 0, 100000, 0));
	tick_every_ms(20);
	report_read("interrupted", fd);
	tick_every_ms(0);
}

/* ---- signalfd ---- */

static void say_signal(const char *label, const struct signalfd_siginfo *s)
{
	say("  %s: %s code %d pid %s uid %s int %d status %d", label, signal_name((int)s->ssi_signo), s->ssi_code,
		s->ssi_pid == (uint32_t)getpid() ? "mine" : s->ssi_pid ? "another's" : "0",
		s->ssi_uid == getuid() ? "mine" : "another's", s->ssi_int, s->ssi_status);
}

static void report_signals(const char *label, int fd)
{
	struct signalfd_siginfo infos[4];
	ssize_t n = read(fd, infos, sizeof(infos));

	if (n < 0) {
		say("  %s: -1 %s", label, errno_name(errno));
		return;
	}
	say("  %s: %zd bytes", label, n);
	for (unsigned i = 0; i < (size_t)n / sizeof(infos[0]); i++)
		say_signal(label, &infos[i]);
}

static sigset_t block(int first, int second)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, first);
	if (second)
		sigaddset(&set, second);
	need(sigprocmask(SIG_BLOCK, &set, NULL));
	return set;
}

TEST(signalfd_gives_what_is_pending)
{
	sigset_t set = block(SIGUSR1, SIGRTMIN);
	int fd = need(signalfd(-1, &set, SFD_NONBLOCK));

	report_signals("none", fd);
	say_poll("none", fd);
	need(kill(getpid(), SIGUSR1));
	need(kill(getpid(), SIGUSR1));
	say_poll("USR1", fd);
	need(sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = 5 }));
	need(sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = 6 }));
	report_signals("three", fd);
	report_signals("none", fd);
	need(raise(SIGUSR1));
	report_signals("raised", fd);
}

TEST(signalfd_waits_for_a_signal)
{
	sigset_t set = block(SIGUSR2, 0);
	int fd = need(signalfd(-1, &set, 0));
	pid_t child = need(fork());

	if (!child) {
		kill(getppid(), SIGUSR2);
		_exit(0);
	}
	report_signals("from the child", fd);
	report_exit("child", child);
}

TEST(signalfd_tells_of_a_child)
{
	sigset_t set = block(SIGCHLD, 0);
	int fd = need(signalfd(-1, &set, 0));
	struct signalfd_siginfo s;
	pid_t child = need(fork());

	if (!child)
		_exit(9);
	need(read(fd, &s, sizeof(s)));
	say("  %s code %d status %d, its pid: %s", signal_name((int)s.ssi_signo), s.ssi_code, s.ssi_status,
		s.ssi_pid == (uint32_t)child ? "yes" : "no");
	report_exit("child", child);
}

TEST(signalfd_tells_of_a_timer)
{
	sigset_t set = block(SIGRTMIN + 1, 0);
	int fd = need(signalfd(-1, &set, 0));
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 1, .sigev_value.sival_int = 77 };
	struct itimerspec when = { .it_value.tv_nsec = 1000000 };
	struct signalfd_siginfo s;
	timer_t timer;

	need(timer_create(CLOCK_MONOTONIC, &ev, &timer));
	need(timer_settime(timer, 0, &when, NULL));
	need(read(fd, &s, sizeof(s)));
	say("  code %d int %d overrun %u", s.ssi_code, s.ssi_int, s.ssi_overrun);
}

TEST(signalfd_mask_can_be_changed)
{
	sigset_t set = block(SIGUSR1, SIGUSR2), other;
	int fd;

	sigemptyset(&other);
	sigaddset(&other, SIGUSR2);
	fd = need(signalfd(-1, &other, SFD_NONBLOCK));
	need(raise(SIGUSR1));
	report_signals("masked", fd);
	claim("the same descriptor", signalfd(fd, &set, 0) == fd);
	report_signals("unmasked", fd);
	sigfillset(&set);
	report_ok("all, with KILL and STOP", signalfd(fd, &set, 0));
}

TEST(signalfd_checks_what_it_is_given)
{
	sigset_t set = block(SIGUSR1, 0);
	int fd = need(signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC)), event = need(eventfd(0, 0));
	struct signalfd_siginfo s;

	report("F_GETFD", fcntl(fd, F_GETFD));
	report("F_GETFL", fcntl(fd, F_GETFL));
	report("flags", signalfd(-1, &set, 1));
	report("size", syscall(SYS_signalfd4, -1, &set, 4, 0));
	report("size and pointer", syscall(SYS_signalfd4, -1, NULL, 4, 0));
	report("pointer", syscall(SYS_signalfd4, -1, unmapped_address(), 8, 0));
	report("pointer and flags", syscall(SYS_signalfd4, -1, unmapped_address(), 8, 1));
	report("not a signalfd", signalfd(event, &set, 0));
	report("closed", signalfd(88, &set, 0));
	report("-2", signalfd(-2, &set, 0));
	report("read 127", read(fd, &s, 127));
	report("write", write(fd, &s, 128));
	need(raise(SIGUSR1));
	report("read(bad pointer)", read(fd, unmapped_address(), 128));
}

TEST(signalfd_in_a_child_shows_the_childs_signals)
{
	sigset_t set = block(SIGUSR1, 0);
	int fd = need(signalfd(-1, &set, SFD_NONBLOCK));
	pid_t child;

	need(raise(SIGUSR1));
	child = need(fork());
	if (!child) {
		say_poll("child", fd);
		report_signals("child", fd);
		_exit(0);
	}
	report_exit("child", child);
	report_signals("parent", fd);
}

TEST(signalfd_read_ends_by_a_handler)
{
	sigset_t set = block(SIGUSR1, 0);
	int fd = need(signalfd(-1, &set, 0));

	on_signal(SIGALRM, do_nothing, 0);
	tick_every_ms(20);
	report_signals("interrupted", fd);
	tick_every_ms(0);
}

/* ---- epoll over all of them ---- */

static int watch(int epoll, int fd, uint32_t events, uint64_t data)
{
	struct epoll_event event = { .events = events, .data.u64 = data };

	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

static int rearm(int epoll, int fd, uint32_t events, uint64_t data)
{
	struct epoll_event event = { .events = events, .data.u64 = data };

	return epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event);
}

static void report_ready(const char *label, int epoll, int timeout_ms)
{
	struct epoll_event events[8];
	int count = epoll_wait(epoll, events, 8, timeout_ms);

	say("  %s: %d", label, count);
	for (int i = 0; i < count; i++)
		say("    %llu: %#x", (unsigned long long)events[i].data.u64, events[i].events);
}

TEST(epoll_wakes_for_counters_timers_and_signals)
{
	int epoll = need(epoll_create1(0)), event = need(eventfd(0, EFD_NONBLOCK));
	int timer = need(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK)), signals;
	sigset_t set = block(SIGUSR1, 0);
	pid_t child;

	signals = need(signalfd(-1, &set, SFD_NONBLOCK));
	need(watch(epoll, event, EPOLLIN, 1));
	need(watch(epoll, timer, EPOLLIN, 2));
	need(watch(epoll, signals, EPOLLIN, 3));
	report_ready("nothing", epoll, 0);
	need(arm(timer, 0, 10, 0));
	report_ready("timer", epoll, -1);
	report_read("timer", timer);
	child = need(fork());
	if (!child) {
		kill(getppid(), SIGUSR1);
		_exit(0);
	}
	report_ready("signal", epoll, -1);
	report_exit("child", child);
	report_signals("signal", signals);
	child = need(fork());
	if (!child) {
		uint64_t v = 1;

		_exit(write(event, &v, 8) != 8);
	}
	report_ready("counter", epoll, -1);
	report_exit("child", child);
	report_ready("level: again", epoll, 0);
	report_read("counter", event);
	report_ready("nothing", epoll, 0);
}

TEST(epoll_edge_on_an_eventfd_fires_for_each_write)
{
	int epoll = need(epoll_create1(0)), event = need(eventfd(0, EFD_NONBLOCK));

	need(watch(epoll, event, EPOLLIN | EPOLLOUT | EPOLLET, 1));
	report_ready("writable", epoll, 0);
	report_ready("once", epoll, 0);
	report_write("write", event, 1);
	report_ready("first", epoll, 0);
	report_write("write", event, 1);
	report_ready("second", epoll, 0);
	report_ready("no more", epoll, 0);
	report_read("read", event);
	report_ready("writable again", epoll, 0);
}

TEST(epoll_exclusive_is_for_simple_files)
{
	int epoll = need(epoll_create1(0)), other = need(epoll_create1(0)), event = need(eventfd(0, EFD_NONBLOCK));

	report("add", watch(epoll, event, EPOLLIN | EPOLLEXCLUSIVE, 1));
	report("modify to exclusive", rearm(epoll, event, EPOLLIN | EPOLLEXCLUSIVE, 1));
	report("modify an exclusive one", rearm(epoll, event, EPOLLIN, 1));
	report("in another set", watch(other, event, EPOLLIN | EPOLLEXCLUSIVE, 2));
	report("with oneshot", watch(other, event, EPOLLIN | EPOLLEXCLUSIVE | EPOLLONESHOT, 2));
	report("of a set", watch(epoll, other, EPOLLIN | EPOLLEXCLUSIVE, 2));
	report("with PRI", watch(need(epoll_create1(0)), event, EPOLLPRI | EPOLLEXCLUSIVE, 2));
	report_write("write", event, 1);
	report_ready("one", epoll, 0);
	report_ready("other", other, 0);
	report("delete", epoll_ctl(epoll, EPOLL_CTL_DEL, event, NULL));
}

TEST(epoll_sets_nest_to_a_depth)
{
	int sets[8], event = need(eventfd(0, EFD_NONBLOCK));

	for (int i = 0; i < 8; i++)
		sets[i] = need(epoll_create1(0));
	report("leaf", watch(sets[0], event, EPOLLIN, 1));
	for (int i = 1; i < 8; i++) {
		char label[32];

		snprintf(label, sizeof(label), "set %d watches %d", i, i - 1);
		report(label, watch(sets[i], sets[i - 1], EPOLLIN, 1));
	}
	report("a circle", watch(sets[0], sets[3], EPOLLIN, 1));
	report("itself", watch(sets[0], sets[0], EPOLLIN, 1));
	report_write("write", event, 1);
	report_ready("four above", sets[4], 0);
	report_read("read", event);
	report_ready("four above", sets[4], 0);
}

TEST(epoll_depth_is_checked_from_both_ends)
{
	int low[3], high[3];

	for (int i = 0; i < 3; i++) {
		low[i] = need(epoll_create1(0));
		high[i] = need(epoll_create1(0));
	}
	report("low 1", watch(low[1], low[0], EPOLLIN, 1));
	report("low 2", watch(low[2], low[1], EPOLLIN, 1));
	report("high 1", watch(high[1], high[0], EPOLLIN, 1));
	report("high 2", watch(high[2], high[1], EPOLLIN, 1));
	report("high on low", watch(high[0], low[2], EPOLLIN, 1));
	report("high on low, one less", watch(high[0], low[1], EPOLLIN, 1));
}

TEST(epoll_keeps_a_closed_descriptor_while_a_duplicate_lives)
{
	int epoll = need(epoll_create1(0)), event = need(eventfd(1, EFD_NONBLOCK)), copy = need(dup(event));

	need(watch(epoll, event, EPOLLIN, 7));
	report("the copy is another item", watch(epoll, copy, EPOLLIN, 8));
	report_ready("both", epoll, 0);
	close(event);
	report_ready("one closed", epoll, 0);
	report("delete by the closed number", epoll_ctl(epoll, EPOLL_CTL_DEL, event, NULL));
	report("delete the copy", epoll_ctl(epoll, EPOLL_CTL_DEL, copy, NULL));
	report_ready("the closed one stays", epoll, 0);
	close(copy);
	report_ready("both closed", epoll, 0);
}

TEST(epoll_number_reused_for_another_file)
{
	int epoll = need(epoll_create1(0)), first = need(eventfd(1, EFD_NONBLOCK)), keep = need(dup(first)), second;

	need(watch(epoll, first, EPOLLIN, 1));
	close(first);
	second = need(eventfd(1, EFD_NONBLOCK));
	claim("the number is used again", second == first);
	report("add the new file", watch(epoll, second, EPOLLIN, 2));
	report_ready("two items", epoll, 0);
	close(keep);
	report_ready("one item", epoll, 0);
}

TEST(epoll_oneshot_and_edge_together)
{
	int epoll = need(epoll_create1(0)), event = need(eventfd(1, EFD_NONBLOCK));

	need(watch(epoll, event, EPOLLIN | EPOLLET | EPOLLONESHOT, 1));
	report_ready("first", epoll, 0);
	report_write("write", event, 1);
	report_ready("disarmed", epoll, 0);
	report("rearm", rearm(epoll, event, EPOLLIN | EPOLLET | EPOLLONESHOT, 2));
	report_ready("rearmed", epoll, 0);
	report_ready("disarmed", epoll, 0);
}

TEST(epoll_rotates_when_the_array_is_short)
{
	int epoll = need(epoll_create1(0)), fds[3];
	struct epoll_event event;

	for (int i = 0; i < 3; i++) {
		fds[i] = need(eventfd(1, EFD_NONBLOCK));
		need(watch(epoll, fds[i], EPOLLIN, (uint64_t)i));
	}
	for (int i = 0; i < 6; i++) {
		need(epoll_wait(epoll, &event, 1, 0));
		say("  %llu", (unsigned long long)event.data.u64);
	}
}

TEST(epoll_pwait2_takes_nanoseconds_and_a_mask)
{
	int epoll = need(epoll_create1(0)), event = need(eventfd(0, EFD_NONBLOCK));
	struct timespec t = { 0, 5000000 }, bad = { 0, 1000000000 }, zero = { 0 };
	struct epoll_event out;
	int64_t start = now_ns();
	sigset_t none;

	need(watch(epoll, event, EPOLLIN, 1));
	report("5 ms", syscall(SYS_epoll_pwait2, epoll, &out, 1, &t, NULL, 8));
	claim("waited", now_ns() - start >= 5000000);
	report("zero", syscall(SYS_epoll_pwait2, epoll, &out, 1, &zero, NULL, 8));
	report("bad time", syscall(SYS_epoll_pwait2, epoll, &out, 1, &bad, NULL, 8));
	report("bad time pointer", syscall(SYS_epoll_pwait2, epoll, &out, 1, unmapped_address(), NULL, 8));
	report("bad mask pointer", syscall(SYS_epoll_pwait2, epoll, &out, 1, &zero, unmapped_address(), 8));
	report("bad mask size", syscall(SYS_epoll_pwait2, epoll, &out, 1, &zero, &none, 4));
	report("no events", syscall(SYS_epoll_pwait2, epoll, &out, 0, &zero, NULL, 8));
	on_signal(SIGUSR1, count_signal, 0);
	block(SIGUSR1, 0);
	need(raise(SIGUSR1));
	sigemptyset(&none);
	report("unblocked for the call", syscall(SYS_epoll_pwait2, epoll, &out, 1, NULL, &none, 8));
	say("  caught %d", caught);
	report_write("write", event, 1);
	report("ready", syscall(SYS_epoll_pwait2, epoll, &out, 1, NULL, NULL, 0));
}

static void *wait_once(void *epoll)
{
	struct epoll_event out;

	return (void *)(long)epoll_wait(*(int *)epoll, &out, 1, 5000);
}

TEST(epoll_set_changed_while_waited_on)
{
	int epoll = need(epoll_create1(0)), event = need(eventfd(1, EFD_NONBLOCK));
	pthread_t t;
	void *got;

	pthread_create(&t, NULL, wait_once, &epoll);
	report("add while waiting", watch(epoll, event, EPOLLIN, 1));
	pthread_join(t, &got);
	say("  the waiter got %ld", (long)got);
}

TEST(links_of_nameless_files_tell_what_they_are)
{
	sigset_t set;
	int fds[4];

	sigemptyset(&set);
	fds[0] = need(eventfd(0, 0));
	fds[1] = need(timerfd_create(CLOCK_MONOTONIC, 0));
	fds[2] = need(signalfd(-1, &set, 0));
	fds[3] = need(epoll_create1(0));
	for (int i = 0; i < 4; i++) {
		char path[64], text[64] = "";

		snprintf(path, sizeof(path), "/proc/self/fd/%d", fds[i]);
		need(readlink(path, text, sizeof(text) - 1));
		say("  %s", text);
	}
}

static void *wait_and_count(void *set)
{
	int epoll = *(int *)set;
	struct epoll_event out;

	return (void *)(long)epoll_wait(epoll, &out, 1, 300);
}

/* Several waiting sets, one byte: not all of them are disturbed. */
static void exclusive_waiters(uint32_t modifier)
{
	int fds[2], sets[4], woken = 0;
	pthread_t threads[4];

	need(pipe(fds));
	for (int i = 0; i < 4; i++) {
		sets[i] = need(epoll_create1(0));
		need(watch(sets[i], fds[0], EPOLLIN | EPOLLET | modifier, 1));
		pthread_create(&threads[i], NULL, wait_and_count, &sets[i]);
	}
	usleep(100000);
	need(write(fds[1], "x", 1));
	for (int i = 0; i < 4; i++) {
		void *got;

		pthread_join(threads[i], &got);
		woken += got != NULL;
	}
	say("  woken: %d", woken);
}

TEST(epoll_exclusive_wakes_one_set)
{
	exclusive_waiters(EPOLLEXCLUSIVE);
}

TEST(epoll_without_exclusive_wakes_all)
{
	exclusive_waiters(0);
}
