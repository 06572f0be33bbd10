/* services/initd/src/initd.h: pid 1 of an exec machine, and its launcher.
 *
 *	main		reads the request, prepares the machine, starts the program,
 *			obeys the control port, reaps, and reports the end
 *	request, control, search	what needs no machine
 *	machine		the clock, mounts and /dev names: brokers and vfsd's messages
 *	ports		the streams between program and host
 *	launch		from fork to execve, and why it failed
 *	runtime		the service manager of a machine that one works in
 *	system		its system volume and its logins
 *	keeper		children that are started again
 *
 * One thread. Signals are blocked but while it waits in ppoll(), so that nothing else is
 * ever interrupted.
 */
#ifndef INITD_INITD_H
#define INITD_INITD_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <nucleus/nucleus.h>

#include "control.h"
#include "request.h"

/* One log line. */
void initd_log(enum nucleus_log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* ---- machine.c ---- */

/* Set the wall clock to @request's time and what has passed since. */
void machine_set_clock(const struct exec_request *request);

/* Take the name of the caller's host, which the program is to see. */
void machine_set_name(const struct exec_request *request);

/* Mount what @request asks for. Returns: 0; negative errno, logged. */
int machine_mount(const struct exec_request *request);

/* Mount @source on "/" and stand on it; take the mount at @target away. Return: 0; negative errno, logged. */
int machine_mount_root(const char *type, const char *source);
int machine_umount(const char *target);

/* Wait until the disks that are there have their names, which get these owners. */
void machine_settle_disks(uint32_t uid, uint32_t gid);
/* Publish the names under /dev; the streams' devices belong to @uid and @gid. Failures are logged. */
void machine_publish(uint32_t uid, uint32_t gid);

/* Wait until the devices that are there have their drivers and names; and, once filesystems are mounted,
 * until those have their drivers whose modules come from there. */
void machine_settle_devices(void);
void machine_load_file_drivers(void);

/* Take the control port's name back once it is open, lest a program reads the host's lines
 * or speaks for the machine. */
void machine_hide_control(void);

/* Make $TMPDIR when it lies in a folder of the machine's own. */
void machine_make_tmpdir(const struct exec_request *request);

/* Create the folders that a Windows user has: the profile that its environment names, with Temp
 * and AppData in it. */
void machine_make_profile(const struct exec_request *request);

/* What must happen between the program's end and the end record: nothing runs any more,
 * everything is written back. */
void machine_settle(void);

/* MACHINE_POWEROFF, MACHINE_RESET or MACHINE_HALT. */
void machine_end(uint64_t op) __attribute__((noreturn));
void machine_poweroff(void) __attribute__((noreturn));

/* ---- ports.c ---- */

/* The control port; -1 without one. */
extern int control_fd;

struct streams {
	int in, out, err;
	bool has_tty;		/* `in` is a terminal, and so are those that are equal to it */
};

void ports_open_control(void);

/* Open the program's streams. Returns: 0; negative errno, logged. */
int ports_open_streams(const struct exec_request *request, struct streams *streams);

void ports_set_size(const struct streams *streams, uint16_t rows, uint16_t cols);

/* Standard input ends after @bytes. */
void ports_end_input(const struct streams *streams, uint64_t bytes);

/* Nobody reads the stream any more. */
void ports_break(const struct streams *streams, bool is_stderr);

/* Bytes that the machine has written, once they have left it. */
void ports_count(const struct streams *streams, struct end_record *end);

/* Write a line to the control port. */
void ports_tell(const char *line, size_t len);
void ports_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* ---- launch.c ---- */

/* Why a program was not started. */
struct refusal {
	int code;		/* 126 or 127; 0: it was started */
	char text[256];
};

/* Start the program of @request. @before, which may be NULL, is called when the process is
 * there and before it runs any of the program.
 * Returns: its pid, or -1 and *@refusal. */
pid_t launch_program(const struct exec_request *request, const struct streams *streams,
		     const sigset_t *signal_mask, void (*before)(pid_t pid), struct refusal *refusal);

#endif
