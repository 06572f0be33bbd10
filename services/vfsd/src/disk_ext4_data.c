/* services/vfsd/src/disk_ext4_data.c: contents of files on ext4 volumes.
 *
 * A write is given room as unwritten blocks at once, so that a full disk is known when the program
 * writes; bytes then go straight between the disk and the pages of the kernel's object, without the name
 * lock. What a file has of the disk does not shrink meanwhile: the kernel orders truncation against write-back.
 */
#include <errno.h>
#include <linux/falloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <ext4/data.h>

#include "disk_dev.h"
#include "disk_ext4.h"
#include "dispatch.h"
#include "kernel.h"

/* A growing file is given room in larger steps. */
#define AHEAD_MAX (1u << 20)
#define SIZE_MAX_BYTES ((uint64_t)UINT32_MAX * 1024)

/* A range of a file in blocks. */
struct blocks {
	uint32_t first, count;
};

static struct blocks blocks_of(const struct ext4 *fs, uint64_t offset, uint64_t end)
{
	uint32_t unit = ext4_block_bytes(fs);

	return (struct blocks){
		.first = (uint32_t)(offset / unit), .count = (uint32_t)((end + unit - 1) / unit - offset / unit),
	};
}

static uint32_t ino_of(const struct node *node)
{
	return (uint32_t)node->ino;
}

/* ---- room ---- */

void ext4_give_room_back(struct node *node)
{
	struct ext4 *fs = node->ext4.reserved ? ext4_of(node) : NULL;

	if (fs)
		ext4_unreserve(fs, node->ext4.reserved);
	node->ext4.reserved = 0;
}

/* Blocks for the tree, when the unwritten blocks become written ones by and by. */
static int reserve_tree(struct ext4 *fs, struct node *node, uint32_t blocks)
{
	uint32_t more = ext4_metadata_worst(fs, blocks), most;
	struct ext4_attr attr;
	int err = ext4_getattr(fs, ino_of(node), &attr);

	if (err)
		return err;
	most = ext4_metadata_worst(fs, blocks + (uint32_t)(attr.blocks * 512 / ext4_block_bytes(fs)));
	if (node->ext4.reserved + more > most)
		more = most > node->ext4.reserved ? most - node->ext4.reserved : 0;
	err = ext4_reserve(fs, more, true, false);
	if (!err)
		node->ext4.reserved += more;
	return err;
}

/* How many blocks from the first on have room. */
static int count_ready(struct ext4 *fs, const struct node *node, struct blocks range, uint32_t *ready)
{
	struct ext4_run runs[16];
	size_t n = sizeof(runs) / sizeof(runs[0]);
	int err = ext4_map(fs, ino_of(node), range.first, range.count, runs, &n);

	*ready = 0;
	for (size_t i = 0; !err && i < n && runs[i].kind != EXT4_HOLE; i++)
		*ready += runs[i].blocks;
	return err;
}

static bool may_take(struct ext4 *fs, uint32_t blocks, bool is_privileged)
{
	if (ext4_reserve(fs, blocks, is_privileged, false))
		return false;
	ext4_unreserve(fs, blocks);
	return true;
}

/* A nearly full disk gives what it has. */
static int fill(struct ext4 *fs, struct node *node, struct blocks range, bool is_privileged, uint32_t *ready)
{
	int err = count_ready(fs, node, range, ready);

	for (; !err && !*ready && range.count; range.count /= 2) {
		if (!may_take(fs, range.count, is_privileged))
			continue;
		err = reserve_tree(fs, node, range.count);
		if (!err)
			err = ext4_fallocate(fs, ino_of(node), range.first, range.count, 0);
		if (!err || err == -ENOSPC)
			err = count_ready(fs, node, range, ready);
	}
	return err;
}

/* What is asked for, and for a file that grows as much again. */
static uint64_t end_ahead(uint64_t offset, uint64_t len)
{
	uint64_t ahead = offset < AHEAD_MAX ? offset : AHEAD_MAX;

	return offset + (len > ahead ? len : ahead);
}

static int make_room(struct ext4 *fs, struct node *node, uint64_t offset, uint64_t len, bool is_privileged, uint64_t *end)
{
	uint64_t ahead = end_ahead(offset, len);
	struct blocks range = blocks_of(fs, offset, ahead);
	uint32_t ready, unit = ext4_block_bytes(fs);
	int err = fill(fs, node, range, is_privileged, &ready);

	if (err)
		return err;
	*end = ((uint64_t)range.first + ready) * unit;
	if (ahead > offset + len)
		node->ext4.is_ahead = 1;
	return *end > offset ? 0 : -ENOSPC;
}

/* Nothing waits to be written: what was kept, and what was given too much, is free again. */
static int take_room_back(struct ext4 *fs, struct node *node)
{
	int err = 0;

	ext4_give_room_back(node);
	if (node->ext4.is_ahead)
		err = ext4_outcome(node, ext4_trim(fs, ino_of(node), node->ext4.kept_end));
	if (!err)
		node->ext4.is_ahead = 0;
	return err;
}

int ext4_fs_reserve(struct node *node, uint64_t offset, uint64_t len, bool is_privileged, uint64_t *start, uint64_t *end)
{
	struct ext4 *fs = ext4_of(node);
	int err;

	*start = *end = 0;
	if (!fs)
		return -EIO;
	if (!len)
		return take_room_back(fs, node);
	if (offset >= SIZE_MAX_BYTES)
		return -EFBIG;
	if (len > SIZE_MAX_BYTES - offset)
		len = SIZE_MAX_BYTES - offset;
	err = make_room(fs, node, offset, len, is_privileged, end);
	*start = offset;
	return ext4_outcome(node, err);
}

/* ---- size ---- */

/* On the disk the rest of the block that holds the last byte of @size is to be zeroes. */
static int clear_tail(struct ext4 *fs, const struct node *node, uint64_t size)
{
	struct blockdev *dev = ext4_device_of(node);
	uint32_t unit = ext4_block_bytes(fs), keep = (uint32_t)(size % unit);
	struct ext4_run run;
	size_t n = 1;
	uint8_t *block;
	int err = ext4_map(fs, ino_of(node), (uint32_t)(size / unit), 1, &run, &n);

	if (err || !keep || !n || run.kind != EXT4_WRITTEN)
		return err;
	block = malloc(unit);
	if (!block)
		return -ENOMEM;
	err = dev->ops->read(dev, run.disk * unit, block, unit);
	if (!err) {
		memset(block + keep, 0, unit - keep);
		err = dev->ops->write(dev, run.disk * unit, block, unit);
	}
	free(block);
	return err;
}

/* An operation that works in steps found no room: those that were made last, and the request goes on from there. */
static int keep_steps(int err)
{
	if (err == REQUEST_AGAIN) {
		arena_commit();
		arena_begin();
	}
	return err;
}

int ext4_set_size(struct node *node, uint64_t size)
{
	struct ext4 *fs = ext4_of(node);
	struct ext4_attr attr;
	int err;

	if (!S_ISREG(node->mode))
		return S_ISDIR(node->mode) ? -EISDIR : -EINVAL;
	err = ext4_outcome(node, ext4_getattr(fs, ino_of(node), &attr));
	if (!err)
		err = clear_tail(fs, node, size < attr.size ? size : attr.size);
	if (err)
		return err;
	ext4_give_room_back(node);
	node->ext4.is_ahead = 0;
	node->ext4.kept_end = 0;
	return keep_steps(ext4_outcome(node, ext4_truncate(fs, ino_of(node), size)));
}

static int punch(struct ext4 *fs, struct node *node, uint64_t offset, uint64_t end)
{
	uint32_t unit = ext4_block_bytes(fs);
	uint64_t first = (offset + unit - 1) / unit, last = end / unit;

	if (last > UINT32_MAX)
		last = UINT32_MAX;
	return first < last ? ext4_punch(fs, ino_of(node), (uint32_t)first, (uint32_t)(last - first)) : 0;
}

int ext4_fs_allocate(struct node *node, int mode, uint64_t offset, uint64_t len)
{
	struct ext4 *fs = ext4_of(node);
	uint64_t end = offset + len;
	struct blocks range;

	if (!fs)
		return -EIO;
	if (mode & FALLOC_FL_PUNCH_HOLE)
		return keep_steps(ext4_outcome(node, punch(fs, node, offset, end)));
	if (end > SIZE_MAX_BYTES)
		return -EFBIG;
	range = blocks_of(fs, offset, end);
	if (range.first + range.count > node->ext4.kept_end)
		node->ext4.kept_end = range.first + range.count;
	return keep_steps(ext4_outcome(node, ext4_fallocate(fs, ino_of(node), range.first, range.count,
							   mode & FALLOC_FL_KEEP_SIZE ? 0 : end)));
}

int ext4_fs_seek(struct node *node, uint64_t offset, bool is_hole, uint64_t *out)
{
	struct ext4 *fs = ext4_of(node);
	uint32_t unit = fs ? ext4_block_bytes(fs) : 1;
	uint32_t at = (uint32_t)(offset / unit), end;
	struct ext4_attr attr;
	struct ext4_run run;
	size_t n = 1;
	int err = fs ? ext4_getattr(fs, ino_of(node), &attr) : -EIO;

	if (err || offset >= attr.size)
		return err ? err : -ENXIO;
	for (end = blocks_of(fs, 0, attr.size).count; !err && n && at < end; at += n ? run.blocks : 0) {
		n = 1;
		err = ext4_map(fs, ino_of(node), at, end - at, &run, &n);
		if (!err && n && (run.kind == EXT4_WRITTEN) != is_hole)
			break;
	}
	*out = (uint64_t)at * unit;
	if (*out < offset)
		*out = offset;
	if (*out > attr.size)
		*out = attr.size;
	return err ? ext4_outcome(node, err) : at >= end && !is_hole ? -ENXIO : 0;
}

int ext4_fs_sync(uint64_t number)
{
	struct node *node;
	int err;

	dispatch_lock_names();
	node = node_get(number);
	err = node ? ext4_volume_commit(node->mount) : -ENOENT;
	dispatch_unlock_names();
	return err;
}

/* ---- moving ---- */

/* One part of a file on its way. */
struct piece {
	uint64_t number;	/* of the node */
	uint64_t end;		/* where the bytes to be moved end */
	struct blocks range;
	bool is_out;
	uint16_t mount;
	uint32_t device;
	unsigned int n;
	struct block_extent extents[BLOCK_MAX_EXTENTS];
};

/* A part of the work, in one transaction. Returns: 0; errno; REQUEST_AGAIN: commit, and again. */
typedef int (*piece_step)(struct piece *piece, struct ext4 *fs, struct node *node);

/* Who borrows the name lock stands in the lender's transaction, and only looks. */
static void begin(void)
{
	if (!dispatch_is_borrowing())
		arena_begin();
}

static int end(void)
{
	return dispatch_is_borrowing() ? 0 : arena_commit();
}

/* What a step did before an error stays: each change is good by itself. */
static int in_transaction(struct piece *piece, piece_step step)
{
	struct node *node = node_get(piece->number);
	struct ext4 *fs;
	int err;

	if (!node)
		return -ENOENT;
	begin();
	fs = ext4_of(node);
	err = fs ? ext4_outcome(node, step(piece, fs, node)) : -EIO;
	if (err && err != REQUEST_AGAIN) {
		if (!dispatch_is_borrowing())
			arena_abort();
		return err;
	}
	piece->mount = node->mount;
	return end() ? -ENOSPC : err;
}

/* Under the name lock, which it may let go for a commit. */
static int run_step(struct piece *piece, piece_step step)
{
	int err;

	do
		err = in_transaction(piece, step);
	while (err == REQUEST_AGAIN && ext4_make_room(piece->mount));
	return err == REQUEST_AGAIN ? -ENOSPC : err;
}

/* Extents of the piece, which ends where there would be too many. Returns: 1 if it has holes. */
static int map_piece(struct piece *piece, struct ext4 *fs, const struct node *node)
{
	struct ext4_run runs[BLOCK_MAX_EXTENTS];
	uint32_t unit = ext4_block_bytes(fs), blocks = 0;
	bool has_hole = false;
	size_t n = BLOCK_MAX_EXTENTS;
	int err = ext4_map(fs, ino_of(node), piece->range.first, piece->range.count, runs, &n);

	for (size_t i = 0; !err && i < n; i++) {
		bool is_there = runs[i].kind == EXT4_WRITTEN || (piece->is_out && runs[i].kind == EXT4_UNWRITTEN);

		piece->extents[i] = (struct block_extent){
			.start = is_there ? runs[i].disk * unit : BLOCK_HOLE, .bytes = (uint64_t)runs[i].blocks * unit,
		};
		has_hole |= !is_there;
		blocks += runs[i].blocks;
	}
	piece->n = (unsigned int)n;
	if (err || !blocks)
		return err ? err : -EFBIG;
	piece->range.count = blocks;
	return has_hole;
}

static int prepare(struct piece *piece, struct ext4 *fs, struct node *node)
{
	uint32_t most = BLOCK_MAX_BYTES / ext4_block_bytes(fs);
	int err;

	if (piece->range.count > most)
		piece->range.count = most;
	piece->device = node_mount(node)->device;
	err = map_piece(piece, fs, node);
	if (err <= 0 || !piece->is_out)
		return err < 0 ? err : 0;
	/* Written through a mapping, where nobody asked for room. */
	err = ext4_fallocate(fs, ino_of(node), piece->range.first, piece->range.count, 0);
	if (!err)
		err = map_piece(piece, fs, node);
	return err > 0 ? -EIO : err;
}

/* The inode's times are those that the kernel kept meanwhile. */
static int take_times(struct ext4 *fs, const struct node *node)
{
	struct ext4_attr attr = { .ino = 0 };
	struct vfs_attr ours;

	if (kernel_node(VFS_NODE_ATTR, node->number, &ours))
		return 0;
	attr.mtime = attr.ctime = (struct ext4_time){ .sec = ours.mtime.sec, .nsec = ours.mtime.nsec };
	return ext4_setattr(fs, ino_of(node), EXT4_ATTR_MTIME | EXT4_ATTR_CTIME, &attr);
}

static int conclude(struct piece *piece, struct ext4 *fs, struct node *node)
{
	uint64_t end = ((uint64_t)piece->range.first + piece->range.count) * ext4_block_bytes(fs);
	int err = ext4_mark_written(fs, ino_of(node), piece->range.first, piece->range.count, end < piece->end ? end : piece->end);

	return err ? err : take_times(fs, node);
}

/* Returns: 0 with the part that was moved in @piece. */
static int move_piece(struct piece *piece, uint32_t unit)
{
	int err;

	dispatch_lock_names();
	err = run_step(piece, prepare);
	if (!err)
		ext4_move_begin(piece->mount);
	dispatch_unlock_names();
	if (err)
		return err;
	err = disk_move_pages(piece->device, piece->is_out, piece->number, (uint64_t)piece->range.first * unit, piece->extents,
			      piece->n);
	dispatch_lock_names();
	if (!err && piece->is_out)
		err = run_step(piece, conclude);
	ext4_move_end(piece->mount);
	dispatch_unlock_names();
	return err;
}

/* The disk's size of a file and its volume's blocks'. */
static int look_at(uint64_t number, uint64_t *size, uint32_t *unit)
{
	struct ext4_attr attr;
	struct node *node;
	struct ext4 *fs = NULL;
	int err = -ENOENT;

	dispatch_lock_names();
	node = node_get(number);
	begin();
	if (node)
		fs = ext4_of(node);
	if (node)
		err = fs ? ext4_outcome(node, ext4_getattr(fs, ino_of(node), &attr)) : -EIO;
	end();
	if (!err) {
		*size = attr.size;
		*unit = ext4_block_bytes(fs);
	}
	dispatch_unlock_names();
	return err;
}

static int move_range(uint64_t number, bool is_out, uint64_t offset, uint64_t end, uint32_t unit)
{
	uint32_t at = (uint32_t)(offset / unit), last = (uint32_t)((end + unit - 1) / unit);
	struct piece piece;
	int err = 0;

	while (!err && at < last) {
		piece.number = number;
		piece.end = end;
		piece.is_out = is_out;
		piece.range = (struct blocks){ .first = at, .count = last - at };
		err = move_piece(&piece, unit);
		at += piece.range.count;
	}
	return err;
}

long ext4_fs_page_in(uint64_t number, uint64_t offset, uint64_t len)
{
	uint64_t size, end;
	uint32_t unit;
	int err = look_at(number, &size, &unit);

	if (err)
		return err;
	if (offset >= size)
		return 0;
	end = len < size - offset ? offset + len : size;
	err = move_range(number, false, offset, end, unit);
	return err ? err : (long)(end - offset);
}

long ext4_fs_page_out(uint64_t number, uint64_t offset, uint64_t len)
{
	uint64_t size;
	uint32_t unit;
	int err = look_at(number, &size, &unit);

	if (!err)
		err = offset + len > SIZE_MAX_BYTES ? -EFBIG : move_range(number, true, offset, offset + len, unit);
	return err ? err : (long)len;
}
