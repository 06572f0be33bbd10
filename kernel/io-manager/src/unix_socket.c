/* kernel/io-manager/src/unix_socket.c: the life of an AF_UNIX socket, and what its file can do. */
#include <asm/fcntl.h>
#include <asm/ioctls.h>
#include <errno.h>

#include <mm/heap.h>
#include <mm/usercopy.h>

#include "unix.h"

#define BUFFER_BYTES 212992u	/* Linux's default SO_SNDBUF and SO_RCVBUF */

HEAP_CACHE(socket_cache, "socket", sizeof(struct unix_socket));

struct unix_socket *unix_socket_create(int type)
{
	struct unix_socket *s = heap_cache_alloc(&socket_cache, 0);

	if (!s)
		return NULL;
	refcount_set(&s->refs, 1);
	s->type = type;
	mutex_init(&s->connect_lock, LOCK_SOCKET_CONNECT);
	mutex_init(&s->read_lock, LOCK_SOCKET_READ);
	waitq_init(&s->wait);
	waitq_init(&s->room_wait);
	spin_init(&s->lock, LOCK_SOCKET);
	list_init(&s->id_node);
	list_init(&s->messages);
	list_init(&s->embryos);
	list_init(&s->embryo_node);
	list_init(&s->blocked);
	list_init(&s->flight_node);
	s->send_limit = s->receive_limit = BUFFER_BYTES;
	s->low_water = 1;
	unix_table_enter(s);
	return s;
}

void unix_put(struct unix_socket *s)
{
	if (!s || !refcount_put(&s->refs))
		return;
	unix_put(s->peer);
	unix_name_put(s->name);
	unix_identity_put(s->own);
	unix_identity_put(s->other);
	heap_cache_free(&socket_cache, s);
}

int unix_file_create(struct unix_socket *s, uint32_t flags, struct file **out)
{
	int err = file_create(&unix_ops, O_RDWR | (flags & O_NONBLOCK), s, out);

	if (!err)
		s->file = *out;
	return err;
}

struct unix_socket *unix_peer(struct unix_socket *s)
{
	struct unix_socket *peer;

	spin_lock(&s->lock);
	peer = s->peer;
	if (peer)
		unix_get(peer);
	spin_unlock(&s->lock);
	return peer;
}

/* ---- the end ---- */

static void tell_peer_of_end(struct unix_socket *s, struct unix_socket *peer, bool lost_data)
{
	if (unix_is_datagram(s))
		return;
	spin_lock(&peer->lock);
	peer->receive_shut = peer->send_shut = true;
	if (lost_data)
		peer->error = -ECONNRESET;
	spin_unlock(&peer->lock);
	waitq_wake_all(&peer->wait, 0);
}

struct unix_socket *unix_take_first_embryo(struct unix_socket *s)
{
	struct unix_socket *embryo;

	spin_lock(&s->lock);
	embryo = list_first_entry(&s->embryos, struct unix_socket, embryo_node);
	if (embryo) {
		list_del(&embryo->embryo_node);
		s->nembryos--;
	}
	spin_unlock(&s->lock);
	return embryo;
}

static void drop_embryos(struct unix_socket *s)
{
	struct unix_socket *embryo;

	while ((embryo = unix_take_first_embryo(s))) {
		unix_close(embryo, true);
		unix_put(embryo);
	}
}

void unix_close(struct unix_socket *s, bool is_embryo)
{
	struct list_node unread = LIST_INIT(unread);
	struct unix_socket *peer;
	bool lost_data;

	unix_table_leave(s);
	spin_lock(&s->lock);
	s->file = NULL;
	s->is_closed = s->receive_shut = s->send_shut = true;
	list_splice_tail(&s->messages, &unread);
	lost_data = s->nmessages || is_embryo;
	s->nmessages = s->bytes = 0;
	peer = s->peer;
	s->peer = NULL;
	spin_unlock(&s->lock);
	if (peer)
		tell_peer_of_end(s, peer, lost_data);
	waitq_wake_all(&s->room_wait, 0);
	unix_unblock(s);
	drop_embryos(s);
	unix_messages_drop(&unread);
	unix_put(peer);
	unix_name_release(s);
}

static void unix_release(struct file *f)
{
	struct unix_socket *s = unix_of(f);

	unix_close(s, false);
	unix_rights_collect();
	unix_put(s);
}

/* ---- poll, ioctl, shutdown ---- */

/* Of a connected datagram socket: is there no place for it at the other end? */
static bool peer_has_no_room(struct unix_socket *s)
{
	struct unix_socket *peer = unix_is_datagram(s) ? unix_peer(s) : NULL;
	bool is_full = peer && unix_queue_is_full(peer, s);

	if (is_full && unix_block_on(peer, s))
		is_full = false;
	unix_put(peer);
	return is_full;
}

static uint32_t unix_poll(struct file *f)
{
	struct unix_socket *s = unix_of(f);
	enum unix_state state = READ_ONCE(s->state);
	bool receive_shut = READ_ONCE(s->receive_shut);
	uint32_t events = 0;

	if (READ_ONCE(s->error))
		events |= IO_POLLERR;
	if (receive_shut)
		events |= UNIX_READABLE | IO_POLLRDHUP;
	if ((receive_shut && READ_ONCE(s->send_shut)) || (!unix_is_datagram(s) && state == UNIX_UNCONNECTED))
		events |= IO_POLLHUP;
	if (READ_ONCE(s->nmessages) || READ_ONCE(s->nembryos))
		events |= UNIX_READABLE;
	if (state != UNIX_LISTENING && unix_has_send_room(s) && !peer_has_no_room(s))
		events |= UNIX_WRITABLE;
	return events;
}

static struct wait_queue *unix_wait_queue(struct file *f, uint32_t events)
{
	return &unix_of(f)->wait;
}

static int unread_bytes(struct unix_socket *s)
{
	struct unix_message *m;
	int n;

	spin_lock(&s->lock);
	m = list_first_entry(&s->messages, struct unix_message, node);
	n = unix_is_datagram(s) ? (m ? (int)m->len : 0) : (int)s->bytes;
	spin_unlock(&s->lock);
	return n;
}

static int64_t unix_ioctl(struct file *f, uint32_t cmd, uint64_t arg)
{
	struct unix_socket *s = unix_of(f);
	int value;

	if (cmd != FIONREAD && cmd != TIOCOUTQ)
		return -ENOTTY;
	if (cmd == FIONREAD && READ_ONCE(s->state) == UNIX_LISTENING)
		return -EINVAL;
	value = cmd == FIONREAD ? unread_bytes(s) : (int)READ_ONCE(s->sent_bytes);
	return put_user(value, (int __user *)arg);
}

int unix_shutdown(struct file *f, int how)
{
	struct unix_socket *s = unix_of(f), *peer = NULL;
	bool reading = how != SOCKET_SHUT_WRITE, writing = how != SOCKET_SHUT_READ;

	spin_lock(&s->lock);
	s->receive_shut |= reading;
	s->send_shut |= writing;
	if (!unix_is_datagram(s) && s->peer) {
		peer = s->peer;
		unix_get(peer);
	}
	spin_unlock(&s->lock);
	waitq_wake_all(&s->wait, 0);
	waitq_wake_all(&s->room_wait, 0);
	if (!peer)
		return 0;
	spin_lock(&peer->lock);
	peer->send_shut |= reading;
	peer->receive_shut |= writing;
	spin_unlock(&peer->lock);
	waitq_wake_all(&peer->wait, 0);
	unix_put(peer);
	return 0;
}

static const struct socket_ops unix_socket_ops = {
	.domain = SOCKET_AF_UNIX,
	.bind = unix_bind,
	.listen = unix_listen,
	.connect = unix_connect,
	.wait_connect = unix_wait_connect,
	.accept = unix_accept,
	.can_accept = unix_can_accept,
	.name = unix_tell_name,
	.shutdown = unix_shutdown,
	.get_option = unix_get_option,
	.set_option = unix_set_option,
};

const struct file_ops unix_ops = {
	.name = "socket",
	.read = unix_read,
	.write = unix_write,
	.poll = unix_poll,
	.wait_queue = unix_wait_queue,
	.ioctl = unix_ioctl,
	.release = unix_release,
	.socket = &unix_socket_ops,
};

/* ---- creation ---- */

static int take_type(int *type, int protocol)
{
	if (protocol && protocol != SOCKET_AF_UNIX)
		return -EPROTONOSUPPORT;
	if (*type == SOCKET_RAW)
		*type = SOCKET_DATAGRAM;	/* as Linux has it, for BSD's sake */
	return *type == SOCKET_STREAM || *type == SOCKET_DATAGRAM || *type == SOCKET_SEQPACKET ? 0 : -ESOCKTNOSUPPORT;
}

static int create_one(int type, uint32_t flags, struct file **out)
{
	struct unix_socket *s = unix_socket_create(type);
	int err;

	if (!s)
		return -ENOMEM;
	err = unix_file_create(s, flags, out);
	if (err) {
		unix_close(s, false);
		unix_put(s);
	}
	return err;
}

static int family_create(int type, int protocol, uint32_t flags, struct file **out)
{
	int err = take_type(&type, protocol);

	return err ? err : create_one(type, flags, out);
}

/* Nobody else knows either of them yet. */
static void join(struct unix_socket *s, struct unix_socket *peer, struct unix_identity *id)
{
	unix_get(peer);
	s->peer = peer;
	s->state = UNIX_CONNECTED;
	refcount_get(&id->refs);
	s->other = id;
}

static int family_create_pair(int type, int protocol, uint32_t flags, struct file *out[2])
{
	int err = take_type(&type, protocol);
	struct unix_identity *id;

	if (err)
		return err;
	id = unix_identity_create();
	if (!id)
		return -ENOMEM;
	err = create_one(type, flags, &out[0]);
	if (err)
		goto out;
	err = create_one(type, flags, &out[1]);
	if (err) {
		file_put(out[0]);
		goto out;
	}
	join(unix_of(out[0]), unix_of(out[1]), id);
	join(unix_of(out[1]), unix_of(out[0]), id);
out:
	unix_identity_put(id);
	return err;
}

static const struct socket_family unix_family = {
	.domain = SOCKET_AF_UNIX,
	.create = family_create,
	.create_pair = family_create_pair,
};

void unix_init(void)
{
	unix_table_init();
	unix_rights_init();
	socket_family_add(&unix_family);
}
