/* tests/bench/core.c: what the core's operations cost, one line each.
 *
 * Everything is done on tmpfs and with this program alone, so that nothing waits
 * for the host. Names follow the table of Linux's own figures where it has them.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096UL
#define FAULT_PAGES 256

static char folder[] = "/tmp/bench-XXXXXX";
static const char *self;
static uint64_t counter_cost;

static void require(const char *what, long result)
{
	if (result != -1)
		return;
	fprintf(stderr, "bench-core: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static uint64_t median(void (*operation)(void *), void *argument, size_t samples)
{
	static uint64_t times[MAX_SAMPLES];

	for (size_t i = 0; i < samples / 10 + 2; i++)
		operation(argument);
	for (size_t i = 0; i < samples; i++) {
		uint64_t start = read_tsc();

		operation(argument);
		times[i] = read_tsc() - start;
	}
	qsort(times, samples, sizeof(times[0]), compare);
	return times[samples / 2];
}

void measure(const char *name, void (*operation)(void *), void *argument, size_t samples)
{
	uint64_t cost = median(operation, argument, samples < MAX_SAMPLES ? samples : MAX_SAMPLES);

	printf("%s\t%llu\n", name, (unsigned long long)(cost > counter_cost ? cost - counter_cost : 0));
	fflush(stdout);
}

void not_measured(const char *name, const char *why)
{
	printf("%s\t-\n", name);
	fprintf(stderr, "bench-core: %s: %s\n", name, why);
}

static void nothing(void *unused)
{
}

/* 1000 steps of a linear congruence: user code only, the yardstick. */
static void lcg_1000(void *unused)
{
	uint64_t x = 1;

	for (int i = 0; i < 1000; i++)
		__asm__ volatile("imul %1, %0; add $1442695040888963407 >> 33, %0"
			: "+r"(x) : "r"(6364136223846793005UL));
}

static void null_call(void *unused)
{
	syscall(SYS_getppid);
}

static void clock_read(void *unused)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
}

static void yield(void *unused)
{
	syscall(SYS_sched_yield);
}

static void kill_nothing(void *unused)
{
	kill(getpid(), 0);
}

static void open_close(void *path)
{
	close(open(path, O_RDONLY));
}

static void stat_path(void *path)
{
	struct stat st;

	stat(path, &st);
}

static void access_missing(void *path)
{
	access(path, F_OK);
}

static void stat_descriptor(void *fd)
{
	struct stat st;

	fstat(*(int *)fd, &st);
}

static void read_byte(void *fd)
{
	char byte;

	pread(*(int *)fd, &byte, 1, 0);
}

static void read_device_byte(void *fd)
{
	char byte;

	read(*(int *)fd, &byte, 1);
}

static void write_byte(void *fd)
{
	write(*(int *)fd, "x", 1);
}

static void read_page(void *fd)
{
	static char page[PAGE];

	pread(*(int *)fd, page, PAGE, 0);
}

static void write_page(void *fd)
{
	static char page[PAGE];

	pwrite(*(int *)fd, page, PAGE, 0);
}

static void byte_through_pipe(void *fds)
{
	char byte = 'x';

	write(((int *)fds)[1], &byte, 1);
	read(((int *)fds)[0], &byte, 1);
}

static void bench_calls(void)
{
	measure("empty", nothing, NULL, 1000);
	measure("cpu_1000_lcg", lcg_1000, NULL, 1000);
	measure("null_call", null_call, NULL, 1000);
	measure("clock_gettime", clock_read, NULL, 1000);
	measure("sched_yield", yield, NULL, 1000);
	measure("kill_self_0", kill_nothing, NULL, 1000);
}

static void bench_files(void)
{
	int zero = open("/dev/zero", O_RDONLY), null = open("/dev/null", O_WRONLY), fd, fds[2];

	require("mkdir", mkdir("d1", 0755) | mkdir("d1/d2", 0755) | mkdir("d1/d2/d3", 0755));
	fd = open("d1/d2/d3/file", O_RDWR | O_CREAT, 0644);
	require("open", fd);
	require("write", write(fd, "contents", 8));
	measure("open_close_3_deep", open_close, "d1/d2/d3/file", 1000);
	measure("stat_3_deep", stat_path, "d1/d2/d3/file", 1000);
	measure("access_missing_3_deep", access_missing, "d1/d2/d3/missing", 1000);
	measure("fstat", stat_descriptor, &fd, 1000);
	measure("pread_1_byte", read_byte, &fd, 1000);
	measure("read_1_byte_dev_zero", read_device_byte, &zero, 1000);
	measure("write_1_byte_dev_null", write_byte, &null, 1000);
	measure("pwrite_4_kib", write_page, &fd, 1000);
	measure("pread_4_kib", read_page, &fd, 1000);
	require("pipe", pipe(fds));
	measure("pipe_1_byte_one_process", byte_through_pipe, fds, 1000);
}

static void create_write_unlink(void *unused)
{
	int fd = open("scratch", O_WRONLY | O_CREAT, 0644);

	write(fd, "x", 1);
	close(fd);
	unlink("scratch");
}

static void list_folder(void *fd)
{
	static char entries[32768];

	lseek(*(int *)fd, 0, SEEK_SET);
	while (syscall(SYS_getdents64, *(int *)fd, entries, sizeof(entries)) > 0)
		;
}

static void bench_folders(void)
{
	char name[32];
	int fd;

	require("mkdir", mkdir("hundred", 0755));
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "hundred/entry-%02d", i);
		close(open(name, O_WRONLY | O_CREAT, 0644));
	}
	fd = open("hundred", O_RDONLY | O_DIRECTORY);
	require("open", fd);
	measure("getdents_100", list_folder, &fd, 200);
	measure("create_write_unlink", create_write_unlink, NULL, 200);
}

static void fork_exit_wait(void *unused)
{
	pid_t child = fork();

	if (child == 0)
		_exit(0);
	waitpid(child, NULL, 0);
}

static char *const exec_argv[] = { "bench-core", "exit", NULL };
static char *const exec_envp[] = { NULL };

static void fork_exec_wait(void *unused)
{
	pid_t child = fork();

	if (child == 0) {
		execve(self, exec_argv, exec_envp);
		_exit(1);
	}
	waitpid(child, NULL, 0);
}

static void vfork_exec_wait(void *unused)
{
	pid_t child = vfork();

	if (child == 0) {
		execve(self, exec_argv, exec_envp);
		_exit(1);
	}
	waitpid(child, NULL, 0);
}

static void bench_processes(void)
{
	measure("fork_exit_wait", fork_exit_wait, NULL, 100);
	measure("fork_exec_wait", fork_exec_wait, NULL, 100);
	measure("vfork_exec_wait", vfork_exec_wait, NULL, 100);
}

static char *map(size_t pages, int flags)
{
	char *memory = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);

	require("mmap", memory == MAP_FAILED ? -1 : 0);
	return memory;
}

static void touch_next(void *next)
{
	char **page = next;

	**page = 1;
	*page += PAGE;
}

static void map_and_unmap(void *unused)
{
	munmap(map(1, MAP_PRIVATE), PAGE);
}

static void map_touch_unmap(void *unused)
{
	char *memory = map(FAULT_PAGES, MAP_PRIVATE);

	for (size_t i = 0; i < FAULT_PAGES; i++)
		memory[i * PAGE] = 1;
	munmap(memory, FAULT_PAGES * PAGE);
}

static void protect_and_back(void *memory)
{
	mprotect(memory, PAGE, PROT_READ);
	mprotect(memory, PAGE, PROT_READ | PROT_WRITE);
}

/* What 256 faults on pages shared with the parent cost a child, in the child. */
static uint64_t copy_on_write_faults(char *memory, uint64_t *result)
{
	pid_t child = fork();

	if (child == 0) {
		uint64_t start = read_tsc();

		for (size_t i = 0; i < FAULT_PAGES; i++)
			memory[i * PAGE] = 2;
		*result = read_tsc() - start - counter_cost;
		_exit(0);
	}
	waitpid(child, NULL, 0);
	return *result;
}

static void bench_copy_on_write(void)
{
	char *memory = map(FAULT_PAGES, MAP_PRIVATE);
	uint64_t *result = (uint64_t *)map(1, MAP_SHARED), times[21];

	memset(memory, 1, FAULT_PAGES * PAGE);
	for (size_t i = 0; i < 21; i++)
		times[i] = copy_on_write_faults(memory, result);
	qsort(times, 21, sizeof(times[0]), compare);
	printf("cow_fault_256\t%llu\n", (unsigned long long)times[10]);
}

static void bench_memory(void)
{
	char *memory = map(MAX_SAMPLES * 2, MAP_PRIVATE), *next = memory;

	measure("anonymous_fault", touch_next, &next, MAX_SAMPLES);
	munmap(memory, MAX_SAMPLES * 2 * PAGE);
	measure("mmap_munmap", map_and_unmap, NULL, 1000);
	measure("map_touch_unmap_256", map_touch_unmap, NULL, 50);
	memory = map(1, MAP_PRIVATE);
	memory[0] = 1;
	measure("mprotect_twice", protect_and_back, memory, 1000);
	bench_copy_on_write();
}

struct echo {
	int request[2];
	int reply[2];
};

static void round_trip(void *argument)
{
	struct echo *echo = argument;
	char byte = 'x';

	write(echo->request[1], &byte, 1);
	read(echo->reply[0], &byte, 1);
}

/* Serve one end in a child until the other end closes, measure, and reap it. */
static void bench_echo(const char *name, struct echo *echo)
{
	pid_t child = fork();
	char byte;

	if (child == 0) {
		close(echo->request[1]);
		while (read(echo->request[0], &byte, 1) == 1)
			write(echo->reply[1], &byte, 1);
		_exit(0);
	}
	close(echo->request[0]);
	measure(name, round_trip, echo, 500);
	close(echo->request[1]);
	waitpid(child, NULL, 0);
}

static void bench_round_trips(void)
{
	struct echo pipes, sockets;
	int pair[2];

	require("pipe", pipe(pipes.request) | pipe(pipes.reply));
	bench_echo("pipe_round_trip", &pipes);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair)) {
		not_measured("unix_round_trip", strerror(errno));
		return;
	}
	sockets = (struct echo){ { pair[0], pair[1] }, { pair[1], pair[0] } };
	bench_echo("unix_round_trip", &sockets);
}

static long futex(volatile uint32_t *word, int operation, uint32_t value)
{
	return syscall(SYS_futex, word, operation, value, NULL, NULL, 0);
}

/* words[0] goes up when the parent asks, words[1] when the child answers. */
static void futex_ping_pong(void *argument)
{
	volatile uint32_t *words = argument;
	uint32_t answered = words[1];

	words[0]++;
	futex(&words[0], FUTEX_WAKE, 1);
	while (words[1] == answered)
		futex(&words[1], FUTEX_WAIT, answered);
}

static void answer_futex(volatile uint32_t *words)
{
	uint32_t seen = 0;

	while (!words[2]) {
		while (words[0] == seen)
			futex(&words[0], FUTEX_WAIT, seen);
		seen = words[0];
		words[1]++;
		futex(&words[1], FUTEX_WAKE, 1);
	}
	_exit(0);
}

static void wake_nobody(void *word)
{
	futex(word, FUTEX_WAKE, 1);
}

static void bench_futex(void)
{
	volatile uint32_t *words = (uint32_t *)map(1, MAP_SHARED);
	pid_t child = fork();

	if (child == 0)
		answer_futex(words);
	measure("futex_ping_pong", futex_ping_pong, (void *)words, 500);
	words[2] = 1;
	futex_ping_pong((void *)words);
	waitpid(child, NULL, 0);
	measure("futex_wake_none", wake_nobody, (void *)&words[3], 1000);
}

static void take_signal(int sig)
{
}

static void install_handler(void *unused)
{
	struct sigaction action = { .sa_handler = take_signal };

	sigaction(SIGUSR1, &action, NULL);
}

static void deliver_signal(void *unused)
{
	kill(getpid(), SIGUSR1);
}

static void wait_for_ready(void *epoll)
{
	struct epoll_event event;

	epoll_wait(*(int *)epoll, &event, 1, 0);
}

static void bench_events(void)
{
	struct epoll_event event = { .events = EPOLLIN };
	int epoll = epoll_create1(0), fds[2];

	measure("signal_install", install_handler, NULL, 1000);
	measure("signal_deliver", deliver_signal, NULL, 1000);
	require("pipe", pipe(fds));
	write(fds[1], "x", 1);
	epoll_ctl(epoll, EPOLL_CTL_ADD, fds[0], &event);
	measure("epoll_wait_ready", wait_for_ready, &epoll, 1000);
}

static void remove_folder(void)
{
	char name[32];

	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "hundred/entry-%02d", i);
		unlink(name);
	}
	rmdir("hundred");
	unlink("d1/d2/d3/file");
	rmdir("d1/d2/d3");
	rmdir("d1/d2");
	rmdir("d1");
	chdir("/");
	rmdir(folder);
}

int main(int argc, char **argv)
{
	static char path[4096];

	if (argc == 2 && !strcmp(argv[1], "exit"))
		_exit(0);
	self = realpath((const char *)getauxval(AT_EXECFN), path);
	require("path of this program", self ? 0 : -1);
	require("folder under /tmp", mkdtemp(folder) ? chdir(folder) : -1);
	counter_cost = median(nothing, NULL, MAX_SAMPLES);
	bench_calls();
	bench_files();
	bench_folders();
	bench_memory();
	bench_events();
	bench_futex();
	bench_round_trips();
	bench_processes();
	bench_ipc();
	remove_folder();
	return 0;
}
