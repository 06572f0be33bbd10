/* tests/machine/counters.c: see counters.h. */
#include "counters.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <nucleus/nucleus.h>
#include <service/service.h>

#define TEXT_BYTES (64u << 10)
#define LOOK_NS 200000000u
#define REST_NS (2 * SERVICE_IDLE_NS)
#define LIMIT_NS 30000000000ull

void die(const char *format, ...)
{
	int error = errno;
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, error ? ": %s\n" : "\n", strerror(error));
	exit(1);
}

long need_value(const char *what, long value)
{
	if (value < 0)
		die("%s", what);
	return value;
}

uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* Names may hold spaces; the value is what follows the last one. */
static void take_line(struct counters *c, const char *line)
{
	const char *value = strrchr(line, ' ');

	if (!value || c->count == COUNTERS_MAX)
		return;
	snprintf(c->line[c->count].name, sizeof(c->line[0].name), "%.*s", (int)(value - line), line);
	c->line[c->count++].value = strtoull(value + 1, NULL, 10);
}

void pause_ns(uint64_t ns)
{
	struct timespec ts = { (time_t)(ns / 1000000000u), (long)(ns % 1000000000u) };

	nanosleep(&ts, NULL);
}

void counters_read(struct counters *c)
{
	static char text[TEXT_BYTES];
	char *line, *rest = text;
	long len = nucleus_counters(text, sizeof(text) - 1);

	if (len < 0)
		die("counters: error %ld", -len);
	text[len] = '\0';
	c->count = 0;
	while ((line = strsep(&rest, "\n")))
		take_line(c, line);
}

uint64_t counters_get(const struct counters *c, const char *name)
{
	for (unsigned int i = 0; i < c->count; i++) {
		if (!strcmp(c->line[i].name, name))
			return c->line[i].value;
	}
	return 0;
}

/* Stays open: looking its name up each time would itself make what is to be dropped. */
static void drop_caches(void)
{
	static int fd = -1;

	if (fd < 0)
		fd = (int)need(open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC));
	sync();
	need(write(fd, "3", 1));
}

/* Counters of events go on for ever; what is held comes to rest. */
static bool is_at_rest(const struct counters *a, const struct counters *b)
{
	for (unsigned int i = 0; i < a->count; i++) {
		const char *name = a->line[i].name;

		if ((!strncmp(name, "heap.", 5) || !strncmp(name, "frames.", 7) || !strcmp(name, "ps.handles") ||
		     !strcmp(name, "ps.threads")) &&
		    counters_get(b, name) != a->line[i].value)
			return false;
	}
	return true;
}

static void look(struct counters *c)
{
	drop_caches();
	counters_read(c);
}

void counters_read_settled(struct counters *c)
{
	static struct counters last;
	uint64_t limit = now_ns() + LIMIT_NS, changed;

	look(c);
	changed = now_ns();
	while (now_ns() < changed + REST_NS && now_ns() < limit) {
		last = *c;
		pause_ns(LOOK_NS);
		look(c);
		if (!is_at_rest(c, &last))
			changed = now_ns();
	}
}

bool counters_wait(struct counters *c, bool (*is_back)(const struct counters *now, void *arg), void *arg)
{
	uint64_t limit = now_ns() + LIMIT_NS;

	look(c);
	while (!is_back(c, arg)) {
		if (now_ns() >= limit)
			return false;
		pause_ns(LOOK_NS);
		look(c);
	}
	return true;
}

void counters_print_changes(const char *label, const char *prefix, const struct counters *before,
			    const struct counters *after)
{
	for (unsigned int i = 0; i < after->count; i++) {
		uint64_t old = counters_get(before, after->line[i].name);

		if (!strncmp(after->line[i].name, prefix, strlen(prefix)) && old != after->line[i].value)
			printf("%s %s %llu %llu\n", label, after->line[i].name, (unsigned long long)old,
			       (unsigned long long)after->line[i].value);
	}
}

void copy_file(const char *from, const char *to)
{
	int in = (int)need(open(from, O_RDONLY | O_CLOEXEC));
	int out = (int)need(open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755));
	char buf[65536];
	ssize_t n;

	while ((n = need(read(in, buf, sizeof(buf)))))
		need(write(out, buf, (size_t)n));
	close(in);
	close(out);
}
