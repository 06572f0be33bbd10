/* kernel/compat/src/linux/socket_control.h: control messages of sendmsg and recvmsg. */
#ifndef COMPAT_LINUX_SOCKET_CONTROL_H
#define COMPAT_LINUX_SOCKET_CONTROL_H

#include <io/socket.h>

#include "files.h"

/* Take the files that the control messages at @user name. Returns: 0 with @c filled in (end
 * it with socket_control_end()); -EBADF -EINVAL -EPERM -EFAULT -ENOMEM. */
int socket_control_in(struct socket_control *c, uint64_t user, uint64_t len);
/* Room for as many files as a control buffer of @len bytes can tell of. */
int socket_control_room(struct socket_control *c, uint64_t len);
/* Install what was received and tell at @user. *@written: bytes; @flags: O_CLOEXEC or 0. */
int socket_control_out(struct socket_control *c, uint64_t user, uint64_t len, uint32_t flags, uint64_t *written);
void socket_control_end(struct socket_control *c);

#endif
