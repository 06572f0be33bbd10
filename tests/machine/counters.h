/* tests/machine/counters.h: what the programs of this folder share: the machine's counters, and giving up.
 *
 * Counters are read by the native call, which asks no service: looking changes nothing
 * but the counters of the system call itself.
 */
#ifndef TESTS_MACHINE_COUNTERS_H
#define TESTS_MACHINE_COUNTERS_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COUNTERS_MAX 256

struct counters {
	unsigned int count;
	struct { char name[48]; uint64_t value; } line[COUNTERS_MAX];
};

void counters_read(struct counters *c);
/* 0 for a name that is not there. */
uint64_t counters_get(const struct counters *c, const char *name);

/* Drop caches and read, until what is held has not changed for longer than an idle thread of a service
 * lives: releases travel to services after the fact, and a page used lately stays once. */
void counters_read_settled(struct counters *c);

/* Drop caches and read, until @is_back says that what was held is given back, or a time has passed in
 * which the slowest machine comes to rest. Returns: what @is_back said last. */
bool counters_wait(struct counters *c, bool (*is_back)(const struct counters *now, void *arg), void *arg);

/* Print "LABEL NAME BEFORE AFTER" for each counter whose name starts with @prefix and whose value changed. */
void counters_print_changes(const char *label, const char *prefix, const struct counters *before,
			    const struct counters *after);

/* Say why on standard error, with errno if it is set, and exit with 1. */
void die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* @call's value, or the end of the program when it is negative. */
#define need(call) need_value(#call, (long)(call))
long need_value(const char *what, long value);

uint64_t now_ns(void);
void pause_ns(uint64_t ns);

/* Make @to an executable copy of @from. */
void copy_file(const char *from, const char *to);

#endif
