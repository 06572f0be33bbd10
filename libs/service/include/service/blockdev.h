/* service/blockdev.h: a block device of the kernel's as libs/blockdev describes one, over BLOCK_BROKER. */
#ifndef SERVICE_BLOCKDEV_H
#define SERVICE_BLOCKDEV_H

#include <blockdev/blockdev.h>

/* Fill in @dev for the device @id; nothing is to be closed. Returns: 0; -ENODEV. */
int service_blockdev(uint32_t id, struct blockdev *dev);

#endif
