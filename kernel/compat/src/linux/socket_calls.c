/* kernel/compat/src/linux/socket_calls.c: socketpairs and the calls on them.
 *
 * A connected pair is a pipe in both directions with a few more flags. Names and other
 * families come with their owner, netd.
 */
#include "socket_control.h"

#define AF_UNIX_FAMILY 1
#define SOCK_TYPE_MASK 0xf
#define SOL_SOCKET_LEVEL 1

enum { MSG_PEEK_FLAG = 2, MSG_DONTWAIT_FLAG = 0x40, MSG_NOSIGNAL_FLAG = 0x4000, MSG_WAITALL_FLAG = 0x100,
	MSG_CTRUNC_FLAG = 8, MSG_TRUNC_FLAG = 0x20,
	MSG_CLOEXEC_FLAG = 0x40000000 };
enum { OPT_TYPE = 3, OPT_ERROR = 4, OPT_SNDBUF = 7, OPT_RCVBUF = 8, OPT_PASSCRED = 16, OPT_PEERCRED = 17,
	OPT_RCVTIMEO = 20, OPT_SNDTIMEO = 21, OPT_ACCEPTCONN = 30, OPT_PROTOCOL = 38, OPT_DOMAIN = 39 };

/* struct msghdr of x86_64 */
struct linux_msghdr {
	uint64_t name;
	uint32_t name_len, pad;
	uint64_t iov, iov_len;
	uint64_t control, control_len;
	uint32_t flags, pad2;
};

static int socket_file(int fd, struct file **out)
{
	int err = linux_file(fd, out);

	if (err || (*out)->ops->shutdown)
		return err;
	file_put(*out);
	return -ENOTSOCK;
}

int64_t linux_sys_socketpair(const uint64_t a[6])
{
	uint32_t type = (uint32_t)a[1], flags = type & (O_CLOEXEC | O_NONBLOCK);
	struct file *pair[2];
	int err;

	if ((uint32_t)a[0] != AF_UNIX_FAMILY)
		return -EAFNOSUPPORT;
	if (type & ~(uint32_t)(SOCK_TYPE_MASK | O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	if (a[2] && (uint32_t)a[2] != AF_UNIX_FAMILY)
		return -EPROTONOSUPPORT;
	err = socketpair_create((int)(type & SOCK_TYPE_MASK), flags, pair);
	return err ? err : linux_install_pair(pair[0], pair[1], flags, a[3]);
}

static uint32_t request_flags(const struct file *f, uint32_t msg_flags)
{
	bool dont_wait = (msg_flags & MSG_DONTWAIT_FLAG) || (atomic_load(&f->flags) & O_NONBLOCK);

	return (dont_wait ? IO_NONBLOCK : 0) | (msg_flags & MSG_PEEK_FLAG ? IO_PEEK : 0);
}

static int64_t send(struct file *f, struct io_vector *v, uint32_t msg_flags, struct socket_control *control)
{
	struct io_request rq = { .file = f, .vector = *v, .flags = request_flags(f, msg_flags), .control = control };
	int64_t n = io_write(&rq);

	if (n == -EPIPE && !(msg_flags & MSG_NOSIGNAL_FLAG))
		linux_raise_sigpipe();
	return linux_restartable(n);
}

static int64_t receive(struct file *f, struct io_vector *v, uint32_t msg_flags, struct socket_control *control)
{
	struct io_request rq = { .file = f, .vector = *v, .flags = request_flags(f, msg_flags), .control = control };
	bool wait_all = (msg_flags & MSG_WAITALL_FLAG) && !(msg_flags & MSG_PEEK_FLAG);
	int64_t done = 0, n;

	do {
		n = io_read(&rq);
		done += MAX(n, 0l);
	} while (n > 0 && wait_all && rq.vector.left && !control->nfiles);
	if (done && (msg_flags & MSG_TRUNC_FLAG) && control->message_bytes)
		done = (int64_t)control->message_bytes;
	return done ? done : linux_restartable(n);
}

typedef int64_t (*transfer_fn)(struct file *f, struct io_vector *v, uint32_t msg_flags, struct socket_control *control);

static int64_t transfer(uint64_t fd, uint64_t base, uint64_t len, uint64_t msg_flags, transfer_fn fn)
{
	struct io_segment segment = { base, MIN(len, LINUX_MAX_RW) };
	struct socket_control none = { 0 };
	struct io_vector v;
	struct file *f;
	int64_t n = socket_file((int)fd, &f);

	if (n)
		return n;
	io_vector_init(&v, &segment, 1, false);
	n = fn(f, &v, (uint32_t)msg_flags, &none);
	file_put(f);
	return n;
}

/* Both ends of a pair are connected: an address is one too many. */
int64_t linux_sys_sendto(const uint64_t a[6])
{
	if (a[4])
		return -EISCONN;
	return transfer(a[0], a[1], a[2], a[3], send);
}

/* The peer has no name. */
static int no_name_out(uint64_t user_addr, uint64_t user_len)
{
	uint32_t none = 0;

	return user_addr && user_len ? copy_to_user(user_ptr(user_len), &none, sizeof(none)) : 0;
}

int64_t linux_sys_recvfrom(const uint64_t a[6])
{
	int64_t n = transfer(a[0], a[1], a[2], a[3], receive);

	return n >= 0 && no_name_out(a[4], a[5]) ? -EFAULT : n;
}

static int64_t transfer_message(uint64_t fd, const struct linux_msghdr *m, uint64_t msg_flags, transfer_fn fn,
				struct socket_control *control)
{
	struct linux_iov iov;
	struct io_vector v;
	struct file *f;
	int64_t n = socket_file((int)fd, &f);

	if (n)
		return n;
	n = m->iov_len > LINUX_IOV_MAX ? -EMSGSIZE : linux_iov_in(&iov, m->iov, m->iov_len);
	if (!n) {
		io_vector_init(&v, iov.segments, iov.count, false);
		n = fn(f, &v, (uint32_t)msg_flags, control);
		linux_iov_end(&iov);
	}
	file_put(f);
	return n;
}

int64_t linux_sys_sendmsg(const uint64_t a[6])
{
	struct socket_control control;
	struct linux_msghdr m;
	int64_t n;

	if (copy_from_user(&m, user_ptr(a[1]), sizeof(m)))
		return -EFAULT;
	if (m.name && m.name_len)
		return -EISCONN;
	n = socket_control_in(&control, m.control, m.control_len);
	if (n)
		return n;
	n = transfer_message(a[0], &m, a[2], send, &control);
	socket_control_end(&control);
	return n;
}

static int give_header(struct linux_msghdr *m, struct socket_control *control, uint64_t msg_flags, uint64_t user)
{
	uint32_t cloexec = msg_flags & MSG_CLOEXEC_FLAG ? O_CLOEXEC : 0;
	int err = socket_control_out(control, m->control, m->control_len, cloexec, &m->control_len);

	if (err)
		return err;
	m->name_len = 0;
	m->flags = ((uint32_t)msg_flags & MSG_CLOEXEC_FLAG) | (control->flags & SOCKET_MESSAGE_CUT ? MSG_TRUNC_FLAG : 0) |
		   (control->flags & SOCKET_CONTROL_CUT ? MSG_CTRUNC_FLAG : 0);
	return copy_to_user(user_ptr(user), m, sizeof(*m));
}

int64_t linux_sys_recvmsg(const uint64_t a[6])
{
	struct socket_control control;
	struct linux_msghdr m;
	int64_t n;

	if (copy_from_user(&m, user_ptr(a[1]), sizeof(m)))
		return -EFAULT;
	n = socket_control_room(&control, m.control ? m.control_len : 0);
	if (n)
		return n;
	n = transfer_message(a[0], &m, a[2], receive, &control);
	if (n >= 0 && give_header(&m, &control, a[2], a[1]))
		n = -EFAULT;
	socket_control_end(&control);
	return n;
}

int64_t linux_sys_shutdown(const uint64_t a[6])
{
	struct file *f;
	int err = socket_file((int)a[0], &f);

	if (err)
		return err;
	err = (uint32_t)a[1] > 2 ? -EINVAL : f->ops->shutdown(f, (int)a[1]);
	file_put(f);
	return err;
}

/* ---- options ---- */

struct option_value { uint32_t len; union { uint32_t words[4]; int64_t time[2]; }; };

static void time_value(struct option_value *v, uint64_t ns)
{
	v->len = sizeof(v->time);
	v->time[0] = (int64_t)(ns / NSEC_PER_SEC);
	v->time[1] = (int64_t)(ns % NSEC_PER_SEC / NSEC_PER_USEC);
}

static int get_option(const struct file *f, const struct socket_info *s, int name, struct option_value *v)
{
	*v = (struct option_value){ .len = sizeof(v->words[0]) };
	switch (name) {
	case OPT_TYPE:
		v->words[0] = (uint32_t)s->type;
		return 0;
	case OPT_DOMAIN:
		v->words[0] = AF_UNIX_FAMILY;
		return 0;
	case OPT_SNDBUF:
		v->words[0] = s->send_bytes;
		return 0;
	case OPT_RCVBUF:
		v->words[0] = s->receive_bytes;
		return 0;
	case OPT_PEERCRED:
		v->words[0] = s->peer_pid;
		v->words[1] = s->peer_uid;
		v->words[2] = s->peer_gid;
		v->len = 3 * sizeof(v->words[0]);
		return 0;
	case OPT_RCVTIMEO:
		time_value(v, f->read_timeout_ns);
		return 0;
	case OPT_SNDTIMEO:
		time_value(v, f->write_timeout_ns);
		return 0;
	case OPT_ERROR:
	case OPT_ACCEPTCONN:
	case OPT_PROTOCOL:
	case OPT_PASSCRED:
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

static int give_option(const struct option_value *v, uint64_t user, uint64_t user_len)
{
	uint32_t room;

	if (get_user(room, (const uint32_t __user *)user_ptr(user_len)))
		return -EFAULT;
	if ((int32_t)room < 0)
		return -EINVAL;
	room = MIN(v->len, room);
	if (copy_to_user(user_ptr(user), v->words, room) || copy_to_user(user_ptr(user_len), &room, sizeof(room)))
		return -EFAULT;
	return 0;
}

int64_t linux_sys_getsockopt(const uint64_t a[6])
{
	struct option_value value;
	struct socket_info info;
	struct file *f;
	int err = socket_file((int)a[0], &f);

	if (err)
		return err;
	f->ops->socket_info(f, &info);
	err = (int)a[1] == SOL_SOCKET_LEVEL ? get_option(f, &info, (int)a[2], &value) : -EOPNOTSUPP;
	file_put(f);
	return err ? err : give_option(&value, a[3], a[4]);
}

/* A struct timeval; 0 is for ever. */
static int set_timeout(uint64_t *timeout_ns, uint64_t user, uint32_t len)
{
	int64_t time[2];

	if (len < sizeof(time))
		return -EINVAL;
	if (copy_from_user(time, user_ptr(user), sizeof(time)))
		return -EFAULT;
	if (time[1] < 0 || time[1] >= 1000000)
		return -EDOM;
	if (time[0] < 0 || time[0] > (int64_t)(LINUX_TIME_MAX_NS / NSEC_PER_SEC))
		*timeout_ns = 0;
	else
		*timeout_ns = (uint64_t)time[0] * NSEC_PER_SEC + (uint64_t)time[1] * NSEC_PER_USEC;
	return 0;
}

static int set_option(struct file *f, int name, uint64_t user, uint32_t len)
{
	switch (name) {
	case OPT_RCVTIMEO:
		return set_timeout(&f->read_timeout_ns, user, len);
	case OPT_SNDTIMEO:
		return set_timeout(&f->write_timeout_ns, user, len);
	default:
		return -ENOPROTOOPT;
	}
}

int64_t linux_sys_setsockopt(const uint64_t a[6])
{
	struct file *f;
	int err = socket_file((int)a[0], &f);

	if (err)
		return err;
	err = (int)a[1] == SOL_SOCKET_LEVEL ? set_option(f, (int)a[2], a[3], (uint32_t)a[4]) : -EOPNOTSUPP;
	file_put(f);
	return err;
}

/* An unnamed AF_UNIX address is its family alone (man 7 unix). */
static int64_t unnamed(int fd, uint64_t user_addr, uint64_t user_len)
{
	uint16_t family = AF_UNIX_FAMILY;
	uint32_t len = sizeof(family), room;
	struct file *f;
	int err = socket_file(fd, &f);

	if (err)
		return err;
	file_put(f);
	if (get_user(room, (const uint32_t __user *)user_ptr(user_len)))
		return -EFAULT;
	if ((int32_t)room < 0)
		return -EINVAL;
	if (copy_to_user(user_ptr(user_addr), &family, MIN(room, len)) || copy_to_user(user_ptr(user_len), &len, sizeof(len)))
		return -EFAULT;
	return 0;
}

int64_t linux_sys_getsockname(const uint64_t a[6])
{
	return unnamed((int)a[0], a[1], a[2]);
}

int64_t linux_sys_getpeername(const uint64_t a[6])
{
	return unnamed((int)a[0], a[1], a[2]);
}
