#include <stdlib.h>

#include "alloc.h"
#include "zone.h"

#define GROUPS_FOR_WHOLE_RUN 16u
#define GROUPS_FOR_FOLDER 1024u

static uint64_t join64(uint32_t lo, uint32_t hi)
{
	return lo | (uint64_t)hi << 32;
}

uint64_t super_free_blocks(const struct super_disk *super)
{
	return join64(super->free_blocks_count_lo, super->free_blocks_count_hi);
}

uint64_t super_root_blocks(const struct super_disk *super)
{
	return join64(super->r_blocks_count_lo, super->r_blocks_count_hi);
}

uint64_t inode_goal(const struct ext4 *fs, uint32_t ino)
{
	return group_start(fs, (ino - 1) / fs->inodes_per_group);
}

void committed_forget(struct ext4 *fs)
{
	unsigned int i;

	for (i = 0; i < COMMITTED_CACHE; i++)
		fs->committed[i].block = 0;
}

/* The device's contents of @block, which are those of the last commit. */
static int committed_get(struct ext4 *fs, uint64_t block, const uint8_t **out)
{
	struct committed_block *slot;
	unsigned int i;
	int err;

	for (i = 0; i < COMMITTED_CACHE; i++) {
		if (fs->committed[i].block == block) {
			*out = fs->committed[i].data;
			return 0;
		}
	}
	slot = &fs->committed[fs->next_committed++ % COMMITTED_CACHE];
	if (!slot->data)
		slot->data = malloc(fs->block_bytes);
	if (!slot->data)
		return -ENOMEM;
	slot->block = 0;
	err = device_read(fs, block, slot->data);
	if (err)
		return err;
	slot->block = block;
	*out = slot->data;
	return 0;
}

static void or_bits(uint8_t *busy, const uint8_t *bits, uint32_t bytes)
{
	uint32_t i;

	for (i = 0; i < bytes; i++)
		busy[i] |= bits[i];
}

/* Add what the last commit had in use. Only a bitmap that changed since can differ. */
static int add_committed(struct txn *txn, const struct group *group, uint64_t block, uint8_t *busy)
{
	const struct ext4_store_ops *ops = txn->fs->store->ops;
	const void *frozen = ops->find(txn->fs->store, block, EXT4_FROZEN);
	const struct group_disk *desc;
	struct ext4 *fs = txn->fs;
	const uint8_t *data;
	uint64_t desc_block;
	uint32_t offset;
	int err;

	if (frozen)
		or_bits(busy, frozen, fs->block_bytes);
	if (!frozen && !ops->find(fs->store, block, EXT4_APPLIED))
		return 0;
	desc_block = group_desc_block(fs, group->number, &offset);
	err = committed_get(fs, desc_block, &data);
	if (err)
		return err;
	desc = (const void *)(data + offset);
	if (desc->flags & GROUP_BLOCK_UNINIT)
		return 0;
	err = committed_get(fs, block, &data);
	if (!err)
		or_bits(busy, data, fs->block_bytes);
	return err;
}

static void add_inflight(const struct ext4 *fs, uint32_t number, uint8_t *busy)
{
	uint64_t start = group_start(fs, number), end = start + group_blocks(fs, number), block;
	const struct range *range;
	size_t i;

	for (i = 0; i < fs->inflight.n; i++) {
		range = &fs->inflight.at[i];
		if (range->start >= end || range->start + range->len <= start)
			continue;
		for (block = range->start; block < range->start + range->len; block++)
			if (block >= start && block < end)
				bit_set(busy, (uint32_t)(block - start));
	}
}

/* All blocks of a group that must not be taken now. */
static int group_busy(struct txn *txn, const struct group *group, uint8_t *busy)
{
	uint32_t nblocks = group_blocks(txn->fs, group->number);
	struct buffer *bitmap;
	bool has_free;
	int err = group_block_bitmap(txn, group, &bitmap);

	if (err)
		return err;
	memcpy(busy, bitmap->data, txn->fs->block_bytes);
	add_inflight(txn->fs, group->number, busy);
	has_free = bit_next(busy, 0, nblocks, false) < nblocks;
	err = add_committed(txn, group, bitmap->block, busy);
	if (!err && has_free && bit_next(busy, 0, nblocks, false) == nblocks)
		txn->saw_pending = true;
	return err;
}

/* The best run in [from, end): the first of @want blocks, else the longest. */
static void best_run(const uint8_t *busy, uint32_t from, uint32_t end, uint32_t want, uint32_t *best, uint32_t *best_len)
{
	uint32_t bit = bit_next(busy, from, end, false), stop;

	for (; bit < end && *best_len < want; bit = bit_next(busy, stop, end, false)) {
		stop = bit_next(busy, bit, end, true);
		if (stop - bit > *best_len) {
			*best = bit;
			*best_len = stop - bit;
		}
	}
	if (*best_len > want)
		*best_len = want;
}

/* @out->len: 0 if there is nothing. @from: where in the group to begin. */
static int choose_in_group(struct txn *txn, uint32_t number, uint32_t from, uint32_t want, struct range *out)
{
	uint64_t storage[MAX_BLOCK_BYTES / 8];
	uint8_t *busy = (uint8_t *)storage;
	uint32_t end = group_blocks(txn->fs, number), bit = 0, len = 0;
	struct group group;
	int err = group_get(txn, number, &group);

	out->len = 0;
	if (err || group_free_blocks(txn->fs, group.desc) == 0)
		return err;
	err = group_busy(txn, &group, busy);
	if (err)
		return err;
	/* Growing a file in place is worth more than a longer run elsewhere. */
	if (from && from < end && !bit_is_set(busy, from))
		best_run(busy, from, bit_next(busy, from, end, true), want, &bit, &len);
	if (!len)
		best_run(busy, from < end ? from : 0, end, want, &bit, &len);
	if (len < want && !(len && bit == from && from))
		best_run(busy, 0, end, want, &bit, &len);
	out->start = group_start(txn->fs, number) + bit;
	out->len = len;
	return 0;
}

int blocks_choose(struct txn *txn, uint64_t goal, uint32_t want, struct range *out)
{
	struct ext4 *fs = txn->fs;
	struct range best = { 0, 0 };
	uint32_t first, from, i;
	int err;

	if (goal < fs->first_data_block || goal >= fs->blocks)
		goal = fs->first_data_block;
	first = (uint32_t)((goal - fs->first_data_block) / fs->blocks_per_group);
	from = (uint32_t)((goal - fs->first_data_block) % fs->blocks_per_group);
	for (i = 0; i < fs->groups; i++) {
		err = choose_in_group(txn, (first + i) % fs->groups, i == 0 ? from : 0, want, out);
		if (err)
			return err;
		if (out->len > best.len)
			best = *out;
		if (best.len == want || (best.len && (i >= GROUPS_FOR_WHOLE_RUN || (i == 0 && best.start == goal && from))))
			break;
	}
	*out = best;
	if (best.len == 0)
		return -ENOSPC;
	return zone_has(fs, best.start, best.len) ? corrupt(fs) : 0;
}

static int super_add_free_blocks(struct txn *txn, int64_t delta)
{
	struct super_disk *super;
	struct buffer *buffer;
	uint64_t nfree;
	int err = super_get(txn, &buffer, &super);

	if (err)
		return err;
	nfree = super_free_blocks(super) + (uint64_t)delta;
	if (nfree > txn->fs->blocks)
		return corrupt(txn->fs);
	super->free_blocks_count_lo = (uint32_t)nfree;
	super->free_blocks_count_hi = (uint32_t)(nfree >> 32);
	txn_dirty(txn, buffer);
	return 0;
}

/* Take or free blocks of one group. */
static int change_in_group(struct txn *txn, uint32_t number, uint32_t bit, uint32_t len, bool is_take)
{
	struct ext4 *fs = txn->fs;
	struct buffer *bitmap;
	struct group group;
	uint32_t nfree, i;
	int err = group_get(txn, number, &group);

	if (!err)
		err = group_block_bitmap(txn, &group, &bitmap);
	if (err)
		return err;
	nfree = group_free_blocks(fs, group.desc);
	if (bit_next(bitmap->data, bit, bit + len, is_take) != bit + len || (is_take && nfree < len) ||
	    (!is_take && nfree + len > group_blocks(fs, number)))
		return corrupt(fs);
	for (i = bit; i < bit + len; i++)
		is_take ? bit_set(bitmap->data, i) : bit_clear(bitmap->data, i);
	group_set_free_blocks(fs, group.desc, is_take ? nfree - len : nfree + len);
	group_block_bitmap_dirty(txn, &group, bitmap);
	group_dirty(txn, &group);
	return super_add_free_blocks(txn, is_take ? -(int64_t)len : (int64_t)len);
}

static int change(struct txn *txn, uint64_t start, uint64_t len, bool is_take)
{
	struct ext4 *fs = txn->fs;
	uint32_t number, bit, part;
	int err;

	if (!is_free_range(fs, start, len))
		return corrupt(fs);
	for (; len; start += part, len -= part) {
		number = (uint32_t)((start - fs->first_data_block) / fs->blocks_per_group);
		bit = (uint32_t)((start - fs->first_data_block) % fs->blocks_per_group);
		part = fs->blocks_per_group - bit < len ? fs->blocks_per_group - bit : (uint32_t)len;
		err = change_in_group(txn, number, bit, part, is_take);
		if (err)
			return err;
	}
	return 0;
}

int blocks_take(struct txn *txn, uint64_t start, uint64_t len)
{
	return change(txn, start, len, true);
}

int blocks_free(struct txn *txn, uint64_t start, uint64_t len)
{
	return change(txn, start, len, false);
}

int block_alloc(struct txn *txn, uint64_t goal, uint64_t *block)
{
	struct super_disk *super;
	struct buffer *buffer;
	struct range range;
	int err;

	err = super_get(txn, &buffer, &super);
	if (err)
		return err;
	if (!txn->may_use_reserved && super_free_blocks(super) <= txn->fs->reserved)
		return -ENOSPC;
	err = blocks_choose(txn, goal, 1, &range);
	if (!err)
		err = blocks_take(txn, range.start, 1);
	*block = range.start;
	return err;
}

static int super_add_free_inodes(struct txn *txn, int delta)
{
	struct super_disk *super;
	struct buffer *buffer;
	int err = super_get(txn, &buffer, &super);

	if (err)
		return err;
	super->free_inodes_count += (uint32_t)delta;
	if (super->free_inodes_count > txn->fs->inodes)
		return corrupt(txn->fs);
	txn_dirty(txn, buffer);
	return 0;
}

/* Take the first free inode of a group. Returns: 1 if there is none. */
static int take_in_group(struct txn *txn, uint32_t number, bool is_dir, uint32_t *ino)
{
	struct ext4 *fs = txn->fs;
	uint32_t bit, nfree, unused;
	struct buffer *bitmap;
	struct group group;
	int err = group_get(txn, number, &group);

	if (err)
		return err;
	nfree = group_free_inodes(fs, group.desc);
	if (!nfree)
		return 1;
	err = group_inode_bitmap(txn, &group, &bitmap);
	if (err)
		return err;
	bit = bit_next(bitmap->data, number == 0 ? fs->first_ino - 1 : 0, fs->inodes_per_group, false);
	if (bit == fs->inodes_per_group)
		return 1;
	bit_set(bitmap->data, bit);
	unused = group_unused_inodes(fs, group.desc);
	if (unused > fs->inodes_per_group - bit - 1)
		group_set_unused_inodes(fs, group.desc, fs->inodes_per_group - bit - 1);
	group_set_free_inodes(fs, group.desc, nfree - 1);
	if (is_dir)
		group_set_used_dirs(fs, group.desc, group_used_dirs(fs, group.desc) + 1);
	group_inode_bitmap_dirty(txn, &group, bitmap);
	group_dirty(txn, &group);
	*ino = number * fs->inodes_per_group + bit + 1;
	return super_add_free_inodes(txn, -1);
}

/* For a folder at the top: the group with most room, so that trees spread over the disk. */
static int choose_group(struct txn *txn, uint32_t parent_group, uint32_t *out)
{
	struct ext4 *fs = txn->fs;
	uint32_t n = fs->groups < GROUPS_FOR_FOLDER ? fs->groups : GROUPS_FOR_FOLDER;
	uint32_t i, number, score, best = 0;
	struct group group;
	int err;

	*out = parent_group;
	for (i = 0; i < n; i++) {
		number = (parent_group + i) % fs->groups;
		err = group_get(txn, number, &group);
		if (err)
			return err;
		/* Few folders first, then many free blocks. */
		score = group_free_blocks(fs, group.desc) + 1;
		score = score / (1 + group_used_dirs(fs, group.desc) / 4);
		if (group_free_inodes(fs, group.desc) >= fs->inodes_per_group / 4 && score > best) {
			best = score;
			*out = number;
		}
	}
	return 0;
}

int inode_alloc(struct txn *txn, uint32_t parent, bool is_dir, bool is_top, uint32_t *ino)
{
	struct ext4 *fs = txn->fs;
	uint32_t start = (parent - 1) / fs->inodes_per_group, i;
	int err = 0;

	if (is_dir && is_top)
		err = choose_group(txn, start, &start);
	if (err)
		return err;
	for (i = 0; i < fs->groups; i++) {
		err = take_in_group(txn, (start + i) % fs->groups, is_dir, ino);
		if (err <= 0)
			return err;
	}
	return -ENOSPC;
}

int inode_is_taken(struct txn *txn, uint32_t ino, bool *is_taken)
{
	struct buffer *bitmap;
	struct group group;
	int err = group_get(txn, (ino - 1) / txn->fs->inodes_per_group, &group);

	if (!err)
		err = group_inode_bitmap(txn, &group, &bitmap);
	if (!err)
		*is_taken = bit_is_set(bitmap->data, (ino - 1) % txn->fs->inodes_per_group);
	return err;
}

int inode_free(struct txn *txn, uint32_t ino, bool is_dir)
{
	struct ext4 *fs = txn->fs;
	uint32_t bit = (ino - 1) % fs->inodes_per_group, nfree, ndirs;
	struct buffer *bitmap;
	struct group group;
	int err = group_get(txn, (ino - 1) / fs->inodes_per_group, &group);

	if (!err)
		err = group_inode_bitmap(txn, &group, &bitmap);
	if (err)
		return err;
	nfree = group_free_inodes(fs, group.desc);
	ndirs = group_used_dirs(fs, group.desc);
	if (!bit_is_set(bitmap->data, bit) || nfree >= fs->inodes_per_group || (is_dir && !ndirs))
		return corrupt(fs);
	bit_clear(bitmap->data, bit);
	group_set_free_inodes(fs, group.desc, nfree + 1);
	if (is_dir)
		group_set_used_dirs(fs, group.desc, ndirs - 1);
	group_inode_bitmap_dirty(txn, &group, bitmap);
	group_dirty(txn, &group);
	return super_add_free_inodes(txn, 1);
}
