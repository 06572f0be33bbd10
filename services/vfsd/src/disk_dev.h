/* services/vfsd/src/disk_dev.h: the kernel's block devices, for the libraries of filesystems. */
#ifndef VFSD_DISK_DEV_H
#define VFSD_DISK_DEV_H

#include <blockdev/blockdev.h>

#include <albireo/block.h>

#include "request.h"

/* The block device that @source is the path of. Returns: 0; -ENOENT, -ENOTBLK, -ENXIO. */
int disk_find(struct request *rq, const char *source, struct block_info *out);

/* Make *@dev the device with that id. Returns: 0; -ENODEV. */
int disk_open(uint32_t id, struct blockdev *dev);

/* Are its bytes a file's? */
bool disk_is_loop(uint32_t id);

/* Take the device for a mount, or give it back. -EBUSY, -ENODEV. */
int disk_claim(const struct block_info *info);
void disk_release(uint32_t id);

/* Move [@offset, @offset + their length) of a node's contents between its pages and @extents, at most
 * BLOCK_MAX_EXTENTS of BLOCK_MAX_BYTES each and together. */
int disk_move_pages(uint32_t id, bool is_out, uint64_t node, uint64_t offset, const struct block_extent *extents,
		    unsigned int n);

/* Flushes of loops wait for the name lock, which writing a loop's file needs: do those that this thread's request put off.
 * Those of a request that nobody awaits are left to the thread that does such ones, if there is one.
 * Returns: @err, or what went wrong if that is 0. */
extern _Thread_local unsigned int disk_loops_due;
int disk_flush_due_loops(int err, bool is_awaited);
static inline int disk_flush_loops(int err, bool is_awaited)
{
	return disk_loops_due ? disk_flush_due_loops(err, is_awaited) : err;
}

#endif
