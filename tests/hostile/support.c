#define _GNU_SOURCE
#include "support.h"

#include <ftw.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void give_up(const char *what)
{
	perror(what);
	exit(2);
}

static void become(uid_t uid)
{
	if (setgroups(0, NULL) || setresgid(uid, uid, uid) || setresuid(uid, uid, uid))
		give_up("hostile: identity");
}

bool read_options(int argc, char **argv, unsigned most_workers, struct options *out)
{
	*out = (struct options){ .seed = 1, .workers = 4, .seconds = 60 };
	for (int option; (option = getopt(argc, argv, "s:t:w:n:u:")) != -1; )
		switch (option) {
		case 's': out->seed = strtoull(optarg, NULL, 0); break;
		case 't': out->seconds = atoi(optarg); break;
		case 'w': out->workers = atoi(optarg); break;
		case 'n': out->least_calls = strtoull(optarg, NULL, 0); break;
		case 'u': become(atoi(optarg)); break;
		default: return false;
		}
	return out->workers >= 1 && out->workers <= most_workers;
}

void make_home(char *home, size_t size)
{
	char cwd[3000];

	if (!getcwd(cwd, sizeof(cwd)))
		give_up("hostile: folder");
	snprintf(home, size, "%s/hostile-XXXXXX", cwd);
	if (!mkdtemp(home))
		give_up("hostile: folder");
}

static int open_up(const char *path, const struct stat *st, int type, struct FTW *at)
{
	if (type == FTW_D || type == FTW_DNR)
		chmod(path, 0700);
	return 0;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *at)
{
	remove(path);
	return 0;
}

void remove_home(const char *home)
{
	nftw(home, open_up, 16, FTW_PHYS);
	nftw(home, remove_entry, 16, FTW_PHYS | FTW_DEPTH);
}

static bool ends_in(pid_t child, int *status, int limit_ms)
{
	struct timespec tick = { 0, 1000000 };

	for (int64_t end = now_ms() + limit_ms; now_ms() < end; nanosleep(&tick, NULL))
		if (waitpid(child, status, WNOHANG) == child)
			return true;
	return false;
}

bool wait_at_most(pid_t child, int *status, int limit_ms)
{
	if (ends_in(child, status, limit_ms))
		return true;
	kill(child, SIGKILL);
	waitpid(child, status, 0);
	return false;
}

bool kill_at_most(pid_t child, int *status, int limit_ms)
{
	kill(child, SIGKILL);
	return ends_in(child, status, limit_ms);
}
