/* libs/blockdev/include/blockdev/blockdev.h: a disk or partition, as a filesystem's library sees it.
 *
 * A service gives one over BLOCK_BROKER, a test one over a file or memory. Offsets and
 * lengths are bytes and multiples of block_bytes. Calls return 0 or a negative errno
 * (-EIO, -ENODEV, -EROFS, -ENOSPC) and may sleep.
 */
#ifndef BLOCKDEV_BLOCKDEV_H
#define BLOCKDEV_BLOCKDEV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct blockdev;

struct blockdev_ops {
	int (*read)(struct blockdev *dev, uint64_t offset, void *buf, size_t len);
	/* Not on the medium before a later flush has returned 0; two writes without a flush
	 * between them may reach it in either order. */
	int (*write)(struct blockdev *dev, uint64_t offset, const void *buf, size_t len);
	int (*flush)(struct blockdev *dev);
	/* The bytes mean nothing any more. A hint; may be NULL. */
	int (*discard)(struct blockdev *dev, uint64_t offset, uint64_t len);
};

struct blockdev {
	const struct blockdev_ops *ops;
	void *context;		/* of whoever gives the ops */
	uint64_t bytes;
	uint32_t block_bytes;	/* a power of two, 512 to 4096 */
	bool is_read_only;
};

#endif
