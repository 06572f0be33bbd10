/* kernel/io-manager/src/unix_connect.c: listening, connecting and accepting AF_UNIX sockets. */
#include <asm/fcntl.h>
#include <errno.h>

#include <mm/heap.h>

#include "unix.h"

#define BACKLOG_MAX 4096u	/* net.core.somaxconn */
#define AF_UNSPEC 0
#define WAKE_REASONS (INTERRUPT_SIGNAL | INTERRUPT_FATAL | INTERRUPT_SUSPEND)

/* ---- listening ---- */

static int start_listening(struct unix_socket *s, int backlog)
{
	struct unix_identity *id, *old;

	if (!s->name || READ_ONCE(s->state) == UNIX_CONNECTED)
		return -EINVAL;
	id = unix_identity_create();
	if (!id)
		return -ENOMEM;
	spin_lock(&s->lock);
	old = s->own;
	s->own = id;
	s->backlog = MIN((uint32_t)backlog, BACKLOG_MAX);
	s->state = UNIX_LISTENING;
	spin_unlock(&s->lock);
	unix_identity_put(old);
	waitq_wake_all(&s->room_wait, 0);
	waitq_wake_all(&s->wait, 0);
	return 0;
}

int unix_listen(struct file *f, int backlog)
{
	struct unix_socket *s = unix_of(f);
	int err;

	if (unix_is_datagram(s))
		return -EOPNOTSUPP;
	mutex_lock(&s->connect_lock);
	err = start_listening(s, backlog);
	mutex_unlock(&s->connect_lock);
	return err;
}

/* ---- connections ---- */

static bool is_full(const struct unix_socket *listener)
{
	return READ_ONCE(listener->nembryos) > READ_ONCE(listener->backlog);
}

static bool takes_connections(const struct unix_socket *listener)
{
	return READ_ONCE(listener->state) == UNIX_LISTENING && !READ_ONCE(listener->is_closed) &&
	       !READ_ONCE(listener->receive_shut);
}

/* Queue @embryo, whose peer is @s. @other gets who listens, a reference. */
static int offer(struct unix_socket *s, struct unix_socket *listener, struct unix_socket *embryo,
		 struct unix_identity **other)
{
	int err = 0;

	spin_lock(&listener->lock);
	if (!takes_connections(listener))
		err = -ECONNREFUSED;
	else if (is_full(listener))
		err = -EAGAIN;
	else if (s->state != UNIX_UNCONNECTED)
		err = s->state == UNIX_CONNECTED ? -EISCONN : -EINVAL;
	if (!err) {
		refcount_get(&listener->name->refs);
		embryo->name = listener->name;
		embryo->has_listeners_name = true;
		*other = listener->own;
		refcount_get(&(*other)->refs);
		unix_get(embryo);	/* the queue's */
		list_add_tail(&embryo->embryo_node, &listener->embryos);
		listener->nembryos++;
	}
	spin_unlock(&listener->lock);
	return err;
}

/* An embryo that is to be @s's other end. */
static struct unix_socket *embryo_create(struct unix_socket *s)
{
	struct unix_socket *embryo = unix_socket_create(s->type);

	if (!embryo)
		return NULL;
	embryo->other = unix_identity_create();
	if (!embryo->other) {
		unix_close(embryo, true);
		unix_put(embryo);
		return NULL;
	}
	unix_get(s);
	embryo->peer = s;
	embryo->state = UNIX_CONNECTED;
	return embryo;
}

/* Undo embryo_create() without telling @s of an end. */
static void embryo_discard(struct unix_socket *embryo)
{
	unix_put(embryo->peer);
	embryo->peer = NULL;
	unix_close(embryo, true);
	unix_put(embryo);
}

/* connect_lock of @s is held. */
static int connect_stream_to(struct unix_socket *s, struct unix_socket *listener)
{
	struct unix_socket *embryo = embryo_create(s);
	struct unix_identity *other, *old;
	int err;

	if (!embryo)
		return -ENOMEM;
	err = offer(s, listener, embryo, &other);
	if (err) {
		embryo_discard(embryo);
		return err;
	}
	spin_lock(&s->lock);
	s->peer = embryo;	/* our reference */
	old = s->other;
	s->other = other;
	s->state = UNIX_CONNECTED;
	spin_unlock(&s->lock);
	unix_identity_put(old);
	waitq_wake_all(&listener->wait, UNIX_READABLE);
	waitq_wake_all(&s->wait, UNIX_WRITABLE);
	return 0;
}

static int connect_stream(struct unix_socket *s, const struct socket_address *a)
{
	struct unix_socket *listener;
	int err = unix_address_check(a);

	if (!err && unix_must_autobind(s))
		err = unix_autobind(s);
	if (!err)
		err = unix_find_named(a, s->type, &listener);
	if (err)
		return err;
	mutex_lock(&s->connect_lock);
	err = connect_stream_to(s, listener);
	mutex_unlock(&s->connect_lock);
	unix_put(listener);
	return err;
}

int unix_wait_connect(struct file *f, const struct socket_address *a, uint64_t limit_ns)
{
	struct unix_socket *listener;
	int err = unix_find_named(a, unix_of(f)->type, &listener);

	/* connect() will say what is wrong. */
	if (err)
		return 0;
	err = WAIT_EVENT(&listener->room_wait, !takes_connections(listener) || !is_full(listener), WAKE_REASONS, limit_ns);
	unix_put(listener);
	return err == -ETIMEDOUT ? -EAGAIN : err;
}

/* ---- datagrams: whom to send to ---- */

/* @s and @old are no pair any more: what was said between them is void. */
static void part(struct unix_socket *s, struct unix_socket *old)
{
	struct list_node unread = LIST_INIT(unread);
	bool was_pair = false;

	mutex_lock(&s->read_lock);
	spin_lock(&s->lock);
	list_splice_tail(&s->messages, &unread);
	s->nmessages = s->bytes = 0;
	spin_unlock(&s->lock);
	mutex_unlock(&s->read_lock);
	unix_unblock(s);
	if (list_is_empty(&unread))
		return;
	unix_messages_drop(&unread);
	spin_lock(&old->lock);
	if (!old->is_closed && old->peer == s) {
		old->error = -ECONNRESET;
		was_pair = true;
	}
	spin_unlock(&old->lock);
	if (was_pair)
		waitq_wake_all(&old->wait, 0);
}

/* @peer's reference is taken over; NULL: none. */
static void set_peer(struct unix_socket *s, struct unix_socket *peer)
{
	struct unix_socket *old;

	spin_lock(&s->lock);
	old = s->peer;
	s->peer = peer;
	s->state = peer ? UNIX_CONNECTED : UNIX_UNCONNECTED;
	spin_unlock(&s->lock);
	/* Who waits for room at the old one need not any more. */
	atomic_add(&s->room_count, 1);
	waitq_wake_all(&s->wait, UNIX_WRITABLE);
	if (old && old != peer)
		part(s, old);
	unix_put(old);
}

void unix_lose_peer(struct unix_socket *s, struct unix_socket *peer)
{
	bool is_ours;

	spin_lock(&s->lock);
	is_ours = s->peer == peer;
	if (is_ours) {
		s->peer = NULL;
		s->state = UNIX_UNCONNECTED;
	}
	spin_unlock(&s->lock);
	if (!is_ours)
		return;
	part(s, peer);
	unix_put(peer);
}

static bool may_send(struct unix_socket *s, struct unix_socket *to)
{
	struct unix_socket *peer = READ_ONCE(to->peer);

	return !peer || peer == s;
}

static int connect_datagram(struct unix_socket *s, const struct socket_address *a)
{
	struct unix_socket *peer = NULL;
	int err = 0;

	if (a->len < sizeof(a->family))
		return -EINVAL;
	if (a->family != AF_UNSPEC) {
		err = unix_address_check(a);
		if (!err && unix_must_autobind(s))
			err = unix_autobind(s);
		if (!err)
			err = unix_find_named(a, s->type, &peer);
		if (!err && !may_send(s, peer)) {
			unix_put(peer);
			err = -EPERM;
		}
	}
	if (err)
		return err;
	mutex_lock(&s->connect_lock);
	set_peer(s, peer);
	mutex_unlock(&s->connect_lock);
	return 0;
}

int unix_connect(struct file *f, const struct socket_address *a)
{
	struct unix_socket *s = unix_of(f);

	return unix_is_datagram(s) ? connect_datagram(s, a) : connect_stream(s, a);
}

/* ---- accepting ---- */

bool unix_can_accept(struct file *f)
{
	struct unix_socket *s = unix_of(f);

	return READ_ONCE(s->nembryos) || !takes_connections(s);
}

static int accept_state(struct unix_socket *s, struct file *f)
{
	bool is_nonblocking = atomic_load(&f->flags) & O_NONBLOCK;

	return READ_ONCE(s->receive_shut) && !is_nonblocking ? -EINVAL : -EAGAIN;
}

int unix_accept(struct file *f, uint32_t flags, struct file **out)
{
	struct unix_socket *s = unix_of(f), *embryo;
	int err;

	if (unix_is_datagram(s))
		return -EOPNOTSUPP;
	if (READ_ONCE(s->state) != UNIX_LISTENING)
		return -EINVAL;
	embryo = unix_take_first_embryo(s);
	if (!embryo)
		return accept_state(s, f);
	waitq_wake_all(&s->room_wait, 0);
	atomic_store(&embryo->options, READ_ONCE(s->options) & UNIX_OPT_PASSCRED);
	err = unix_file_create(embryo, flags, out);
	if (err) {
		unix_close(embryo, true);
		unix_put(embryo);
	}
	return err;
}

int unix_tell_name(struct file *f, bool of_peer, struct socket_address *out)
{
	struct unix_socket *s = unix_of(f), *of = s;
	struct unix_name *n;

	if (of_peer) {
		of = unix_peer(s);
		if (!of)
			return -ENOTCONN;
	}
	n = unix_name_of(of);
	unix_name_tell(n, out);
	unix_name_put(n);
	if (of_peer)
		unix_put(of);
	return 0;
}
