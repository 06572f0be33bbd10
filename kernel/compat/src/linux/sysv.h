/* kernel/compat/src/linux/sysv.h: what the calls of the three kinds of System V objects share. */
#ifndef COMPAT_LINUX_SYSV_H
#define COMPAT_LINUX_SYSV_H

#include <io/sysv.h>
#include <linux/ipc.h>

#include "files.h"

static inline struct ipc64_perm linux_sysv_permission(const struct sysv_permission *p)
{
	return (struct ipc64_perm){
		.key = (int)p->key, .uid = p->uid, .gid = p->gid, .cuid = p->cuid, .cgid = p->cgid, .mode = p->mode,
		.seq = (unsigned short)p->seq,
	};
}

static inline int64_t linux_sysv_out(uint64_t user, const void *what, size_t len, int64_t ret)
{
	return copy_to_user(user_ptr(user), what, len) ? -EFAULT : ret;
}

#endif
