/* tests/machine/smp.c fair SECONDS | leaks TIMES: four processors shared fairly, and nothing left behind.
 *
 * fair: eight busy processes; prints the share of a processor that each got, in percent.
 * leaks: four shells that fork, execute and wait; eight of them to fill what is made on first use, then
 * four at a time between two readings of the counters with caches dropped. Prints each counter that
 * does not come back, and the contended acquisitions of each lock class.
 */
#include "counters.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BUSY 8
#define SHELLS 4
#define TRIES 6
#define SLACK_PAGES 8	/* that services touch while they tell how many they have */
#define CPU_NS CLOCK_PROCESS_CPUTIME_ID

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	need(clock_gettime(clock, &ts));
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void wait_for_children(int n)
{
	int status;

	while (n--) {
		need(wait(&status));
		if (status)
			die("a child ended with status %#x", status);
	}
}

/* ---- fair ---- */

/* All begin together; a share is measured until the common end, with everybody still busy. */
static void be_busy(uint64_t start_ns, uint64_t end_ns, unsigned int *share)
{
	uint64_t cpu;

	while (now_ns() < start_ns)
		;
	cpu = clock_ns(CPU_NS);
	while (now_ns() < end_ns)
		;
	*share = (unsigned int)((clock_ns(CPU_NS) - cpu) * 100 / (end_ns - start_ns));
	while (now_ns() < end_ns + 200000000u)
		;
	_exit(0);
}

static void share_processors(unsigned int seconds)
{
	unsigned int *shares = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint64_t start = now_ns() + 500000000u;

	for (int i = 0; i < BUSY; i++) {
		if (!need(fork()))
			be_busy(start, start + seconds * 1000000000ull, &shares[i]);
	}
	wait_for_children(BUSY);
	for (int i = 0; i < BUSY; i++)
		printf("share %u\n", shares[i]);
}

/* ---- leaks ---- */

static void run_shells(int n, const char *times)
{
	for (int i = 0; i < n; i++) {
		if (need(fork()))
			continue;
		execl("/bin/busybox", "sh", "-c",
		      "i=0; while [ $i -lt $1 ]; do /bin/busybox true || exit 1; i=$((i + 1)); done", "sh", times,
		      (char *)NULL);
		_exit(126);
	}
	wait_for_children(n);
}

/* Frames that no class tells of. */
static uint64_t unaccounted(const struct counters *c)
{
	static const char *const classes[] = {
		"frames.free", "frames.cached", "frames.anonymous", "frames.slab", "frames.shared",
		"frames.page-tables", "frames.kernel-stacks",
	};
	uint64_t n = counters_get(c, "frames.total");

	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		n -= counters_get(c, classes[i]);
	return n;
}

/* Anonymous pages of services, which touch more of their stacks and buffers from time to time. */
static uint64_t service_pages(void)
{
	static const int pids[] = { 1, 100, 101, 102, 103 };
	uint64_t kib = 0;
	char line[256];

	for (size_t i = 0; i < sizeof(pids) / sizeof(pids[0]); i++) {
		unsigned long n;
		FILE *f;

		snprintf(line, sizeof(line), "/proc/%d/status", pids[i]);
		f = fopen(line, "r");
		if (!f)
			die("%s", line);
		while (fgets(line, sizeof(line), f)) {
			if (sscanf(line, "RssAnon: %lu", &n) == 1)
				kib += n;
		}
		fclose(f);
	}
	return kib / 4;
}

struct reading {
	struct counters counters;
	uint64_t program_pages, unaccounted;
};

/* Pages of the slabs themselves are not compared: objects are, and how they lie is chance. */
static const char *const held[] = {
	"heap.", "lease.name.count", "lease.attr.count", "lease.image.count", "ps.handles", "ps.processes",
	"ps.threads", "frames.cached", "frames.shared", "frames.page-tables", "frames.kernel-stacks",
};
#define HELD (sizeof(held) / sizeof(held[0]))

static bool is_back(const struct reading *old, const struct reading *new)
{
	const struct counters *before = &old->counters, *after = &new->counters;

	for (unsigned int i = 0; i < after->count; i++) {
		const char *name = after->line[i].name;

		for (size_t k = 0; k < HELD; k++) {
			if (!strncmp(name, held[k], strlen(held[k])) && after->line[i].value > counters_get(before, name))
				return false;
		}
	}
	return new->unaccounted <= old->unaccounted && new->program_pages <= old->program_pages + SLACK_PAGES;
}

static void print_left(const struct reading *old, const struct reading *new)
{
	const struct counters *before = &old->counters, *after = &new->counters;

	for (size_t i = 0; i < HELD; i++)
		counters_print_changes("left", held[i], before, after);
	printf("left frames.unaccounted %lu %lu\n", (unsigned long)old->unaccounted,
	       (unsigned long)new->unaccounted);
	printf("left frames.programs %lu %lu\n", (unsigned long)old->program_pages,
	       (unsigned long)new->program_pages);
}

static void take_reading(struct reading *r)
{
	counters_read_settled(&r->counters);
	r->program_pages = counters_get(&r->counters, "frames.anonymous") - service_pages();
	r->unaccounted = unaccounted(&r->counters);
}

static void keep_higher(uint64_t *most, uint64_t value)
{
	if (*most < value)
		*most = value;
}

/* A name that is new comes in anywhere. */
static void keep_most(struct reading *most, const struct reading *r)
{
	static struct counters merged;

	merged = r->counters;
	for (unsigned int i = 0; i < merged.count; i++)
		keep_higher(&merged.line[i].value, counters_get(&most->counters, merged.line[i].name));
	most->counters = merged;
	keep_higher(&most->program_pages, r->program_pages);
	keep_higher(&most->unaccounted, r->unaccounted);
}

/* What a leak takes it takes every time, beyond the most that was there before. What a service touches
 * for the first time, and how its stacks lie beside each other, is over after a while. */
static void look_for_leaks(const char *times)
{
	static struct reading most, after;
	bool is_done = false;

	run_shells(2 * SHELLS, times);
	take_reading(&most);
	for (int tries = 0; tries < TRIES && !is_done; tries++) {
		if (tries)
			keep_most(&most, &after);
		run_shells(SHELLS, times);
		take_reading(&after);
		is_done = is_back(&most, &after);
	}
	if (!is_done)
		print_left(&most, &after);
	counters_print_changes("ran", "ps.exec", &most.counters, &after.counters);
	counters_print_changes("contended", "lock.", &most.counters, &after.counters);
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "fair"))
		share_processors((unsigned int)atoi(argv[2]));
	else if (argc == 3 && !strcmp(argv[1], "leaks"))
		look_for_leaks(argv[2]);
	else
		die("usage: %s fair SECONDS | leaks TIMES", argv[0]);
	return 0;
}
