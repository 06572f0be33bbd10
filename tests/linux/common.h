/* tests/linux/common.h: what every differential test program is written with.
 *
 * A program is a list of TESTs that print what the kernel answered. It runs on
 * Linux and on Albireo, and the two outputs must be the same line by line, so
 * nothing that differs between two runs on Linux may be printed: no pid, no
 * address, no time, no inode number.
 *
 * Each test runs in a session, a process and a fresh working folder of its own:
 * one that dies or hangs is reported and costs only its own lines.
 */
#ifndef TESTS_LINUX_COMMON_H
#define TESTS_LINUX_COMMON_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Define a test; its name is a sentence about behaviour. Tests run in the order
 * in which they are defined. */
#define TEST(name) \
	static void name(void); \
	__attribute__((constructor)) static void register_##name(void) \
	{ \
		test_register(#name, name); \
	} \
	static void name(void)

void test_register(const char *name, void (*body)(void));

/* Print one line. Unbuffered, so that forked children may print too. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Make a call and print `label = value`, or `label = -1 ERRNO`. Gives the value. */
#define report(label, call) \
	(errno = 0, report_value((label), (long)(call)))

/* The same, but print `ok` where the value itself may differ between runs. */
#define report_ok(label, call) \
	(errno = 0, report_success((label), (long)(call)))

long report_value(const char *label, long value);
long report_success(const char *label, long value);

/* Print `label = yes` or `label = no`. */
void claim(const char *label, bool holds);

/* Make a call that the test itself rests on; end the test with a line if it fails. */
#define need(call) need_success(#call, (errno = 0, (long)(call)))
long need_success(const char *what, long value);

/* `EEXIST`, `SIGTERM`, and numbers where there is no name. Static storage, which
 * the fourth next call uses again. */
const char *errno_name(int error);
const char *signal_name(int sig);

/* Wait for @child and print `label: exited 3`, `label: killed by SIGTERM`, … */
void report_exit(const char *label, pid_t child);
void say_status(const char *label, int status);

/* Create @path with these contents, mode 0644. */
void make_file(const char *path, const char *contents);

/* Print size and contents of @path as one line, control bytes as \xNN. */
void report_contents(const char *label, const char *path);
void say_bytes(const char *label, const void *bytes, size_t len);

/* Run @body in a child without root's rights: as nobody if this is root. */
void as_unprivileged(void (*body)(void));

bool is_root(void);

/* A one-way gate between processes: opened once per pass. */
struct gate {
	int fds[2];
};
void gate_make(struct gate *gate);
void gate_open(const struct gate *gate);
void gate_pass(const struct gate *gate);

/* Install @handler with @flags and an empty mask. */
void on_signal(int sig, void (*handler)(int), int flags);

/* Handlers: one that does nothing, and one that counts in `caught`. */
void do_nothing(int sig);
void count_signal(int sig);
extern volatile sig_atomic_t caught;

/* A thread's body that never returns. */
void *wait_for_ever(void *unused);

/* Deliver SIGALRM every @ms milliseconds, 0 to stop. A single alarm could fire
 * before the call that it should interrupt; a repeated one cannot be missed. */
void tick_every_ms(long ms);

/* Monotonic time in nanoseconds. */
int64_t now_ns(void);

/* Absolute path of the running test program. A program that executes itself
 * defines probe(), which then runs instead of the tests if the last component of
 * argv[0] starts with "probe" or the environment has PROBE. */
extern char program_path[];
int probe(int argc, char **argv);

/* Anonymous memory that forked children share. */
void *shared_memory(size_t len);

/* Above any pid_max. */
#define NO_SUCH_PID 0x3fffffff

/* An address where nothing is mapped and one that only the kernel may read. */
void *unmapped_address(void);
#define KERNEL_ADDRESS ((void *)0xffffffff81000000UL)

#endif
