/* kernel/io-manager/src/unix_receive.c: what a read of an AF_UNIX socket does. */
#include <asm/fcntl.h>
#include <errno.h>

#include <mm/heap.h>

#include "unix.h"

#define NOBODY 65534u	/* the overflow uid: a message that nobody signed */

static int take_error(struct unix_socket *s)
{
	int err;

	spin_lock(&s->lock);
	err = s->error;
	s->error = 0;
	spin_unlock(&s->lock);
	return err;
}

static bool is_nonblocking(const struct io_request *rq)
{
	return (rq->flags & IO_NONBLOCK) || (atomic_load(&rq->file->flags) & O_NONBLOCK);
}

/* What a read of an empty queue gives; an error has been looked for. */
static int64_t empty_state(const struct io_request *rq)
{
	const struct unix_socket *s = unix_of(rq->file);

	if (!READ_ONCE(s->receive_shut))
		return -EAGAIN;
	return unix_is_datagram(s) && is_nonblocking(rq) ? -EAGAIN : 0;
}

/* ---- the queue ---- */

static struct unix_message *first_message(struct unix_socket *s)
{
	struct unix_message *m;

	spin_lock(&s->lock);
	m = list_first_entry(&s->messages, struct unix_message, node);
	spin_unlock(&s->lock);
	return m;
}

static struct unix_message *message_after(struct unix_socket *s, struct unix_message *m)
{
	struct unix_message *next = NULL;

	spin_lock(&s->lock);
	if (m->node.next != &s->messages)
		next = list_entry(m->node.next, struct unix_message, node);
	spin_unlock(&s->lock);
	return next;
}

/* @n bytes of the first message are read; it goes when it is used up, or @whole. */
static void consume(struct unix_socket *s, struct unix_message *m, size_t n, bool whole)
{
	bool is_used_up = whole || m->offset + n == m->len, makes_room = false;

	spin_lock(&s->lock);
	s->bytes -= whole ? m->len - m->offset : (uint32_t)n;
	m->offset += (uint32_t)n;
	if (is_used_up) {
		list_del(&m->node);
		makes_room = s->nmessages-- == UNIX_QUEUE_MAX + 1 && !list_is_empty(&s->blocked);
	}
	spin_unlock(&s->lock);
	if (is_used_up)
		unix_message_free(m);
	if (makes_room)
		unix_unblock(s);
}

/* ---- what comes with the bytes ---- */

/* Give @m's files to @control (copies of the references). Returns: the rights that have
 * landed, to be dropped without the lock; NULL when peeking. */
static struct unix_rights *deliver_files(struct unix_message *m, struct socket_control *control, bool is_peek)
{
	uint32_t room = control ? control->max_files : 0;
	struct unix_rights *r;

	mutex_lock(&unix_rights_lock);
	r = m->rights;
	for (uint32_t i = 0; i < MIN(room, r->nfiles); i++) {
		file_get(r->files[i]);
		control->files[control->nfiles++] = r->files[i];
	}
	if (control && r->nfiles > room)
		control->flags |= SOCKET_CONTROL_CUT;
	if (!is_peek) {
		m->rights = NULL;
		unix_rights_land(r);
	}
	mutex_unlock(&unix_rights_lock);
	return is_peek ? NULL : r;
}

static void drop_rights(struct unix_rights *r)
{
	for (uint32_t i = 0; i < r->nfiles; i++)
		file_put(r->files[i]);
	kfree(r);
}

static bool asks_identity(const struct unix_socket *s)
{
	return READ_ONCE(s->options) & UNIX_OPT_PASSCRED;
}

static void tell_sender(struct unix_socket *s, struct unix_message *m, struct socket_control *control)
{
	struct unix_name *name;

	if (!control)
		return;
	if (asks_identity(s)) {
		control->sender = m->has_id ? m->id : (struct socket_identity){ 0, NOBODY, NOBODY };
		control->flags |= SOCKET_HAS_IDENTITY;
	}
	if (!control->address || !(control->flags & SOCKET_WANTS_ADDRESS))
		return;
	name = unix_name_of(m->sender);
	if (name)
		unix_name_tell(name, control->address);
	unix_name_put(name);
}

static bool has_same_sender(const struct unix_message *a, const struct unix_message *b)
{
	return a->has_id == b->has_id && a->id.pid == b->id.pid && a->id.uid == b->id.uid && a->id.gid == b->id.gid;
}

/* ---- streams ---- */

/* Copy from messages until the vector is full, files came, or the sender is another. */
static int64_t copy_stream(struct io_request *rq, struct unix_message *m, struct unix_rights **landed)
{
	struct unix_socket *s = unix_of(rq->file);
	bool is_peek = rq->flags & IO_PEEK, had_files = false;
	const struct unix_message first = { .has_id = m->has_id, .id = m->id };
	struct unix_message *next;
	int64_t done = 0;
	int err = 0;

	for (; m && rq->vector.left && !had_files; m = next) {
		size_t want = MIN(rq->vector.left, m->len - m->offset), n;

		if (asks_identity(s) && !has_same_sender(m, &first))
			break;
		n = io_copy_to(&rq->vector, m->data + m->offset, want, &err);
		if (n && m->rights) {
			*landed = deliver_files(m, rq->control, is_peek);
			had_files = true;
		}
		done += (int64_t)n;
		next = is_peek ? message_after(s, m) : NULL;
		if (!is_peek) {
			consume(s, m, n, false);
			next = first_message(s);
		}
		if (n < want)
			break;
	}
	return done ? done : err;
}

static int64_t read_once(struct io_request *rq, struct unix_rights **landed)
{
	struct unix_socket *s = unix_of(rq->file);
	struct unix_message *m = first_message(s);
	int err;

	if (!m) {
		err = take_error(s);
		return err ? err : empty_state(rq);
	}
	tell_sender(s, m, rq->control);
	return copy_stream(rq, m, landed);
}

/* SO_RCVLOWAT: a read that waits goes on until it has so much. rq->private counts what earlier
 * tries of the same request have taken. */
static int64_t read_stream(struct io_request *rq, struct unix_rights **landed)
{
	struct unix_socket *s = unix_of(rq->file);
	uint64_t before = (uintptr_t)rq->private, wanted = MIN((uint64_t)s->low_water, before + rq->vector.left), total;
	int64_t n = read_once(rq, landed);

	if (n <= 0)
		return before && n != -EAGAIN ? (int64_t)before : n;
	total = before + (uint64_t)n;
	if (total >= wanted || *landed || (rq->flags & IO_PEEK) || is_nonblocking(rq))
		return (int64_t)total;
	rq->private = (void *)(uintptr_t)total;
	return -EAGAIN;
}

/* ---- datagrams and packets ---- */

static int64_t read_message(struct io_request *rq, struct unix_rights **landed)
{
	struct unix_socket *s = unix_of(rq->file);
	bool is_peek = rq->flags & IO_PEEK;
	struct unix_message *m;
	int err = take_error(s);
	size_t n = 0;

	if (err)
		return err;
	m = first_message(s);
	if (!m)
		return empty_state(rq);
	if (m->len && rq->vector.left)
		n = io_copy_to(&rq->vector, m->data, m->len, &err);
	tell_sender(s, m, rq->control);
	if (rq->control) {
		rq->control->message_bytes = m->len;
		if (n < m->len)
			rq->control->flags |= SOCKET_MESSAGE_CUT;
	}
	if (m->rights)
		*landed = deliver_files(m, rq->control, is_peek);
	if (!is_peek)
		consume(s, m, 0, true);
	return err ? err : (int64_t)n;
}

static int check_state(const struct unix_socket *s)
{
	if (unix_is_datagram(s) || READ_ONCE(s->state) == UNIX_CONNECTED)
		return 0;
	return unix_is_stream(s) ? -EINVAL : -ENOTCONN;
}

int64_t unix_read(struct io_request *rq)
{
	struct unix_socket *s = unix_of(rq->file);
	struct unix_rights *landed = NULL;
	int64_t n;

	/* read(2) of nothing takes nothing, not even an empty packet. */
	if (!rq->control && !rq->vector.left)
		return 0;
	n = check_state(s);
	if (n)
		return n;
	if (!READ_ONCE(s->nmessages) && !READ_ONCE(s->receive_shut) && !READ_ONCE(s->error))
		return -EAGAIN;
	mutex_lock(&s->read_lock);
	n = unix_is_stream(s) ? read_stream(rq, &landed) : read_message(rq, &landed);
	mutex_unlock(&s->read_lock);
	if (landed)
		drop_rights(landed);
	return n;
}
