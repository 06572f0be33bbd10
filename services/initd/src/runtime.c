#define _GNU_SOURCE	/* sigtimedwait */
#include <errno.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "initd.h"
#include "runtime.h"

#define RUNTIMED "/system/services/runtimed/runtimed.elf"
#define MAX_DEATHS 5		/* within WINDOW_NS */
#define WINDOW_NS 60000000000ull

static pid_t runtimed;			/* 0: there is none */
static const sigset_t *mask;
static bool is_ending;
static unsigned int ndeaths;
static uint64_t window_began_ns;

static void start(void)
{
	static char *argv[] = { "runtimed", NULL };
	static char *envp[] = { "PATH=/system/bin:/usr/bin:/bin", NULL };
	pid_t pid = fork();

	if (!pid) {
		setsid();
		sigprocmask(SIG_SETMASK, mask, NULL);
		execve(RUNTIMED, argv, envp);
		_exit(127);
	}
	runtimed = pid > 0 ? pid : 0;
	if (pid < 0)
		initd_log(NUCLEUS_LOG_ERROR, "cannot start runtimed: error %d", errno);
}

void runtime_begin(const sigset_t *signal_mask)
{
	if (access(RUNTIMED, X_OK))
		return;
	mask = signal_mask;
	start();
}

/* Returns: whether one more death is no reason to give up. */
static bool may_start_again(void)
{
	uint64_t now = nucleus_clock();

	if (now - window_began_ns > WINDOW_NS) {
		window_began_ns = now;
		ndeaths = 0;
	}
	return ++ndeaths <= MAX_DEATHS;
}

void runtime_reaped(pid_t pid)
{
	if (!runtimed || pid != runtimed)
		return;
	runtimed = 0;
	if (is_ending)
		return;
	if (!may_start_again()) {
		initd_log(NUCLEUS_LOG_ERROR, "runtimed died too often, services are not looked after any more");
		return;
	}
	initd_log(NUCLEUS_LOG_WARN, "runtimed died, starting it again");
	start();
}

void runtime_end(void)
{
	uint64_t until = nucleus_clock() + RUNTIME_END_SECONDS * 1000000000ull;
	struct timespec second = { .tv_sec = 1 };
	sigset_t child;
	pid_t pid;

	is_ending = true;
	if (!runtimed)
		return;
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	kill(runtimed, SIGTERM);
	while (runtimed && nucleus_clock() < until) {
		while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
			runtime_reaped(pid);
		if (runtimed)
			sigtimedwait(&child, NULL, &second);
	}
	if (runtimed)
		initd_log(NUCLEUS_LOG_WARN, "runtimed did not end in %d s", RUNTIME_END_SECONDS);
}
