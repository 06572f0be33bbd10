#define _GNU_SOURCE	/* O_CLOEXEC */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtimed.h"

struct process {
	char state;
	int session;
	unsigned long long start_ticks;
};

/* man 5 proc_pid_stat: the name is in parentheses and may hold some itself. */
static bool read_stat(const char *pid, struct process *process)
{
	char path[64], text[512];
	const char *rest;
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (len <= 0)
		return false;
	text[len] = '\0';
	rest = strrchr(text, ')');
	return rest && sscanf(rest + 1, " %c %*d %*d %d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
			      &process->state, &process->session, &process->start_ticks) == 3;
}

static bool is_alive(const struct process *process)
{
	return process->state != 'Z' && process->state != 'X';
}

uint64_t procfs_start_ticks(pid_t pid)
{
	struct process process;
	char text[16];

	snprintf(text, sizeof(text), "%d", pid);
	return read_stat(text, &process) && is_alive(&process) ? process.start_ticks : 0;
}

unsigned int procfs_signal_session(pid_t leader, int signal)
{
	DIR *folder = opendir("/proc");
	struct process process;
	struct dirent *entry;
	unsigned int n = 0;

	if (!folder)
		return 0;
	while ((entry = readdir(folder))) {
		if (!isdigit((unsigned char)*entry->d_name) || !read_stat(entry->d_name, &process) ||
		    process.session != leader || !is_alive(&process))
			continue;
		if (signal)
			kill(atoi(entry->d_name), signal);
		n++;
	}
	closedir(folder);
	return n;
}
