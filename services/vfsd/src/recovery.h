/* services/vfsd/src/recovery.h: what a successor puts in order.
 *
 * Its predecessor's kept replies wait for their requests to come again; the kernel
 * says which nodes it still holds; fids of the predecessor are given back.
 *
 * Locking: the name lock.
 */
#ifndef VFSD_RECOVERY_H
#define VFSD_RECOVERY_H

#include <stdint.h>

#include <albireo/vfs.h>

void recovery_run(void);

/* Drop the replies that nobody has asked for in time. */
void recovery_expire(const struct vfs_time *now);

#endif
