/* kernel/io-manager/src/block.h: disks and partitions inside io-manager.
 *
 * A block_disk is what a driver offered; a block_device is it or a part of it, known by an id
 * and a name. Bytes move as a block_io: cut to the driver's limits, queued, waited for.
 *
 * Locking: block_table_lock (BLOCK_TABLE) guards the inventory, openers and claims.
 * disk->lock (BLOCK_QUEUE) guards its queue; it is taken in interrupts and held across the
 * driver's submit.
 */
#ifndef IO_BLOCK_H
#define IO_BLOCK_H

#include <albireo/block.h>
#include <driver/api.h>
#include <io/file.h>
#include <mm/object.h>
#include <sched/wait.h>

#define BLOCK_SECTOR 512u

struct block_disk {
	refcount_t refs;	/* its devices' */
	struct spinlock lock;
	struct drv_block *driver;	/* NULL: gone */
	struct list_node waiting;	/* pieces that the driver has no room for yet */
	struct list_node lost;		/* pieces whose answer an injected fault took away */
	uint32_t ninflight;
	struct ktimer retry;	/* the driver is full of others' requests */
	uint32_t max_segments, max_segment_bytes, max_sectors, max_discard;
	bool is_read_only;
};

struct block_device {
	refcount_t refs;	/* the inventory, open files, its object */
	struct list_node node;	/* in the inventory, by id */
	struct block_disk *disk;
	struct block_info info;	/* of all but loops only the flags CLAIMED and GONE ever change */
	struct mm_object object;	/* what /dev/NAME shows */
	uint32_t nopens;
	bool is_exclusive;	/* opened with O_EXCL */
	bool is_listed;
};

/* block_queue.c */

struct block_disk *block_disk_create(struct drv_block *driver);	/* NULL: no memory */
void block_disk_put(struct block_disk *disk);
/* The driver leaves: what waits ends with -EIO. */
void block_disk_detach(struct block_disk *disk);
/* Move the bytes of @extents, in order, to or from @frames, from byte @first of the first on.
 * The frames are referenced as long as the device may touch them; holes read as zeroes.
 * Returns: 0, -EIO, also when the disk is gone, -EROFS, -ENOSPC, -ENOMEM. Sleeps, without being interrupted. */
int block_transfer(struct block_device *d, bool is_write, const struct block_extent *extents, uint32_t nextents,
		   struct frame *const *frames, uint32_t nframes, uint32_t first);
int block_flush(struct block_device *d);
int block_discard(struct block_device *d, uint64_t start, uint64_t bytes);	/* -EOPNOTSUPP as well */

/* block.c */

extern struct mutex block_table_lock;
void block_init(void);
/* References, or NULL. */
struct block_device *block_find(uint32_t id);
struct block_device *block_find_number(uint32_t major, uint32_t minor);
void block_put(struct block_device *d);
/* Under block_table_lock: is @d, its disk or a part of it open or claimed? @what: BLOCK_BUSY_* */
bool block_is_busy(const struct block_device *d, unsigned what);
/* How often @d, its disk and its parts are open, or claimed. Under block_table_lock. */
uint32_t block_uses(const struct block_device *d);
#define BLOCK_BUSY_CLAIM 1u
#define BLOCK_BUSY_EXCLUSIVE 2u
#define BLOCK_BUSY_PARTS_OPEN 4u
/* Write what /dev names hold of @d, its disk and its parts, and forget it. */
int block_sync_cache(struct block_device *d);
/* Have storaged read @d's table again; whom it finds gone or new, it publishes before it answers. */
int block_rescan(struct block_device *d);
/* List a loop, which has no bytes yet; @b as for drv_block_add(). Under block_table_lock. Returns: 0; -ENOMEM. */
int block_add_loop(struct drv_block *b);
/* A loop has other bytes from now on: as @new's bytes, block_bytes and flags say. Under block_table_lock. */
void block_change(struct block_device *d, const struct block_info *new);
static inline bool block_is_gone(const struct block_device *d)
{
	return READ_ONCE(d->info.flags) & BLOCK_GONE;
}

/* block_file.c */

int block_device_open(uint32_t rdev, struct inode *inode, uint32_t flags, struct file **out);
extern const struct mm_pager_ops block_pager_ops;
extern const struct file_ops block_file_ops;	/* ->private is the struct block_device */

#endif
