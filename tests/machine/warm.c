/* tests/machine/warm.c PROGRAM: what known things on tmpfs still cost in calls of services.
 * PROGRAM is copied there and executed.
 *
 * Each operation is done 100 times; the counters of calls that changed between the
 * second and the hundredth time are printed, and what leases answered instead.
 * Counters are the machine's: nothing else may run meanwhile.
 */
#include "counters.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define FOLDER "/tmp/warm"
/* From FOLDER on: "/" is the host's, and known for a second only. */
#define FILE_PATH "one/two/file"
#define PROGRAM "./program"
#define KNOWN 2
#define TIMES 100

static const struct sockaddr_un path_name = { AF_UNIX, "one/socket" }, abstract_name = { AF_UNIX, "\0warm" };

static int data_fd, path_listener, abstract_listener;
static pid_t target;

static void open_and_close(void)
{
	close((int)need(open(FILE_PATH, O_RDONLY)));
}

static void open_for_write_and_close(void)
{
	close((int)need(open(FILE_PATH, O_RDWR)));
}

static void stat_path(void)
{
	struct stat st;

	need(stat(FILE_PATH, &st));
}

static void stat_missing(void)
{
	struct stat st;

	if (!stat("one/none", &st))
		die("a file that is not there");
}

static void read_file(void)
{
	char buf[4096];

	if (need(pread(data_fd, buf, sizeof(buf), 0)) != 4)
		die("the file holds other data");
}

static void write_file(void)
{
	need(pwrite(data_fd, "data", 4, 0));
}

static void wait_for(pid_t child)
{
	int status;

	need(waitpid(child, &status, 0));
	if (status)
		die("the child ended with %#x", status);
}

static void fork_and_wait(void)
{
	pid_t child = (pid_t)need(fork());

	if (!child)
		_exit(0);
	wait_for(child);
}

static void execute(void)
{
	pid_t child = (pid_t)need(fork());

	if (!child) {
		execl(PROGRAM, PROGRAM, (char *)NULL);
		_exit(126);
	}
	wait_for(child);
}

static void kill_process(void)
{
	need(kill(target, SIGCONT));
}

/* A client of a name that somebody listens at. */
static void connect_to(const struct sockaddr_un *name, socklen_t len, int listener)
{
	int client = (int)need(socket(AF_UNIX, SOCK_STREAM, 0));

	need(connect(client, (const struct sockaddr *)name, len));
	close((int)need(accept(listener, NULL, NULL)));
	close(client);
}

static void connect_to_path(void)
{
	connect_to(&path_name, sizeof(path_name), path_listener);
}

static void connect_to_abstract_name(void)
{
	connect_to(&abstract_name, sizeof(abstract_name), abstract_listener);
}

static const struct { const char *name; void (*fn)(void); } operations[] = {
	{ "open+close", open_and_close },
	{ "open-for-write+close", open_for_write_and_close },
	{ "stat", stat_path },
	{ "stat-missing", stat_missing },
	{ "read", read_file },
	{ "write", write_file },
	{ "fork", fork_and_wait },
	{ "execve", execute },
	{ "kill", kill_process },
	{ "connect", connect_to_path },
	{ "connect-abstract", connect_to_abstract_name },
};

/* It sleeps in a call of which all pages are there: its faults would be counted too. */
static void make_target(void)
{
	int up[2], never[2];
	char byte = 0;

	need(pipe(up));
	need(pipe(never));
	target = (pid_t)need(fork());
	if (!target) {
		need(write(up[1], &byte, 1));
		need(read(never[0], &byte, 1));
		_exit(1);
	}
	need(read(up[0], &byte, 1));
}

static int listen_at(const struct sockaddr_un *name)
{
	int fd = (int)need(socket(AF_UNIX, SOCK_STREAM, 0));

	need(bind(fd, (const struct sockaddr *)name, sizeof(*name)));
	need(listen(fd, 4));
	return fd;
}

static void make_things(const char *program)
{
	need(mkdir(FOLDER, 0755));
	need(chdir(FOLDER));
	need(mkdir("one", 0755));
	need(mkdir("one/two", 0755));
	data_fd = (int)need(open(FILE_PATH, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
	need(write(data_fd, "data", 4));
	copy_file(program, PROGRAM);
	path_listener = listen_at(&path_name);
	abstract_listener = listen_at(&abstract_name);
	make_target();
}

int main(int argc, char **argv)
{
	static struct counters before, after;

	if (argc != 2)
		die("usage: %s PROGRAM", argv[0]);
	make_things(argv[1]);
	counters_read(&before);	/* its code's pages come from the host: not between the two readings */
	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
		for (int n = 0; n < KNOWN; n++)
			operations[i].fn();
		counters_read(&before);
		for (int n = KNOWN; n < TIMES; n++)
			operations[i].fn();
		counters_read(&after);
		printf("%s done\n", operations[i].name);
		counters_print_changes(operations[i].name, "ipc.", &before, &after);
		counters_print_changes(operations[i].name, "lease.", &before, &after);
	}
	need(kill(target, SIGKILL));
	return 0;
}
