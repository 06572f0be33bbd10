/* Programs of this machine, started as initd starts them in its own: pipes and a pty stand
 * for the ports. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "initd.h"

static char *no_env[] = { "PATH=/usr/bin:/bin", NULL };
static sigset_t no_signals;
static struct refusal refusal;
static char output[4096];

static struct exec_request request_for(char **argv)
{
	return (struct exec_request){ .argv = argv, .envp = no_env, .cwd = "/", .id = "", .umask = 022 };
}

static void read_all(int fd)
{
	size_t len = 0;
	ssize_t got;

	while ((got = read(fd, output + len, sizeof(output) - 1 - len)) > 0)
		len += (size_t)got;
	output[len] = '\0';
	close(fd);
}

/* Returns: the wait status; -1 and `refusal`. What it wrote is in `output`. */
static int run(const struct exec_request *request)
{
	int out[2], status;
	struct streams streams;
	pid_t pid;

	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	streams = (struct streams){ open("/dev/null", O_RDONLY | O_CLOEXEC), out[1], out[1], false };
	pid = launch_program(request, &streams, &no_signals, NULL, &refusal);
	close(out[1]);
	close(streams.in);
	read_all(out[0]);
	if (pid < 0)
		return -1;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static int run_shell(const char *script)
{
	char *argv[] = { "sh", "-c", (char *)script, "zero", "", "a b", NULL };
	struct exec_request request = request_for(argv);

	return run(&request);
}

static void refuses(const char *program, int code, const char *text)
{
	char *argv[] = { (char *)program, NULL };
	struct exec_request request = request_for(argv);

	assert_int_equal(run(&request), -1);
	assert_int_equal(refusal.code, code);
	assert_string_equal(refusal.text, text);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void arguments_and_exit_code_pass_exactly(void **state)
{
	int status = run_shell("printf '%s|' \"$0\" \"$@\"; exit 42");

	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 42);
	assert_string_equal(output, "zero||a b|");
}

static void a_program_has_three_descriptors_and_its_own_session(void **state)
{
	char *argv[] = { "ls", "/proc/self/fd", NULL };
	struct exec_request request = request_for(argv);

	/* The fourth is the folder that ls reads. */
	assert_int_equal(run(&request), 0);
	assert_string_equal(output, "0\n1\n2\n3\n");
	assert_int_equal(run_shell("test $(ps -o sid= -p $$) = $$"), 0);
}

static void folder_umask_and_environment_are_the_requests(void **state)
{
	char *argv[] = { "sh", "-c", "pwd; umask; echo $ODD", NULL };
	char *envp[] = { "PATH=/usr/bin:/bin", "ODD=\xff=1", NULL };
	struct exec_request request = request_for(argv);

	request.cwd = "/usr";
	request.umask = 0137;
	request.envp = envp;
	assert_int_equal(run(&request), 0);
	assert_string_equal(output, "/usr\n0137\n\xff=1\n");
}

static void ids_and_groups_are_the_requests(void **state)
{
	char *argv[] = { "sh", "-c", "id -u; id -g; id -G", NULL };
	struct exec_request request = request_for(argv);

	if (geteuid())
		skip();
	request.uid = 1234;
	request.gid = 1235;
	request.ngroups = 2;
	request.groups[0] = 7;
	request.groups[1] = 1235;
	assert_int_equal(run(&request), 0);
	assert_string_equal(output, "1234\n1235\n1235 7\n");
}

static void a_signal_that_initd_ignores_or_blocks_is_default_in_the_program(void **state)
{
	sigset_t blocked;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	assert_int_equal(run_shell("kill -TERM $$; exit 3"), SIGTERM);
	sigprocmask(SIG_UNBLOCK, &blocked, NULL);
}

static void what_cannot_be_started_says_why(void **state)
{
	refuses("no-such-program", 127, "x: no-such-program: not found");
	refuses("", 127, "x: : not found");
	refuses("/no/such", 127, "x: /no/such: No such file or directory");
	refuses("/usr", 126, "x: /usr: Permission denied");
	refuses("/etc/passwd", 126, "x: /etc/passwd: Permission denied");
	refuses("C:\\a.exe", 127, "x: C:\\a.exe: No such file or directory");
}

static void write_program(char *path, const void *bytes, size_t len)
{
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	fchmod(fd, 0755);
	close(fd);
}

static void text_that_is_no_program_is_the_shells(void **state)
{
	char pe[] = "/tmp/launch-XXXXXX", garbage[] = "/tmp/launch-XXXXXX", text[] = "/tmp/launch-XXXXXX";
	char expected[128];
	char *argv[] = { text, "one", NULL };
	struct exec_request request = request_for(argv);

	write_program(pe, "MZ\0\0", 4);
	snprintf(expected, sizeof(expected), "x: %s: Exec format error", pe);
	refuses(pe, 126, expected);
	write_program(garbage, "\0\1\2\3", 4);
	snprintf(expected, sizeof(expected), "x: %s: Exec format error", garbage);
	refuses(garbage, 126, expected);
	write_program(text, "echo $1\n", 8);
	assert_int_equal(run(&request), 0);
	assert_string_equal(output, "one\n");
	unlink(pe);
	unlink(garbage);
	unlink(text);
}

static void look_at_stopped(pid_t pid)
{
	char path[64], name[16];
	FILE *comm;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	comm = fopen(path, "r");
	assert_non_null(comm);
	assert_non_null(fgets(name, sizeof(name), comm));
	assert_string_not_equal(name, "true\n");
	fclose(comm);
}

static void a_program_runs_only_after_what_comes_before(void **state)
{
	char *argv[] = { "true", NULL };
	struct exec_request request = request_for(argv);
	struct streams streams = { 0, 1, 2, false };
	pid_t pid = launch_program(&request, &streams, &no_signals, look_at_stopped, &refusal);
	int status;

	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void a_folder_that_is_not_there_is_named(void **state)
{
	char *argv[] = { "true", NULL };
	struct exec_request request = request_for(argv);

	request.cwd = "/no/such";
	assert_int_equal(run(&request), -1);
	assert_int_equal(refusal.code, 126);
	assert_string_equal(refusal.text, "x: /no/such: No such file or directory");
}

static void a_terminal_is_the_programs_controlling_one(void **state)
{
	char *argv[] = { "sh", "-c", "test -t 0 && test -t 2 && stty size </dev/tty", NULL };
	struct exec_request request = request_for(argv);
	struct winsize size = { .ws_row = 33, .ws_col = 99 };
	struct streams streams = { .has_tty = true };
	int master, slave, status;
	pid_t pid;

	assert_int_equal(openpty(&master, &slave, NULL, NULL, &size), 0);
	fcntl(master, F_SETFD, FD_CLOEXEC);
	fcntl(slave, F_SETFD, FD_CLOEXEC);
	streams.in = streams.out = streams.err = slave;
	pid = launch_program(&request, &streams, &no_signals, NULL, &refusal);
	assert_true(pid > 0);
	close(slave);
	read_all(master);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_string_equal(output, "33 99\r\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arguments_and_exit_code_pass_exactly),
		cmocka_unit_test(a_program_has_three_descriptors_and_its_own_session),
		cmocka_unit_test(folder_umask_and_environment_are_the_requests),
		cmocka_unit_test(ids_and_groups_are_the_requests),
		cmocka_unit_test(a_signal_that_initd_ignores_or_blocks_is_default_in_the_program),
		cmocka_unit_test(what_cannot_be_started_says_why),
		cmocka_unit_test(text_that_is_no_program_is_the_shells),
		cmocka_unit_test(a_program_runs_only_after_what_comes_before),
		cmocka_unit_test(a_folder_that_is_not_there_is_named),
		cmocka_unit_test(a_terminal_is_the_programs_controlling_one),
	};

	sigemptyset(&no_signals);
	/* What our caller left open is not for the programs to see. */
	close_range(3, ~0u, CLOSE_RANGE_CLOEXEC);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
