/* runtimed: the loop. */
#define _GNU_SOURCE	/* O_CLOEXEC */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "runtimed.h"

#define MAX_EVENTS 16
#define EXIT_RUNS_ALREADY 3
#define USAGE "usage: runtimed [--run DIR] [--registry DIR] [--log FILE]\n"

struct options options = { "/run", "/system/registry/system", NULL };

static int epoll_fd = -1, signal_fd = -1;

uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

static int control(int operation, int fd, uint32_t events, enum source source, unsigned int index)
{
	struct epoll_event event = { .events = events, .data.u64 = (uint64_t)index << 8 | source };

	return epoll_ctl(epoll_fd, operation, fd, &event) ? -errno : 0;
}

int watch(int fd, uint32_t events, enum source source, unsigned int index)
{
	return control(EPOLL_CTL_ADD, fd, events, source, index);
}

int rewatch(int fd, uint32_t events, enum source source, unsigned int index)
{
	return control(EPOLL_CTL_MOD, fd, events, source, index);
}

const char *run_path(char *buf, size_t size, const char *fmt, ...)
{
	size_t len = (size_t)snprintf(buf, size, "%s/", options.run_dir);
	va_list args;

	va_start(args, fmt);
	if (len < size)
		vsnprintf(buf + len, size - len, fmt, args);
	va_end(args);
	return buf;
}

void drop_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* ---- beginning ---- */

static bool parse_options(int argc, char **argv)
{
	for (int i = 1; i < argc; i += 2) {
		if (i + 1 == argc)
			return false;
		if (!strcmp(argv[i], "--run"))
			options.run_dir = argv[i + 1];
		else if (!strcmp(argv[i], "--registry"))
			options.registry_dir = argv[i + 1];
		else if (!strcmp(argv[i], "--log"))
			options.log = argv[i + 1];
		else
			return false;
	}
	return true;
}

/* Programs get 0, 1 and 2 by dup2(); nothing of ours may lie there. */
static void keep_low_descriptors_busy(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= 2);
	if (fd > 2)
		close(fd);
}

/* A record lock is this process's alone: children do not inherit it. */
static bool take_lock(void)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char path[256];
	int fd = open(run_path(path, sizeof(path), "runtimed/lock"), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	return fd >= 0 && !fcntl(fd, F_SETLK, &lock);
}

static int take_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signal_fd < 0)
		return -errno;
	return watch(signal_fd, EPOLLIN, SOURCE_SIGNALS, 0);
}

static int begin(void)
{
	int err;

	keep_low_descriptors_busy();
	umask(022);
	signal(SIGPIPE, SIG_IGN);
	/* What a program leaves behind becomes our child, so that its end is seen. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (epoll_fd < 0)
		return -errno;
	err = take_signals();
	if (err)
		return err;
	services_begin();
	state_load();
	return server_begin();
}

/* ---- the loop ---- */

static void reap(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		program_child_ended(pid, status);
}

static void take_signal(void)
{
	struct signalfd_siginfo info;

	while (read(signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			reap();
		else if (!schedule.is_closing) {
			report("going down");
			services_close();
		}
	}
}

static void dispatch(const struct epoll_event *event)
{
	enum source source = (enum source)(event->data.u64 & 0xff);
	unsigned int index = (unsigned int)(event->data.u64 >> 8);

	switch (source) {
	case SOURCE_SIGNALS:
		take_signal();
		break;
	case SOURCE_LISTENER:
	case SOURCE_CLIENT:
		server_event(source, index, event->events);
		break;
	default:
		program_event(source, index);
		break;
	}
}

static int milliseconds_until(uint64_t deadline)
{
	uint64_t now = now_ns();

	if (deadline == SCHEDULE_NEVER)
		return -1;
	if (deadline <= now)
		return 0;
	deadline = (deadline - now) / 1000000 + 1;
	return deadline > 60000 ? 60000 : (int)deadline;
}

/* Due work can make more: a program that is gone lets the next be stopped. */
static uint64_t do_what_is_due(void)
{
	uint64_t programs_at = program_tick(now_ns());
	uint64_t services_at = services_tick(now_ns());
	uint64_t again_at = program_tick(now_ns());

	programs_at = again_at < programs_at ? again_at : programs_at;
	return programs_at < services_at ? programs_at : services_at;
}

static void run(void)
{
	struct epoll_event events[MAX_EVENTS];

	for (;;) {
		uint64_t deadline = do_what_is_due();
		int n;

		if (services_are_over())
			return;
		n = epoll_wait(epoll_fd, events, MAX_EVENTS, milliseconds_until(deadline));
		for (int i = 0; i < n; i++)
			dispatch(&events[i]);
	}
}

int main(int argc, char **argv)
{
	int err;

	if (!parse_options(argc, argv)) {
		fputs(USAGE, stderr);
		return EXIT_FAILURE;
	}
	output_begin();
	if (!take_lock()) {
		report("another one runs already, or %s/runtimed cannot be written", options.run_dir);
		return EXIT_RUNS_ALREADY;
	}
	err = begin();
	if (err) {
		report("cannot begin: %s", strerror(-err));
		return EXIT_FAILURE;
	}
	report("ready");
	run();
	server_end();
	state_remove();
	report("down");
	return EXIT_SUCCESS;
}
