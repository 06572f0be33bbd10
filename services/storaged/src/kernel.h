/* services/storaged/src/kernel.h: what storaged asks of the kernel and of vfsd.
 *
 * kernel_calls.c makes the calls; the host test puts its own in. All return 0 or a
 * negative errno.
 */
#ifndef STORAGED_KERNEL_H
#define STORAGED_KERNEL_H

#include <stdint.h>

#include <albireo/block.h>
#include <blockdev/blockdev.h>

/* The @index-th device of the inventory. -ENOENT: there are no more. */
int kernel_list(uint32_t index, struct block_info *out);
int kernel_partition_add(const struct block_info *info);	/* -EEXIST -EINVAL -ENODEV */
int kernel_loop_add(struct block_info *info);	/* in: minor */
int kernel_partition_remove(uint32_t id);			/* -EBUSY -ENODEV */
int kernel_open(uint32_t id, struct blockdev *dev);

/* A name below /dev, owned by @owner (uid | gid << 32). -EEXIST: it is there. */
int kernel_publish(const struct block_info *info, uint64_t owner);
int kernel_unpublish(const char *name);				/* -ENOENT */

void kernel_log(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
