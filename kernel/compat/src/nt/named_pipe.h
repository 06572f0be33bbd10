/* kernel/compat/src/nt/named_pipe.h: named pipes, and the nameless ones that CreatePipe makes of them.
 *
 * A name has instances; an instance has a server end and, while one is connected, a client end; each end is an
 * open file, whose descriptor is a pipe to Linux programs. What one end writes waits in the queue of the other, up to
 * the quota; a write that does not fit and a read that finds nothing wait as requests (async.h).
 *
 * Locking: nt_pipes_lock (NT_PIPES, sleeping) guards names and which instances they have. pipe->lock (PIPE,
 * sleeping, held across user copy) guards an instance, its ends and their requests, also of an end that was
 * disconnected. In this order.
 */
#ifndef COMPAT_NT_NAMED_PIPE_H
#define COMPAT_NT_NAMED_PIPE_H

#include "async.h"

enum pipe_state { PIPE_DISCONNECTED = 1, PIPE_LISTENING, PIPE_CONNECTED, PIPE_CLOSING };	/* [MS-FSCC] 2.4.34 */
enum pipe_configuration { PIPE_INBOUND, PIPE_OUTBOUND, PIPE_FULL_DUPLEX };

struct pipe_end;

struct pipe_name {
	struct list_node node;		/* of all names */
	struct list_node instances;
	struct nt_string name;		/* without a backslash; a nameless one is in no list */
	struct wait_queue wait;		/* an instance may have begun to listen */
	uint32_t ninstances, max_instances;
	uint32_t configuration;
	bool has_messages;		/* the type */
	uint32_t in_quota, out_quota;
	uint64_t timeout_ns;		/* of those who wait without saying how long */
	refcount_t refs;		/* instances, and who waits */
};

struct nt_pipe {
	struct mutex lock;
	struct list_node node;		/* of the name's instances, while its server end is open */
	struct pipe_name *name;		/* a reference */
	struct pipe_end *server;	/* NULL: closed */
	refcount_t refs;		/* ends and requests */
};

struct pipe_chunk {
	struct list_node node;
	uint32_t offset, len;		/* what was read, and all of it */
	bool ends_message;
	uint8_t data[];
};

struct pipe_end {
	struct nt_pipe *pipe;		/* a reference */
	struct pipe_end *peer;		/* NULL: none */
	bool is_server;
	enum pipe_state state;
	bool reads_messages, never_waits;
	uint32_t pid;			/* of who opened it */
	struct list_node chunks;	/* what the other end has written */
	uint32_t bytes, quota, nchunks;
	struct list_node readers, writers, listeners;	/* requests of this end: pipe_request.async.node */
	struct wait_queue wait;		/* the Linux view's */
	bool can_write;			/* as poll() sees it */
};

enum pipe_operation { PIPE_READ, PIPE_WRITE, PIPE_LISTEN, PIPE_FLUSH };

struct pipe_request {
	struct nt_async async;		/* first */
	struct nt_pipe *pipe;		/* a reference */
	bool is_queued;
	enum pipe_operation operation;
	uint64_t base;			/* user address */
	uint32_t len, done;
};

/* ---- pipe_data.c ---- */
extern const struct file_ops nt_pipe_ops;

struct nt_pipe *pipe_instance_create(struct pipe_name *name);	/* takes over the reference; NULL: no memory */
void pipe_instance_put(struct nt_pipe *p);
/* An end as an open file. Returns: STATUS_SUCCESS, STATUS_NO_MEMORY. */
ntstatus pipe_end_create(struct nt_pipe *p, bool is_server, uint32_t access, uint32_t options, struct file **out);
/* Is what @queue waits with to be moved now? Reads and writes between @e and its peer, both ways; pipe->lock is held. */
void pipe_pump(struct pipe_end *e);
/* Both ends part: what was written is lost; pipe->lock is held. */
void pipe_disconnect(struct pipe_end *server);
void pipe_connect(struct pipe_end *server, struct pipe_end *client);
/* End the requests of @queue; pipe->lock is held. */
void pipe_end_requests(struct list_node *queue, ntstatus status);
/* Copy what waits at @e to @user without taking it; a message is not passed. Returns: bytes, or -1. */
int64_t pipe_peek_bytes(struct pipe_end *e, uint64_t user, uint32_t cap);
uint32_t pipe_message_left(const struct pipe_end *e, uint32_t *nmessages);
/* A request, begun; free it with nt_async_put(). */
ntstatus pipe_request_begin(struct file *f, const struct nt_completion *c, enum pipe_operation operation, struct pipe_request **out);
/* Queue it and see what can be done; pipe->lock is held. */
void pipe_request_queue(struct pipe_end *e, struct pipe_request *rq);
/* Likewise, and return what the call does. pipe->lock is released. */
ntstatus pipe_request_submit(struct pipe_end *e, struct pipe_request *rq);

static inline bool nt_is_pipe(const struct file *f) { return f->ops == &nt_pipe_ops; }
static inline struct pipe_end *pipe_end_of(const struct file *f) { return f->private; }

/* ---- named_pipe.c ---- */
extern const struct file_ops nt_pipe_root_ops;	/* \Device\NamedPipe\ itself */

/* Does @a name something in \Device\NamedPipe? Then *rest is its name there, in @a's memory. */
bool nt_pipe_names(const struct nt_attributes *a, struct nt_string *rest);
/* Open the root (no @name) or a client end of a listening instance. @root: the handle that @name is relative to, 0: none.
 * Returns: STATUS_SUCCESS; STATUS_OBJECT_NAME_NOT_FOUND; STATUS_PIPE_NOT_AVAILABLE; STATUS_ACCESS_DENIED … */
ntstatus nt_pipe_open(const struct nt_string *name, uint64_t root, uint32_t access, uint32_t options, struct file **out);
/* FSCTL_PIPE_WAIT: until @name has an instance that listens. */
ntstatus nt_pipe_wait(const struct nt_string *name, bool has_timeout, int64_t timeout);
void nt_pipe_listens(struct pipe_name *n);	/* tell who waits for one */
void pipe_name_put(struct pipe_name *n);
/* The server end closes: its instance is nobody's to connect to. */
void pipe_instance_retire(struct nt_pipe *p);
uint32_t pipe_instance_count(const struct nt_pipe *p);
void nt_pipes_init(void);

/* ---- pipe_calls.c ---- */
ntstatus nt_pipe_transfer(struct file *f, const struct nt_completion *c, const struct io_segment *segments, uint32_t n,
	bool is_write);
/* NtFsControlFile's arguments on a pipe or on the root. */
ntstatus nt_pipe_control(struct file *f, const struct nt_completion *c, const uint64_t *a);
ntstatus nt_pipe_flush(struct file *f, uint64_t user_status);
struct nt_pipe_modes { uint32_t read, completion; };			/* FILE_PIPE_INFORMATION */
struct nt_pipe_local {							/* FILE_PIPE_LOCAL_INFORMATION */
	uint32_t type, configuration, max_instances, instances, in_quota, readable, out_quota, writable, state, end;
};
/* STATUS_INVALID_PARAMETER: @f is no pipe, or they do not fit it. */
ntstatus nt_pipe_modes_get(struct file *f, struct nt_pipe_modes *out);
ntstatus nt_pipe_modes_set(struct file *f, const struct nt_pipe_modes *modes);
ntstatus nt_pipe_local_get(struct file *f, struct nt_pipe_local *out);

#endif
