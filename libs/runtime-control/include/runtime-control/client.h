/* runtime-control/client.h: ask runtimed.
 *
 * A client is one connection; calls on it are made one at a time. A call blocks until
 * runtimed answers, RUNTIME_CLIENT_TIMEOUT_SECONDS at most. After -EPROTO, -ETIMEDOUT,
 * -EPIPE or -ECONNRESET the connection is of no more use.
 *
 * Errors of every call, negative: those; what runtimed answered:
 *   EPERM		the caller may not do this (docs/runtime-control.md says who may)
 *   EAGAIN		too many programs run
 *   EPROTONOSUPPORT	runtimed speaks another version
 *   ESHUTDOWN		the machine is going down
 */
#ifndef RUNTIME_CONTROL_CLIENT_H
#define RUNTIME_CONTROL_CLIENT_H

#include <runtime-control/protocol.h>

#define RUNTIME_CLIENT_TIMEOUT_SECONDS 30

struct runtime_client;

struct runtime_launched {
	uint64_t session;
	uint32_t pid;
};

/* Connect to the socket at @path, or to runtimed's own with NULL.
 * Returns: 0 and *@client, for runtime_client_close(); else a negative errno: -ENOMEM, -ENAMETOOLONG,
 * or what socket() and connect() gave. */
int runtime_client_open(const char *path, struct runtime_client **client);

/* NULL is fine. */
void runtime_client_close(struct runtime_client *client);

/* What runs now, and each service whether it runs or not.
 * Returns: 0 and the records in *@programs, for free(), their number in *@nprograms. */
int snapshot_running_programs(struct runtime_client *client, struct runtime_running_program **programs,
			      size_t *nprograms);

/* Launch the program that the launch registry has under @desktop_file_id (with or without ".desktop")
 * in a session of its own, as the caller's user. @launched may be NULL.
 * Returns: 0; also -ENOENT for an id that is not there, and what execve() gave. */
int request_launch_program_new_session(struct runtime_client *client, const char *desktop_file_id,
				       struct runtime_launched *launched);

/* The same for the file at @exec_path, an absolute path, without arguments: ELF, script or Windows program. */
int request_launch_path_new_session(struct runtime_client *client, const char *exec_path,
				    struct runtime_launched *launched);

/* Have every process of the session asked to end, and killed when it does not in time. The call
 * returns when that has begun. A service that is terminated so is not started again.
 * Returns: 0; also -ESRCH for a handle that names no session. */
int request_terminate_session(struct runtime_client *client, uint64_t session_handle);

/* The same for the process @pid alone; of a session's leader, for all of the session.
 * Returns: 0; also -ESRCH if @pid belongs to no session of runtimed. */
int request_terminate_pid(struct runtime_client *client, uint32_t pid);

/* The UI server is ready: programs with startup = "desktop" may start. */
int notify_ui_ready(struct runtime_client *client);

#endif
