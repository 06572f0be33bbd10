/* libs/ext4/src/group.h: block groups: descriptors and bitmaps. */
#ifndef EXT4_SRC_GROUP_H
#define EXT4_SRC_GROUP_H

#include "fs.h"

struct group {
	uint32_t number;
	struct buffer *buffer;
	struct group_disk *desc;	/* only desc_bytes of it are there */
};

int group_get(struct txn *txn, uint32_t number, struct group *group);

/* The descriptor was changed: its checksum. */
void group_dirty(struct txn *txn, struct group *group);

uint64_t group_inode_table(const struct ext4 *fs, const struct group_disk *desc);
uint32_t group_free_blocks(const struct ext4 *fs, const struct group_disk *desc);
uint32_t group_free_inodes(const struct ext4 *fs, const struct group_disk *desc);
uint32_t group_used_dirs(const struct ext4 *fs, const struct group_disk *desc);
uint32_t group_unused_inodes(const struct ext4 *fs, const struct group_disk *desc);
void group_set_free_blocks(const struct ext4 *fs, struct group_disk *desc, uint32_t value);
void group_set_free_inodes(const struct ext4 *fs, struct group_disk *desc, uint32_t value);
void group_set_used_dirs(const struct ext4 *fs, struct group_disk *desc, uint32_t value);
void group_set_unused_inodes(const struct ext4 *fs, struct group_disk *desc, uint32_t value);

/* How many blocks it has: the last one may be short. */
uint32_t group_blocks(const struct ext4 *fs, uint32_t number);
uint64_t group_start(const struct ext4 *fs, uint32_t number);

/* The block that holds the descriptor, and where in it. */
uint64_t group_desc_block(const struct ext4 *fs, uint32_t number, uint32_t *offset);

/* Bitmaps; one that was never written is made up. After changing one: *_bitmap_dirty(), then group_dirty(). */
int group_block_bitmap(struct txn *txn, const struct group *group, struct buffer **bitmap);
int group_inode_bitmap(struct txn *txn, const struct group *group, struct buffer **bitmap);
void group_block_bitmap_dirty(struct txn *txn, struct group *group, struct buffer *bitmap);
void group_inode_bitmap_dirty(struct txn *txn, struct group *group, struct buffer *bitmap);
uint64_t group_block_bitmap_at(const struct ext4 *fs, const struct group_disk *desc);
uint64_t group_inode_bitmap_at(const struct ext4 *fs, const struct group_disk *desc);

/* Does it begin with a copy of the superblock and the descriptors? */
bool group_has_super(const struct ext4 *fs, uint32_t number);

static inline bool bit_is_set(const uint8_t *bitmap, uint32_t bit)
{
	return bitmap[bit / 8] >> bit % 8 & 1;
}

static inline void bit_set(uint8_t *bitmap, uint32_t bit)
{
	bitmap[bit / 8] |= (uint8_t)(1u << bit % 8);
}

static inline void bit_clear(uint8_t *bitmap, uint32_t bit)
{
	bitmap[bit / 8] &= (uint8_t)~(1u << bit % 8);
}

/* The first bit of that value in [from, end); @end: none. @bitmap is aligned to 8. */
uint32_t bit_next(const uint8_t *bitmap, uint32_t from, uint32_t end, bool value);

#endif
