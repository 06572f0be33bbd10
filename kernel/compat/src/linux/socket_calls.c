/* kernel/compat/src/linux/socket_calls.c: making sockets, naming them, connecting them. */
#include "socket_common.h"

#define SOCK_TYPE_MASK 0xf
#define SOCKET_FLAGS ((uint32_t)(O_CLOEXEC | O_NONBLOCK))

int linux_socket(int fd, struct file **out)
{
	int err = linux_file(fd, out);

	if (err || file_is_socket(*out))
		return err;
	file_put(*out);
	return -ENOTSOCK;
}

/* ---- addresses ---- */

int linux_address_in(struct socket_address *a, uint64_t user, int32_t len)
{
	if (len < 0 || (uint32_t)len > SOCKET_ADDRESS_MAX)
		return -EINVAL;
	a->len = (uint32_t)len;
	a->family = 0;
	return len ? copy_from_user(a->bytes, user_ptr(user), (size_t)len) : 0;
}

int linux_address_out(const struct socket_address *a, uint64_t user, uint64_t user_len)
{
	int32_t room;

	if (get_user(room, (const int32_t __user *)user_ptr(user_len)))
		return -EFAULT;
	if (room < 0)
		return -EINVAL;
	if (copy_to_user(user_ptr(user), a->bytes, MIN((uint32_t)room, a->len)))
		return -EFAULT;
	return put_user((int32_t)a->len, (int32_t __user *)user_ptr(user_len));
}

/* ---- making ---- */

int64_t linux_sys_socket(const uint64_t a[6])
{
	uint32_t type = (uint32_t)a[1], flags = type & ~(uint32_t)SOCK_TYPE_MASK;
	struct file *f;
	int err;

	if (flags & ~SOCKET_FLAGS)
		return -EINVAL;
	err = socket_create((int)a[0], (int)(type & SOCK_TYPE_MASK), (int)a[2], flags, &f);
	return err ? err : linux_install(f, flags);
}

int64_t linux_sys_socketpair(const uint64_t a[6])
{
	uint32_t type = (uint32_t)a[1], flags = type & ~(uint32_t)SOCK_TYPE_MASK;
	struct file *pair[2];
	int err;

	if (flags & ~SOCKET_FLAGS)
		return -EINVAL;
	err = socket_create_pair((int)a[0], (int)(type & SOCK_TYPE_MASK), (int)a[2], flags, pair);
	return err ? err : linux_install_pair(pair[0], pair[1], flags, a[3]);
}

/* ---- names and connections ---- */

typedef int (*address_fn)(struct file *f, const struct socket_address *a);

static int64_t with_address(int fd, uint64_t user, int32_t len, address_fn fn)
{
	struct socket_address address;
	struct file *f;
	int64_t ret = linux_socket(fd, &f);

	if (ret)
		return ret;
	ret = linux_address_in(&address, user, len);
	if (!ret)
		ret = linux_socket_restart(fn(f, &address), f->write_timeout_ns);
	file_put(f);
	return ret;
}

static int bind_socket(struct file *f, const struct socket_address *a)
{
	return f->ops->socket->bind(f, a);
}

int64_t linux_sys_bind(const uint64_t a[6])
{
	return with_address((int)a[0], a[1], (int32_t)a[2], bind_socket);
}

int64_t linux_sys_connect(const uint64_t a[6])
{
	return with_address((int)a[0], a[1], (int32_t)a[2], socket_connect);
}

int64_t linux_sys_listen(const uint64_t a[6])
{
	struct file *f;
	int err = linux_socket((int)a[0], &f);

	if (err)
		return err;
	err = f->ops->socket->listen(f, (int)a[1]);
	file_put(f);
	return err;
}

static int tell_name(struct file *f, bool of_peer, uint64_t user, uint64_t user_len)
{
	struct socket_address address;
	int err = f->ops->socket->name(f, of_peer, &address);

	return err ? err : linux_address_out(&address, user, user_len);
}

/* A connection whose client's name cannot be stored is lost, as on Linux. */
static int64_t accept_connection(struct file *listener, uint64_t user, uint64_t user_len, uint32_t flags)
{
	struct file *f;
	int64_t ret;

	if (linux_table_is_full())
		return -EMFILE;
	ret = socket_accept(listener, flags, &f);
	if (ret)
		return linux_socket_restart(ret, listener->read_timeout_ns);
	ret = user ? tell_name(f, true, user, user_len) : 0;
	if (!ret)
		return linux_install(f, flags);
	file_put(f);
	return ret;
}

static int64_t accept(int fd, uint64_t user, uint64_t user_len, uint32_t flags)
{
	struct file *listener;
	int64_t ret;

	if (flags & ~SOCKET_FLAGS)
		return -EINVAL;
	ret = linux_socket(fd, &listener);
	if (ret)
		return ret;
	ret = accept_connection(listener, user, user_len, flags);
	file_put(listener);
	return ret;
}

int64_t linux_sys_accept(const uint64_t a[6])
{
	return accept((int)a[0], a[1], a[2], 0);
}

int64_t linux_sys_accept4(const uint64_t a[6])
{
	return accept((int)a[0], a[1], a[2], (uint32_t)a[3]);
}

static int64_t socket_name(int fd, bool of_peer, uint64_t user, uint64_t user_len)
{
	struct file *f;
	int err = linux_socket(fd, &f);

	if (err)
		return err;
	err = tell_name(f, of_peer, user, user_len);
	file_put(f);
	return err;
}

int64_t linux_sys_getsockname(const uint64_t a[6])
{
	return socket_name((int)a[0], false, a[1], a[2]);
}

int64_t linux_sys_getpeername(const uint64_t a[6])
{
	return socket_name((int)a[0], true, a[1], a[2]);
}

int64_t linux_sys_shutdown(const uint64_t a[6])
{
	struct file *f;
	int err = linux_socket((int)a[0], &f);

	if (err)
		return err;
	err = (uint32_t)a[1] > SOCKET_SHUT_BOTH ? -EINVAL : f->ops->socket->shutdown(f, (int)a[1]);
	file_put(f);
	return err;
}
