/* libs/ext4/src/extents.h: the tree that says where a file's blocks lie. */
#ifndef EXT4_SRC_EXTENTS_H
#define EXT4_SRC_EXTENTS_H

#include <ext4/data.h>

#include "inode.h"

/* The largest size: a block number is 32 bits, the last one is not used. */
static inline uint64_t extents_max_size(const struct ext4 *fs)
{
	return (uint64_t)UINT32_MAX << fs->block_shift;
}

/* An empty tree in a new inode. */
void extents_init(struct inode *inode);

/* The run at @block: what it is, and how far it goes (at least one block). */
int extents_find(struct inode *inode, uint32_t block, struct ext4_run *run);

/* The block of the device for @block, which must be written (-EUCLEAN). */
int extents_block(struct inode *inode, uint32_t block, uint64_t *disk);

/* Add a run where there is a hole (-ESTALE). The caller has taken its blocks and counts them. */
int extents_insert(struct inode *inode, const struct ext4_run *run);

/* Free the blocks of [from, end). Returns: 1 if the transaction became long first. */
int extents_remove(struct inode *inode, uint64_t from, uint64_t end);

/* Unwritten blocks of [from, end) become written. */
int extents_mark_written(struct inode *inode, uint64_t from, uint64_t end);

bool extents_checksum_is_right(const struct ext4 *fs, const struct buffer *buffer);
void extents_set_checksum(const struct ext4 *fs, struct buffer *buffer);

#endif
