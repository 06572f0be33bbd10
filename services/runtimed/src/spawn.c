/* The child prepares itself, waits until it is written down, and executes. Until then it
 * holds copies of our descriptors, which are all closed by execve. */
#define _GNU_SOURCE	/* pipe2, setresuid */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtimed.h"

#define ENV_MAX 128
#define READY_FD 3

/* Descriptors that the child uses or must be rid of. */
struct pipes {
	int go[2], report[2], ready[2];
};

static void fail(int report_fd) __attribute__((noreturn));
static void fail(int report_fd)
{
	int err = errno;

	if (write(report_fd, &err, sizeof(err)) < 0)
		_exit(126);
	_exit(127);
}

static void must(int report_fd, bool is_done)
{
	if (!is_done)
		fail(report_fd);
}

static void take_signals(void)
{
	struct sigaction action = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int signal = 1; signal < 32; signal++)
		sigaction(signal, &action, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* The FIFO is non-blocking for us; the program gets an open file of its own, which blocks. */
static void take_streams(int report_fd, uint64_t session, int ready_fd)
{
	int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	char path[256];
	int out;

	run_path(path, sizeof(path), "runtimed/%llu.out", (unsigned long long)session);
	out = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	must(report_fd, in >= 0 && out >= 0);
	must(report_fd, dup2(in, 0) == 0 && dup2(out, 1) == 1 && dup2(out, 2) == 2);
	if (ready_fd >= 0)
		must(report_fd, dup2(ready_fd, READY_FD) == READY_FD);
}

static void take_identity(const struct launch *launch, const struct passwd *user, int report_fd)
{
	if (launch->uid == geteuid() && launch->gid == getegid())
		return;
	must(report_fd, user ? !initgroups(user->pw_name, launch->gid) : !setgroups(1, &launch->gid));
	must(report_fd, !setresgid(launch->gid, launch->gid, launch->gid));
	must(report_fd, !setresuid(launch->uid, launch->uid, launch->uid));
}

static bool is_same_variable(const char *a, const char *b)
{
	size_t len = strcspn(a, "=");

	return !strncmp(a, b, len) && b[len] == '=';
}

static void set_variable(char *envp[ENV_MAX + 1], char *variable)
{
	unsigned int i = 0;

	while (envp[i] && !is_same_variable(variable, envp[i]))
		i++;
	if (i < ENV_MAX)
		envp[i] = variable;
}

static void set_named(char *envp[ENV_MAX + 1], const char *name, const char *value)
{
	char *text;

	if (asprintf(&text, "%s=%s", name, value) > 0)
		set_variable(envp, text);
}

static void make_environment(const struct launch *launch, const struct passwd *user, bool has_ready, char *envp[ENV_MAX + 1])
{
	for (size_t i = 0; i < env_registry.n; i++)
		if (!env_registry.variables[i].is_for_init)
			set_variable(envp, env_registry.variables[i].text);
	if (user && launch->uid) {
		set_named(envp, "HOME", user->pw_dir);
		set_named(envp, "USER", user->pw_name);
		set_named(envp, "LOGNAME", user->pw_name);
	}
	for (unsigned int i = 0; i < launch->env->n; i++)
		set_variable(envp, launch->env->word[i]);
	if (has_ready)
		set_variable(envp, "READY_FD=3");
}

static void make_arguments(const struct launch *launch, char *argv[RUNTIME_WORDS_MAX + 2])
{
	unsigned int n = 0;

	argv[n++] = (char *)launch->exec;
	for (unsigned int i = 0; i < launch->args->n; i++)
		argv[n++] = launch->args->word[i];
	argv[n] = NULL;
}

static void run_child(const struct launch *launch, uint64_t session, const struct pipes *pipes) __attribute__((noreturn));
static void run_child(const struct launch *launch, uint64_t session, const struct pipes *pipes)
{
	const struct passwd *user = getpwuid(launch->uid);
	char *argv[RUNTIME_WORDS_MAX + 2];
	char *envp[ENV_MAX + 1] = { NULL };
	int report_fd = fcntl(pipes->report[1], F_DUPFD_CLOEXEC, READY_FD + 1);
	int ready_fd = pipes->ready[1] >= 0 ? fcntl(pipes->ready[1], F_DUPFD_CLOEXEC, READY_FD + 1) : -1;
	int go_fd = fcntl(pipes->go[0], F_DUPFD_CLOEXEC, READY_FD + 1);
	char go;

	/* Our own copy of the end that the parent writes would keep the pipe open. */
	close(pipes->go[1]);
	take_signals();
	must(report_fd, setsid() >= 0);
	if (read(go_fd, &go, 1) != 1)
		_exit(126);
	make_arguments(launch, argv);
	make_environment(launch, user, ready_fd >= 0, envp);
	take_streams(report_fd, session, ready_fd);
	take_identity(launch, user, report_fd);
	must(report_fd, (launch->uid && user && !chdir(user->pw_dir)) || !chdir("/"));
	umask(022);
	execve(launch->exec, argv, envp);
	fail(report_fd);
}

static int make_pipes(struct pipes *pipes, bool wants_ready)
{
	if (pipe2(pipes->go, O_CLOEXEC) || pipe2(pipes->report, O_CLOEXEC) ||
	    (wants_ready && pipe2(pipes->ready, O_CLOEXEC)))
		return -errno;
	return 0;
}

static void close_pipes(struct pipes *pipes)
{
	for (int end = 0; end < 2; end++) {
		drop_fd(&pipes->go[end]);
		drop_fd(&pipes->report[end]);
		drop_fd(&pipes->ready[end]);
	}
}

/* Take one end out of @pipe. */
static int keep_end(int *end)
{
	int fd = *end;

	*end = -1;
	return fd;
}

int spawn(const struct launch *launch, uint64_t session, struct spawned *spawned)
{
	struct pipes pipes = { { -1, -1 }, { -1, -1 }, { -1, -1 } };
	int err = make_pipes(&pipes, launch->wants_ready);

	if (!err) {
		spawned->pid = fork();
		if (!spawned->pid)
			run_child(launch, session, &pipes);
		err = spawned->pid < 0 ? -errno : 0;
	}
	if (!err) {
		spawned->go_fd = keep_end(&pipes.go[1]);
		spawned->report_fd = keep_end(&pipes.report[0]);
		spawned->ready_fd = keep_end(&pipes.ready[0]);
		if (spawned->ready_fd >= 0)
			fcntl(spawned->ready_fd, F_SETFL, O_NONBLOCK);
		fcntl(spawned->report_fd, F_SETFL, O_NONBLOCK);
	}
	close_pipes(&pipes);
	return err;
}
