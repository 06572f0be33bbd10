/* tests/machine/exactly_once.c SERVICE KILLS PROGRAM SCRIPT FOLDER...: a service dies under work.
 *
 * In each FOLDER workers change names, run SCRIPT and execute fresh copies of PROGRAM, and
 * check every result: one that a dead and restarted service could explain but Linux could
 * not ends the test. Meanwhile SERVICE gets SIGKILL, each time at the moment at which
 * somebody has called it. Before and after, with all work undone and caches dropped, the
 * counters must tell the same.
 */
#include "counters.h"
#include "socket_work.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <nucleus/nucleus.h>

#define MAX_WORKERS 32
#define FIRST_SERVICE_PID 100
#define CALL_WAIT_NS 200000000u	/* for a call to arrive, before the service is killed anyhow */
#define EVENTS_BYTES 1024	/* of counters, up to those of calls */
#define PAUSE_NS 250000000u	/* between kills: more often, and rootd itself makes pauses */

static const char *const services[] = { "syscalld", "procd", "vfsd", "loaderd", "netd" };

static volatile bool *is_over;
static pid_t workers[MAX_WORKERS];
static unsigned int nworkers;
static const char *program, *script, *where;

/* ---- one worker: changes of names, each checked ---- */

static void expect(const char *what, long got, long expected, int error)
{
	if (got < 0 && expected < 0 ? errno == error : got == expected)
		return;
	if (got >= 0)
		errno = 0;
	die("%s in %s: got %ld, expected %ld (%s)", what, where, got, expected, strerror(error));
}

#define succeeds(call) expect(#call, (long)(call), 0, 0)
#define fails(call, error) expect(#call, (long)(call), -1, (error))

static void expect_file(const char *name, const char *text, nlink_t links)
{
	char buf[64] = { 0 };
	struct stat st;
	int fd = open(name, O_RDONLY);

	if (fd < 0 || read(fd, buf, sizeof(buf) - 1) < 0)
		die("reading %s", name);
	succeeds(fstat(fd, &st));
	close(fd);
	if (strcmp(buf, text) || st.st_nlink != links)
		die("%s holds '%s' and has %lu links, expected '%s' and %lu", name, buf, (unsigned long)st.st_nlink,
		    text, (unsigned long)links);
}

static void make_file(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0640);

	if (fd < 0)
		die("making %s", name);
	expect("write", write(fd, text, strlen(text)), (long)strlen(text), 0);
	close(fd);
}

static void expect_count(const char *folder, unsigned int expected)
{
	DIR *dir = opendir(folder);
	unsigned int n = 0;

	if (!dir)
		die("opendir %s", folder);
	errno = 0;
	while (readdir(dir))
		n++;
	if (errno || n != expected)
		die("%s lists %u names, expected %u", folder, n, expected);
	closedir(dir);
}

static void change_names(void)
{
	char target[PATH_MAX] = { 0 };
	struct stat st;

	succeeds(mkdir("d", 0750));
	fails(mkdir("d", 0750), EEXIST);
	make_file("d/one", "first");
	fails(open("d/one", O_WRONLY | O_CREAT | O_EXCL, 0640), EEXIST);
	succeeds(rename("d/one", "d/two"));
	fails(stat("d/one", &st), ENOENT);
	expect_file("d/two", "first", 1);
	succeeds(link("d/two", "d/hard"));
	expect_file("d/hard", "first", 2);
	make_file("d/three", "second");
	succeeds(rename("d/three", "d/two"));
	fails(rename("d/three", "d/two"), ENOENT);
	expect_file("d/two", "second", 1);
	expect_file("d/hard", "first", 1);
	succeeds(symlink("two", "d/soft"));
	expect("readlink", readlink("d/soft", target, sizeof(target)), 3, 0);
	expect_file("d/soft", "second", 1);
	succeeds(chmod("d/two", 0600));
	succeeds(truncate("d/two", 3));
	succeeds(stat("d/two", &st));
	if ((st.st_mode & 07777) != 0600 || st.st_size != 3)
		die("mode %o, size %ld", st.st_mode & 07777, (long)st.st_size);
	expect_file("d/two", "sec", 1);
	succeeds(rename("d", "e"));
	expect_count("e", 5);
	fails(rmdir("e"), ENOTEMPTY);
	succeeds(unlink("e/soft"));
	succeeds(unlink("e/two"));
	fails(unlink("e/two"), ENOENT);
	succeeds(unlink("e/hard"));
	succeeds(rmdir("e"));
	fails(rmdir("e"), ENOENT);
}

/* A file that lost its name is there as long as it is open. */
static void use_unlinked(void)
{
	char buf[8] = { 0 };
	struct stat st;
	int fd;

	make_file("gone", "still");
	fd = (int)need(open("gone", O_RDWR));
	succeeds(unlink("gone"));
	fails(access("gone", F_OK), ENOENT);
	expect("pread", pread(fd, buf, sizeof(buf), 0), 5, 0);
	expect("pwrite", pwrite(fd, "S", 1, 0), 1, 0);
	succeeds(fstat(fd, &st));
	expect("links of an unlinked file", (long)st.st_nlink, 0, 0);
	expect("pread", pread(fd, buf, sizeof(buf), 0), 5, 0);
	if (strcmp(buf, "Still"))
		die("an unlinked file holds '%s'", buf);
	close(fd);
}

static int wait_status(pid_t child)
{
	int status;

	need(waitpid(child, &status, 0));
	return status;
}

/* A copy that was never executed: asks procd and loaderd. */
static void execute_copy(void)
{
	pid_t child;
	int status;

	copy_file(program, "copy");
	child = (pid_t)need(fork());
	if (!child) {
		execl("copy", "copy", (char *)NULL);
		_exit(126);
	}
	status = wait_status(child);
	if (status)
		die("executing a copy: status %#x", status);
	succeeds(unlink("copy"));
}

static void run_script(void)
{
	pid_t child = (pid_t)need(fork());
	int status;

	if (!child) {
		execl("/bin/busybox", "sh", "-c", script, "sh", program, (char *)NULL);
		_exit(126);
	}
	status = wait_status(child);
	if (status)
		die("the script: status %#x", status);
}

/* What syscalld decides. */
static void change_identity(void)
{
	struct rlimit limit;
	gid_t groups[] = { 5, 7 };

	need(getrlimit(RLIMIT_NOFILE, &limit));
	limit.rlim_cur = limit.rlim_cur == 512 ? 1024 : 512;
	succeeds(setrlimit(RLIMIT_NOFILE, &limit));
	if (getuid())
		return;
	succeeds(setgroups(2, groups));
	expect("getgroups", getgroups(2, groups), 2, 0);
	succeeds(setegid(7));
	expect("getegid", getegid(), 7, 0);
	succeeds(setegid(0));
	succeeds(setgroups(0, NULL));
}

static void (*const jobs[])(void) = { change_names, use_unlinked, execute_copy, run_script, change_identity, use_sockets };
#define JOBS (sizeof(jobs) / sizeof(jobs[0]))

/* ---- all workers ---- */

static void start_worker(const char *folder, unsigned int job)
{
	char name[16];

	if (nworkers == MAX_WORKERS)
		die("too many workers");
	workers[nworkers] = (pid_t)need(fork());
	if (workers[nworkers++])
		return;
	snprintf(name, sizeof(name), "w%u", job);
	where = folder;
	need(chdir(folder));
	need(mkdir(name, 0755));
	need(chdir(name));
	do {
		jobs[job]();
	} while (!*is_over);
	need(chdir(".."));
	succeeds(rmdir(name));
	exit(0);
}

static void start_workers(char *const folders[], int nfolders)
{
	*is_over = false;
	nworkers = 0;
	fflush(NULL);
	for (int i = 0; i < nfolders; i++) {
		for (unsigned int job = 0; job < JOBS; job++)
			start_worker(folders[i], job);
	}
}

static void end_workers(void)
{
	*is_over = true;
	for (unsigned int i = 0; i < nworkers; i++) {
		int status = wait_status(workers[i]);

		if (status)
			die("worker %u ended with status %#x", i, status);
	}
}

/* One that gave up tells that the test has failed already. */
static void check_workers(void)
{
	int status;
	pid_t pid = waitpid(-1, &status, WNOHANG);

	if (pid > 0)
		die("worker %d ended with status %#x", pid, status);
}

/* ---- killing ---- */

/* Calls of @service so far. Reads the first counters only, for speed. */
static uint64_t calls_of(const char *service)
{
	char text[EVENTS_BYTES], name[32];
	long len = need(nucleus_counters(text, sizeof(text) - 1));
	const char *line;

	snprintf(name, sizeof(name), "\nipc.call.%s ", service);
	text[len] = '\0';
	line = strstr(text, name);
	if (!line)
		die("no counter of calls among the first");
	return strtoull(line + strlen(name), NULL, 10);
}

/* SIGKILL as soon as a call has been made: then it may be under way. */
static void kill_in_a_call(pid_t pid, const char *service)
{
	uint64_t before = calls_of(service), limit = now_ns() + CALL_WAIT_NS;

	while (calls_of(service) == before && now_ns() < limit)
		;
	need(kill(pid, SIGKILL));
}

/* Returns when every service answers. */
static void probe_services(void)
{
	struct stat st;

	succeeds(stat("/proc/uptime", &st));
	change_identity();
	execute_copy();
	use_sockets();
	check_workers();
}

static pid_t pid_of(const char *service)
{
	for (pid_t i = 0; i < (pid_t)(sizeof(services) / sizeof(services[0])); i++) {
		if (!strcmp(services[i], service))
			return FIRST_SERVICE_PID + i;
	}
	die("no service %s", service);
}

/* ---- what must be as before ---- */

/* What a program or a dead service could leave behind. */
static const char *const kept[] = {
	"ps.handles", "ps.processes", "ps.threads", "lease.name.count", "lease.attr.count", "lease.image.count", "heap.lease.live",
	"heap.name lease.live", "heap.inode.live", "heap.file.live", "heap.image.live", "heap.endpoint.live",
	"heap.ipc_request.live", "heap.socket.live", "heap.socket name.live", "heap.p9_exchange.live", "heap.memory-handle.live", "heap.handle_table.live",
};
#define KEPT (sizeof(kept) / sizeof(kept[0]))

static bool is_back(const struct counters *now, void *before)
{
	for (unsigned int i = 0; i < KEPT; i++) {
		if (counters_get(now, kept[i]) > counters_get(before, kept[i]))
			return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	static struct counters before, after;
	uint64_t names;
	unsigned int kills;
	pid_t pid;

	if (argc < 6)
		die("usage: %s SERVICE KILLS PROGRAM SCRIPT FOLDER...", argv[0]);
	pid = pid_of(argv[1]);
	kills = (unsigned int)atoi(argv[2]);
	program = argv[3];
	script = argv[4];
	is_over = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (int i = 5; i < argc; i++)
		need(mkdir(argv[i], 0755));
	where = argv[5];
	need(chdir(where));

	/* Once without a death: what is made on first use is no leak. */
	start_workers(argv + 5, argc - 5);
	end_workers();
	counters_read_settled(&before);
	names = count_socket_names();

	start_workers(argv + 5, argc - 5);
	for (unsigned int i = 0; i < kills; i++) {
		pause_ns(PAUSE_NS);
		kill_in_a_call(pid, argv[1]);
		probe_services();
	}
	end_workers();
	printf("%u kills\n", kills);
	if (!counters_wait(&after, is_back, &before)) {
		for (unsigned int i = 0; i < KEPT; i++)
			counters_print_changes("changed", kept[i], &before, &after);
	}
	if (count_socket_names() > names)
		printf("changed names of sockets\n");
	need(chdir("/"));
	for (int i = 5; i < argc; i++)
		succeeds(rmdir(argv[i]));
	return 0;
}
