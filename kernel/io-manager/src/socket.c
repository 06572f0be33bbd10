/* kernel/io-manager/src/socket.c: what the families of sockets have in common. */
#include <asm/fcntl.h>
#include <errno.h>

#include <io/socket.h>
#include <nucleus/log.h>

#define SOCK_TYPE_END 11
#define WAKE_REASONS (INTERRUPT_SIGNAL | INTERRUPT_FATAL | INTERRUPT_SUSPEND)

static const struct socket_family *families[SOCKET_FAMILY_MAX];

void socket_family_add(const struct socket_family *family)
{
	families[family->domain] = family;
}

static int find_family(int domain, int type, const struct socket_family **out)
{
	if (domain < 0 || domain >= SOCKET_FAMILY_MAX)
		return -EAFNOSUPPORT;
	if (type < 0 || type >= SOCK_TYPE_END)
		return -EINVAL;
	*out = families[domain];
	if (*out)
		return 0;
	log_ratelimited(LOG_WARN, SYSCALL, "socket: no family %d", domain);
	return -EAFNOSUPPORT;
}

int socket_create(int domain, int type, int protocol, uint32_t flags, struct file **out)
{
	const struct socket_family *family;
	int err = find_family(domain, type, &family);

	return err ? err : family->create(type, protocol, flags, out);
}

int socket_create_pair(int domain, int type, int protocol, uint32_t flags, struct file *out[2])
{
	const struct socket_family *family;
	int err = find_family(domain, type, &family);

	if (err)
		return err;
	return family->create_pair ? family->create_pair(type, protocol, flags, out) : -EOPNOTSUPP;
}

static bool may_wait(const struct file *f)
{
	return !(atomic_load(&f->flags) & O_NONBLOCK);
}

static uint64_t limit_after(uint64_t timeout_ns)
{
	return timeout_ns ? clock_monotonic_ns() + timeout_ns : 0;
}

int socket_connect(struct file *f, const struct socket_address *a)
{
	uint64_t limit_ns = limit_after(f->write_timeout_ns);

	for (;;) {
		int err = f->ops->socket->connect(f, a);

		if (err != -EAGAIN || !may_wait(f))
			return err;
		err = f->ops->socket->wait_connect(f, a, limit_ns);
		if (err)
			return err;
	}
}

static int wait_accept(struct file *f, uint64_t limit_ns)
{
	int err = WAIT_EVENT(f->ops->wait_queue(f, IO_POLLIN), f->ops->socket->can_accept(f), WAKE_REASONS, limit_ns);

	return err == -ETIMEDOUT ? -EAGAIN : err;
}

int socket_accept(struct file *f, uint32_t flags, struct file **out)
{
	uint64_t limit_ns = limit_after(f->read_timeout_ns);

	if (!f->ops->socket->accept)
		return -EOPNOTSUPP;
	for (;;) {
		int err = f->ops->socket->accept(f, flags, out);

		if (err != -EAGAIN || !may_wait(f))
			return err;
		err = wait_accept(f, limit_ns);
		if (err)
			return err;
	}
}

bool file_breaks_loudly(struct file *f)
{
	struct socket_option type = { .len = sizeof(type.number) };

	if (!file_is_socket(f))
		return true;
	return !f->ops->socket->get_option(f, 3 /* SO_TYPE */, &type) && type.number == SOCKET_STREAM;
}
