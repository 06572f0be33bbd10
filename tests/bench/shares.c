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
#define FEW_RUNS 5
#define MANY_RUNS 25
#define NULL_CALLS 1000
#define NULL_CALL_USER 5	/* instructions of a getppid in the loop below */

struct shares {
	uint64_t total, programs, services, exits;
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
	s->services = counter(text, "tsc.user.service ");
	s->exits = counter(text, "user.exit ");
}

static void run(char *program)
{
	char *argv[] = { program, NULL };
	int status;
	pid_t child = vfork();

	if (child == 0) {
		execve(program, argv, environment);
		_exit(127);
	}
	if (waitpid(child, &status, 0) != child || status) {
		fprintf(stderr, "bench-shares: %s: status %x\n", program, status);
		exit(1);
	}
}

static struct shares difference(const struct shares *from, const struct shares *to)
{
	return (struct shares){ to->total - from->total, to->programs - from->programs, to->services - from->services,
				to->exits - from->exits };
}

static struct shares of_runs(char *program, int runs)
{
	struct shares before, after;

	now(&before);
	while (runs--)
		run(program);
	now(&after);
	return difference(&before, &after);
}

/* What a way into the kernel and back adds to user mode's share: entry code and the measuring itself. */
static uint64_t exit_cost(void)
{
	struct shares few, many, before, after;
	long ret;

	now(&before);
	now(&after);
	few = difference(&before, &after);
	now(&before);
	for (int i = 0; i < NULL_CALLS; i++)
		__asm__ volatile("syscall" : "=a"(ret) : "0"(SYS_getppid) : "rcx", "r11", "memory");
	now(&after);
	many = difference(&before, &after);
	return (many.programs - few.programs) / NULL_CALLS - NULL_CALL_USER;
}

static void bench(const char *name, char *program, uint64_t cost)
{
	struct shares few, many, one;
	uint64_t user;

	for (int i = 0; i < WARM_RUNS; i++)
		run(program);
	few = of_runs(program, FEW_RUNS);
	many = of_runs(program, MANY_RUNS);
	one = difference(&few, &many);
	user = (one.programs - (one.exits < one.programs / cost ? one.exits * cost : 0)) / (MANY_RUNS - FEW_RUNS);
	one.total /= MANY_RUNS - FEW_RUNS;
	dprintf(2, "%s\t%llu\n%s_user\t%llu\n%s_kernel\t%llu\n", name, (unsigned long long)one.total, name,
		(unsigned long long)user, name, (unsigned long long)(one.total - user));
}

int main(int argc, char **argv)
{
	uint64_t cost = exit_cost();
	int null = open("/dev/null", O_WRONLY);

	dup2(null, 1);
	for (int i = 1; i < argc; i++) {
		char *equals = strchr(argv[i], '=');

		if (!equals)
			return 2;
		*equals = '\0';
		bench(argv[i], equals + 1, cost);
	}
	return 0;
}
