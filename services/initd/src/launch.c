/* Starting the program. The child prepares itself and reports through a pipe that execve
 * closes, so that silence means success. */
#define _GNU_SOURCE	/* pipe2, setgroups */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "initd.h"
#include "search.h"

#define SHELL "/bin/sh"
#define HEAD_BYTES 128
#define PATH_BYTES 4096

/* What the child needs; it runs in a copy of our memory. */
struct child {
	const struct exec_request *request;
	const struct streams *streams;
	const sigset_t *signal_mask;
	int report_fd;
	int go_fd;	/* the parent closes it when the child may run; -1: it may at once */
};

static void report(const struct child *child, int code, const char *what, const char *why) __attribute__((noreturn));
static void report(const struct child *child, int code, const char *what, const char *why)
{
	struct refusal refusal = { .code = code };

	snprintf(refusal.text, sizeof(refusal.text), "x: %s: %s", what, why);
	if (write(child->report_fd, &refusal, sizeof(refusal)) < 0)
		_exit(REFUSED_NOT_EXECUTABLE);
	_exit(code);
}

static void must(const struct child *child, bool is_done, const char *what)
{
	if (!is_done)
		report(child, REFUSED_NOT_EXECUTABLE, what, strerror(errno));
}

static void wait_for_go(const struct child *child)
{
	char byte;

	if (child->go_fd >= 0 && read(child->go_fd, &byte, 1) < 0)
		report(child, REFUSED_NOT_EXECUTABLE, "start", strerror(errno));
}

static void take_streams(const struct child *child)
{
	const struct streams *streams = child->streams;

	must(child, setsid() >= 0, "setsid");
	if (streams->has_tty)
		must(child, !ioctl(streams->in, TIOCSCTTY, 0), "terminal");
	/* The streams' descriptors are above 2: main() has seen to that. */
	must(child, dup2(streams->in, 0) == 0 && dup2(streams->out, 1) == 1 && dup2(streams->err, 2) == 2, "streams");
}

/* Groups first: only root may set them. What is so already costs no question. */
static void take_identity(const struct child *child)
{
	const struct exec_request *request = child->request;
	gid_t groups[REQUEST_MAX_GROUPS];

	for (uint32_t i = 0; i < request->ngroups; i++)
		groups[i] = request->groups[i];
	if (request->ngroups)
		must(child, !setgroups(request->ngroups, groups), "groups");
	if (request->gid)
		must(child, !setgid(request->gid), "group id");
	if (request->uid)
		must(child, !setuid(request->uid), "user id");
	umask(request->umask);
	must(child, !chdir(request->cwd), request->cwd);
}

static size_t read_head(const char *path, char *head)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t len;

	if (fd < 0)
		return 0;
	len = read(fd, head, HEAD_BYTES);
	close(fd);
	return len > 0 ? (size_t)len : 0;
}

/* As execvp: a text without #! is the shell's. */
static void exec_by_shell(const struct child *child, const char *path)
{
	char **argv = child->request->argv;
	size_t argc = 0;
	char **shell_argv;

	while (argv[argc])
		argc++;
	shell_argv = calloc(argc + 2, sizeof(char *));
	if (!shell_argv)
		report(child, REFUSED_NOT_EXECUTABLE, argv[0], strerror(ENOMEM));
	shell_argv[0] = SHELL;
	shell_argv[1] = (char *)path;
	memcpy(shell_argv + 2, argv + 1, (argc - 1) * sizeof(char *));
	execve(SHELL, shell_argv, child->request->envp);
}

/* The kernel does not know the file's format. */
static void refuse_format(const struct child *child, const char *path) __attribute__((noreturn));
static void refuse_format(const struct child *child, const char *path)
{
	const char *program = child->request->argv[0];
	char head[HEAD_BYTES];
	size_t len = read_head(path, head);

	if (len && search_is_text(head, len))
		exec_by_shell(child, path);
	report(child, REFUSED_NOT_EXECUTABLE, program, strerror(ENOEXEC));
}

static int try_exec(const struct child *child, const char *path)
{
	int err;

	execve(path, child->request->argv, child->request->envp);
	err = errno;
	if (err == ENOEXEC)
		refuse_format(child, path);
	return err;
}

static void exec_path(const struct child *child) __attribute__((noreturn));
static void exec_path(const struct child *child)
{
	const char *program = child->request->argv[0];
	char path[PATH_BYTES];
	bool is_found = search_is_windows_path(program) && search_windows_path(program, path, sizeof(path));
	int err = try_exec(child, is_found ? path : program);

	report(child, search_refusal(err), program, strerror(err));
}

static void exec_sought(const struct child *child) __attribute__((noreturn));
static void exec_sought(const struct child *child)
{
	const char *path = search_path(child->request->envp);
	const char *program = child->request->argv[0];
	char candidate[PATH_BYTES];
	int refused = ENOENT;
	int err = ENOENT;

	while (*program && search_next(&path, program, candidate, sizeof(candidate))) {
		err = try_exec(child, candidate);
		if (err == EACCES)
			refused = EACCES;
		if (!search_goes_on(err)) {
			refused = err;
			break;
		}
	}
	if (refused == ENOENT && search_is_windows_program(program) &&
	    search_windows_system(program, candidate, sizeof(candidate)))
		try_exec(child, candidate);
	report(child, search_refusal(refused), program, refused == ENOENT ? "not found" : strerror(refused));
}

static void run_child(const struct child *child) __attribute__((noreturn));
static void run_child(const struct child *child)
{
	take_streams(child);
	take_identity(child);
	/* initd handles a few signals; execve makes those default again, but not the mask. */
	sigprocmask(SIG_SETMASK, child->signal_mask, NULL);
	wait_for_go(child);
	if (search_is_path(child->request->argv[0]))
		exec_path(child);
	exec_sought(child);
}

static bool make_pipe(int ends[2], struct refusal *refusal)
{
	if (!pipe2(ends, O_CLOEXEC))
		return true;
	refusal->code = REFUSED_NOT_EXECUTABLE;
	snprintf(refusal->text, sizeof(refusal->text), "x: pipe: %s", strerror(errno));
	return false;
}

static void close_both(const int ends[2])
{
	if (ends[0] >= 0)
		close(ends[0]);
	if (ends[1] >= 0)
		close(ends[1]);
}

/* Returns: whether the child reported a refusal before its execve closed the pipe. */
static bool read_report(int fd, struct refusal *refusal)
{
	ssize_t len;

	do
		len = read(fd, refusal, sizeof(*refusal));
	while (len < 0 && errno == EINTR);
	return len == (ssize_t)sizeof(*refusal);
}

static pid_t fork_child(struct child *child, int report_pipe[2], int go_pipe[2], struct refusal *refusal)
{
	pid_t pid = fork();

	if (!pid) {
		close(report_pipe[0]);
		if (go_pipe[1] >= 0)
			close(go_pipe[1]);
		child->report_fd = report_pipe[1];
		child->go_fd = go_pipe[0];
		run_child(child);
	}
	if (pid < 0) {
		refusal->code = REFUSED_NOT_EXECUTABLE;
		snprintf(refusal->text, sizeof(refusal->text), "x: fork: %s", strerror(errno));
	}
	return pid;
}

pid_t launch_program(const struct exec_request *request, const struct streams *streams,
		     const sigset_t *signal_mask, void (*before)(pid_t pid), struct refusal *refusal)
{
	struct child child = { .request = request, .streams = streams, .signal_mask = signal_mask };
	int report_pipe[2], go_pipe[2] = { -1, -1 };
	bool is_refused = false;
	pid_t pid;

	memset(refusal, 0, sizeof(*refusal));
	if (!make_pipe(report_pipe, refusal))
		return -1;
	if (before && !make_pipe(go_pipe, refusal)) {
		close_both(report_pipe);
		return -1;
	}

	pid = fork_child(&child, report_pipe, go_pipe, refusal);
	if (pid > 0 && before)
		before(pid);
	close_both(go_pipe);
	close(report_pipe[1]);
	if (pid > 0)
		is_refused = read_report(report_pipe[0], refusal);
	close(report_pipe[0]);
	if (is_refused)
		waitpid(pid, NULL, 0);
	return pid < 0 || is_refused ? -1 : pid;
}
