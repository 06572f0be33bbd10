#include "alloc.h"
#include "extents.h"
#include "orphan.h"

#define CHOOSE_MAX 32768u

static int file_get(struct txn *txn, uint32_t ino, struct inode *inode)
{
	int err = inode_get(txn, ino, inode);

	return err || inode_is(inode, TYPE_FILE) ? err : -EINVAL;
}

/* As that, for changing. */
static int file_change(struct txn *txn, uint32_t ino, struct inode *inode)
{
	int err = file_get(txn, ino, inode);

	return err ? err : inode_check_writable(inode);
}

static int map(struct inode *inode, uint64_t block, uint64_t end, struct ext4_run *runs, size_t *n)
{
	size_t cap = *n;
	int err;

	for (*n = 0; *n < cap && block < end; block += runs[(*n)++].blocks) {
		err = extents_find(inode, (uint32_t)block, &runs[*n]);
		if (err)
			return err;
		if (runs[*n].blocks > end - block)
			runs[*n].blocks = (uint32_t)(end - block);
	}
	return 0;
}

static uint64_t end_block(uint32_t block, uint32_t blocks)
{
	uint64_t end = (uint64_t)block + blocks;

	return end < UINT32_MAX ? end : UINT32_MAX;
}

int ext4_map(struct ext4 *fs, uint32_t ino, uint32_t block, uint32_t blocks, struct ext4_run *runs, size_t *n)
{
	struct inode inode;
	struct txn txn;
	int err;

	txn_begin(&txn, fs);
	err = file_get(&txn, ino, &inode);
	if (!err)
		err = map(&inode, block, end_block(block, blocks), runs, n);
	return txn_finish(&txn, err);
}

static int free_and_root_blocks(struct ext4 *fs, uint64_t *nfree, uint64_t *nroot)
{
	struct super_disk *super;
	struct buffer *buffer;
	struct txn txn;
	int err;

	txn_begin(&txn, fs);
	err = super_get(&txn, &buffer, &super);
	if (!err) {
		*nfree = super_free_blocks(super);
		*nroot = super_root_blocks(super);
	}
	return txn_finish(&txn, err);
}

int ext4_reserve(struct ext4 *fs, uint64_t blocks, bool is_privileged, bool is_forced)
{
	uint64_t nfree, nroot;
	int err;

	if (!is_forced) {
		err = free_and_root_blocks(fs, &nfree, &nroot);
		if (err)
			return err;
		if (!is_privileged)
			nfree -= nroot < nfree ? nroot : nfree;
		if (fs->is_read_only)
			return -EROFS;
		if (fs->reserved > nfree || blocks > nfree - fs->reserved)
			return -ENOSPC;
	}
	fs->reserved += blocks;
	return 0;
}

void ext4_unreserve(struct ext4 *fs, uint64_t blocks)
{
	fs->reserved -= blocks < fs->reserved ? blocks : fs->reserved;
}

uint32_t ext4_metadata_worst(const struct ext4 *fs, uint32_t blocks)
{
	uint32_t per_node = (fs->block_bytes - sizeof(struct extent_header)) / sizeof(struct extent) / 2;

	/* Each block an extent of its own, nodes half full, and a path of new nodes. */
	return blocks / per_node + blocks / per_node / per_node + EXTENT_MAX_DEPTH;
}

/* Where @block would best lie: behind the one before it. */
static int goal_of(struct inode *inode, uint32_t block, uint64_t *goal)
{
	struct ext4_run run;
	int err;

	*goal = inode_goal(inode->txn->fs, inode->ino);
	if (block == 0)
		return 0;
	err = extents_find(inode, block - 1, &run);
	if (!err && run.kind != EXT4_HOLE)
		*goal = run.disk + 1;
	return err;
}

static int choose(struct inode *inode, uint32_t block, uint32_t blocks, struct ext4_run *run)
{
	struct range range;
	uint64_t goal;
	int err = extents_find(inode, block, run);

	if (err)
		return err;
	if (run->kind != EXT4_HOLE || blocks == 0)
		return -ESTALE;
	if (blocks > run->blocks)
		blocks = run->blocks;
	err = goal_of(inode, block, &goal);
	if (!err)
		err = blocks_choose(inode->txn, goal, blocks < CHOOSE_MAX ? blocks : CHOOSE_MAX, &range);
	if (!err)
		*run = (struct ext4_run){ block, range.len, range.start, EXT4_WRITTEN };
	return err;
}

int ext4_allocate(struct ext4 *fs, uint32_t ino, uint32_t block, uint32_t blocks, struct ext4_run *run)
{
	struct inode inode;
	struct txn txn;
	int err;

	if (fs->is_read_only)
		return -EROFS;
	txn_begin(&txn, fs);
	err = file_change(&txn, ino, &inode);
	if (!err)
		err = choose(&inode, block, blocks, run);
	err = txn_finish(&txn, err);
	return err ? err : ranges_add(&fs->inflight, run->disk, run->blocks);
}

void ext4_release(struct ext4 *fs, const struct ext4_run *run)
{
	struct ranges *inflight = &fs->inflight;
	size_t i;

	for (i = 0; i < inflight->n; i++) {
		if (inflight->at[i].start == run->disk && inflight->at[i].len == run->blocks) {
			inflight->at[i] = inflight->at[--inflight->n];
			return;
		}
	}
}

static void raise_size(struct inode *inode, uint64_t size)
{
	if (size > inode_size(inode))
		inode_set_size(inode, size);
	inode_dirty(inode);
}

/* The first block behind the file's end. */
static uint64_t size_in_blocks(const struct inode *inode)
{
	const struct ext4 *fs = inode->txn->fs;

	return (inode_size(inode) + fs->block_bytes - 1) >> fs->block_shift;
}

static int take_and_insert(struct inode *inode, const struct ext4_run *run)
{
	int err = blocks_take(inode->txn, run->disk, run->blocks);

	if (!err)
		err = inode_add_blocks(inode, run->blocks);
	if (!err)
		err = extents_insert(inode, run);
	return err;
}

static bool is_valid_run(const struct ext4_run *run)
{
	return run->blocks && run->kind != EXT4_HOLE && (uint64_t)run->block + run->blocks <= UINT32_MAX;
}

int ext4_insert(struct ext4 *fs, uint32_t ino, const struct ext4_run *run, uint64_t size)
{
	struct inode inode;
	struct txn txn;
	int err;

	if (!is_valid_run(run) || size > extents_max_size(fs))
		return -EINVAL;
	txn_begin(&txn, fs);
	txn.may_use_reserved = true;
	err = file_get(&txn, ino, &inode);
	if (!err)
		raise_size(&inode, size);
	if (!err && run->kind == EXT4_WRITTEN && (uint64_t)run->block + run->blocks > size_in_blocks(&inode))
		err = -ESTALE;
	if (!err)
		err = take_and_insert(&inode, run);
	if (!err)
		inode_dirty(&inode);
	err = txn_finish(&txn, err);
	if (!err)
		ext4_release(fs, run);
	return err;
}

int ext4_mark_written(struct ext4 *fs, uint32_t ino, uint32_t block, uint32_t blocks, uint64_t size)
{
	uint64_t end = end_block(block, blocks);
	struct inode inode;
	struct txn txn;
	int err;

	if (size > extents_max_size(fs))
		return -EINVAL;
	txn_begin(&txn, fs);
	txn.may_use_reserved = true;
	err = file_get(&txn, ino, &inode);
	if (!err) {
		raise_size(&inode, size);
		end = end < size_in_blocks(&inode) ? end : size_in_blocks(&inode);
		err = extents_mark_written(&inode, block, end);
	}
	if (!err)
		inode_dirty(&inode);
	return txn_finish(&txn, err);
}

/* An operation on a file that frees more than fits into one transaction. */
struct removal {
	int (*get)(struct txn *txn, uint32_t ino, struct inode *inode);
	/* Returns: 1 if there is more to do. */
	int (*step)(struct inode *inode, const struct removal *removal);
	uint64_t from, to;
	bool is_first;	/* step */
};

static int remove_in_steps(struct ext4 *fs, uint32_t ino, struct removal *removal)
{
	struct inode inode;
	struct txn txn;
	int err, more;

	removal->is_first = true;
	do {
		txn_begin(&txn, fs);
		txn.may_use_reserved = true;
		err = removal->get(&txn, ino, &inode);
		if (!err)
			err = removal->step(&inode, removal);
		more = err == 1;
		err = txn_finish(&txn, more ? 0 : err);
		removal->is_first = false;
	} while (!err && more);
	return err;
}

/* Until the last step the inode is an orphan. */
static int truncate_step(struct inode *inode, const struct removal *removal)
{
	int err, more;

	if (inode->raw->flags & INODE_FLAG_APPEND && removal->from < inode_size(inode))
		return -EPERM;
	inode_set_size(inode, removal->from);
	if (removal->is_first)
		inode_touch(inode);
	more = extents_remove(inode, size_in_blocks(inode), UINT32_MAX);
	if (more < 0)
		return more;
	inode_dirty(inode);
	if (more)
		err = orphan_add(inode, false);
	else
		err = inode->raw->links_count ? orphan_remove(inode) : 0;
	return err ? err : more;
}

int ext4_truncate(struct ext4 *fs, uint32_t ino, uint64_t size)
{
	struct removal truncation = { .get = file_change, .step = truncate_step, .from = size };

	return size > extents_max_size(fs) ? -EFBIG : remove_in_steps(fs, ino, &truncation);
}

static int trim_step(struct inode *inode, const struct removal *removal)
{
	uint64_t end = size_in_blocks(inode);
	int more = extents_remove(inode, removal->from > end ? removal->from : end, UINT32_MAX);

	if (more >= 0)
		inode_dirty(inode);
	return more;
}

int ext4_trim(struct ext4 *fs, uint32_t ino, uint32_t block)
{
	struct removal trim = { .get = file_get, .step = trim_step, .from = block };

	return remove_in_steps(fs, ino, &trim);
}

static int punch_step(struct inode *inode, const struct removal *removal)
{
	int more;

	if (inode->raw->flags & INODE_FLAG_APPEND)
		return -EPERM;
	more = extents_remove(inode, removal->from, removal->to);
	if (more >= 0) {
		inode_touch(inode);
		inode_dirty(inode);
	}
	return more;
}

int ext4_punch(struct ext4 *fs, uint32_t ino, uint32_t block, uint32_t blocks)
{
	struct removal punch = { .get = file_change, .step = punch_step, .from = block, .to = end_block(block, blocks) };

	return remove_in_steps(fs, ino, &punch);
}

/* Fill the first hole of [block, end). @block moves behind what is done. */
static int fallocate_step(struct inode *inode, uint64_t *block, uint64_t end)
{
	struct super_disk *super;
	struct buffer *buffer;
	struct ext4_run run;
	uint64_t want;
	int err = extents_find(inode, (uint32_t)*block, &run);

	if (err)
		return err;
	want = end - *block < run.blocks ? end - *block : run.blocks;
	if (run.kind != EXT4_HOLE) {
		*block += want;
		return 0;
	}
	err = super_get(inode->txn, &buffer, &super);
	if (err)
		return err;
	if (super_free_blocks(super) < inode->txn->fs->reserved + want)
		return -ENOSPC;
	err = choose(inode, (uint32_t)*block, (uint32_t)want, &run);
	if (err)
		return err;
	run.kind = EXT4_UNWRITTEN;
	*block += run.blocks;
	return take_and_insert(inode, &run);
}

int ext4_fallocate(struct ext4 *fs, uint32_t ino, uint32_t block, uint32_t blocks, uint64_t size)
{
	uint64_t at = block, end = end_block(block, blocks), next;
	struct inode inode;
	struct txn txn;
	int err;

	if (size > extents_max_size(fs))
		return -EFBIG;
	do {
		next = at;
		txn_begin(&txn, fs);
		err = file_change(&txn, ino, &inode);
		if (!err && next < end)
			err = fallocate_step(&inode, &next, end);
		if (!err) {
			inode_touch(&inode);
			raise_size(&inode, next >= end ? size : 0);
		}
		err = txn_finish(&txn, err);
		at = next;
	} while (!err && at < end);
	return err;
}
