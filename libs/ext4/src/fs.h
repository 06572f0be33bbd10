/* libs/ext4/src/fs.h: an open filesystem, and the transaction each operation runs in.
 *
 * An operation begins a transaction, gets copies of the blocks it needs, changes them and
 * finishes: changed copies get their checksums and go to the store together, or, after an error,
 * nowhere. Pointers into a copy are good until the transaction finishes.
 */
#ifndef EXT4_SRC_FS_H
#define EXT4_SRC_FS_H

#include <errno.h>
#include <string.h>

#include <ext4/ext4.h>

#include "format.h"

#define BUFFER_BUCKETS 64u
#define COMMITTED_CACHE 8u
#define MAX_BLOCK_BYTES 4096u

enum buffer_kind {
	BUFFER_SUPER,
	BUFFER_GROUPS,
	BUFFER_BLOCK_BITMAP,
	BUFFER_INODE_BITMAP,
	BUFFER_INODES,
	BUFFER_EXTENTS,
	BUFFER_DIR_LEAF,
	BUFFER_DIR_INDEX,
	BUFFER_XATTRS,
	BUFFER_SYMLINK,
};

struct buffer {
	struct buffer *next_hashed, *next;
	uint64_t block;
	enum buffer_kind kind;
	uint32_t seed;		/* of its checksum */
	bool is_dirty;
	bool is_freed;
	bool is_checked;	/* its contents make sense, not only its checksum */
	uint8_t data[] __attribute__((aligned(8)));
};

struct txn {
	struct ext4 *fs;
	struct buffer *hashed[BUFFER_BUCKETS], *all;
	size_t ndirty;
	bool may_use_reserved;	/* metadata of data that has a reservation, and of frees */
	bool saw_pending;	/* there are free blocks, but freed since the last commit */
};

/* Blocks of the device, in a row. */
struct range {
	uint64_t start;
	uint32_t len;
};

struct ranges {
	struct range *at;
	size_t n, cap;
};

/* The contents of a block as the last commit left them, for finding what it had in use. */
struct committed_block {
	uint64_t block;		/* 0: none */
	uint8_t *data;
};

struct journal {
	struct ranges ranges;	/* where it lies */
	uint32_t blocks;	/* of the log, its superblock included */
	uint32_t first;
	uint32_t head;		/* where the next transaction goes */
	uint32_t sequence;	/* its number */
	uint32_t features, seed;
	uint32_t last_start, last_blocks;	/* the last one, which must stay until the next has been written */
	struct journal_super super;
};

/* Of a filesystem that must not be written: a block's newest contents are in the journal. */
struct overlay_block {
	uint64_t block, copy;
	bool is_escaped;
};

struct ext4 {
	struct blockdev *dev;
	struct ext4_store *store;
	bool is_read_only;
	bool saw_corruption, has_noted_corruption;
	uint32_t block_bytes;
	unsigned int block_shift;
	uint64_t blocks;
	uint32_t first_data_block, blocks_per_group, inodes_per_group, inodes, groups;
	uint32_t desc_bytes, inode_bytes, want_extra, first_ino, reserved_gdt;
	uint32_t compat, ro_compat;
	bool has_checksums;
	uint32_t seed;
	uint32_t hash_seed[4], hash_version;	/* HASH_*, HASH_UNSIGNED added */
	uint32_t journal_ino;
	uint64_t super_block;
	uint32_t super_offset;
	uint64_t reserved;	/* ext4_reserve() */
	struct ranges inflight;	/* allocated and not inserted */
	struct committed_block committed[COMMITTED_CACHE];
	unsigned int next_committed;
	struct ranges zone;	/* zone.h */
	struct journal journal;
	struct overlay_block *overlay;
	size_t noverlay;
	uint8_t uuid[16];
};

/* Something on the disk is wrong: remember it for the superblock. Returns: -EUCLEAN. */
int corrupt(struct ext4 *fs);

void txn_begin(struct txn *txn, struct ext4 *fs);

/* Apply if @err is 0, and free all. Returns: @err, or what apply gave, or -EAGAIN if the journal would not hold it. */
int txn_finish(struct txn *txn, int err);

/* A copy of @block. @seed: what its checksum starts with, if it has one inside. */
int txn_get(struct txn *txn, uint64_t block, enum buffer_kind kind, uint32_t seed, struct buffer **out);

/* A zeroed copy, to be written. */
int txn_new(struct txn *txn, uint64_t block, enum buffer_kind kind, uint32_t seed, struct buffer **out);

void txn_dirty(struct txn *txn, struct buffer *buffer);

/* Let a copy that was not changed go, on a long walk. */
void txn_drop(struct txn *txn, struct buffer *buffer);

/* @block holds metadata no longer. */
int txn_forget(struct txn *txn, uint64_t block);

/* Has the operation changed so much that it should apply and go on in another? */
static inline bool txn_is_long(const struct txn *txn)
{
	return txn->ndirty >= 64;
}

/* The superblock's copy. */
int super_get(struct txn *txn, struct buffer **buffer, struct super_disk **super);
void super_checksum(const struct ext4 *fs, struct super_disk *super);

/* The newest contents of a block, from the store, or through the overlay. */
int fs_read(struct ext4 *fs, uint64_t block, void *buf);

static inline int device_read(struct ext4 *fs, uint64_t block, void *buf)
{
	return fs->dev->ops->read(fs->dev, block << fs->block_shift, buf, fs->block_bytes);
}

static inline int device_write(struct ext4 *fs, uint64_t block, const void *buf)
{
	return fs->dev->ops->write(fs->dev, block << fs->block_shift, buf, fs->block_bytes);
}

static inline bool is_block_range(const struct ext4 *fs, uint64_t start, uint64_t len)
{
	return start > fs->super_block && len <= fs->blocks && start <= fs->blocks - len;
}

/* -ENOMEM */
int ranges_add(struct ranges *ranges, uint64_t start, uint32_t len);
void ranges_free(struct ranges *ranges);

static inline struct ext4_time fs_now(struct ext4 *fs)
{
	return fs->store->ops->now(fs->store);
}

#endif
