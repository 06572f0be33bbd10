/* libs/ext4/src/journal.h: the log that makes a commit whole.
 *
 * A commit writes its blocks behind the last transaction, flushes, writes its commit block together with a
 * journal superblock that begins at this transaction, flushes, and then writes the blocks in place.
 * The first flush also makes the blocks in place of the transaction before durable, which is why the journal
 * may begin at this one. So the log holds at most two transactions, each of up to half of it.
 *
 * We write no revoke records: they keep an older transaction from writing over a block that was freed and now
 * has data. The allocator gives such a block out only after the commit that freed it, and by then the log
 * no longer has an older one.
 */
#ifndef EXT4_SRC_JOURNAL_H
#define EXT4_SRC_JOURNAL_H

#include "fs.h"

/* Find the journal and read its superblock. -EOPNOTSUPP: it has features we do not know. */
int journal_open(struct ext4 *fs);

/* Is there anything in it? */
bool journal_is_empty(const struct ext4 *fs);

/* Ready for commits: empty, with the features we write. */
int journal_start(struct ext4 *fs);

/* Nothing in it is needed: say so on the disk. Everything in place must be durable. */
int journal_empty(struct ext4 *fs);

/* How many blocks a transaction may have. */
size_t journal_max_blocks(const struct ext4 *fs);

/* The device's block for a block of the log. */
uint64_t journal_block(const struct ext4 *fs, uint32_t index);
uint32_t journal_next(const struct ext4 *fs, uint32_t index);

/* replay.c: write what the log has in place; or only note where it is, when @fs is read-only. */
int journal_replay(struct ext4 *fs);

/* Of a copied data block, as it lies in the log. */
uint32_t journal_data_checksum(const struct ext4 *fs, uint32_t sequence, const void *data);
/* Of a descriptor or revoke block, kept in its last four bytes. */
uint32_t journal_tail_checksum(const struct ext4 *fs, const void *block);
/* Of a commit block, in its first checksum field, which counts as 0. */
uint32_t journal_commit_checksum(const struct ext4 *fs, void *block);

static inline bool journal_has_checksums(const struct ext4 *fs)
{
	return fs->journal.features & (JOURNAL_INCOMPAT_CSUM_V2 | JOURNAL_INCOMPAT_CSUM_V3);
}

#endif
