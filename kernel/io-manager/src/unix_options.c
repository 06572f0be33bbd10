/* kernel/io-manager/src/unix_options.c: SOL_SOCKET options of AF_UNIX sockets (man 7 socket, man 7 unix). */
#include <asm/socket.h>
#include <errno.h>
#include <string.h>

#include <linux/capability.h>
#include <ps/process.h>

#include "unix.h"

#define BUFFER_MAX 212992	/* net.core.wmem_max, rmem_max */
#define SEND_MIN 4608		/* Linux's SOCK_MIN_SNDBUF and SOCK_MIN_RCVBUF */
#define RECEIVE_MIN 2304

/* Options that are a bit. Those that mean nothing to AF_UNIX are kept and told all the same. */
static const struct { int name; uint32_t bit; } flags[] = {
	{ SO_PASSCRED, UNIX_OPT_PASSCRED }, { SO_REUSEADDR, UNIX_OPT_REUSEADDR }, { SO_REUSEPORT, UNIX_OPT_REUSEPORT },
	{ SO_KEEPALIVE, UNIX_OPT_KEEPALIVE }, { SO_BROADCAST, UNIX_OPT_BROADCAST }, { SO_DEBUG, UNIX_OPT_DEBUG },
	{ SO_DONTROUTE, UNIX_OPT_DONTROUTE }, { SO_OOBINLINE, UNIX_OPT_OOBINLINE },
};

static uint32_t flag_of(int name)
{
	for (uint32_t i = 0; i < ARRAY_SIZE(flags); i++) {
		if (flags[i].name == name)
			return flags[i].bit;
	}
	return 0;
}

/* ---- getting ---- */

static int give_number(struct socket_option *o, int64_t number)
{
	o->number = (int32_t)number;
	o->len = sizeof(o->number);
	return 0;
}

static int32_t take_error(struct unix_socket *s)
{
	int32_t err;

	spin_lock(&s->lock);
	err = -s->error;
	s->error = 0;
	spin_unlock(&s->lock);
	return err;
}

static struct unix_identity *identity_of_peer(struct unix_socket *s)
{
	struct unix_identity *i;

	spin_lock(&s->lock);
	/* A listener is its own peer: Linux shows who called listen(). */
	i = s->state == UNIX_LISTENING ? s->own : s->other;
	if (i)
		refcount_get(&i->refs);
	spin_unlock(&s->lock);
	return i;
}

static int give_peer(struct unix_socket *s, struct socket_option *o)
{
	struct unix_identity *i = identity_of_peer(s);

	o->words[0] = i ? (int32_t)i->id.pid : 0;
	o->words[1] = i ? (int32_t)i->id.uid : -1;
	o->words[2] = i ? (int32_t)i->id.gid : -1;
	o->len = 3 * sizeof(o->words[0]);
	unix_identity_put(i);
	return 0;
}

static int give_groups(struct unix_socket *s, struct socket_option *o)
{
	struct unix_identity *i = identity_of_peer(s);
	uint32_t room = o->len;

	if (!i)
		return -ENODATA;
	o->len = i->ngroups * (uint32_t)sizeof(i->groups[0]);
	memcpy(o->bytes, i->groups, o->len);
	unix_identity_put(i);
	return o->len > room ? -ERANGE : 0;
}

static int give_linger(const struct unix_socket *s, struct socket_option *o)
{
	o->words[0] = s->linger.on;
	o->words[1] = s->linger.seconds;
	o->len = 2 * sizeof(o->words[0]);
	return 0;
}

int unix_get_option(struct file *f, int name, struct socket_option *o)
{
	struct unix_socket *s = unix_of(f);
	uint32_t flag = flag_of(name);

	if (flag)
		return give_number(o, (READ_ONCE(s->options) & flag) != 0);
	switch (name) {
	case SO_TYPE:
		return give_number(o, s->type);
	case SO_DOMAIN:
		return give_number(o, SOCKET_AF_UNIX);
	case SO_PROTOCOL:
		return give_number(o, 0);
	case SO_ERROR:
		return give_number(o, take_error(s));
	case SO_ACCEPTCONN:
		return give_number(o, READ_ONCE(s->state) == UNIX_LISTENING);
	case SO_SNDBUF:
		return give_number(o, s->send_limit);
	case SO_RCVBUF:
		return give_number(o, s->receive_limit);
	case SO_RCVLOWAT:
		return give_number(o, s->low_water);
	case SO_SNDLOWAT:
		return give_number(o, 1);
	case SO_PRIORITY:
		return give_number(o, s->priority);
	case SO_LINGER:
		return give_linger(s, o);
	case SO_PEERCRED:
		return give_peer(s, o);
	case SO_PEERGROUPS:
		return give_groups(s, o);
	default:
		/* SO_PEERSEC among them: there is no security module. */
		return -ENOPROTOOPT;
	}
}

/* ---- setting ---- */

static void set_flag(struct unix_socket *s, uint32_t flag, bool on)
{
	if (on)
		__atomic_or_fetch(&s->options, flag, __ATOMIC_RELEASE);
	else
		__atomic_and_fetch(&s->options, ~flag, __ATOMIC_RELEASE);
}

/* The kernel takes twice what is asked for, for its own needs (man 7 socket). */
static uint32_t buffer_size(int32_t asked, int32_t most, int32_t least)
{
	asked = (uint32_t)asked > (uint32_t)most ? most : asked;
	return (uint32_t)MAX(asked * 2, least);
}

static int set_buffer(struct unix_socket *s, int name, int32_t asked)
{
	bool is_forced = name == SO_SNDBUFFORCE || name == SO_RCVBUFFORCE;
	bool is_send = name == SO_SNDBUF || name == SO_SNDBUFFORCE;
	int32_t most = is_forced ? INT32_MAX / 2 : BUFFER_MAX;

	if (is_forced && !ps_capable(CAP_NET_ADMIN))
		return -EPERM;
	if (is_forced && asked < 0)
		asked = 0;
	if (is_send) {
		WRITE_ONCE(s->send_limit, buffer_size(asked, most, SEND_MIN));
		waitq_wake_all(&s->wait, UNIX_WRITABLE);
	} else {
		WRITE_ONCE(s->receive_limit, buffer_size(asked, most, RECEIVE_MIN));
	}
	return 0;
}

static int set_linger(struct unix_socket *s, const struct socket_option *o)
{
	if (o->len < 2 * sizeof(o->words[0]))
		return -EINVAL;
	s->linger.on = o->words[0] != 0;
	if (s->linger.on)
		s->linger.seconds = o->words[1];
	return 0;
}

static int set_priority(struct unix_socket *s, int32_t value)
{
	if ((value < 0 || value > 6) && !ps_capable(CAP_NET_ADMIN) && !ps_capable(CAP_NET_RAW))
		return -EPERM;
	s->priority = value;
	return 0;
}

static int set_low_water(struct unix_socket *s, int32_t value)
{
	if (value < 0)
		value = INT32_MAX;
	s->low_water = value ? value : 1;
	return 0;
}

int unix_set_option(struct file *f, int name, const struct socket_option *o)
{
	struct unix_socket *s = unix_of(f);
	uint32_t flag = flag_of(name);

	if (o->len < sizeof(o->number))
		return -EINVAL;
	if (name == SO_DEBUG && o->number && !ps_capable(CAP_NET_ADMIN))
		return -EACCES;
	if (flag) {
		set_flag(s, flag, o->number != 0);
		return 0;
	}
	switch (name) {
	case SO_SNDBUF:
	case SO_RCVBUF:
	case SO_SNDBUFFORCE:
	case SO_RCVBUFFORCE:
		return set_buffer(s, name, o->number);
	case SO_LINGER:
		return set_linger(s, o);
	case SO_PRIORITY:
		return set_priority(s, o->number);
	case SO_RCVLOWAT:
		return set_low_water(s, o->number);
	default:
		return -ENOPROTOOPT;
	}
}
