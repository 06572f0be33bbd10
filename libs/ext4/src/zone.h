/* libs/ext4/src/zone.h: the blocks that hold the filesystem itself, at places that never change.
 *
 * A tree that leads there, or a bitmap that calls one of them free, is wrong: following it would let data
 * be written over descriptors, tables or the journal.
 */
#ifndef EXT4_SRC_ZONE_H
#define EXT4_SRC_ZONE_H

#include "fs.h"

/* Collect them. Until then no block counts as one. */
int zone_build(struct ext4 *fs);

/* Is any of these one? */
bool zone_has(const struct ext4 *fs, uint64_t start, uint64_t len);

/* May these hold what belongs to inodes? */
static inline bool is_free_range(const struct ext4 *fs, uint64_t start, uint64_t len)
{
	return is_block_range(fs, start, len) && !zone_has(fs, start, len);
}

#endif
