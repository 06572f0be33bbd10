/* runtime-control/protocol.h: what goes over runtimed's socket.
 *
 * A stream socket. The client sends one struct runtime_request and reads one struct
 * runtime_response, behind which come `nprograms` records; then it may ask again. Everything
 * has a fixed size and the machine's own byte order, for both ends are in one machine.
 *
 * A request that is no request closes the connection without an answer; one of another
 * version is answered with -EPROTONOSUPPORT first. Nothing here allocates or makes calls.
 */
#ifndef RUNTIME_CONTROL_PROTOCOL_H
#define RUNTIME_CONTROL_PROTOCOL_H

#include <stddef.h>
#include <stdint.h>

#define DEFAULT_RUNTIME_SOCKET_PATH "/run/runtimed.sock"

#define RUNTIME_REQUEST_MAGIC 0x71727472u	/* "rtrq" */
#define RUNTIME_RESPONSE_MAGIC 0x70727472u	/* "rtrp" */
#define RUNTIME_PROTOCOL_VERSION 1u

/* Of a request's text, the terminating NUL included. */
#define MAX_REQUEST_PATH_BYTES 1024
#define RUNTIME_ID_BYTES 64
#define RUNTIME_NAME_BYTES 64
/* Records that one answer holds at most: more programs than these do not run at a time. */
#define RUNTIME_MAX_PROGRAMS 256

enum runtime_operation {
	RUNTIME_SNAPSHOT = 1,		/* no argument; records follow the answer */
	RUNTIME_LAUNCH_PROGRAM = 2,	/* text: a desktop id; answers session and pid */
	RUNTIME_LAUNCH_PATH = 3,	/* text: an absolute path; answers session and pid */
	RUNTIME_TERMINATE_SESSION = 4,	/* argument: a session's handle */
	RUNTIME_TERMINATE_PID = 5,	/* argument: a pid of a session */
	RUNTIME_UI_READY = 6,		/* no argument */
};

struct runtime_request {
	uint32_t magic;
	uint32_t version;
	uint32_t operation;		/* enum runtime_operation */
	uint32_t reserved;		/* 0 */
	uint64_t argument;		/* 0 where the operation has none */
	char text[MAX_REQUEST_PATH_BYTES];	/* NUL-terminated, then zeroes; empty where there is none */
};

struct runtime_response {
	uint32_t magic;
	uint32_t version;
	uint32_t operation;		/* the request's */
	int32_t status;			/* 0, or a negative errno */
	uint64_t session;
	uint32_t pid;
	uint32_t nprograms;
};

enum runtime_state {
	RUNTIME_STARTING = 1,		/* runs, and has not said that it is ready */
	RUNTIME_RUNNING = 2,
	RUNTIME_STOPPING = 3,		/* asked to end, or ended with processes of its session left */
	RUNTIME_PAUSING = 4,		/* a service that is started again after a pause; no pid */
	RUNTIME_GIVEN_UP = 5,		/* a service that is not started any more; no pid */
	RUNTIME_WAITING = 6,		/* a service that waits for others; no pid */
};

enum runtime_kind {
	RUNTIME_SERVICE = 1,		/* started by itself, from the startup registry */
	RUNTIME_SESSION = 2,		/* launched on request */
};

/* One record of a snapshot. */
struct runtime_running_program {
	uint64_t session;		/* its handle; 0 while it has no process */
	uint64_t start_time_ns;		/* CLOCK_BOOTTIME; 0 while it has no process */
	uint32_t pid;			/* the session's leader */
	uint32_t uid;
	uint32_t state;			/* enum runtime_state */
	uint32_t kind;			/* enum runtime_kind */
	uint32_t restarts;		/* of a service, since it was first started */
	uint32_t reserved;
	char desktop_id[RUNTIME_ID_BYTES];	/* empty for a program that was launched by its path */
	char name[RUNTIME_NAME_BYTES];
};

_Static_assert(sizeof(struct runtime_request) == 24 + MAX_REQUEST_PATH_BYTES, "layout of a request");
_Static_assert(sizeof(struct runtime_response) == 32, "layout of a response");
_Static_assert(sizeof(struct runtime_running_program) == 168, "layout of a record");

/* Look at the first @len bytes of what should be a request; @request is written only when it is whole.
 * Returns: 1 if it is whole and *@request is its copy: the text is terminated, the operation known
 *          and no field set that it does not use;
 *          0 if nothing is wrong so far and more bytes are needed;
 *          -EPROTONOSUPPORT for another version, once its header is there;
 *          -EPROTO for anything else. */
int runtime_request_decode(const void *bytes, size_t len, struct runtime_request *request);

/* Fill *@request. @text may be NULL.
 * Returns: 0; -ENAMETOOLONG if @text does not fit. */
int runtime_request_encode(struct runtime_request *request, enum runtime_operation operation, uint64_t argument,
			   const char *text);

/* The word for an enum runtime_state; "unknown" for a number that is none. */
const char *runtime_state_name(uint32_t state);

#endif
