/* kernel/io-manager/src/unix_send.c: what a write to an AF_UNIX socket does. */
#include <errno.h>

#include <mm/heap.h>
#include <ps/process.h>

#include "unix.h"

#define CHUNK_BYTES (32u << 10)	/* the longest piece of a stream kept as one message */
#define MESSAGE_SLACK 32u	/* what Linux keeps back of the send buffer */

/* Who waits for room in another's queue; a reference. */
struct unix_blocked {
	struct list_node node;
	struct unix_socket *who;
};

static uint32_t charge_of(const struct unix_message *m)
{
	return m->len + (uint32_t)sizeof(*m);
}

bool unix_has_send_room(const struct unix_socket *s)
{
	return READ_ONCE(s->sent_bytes) <= READ_ONCE(s->send_limit) / 4;
}

bool unix_queue_is_full(struct unix_socket *to, struct unix_socket *from)
{
	return to != from && READ_ONCE(to->peer) != from && READ_ONCE(to->nmessages) > UNIX_QUEUE_MAX;
}

/* ---- waiting for room in another's queue ---- */

static bool is_blocked_on(struct unix_socket *to, struct unix_socket *who)
{
	struct unix_blocked *b;

	LIST_FOR_EACH_ENTRY(b, &to->blocked, node) {
		if (b->who == who)
			return true;
	}
	return false;
}

int unix_block_on(struct unix_socket *to, struct unix_socket *who)
{
	struct unix_blocked *b = kmalloc(sizeof(*b), HEAP_ATOMIC);
	bool has_room;

	if (!b)
		return -ENOBUFS;
	spin_lock(&to->lock);
	has_room = to->is_closed || !unix_queue_is_full(to, who);
	if (!has_room && !is_blocked_on(to, who)) {
		unix_get(who);
		b->who = who;
		list_add_tail(&b->node, &to->blocked);
		b = NULL;
	}
	spin_unlock(&to->lock);
	kfree(b);
	if (has_room)
		atomic_add(&who->room_count, 1);
	return 0;
}

void unix_unblock(struct unix_socket *to)
{
	struct list_node woken = LIST_INIT(woken);
	struct unix_blocked *b;

	spin_lock(&to->lock);
	list_splice_tail(&to->blocked, &woken);
	spin_unlock(&to->lock);
	while ((b = list_first_entry(&woken, struct unix_blocked, node))) {
		list_del(&b->node);
		atomic_add(&b->who->room_count, 1);
		waitq_wake_all(&b->who->wait, UNIX_WRITABLE);
		unix_put(b->who);
		kfree(b);
	}
}

/* ---- one message ---- */

static struct unix_message *message_create(struct unix_socket *s, struct io_vector *v, size_t len, int *err)
{
	struct unix_message *m = kmalloc(sizeof(*m) + len, HEAP_NOZERO);
	size_t got;

	*err = -ENOMEM;
	if (!m)
		return NULL;
	/* First: the struct's padding reaches into data. */
	*m = (struct unix_message){ .len = (uint32_t)len };
	*err = 0;
	got = len ? io_copy_from(v, m->data, len, err) : 0;
	if (*err || got < len) {
		*err = -EFAULT;
		kfree(m);
		return NULL;
	}
	unix_get(s);
	m->sender = s;
	atomic_add(&s->sent_bytes, charge_of(m));
	return m;
}

/* The sender's room comes back when it falls to a quarter: the one that crosses that line tells. */
static void give_charge_back(struct unix_socket *sender, uint32_t charge)
{
	uint32_t before = atomic_sub(&sender->sent_bytes, charge), line = READ_ONCE(sender->send_limit) / 4;

	if (before > line && before - charge <= line)
		waitq_wake_all(&sender->wait, UNIX_WRITABLE);
}

void unix_message_free(struct unix_message *m)
{
	give_charge_back(m->sender, charge_of(m));
	unix_put(m->sender);
	kfree(m);
}

/* The sender is named if it claimed something, one end asks, or nobody has accepted yet and may ask. */
static void sign(struct unix_message *m, const struct unix_socket *to, const struct socket_control *control)
{
	const struct credentials *c = ps_credentials();
	uint32_t options = READ_ONCE(m->sender->options) | READ_ONCE(to->options);

	if (control && (control->flags & SOCKET_CLAIMS_IDENTITY)) {
		m->id = control->sender;
		m->has_id = true;
	} else if ((options & UNIX_OPT_PASSCRED) || !READ_ONCE(to->file)) {
		m->id = (struct socket_identity){ ps_current()->pid, c->uid, c->gid };
		m->has_id = true;
	}
}

static int receiver_state(struct unix_socket *s, struct unix_socket *to)
{
	if (to->is_closed)
		return unix_is_datagram(s) ? -ECONNREFUSED : -EPIPE;
	if (to->receive_shut || READ_ONCE(s->send_shut))
		return -EPIPE;
	if (unix_is_datagram(s) && to->peer && to->peer != s)
		return -EPERM;
	return !unix_is_stream(s) && unix_queue_is_full(to, s) ? -EAGAIN : 0;
}

static int enqueue(struct unix_socket *s, struct unix_socket *to, struct unix_message *m)
{
	int err;

	spin_lock(&to->lock);
	err = receiver_state(s, to);
	if (!err) {
		list_add_tail(&m->node, &to->messages);
		to->nmessages++;
		to->bytes += m->len;
	}
	spin_unlock(&to->lock);
	if (!err)
		waitq_wake_all(&to->wait, UNIX_READABLE);
	return err;
}

/* Files leave with the message, or stay the caller's. */
static int enqueue_with_files(struct unix_socket *s, struct unix_socket *to, struct unix_message *m,
			      struct socket_control *control)
{
	int err;

	mutex_lock(&unix_rights_lock);
	m->rights = unix_rights_create(control->files, control->nfiles, &err);
	if (m->rights) {
		err = enqueue(s, to, m);
		if (err) {
			unix_rights_land(m->rights);
			kfree(m->rights);
			m->rights = NULL;
		} else {
			control->nfiles = 0;
		}
	}
	mutex_unlock(&unix_rights_lock);
	return err;
}

/* @len bytes of the vector to @to. Nothing has happened when it fails. */
static int64_t send_message(struct io_request *rq, struct unix_socket *to, size_t len)
{
	struct unix_socket *s = unix_of(rq->file);
	struct io_vector before = rq->vector;
	struct unix_message *m;
	int err;

	m = message_create(s, &rq->vector, len, &err);
	if (m) {
		sign(m, to, rq->control);
		err = rq->control && rq->control->nfiles ? enqueue_with_files(s, to, m, rq->control) : enqueue(s, to, m);
		if (!err)
			return (int64_t)len;
		unix_message_free(m);
	}
	rq->vector = before;
	return err;
}

/* ---- the state of the sender ---- */

static bool buffer_has_room(struct io_request *rq)
{
	const struct unix_socket *s = unix_of(rq->file);

	return unix_has_send_room(s) || READ_ONCE(s->send_shut) || READ_ONCE(s->error);
}

static bool queue_had_room(struct io_request *rq)
{
	const struct unix_socket *s = unix_of(rq->file);

	return atomic_load(&s->room_count) != (uint32_t)(uintptr_t)rq->private || READ_ONCE(s->send_shut) || READ_ONCE(s->error);
}

static int take_error(struct unix_socket *s)
{
	int err = 0;

	if (!READ_ONCE(s->error))
		return 0;
	spin_lock(&s->lock);
	err = s->error;
	s->error = 0;
	spin_unlock(&s->lock);
	return err;
}

static int sender_state(struct io_request *rq)
{
	struct unix_socket *s = unix_of(rq->file);
	int err = take_error(s);

	if (err)
		return err;
	if (READ_ONCE(s->send_shut))
		return -EPIPE;
	if (READ_ONCE(s->sent_bytes) < READ_ONCE(s->send_limit))
		return 0;
	rq->is_ready = buffer_has_room;
	return -EAGAIN;
}

static const struct socket_address *target_of(const struct io_request *rq)
{
	const struct socket_address *a = rq->control ? rq->control->address : NULL;

	return a && a->len ? a : NULL;
}

/* ---- streams ---- */

/* Two pieces fit in the send buffer at least. */
static uint64_t chunk_bytes(const struct unix_socket *s)
{
	return MIN(READ_ONCE(s->send_limit) / 2 - 2 * MESSAGE_SLACK, CHUNK_BYTES);
}

static int64_t write_stream(struct io_request *rq)
{
	struct unix_socket *s = unix_of(rq->file), *peer;
	int64_t n;

	if (target_of(rq))
		return READ_ONCE(s->state) == UNIX_CONNECTED ? -EISCONN : -EOPNOTSUPP;
	peer = unix_peer(s);
	if (!peer)
		return -ENOTCONN;
	n = READ_ONCE(s->send_shut) ? -EPIPE : 0;
	if (!n && rq->vector.left)
		n = sender_state(rq);
	if (!n && rq->vector.left)
		n = send_message(rq, peer, MIN(rq->vector.left, chunk_bytes(s)));
	unix_put(peer);
	return n;
}

/* ---- datagrams and packets ---- */

static int find_receiver(struct unix_socket *s, const struct socket_address *a, struct unix_socket **out)
{
	if (a)
		return unix_find_named(a, s->type, out);
	*out = unix_peer(s);
	return *out ? 0 : -ENOTCONN;
}

static int check_message(struct io_request *rq, const struct socket_address *a)
{
	struct unix_socket *s = unix_of(rq->file);
	int err = 0;

	if (!unix_is_datagram(s))
		err = READ_ONCE(s->state) == UNIX_CONNECTED ? 0 : -ENOTCONN;
	else if (a)
		err = unix_address_check(a);
	if (!err && unix_must_autobind(s))
		err = unix_autobind(s);
	if (!err && rq->vector.left > s->send_limit - MESSAGE_SLACK)
		err = -EMSGSIZE;
	return err ? err : sender_state(rq);
}

static int64_t send_to(struct io_request *rq, struct unix_socket *to, bool is_connected)
{
	struct unix_socket *s = unix_of(rq->file);
	uint32_t room_count = atomic_load(&s->room_count);
	int64_t n = send_message(rq, to, rq->vector.left);

	if (n == -ECONNREFUSED && is_connected)
		unix_lose_peer(s, to);
	if (n != -EAGAIN)
		return n;
	n = unix_block_on(to, s);
	rq->private = (void *)(uintptr_t)room_count;
	rq->is_ready = queue_had_room;
	return n ? n : -EAGAIN;
}

static int64_t write_message(struct io_request *rq)
{
	struct unix_socket *s = unix_of(rq->file), *to;
	const struct socket_address *a = unix_is_datagram(s) ? target_of(rq) : NULL;
	int64_t n = check_message(rq, a);

	if (n)
		return n;
	n = find_receiver(s, a, &to);
	if (n)
		return n;
	n = send_to(rq, to, !a);
	unix_put(to);
	return n;
}

int64_t unix_write(struct io_request *rq)
{
	return unix_is_stream(unix_of(rq->file)) ? write_stream(rq) : write_message(rq);
}
