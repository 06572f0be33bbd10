/* tests/bench/ipc.c: a native call and its reply between two processes. */
#define _GNU_SOURCE
#include "bench.h"

#include <albireo/native.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void call(void *endpoint)
{
	struct ipc_message message = { .words = { 1, 2 } };

	syscall(SYS_NUCLEUS_IPC_CALL, *(long *)endpoint, &message);
}

static void serve(long endpoint)
{
	struct ipc_message message;

	for (;;) {
		memset(&message, 0, sizeof(message));
		if (syscall(SYS_NUCLEUS_IPC_RECV, endpoint, &message, 0))
			_exit(1);
		syscall(SYS_NUCLEUS_IPC_REPLY, message.token, &message);
	}
}

/* One call whose outcome is looked at, before many whose time is taken. */
static int first_call(long endpoint)
{
	struct ipc_message message = { .words = { 1, 2 } };

	return syscall(SYS_NUCLEUS_IPC_CALL, endpoint, &message) ? errno : 0;
}

void bench_ipc(void)
{
	long endpoint = syscall(SYS_NUCLEUS_IPC_CREATE);
	pid_t server;
	int error;

	if (endpoint < 0) {
		not_measured("ipc_call_reply", strerror(errno));
		return;
	}
	server = fork();
	if (server == 0)
		serve(endpoint);
	error = first_call(endpoint);
	if (error)
		not_measured("ipc_call_reply", strerror(error));
	else
		measure("ipc_call_reply", call, &endpoint, 500);
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
}
