/* kernel/compat/src/linux/socket_control.h: control messages of sendmsg and recvmsg. */
#ifndef COMPAT_LINUX_SOCKET_CONTROL_H
#define COMPAT_LINUX_SOCKET_CONTROL_H

#include "socket_common.h"

/* Take the files and the identity that the control messages at @user name. Returns: 0 with @c
 * filled in (end it with socket_control_end()); -EBADF -EINVAL -EPERM -ESRCH -EFAULT -ENOMEM. */
int socket_control_in(struct socket_control *c, uint64_t user, uint64_t len);
/* Room for as many files as a control buffer of @len bytes can tell of. */
int socket_control_room(struct socket_control *c, uint64_t len);
/* Tell at @user who sent, install files that were received and tell them. *@written: bytes; @flags:
 * O_CLOEXEC or 0. What does not fit is SOCKET_CONTROL_CUT in c->flags. */
int socket_control_out(struct socket_control *c, uint64_t user, uint64_t len, uint32_t flags, uint64_t *written);
void socket_control_end(struct socket_control *c);

#endif
