/* services/initd/src/runtime.c: see runtime.h. */
#include <stdbool.h>
#include <unistd.h>

#include "initd.h"
#include "keeper.h"
#include "runtime.h"

#define RUNTIMED "/system/services/runtimed/runtimed.elf"

static bool is_ending;

static void run(void)
{
	static char *argv[] = { "runtimed", NULL };
	static char *envp[] = { "PATH=/system/bin:/usr/bin:/bin", NULL };

	execve(RUNTIMED, argv, envp);
}

static struct keeper runtimed = { .name = "runtimed", .run = run };

void runtime_begin(const sigset_t *signal_mask)
{
	if (!access(RUNTIMED, X_OK))
		keeper_start(&runtimed, signal_mask);
}

void runtime_reaped(pid_t pid)
{
	keeper_reaped(&runtimed, pid, is_ending);
}

static bool has_ended(void)
{
	return !runtimed.pid;
}

void runtime_end(void)
{
	is_ending = true;
	if (!runtimed.pid)
		return;
	kill(runtimed.pid, SIGTERM);
	keeper_wait(has_ended, RUNTIME_END_SECONDS, runtime_reaped);
	if (runtimed.pid)
		initd_log(NUCLEUS_LOG_WARN, "runtimed did not end in %d s", RUNTIME_END_SECONDS);
}
