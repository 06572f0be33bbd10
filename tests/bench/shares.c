/* tests/bench/shares.c: warm starts of programs, user mode's share apart from the rest.
 *
 * usage: bench-shares NAME=PROGRAM ... in a machine that measures (opt/albireo/measure), with
 * one processor, which it has for itself. Each program is started until it is warm.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define WARM_RUNS 5
#define RUNS 25
#define MAX_FAILURES 5
#define NULL_CALLS 1000
#define NULL_CALL_USER 5	/* instructions of a getppid in the loop below */

struct shares {
	uint64_t total, programs, exits;
};

static char *const environment[] = { NULL };

static uint64_t counter(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	if (!at) {
		fprintf(stderr, "bench-shares: no counter %s\n", name);
		exit(1);
	}
	return strtoull(at + strlen(name), NULL, 10);
}

static void now(struct shares *s)
{
	static char text[65536];
	int fd = open("/proc/albireo/counters", O_RDONLY);
	ssize_t got = 0, n;

	while ((n = read(fd, text + got, sizeof(text) - 1 - (size_t)got)) > 0)
		got += n;
	text[got] = '\0';
	close(fd);
	s->total = read_tsc();
	s->programs = counter(text, "tsc.user.program ");
	s->exits = counter(text, "user.exit ");
}

/* Returns: the wait status. */
static int run(char *program)
{
	char *argv[] = { program, NULL };
	int status;
	pid_t child = vfork();

	if (child == 0) {
		execve(program, argv, environment);
		_exit(errno);
	}
	waitpid(child, &status, 0);
	return status;
}

/* Where virtual time stands still for nobody, a start may time out that had to wait for the host. */
static void run_surely(char *program)
{
	int status = 0;

	for (int i = 0; i < MAX_FAILURES; i++) {
		status = run(program);
		if (!status)
			return;
	}
	fprintf(stderr, "bench-shares: %s: status %x\n", program, status);
	exit(1);
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static uint64_t median(uint64_t *values)
{
	qsort(values, RUNS, sizeof(*values), compare);
	return values[RUNS / 2];
}

/* The medians of some runs; of nothing but the reading itself for NULL. */
static struct shares of_runs(char *program)
{
	uint64_t total[RUNS], programs[RUNS], exits[RUNS];
	struct shares before, after;

	for (int i = 0; i < RUNS; i++) {
		now(&before);
		if (program)
			run_surely(program);
		now(&after);
		total[i] = after.total - before.total;
		programs[i] = after.programs - before.programs;
		exits[i] = after.exits - before.exits;
	}
	return (struct shares){ median(total), median(programs), median(exits) };
}

static void call_often(void)
{
	long ret;

	for (int i = 0; i < NULL_CALLS; i++)
		__asm__ volatile("syscall" : "=a"(ret) : "0"(SYS_getppid) : "rcx", "r11", "memory");
}

/* What a way into the kernel and back adds to user mode's share: entry code and the measuring itself. */
static uint64_t exit_cost(const struct shares *reading)
{
	struct shares before, after;

	now(&before);
	call_often();
	now(&after);
	return (after.programs - before.programs - reading->programs) / NULL_CALLS - NULL_CALL_USER;
}

static void bench(const char *name, char *program, const struct shares *reading, uint64_t cost)
{
	struct shares one;
	uint64_t user, total;

	for (int i = 0; i < WARM_RUNS; i++)
		run_surely(program);
	one = of_runs(program);
	total = one.total - reading->total;
	user = one.programs - reading->programs - (one.exits - reading->exits) * cost;
	dprintf(2, "%s\t%llu\n%s_user\t%llu\n%s_kernel\t%llu\n", name, (unsigned long long)total, name,
		(unsigned long long)user, name, (unsigned long long)(total - user));
}

int main(int argc, char **argv)
{
	struct shares reading = of_runs(NULL);
	uint64_t cost = exit_cost(&reading);
	int null = open("/dev/null", O_WRONLY);

	dup2(null, 1);
	for (int i = 1; i < argc; i++) {
		char *equals = strchr(argv[i], '=');

		if (!equals)
			return 2;
		*equals = '\0';
		bench(argv[i], equals + 1, &reading, cost);
	}
	return 0;
}
