/* kernel/compat/src/linux/socket_transfer.c: sending and receiving. */
#include "socket_control.h"

/* sys/socket.h's MSG_*, which have no header of the kernel's interface. */
enum { OOB = 1, PEEK = 2, CTRUNC = 8, TRUNC = 0x20, DONTWAIT = 0x40, WAITALL = 0x100, NOSIGNAL = 0x4000, WAITFORONE = 0x10000,
	CMSG_CLOEXEC = 0x40000000 };

#define MAX_MESSAGES 1024u	/* of one sendmmsg or recvmmsg */

/* struct msghdr of x86_64, and struct mmsghdr */
struct linux_msghdr {
	uint64_t name;
	int32_t name_len;
	uint32_t pad;
	uint64_t iov, iov_len;
	uint64_t control, control_len;
	uint32_t flags, pad2;
};
struct linux_mmsghdr {
	struct linux_msghdr header;
	uint32_t len, pad;
};

static uint32_t request_flags(const struct file *f, uint32_t msg_flags)
{
	bool dont_wait = (msg_flags & DONTWAIT) || (atomic_load(&f->flags) & O_NONBLOCK);

	return (dont_wait ? IO_NONBLOCK : 0) | (msg_flags & PEEK ? IO_PEEK : 0);
}

static int64_t send(struct file *f, struct io_vector *v, uint32_t msg_flags, struct socket_control *control)
{
	struct io_request rq = { .file = f, .vector = *v, .flags = request_flags(f, msg_flags), .control = control };
	int64_t n = msg_flags & OOB ? -EOPNOTSUPP : io_write(&rq);

	if (n == -EPIPE && !(msg_flags & NOSIGNAL) && file_breaks_loudly(f))
		linux_raise_sigpipe();
	return linux_socket_restart(n, f->write_timeout_ns);
}

static int64_t receive(struct file *f, struct io_vector *v, uint32_t msg_flags, struct socket_control *control)
{
	struct io_request rq = { .file = f, .vector = *v, .flags = request_flags(f, msg_flags), .control = control };
	bool wait_all = (msg_flags & WAITALL) && !(msg_flags & PEEK);
	int64_t done = 0, n;

	if (msg_flags & OOB)
		return -EOPNOTSUPP;
	do {
		n = io_read(&rq);
		done += MAX(n, 0l);
	} while (n > 0 && wait_all && rq.vector.left && !control->nfiles && !control->message_bytes);
	if (n >= 0 && (msg_flags & TRUNC) && control->message_bytes)
		done = (int64_t)control->message_bytes;
	return done ? done : linux_socket_restart(n, f->read_timeout_ns);
}

/* ---- sendto, recvfrom ---- */

int64_t linux_sys_sendto(const uint64_t a[6])
{
	struct io_segment segment = { a[1], MIN(a[2], LINUX_MAX_RW) };
	struct socket_address to = { 0 };
	struct socket_control control = { .address = &to };
	struct io_vector v;
	struct file *f;
	int64_t n = linux_socket((int)a[0], &f);

	if (n)
		return n;
	n = a[4] ? linux_address_in(&to, a[4], (int32_t)a[5]) : 0;
	if (!n) {
		io_vector_init(&v, &segment, 1, false);
		n = send(f, &v, (uint32_t)a[3], &control);
	}
	file_put(f);
	return n;
}

int64_t linux_sys_recvfrom(const uint64_t a[6])
{
	struct io_segment segment = { a[1], MIN(a[2], LINUX_MAX_RW) };
	struct socket_address from = { 0 };
	struct socket_control control = { .address = &from, .flags = SOCKET_WANTS_ADDRESS };
	struct io_vector v;
	struct file *f;
	int64_t n = linux_socket((int)a[0], &f);
	int err;

	if (n)
		return n;
	io_vector_init(&v, &segment, 1, false);
	n = receive(f, &v, (uint32_t)a[3], &control);
	file_put(f);
	err = n >= 0 && a[4] ? linux_address_out(&from, a[4], a[5]) : 0;
	return err ? err : n;
}

/* ---- sendmsg, recvmsg ---- */

/* The header, checked as Linux does before it looks at what it points to. */
static int header_in(struct linux_msghdr *m, uint64_t user)
{
	if (copy_from_user(m, user_ptr(user), sizeof(*m)))
		return -EFAULT;
	if (!m->name)
		m->name_len = 0;
	if (m->name_len < 0)
		return -EINVAL;
	m->name_len = MIN(m->name_len, (int32_t)SOCKET_ADDRESS_MAX);
	return m->iov_len > LINUX_IOV_MAX ? -EMSGSIZE : 0;
}

static int64_t send_vector(struct file *f, const struct linux_msghdr *m, struct io_vector *v, uint32_t msg_flags,
			   struct socket_address *to)
{
	struct socket_control control;
	int64_t n = socket_control_in(&control, m->control, m->control_len);

	if (n)
		return n;
	control.address = to;
	n = send(f, v, msg_flags, &control);
	socket_control_end(&control);
	return n;
}

static int64_t send_one(struct file *f, uint64_t user, uint32_t msg_flags)
{
	struct socket_address to = { 0 };
	struct linux_msghdr m;
	struct linux_iov iov;
	struct io_vector v;
	int64_t n = header_in(&m, user);

	if (!n && m.name_len)
		n = linux_address_in(&to, m.name, m.name_len);
	if (!n)
		n = linux_iov_in(&iov, m.iov, m.iov_len);
	if (n)
		return n;
	io_vector_init(&v, iov.segments, iov.count, false);
	n = send_vector(f, &m, &v, msg_flags, &to);
	linux_iov_end(&iov);
	return n;
}

int64_t linux_sys_sendmsg(const uint64_t a[6])
{
	struct file *f;
	int64_t n = linux_socket((int)a[0], &f);

	if (n)
		return n;
	n = send_one(f, a[1], (uint32_t)a[2]);
	file_put(f);
	return n;
}

/* What recvmsg tells besides the bytes, in the caller's header. */
static int tell_received(const struct linux_msghdr *m, struct socket_control *control, uint32_t msg_flags, uint64_t user)
{
	struct linux_msghdr __user *um = user_ptr(user);
	uint32_t cloexec = msg_flags & CMSG_CLOEXEC ? O_CLOEXEC : 0, flags = msg_flags & CMSG_CLOEXEC;
	uint64_t written;
	int err = 0;

	if (m->name)
		err = linux_address_out(control->address, m->name, user + offsetof(struct linux_msghdr, name_len));
	if (!err)
		err = socket_control_out(control, m->control, m->control_len, cloexec, &written);
	if (err)
		return err;
	flags |= (control->flags & SOCKET_MESSAGE_CUT ? TRUNC : 0) | (control->flags & SOCKET_CONTROL_CUT ? CTRUNC : 0);
	if (put_user(flags, &um->flags) || put_user(written, &um->control_len))
		return -EFAULT;
	return 0;
}

static int64_t receive_vector(struct file *f, const struct linux_msghdr *m, struct io_vector *v, uint32_t msg_flags,
			      uint64_t user)
{
	struct socket_address from = { 0 };
	struct socket_control control;
	int64_t n = socket_control_room(&control, m->control ? m->control_len : 0);
	int err;

	if (n)
		return n;
	control.address = &from;
	control.flags = SOCKET_WANTS_ADDRESS;
	n = receive(f, v, msg_flags, &control);
	err = n >= 0 ? tell_received(m, &control, msg_flags, user) : 0;
	socket_control_end(&control);
	return err ? err : n;
}

static int64_t receive_one(struct file *f, uint64_t user, uint32_t msg_flags)
{
	struct linux_msghdr m;
	struct linux_iov iov;
	struct io_vector v;
	int64_t n = header_in(&m, user);

	if (!n)
		n = linux_iov_in(&iov, m.iov, m.iov_len);
	if (n)
		return n;
	io_vector_init(&v, iov.segments, iov.count, false);
	n = receive_vector(f, &m, &v, msg_flags, user);
	linux_iov_end(&iov);
	return n;
}

int64_t linux_sys_recvmsg(const uint64_t a[6])
{
	struct file *f;
	int64_t n = linux_socket((int)a[0], &f);

	if (n)
		return n;
	n = receive_one(f, a[1], (uint32_t)a[2]);
	file_put(f);
	return n;
}

/* ---- several at once ---- */

static int put_length(uint64_t user, int64_t n)
{
	return put_user((uint32_t)n, &((struct linux_mmsghdr __user *)user_ptr(user))->len);
}

int64_t linux_sys_sendmmsg(const uint64_t a[6])
{
	uint64_t count = MIN((uint32_t)a[2], MAX_MESSAGES), sent = 0;
	struct file *f;
	int64_t n = linux_socket((int)a[0], &f);

	if (n)
		return n;
	for (; sent < count; sent++) {
		uint64_t user = a[1] + sent * sizeof(struct linux_mmsghdr);

		n = send_one(f, user, (uint32_t)a[3]);
		if (n >= 0)
			n = put_length(user, n);
		if (n)
			break;
	}
	file_put(f);
	return sent ? (int64_t)sent : n;
}

/* The time-out is looked at after each message, no sooner (man 2 recvmmsg, BUGS). */
static int64_t receive_several(struct file *f, uint64_t user, uint64_t count, uint32_t msg_flags, uint64_t deadline_ns)
{
	uint64_t received = 0;
	int64_t n = 0;

	while (received < count) {
		n = receive_one(f, user, msg_flags & ~(uint32_t)WAITFORONE);
		if (n >= 0)
			n = put_length(user, n);
		if (n)
			break;
		received++;
		user += sizeof(struct linux_mmsghdr);
		if (msg_flags & WAITFORONE)
			msg_flags |= DONTWAIT;
		if (deadline_ns && clock_monotonic_ns() >= deadline_ns)
			break;
	}
	return received ? (int64_t)received : n;
}

static int64_t give_time_left(uint64_t user, uint64_t deadline_ns)
{
	uint64_t now = clock_monotonic_ns();

	return linux_timespec_out(user, deadline_ns > now ? deadline_ns - now : 0);
}

int64_t linux_sys_recvmmsg(const uint64_t a[6])
{
	uint64_t deadline_ns = 0, ns;
	struct file *f;
	int64_t n;

	if (a[4]) {
		n = linux_timespec_in(a[4], &ns);
		if (n)
			return n;
		deadline_ns = linux_deadline_after(ns);
	}
	n = linux_socket((int)a[0], &f);
	if (n)
		return n;
	n = receive_several(f, a[1], MIN((uint32_t)a[2], MAX_MESSAGES), (uint32_t)a[3], deadline_ns);
	file_put(f);
	if (n > 0 && a[4] && give_time_left(a[4], deadline_ns))
		n = -EFAULT;
	return n;
}
