/* kernel/io-manager/src/loop.h: block devices whose bytes are a file's (loop(4)).
 *
 * A loop is a disk with a thread for a driver. That thread moves bytes between a request's frames and the pages of
 * the file, straight in its memory object: it takes no lock of the file's, asks for no room and is not held up by dirty
 * pages, because vfsd may be waiting for it with the lock that all of these need. Filling absent pages is the one thing
 * it asks of vfsd, which lends that lock for it (VFS_PAGE_IN). A flush needs the lock and is a second thread's work: it must
 * not hold up the first, and vfsd, which may want it, cannot call itself.
 *
 * Which numbers there are is storaged's decision (STORAGE_LOOP_ADD, STORAGED_LOOP); whoever may write to a loop's
 * device file binds it to a file.
 *
 * Locking: loop->lock (QUEUE) guards requests, orders and what others see of the state; the rest is the first thread's.
 */
#ifndef IO_LOOP_H
#define IO_LOOP_H

#include "block.h"

#define LOOP_BLOCK_BYTES 512u	/* until its user says otherwise */

struct block_loop;

/* What a loop shows of its file. */
struct loop_settings {
	uint64_t offset, sizelimit;
	uint32_t flags;		/* LO_FLAGS_* */
	uint32_t block_bytes;
	uint8_t name[64];	/* as its user calls the file: lo_file_name */
};

extern const struct drv_block_ops loop_block_ops;

/* ---- for block devices; @d may also be none of a loop's ---- */

/* Make the loop @number. Returns: 0 and *@out, listed; -EEXIST; -EINVAL; -ENOMEM. block_table_lock is held. */
int loop_add(uint32_t number, struct block_device **out);
/* The loop's device leaves the list, unbound and unused. block_table_lock is held. */
void loop_remove(struct block_device *d);
/* What was written to the loop reaches its file's medium. Sleeps, and calls the file's owner. */
int loop_flush(struct block_device *d);
/* Somebody stopped using @d: it is unbound if nobody does any more and it shall be (LO_FLAGS_AUTOCLEAR). */
void loop_note_idle(struct block_device *d);
/* Wait until all that shall be unbound is: for umount2(2). */
void loops_settle(void);
/* Does it show partitions? */
bool loop_has_parts(struct block_device *d);
/* BLOCK_OP_LOOP_INFO */
int loop_info(struct block_device *d, struct block_loop __user *to);
/* Is the caller a loop's thread? */
bool loop_is_current_thread(void);

/* ---- for ioctls ---- */

/* Returns: 0; -EBUSY bound already; -EINVAL @file has no pages, or is an unbound loop; -EBADF it leads back to @d; -ENOMEM. */
int loop_bind(struct block_device *d, struct file *file, const struct loop_settings *settings);
/* The settings in force. Returns: 0 and a reference to the file; -ENXIO unbound. */
int loop_get(struct block_device *d, struct loop_settings *settings, struct file **file);
/* Change all but the file; with the same settings: notice that the file's size has changed. -ENXIO. */
int loop_change(struct block_device *d, const struct loop_settings *settings);
/* Unbind, or have it unbound by who uses it last. -ENXIO. */
int loop_clear(struct block_device *d);

/* loop_ioctl.c */

int64_t loop_ioctl(struct file *f, struct block_device *d, uint32_t cmd, uint64_t arg);
int loop_control_open(uint32_t minor, uint32_t flags, struct file **out);	/* 10:237 */

#endif
