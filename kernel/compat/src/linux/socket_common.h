/* kernel/compat/src/linux/socket_common.h: what the calls on sockets share. */
#ifndef COMPAT_LINUX_SOCKET_COMMON_H
#define COMPAT_LINUX_SOCKET_COMMON_H

#include <io/socket.h>

#include "files.h"

/* The socket of @fd, a reference. -EBADF; -ENOTSOCK. */
int linux_socket(int fd, struct file **out);

/* An address of user memory. Returns: 0; -EINVAL a length that no address has; -EFAULT. */
int linux_address_in(struct socket_address *a, uint64_t user, int32_t len);
/* Store @a at @user as far as the room at @user_len (a user int) goes, and its whole length
 * there. -EINVAL -EFAULT. */
int linux_address_out(const struct socket_address *a, uint64_t user, uint64_t user_len);

/* What an interrupted wait gives: the call runs again unless it has a time-out (man 7 signal). */
static inline int64_t linux_socket_restart(int64_t n, uint64_t timeout_ns)
{
	return timeout_ns ? n : linux_restartable(n);
}

#endif
