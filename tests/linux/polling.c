/* tests/linux/polling.c: poll, select and epoll. */
#include "common.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>

static void say_events(const char *label, int ready, short events)
{
	say("  %s: %d%s%s%s%s%s%s", label, ready, events & POLLIN ? " IN" : "", events & POLLOUT ? " OUT" : "",
		events & POLLHUP ? " HUP" : "", events & POLLERR ? " ERR" : "", events & POLLNVAL ? " NVAL" : "",
		events & POLLRDHUP ? " RDHUP" : "");
}

static void report_poll(const char *label, int fd, short events, int timeout_ms)
{
	struct pollfd entry = { .fd = fd, .events = events };
	int ready = poll(&entry, 1, timeout_ms);

	if (ready < 0)
		say("  %s: -1 %s", label, errno_name(errno));
	else
		say_events(label, ready, entry.revents);
}

TEST(poll_reports_only_what_is_asked_and_errors)
{
	int fds[2], file;

	make_file("f", "");
	file = need(open("f", O_RDONLY));
	need(pipe(fds));
	report_poll("file, IN|OUT", file, POLLIN | POLLOUT, -1);
	report_poll("file, nothing", file, 0, 0);
	report_poll("writer, IN", fds[1], POLLIN, 0);
	report_poll("writer, OUT", fds[1], POLLOUT, -1);
	report_poll("reader, IN", fds[0], POLLIN, 0);
	report_poll("closed descriptor", 77, POLLIN, -1);
	report_poll("negative descriptor", -5, POLLIN, 0);
	close(fds[1]);
	report_poll("hung up, asked for nothing", fds[0], 0, -1);
	report_poll("folder", need(open(".", O_RDONLY)), POLLIN | POLLOUT, 0);
	report_poll("/dev/null", need(open("/dev/null", O_RDWR)), POLLIN | POLLOUT, 0);
}

TEST(poll_counts_entries_not_events)
{
	int fds[2];
	struct pollfd entries[5];

	need(pipe(fds));
	need(write(fds[1], "x", 1));
	for (int i = 0; i < 5; i++)
		entries[i] = (struct pollfd){ .fd = i == 2 ? -1 : fds[i % 2], .events = POLLIN | POLLOUT, .revents = -1 };
	report("poll", poll(entries, 5, 0));
	for (int i = 0; i < 5; i++)
		say_events("entry", i, entries[i].revents);
	report("poll(NULL, 0, 0)", poll(NULL, 0, 0));
	report("poll(bad pointer)", syscall(SYS_poll, unmapped_address(), 1, 0));
	report("poll(too many)", syscall(SYS_poll, entries, 100000000, 0));
}

TEST(poll_waits_at_least_its_timeout)
{
	int64_t start = now_ns(), waited;
	int fds[2];
	struct timespec bad = { 0, 1000000000 };

	need(pipe(fds));
	report_poll("50 ms", fds[0], POLLIN, 50);
	waited = now_ns() - start;
	claim("waited 50 ms", waited >= 50000000);
	report("ppoll(bad timeout)", ppoll(NULL, 0, &bad, NULL));
	report("ppoll(0)", ppoll(NULL, 0, &(struct timespec){ 0 }, NULL));
}

TEST(poll_wakes_when_another_process_writes)
{
	int fds[2];
	pid_t child;

	need(pipe(fds));
	child = need(fork());
	if (child == 0) {
		need(write(fds[1], "x", 1));
		_exit(0);
	}
	report_poll("reader", fds[0], POLLIN, -1);
	report_exit("child", child);
}

TEST(signals_interrupt_waiting_in_poll_and_select)
{
	int fds[2];
	fd_set set;
	struct epoll_event event;

	need(pipe(fds));
	on_signal(SIGALRM, count_signal, SA_RESTART);
	tick_every_ms(20);
	report_poll("poll", fds[0], POLLIN, -1);
	FD_ZERO(&set);
	FD_SET(fds[0], &set);
	report("select", select(fds[0] + 1, &set, NULL, NULL, NULL));
	report("epoll_wait", epoll_wait(need(epoll_create1(0)), &event, 1, -1));
	tick_every_ms(0);
	claim("handler ran", caught >= 3);
}

TEST(ppoll_swaps_the_mask_for_the_wait)
{
	sigset_t block, none;

	sigemptyset(&none);
	sigemptyset(&block);
	sigaddset(&block, SIGUSR1);
	on_signal(SIGUSR1, count_signal, 0);
	need(sigprocmask(SIG_BLOCK, &block, NULL));
	raise(SIGUSR1);
	report("caught before", caught);
	report("ppoll", ppoll(NULL, 0, NULL, &none));
	report("caught after", caught);
	sigprocmask(SIG_BLOCK, NULL, &none);
	claim("mask is back", sigismember(&none, SIGUSR1));
	raise(SIGUSR1);
	sigemptyset(&none);
	report("pselect", pselect(0, NULL, NULL, NULL, NULL, &none));
	report("caught after", caught);
}

TEST(select_marks_ready_descriptors)
{
	struct timeval zero = { 0, 0 }, wait = { 0, 30000 };
	fd_set in, out, except;
	int fds[2];

	need(pipe(fds));
	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_ZERO(&except);
	FD_SET(fds[0], &in);
	FD_SET(fds[1], &out);
	FD_SET(fds[0], &except);
	report("select, empty pipe", select(fds[1] + 1, &in, &out, &except, &zero));
	say("  in %d, out %d, except %d", FD_ISSET(fds[0], &in), FD_ISSET(fds[1], &out), FD_ISSET(fds[0], &except));
	need(write(fds[1], "x", 1));
	FD_SET(fds[0], &in);
	report("select, one byte", select(fds[1] + 1, &in, &out, NULL, &zero));
	say("  in %d, out %d", FD_ISSET(fds[0], &in), FD_ISSET(fds[1], &out));
	FD_ZERO(&in);
	FD_SET(60, &in);
	report("select, closed descriptor", select(61, &in, NULL, NULL, &zero));
	report("select(-1)", select(-1, NULL, NULL, NULL, &zero));
	report("select, only a timeout", select(0, NULL, NULL, NULL, &wait));
	say("  time left %ld.%06ld", (long)wait.tv_sec, (long)wait.tv_usec);
	report("select, bad timeout", select(0, NULL, NULL, NULL, &(struct timeval){ -1, 0 }));
	report("select, bad set", syscall(SYS_select, 5, unmapped_address(), NULL, NULL, &zero));
	close(fds[1]);
	FD_ZERO(&in);
	FD_ZERO(&except);
	FD_SET(fds[0], &in);
	FD_SET(fds[0], &except);
	report("select, hung up", select(fds[0] + 1, &in, NULL, &except, &zero));
	say("  in %d, except %d", FD_ISSET(fds[0], &in), FD_ISSET(fds[0], &except));
}

#define MOST 60000

static int bits_of(const uint64_t *set)
{
	int n = 0;

	for (int i = 0; i <= MOST / 64; i++)
		n += __builtin_popcountll(set[i]);
	return n;
}

/* As many as the hard limit lets have, which differs from host to host. */
static int limit_to_many(void)
{
	struct rlimit limit;

	need(getrlimit(RLIMIT_NOFILE, &limit));
	if (limit.rlim_max > MOST)
		limit.rlim_max = MOST;
	limit.rlim_cur = limit.rlim_max;
	need(setrlimit(RLIMIT_NOFILE, &limit));
	return (int)limit.rlim_max;
}

TEST(poll_and_select_take_very_many_descriptors)
{
	static struct pollfd entries[MOST + 1];
	static uint64_t in[MOST / 64 + 1];
	int many = limit_to_many(), fds[2], marked = 0, copies;
	struct timespec zero = { 0, 0 };

	need(pipe(fds));
	while (fcntl(fds[0], F_DUPFD, 0) >= 0)
		;
	say("  the last: %s", errno_name(errno));
	copies = many - fds[1] - 1;
	for (int i = 0; i < many; i++)
		entries[i] = (struct pollfd){ .fd = i > fds[1] ? i : -1, .events = POLLIN };
	report("poll, nothing to read", poll(entries, (nfds_t)many, 1));
	report("poll, one more than the limit", poll(entries, (nfds_t)many + 1, 0));
	need(write(fds[1], "x", 1));
	claim("poll finds all", poll(entries, (nfds_t)many, -1) == copies);
	for (int i = 0; i < many; i++)
		marked += entries[i].revents == POLLIN;
	claim("poll marks all", marked == copies);
	for (int i = fds[1] + 1; i < many; i++)
		in[i / 64] |= 1ull << i % 64;
	claim("select finds all", syscall(SYS_pselect6, many, in, NULL, NULL, NULL, NULL) == copies);
	claim("select marks all", bits_of(in) == copies);
	need(read(fds[0], &marked, 1));
	report("select, nothing to read", syscall(SYS_pselect6, many, in, NULL, NULL, &zero, NULL));
	claim("select marks none", bits_of(in) == 0);
}

static int add(int epoll, int fd, uint32_t events, uint64_t data)
{
	struct epoll_event event = { .events = events, .data.u64 = data };

	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

static int modify(int epoll, int fd, uint32_t events, uint64_t data)
{
	struct epoll_event event = { .events = events, .data.u64 = data };

	return epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event);
}

static void report_epoll(const char *label, int epoll)
{
	struct epoll_event events[8];
	int count = epoll_wait(epoll, events, 8, 0);

	if (count <= 0)
		say("  %s: %d%s%s", label, count, count ? " " : "", count ? errno_name(errno) : "");
	for (int i = 0; i < count; i++)
		say("  %s: data %llu, events %#x", label, (unsigned long long)events[i].data.u64, events[i].events);
}

TEST(epoll_level_reports_until_it_is_read)
{
	char byte;
	int epoll = need(epoll_create1(0)), fds[2];

	need(pipe(fds));
	report("add", add(epoll, fds[0], EPOLLIN, 11));
	report_epoll("empty", epoll);
	need(write(fds[1], "ab", 2));
	report_epoll("two bytes", epoll);
	report_epoll("again", epoll);
	need(read(fds[0], &byte, 1));
	report_epoll("one left", epoll);
	need(read(fds[0], &byte, 1));
	report_epoll("none left", epoll);
	close(fds[1]);
	report_epoll("hung up", epoll);
}

TEST(epoll_edge_reports_each_arrival_once)
{
	char byte;
	int epoll = need(epoll_create1(0)), fds[2];

	need(pipe(fds));
	need(write(fds[1], "a", 1));
	report("add", add(epoll, fds[0], EPOLLIN | EPOLLET, 12));
	report_epoll("ready when added", epoll);
	report_epoll("again", epoll);
	need(write(fds[1], "b", 1));
	report_epoll("another byte", epoll);
	report_epoll("again", epoll);
	need(read(fds[0], &byte, 1));
	report_epoll("partly read", epoll);
	report("modify", modify(epoll, fds[0], EPOLLIN | EPOLLET, 13));
	report_epoll("modified while ready", epoll);
	close(fds[1]);
	report_epoll("hung up", epoll);
	report_epoll("again", epoll);
}

TEST(epoll_oneshot_is_silent_until_rearmed)
{
	int epoll = need(epoll_create1(0)), fds[2];

	need(pipe(fds));
	report("add", add(epoll, fds[0], EPOLLIN | EPOLLONESHOT, 14));
	need(write(fds[1], "a", 1));
	report_epoll("first", epoll);
	need(write(fds[1], "b", 1));
	report_epoll("second", epoll);
	report("rearm", modify(epoll, fds[0], EPOLLIN | EPOLLONESHOT, 15));
	report_epoll("rearmed", epoll);
	report_epoll("again", epoll);
}

TEST(epoll_ctl_checks_what_it_is_given)
{
	struct epoll_event event = { .events = EPOLLIN };
	int epoll = need(epoll_create1(EPOLL_CLOEXEC)), fds[2], file;

	make_file("f", "");
	file = need(open("f", O_RDONLY));
	need(pipe(fds));
	report("F_GETFD", fcntl(epoll, F_GETFD));
	report("add", add(epoll, fds[0], EPOLLIN, 1));
	report("add again", add(epoll, fds[0], EPOLLIN, 1));
	report("add a file", add(epoll, file, EPOLLIN, 1));
	report("add a folder", add(epoll, need(open(".", O_RDONLY)), EPOLLIN, 1));
	report("add itself", add(epoll, epoll, EPOLLIN, 1));
	report("add closed", add(epoll, 88, EPOLLIN, 1));
	report("modify what is not there", modify(epoll, fds[1], EPOLLIN, 1));
	report("delete what is not there", epoll_ctl(epoll, EPOLL_CTL_DEL, fds[1], &event));
	report("delete", epoll_ctl(epoll, EPOLL_CTL_DEL, fds[0], NULL));
	report("bad operation", epoll_ctl(epoll, 9, fds[0], &event));
	report("not an epoll", epoll_ctl(fds[0], EPOLL_CTL_ADD, fds[1], &event));
	report("epoll is closed", epoll_ctl(89, EPOLL_CTL_ADD, fds[1], &event));
	report("bad event pointer", epoll_ctl(epoll, EPOLL_CTL_ADD, fds[0], unmapped_address()));
	report("epoll_create1(bad flags)", epoll_create1(1));
	report("epoll_create(0)", epoll_create(0));
	report_ok("epoll_create(1)", epoll_create(1));
	report("wait for 0 events", epoll_wait(epoll, &event, 0, 0));
	report("wait for -1 events", epoll_wait(epoll, &event, -1, 0));
	report("wait on a pipe", epoll_wait(fds[0], &event, 1, 0));
	report("wait on closed", epoll_wait(89, &event, 1, 0));
	need(write(fds[1], "x", 1));
	need(add(epoll, fds[0], EPOLLIN, 1));
	report("wait into bad pointer", syscall(SYS_epoll_wait, epoll, unmapped_address(), 1, 0));
	report("read", read(epoll, &event, 1));
	report("write", write(epoll, &event, 1));
}

TEST(nested_epoll_is_ready_when_its_inner_one_is)
{
	int inner = need(epoll_create1(0)), outer = need(epoll_create1(0)), fds[2];
	char byte;

	need(pipe(fds));
	report("add pipe to inner", add(inner, fds[0], EPOLLIN, 21));
	report("add inner to outer", add(outer, inner, EPOLLIN, 22));
	report("add outer to inner", add(inner, outer, EPOLLIN, 23));
	report_epoll("outer, empty", outer);
	report_poll("poll inner, empty", inner, POLLIN, 0);
	need(write(fds[1], "x", 1));
	report_epoll("outer, one byte", outer);
	report_poll("poll inner, one byte", inner, POLLIN, 0);
	report_epoll("inner, one byte", inner);
	need(read(fds[0], &byte, 1));
	report_epoll("outer, read", outer);
}

TEST(closing_a_descriptor_removes_it_from_epoll)
{
	int epoll = need(epoll_create1(0)), fds[2], copy;

	need(pipe(fds));
	need(write(fds[1], "x", 1));
	need(add(epoll, fds[0], EPOLLIN, 31));
	copy = need(dup(fds[0]));
	close(fds[0]);
	report_epoll("duplicate is open", epoll);
	close(copy);
	report_epoll("all are closed", epoll);
	report("delete closed", epoll_ctl(epoll, EPOLL_CTL_DEL, fds[0], NULL));
}

TEST(epoll_tells_output_and_hangups_apart)
{
	int epoll = need(epoll_create1(0)), sockets[2], fds[2];

	need(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	need(pipe(fds));
	need(add(epoll, sockets[0], EPOLLIN | EPOLLOUT | EPOLLRDHUP, 41));
	report_epoll("socket writable", epoll);
	need(shutdown(sockets[1], SHUT_WR));
	report_epoll("peer shut down writing", epoll);
	close(sockets[1]);
	report_epoll("peer closed", epoll);
	close(sockets[0]);
	need(add(epoll, fds[1], EPOLLOUT, 42));
	report_epoll("pipe writable", epoll);
	close(fds[0]);
	report_epoll("reader closed", epoll);
}

TEST(epoll_serves_all_ready_descriptors_in_turn)
{
	struct epoll_event event;
	int epoll = need(epoll_create1(0)), fds[6][2];
	unsigned seen = 0;

	for (int i = 0; i < 6; i++) {
		need(pipe(fds[i]));
		need(write(fds[i][1], "x", 1));
		need(add(epoll, fds[i][0], EPOLLIN, i));
	}
	for (int i = 0; i < 6; i++)
		if (epoll_wait(epoll, &event, 1, 0) == 1)
			seen |= 1u << event.data.u64;
	say("  seen in six calls for one event: %#x", seen);
}

TEST(epoll_wait_times_out)
{
	struct epoll_event event;
	int epoll = need(epoll_create1(0));
	int64_t start = now_ns();

	report("epoll_wait(50 ms)", epoll_wait(epoll, &event, 1, 50));
	claim("waited 50 ms", now_ns() - start >= 50000000);
	report("epoll_pwait2(0)", syscall(SYS_epoll_pwait2, epoll, &event, 1, &(struct timespec){ 0 }, NULL, 8));
}

TEST(epoll_wakes_a_waiter_in_another_process)
{
	struct epoll_event event;
	int epoll = need(epoll_create1(0)), fds[2];
	pid_t child;

	need(pipe(fds));
	need(add(epoll, fds[0], EPOLLIN, 51));
	child = need(fork());
	if (child == 0) {
		int count = epoll_wait(epoll, &event, 1, -1);

		_exit(count == 1 ? (int)event.data.u64 : 99);
	}
	need(write(fds[1], "x", 1));
	report_exit("child", child);
}
