/* kernel/compat/src/nt/pipe_data.c: bytes and messages between the ends of a named pipe ([MS-FSA] 2.1.5.2;
 * Microsoft Learn, "Named Pipe Operations", "Named Pipe Type, Read, and Wait Modes").
 *
 * Whoever changes something moves along what waits, in order of arrival: the requests of both ends may belong to
 * other processes, whose memory is reached through their spaces.
 */
#include <asm/ioctls.h>
#include <linux/fcntl.h>
#include <mm/frame.h>
#include <mm/heap.h>

#include "named_pipe.h"

#define CHUNK_BYTES (4096u - (uint32_t)sizeof(struct pipe_chunk))
#define READABLE (IO_POLLIN | IO_POLLRDNORM)
#define WRITABLE (IO_POLLOUT | IO_POLLWRNORM)

HEAP_CACHE(instance_cache, "nt-pipe", sizeof(struct nt_pipe));
HEAP_CACHE(end_cache, "nt-pipe-end", sizeof(struct pipe_end));
HEAP_CACHE(request_cache, "nt-pipe-request", sizeof(struct pipe_request));

/* ---- instances and ends ---- */

struct nt_pipe *pipe_instance_create(struct pipe_name *name)
{
	struct nt_pipe *p = heap_cache_alloc(&instance_cache, 0);

	if (!p)
		return NULL;
	mutex_init(&p->lock, LOCK_PIPE);
	refcount_set(&p->refs, 1);
	p->name = name;
	return p;
}

void pipe_instance_put(struct nt_pipe *p)
{
	if (!refcount_put(&p->refs))
		return;
	pipe_name_put(p->name);
	heap_cache_free(&instance_cache, p);
}

static void free_open(struct file *f)
{
	nt_open_free(f->nt_open);
}

static uint32_t flags_of(const struct nt_pipe *p, bool is_server, uint32_t access)
{
	uint32_t configuration = p->name->configuration;
	bool reads = access & FILE_READ_DATA, writes = access & FILE_WRITE_DATA;

	if (configuration != PIPE_FULL_DUPLEX && (configuration == PIPE_INBOUND) == is_server)
		writes = false;
	else if (configuration != PIPE_FULL_DUPLEX)
		reads = false;
	if (reads && writes)
		return O_RDWR;
	return reads ? O_RDONLY : writes ? O_WRONLY : O_PATH;
}

ntstatus pipe_end_create(struct nt_pipe *p, bool is_server, uint32_t access, uint32_t options, struct file **out)
{
	struct pipe_end *e = heap_cache_alloc(&end_cache, 0);
	struct nt_open *o = e ? nt_open_create(NULL, "", access, 0, options) : NULL;

	if (!o || file_create(&nt_pipe_ops, flags_of(p, is_server, access), e, out)) {
		if (o)
			nt_open_free(o);
		heap_cache_free(&end_cache, e);
		return STATUS_NO_MEMORY;
	}
	(*out)->nt_open = o;
	(*out)->nt_ended = &o->ended;
	(*out)->nt_release = free_open;
	list_init(&e->chunks);
	list_init(&e->readers);
	list_init(&e->writers);
	list_init(&e->listeners);
	waitq_init(&e->wait);
	e->is_server = is_server;
	e->state = is_server ? PIPE_LISTENING : PIPE_DISCONNECTED;
	e->quota = is_server ? p->name->in_quota : p->name->out_quota;
	e->pid = ps_current()->pid;
	refcount_get(&p->refs);
	e->pipe = p;
	return STATUS_SUCCESS;
}

/* All pipes together hold no more than a part of the memory; each may hold a little. */
#define MOST_CHUNKS 16384u	/* of one queue: short messages are dear */
static uint64_t bytes_in_pipes;	/* atomic */

static uint64_t bytes_limit(void)
{
	static uint64_t limit;
	struct mm_statistics s;

	if (!limit) {
		mm_statistics(&s);
		limit = s.total_pages / 8 * PAGE_SIZE;
	}
	return limit;
}

static uint32_t cost_of(const struct pipe_chunk *c)
{
	return (uint32_t)sizeof(*c) + c->len;
}

static void drop_chunk(struct pipe_end *e, struct pipe_chunk *c)
{
	e->bytes -= c->len - c->offset;
	e->nchunks--;
	atomic_sub(&bytes_in_pipes, cost_of(c));
	list_del(&c->node);
	kfree(c);
}

static void drop_chunks(struct pipe_end *e)
{
	struct pipe_chunk *c;

	while ((c = list_first_entry(&e->chunks, struct pipe_chunk, node)))
		drop_chunk(e, c);
}

static bool is_crowded(const struct pipe_end *e)
{
	return e->nchunks >= MOST_CHUNKS || (e->nchunks && atomic_load(&bytes_in_pipes) > bytes_limit());
}

static uint32_t room_at(const struct pipe_end *e)
{
	if (is_crowded(e))
		return 0;
	return e->bytes < e->quota ? e->quota - e->bytes : 0;
}

/* poll() looks on without the lock. */
static void tell_linux(struct pipe_end *e)
{
	WRITE_ONCE(e->can_write, e->peer && room_at(e->peer));
	waitq_wake_all(&e->wait, READABLE | WRITABLE | IO_POLLHUP | IO_POLLERR);
}

/* ---- requests ---- */

static struct pipe_request *request_at(struct list_node *node)
{
	return container_of(node, struct pipe_request, async.node);
}

static struct pipe_request *first_request(struct list_node *queue)
{
	return list_is_empty(queue) ? NULL : request_at(queue->next);
}

static void request_end(struct pipe_request *rq, ntstatus status)
{
	if (rq->is_queued)
		list_del(&rq->async.node);
	rq->is_queued = false;
	nt_async_end(&rq->async, status, rq->done);
}

void pipe_end_requests(struct list_node *queue, ntstatus status)
{
	struct pipe_request *rq;

	while ((rq = first_request(queue)))
		request_end(rq, status);
}

static void request_cancel(struct nt_async *a)
{
	struct pipe_request *rq = (struct pipe_request *)a;
	struct nt_pipe *p = rq->pipe;

	mutex_lock(&p->lock);
	if (rq->is_queued)
		request_end(rq, STATUS_CANCELLED);
	mutex_unlock(&p->lock);
}

static void request_release(struct nt_async *a)
{
	struct pipe_request *rq = (struct pipe_request *)a;

	pipe_instance_put(rq->pipe);
	heap_cache_free(&request_cache, rq);
}

static const struct nt_async_ops request_ops = { request_cancel, request_release };

ntstatus pipe_request_begin(struct file *f, const struct nt_completion *c, enum pipe_operation operation, struct pipe_request **out)
{
	struct pipe_request *rq = heap_cache_alloc(&request_cache, 0);
	ntstatus status = rq ? nt_async_begin(&rq->async, &request_ops, f, c) : STATUS_NO_MEMORY;

	if (status) {
		heap_cache_free(&request_cache, rq);
		return status;
	}
	rq->operation = operation;
	rq->pipe = pipe_end_of(f)->pipe;
	refcount_get(&rq->pipe->refs);
	*out = rq;
	return STATUS_SUCCESS;
}

/* ---- moving ---- */

static struct pipe_chunk *chunk_create(uint32_t len, bool ends_message)
{
	struct pipe_chunk *c = kmalloc(sizeof(*c) + len, HEAP_NOZERO);

	if (c)
		*c = (struct pipe_chunk){ .len = len, .ends_message = ends_message };
	return c;
}

static void chunk_add(struct pipe_end *e, struct pipe_chunk *c)
{
	list_add_tail(&c->node, &e->chunks);
	e->bytes += c->len;
	e->nchunks++;
	atomic_add(&bytes_in_pipes, cost_of(c));
}

/* Take what there is room for from the writer @rq into @to. Returns: whether something moved. */
static bool take_from(struct pipe_request *rq, struct pipe_end *to)
{
	uint32_t left = rq->len - rq->done, n = MIN(MIN(left, room_at(to)), CHUNK_BYTES);
	struct pipe_chunk *c;

	if (left ? !n : is_crowded(to))
		return false;
	if (!left && !to->pipe->name->has_messages) {
		request_end(rq, STATUS_SUCCESS);
		return true;
	}
	c = chunk_create(n, n == left);
	if (!c || (n && !nt_async_copy(&rq->async, rq->base + rq->done, c->data, n, false))) {
		request_end(rq, c ? STATUS_INVALID_USER_BUFFER : STATUS_NO_MEMORY);
		kfree(c);
		return true;
	}
	chunk_add(to, c);
	rq->done += n;
	if (rq->done == rq->len)
		request_end(rq, STATUS_SUCCESS);
	return true;
}

static bool move_writers(struct pipe_end *from, struct pipe_end *to)
{
	struct pipe_request *rq;
	bool moved = false;

	while ((rq = first_request(&from->writers))) {
		if (rq->operation == PIPE_FLUSH) {
			if (to->bytes)
				break;
			request_end(rq, STATUS_SUCCESS);
		} else if (!take_from(rq, to)) {
			break;
		}
		moved = true;
	}
	return moved;
}

/* Has @rq, which reads, what it wants? */
static bool is_satisfied(const struct pipe_end *e, struct pipe_request *rq, bool ended_message, ntstatus *status)
{
	bool is_full = rq->done == rq->len;

	*status = STATUS_SUCCESS;
	if (!e->reads_messages)
		return is_full || list_is_empty(&e->chunks);
	if (ended_message)
		return true;
	if (is_full)
		*status = STATUS_BUFFER_OVERFLOW;
	return is_full;
}

/* Give the reader @rq what waits at @e. Returns: whether something moved. */
static bool give_to(struct pipe_request *rq, struct pipe_end *e)
{
	struct pipe_chunk *c;
	bool moved = false;
	ntstatus status;

	while ((c = list_first_entry(&e->chunks, struct pipe_chunk, node))) {
		uint32_t n = MIN(c->len - c->offset, rq->len - rq->done);
		bool ended_chunk = n == c->len - c->offset, ended_message = ended_chunk && c->ends_message;

		if (n && !nt_async_copy(&rq->async, rq->base + rq->done, c->data + c->offset, n, true)) {
			request_end(rq, STATUS_ACCESS_VIOLATION);
			return true;
		}
		rq->done += n;
		c->offset += n;
		e->bytes -= n;
		if (ended_chunk)
			drop_chunk(e, c);
		moved = true;
		if (is_satisfied(e, rq, ended_message, &status)) {
			request_end(rq, status);
			return true;
		}
	}
	return moved;
}

static bool move_readers(struct pipe_end *e)
{
	struct pipe_request *rq;
	bool moved = false;

	while ((rq = first_request(&e->readers)) && give_to(rq, e))
		moved = true;
	return moved;
}

/* What nobody writes any more: readers that find nothing have come to the end. */
static void end_waiters(struct pipe_end *e)
{
	static const ntstatus writing[] = { [PIPE_DISCONNECTED] = STATUS_PIPE_DISCONNECTED,
		[PIPE_LISTENING] = STATUS_PIPE_LISTENING, [PIPE_CLOSING] = STATUS_PIPE_CLOSING };
	struct pipe_request *rq;

	if (e->state == PIPE_CONNECTED)
		return;
	pipe_end_requests(&e->writers, writing[e->state]);
	if (e->state == PIPE_CLOSING && !list_is_empty(&e->chunks))
		return;
	while ((rq = first_request(&e->readers)))
		request_end(rq, e->state != PIPE_CLOSING ? writing[e->state] : rq->done ? STATUS_SUCCESS : STATUS_PIPE_BROKEN);
}

void pipe_pump(struct pipe_end *e)
{
	struct pipe_end *peer = e->peer;
	bool moved, any = false;

	do {
		moved = move_readers(e);
		if (peer) {
			moved |= move_writers(peer, e);
			moved |= move_writers(e, peer);
			moved |= move_readers(peer);
		}
		any |= moved;
	} while (moved);
	end_waiters(e);
	if (!any)
		return;
	tell_linux(e);
	if (peer)
		tell_linux(peer);
}

static struct list_node *queue_for(struct pipe_end *e, enum pipe_operation operation)
{
	return operation == PIPE_READ ? &e->readers : operation == PIPE_LISTEN ? &e->listeners : &e->writers;
}

void pipe_request_queue(struct pipe_end *e, struct pipe_request *rq)
{
	rq->is_queued = true;
	list_add_tail(&rq->async.node, queue_for(e, rq->operation));
	pipe_pump(e);
	if (rq->is_queued && e->never_waits)
		request_end(rq, rq->operation == PIPE_READ && !rq->done ? STATUS_PIPE_EMPTY : STATUS_SUCCESS);
	if (rq->is_queued)
		nt_async_issue(&rq->async);
}

ntstatus pipe_request_submit(struct pipe_end *e, struct pipe_request *rq)
{
	pipe_request_queue(e, rq);
	mutex_unlock(&e->pipe->lock);
	return nt_async_result(&rq->async);
}

/* ---- connecting and parting ---- */

void pipe_connect(struct pipe_end *server, struct pipe_end *client)
{
	server->peer = client;
	client->peer = server;
	server->state = client->state = PIPE_CONNECTED;
	client->reads_messages = false;
	pipe_end_requests(&server->listeners, STATUS_SUCCESS);
	tell_linux(server);
	tell_linux(client);
}

static void disconnect_end(struct pipe_end *e)
{
	e->state = PIPE_DISCONNECTED;
	e->peer = NULL;
	drop_chunks(e);
	end_waiters(e);
	tell_linux(e);
}

void pipe_disconnect(struct pipe_end *server)
{
	struct pipe_end *client = server->peer;

	pipe_end_requests(&server->listeners, STATUS_PIPE_DISCONNECTED);
	disconnect_end(server);
	if (client)
		disconnect_end(client);
}

static void close_end(struct pipe_end *e)
{
	struct pipe_end *peer = e->peer;

	pipe_end_requests(&e->listeners, STATUS_CANCELLED);
	pipe_end_requests(&e->readers, STATUS_CANCELLED);
	pipe_end_requests(&e->writers, STATUS_CANCELLED);
	drop_chunks(e);
	if (peer) {
		peer->peer = NULL;
		peer->state = PIPE_CLOSING;
		pipe_pump(peer);
		tell_linux(peer);
	}
}

static void pipe_release(struct file *f)
{
	struct pipe_end *e = f->private;
	struct nt_pipe *p = e->pipe;

	if (e->is_server)
		pipe_instance_retire(p);
	mutex_lock(&p->lock);
	if (e->is_server)
		p->server = NULL;
	close_end(e);
	mutex_unlock(&p->lock);
	heap_cache_free(&end_cache, e);
	pipe_instance_put(p);
}

/* ---- looking ---- */

int64_t pipe_peek_bytes(struct pipe_end *e, uint64_t user, uint32_t cap)
{
	const struct pipe_chunk *c;
	uint32_t done = 0;

	LIST_FOR_EACH_ENTRY(c, &e->chunks, node) {
		uint32_t n = MIN(c->len - c->offset, cap - done);

		if (nt_put(user + done, c->data + c->offset, n))
			return -1;
		done += n;
		if (done == cap || (e->reads_messages && c->ends_message))
			break;
	}
	return done;
}

uint32_t pipe_message_left(const struct pipe_end *e, uint32_t *nmessages)
{
	const struct pipe_chunk *c;
	uint32_t left = 0;

	*nmessages = 0;
	LIST_FOR_EACH_ENTRY(c, &e->chunks, node) {
		if (!*nmessages)
			left += c->len - c->offset;
		if (c->ends_message)
			++*nmessages;
	}
	return left;
}

/* ---- the Linux view ---- */

static int64_t read_locked(struct pipe_end *e, struct io_request *rq)
{
	struct pipe_chunk *c;
	int64_t done = 0;
	int err = 0;

	while (rq->vector.left && (c = list_first_entry(&e->chunks, struct pipe_chunk, node))) {
		uint32_t want = c->len - c->offset;
		size_t n = want ? io_copy_to(&rq->vector, c->data + c->offset, MIN(want, rq->vector.left), &err) : 0;

		c->offset += (uint32_t)n;
		e->bytes -= (uint32_t)n;
		done += (int64_t)n;
		if (c->offset == c->len)
			drop_chunk(e, c);
		else if (err)
			break;
	}
	if (done || !rq->vector.left)
		return done;
	if (err)
		return err;
	return e->state == PIPE_CONNECTED || e->state == PIPE_LISTENING ? -EAGAIN : 0;
}

static int64_t pipe_read(struct io_request *rq)
{
	struct pipe_end *e = rq->file->private;
	int64_t n;

	mutex_lock(&e->pipe->lock);
	n = read_locked(e, rq);
	if (n > 0) {
		pipe_pump(e);
		if (e->peer)
			tell_linux(e->peer);
	}
	mutex_unlock(&e->pipe->lock);
	return n;
}

static int64_t write_locked(struct pipe_end *e, struct io_request *rq)
{
	int64_t done = 0;
	int err = 0;

	if (e->state == PIPE_LISTENING)
		return -EAGAIN;
	if (!e->peer)
		return -EPIPE;
	while (rq->vector.left && !err) {
		uint32_t want = (uint32_t)MIN(MIN(rq->vector.left, room_at(e->peer)), CHUNK_BYTES);
		struct pipe_chunk *c = want ? chunk_create(want, rq->vector.left == want) : NULL;

		if (!c) {
			err = want ? -ENOMEM : -EAGAIN;
			break;
		}
		c->len = (uint32_t)io_copy_from(&rq->vector, c->data, want, &err);
		if (!c->len) {
			kfree(c);
			break;
		}
		chunk_add(e->peer, c);
		done += c->len;
	}
	return done ? done : err;
}

static int64_t pipe_write(struct io_request *rq)
{
	struct pipe_end *e = rq->file->private;
	int64_t n;

	if (!rq->vector.left)
		return 0;
	mutex_lock(&e->pipe->lock);
	n = write_locked(e, rq);
	if (n > 0) {
		pipe_pump(e);
		tell_linux(e);
		tell_linux(e->peer);
	}
	mutex_unlock(&e->pipe->lock);
	return n;
}

static uint32_t pipe_poll(struct file *f)
{
	struct pipe_end *e = f->private;
	enum pipe_state state = READ_ONCE(e->state);
	bool is_over = state == PIPE_CLOSING || state == PIPE_DISCONNECTED;
	uint32_t events = 0;

	if (f->access & RIGHT_READ)
		events |= (READ_ONCE(e->bytes) ? READABLE : 0) | (is_over ? IO_POLLHUP : 0);
	if (f->access & RIGHT_WRITE)
		events |= (READ_ONCE(e->can_write) ? WRITABLE : 0) | (is_over ? IO_POLLERR : 0);
	return events;
}

static struct wait_queue *pipe_wait_queue(struct file *f, uint32_t events)
{
	return &pipe_end_of(f)->wait;
}

static int64_t pipe_ioctl(struct file *f, uint32_t cmd, uint64_t arg)
{
	if (cmd != FIONREAD)
		return -ENOTTY;
	return put_user((int)READ_ONCE(pipe_end_of(f)->bytes), (int __user *)arg);
}

/* A pipe to whoever looks at descriptors. */
const struct file_ops nt_pipe_ops = {
	.name = "pipe",
	.read = pipe_read,
	.write = pipe_write,
	.poll = pipe_poll,
	.wait_queue = pipe_wait_queue,
	.ioctl = pipe_ioctl,
	.release = pipe_release,
};
