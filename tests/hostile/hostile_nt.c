/* tests/hostile/hostile_nt.c: keep Windows programs running that call every NT service with anything.
 *
 *   hostile-nt [-s SEED] [-t SECONDS] [-w WORKERS] [-n CALLS] [-u UID] MONKEY
 *
 * Each worker runs MONKEY (hostile-nt-monkey.exe) again and again; one that makes no more calls is killed: it may have
 * suspended itself or broken the memory that ntdll works with. The first round of each worker goes through all
 * services in order. Ends with 0 if every service was called, each worker's monkeys still make calls in the end, and
 * no process and no thread outlived its killing. With -u all of them give up their identity for UID.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "nt_progress.h"
#include "support.h"

#define TICK_MS 5
#define HANG_MS 1000
#define DEATH_MS 20000		/* for one that was killed, all processors busy */
#define START_MS 5000		/* a cold start, all processors busy */
#define STUCK_MS 20000		/* a monkey that did not start in time, and its successors */
#define PATIENCE_MS 60000	/* for what is left when the time is up */

/* What workers count; shared by all of them. */
struct totals {
	uint64_t hung_in[NT_NUMBERS];
	uint64_t monkeys, died, hung, never_started, outlived;
};

static struct totals *totals;
static struct nt_progress *progress;
static char home[4096], progress_path[4200];
static const char *monkey_path;

static const char *const names[NT_NUMBERS] = {
#define SERVICE(name, ...) [NUMBER_##name] = #name,
#include <nt/syscalls.def>
#undef SERVICE
};

static const char *name_of(size_t number)
{
	return names[number] ? names[number] : "a number that no service has";
}

static void *map_shared(int fd, size_t len)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, fd < 0 ? MAP_SHARED | MAP_ANONYMOUS : MAP_SHARED, fd, 0);

	if (p == MAP_FAILED) {
		perror("hostile-nt: shared memory");
		exit(2);
	}
	return p;
}

static void share_progress(void)
{
	int fd;

	snprintf(progress_path, sizeof(progress_path), "%s/progress", home);
	fd = open(progress_path, O_RDWR | O_CREAT | O_EXCL, 0600);
	if (fd < 0 || ftruncate(fd, sizeof(*progress))) {
		perror("hostile-nt: progress");
		exit(2);
	}
	progress = map_shared(fd, sizeof(*progress));
	close(fd);
	totals = map_shared(-1, sizeof(*totals));
}

static void start_monkey(unsigned worker, uint64_t seed, size_t first)
{
	int null = open("/dev/null", O_RDWR);
	char words[3][24], path[4300];

	/* A group of its own, so that what it leaves behind can be ended. */
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int fd = 0; fd < 3; fd++)
		dup2(null, fd);
	close(null);
	setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 4 << 20, 4 << 20 });
	setrlimit(RLIMIT_CPU, &(struct rlimit){ 20, 20 });
	setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
	snprintf(words[0], sizeof(words[0]), "%llu", (unsigned long long)seed);
	snprintf(words[1], sizeof(words[1]), "%u", worker);
	snprintf(words[2], sizeof(words[2]), "%zu", first);
	snprintf(path, sizeof(path), "Z:%s", progress_path);
	execl(monkey_path, "monkey", words[0], words[1], words[2], path, NULL);
	_exit(127);
}

/* How long @worker's monkey may stay without a call. */
static int patience_ms(unsigned worker, bool has_begun)
{
	if (progress->workers[worker].is_ending)
		return NT_END_MS + HANG_MS;
	return has_begun ? HANG_MS : START_MS;
}

/* Wait for the monkey as long as it makes calls. Returns: whether it ended itself. */
static bool watch(pid_t monkey, unsigned worker, int *status)
{
	struct timespec tick = { 0, TICK_MS * 1000000 };
	uint64_t first = progress->workers[worker].beat, last = first;
	int still = 0;

	for (;;) {
		if (waitpid(monkey, status, WNOHANG) == monkey)
			return true;
		nanosleep(&tick, NULL);
		if (progress->workers[worker].beat != last) {
			last = progress->workers[worker].beat;
			still = 0;
		} else if (++still > patience_ms(worker, last != first) / TICK_MS) {
			if (!kill_at_most(monkey, status, DEATH_MS))
				__atomic_fetch_add(&totals->outlived, 1, __ATOMIC_RELAXED);
			return false;
		}
	}
}

static void count_end(bool ended, int status, unsigned worker, bool began)
{
	if (!began)
		__atomic_fetch_add(&totals->never_started, 1, __ATOMIC_RELAXED);
	else if (!ended) {
		__atomic_fetch_add(&totals->hung, 1, __ATOMIC_RELAXED);
		__atomic_fetch_add(&totals->hung_in[progress->workers[worker].number], 1, __ATOMIC_RELAXED);
	} else if (!WIFEXITED(status) || WEXITSTATUS(status))
		__atomic_fetch_add(&totals->died, 1, __ATOMIC_RELAXED);
}

/* A fresh folder, as the last one may have been closed to its owner. */
static void enter_folder(uint64_t round)
{
	char folder[4200];
	int fd;

	chmod(home, 0755);
	snprintf(folder, sizeof(folder), "%s/%d-%llu", home, getpid(), (unsigned long long)round);
	if (mkdir(folder, 0755) || chdir(folder))
		_exit(1);
	fd = open("f", O_RDWR | O_CREAT, 0644);
	if (fd >= 0 && write(fd, names, sizeof(names)) < 0)
		_exit(1);
	close(fd);
	mkdir("d", 0755);
}

static void work(unsigned worker, uint64_t seed)
{
	size_t first = 0;

	setsid();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (uint64_t round = 0;; round++) {
		uint64_t before = progress->workers[worker].beat;
		int status = 0;
		bool ended;
		pid_t monkey;

		enter_folder(round);
		progress->workers[worker].is_ending = 0;
		__atomic_fetch_add(&totals->monkeys, 1, __ATOMIC_RELAXED);
		monkey = fork();
		if (monkey == 0)
			start_monkey(worker, (seed + worker * 1000003 + round) * 0x9e3779b97f4a7c15UL | 1, first);
		if (monkey < 0) {
			nanosleep(&(struct timespec){ 0, TICK_MS * 1000000 }, NULL);
			continue;
		}
		ended = watch(monkey, worker, &status);
		count_end(ended, status, worker, progress->workers[worker].beat != before);
		kill(-monkey, SIGKILL);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		/* Go on behind the service that ended it until all were tried in order. */
		if (first < NT_NUMBERS)
			first += progress->workers[worker].beat - before;
	}
}

static pid_t start_worker(unsigned worker, uint64_t seed)
{
	pid_t pid = fork();

	if (pid == 0)
		work(worker, seed);
	return pid;
}

/* Name the workers whose monkeys have stopped making calls. Returns: how many there are. */
static unsigned print_stuck(unsigned workers)
{
	uint64_t beats[NT_MAX_WORKERS];
	unsigned stuck = 0;
	int64_t end = now_ms() + STUCK_MS;

	for (unsigned i = 0; i < workers; i++)
		beats[i] = progress->workers[i].beat;
	for (unsigned i = 0; i < workers; i++) {
		while (progress->workers[i].beat == beats[i] && now_ms() < end)
			nanosleep(&(struct timespec){ 0, TICK_MS * 1000000 }, NULL);
		if (progress->workers[i].beat != beats[i])
			continue;
		fprintf(stderr, "stuck in %s: worker %u\n", name_of(progress->workers[i].number), i);
		stuck++;
	}
	return stuck;
}

/* Returns: how many services were never called. */
static size_t print_services(void)
{
	size_t missed = 0;

	for (size_t i = 0; i < NT_NUMBERS; i++) {
		if (totals->hung_in[i])
			printf("hung after %s: %llu times\n", name_of(i), (unsigned long long)totals->hung_in[i]);
		if (progress->counts[i])
			continue;
		fprintf(stderr, "never called: %s\n", name_of(i));
		missed++;
	}
	return missed;
}

/* Returns: whether all is as it must be. */
static bool print_totals(void)
{
	size_t missed = print_services();
	const struct {
		const char *name;
		uint64_t number;
	} lines[] = {
		{ "calls", progress->calls }, { "services", NT_NUMBERS }, { "never reached", missed },
		{ "monkeys", totals->monkeys }, { "died", totals->died }, { "hung", totals->hung },
		{ "never started", totals->never_started }, { "killed and alive", totals->outlived },
		{ "threads terminated", progress->terminated }, { "threads terminated and alive", progress->outlived },
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		printf("%s %llu\n", lines[i].name, (unsigned long long)lines[i].number);
	return !missed && !totals->outlived && !progress->outlived;
}

static bool is_done(uint64_t least_calls)
{
	if (progress->calls < least_calls)
		return false;
	for (size_t i = 0; i < NT_NUMBERS; i++)
		if (!progress->counts[i])
			return false;
	return true;
}

int main(int argc, char **argv)
{
	struct options options;
	bool is_right;
	pid_t pids[NT_MAX_WORKERS];
	int64_t end;

	if (!read_options(argc, argv, NT_MAX_WORKERS, &options) || optind != argc - 1)
		return 2;
	monkey_path = argv[optind];
	make_home(home, sizeof(home));
	share_progress();
	for (unsigned i = 0; i < options.workers; i++)
		pids[i] = start_worker(i, options.seed);
	end = now_ms() + options.seconds * 1000L;
	while (now_ms() < end || (!is_done(options.least_calls) && now_ms() < end + PATIENCE_MS)) {
		nanosleep(&(struct timespec){ 0, 50000000 }, NULL);
		/* A worker that fell victim to its monkeys is replaced too. */
		for (unsigned i = 0; i < options.workers; i++)
			if (waitpid(pids[i], NULL, WNOHANG) == pids[i])
				pids[i] = start_worker(i, options.seed + 7777);
	}
	is_right = print_stuck(options.workers) == 0;
	for (unsigned i = 0; i < options.workers; i++)
		kill(pids[i], SIGKILL);
	for (unsigned i = 0; i < options.workers; i++)
		waitpid(pids[i], NULL, 0);
	is_right &= print_totals();
	fflush(stdout);
	remove_home(home);
	return is_right ? 0 : 1;
}
