/* tests/machine/idle.c: what processes cost that only wait.
 *
 *   idle COUNT   starts this program COUNT times, each waiting for ever, and prints the free memory
 *                that one took in KiB; what they share is in memory before, since one runs already
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_COUNT 4096

static pid_t children[MAX_COUNT];

static long free_kib(void)
{
	FILE *f = fopen("/proc/meminfo", "r");
	char line[128];
	long kib = -1;

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "MemFree: %ld kB", &kib) == 1)
			break;
	}
	if (f)
		fclose(f);
	return kib;
}

/* A child that runs this program anew, and has told that it waits. */
static pid_t start_one(char *self)
{
	char *argv[] = { self, NULL };
	int ready[2];
	pid_t child;
	char byte;

	if (pipe(ready))
		return -1;
	child = fork();
	if (!child) {
		dup2(ready[1], 1);
		close(ready[0]);
		close(ready[1]);
		execv(self, argv);
		_exit(1);
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		child = -1;
	close(ready[0]);
	return child;
}

static void end_one(pid_t child)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

int main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 0;
	long before, after;
	pid_t first;

	if (argc == 1) {
		if (write(1, "r", 1) != 1)
			return 1;
		close(1);
		for (;;)
			pause();
	}
	if (count < 1 || count > MAX_COUNT)
		return 2;
	first = start_one(argv[0]);
	before = free_kib();
	for (int i = 0; i < count; i++) {
		children[i] = start_one(argv[0]);
		if (children[i] < 0) {
			printf("process %d did not start\n", i);
			return 1;
		}
	}
	after = free_kib();
	for (int i = 0; i < count; i++)
		end_one(children[i]);
	end_one(first);
	printf("%d processes, %ld KiB each\n", count, (before - after + count - 1) / count);
	return 0;
}
