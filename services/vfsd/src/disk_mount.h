/* services/vfsd/src/disk_mount.h: what mounts of block devices share, whatever lies on them.
 *
 * Locking: the name lock.
 */
#ifndef VFSD_DISK_MOUNT_H
#define VFSD_DISK_MOUNT_H

#include <albireo/block.h>

#include "request.h"
#include "state.h"

/* This request changes a disk now. Returns: has a predecessor, perhaps, done so already? */
bool disk_begin(const struct request *rq);

/* Take over from a predecessor. */
void disk_recover(void);

/* Take the block device that @source is the path of, for @mount, which gets its number.
 * Returns: 0, with the device claimed; -ENOENT, -ENOTBLK, -ENXIO, -EBUSY, -ENODEV. */
int disk_take(struct request *rq, struct mount *mount, const char *source, struct block_info *out);

/* Give the mount's device back, if it still has it. */
void disk_give_back(struct mount *mount);

/* Is any file of the mount open or mapped? Asks the kernel for each node. */
bool disk_has_open_files(uint16_t index);

/* A mount that was taken away keeps its device while files of it are open: may it go now? */
bool disk_is_left(uint16_t index);

/* Does @option, of @len bytes, stand in @names? */
bool disk_option_is_among(const char *const *names, size_t n, const char *option, size_t len);

#endif
