/* fat: blocks of the device in the caller's memory.
 *
 * Sets of four blocks; the one of a set that was used longest ago makes room. What is dirty in
 * a table goes to its copies as well.
 */
#include <errno.h>
#include <string.h>

#include "private.h"

#define WAYS 4u

void fat_cache_start(struct fat *fs, void *memory, size_t bytes)
{
	fs->blocks = memory;
	fs->nblocks = (unsigned int)(bytes / sizeof(*fs->blocks) / WAYS * WAYS);
	for (unsigned int i = 0; i < fs->nblocks; i++) {
		fs->blocks[i].number = 0;
		fs->blocks[i].used = 0;
		fs->blocks[i].dirty = 0;
	}
}

/* The part of [@at, @at + @len) that lies in the table, into its copies. */
static int write_copies(struct fat *fs, uint64_t at, const uint8_t *data, size_t len)
{
	uint64_t end = at + len, fat_end = fs->fat_at + fs->fat_bytes, from = at > fs->fat_at ? at : fs->fat_at;
	int err = 0;

	if (end > fat_end)
		end = fat_end;
	for (unsigned int i = 1; i < fs->nfats && from < end && !err; i++)
		err = fs->dev->ops->write(fs->dev, from + i * fs->fat_bytes, data + (from - at), (size_t)(end - from));
	fs->is_uneven |= err != 0;
	return err;
}

static int write_run(struct fat *fs, uint64_t at, const uint8_t *data, size_t len)
{
	int err;

	/* A device's block may be larger than a unit, and never lies in two of ours. */
	if (fs->dev->block_bytes > UNIT_BYTES) {
		size_t before = at & (fs->dev->block_bytes - 1);

		at -= before;
		data -= before;
		len = (len + before + fs->dev->block_bytes - 1) & ~(size_t)(fs->dev->block_bytes - 1);
	}
	fs->has_unflushed = true;
	err = fs->dev->ops->write(fs->dev, at, data, len);
	return err ? err : write_copies(fs, at, data, len);
}

static int write_block(struct fat *fs, struct fat_block *block)
{
	uint64_t at = (block->number - 1) * BLOCK_BYTES;
	unsigned int first, n;
	int err;

	for (first = 0; block->dirty; first += n) {
		for (n = 0; block->dirty & 1u << (first + n); n++)
			;
		if (!n) {
			n = 1;
			continue;
		}
		err = write_run(fs, at + first * UNIT_BYTES, block->data + first * UNIT_BYTES, n * UNIT_BYTES);
		if (err) {
			fs->has_failed = true;
			return err;
		}
		block->dirty &= ~(((1u << n) - 1) << first);
	}
	return 0;
}

static int fill_block(struct fat *fs, struct fat_block *block, uint64_t number)
{
	uint64_t at = (number - 1) * BLOCK_BYTES;
	size_t len = BLOCK_BYTES;
	int err;

	if (at >= fs->dev->bytes)
		return -EIO;
	if (len > fs->dev->bytes - at)
		len = (size_t)(fs->dev->bytes - at);
	block->number = 0;
	err = fs->dev->ops->read(fs->dev, at, block->data, len);
	if (err) {
		fs->has_failed = true;
		return err;
	}
	memset(block->data + len, 0, BLOCK_BYTES - len);
	block->number = number;
	return 0;
}

static struct fat_block *get_block(struct fat *fs, uint64_t number, int *err)
{
	uint64_t nsets = fs->nblocks / WAYS;
	struct fat_block *set = fs->blocks + number % nsets * WAYS;
	struct fat_block *oldest = set;

	*err = 0;
	for (unsigned int i = 0; i < WAYS; i++) {
		if (set[i].number == number) {
			set[i].used = ++fs->clock;
			return &set[i];
		}
		if (set[i].used < oldest->used)
			oldest = &set[i];
	}
	if (oldest->dirty)
		*err = write_block(fs, oldest);
	if (!*err)
		*err = fill_block(fs, oldest, number);
	if (*err)
		return NULL;
	oldest->used = ++fs->clock;
	return oldest;
}

uint8_t *fat_cache_at(struct fat *fs, uint64_t at, bool unit_dirty, int *err)
{
	struct fat_block *block = get_block(fs, at / BLOCK_BYTES + 1, err);

	if (!block)
		return NULL;
	if (unit_dirty)
		block->dirty |= 1u << (at % BLOCK_BYTES / UNIT_BYTES);
	return block->data + at % BLOCK_BYTES;
}

int fat_cache_read(struct fat *fs, uint64_t at, void *buf, size_t len)
{
	uint8_t *to = buf;
	int err;

	while (len) {
		size_t n = BLOCK_BYTES - at % BLOCK_BYTES;
		const uint8_t *from = fat_cache_at(fs, at, false, &err);

		if (!from)
			return err;
		if (n > len)
			n = len;
		memcpy(to, from, n);
		to += n;
		at += n;
		len -= n;
	}
	return 0;
}

/* @from NULL: zeroes. */
static int put(struct fat *fs, uint64_t at, const uint8_t *from, uint64_t len)
{
	int err;

	while (len) {
		size_t n = UNIT_BYTES - at % UNIT_BYTES;
		uint8_t *to = fat_cache_at(fs, at, true, &err);

		if (!to)
			return err;
		if (n > len)
			n = (size_t)len;
		if (from)
			memcpy(to, from, n);
		else
			memset(to, 0, n);
		from = from ? from + n : NULL;
		at += n;
		len -= n;
	}
	return 0;
}

int fat_cache_write(struct fat *fs, uint64_t at, const void *buf, size_t len)
{
	return put(fs, at, buf, len);
}

int fat_cache_zero(struct fat *fs, uint64_t at, uint64_t len)
{
	return put(fs, at, NULL, len);
}

int fat_cache_step(struct fat *fs)
{
	int err = 0;

	for (unsigned int i = 0; i < fs->nblocks && !err; i++)
		if (fs->blocks[i].dirty)
			err = write_block(fs, &fs->blocks[i]);
	return err;
}

int fat_cache_sync(struct fat *fs)
{
	int err = fat_cache_step(fs);

	if (err)
		return err;
	err = fs->dev->ops->flush(fs->dev);
	if (err) {
		fs->has_failed = true;
		return err;
	}
	fs->has_unflushed = false;
	fs->gone_from = NOWHERE;
	return 0;
}

int fat_cache_end(struct fat *fs, int err)
{
	if (!fs->has_failed)
		return err;
	for (unsigned int i = 0; i < fs->nblocks; i++) {
		if (!fs->blocks[i].dirty)
			continue;
		fs->blocks[i].number = 0;
		fs->blocks[i].dirty = 0;
	}
	memset(fs->trails, 0, sizeof(fs->trails));
	fs->is_count_known = false;
	fs->has_failed = false;
	return err;
}

int fat_cache_barrier(struct fat *fs)
{
	int err = fat_cache_step(fs);

	return err || !fs->has_unflushed ? err : fat_cache_sync(fs);
}
