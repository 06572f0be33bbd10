/* ext4/data.h: where a file's data lies.
 *
 * Data itself does not pass here: the caller reads and writes the device. Positions and lengths
 * are in blocks: @block of a file, @disk of the device.
 *
 * Reading: ext4_map(); a hole and an unwritten run read as zeroes.
 *
 * Writing back:
 *	ext4_reserve(fs, n + ext4_metadata_worst(fs, n))  when the program writes
 *	...
 *	ext4_map(): written:   write over it.
 *	            unwritten: write, then ext4_mark_written().
 *	            hole:      ext4_allocate(), write, then ext4_insert(); ext4_unreserve().
 * An allocated run is only remembered in @fs: until it is inserted it belongs to nobody, and after a crash of the caller
 * or the machine it is free. So a file never shows what was on the disk before.
 *
 * The size in the inode is what a crash leaves: ext4_insert() and ext4_mark_written() raise it together with the blocks.
 * The bytes behind the end of a file in its last block must be zeroes on the disk: the caller writes whole blocks.
 */
#ifndef EXT4_DATA_H
#define EXT4_DATA_H

#include <ext4/inode.h>

enum ext4_run_kind {
	EXT4_HOLE,
	EXT4_UNWRITTEN,
	EXT4_WRITTEN,
};

struct ext4_run {
	uint32_t block, blocks;
	uint64_t disk;		/* 0: hole */
	enum ext4_run_kind kind;
};

/* The runs from @block for @blocks (or up to the last block number there is), in order and without gaps;
 * at most *@n, and how many in *@n. Runs may go beyond the end of the file, as holes or preallocated. */
int ext4_map(struct ext4 *fs, uint32_t ino, uint32_t block, uint32_t blocks, struct ext4_run *runs, size_t *n);

/* Keep @blocks for writes to come. -ENOSPC if so many are not free and unreserved.
 * @is_privileged: may use those kept for root. The total is in @fs: a resuming caller reserves again with is_forced,
 * which never fails. */
int ext4_reserve(struct ext4 *fs, uint64_t blocks, bool is_privileged, bool is_forced);
void ext4_unreserve(struct ext4 *fs, uint64_t blocks);

/* How many blocks for the tree writing @blocks of a file may cost. */
uint32_t ext4_metadata_worst(const struct ext4 *fs, uint32_t blocks);

/* Choose up to @blocks free blocks for @block of @ino, in one run near the file's others.
 * They may be fewer: call again for the rest. The caller has reserved them. */
int ext4_allocate(struct ext4 *fs, uint32_t ino, uint32_t block, uint32_t blocks, struct ext4_run *run);

/* Give a run back uninserted. */
void ext4_release(struct ext4 *fs, const struct ext4_run *run);

/* The data of @run is written (its kind says as what it goes in): make it the file's, and the size @size if
 * that is more than it was (0: leave it). -ESTALE: some of it is no hole any more, or behind the file's end (written blocks
 * there are an error to e2fsck). On success the run is no longer
 * allocated; on an error it still is. */
int ext4_insert(struct ext4 *fs, uint32_t ino, const struct ext4_run *run, uint64_t size);

/* The data of unwritten blocks is written. What is a hole, written, or behind the file's end stays. */
int ext4_mark_written(struct ext4 *fs, uint32_t ino, uint32_t block, uint32_t blocks, uint64_t size);

/* Set the size in bytes and free what lies behind. Works in steps: after -EAGAIN the size is set; call again. The caller
 * has zeroed the rest of the last block. -EFBIG. */
int ext4_truncate(struct ext4 *fs, uint32_t ino, uint64_t size);

/* Free what lies behind the file's end, from @block on; its times stay. Works in steps. */
int ext4_trim(struct ext4 *fs, uint32_t ino, uint32_t block);

/* Free whole blocks. Works in steps. */
int ext4_punch(struct ext4 *fs, uint32_t ino, uint32_t block, uint32_t blocks);

/* Give holes unwritten blocks; and the size as ext4_insert(). Works in steps: an error may leave a part. */
int ext4_fallocate(struct ext4 *fs, uint32_t ino, uint32_t block, uint32_t blocks, uint64_t size);

#endif
