/* fat: what a file's entry says, and where its bytes are. */
#include <errno.h>
#include <string.h>

#include "private.h"

static const uint8_t zeroes[BLOCK_BYTES];

int fat_load(struct fat *fs, struct fat_file *file)
{
	uint8_t raw[SLOT_BYTES];
	uint64_t at;
	int err = fat_slot_at(fs, file->dir, file->slot, &at);

	if (!err)
		err = fat_cache_read(fs, at, raw, SLOT_BYTES);
	if (err)
		return err;
	if (!raw[0] || raw[0] == SLOT_FREE || (raw[11] & FAT_VOLUME))
		return -ENOENT;
	fat_entry_decode(fs, raw, file->dir, file->slot, file);
	return 0;
}

static int store(struct fat *fs, const struct fat_file *file)
{
	uint8_t raw[SLOT_BYTES], was[SLOT_BYTES];
	struct fat_file old;
	uint64_t at;
	int err = fat_volume_begin(fs);

	if (!err && file->slot == FAT_NO_SLOT)
		return 0;
	if (!err)
		err = fat_slot_at(fs, file->dir, file->slot, &at);
	if (!err)
		err = fat_cache_read(fs, at, was, SLOT_BYTES);
	if (err)
		return err;
	memcpy(raw, was, SLOT_BYTES);
	fat_entry_encode(fs, file, raw);
	if (!memcmp(raw, was, SLOT_BYTES))
		return 0;
	fat_entry_decode(fs, was, file->dir, file->slot, &old);
	if (old.first != file->first || old.size < file->size)
		err = fat_cache_sync(fs);
	if (!err)
		err = fat_cache_write(fs, at, raw, SLOT_BYTES);
	return err ? err : fat_cache_step(fs);
}

int fat_store(struct fat *fs, const struct fat_file *file)
{
	return fat_cache_end(fs, store(fs, file));
}

static uint32_t clusters_of(const struct fat *fs, uint64_t bytes)
{
	return (uint32_t)((bytes + fs->cluster_bytes - 1) / fs->cluster_bytes);
}

static int allocate(struct fat *fs, struct fat_file *file, uint64_t bytes)
{
	uint32_t want = clusters_of(fs, bytes), have = 0, last = 0, new;
	int err = bytes > FAT_SIZE_MAX ? -EFBIG : fat_volume_begin(fs);

	if (!err && file->first)
		err = fat_chain_tail(fs, file->first, &have, &last);
	if (err || have >= want)
		return err;
	err = fat_table_take(fs, want - have, last ? last + 1 : 0, &new);
	if (err)
		return err;
	if (!last) {
		file->first = new;
		return fat_cache_step(fs);
	}
	if (!fat_table_is_together(fs, last, new) || want - have > 1)
		err = fat_cache_barrier(fs);
	if (!err)
		err = fat_table_link(fs, last, new);
	return err ? err : fat_cache_step(fs);
}

int fat_allocate(struct fat *fs, struct fat_file *file, uint64_t bytes)
{
	struct fat_file larger = *file;
	int err = fat_cache_end(fs, allocate(fs, &larger, bytes));

	if (!err)
		*file = larger;
	return err;
}

int fat_map(struct fat *fs, const struct fat_file *file, uint64_t offset, uint64_t len, struct fat_extent *extents,
	    unsigned int max)
{
	unsigned int n = 0;
	uint32_t cluster;

	while (len) {
		uint32_t inside = (uint32_t)(offset % fs->cluster_bytes);
		uint64_t bytes = fs->cluster_bytes - inside;
		int err = offset > FAT_SIZE_MAX ? -ENOENT :
			  fat_chain_at(fs, file->first, (uint32_t)(offset / fs->cluster_bytes), &cluster);
		uint64_t start;

		if (err)
			return err == -ENOENT ? -EIO : err;
		start = cluster_at(fs, cluster) + inside;
		if (bytes > len)
			bytes = len;
		if (n && extents[n - 1].start + extents[n - 1].bytes == start) {
			extents[n - 1].bytes += bytes;
		} else {
			if (n == max)
				break;
			extents[n++] = (struct fat_extent){ .start = start, .bytes = bytes };
		}
		offset += bytes;
		len -= bytes;
	}
	return (int)n;
}

/* The device takes whole blocks; what shares one with the first or last zero stays. */
static int zero_part(struct fat *fs, uint64_t at, uint32_t from, uint32_t to)
{
	struct blockdev *dev = fs->dev;
	uint8_t block[BLOCK_BYTES];
	int err = dev->ops->read(dev, at, block, dev->block_bytes);

	if (err)
		return err;
	memset(block + from, 0, to - from);
	return dev->ops->write(dev, at, block, dev->block_bytes);
}

/* Zero [@at, @at + @len) of the device, past the cache: it is a file's. */
static int zero_data(struct fat *fs, uint64_t at, uint64_t len)
{
	const uint32_t block = fs->dev->block_bytes;
	int err = 0;

	fs->has_unflushed = true;
	while (len && !err) {
		uint32_t inside = (uint32_t)(at & (block - 1));
		uint64_t n = len < BLOCK_BYTES ? len & ~(uint64_t)(block - 1) : BLOCK_BYTES;

		if (inside || !n) {
			n = block - inside < len ? block - inside : len;
			err = zero_part(fs, at - inside, inside, inside + (uint32_t)n);
		} else {
			err = fs->dev->ops->write(fs->dev, at, zeroes, (size_t)n);
		}
		at += n;
		len -= n;
	}
	return err;
}

static int zero_range(struct fat *fs, const struct fat_file *file, uint64_t from, uint64_t to)
{
	struct fat_extent extents[16];
	int err = 0;

	while (from < to && !err) {
		int n = fat_map(fs, file, from, to - from, extents, 16);

		if (n < 0)
			return n;
		for (int i = 0; i < n && !err; i++) {
			err = zero_data(fs, extents[i].start, extents[i].bytes);
			from += extents[i].bytes;
		}
	}
	return err;
}

static int grow(struct fat *fs, struct fat_file *file, uint64_t size)
{
	struct fat_file larger = *file;
	int err = fat_allocate(fs, &larger, size);

	if (!err)
		err = zero_range(fs, &larger, file->size, size);
	if (!err) {
		larger.size = (uint32_t)size;
		err = fat_store(fs, &larger);
	}
	if (!err || larger.first == file->first) {
		*file = larger;
		return err;
	}
	/* Nobody knows of the new chain. */
	fat_table_free(fs, larger.first);
	fat_cache_step(fs);
	return err;
}

/* Free what lies behind the clusters of @size bytes. */
static int cut(struct fat *fs, struct fat_file *file, uint32_t size)
{
	uint32_t last, next;
	int err = fat_chain_at(fs, file->first, clusters_of(fs, size) - 1, &last);

	if (!err)
		err = fat_table_next(fs, last, &next);
	if (err || next == CLUSTER_END)
		return err == -ENOENT ? 0 : err;
	fat_chain_forget(fs, file->first);
	err = fat_table_link(fs, last, CLUSTER_END);
	if (!err)
		err = fat_cache_barrier(fs);
	if (!err)
		err = fat_table_free(fs, next);
	return err ? err : fat_cache_step(fs);
}

static int shrink(struct fat *fs, struct fat_file *file, uint32_t size)
{
	struct fat_file all = *file, less = *file;
	int err;

	less.size = size;
	if (!size)
		less.first = 0;
	err = fat_store(fs, &less);
	if (err)
		return err;
	*file = less;
	err = fat_cache_barrier(fs);
	if (err)
		return err;
	return size ? cut(fs, file, size) : fat_release(fs, &all);
}

int fat_truncate(struct fat *fs, struct fat_file *file, uint64_t size)
{
	int err = size > FAT_SIZE_MAX ? -EFBIG : fat_volume_begin(fs);

	if (err)
		return err;
	return fat_cache_end(fs, size > file->size ? grow(fs, file, size) : shrink(fs, file, (uint32_t)size));
}
