/* kernel/io-manager/src/socketpair.c: AF_UNIX socket pairs (man 7 unix): streams, datagrams, sequenced packets. */
#include "socketpair.h"

#include <asm/fcntl.h>
#include <asm/ioctls.h>
#include <errno.h>

#include <mm/heap.h>
#include <mm/usercopy.h>
#include <ps/process.h>

#define BUFFER_BYTES 212992u	/* Linux's default SO_SNDBUF */
#define CHUNK_BYTES (32u << 10)	/* the longest piece of a stream kept as one message */

/* socket(2)'s and shutdown(2)'s, which have no header of the kernel's interface. */
enum { SOCK_STREAM = 1, SOCK_DGRAM = 2, SOCK_SEQPACKET = 5 };
enum { SHUT_RD, SHUT_WR, SHUT_RDWR };

#define READABLE (IO_POLLIN | IO_POLLRDNORM)
#define WRITABLE (IO_POLLOUT | IO_POLLWRNORM)

HEAP_CACHE(socket_cache, "socketpair", sizeof(struct socket_pair));

static bool is_stream(const struct socket_end *e)
{
	return e->pair->type == SOCK_STREAM;
}

static bool is_datagram(const struct socket_end *e)
{
	return e->pair->type == SOCK_DGRAM;
}

static uint32_t charge_of(const struct socket_message *m)
{
	return m->len + (uint32_t)sizeof(*m);
}

/* ---- writing ---- */

/* Whether a message may join the queue of @e's peer. */
static int send_state(const struct socket_end *e)
{
	const struct socket_end *to = e->peer;

	if (READ_ONCE(e->send_shut))
		return -EPIPE;
	if (READ_ONCE(to->is_closed))
		return is_datagram(e) ? -ECONNREFUSED : -EPIPE;
	if (READ_ONCE(to->receive_shut))
		return -EPIPE;
	return READ_ONCE(to->charged) >= BUFFER_BYTES ? -EAGAIN : 0;
}

static struct socket_message *message_create(struct io_vector *v, size_t len, int *err)
{
	const struct credentials *c = ps_credentials();
	struct socket_message *m = kmalloc(sizeof(*m) + len, HEAP_NOZERO);
	size_t got;

	*err = -ENOMEM;
	if (!m)
		return NULL;
	/* First: the struct's padding reaches into data. */
	*m = (struct socket_message){ .pid = ps_current()->pid, .uid = c->uid, .gid = c->gid, .len = (uint32_t)len };
	*err = 0;
	got = len ? io_copy_from(v, m->data, len, err) : 0;
	if (*err || got < len) {
		*err = -EFAULT;
		kfree(m);
		return NULL;
	}
	return m;
}

static int enqueue(struct socket_end *e, struct socket_message *m)
{
	struct socket_end *to = e->peer;
	int err;

	spin_lock(&e->pair->lock);
	err = send_state(e);
	if (!err) {
		list_add_tail(&m->node, &to->messages);
		to->nmessages++;
		to->bytes += m->len;
		to->charged += charge_of(m);
	}
	spin_unlock(&e->pair->lock);
	if (!err)
		waitq_wake_all(&to->wait, READABLE);
	return err;
}

/* Files leave with the message, or stay the caller's. */
static int enqueue_with_files(struct socket_end *e, struct socket_message *m, struct socket_control *control)
{
	int err;

	mutex_lock(&socket_rights_lock);
	m->rights = socket_rights_create(control->files, control->nfiles, &err);
	if (m->rights) {
		err = enqueue(e, m);
		if (err) {
			socket_rights_land(m->rights);
			kfree(m->rights);
		} else {
			control->nfiles = 0;
		}
	}
	mutex_unlock(&socket_rights_lock);
	return err;
}

static int64_t socket_write(struct io_request *rq)
{
	struct socket_end *e = rq->file->private;
	struct io_vector before = rq->vector;
	struct socket_message *m;
	uint64_t len = before.left;
	int err;

	if (is_stream(e)) {
		if (!len)
			return 0;
		len = MIN(len, (uint64_t)CHUNK_BYTES);
	} else if (len > BUFFER_BYTES - sizeof(*m)) {
		return -EMSGSIZE;
	}
	err = send_state(e);
	if (err)
		return err;
	m = message_create(&rq->vector, len, &err);
	if (!m)
		goto fail;
	err = rq->control && rq->control->nfiles ? enqueue_with_files(e, m, rq->control) : enqueue(e, m);
	if (!err)
		return (int64_t)len;
	kfree(m);
fail:
	rq->vector = before;
	return err;
}

/* ---- reading ---- */

static int64_t empty_state(struct socket_end *e)
{
	int64_t ret = -EAGAIN;

	spin_lock(&e->pair->lock);
	if (e->error) {
		ret = e->error;
		e->error = 0;
	} else if (e->receive_shut) {
		ret = 0;
	}
	spin_unlock(&e->pair->lock);
	return ret;
}

/* Give @m's files to @control (copies of the references). Returns: the rights that have
 * landed, to be dropped without the lock; NULL when peeking. */
static struct socket_rights *deliver_files(struct socket_message *m, struct socket_control *control, bool is_peek)
{
	uint32_t room = control ? control->max_files : 0;
	struct socket_rights *r;

	mutex_lock(&socket_rights_lock);
	r = m->rights;
	for (uint32_t i = 0; i < MIN(room, r->nfiles); i++) {
		file_get(r->files[i]);
		control->files[control->nfiles++] = r->files[i];
	}
	if (control && r->nfiles > room)
		control->flags |= SOCKET_CONTROL_CUT;
	if (!is_peek) {
		m->rights = NULL;
		socket_rights_land(r);
	}
	mutex_unlock(&socket_rights_lock);
	return is_peek ? NULL : r;
}

static void drop_rights(struct socket_rights *r)
{
	for (uint32_t i = 0; i < r->nfiles; i++)
		file_put(r->files[i]);
	kfree(r);
}

static void name_sender(const struct socket_message *m, struct socket_control *control)
{
	if (!control)
		return;
	control->pid = m->pid;
	control->uid = m->uid;
	control->gid = m->gid;
}

static struct socket_message *first_message(struct socket_end *e)
{
	struct socket_message *m = NULL;

	spin_lock(&e->pair->lock);
	if (!list_is_empty(&e->messages))
		m = list_entry(e->messages.next, struct socket_message, node);
	spin_unlock(&e->pair->lock);
	return m;
}

static struct socket_message *message_after(struct socket_end *e, struct socket_message *m)
{
	struct socket_message *next = NULL;

	spin_lock(&e->pair->lock);
	if (m->node.next != &e->messages)
		next = list_entry(m->node.next, struct socket_message, node);
	spin_unlock(&e->pair->lock);
	return next;
}

static bool has_room(const struct socket_end *to)
{
	return READ_ONCE(to->charged) <= BUFFER_BYTES / 4;
}

/* @n bytes of the first message are read; it goes when it is used up, or @whole. Writers wait
 * for the moment when room comes, so that is noticed under the lock that they fill under. */
static void consume(struct socket_end *e, struct socket_message *m, size_t n, bool whole)
{
	bool is_used_up = whole || m->offset + n == m->len, had_room, makes_room;

	spin_lock(&e->pair->lock);
	had_room = has_room(e);
	e->bytes -= whole ? m->len - m->offset : (uint32_t)n;
	m->offset += (uint32_t)n;
	if (is_used_up) {
		list_del(&m->node);
		e->nmessages--;
		e->charged -= charge_of(m);
	}
	makes_room = !had_room && has_room(e);
	spin_unlock(&e->pair->lock);
	if (makes_room)
		waitq_wake_all(&e->peer->wait, WRITABLE);
	if (is_used_up)
		kfree(m);
}

static int64_t read_stream(struct socket_end *e, struct io_request *rq, struct socket_rights **landed)
{
	struct socket_message *m = first_message(e), *next;
	bool is_peek = rq->flags & IO_PEEK, had_files = false;
	int64_t done = 0;
	int err = 0;

	if (!m)
		return empty_state(e);
	name_sender(m, rq->control);
	for (; m && rq->vector.left && !had_files; m = next) {
		size_t want = MIN(rq->vector.left, m->len - m->offset), n;

		n = io_copy_to(&rq->vector, m->data + m->offset, want, &err);
		if (n && m->rights) {
			*landed = deliver_files(m, rq->control, is_peek);
			had_files = true;
		}
		done += (int64_t)n;
		next = is_peek ? message_after(e, m) : NULL;
		if (!is_peek) {
			consume(e, m, n, false);
			next = first_message(e);
		}
		if (n < want)
			break;
	}
	return done ? done : err;
}

static int64_t read_message(struct socket_end *e, struct io_request *rq, struct socket_rights **landed)
{
	struct socket_message *m = first_message(e);
	bool is_peek = rq->flags & IO_PEEK;
	size_t n = 0;
	int err = 0;

	if (!m)
		return empty_state(e);
	if (m->len && rq->vector.left)
		n = io_copy_to(&rq->vector, m->data, m->len, &err);
	name_sender(m, rq->control);
	if (rq->control) {
		rq->control->message_bytes = m->len;
		if (n < m->len)
			rq->control->flags |= SOCKET_MESSAGE_CUT;
	}
	if (m->rights)
		*landed = deliver_files(m, rq->control, is_peek);
	if (!is_peek)
		consume(e, m, 0, true);
	return err ? err : (int64_t)n;
}

static int64_t socket_read(struct io_request *rq)
{
	struct socket_end *e = rq->file->private;
	struct socket_rights *landed = NULL;
	int64_t n;

	if (is_stream(e) && !rq->vector.left)
		return 0;
	if (!READ_ONCE(e->nmessages) && !READ_ONCE(e->receive_shut) && !READ_ONCE(e->error))
		return -EAGAIN;
	mutex_lock(&e->read_lock);
	n = is_stream(e) ? read_stream(e, rq, &landed) : read_message(e, rq, &landed);
	mutex_unlock(&e->read_lock);
	if (landed)
		drop_rights(landed);
	return n;
}

/* ---- state ---- */

static uint32_t socket_poll(struct file *f)
{
	struct socket_end *e = f->private;
	bool receive_shut = READ_ONCE(e->receive_shut);
	uint32_t events = 0;

	if (READ_ONCE(e->error))
		events |= IO_POLLERR;
	if (receive_shut)
		events |= READABLE | IO_POLLRDHUP;
	if (receive_shut && READ_ONCE(e->send_shut))
		events |= IO_POLLHUP;
	if (READ_ONCE(e->nmessages))
		events |= READABLE;
	if (has_room(e->peer) || READ_ONCE(e->send_shut))
		events |= WRITABLE;
	return events;
}

static struct wait_queue *socket_wait_queue(struct file *f, uint32_t events)
{
	return &((struct socket_end *)f->private)->wait;
}

static void wake_both(struct socket_end *e)
{
	waitq_wake_all(&e->wait, 0);
	waitq_wake_all(&e->peer->wait, 0);
}

static int socket_shutdown(struct file *f, int how)
{
	struct socket_end *e = f->private;
	bool reading = how != SHUT_WR, writing = how != SHUT_RD;

	spin_lock(&e->pair->lock);
	e->receive_shut |= reading;
	e->send_shut |= writing;
	if (!is_datagram(e)) {
		e->peer->send_shut |= reading;
		e->peer->receive_shut |= writing;
	}
	spin_unlock(&e->pair->lock);
	wake_both(e);
	return 0;
}

static int64_t socket_ioctl(struct file *f, uint32_t cmd, uint64_t arg)
{
	struct socket_end *e = f->private;
	int value;

	switch (cmd) {
	case FIONREAD:
		spin_lock(&e->pair->lock);
		value = (int)e->bytes;
		if (!is_stream(e) && value)
			value = (int)list_entry(e->messages.next, struct socket_message, node)->len;
		spin_unlock(&e->pair->lock);
		break;
	case TIOCOUTQ:
		value = (int)READ_ONCE(e->peer->charged);
		break;
	default:
		return -ENOTTY;
	}
	return put_user(value, (int __user *)arg);
}

static void socket_describe(struct file *f, struct socket_info *out)
{
	const struct socket_end *e = f->private;
	const struct socket_pair *pair = e->pair;

	*out = (struct socket_info){
		.type = pair->type, .peer_pid = pair->pid, .peer_uid = pair->uid, .peer_gid = pair->gid,
		.send_bytes = BUFFER_BYTES, .receive_bytes = BUFFER_BYTES,
	};
}

static void socket_release(struct file *f)
{
	struct socket_end *e = f->private, *peer = e->peer;
	struct list_node unread = LIST_INIT(unread);
	struct socket_pair *pair = e->pair;

	spin_lock(&pair->lock);
	e->is_closed = e->receive_shut = e->send_shut = true;
	list_splice_tail(&e->messages, &unread);
	if (!is_datagram(e)) {
		peer->receive_shut = peer->send_shut = true;
		if (e->nmessages)
			peer->error = -ECONNRESET;
	}
	e->nmessages = e->bytes = e->charged = 0;
	spin_unlock(&pair->lock);
	waitq_wake_all(&peer->wait, 0);
	socket_messages_drop(&unread);
	socket_rights_collect();
	if (refcount_put(&pair->refs))
		heap_cache_free(&socket_cache, pair);
}

const struct file_ops socket_ops = {
	.name = "socket",
	.read = socket_read,
	.write = socket_write,
	.poll = socket_poll,
	.wait_queue = socket_wait_queue,
	.ioctl = socket_ioctl,
	.release = socket_release,
	.shutdown = socket_shutdown,
	.socket_info = socket_describe,
};

static void end_init(struct socket_pair *pair, unsigned i)
{
	struct socket_end *e = &pair->ends[i];

	e->pair = pair;
	e->peer = &pair->ends[!i];
	mutex_init(&e->read_lock, LOCK_SOCKET_READ);
	waitq_init(&e->wait);
	list_init(&e->messages);
	list_init(&e->flight_node);
}

static struct socket_pair *pair_create(int type)
{
	const struct credentials *c = ps_credentials();
	struct socket_pair *pair = heap_cache_alloc(&socket_cache, 0);

	if (!pair)
		return NULL;
	refcount_set(&pair->refs, 2);
	pair->type = type;
	pair->pid = ps_current()->pid;
	pair->uid = c->euid;
	pair->gid = c->egid;
	spin_init(&pair->lock, LOCK_SOCKET);
	end_init(pair, 0);
	end_init(pair, 1);
	return pair;
}

int socketpair_create(int type, uint32_t flags, struct file *out[2])
{
	uint32_t file_flags = O_RDWR | (flags & O_NONBLOCK);
	struct socket_pair *pair;
	int err;

	if (type != SOCK_STREAM && type != SOCK_DGRAM && type != SOCK_SEQPACKET)
		return -ESOCKTNOSUPPORT;
	pair = pair_create(type);
	if (!pair)
		return -ENOMEM;
	err = file_create(&socket_ops, file_flags, &pair->ends[0], &out[0]);
	if (err) {
		heap_cache_free(&socket_cache, pair);
		return err;
	}
	pair->ends[0].file = out[0];
	err = file_create(&socket_ops, file_flags, &pair->ends[1], &out[1]);
	if (err) {
		refcount_put(&pair->refs);
		file_put(out[0]);
		return err;
	}
	pair->ends[1].file = out[1];
	return 0;
}
