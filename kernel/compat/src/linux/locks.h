/* kernel/compat/src/linux/locks.h: fcntl's lock commands. */
#ifndef COMPAT_LINUX_LOCKS_H
#define COMPAT_LINUX_LOCKS_H

#include "files.h"

int64_t linux_fcntl_lock(struct file *f, uint32_t cmd, uint64_t user);

#endif
