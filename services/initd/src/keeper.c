/* services/initd/src/keeper.c: see keeper.h. */
#define _GNU_SOURCE	/* sigtimedwait */
#include <errno.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "initd.h"
#include "keeper.h"

#define MAX_DEATHS 5		/* within WINDOW_NS */
#define WINDOW_NS 60000000000ull
#define SHORT_LIFE_NS 2000000000ull

static const sigset_t *mask;

void keeper_start(struct keeper *keeper, const sigset_t *signal_mask)
{
	pid_t pid = fork();

	mask = signal_mask;
	if (!pid) {
		setsid();
		sigprocmask(SIG_SETMASK, mask, NULL);
		keeper->run();
		_exit(127);
	}
	keeper->pid = pid > 0 ? pid : 0;
	keeper->started_ns = nucleus_clock();
	if (pid < 0)
		initd_log(NUCLEUS_LOG_ERROR, "cannot start %s: error %d", keeper->name, errno);
}

/* Returns: whether one more death is no reason to give up. */
static bool may_start_again(struct keeper *keeper)
{
	uint64_t now = nucleus_clock();

	if (keeper->is_session && now - keeper->started_ns > SHORT_LIFE_NS)
		return true;
	if (now - keeper->window_began_ns > WINDOW_NS) {
		keeper->window_began_ns = now;
		keeper->ndeaths = 0;
	}
	return ++keeper->ndeaths <= MAX_DEATHS;
}

void keeper_reaped(struct keeper *keeper, pid_t pid, bool is_ending)
{
	if (!keeper->pid || pid != keeper->pid)
		return;
	keeper->pid = 0;
	if (is_ending)
		return;
	if (!may_start_again(keeper)) {
		initd_log(NUCLEUS_LOG_ERROR, "%s died too often, it is not started any more", keeper->name);
		return;
	}
	if (!keeper->is_session)
		initd_log(NUCLEUS_LOG_WARN, "%s died, starting it again", keeper->name);
	keeper_start(keeper, mask);
}

/* Returns: whether there are children left. */
static bool reap_ended(void (*reaped)(pid_t pid))
{
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
		reaped(pid);
	return !pid;
}

void keeper_wait(bool (*is_done)(void), unsigned int seconds, void (*reaped)(pid_t pid))
{
	uint64_t until = nucleus_clock() + seconds * 1000000000ull;
	struct timespec second = { .tv_sec = 1 };
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	while (reap_ended(reaped) && !(is_done && is_done()) && nucleus_clock() < until)
		sigtimedwait(&child, NULL, &second);
}
