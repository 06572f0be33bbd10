#include <stdlib.h>

#include "crc32c.h"
#include "extents.h"
#include "journal.h"
#include "log.h"

#define MIN_BLOCKS 64u

uint64_t journal_block(const struct ext4 *fs, uint32_t index)
{
	const struct range *range = fs->journal.ranges.at;

	for (; index >= range->len; range++)
		index -= range->len;
	return range->start + index;
}

uint32_t journal_next(const struct ext4 *fs, uint32_t index)
{
	return index + 1 < fs->journal.blocks ? index + 1 : fs->journal.first;
}

size_t journal_max_blocks(const struct ext4 *fs)
{
	uint32_t half = (fs->journal.blocks - fs->journal.first) / 2;

	/* A descriptor has room for more than 32 tags at any block size. */
	return half - half / 32 - 4;
}

bool journal_is_empty(const struct ext4 *fs)
{
	return fs->journal.super.start == 0;
}

uint32_t journal_data_checksum(const struct ext4 *fs, uint32_t sequence, const void *data)
{
	uint32_t big = be32(sequence);

	return crc32c(crc32c(fs->journal.seed, &big, sizeof(big)), data, fs->block_bytes);
}

uint32_t journal_tail_checksum(const struct ext4 *fs, const void *block)
{
	static const uint32_t zero;

	return crc32c(crc32c(fs->journal.seed, block, fs->block_bytes - sizeof(zero)), &zero, sizeof(zero));
}

uint32_t journal_commit_checksum(const struct ext4 *fs, void *block)
{
	struct journal_commit *commit = block;
	uint32_t saved = commit->checksum[0], crc;

	commit->checksum[0] = 0;
	crc = crc32c(fs->journal.seed, block, fs->block_bytes);
	commit->checksum[0] = saved;
	return crc;
}

static uint32_t super_crc(const struct journal_super *super)
{
	struct journal_super copy = *super;

	copy.checksum = 0;
	return crc32c(~0u, &copy, sizeof(copy));
}

/* Where the inode's blocks lie. */
static int load_ranges(struct inode *inode, uint32_t blocks)
{
	struct ext4 *fs = inode->txn->fs;
	struct ext4_run run;
	uint32_t block;
	int err;

	for (block = 0; block < blocks; block += run.blocks) {
		err = extents_find(inode, block, &run);
		if (!err && run.kind != EXT4_WRITTEN)
			err = corrupt(fs);
		if (!err)
			err = ranges_add(&fs->journal.ranges, run.disk, run.blocks);
		if (err)
			return err;
	}
	return 0;
}

static int find_journal(struct ext4 *fs, uint32_t *blocks)
{
	struct inode inode;
	struct txn txn;
	uint64_t n;
	int err;

	txn_begin(&txn, fs);
	err = inode_get_any(&txn, fs->journal_ino, &inode);
	if (!err) {
		n = inode_size(&inode) >> fs->block_shift;
		*blocks = (uint32_t)n;
		err = n < MIN_BLOCKS || n > fs->blocks || n > UINT32_MAX ? corrupt(fs) : load_ranges(&inode, *blocks);
	}
	return txn_finish(&txn, err == -ESTALE ? corrupt(fs) : err);
}

static int check_super(struct ext4 *fs, uint32_t inode_blocks)
{
	struct journal *journal = &fs->journal;
	struct journal_super *super = &journal->super;

	if (be32(super->header.magic) != JOURNAL_MAGIC)
		return corrupt(fs);
	journal->features = be32(super->feature_incompat);
	if (be32(super->header.type) != JOURNAL_SUPER_V2 || journal->features & ~JOURNAL_INCOMPAT_KNOWN)
		return -EOPNOTSUPP;
	if (journal_has_checksums(fs) &&
	    (super->checksum_type != JOURNAL_CRC32C || be32(super->checksum) != super_crc(super)))
		return corrupt(fs);
	journal->blocks = be32(super->max_len);
	journal->first = be32(super->first);
	journal->sequence = be32(super->sequence);
	if (be32(super->block_bytes) != fs->block_bytes || journal->blocks > inode_blocks ||
	    journal->blocks < MIN_BLOCKS || journal->first == 0 || journal->first >= journal->blocks / 4 ||
	    be32(super->start) >= journal->blocks || (super->start && be32(super->start) < journal->first))
		return corrupt(fs);
	journal->seed = crc32c(~0u, super->uuid, sizeof(super->uuid));
	return 0;
}

int journal_open(struct ext4 *fs)
{
	uint8_t *block;
	uint32_t blocks;
	int err = find_journal(fs, &blocks);

	if (err)
		return err;
	block = malloc(fs->block_bytes);
	if (!block)
		return -ENOMEM;
	err = device_read(fs, journal_block(fs, 0), block);
	memcpy(&fs->journal.super, block, sizeof(fs->journal.super));
	free(block);
	return err ? err : check_super(fs, blocks);
}

static int write_super(struct ext4 *fs)
{
	struct journal_super *super = &fs->journal.super;
	uint8_t *block = calloc(1, fs->block_bytes);
	int err;

	if (!block)
		return -ENOMEM;
	if (journal_has_checksums(fs)) {
		super->checksum_type = JOURNAL_CRC32C;
		super->checksum = be32(super_crc(super));
	}
	memcpy(block, super, sizeof(*super));
	err = device_write(fs, journal_block(fs, 0), block);
	free(block);
	return err;
}

int journal_empty(struct ext4 *fs)
{
	int err;

	fs->journal.super.start = 0;
	fs->journal.super.sequence = be32(fs->journal.sequence);
	err = write_super(fs);
	return err ? err : fs->dev->ops->flush(fs->dev);
}

int journal_start(struct ext4 *fs)
{
	struct journal *journal = &fs->journal;

	journal->features = fs->desc_bytes >= sizeof(struct group_disk) ? JOURNAL_INCOMPAT_64BIT : 0;
	if (fs->has_checksums)
		journal->features |= JOURNAL_INCOMPAT_CSUM_V3;
	journal->super.feature_incompat = be32(journal->features);
	journal->super.feature_compat = 0;
	journal->head = journal->first;
	return journal_empty(fs);
}

/* The blocks of a transaction before its commit block. */
static int write_log(struct ext4 *fs, struct log *log)
{
	struct ext4_store *store = fs->store;
	const void *data;
	uint64_t block;
	size_t i;
	int err = 0;

	for (i = 0; !err && store->ops->frozen(store, i, &block, &data); i++)
		err = log_block(log, block, data);
	if (!err)
		err = log_end(log);
	return err ? err : fs->dev->ops->flush(fs->dev);
}

static int write_commit(struct ext4 *fs, struct log *log)
{
	struct journal *journal = &fs->journal;
	int err;

	journal->super.start = be32(journal->head);
	journal->super.sequence = be32(journal->sequence);
	err = log_commit(log, fs_now(fs));
	if (!err)
		err = write_super(fs);
	return err ? err : fs->dev->ops->flush(fs->dev);
}

static int write_in_place(struct ext4 *fs)
{
	struct ext4_store *store = fs->store;
	const void *data;
	uint64_t block;
	size_t i;
	int err = 0;

	for (i = 0; !err && store->ops->frozen(store, i, &block, &data); i++)
		err = device_write(fs, block, data);
	return err;
}

int ext4_commit_write(struct ext4 *fs)
{
	struct log log;
	int err = log_begin(fs, &log);

	if (err)
		return err;
	err = write_log(fs, &log);
	if (!err)
		err = write_commit(fs, &log);
	if (!err)
		err = write_in_place(fs);
	if (!err)
		fs->journal.head = log.at;
	log_free(&log);
	return err;
}
