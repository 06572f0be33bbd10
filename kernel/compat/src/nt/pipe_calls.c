/* kernel/compat/src/nt/pipe_calls.c: reading, writing and controlling named pipes ([MS-FSCC] 2.3, 2.4; ntifs.h's
 * FSCTL_PIPE_*). */
#include <mm/heap.h>
#include <string.h>

#include "named_pipe.h"

#define FSCTL_PIPE_DISCONNECT 0x110004u
#define FSCTL_PIPE_LISTEN 0x110008u
#define FSCTL_PIPE_PEEK 0x11400cu
#define FSCTL_PIPE_TRANSCEIVE 0x11c017u
#define FSCTL_PIPE_WAIT 0x110018u
#define FSCTL_PIPE_GET_CONNECTION_ATTRIBUTE 0x110030u

/* ---- reading and writing ---- */

static ntstatus check_access(const struct file *f, bool is_write)
{
	return f->access & (is_write ? RIGHT_WRITE : RIGHT_READ) ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
}

ntstatus nt_pipe_transfer(struct file *f, const struct nt_completion *c, const struct io_segment *segments, uint32_t n,
	bool is_write)
{
	struct pipe_end *e = pipe_end_of(f);
	struct pipe_request *rq;
	ntstatus status = n == 1 ? check_access(f, is_write) : STATUS_INVALID_PARAMETER;

	if (!status)
		status = pipe_request_begin(f, c, is_write ? PIPE_WRITE : PIPE_READ, &rq);
	if (status)
		return status;
	rq->base = segments[0].base;
	rq->len = (uint32_t)segments[0].len;
	mutex_lock(&e->pipe->lock);
	return pipe_request_submit(e, rq);
}

/* A write and the read of its answer as one. The answer is the caller's request. */
static ntstatus transceive(struct file *f, const struct nt_completion *c, const uint64_t *a)
{
	struct nt_completion silent = { 0 };
	struct pipe_end *e = pipe_end_of(f);
	struct pipe_request *question, *answer;
	ntstatus status = check_access(f, true);

	if (!status)
		status = check_access(f, false);
	if (!status)
		status = pipe_request_begin(f, c, PIPE_READ, &answer);
	if (status)
		return status;
	status = pipe_request_begin(f, &silent, PIPE_WRITE, &question);
	if (status) {
		nt_async_put(&answer->async);
		return status;
	}
	question->async.is_synchronous = true;	/* its end is nobody's to be told */
	question->base = a[6];
	question->len = (uint32_t)a[7];
	answer->base = a[8];
	answer->len = (uint32_t)a[9];
	mutex_lock(&e->pipe->lock);
	if (!e->reads_messages)
		status = STATUS_INVALID_READ_MODE;
	else if (!list_is_empty(&e->chunks))
		status = STATUS_PIPE_BUSY;
	if (!status) {
		pipe_request_queue(e, question);
		nt_async_put(&question->async);
		return pipe_request_submit(e, answer);
	}
	mutex_unlock(&e->pipe->lock);
	nt_async_put(&question->async);
	nt_async_put(&answer->async);
	return status;
}

/* What waits is seen by the other end before the call returns. */
ntstatus nt_pipe_flush(struct file *f, uint64_t user_status)
{
	const struct nt_completion c = { .io = user_status };
	struct pipe_end *e = pipe_end_of(f);
	struct pipe_request *rq;
	ntstatus status = pipe_request_begin(f, &c, PIPE_FLUSH, &rq);

	if (status)
		return status;
	rq->async.is_synchronous = true;
	mutex_lock(&e->pipe->lock);
	return pipe_request_submit(e, rq);
}

/* ---- connecting ---- */

/* Is it worth waiting for a client? STATUS_SUCCESS: yes. */
static ntstatus begin_listening(struct pipe_end *e)
{
	switch (e->state) {
	case PIPE_CONNECTED:
		return STATUS_PIPE_CONNECTED;
	case PIPE_CLOSING:
		return STATUS_PIPE_CLOSING;
	default:
		e->state = PIPE_LISTENING;
		nt_pipe_listens(e->pipe->name);
		return e->never_waits ? STATUS_PIPE_LISTENING : STATUS_SUCCESS;
	}
}

static ntstatus listen(struct file *f, const struct nt_completion *c)
{
	struct pipe_end *e = pipe_end_of(f);
	struct pipe_request *rq;
	ntstatus status;

	if (!e->is_server)
		return STATUS_ILLEGAL_FUNCTION;
	status = pipe_request_begin(f, c, PIPE_LISTEN, &rq);
	if (status)
		return status;
	mutex_lock(&e->pipe->lock);
	status = begin_listening(e);
	if (!status)
		return pipe_request_submit(e, rq);
	mutex_unlock(&e->pipe->lock);
	nt_async_put(&rq->async);
	return status;
}

static ntstatus disconnect(struct pipe_end *e)
{
	ntstatus status = STATUS_SUCCESS;

	if (!e->is_server)
		return STATUS_ILLEGAL_FUNCTION;
	mutex_lock(&e->pipe->lock);
	if (e->state == PIPE_DISCONNECTED)
		status = STATUS_PIPE_DISCONNECTED;
	else
		pipe_disconnect(e);
	mutex_unlock(&e->pipe->lock);
	return status;
}

/* FILE_PIPE_WAIT_FOR_BUFFER */
struct wait_for { int64_t timeout; uint32_t name_bytes; uint8_t has_timeout, pad; };
#define WAIT_NAME 14u

static ntstatus wait_for_instance(const uint64_t *a)
{
	struct nt_string name;
	struct wait_for w;
	ntstatus status;

	if ((uint32_t)a[7] < WAIT_NAME)
		return STATUS_INVALID_PARAMETER;
	status = nt_get(&w, a[6], WAIT_NAME);
	if (status)
		return status;
	if (w.name_bytes > (uint32_t)a[7] - WAIT_NAME || (w.name_bytes & 1))
		return STATUS_INVALID_PARAMETER;
	name = (struct nt_string){ kmalloc(w.name_bytes + 2, 0), w.name_bytes / 2 };
	if (!name.chars)
		return STATUS_NO_MEMORY;
	status = nt_get(name.chars, a[6] + WAIT_NAME, w.name_bytes);
	if (!status)
		status = nt_pipe_wait(&name, w.has_timeout, w.timeout);
	nt_string_free(&name);
	return status;
}

/* ---- looking ---- */

/* FILE_PIPE_PEEK_BUFFER */
struct peeked { uint32_t state, readable, nmessages, message_bytes; };

static ntstatus answer_peek(const uint64_t *a, const struct peeked *head, int64_t copied, uint64_t *done)
{
	if (copied < 0)
		return STATUS_ACCESS_VIOLATION;
	*done = sizeof(*head) + (uint64_t)copied;
	if (nt_put(a[8], head, sizeof(*head)))
		return STATUS_ACCESS_VIOLATION;
	/* As much as was asked for of what is there, or all of it. */
	return (uint64_t)copied < (head->message_bytes ? head->message_bytes : head->readable) ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}

static ntstatus peek(struct pipe_end *e, const uint64_t *a, uint64_t *done)
{
	struct peeked head = { 0 };
	ntstatus status = STATUS_SUCCESS;
	uint32_t nmessages, left;

	mutex_lock(&e->pipe->lock);
	if (e->state == PIPE_DISCONNECTED || e->state == PIPE_LISTENING)
		status = e->state == PIPE_LISTENING ? STATUS_INVALID_PIPE_STATE : STATUS_PIPE_DISCONNECTED;
	else if (e->state == PIPE_CLOSING && list_is_empty(&e->chunks))
		status = STATUS_PIPE_BROKEN;
	if (!status) {
		left = pipe_message_left(e, &nmessages);
		head = (struct peeked){ e->state, e->bytes, 0, 0 };
		if (e->pipe->name->has_messages) {
			head.nmessages = nmessages;
			head.message_bytes = e->reads_messages ? left : 0;
		}
		status = answer_peek(a, &head, pipe_peek_bytes(e, a[8] + sizeof(head), (uint32_t)a[9] - (uint32_t)sizeof(head)), done);
	}
	mutex_unlock(&e->pipe->lock);
	return status;
}

/* Of a pipe that Linux made: a stream of bytes. */
static ntstatus peek_linux(struct file *f, const uint64_t *a, uint64_t *done)
{
	const struct io_segment seg = { a[8] + sizeof(struct peeked), (uint32_t)a[9] - sizeof(struct peeked) };
	struct peeked head = { .state = PIPE_CONNECTED };
	struct io_vector v;
	bool has_writers;
	int64_t waiting;

	io_vector_init(&v, &seg, 1, false);
	waiting = pipe_peek(f, &v, &has_writers);
	if (waiting < 0)
		return nt_status(waiting);
	if (!waiting && !has_writers)
		return STATUS_PIPE_BROKEN;
	head.readable = (uint32_t)waiting;
	return answer_peek(a, &head, (int64_t)(seg.len - v.left), done);
}

static ntstatus peek_any(struct file *f, const uint64_t *a, uint64_t *done)
{
	if (!(f->access & RIGHT_READ))
		return STATUS_INVALID_PARAMETER;
	if ((uint32_t)a[9] < sizeof(struct peeked))
		return STATUS_INVALID_PARAMETER;
	return nt_is_pipe(f) ? peek(pipe_end_of(f), a, done) : peek_linux(f, a, done);
}

#define ATTRIBUTE_MAX 32u

/* "ClientProcessId", "ServerProcessId": a name with its zero goes in, a number comes out. */
static ntstatus connection_attribute(struct pipe_end *e, const uint64_t *a, uint64_t *done)
{
	char name[ATTRIBUTE_MAX] = "";
	struct pipe_end *which;
	uint64_t pid = 0;
	ntstatus status;

	status = nt_get(name, a[6], MIN((uint32_t)a[7], sizeof(name) - 1));
	if (status)
		return status;
	mutex_lock(&e->pipe->lock);
	if (!strcmp(name, "ClientProcessId"))
		which = e->is_server ? e->peer : e;
	else if (!strcmp(name, "ServerProcessId"))
		which = e->is_server ? e : e->peer;
	else
		status = STATUS_NOT_FOUND;
	if (!status && which)
		pid = 4ull * which->pid;
	else if (!status)
		status = STATUS_PIPE_DISCONNECTED;
	mutex_unlock(&e->pipe->lock);
	if (status)
		return status;
	*done = MIN((uint32_t)a[9], sizeof(pid));
	return *done < sizeof(uint32_t) ? STATUS_BUFFER_TOO_SMALL : nt_put(a[8], &pid, *done);
}

/* ---- NtFsControlFile ---- */

/* What is done when the call returns. */
static ntstatus control_at_once(struct file *f, const uint64_t *a, uint64_t *done)
{
	switch ((uint32_t)a[5]) {
	case FSCTL_PIPE_PEEK:
		return peek_any(f, a, done);
	case FSCTL_PIPE_DISCONNECT:
		return nt_is_pipe(f) ? disconnect(pipe_end_of(f)) : STATUS_ILLEGAL_FUNCTION;
	case FSCTL_PIPE_GET_CONNECTION_ATTRIBUTE:
		return nt_is_pipe(f) ? connection_attribute(pipe_end_of(f), a, done) : STATUS_INVALID_DEVICE_REQUEST;
	case FSCTL_PIPE_WAIT:
		return f->ops == &nt_pipe_root_ops ? wait_for_instance(a) : STATUS_ILLEGAL_FUNCTION;
	default:
		return STATUS_INVALID_DEVICE_REQUEST;
	}
}

ntstatus nt_pipe_control(struct file *f, const struct nt_completion *c, const uint64_t *a)
{
	uint64_t done = 0;
	ntstatus status;

	if (nt_is_pipe(f) && (uint32_t)a[5] == FSCTL_PIPE_LISTEN)
		return listen(f, c);
	if (nt_is_pipe(f) && (uint32_t)a[5] == FSCTL_PIPE_TRANSCEIVE)
		return transceive(f, c, a);
	status = nt_completion_begin(c, f);
	if (!status)
		status = control_at_once(f, a, &done);
	return nt_success(status) || status == STATUS_BUFFER_OVERFLOW ? nt_complete(c, f, status, done) : status;
}

/* ---- information ---- */

ntstatus nt_pipe_modes_get(struct file *f, struct nt_pipe_modes *out)
{
	*out = (struct nt_pipe_modes){ 0 };
	if (nt_is_pipe(f))
		*out = (struct nt_pipe_modes){ pipe_end_of(f)->reads_messages, pipe_end_of(f)->never_waits };
	else if (pipe_get_size(f) < 0)
		return STATUS_INVALID_PARAMETER;
	return STATUS_SUCCESS;
}

ntstatus nt_pipe_modes_set(struct file *f, const struct nt_pipe_modes *modes)
{
	struct pipe_end *e;

	if (!nt_is_pipe(f) || modes->read > 1 || modes->completion > 1)
		return STATUS_INVALID_PARAMETER;
	e = pipe_end_of(f);
	if (modes->read && !e->pipe->name->has_messages)
		return STATUS_INVALID_PARAMETER;
	mutex_lock(&e->pipe->lock);
	e->reads_messages = modes->read;
	e->never_waits = modes->completion;
	mutex_unlock(&e->pipe->lock);
	return STATUS_SUCCESS;
}

static void local_of_linux(struct file *f, uint32_t size, struct nt_pipe_local *out)
{
	bool has_writers;
	struct io_vector v = { 0 };
	int64_t waiting = pipe_peek(f, &v, &has_writers);
	uint32_t readable = waiting > 0 ? (uint32_t)waiting : 0;

	*out = (struct nt_pipe_local){
		.configuration = PIPE_INBOUND, .max_instances = 1, .instances = 1, .in_quota = size, .out_quota = size,
		.readable = f->access & RIGHT_READ ? readable : 0,
		.writable = size - MIN(readable, size),
		.state = has_writers || (f->access & RIGHT_WRITE) ? PIPE_CONNECTED : PIPE_CLOSING,
		.end = f->access & RIGHT_READ ? 1 : 0,
	};
}

ntstatus nt_pipe_local_get(struct file *f, struct nt_pipe_local *out)
{
	struct pipe_end *e = pipe_end_of(f);
	const struct pipe_name *n;
	int size;

	if (!nt_is_pipe(f)) {
		size = pipe_get_size(f);
		if (size < 0)
			return STATUS_INVALID_PARAMETER;
		local_of_linux(f, (uint32_t)size, out);
		return STATUS_SUCCESS;
	}
	n = e->pipe->name;
	mutex_lock(&e->pipe->lock);
	*out = (struct nt_pipe_local){
		.type = n->has_messages, .configuration = n->configuration, .max_instances = n->max_instances,
		.instances = pipe_instance_count(e->pipe), .in_quota = n->in_quota, .readable = e->bytes,
		.out_quota = n->out_quota,
		.writable = e->peer ? e->peer->quota - MIN(e->peer->bytes, e->peer->quota) : e->is_server ? n->out_quota : n->in_quota,
		.state = e->state, .end = e->is_server,
	};
	mutex_unlock(&e->pipe->lock);
	return STATUS_SUCCESS;
}
