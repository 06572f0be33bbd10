/* The log is read up to three times: to find where it ends, to collect what later transactions revoked, and
 * to write. A transaction counts if it is whole, up to a commit block with its number and checksum. */
#include <stdlib.h>

#include "journal.h"

#define UUID_BYTES 16u

struct revoked {
	uint64_t block;
	uint32_t sequence;
};

struct tag {
	uint64_t block;
	uint32_t flags, checksum;
};

struct replay {
	struct ext4 *fs;
	uint32_t end;		/* the number of the first transaction that does not count */
	struct revoked *revoked;
	size_t nrevoked, cap;
	bool has_wrong_data;	/* the transaction being scanned, */
	bool is_damaged;	/* although it has a commit block */
	uint8_t *block, *data;
};

/* One read of the log. */
struct walk {
	struct replay *replay;
	uint32_t at, sequence;
	uint32_t left;		/* blocks that may still be read: none is read twice */
	/* A copy of a block at @at. Returns: 1 to end the walk. */
	int (*on_tag)(struct walk *walk, const struct tag *tag);
	int (*on_revoke)(struct walk *walk, const uint8_t *block);
};

static bool is_before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

static uint32_t read32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return be32(value);
}

static int read_log(struct walk *walk, uint8_t *buf)
{
	if (walk->left == 0)
		return 1;
	walk->left--;
	return device_read(walk->replay->fs, journal_block(walk->replay->fs, walk->at), buf);
}

static void step(struct walk *walk)
{
	walk->at = journal_next(walk->replay->fs, walk->at);
}

static uint32_t tag_bytes(uint32_t features)
{
	uint32_t bytes = sizeof(struct journal_tag);

	if (features & JOURNAL_INCOMPAT_CSUM_V3)
		return sizeof(struct journal_tag3);
	if (!(features & JOURNAL_INCOMPAT_64BIT))
		bytes -= sizeof(uint32_t);
	return features & JOURNAL_INCOMPAT_CSUM_V2 ? bytes + 2 : bytes;
}

static struct tag parse_tag(uint32_t features, const uint8_t *at)
{
	struct tag tag = { .block = read32(at) };

	if (features & JOURNAL_INCOMPAT_CSUM_V3) {
		tag.flags = read32(at + 4);
		tag.checksum = read32(at + 12);
	} else {
		tag.checksum = read32(at + 4) >> 16;
		tag.flags = read32(at + 4) & 0xffff;
	}
	if (features & JOURNAL_INCOMPAT_64BIT)
		tag.block |= (uint64_t)read32(at + 8) << 32;
	return tag;
}

static bool tail_is_right(const struct ext4 *fs, const uint8_t *block)
{
	return !journal_has_checksums(fs) || read32(block + fs->block_bytes - 4) == journal_tail_checksum(fs, block);
}

/* Each tag of the descriptor in replay->block. */
static int walk_tags(struct walk *walk)
{
	struct replay *replay = walk->replay;
	uint32_t features = replay->fs->journal.features, bytes = tag_bytes(features);
	uint32_t end = replay->fs->block_bytes - (journal_has_checksums(replay->fs) ? 4 : 0);
	uint32_t at = sizeof(struct journal_header);
	struct tag tag;
	int err;

	while (at + bytes <= end) {
		tag = parse_tag(features, replay->block + at);
		err = walk->on_tag(walk, &tag);
		if (err)
			return err;
		step(walk);
		at += bytes;
		if (!(tag.flags & TAG_SAME_UUID))
			at += UUID_BYTES;
		if (tag.flags & TAG_LAST)
			break;
	}
	return 0;
}

static int walk_commit(struct walk *walk)
{
	struct replay *replay = walk->replay;
	struct ext4 *fs = replay->fs;

	if (journal_has_checksums(fs) && read32(replay->block + offsetof(struct journal_commit, checksum)) !=
	    journal_commit_checksum(fs, replay->block))
		return 1;
	if (replay->has_wrong_data) {
		replay->is_damaged = true;
		return 1;
	}
	walk->sequence++;
	step(walk);
	return 0;
}

/* One block that is the journal's own and what belongs to it. Returns: 1 at the end. */
static int walk_block(struct walk *walk)
{
	struct replay *replay = walk->replay;
	int err = read_log(walk, replay->block);

	if (err)
		return err;
	if (read32(replay->block) != JOURNAL_MAGIC || read32(replay->block + 8) != walk->sequence)
		return 1;
	switch (read32(replay->block + 4)) {
	case JOURNAL_DESCRIPTOR:
		if (!tail_is_right(replay->fs, replay->block))
			return 1;
		step(walk);
		return walk_tags(walk);
	case JOURNAL_REVOKE:
		if (!tail_is_right(replay->fs, replay->block))
			return 1;
		step(walk);
		return walk->on_revoke(walk, replay->block);
	case JOURNAL_COMMIT:
		return walk_commit(walk);
	default:
		return 1;
	}
}

/* Read the log; all of it if @is_scan, else the transactions that count. Returns: where it ended in @walk. */
static int walk_log(struct walk *walk, bool is_scan)
{
	struct ext4 *fs = walk->replay->fs;
	int err = 0;

	walk->at = be32(fs->journal.super.start);
	walk->sequence = be32(fs->journal.super.sequence);
	walk->left = fs->journal.blocks - fs->journal.first;
	while (!err && (is_scan || is_before(walk->sequence, walk->replay->end)))
		err = walk_block(walk);
	return err == 1 ? 0 : err;
}

static int scan_tag(struct walk *walk, const struct tag *tag)
{
	struct replay *replay = walk->replay;
	uint32_t features = replay->fs->journal.features, crc;
	int err = read_log(walk, replay->data);

	if (err || !journal_has_checksums(replay->fs))
		return err;
	crc = journal_data_checksum(replay->fs, walk->sequence, replay->data);
	if (tag->checksum != (features & JOURNAL_INCOMPAT_CSUM_V3 ? crc : crc & 0xffff))
		replay->has_wrong_data = true;
	return 0;
}

static int ignore_revoke(struct walk *walk, const uint8_t *block)
{
	(void)walk;
	(void)block;
	return 0;
}

static int ignore_tag(struct walk *walk, const struct tag *tag)
{
	(void)tag;
	if (walk->left == 0)
		return 1;
	walk->left--;
	return 0;
}

static int add_revoked(struct replay *replay, uint64_t block, uint32_t sequence)
{
	size_t cap = replay->cap ? replay->cap * 2 : 64;
	struct revoked *grown;

	if (replay->nrevoked == replay->cap) {
		grown = realloc(replay->revoked, cap * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		replay->revoked = grown;
		replay->cap = cap;
	}
	replay->revoked[replay->nrevoked++] = (struct revoked){ block, sequence };
	return 0;
}

static int collect_revoke(struct walk *walk, const uint8_t *block)
{
	struct ext4 *fs = walk->replay->fs;
	uint32_t bytes = fs->journal.features & JOURNAL_INCOMPAT_64BIT ? 8 : 4;
	uint32_t end = read32(block + sizeof(struct journal_header)), at;
	uint64_t number;
	int err = 0;

	if (end > fs->block_bytes - (journal_has_checksums(fs) ? 4 : 0))
		return corrupt(fs);
	for (at = sizeof(struct journal_revoke); !err && at + bytes <= end; at += bytes) {
		number = read32(block + at);
		if (bytes == 8)
			number = number << 32 | read32(block + at + 4);
		err = add_revoked(walk->replay, number, walk->sequence);
	}
	return err;
}

static int compare_revoked(const void *a, const void *b)
{
	const struct revoked *x = a, *y = b;

	if (x->block != y->block)
		return x->block < y->block ? -1 : 1;
	return x->sequence == y->sequence ? 0 : is_before(x->sequence, y->sequence) ? -1 : 1;
}

/* Keep the last record of each block, in order. */
static void sort_revoked(struct replay *replay)
{
	size_t i, n = 0;

	if (replay->nrevoked == 0)
		return;
	qsort(replay->revoked, replay->nrevoked, sizeof(*replay->revoked), compare_revoked);
	for (i = 0; i < replay->nrevoked; i++) {
		if (n && replay->revoked[n - 1].block == replay->revoked[i].block)
			n--;
		replay->revoked[n++] = replay->revoked[i];
	}
	replay->nrevoked = n;
}

static bool is_revoked(const struct replay *replay, uint64_t block, uint32_t sequence)
{
	size_t low = 0, high = replay->nrevoked, middle;

	while (low < high) {
		middle = (low + high) / 2;
		if (replay->revoked[middle].block < block)
			low = middle + 1;
		else
			high = middle;
	}
	return low < replay->nrevoked && replay->revoked[low].block == block &&
	       !is_before(replay->revoked[low].sequence, sequence);
}

static int check_target(struct walk *walk, const struct tag *tag)
{
	struct ext4 *fs = walk->replay->fs;

	return tag->block < fs->blocks ? 0 : corrupt(fs);
}

static int write_tag(struct walk *walk, const struct tag *tag)
{
	struct replay *replay = walk->replay;
	uint32_t magic = be32(JOURNAL_MAGIC);
	int err = check_target(walk, tag);

	if (!err)
		err = read_log(walk, replay->data);
	if (err || is_revoked(replay, tag->block, walk->sequence))
		return err;
	if (tag->flags & TAG_ESCAPED)
		memcpy(replay->data, &magic, sizeof(magic));
	return device_write(replay->fs, tag->block, replay->data);
}

/* A read-only filesystem is read through what the log would have written. */
static int overlay_tag(struct walk *walk, const struct tag *tag)
{
	struct ext4 *fs = walk->replay->fs;
	uint64_t copy = journal_block(fs, walk->at);
	struct overlay_block *grown;
	size_t i;
	int err = check_target(walk, tag);

	if (!err)
		err = ignore_tag(walk, tag);
	if (err || is_revoked(walk->replay, tag->block, walk->sequence))
		return err;
	for (i = 0; i < fs->noverlay && fs->overlay[i].block != tag->block; i++)
		;
	if (i == fs->noverlay) {
		grown = realloc(fs->overlay, (i + 1) * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		fs->overlay = grown;
		fs->noverlay++;
	}
	fs->overlay[i] = (struct overlay_block){ tag->block, copy, tag->flags & TAG_ESCAPED };
	return 0;
}

static int replay_log(struct replay *replay)
{
	struct walk scan = { .replay = replay, .on_tag = scan_tag, .on_revoke = ignore_revoke };
	struct walk collect = { .replay = replay, .on_tag = ignore_tag, .on_revoke = collect_revoke };
	struct walk write = { .replay = replay, .on_tag = replay->fs->is_read_only ? overlay_tag : write_tag,
			      .on_revoke = ignore_revoke };
	int err = walk_log(&scan, true);

	if (err)
		return err;
	replay->end = scan.sequence;
	replay->has_wrong_data = false;
	err = walk_log(&collect, false);
	if (err)
		return err;
	sort_revoked(replay);
	return walk_log(&write, false);
}

int journal_replay(struct ext4 *fs)
{
	struct replay replay = { .fs = fs };
	int err = -ENOMEM;

	replay.block = malloc(fs->block_bytes);
	replay.data = malloc(fs->block_bytes);
	if (replay.block && replay.data)
		err = replay_log(&replay);
	/* A number is never used twice, so that what lies about in the log is not taken for new. */
	fs->journal.sequence = replay.end + 1;
	if (!err && !fs->is_read_only)
		err = fs->dev->ops->flush(fs->dev);
	if (!err && !fs->is_read_only)
		err = journal_empty(fs);
	if (replay.is_damaged)
		corrupt(fs);
	free(replay.block);
	free(replay.data);
	free(replay.revoked);
	return err;
}
