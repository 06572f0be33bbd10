/* libs/ext4/src/alloc.h: taking and giving back blocks and inodes.
 *
 * A block that was in use at the last commit, or is in one that is being written, is not taken: the journal's
 * replay could write over its new contents, or a crash leave its old owner with them.
 */
#ifndef EXT4_SRC_ALLOC_H
#define EXT4_SRC_ALLOC_H

#include "group.h"

/* Choose, without taking, up to @want free blocks in a row, from @goal on if possible. -ENOSPC. */
int blocks_choose(struct txn *txn, uint64_t goal, uint32_t want, struct range *out);

/* Take blocks that are free (-EUCLEAN if not), give back blocks that are taken. */
int blocks_take(struct txn *txn, uint64_t start, uint64_t len);
int blocks_free(struct txn *txn, uint64_t start, uint64_t len);

/* Choose and take one block for metadata; it respects reservations unless txn->may_use_reserved. */
int block_alloc(struct txn *txn, uint64_t goal, uint64_t *block);

/* Take an inode near directory @parent. */
int inode_alloc(struct txn *txn, uint32_t parent, bool is_dir, bool is_top, uint32_t *ino);
int inode_free(struct txn *txn, uint32_t ino, bool is_dir);
int inode_is_taken(struct txn *txn, uint32_t ino, bool *is_taken);

/* The first block of the group that @ino is in. */
uint64_t inode_goal(const struct ext4 *fs, uint32_t ino);

/* Free blocks by the superblock. */
uint64_t super_free_blocks(const struct super_disk *super);
uint64_t super_root_blocks(const struct super_disk *super);

/* What is known of the last commit is no longer the last. */
void committed_forget(struct ext4 *fs);

#endif
