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

/* Take the device for a mount, or give it back. -EBUSY, -ENODEV. */
int disk_claim(uint32_t id);
void disk_release(uint32_t id);

/* Move [@offset, @offset + their length) of a node's contents between its pages and @extents, at most
 * BLOCK_MAX_EXTENTS of BLOCK_MAX_BYTES each and together. */
int disk_move_pages(uint32_t id, bool is_out, uint64_t node, uint64_t offset, const struct block_extent *extents,
		    unsigned int n);

#endif
