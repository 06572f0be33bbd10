/* fat: a volume as a whole. */
#include <errno.h>
#include <string.h>

#include "private.h"

/* Offsets in the boot sector. */
#define B_SECTOR_BYTES 11
#define B_CLUSTER_SECTORS 13
#define B_RESERVED 14
#define B_NFATS 16
#define B_ROOT_SLOTS 17
#define B_SECTORS16 19
#define B_FAT_SECTORS16 22
#define B_SECTORS32 32
#define B_FAT_SECTORS32 36
#define B_FLAGS 40
#define B_VERSION 42
#define B_ROOT 44
#define B_INFO 48
#define B_STATE16 37		/* bit 0: in use, as Windows and Linux have it */
#define B_STATE32 65
#define B_SERIAL16 39
#define B_SERIAL32 67
#define B_SIGNATURE 510

/* Offsets in FSInfo. */
#define I_FREE 488
#define I_NEXT 492

#define STATE_DIRTY 1u
#define FAT12_MOST 4084u

static bool is_power(uint32_t v)
{
	return v && !(v & (v - 1));
}

static int check_shape(const struct fat *fs, const uint8_t *boot)
{
	uint32_t cluster_sectors = boot[B_CLUSTER_SECTORS];

	if (get16(boot + B_SIGNATURE) != 0xaa55 || !is_power(fs->sector_bytes) || fs->sector_bytes < UNIT_BYTES ||
	    fs->sector_bytes > BLOCK_BYTES || fs->sector_bytes < fs->dev->block_bytes)
		return -EINVAL;
	if (!is_power(cluster_sectors) || !get16(boot + B_RESERVED) || !fs->nfats || fs->nfats > 4)
		return -EINVAL;
	return 0;
}

/* Where everything is, in sectors first. */
static int lay_out(struct fat *fs, const uint8_t *boot)
{
	uint64_t fat_sectors = get16(boot + B_FAT_SECTORS16), sectors = get16(boot + B_SECTORS16), data, entries;
	uint32_t root_slots = get16(boot + B_ROOT_SLOTS);
	bool is_32 = !fat_sectors;

	if (is_32)
		fat_sectors = get32(boot + B_FAT_SECTORS32);
	if (!sectors)
		sectors = get32(boot + B_SECTORS32);
	if (is_32 && (root_slots || get16(boot + B_VERSION)))
		return -EINVAL;
	if (!is_32 && !root_slots)
		return -EINVAL;
	data = get16(boot + B_RESERVED) + fs->nfats * fat_sectors +
	       ((uint64_t)root_slots * SLOT_BYTES + fs->sector_bytes - 1) / fs->sector_bytes;
	if (!fat_sectors || sectors <= data || sectors * fs->sector_bytes > fs->dev->bytes)
		return -EINVAL;
	fs->fat_at = (uint64_t)get16(boot + B_RESERVED) * fs->sector_bytes;
	fs->fat_bytes = fat_sectors * fs->sector_bytes;
	fs->root_at = fs->fat_at + fs->nfats * fs->fat_bytes;
	fs->root_slots = root_slots;
	fs->data_at = data * fs->sector_bytes;
	fs->cluster_bytes = boot[B_CLUSTER_SECTORS] * fs->sector_bytes;
	entries = (sectors - data) / boot[B_CLUSTER_SECTORS];
	fs->bits = is_32 ? 32 : entries <= FAT12_MOST ? 12 : 16;
	if (entries + 2 > fs->fat_bytes * 8 / fs->bits)
		entries = fs->fat_bytes * 8 / fs->bits < 2 ? 0 : fs->fat_bytes * 8 / fs->bits - 2;
	fs->clusters = entries > 0x0ffffff0u - 2 ? 0x0ffffff0u - 2 : (uint32_t)entries;
	return fs->clusters ? 0 : -EINVAL;
}

static int read_32(struct fat *fs, const uint8_t *boot)
{
	uint32_t flags = get16(boot + B_FLAGS);

	fs->root_first = get32(boot + B_ROOT) & 0x0fffffff;
	fs->info_sector = get16(boot + B_INFO);
	if (fs->info_sector >= get16(boot + B_RESERVED))
		fs->info_sector = 0;
	if (!is_cluster(fs, fs->root_first))
		return -EINVAL;
	if (flags & 0x80) {
		/* One table alone is in use. */
		if ((flags & 0xf) >= fs->nfats)
			return -EINVAL;
		fs->fat_at += (flags & 0xf) * fs->fat_bytes;
		fs->nfats = 1;
	}
	return 0;
}

static bool is_info(const uint8_t *info)
{
	return get32(info) == 0x41615252 && get32(info + 484) == 0x61417272;
}

/* What a volume that was left whole says about its free clusters. */
static int read_info(struct fat *fs)
{
	uint8_t info[UNIT_BYTES];
	int err;

	if (!fs->info_sector)
		return 0;
	err = fat_cache_read(fs, (uint64_t)fs->info_sector * fs->sector_bytes, info, UNIT_BYTES);
	if (err)
		return err;
	if (!is_info(info)) {
		fs->info_sector = 0;
		return 0;
	}
	if (is_cluster(fs, get32(info + I_NEXT)))
		fs->next_free = get32(info + I_NEXT);
	fs->nfree = get32(info + I_FREE);
	fs->is_count_known = !fs->was_dirty && fs->nfree <= fs->clusters;
	return 0;
}

static int write_info(struct fat *fs)
{
	uint64_t at = (uint64_t)fs->info_sector * fs->sector_bytes;
	uint8_t raw[8];
	int err;

	if (!fs->info_sector)
		return 0;
	err = fat_table_count(fs);
	put32(raw, fs->nfree);
	put32(raw + 4, is_cluster(fs, fs->next_free) ? fs->next_free : 2);
	return err ? err : fat_cache_write(fs, at + I_FREE, raw, sizeof(raw));
}

static int mark(struct fat *fs, bool is_clean)
{
	uint32_t offset = fs->bits == 32 ? B_STATE32 : B_STATE16;
	uint8_t state;
	int err = fat_cache_read(fs, offset, &state, 1);

	state = (uint8_t)(is_clean ? state & ~STATE_DIRTY : state | STATE_DIRTY);
	if (!err)
		err = fat_cache_write(fs, offset, &state, 1);
	return err ? err : fat_table_mark(fs, is_clean);
}

int fat_volume_begin(struct fat *fs)
{
	int err;

	if (fs->is_read_only)
		return -EROFS;
	if (fs->is_broken)
		return -EIO;
	if (fs->is_dirty)
		return fat_intent_settle(fs);
	err = mark(fs, false);
	if (!err)
		err = fat_cache_barrier(fs);
	fs->is_dirty = !err;
	return err;
}

/* One piece of the table, @len bytes from @offset on, to its copies where they differ. */
static int level_piece(struct fat *fs, uint64_t offset, size_t len)
{
	uint8_t piece[BLOCK_BYTES], copy[BLOCK_BYTES];
	struct blockdev *dev = fs->dev;
	int err = dev->ops->read(dev, fs->fat_at + offset, piece, len);

	for (unsigned int i = 1; i < fs->nfats && !err; i++) {
		uint64_t at = fs->fat_at + i * fs->fat_bytes + offset;

		err = dev->ops->read(dev, at, copy, len);
		if (!err && memcmp(piece, copy, len)) {
			fs->has_unflushed = true;
			err = dev->ops->write(dev, at, piece, len);
		}
	}
	return err;
}

/* Who died between the writes of a table and of its copy left them different. */
static int level_copies(struct fat *fs)
{
	int err = 0;

	for (uint64_t at = 0; at < fs->fat_bytes && !err; at += BLOCK_BYTES)
		err = level_piece(fs, at, fs->fat_bytes - at < BLOCK_BYTES ? (size_t)(fs->fat_bytes - at) : BLOCK_BYTES);
	fs->is_uneven &= err != 0;
	return err;
}

/* Make good what a power cut, or the death of who wrote, left of a change. */
static int recover(struct fat *fs)
{
	int err = level_copies(fs);

	if (!err)
		err = fat_intent_recover(fs);
	if (!err)
		err = fat_cache_barrier(fs);
	return fat_cache_end(fs, err);
}

int fat_mount(struct fat *fs, struct blockdev *dev, const struct fat_options *options, void *memory, size_t bytes)
{
	uint8_t boot[UNIT_BYTES];
	bool is_dirty;
	int err;

	if (bytes < FAT_CACHE_MIN || dev->bytes < BLOCK_BYTES || dev->block_bytes > BLOCK_BYTES)
		return -EINVAL;
	memset(fs, 0, sizeof(*fs));
	fs->dev = dev;
	fs->is_read_only = options->is_read_only || dev->is_read_only;
	fat_cache_start(fs, memory, bytes);
	err = fat_cache_read(fs, 0, boot, sizeof(boot));
	if (err)
		return err;
	fs->sector_bytes = get16(boot + B_SECTOR_BYTES);
	fs->nfats = boot[B_NFATS];
	err = check_shape(fs, boot);
	if (!err)
		err = lay_out(fs, boot);
	if (!err && fs->bits == 32)
		err = read_32(fs, boot);
	if (err)
		return err;
	fs->serial = get32(boot + (fs->bits == 32 ? B_SERIAL32 : B_SERIAL16));
	is_dirty = boot[fs->bits == 32 ? B_STATE32 : B_STATE16] & STATE_DIRTY;
	fs->was_dirty = is_dirty;
	fs->is_dirty = is_dirty && options->is_continued;
	/* Nor has anybody flushed what was written then. */
	fs->has_unflushed = is_dirty;
	fs->next_free = 2;
	err = read_info(fs);
	fs->was_dirty = is_dirty && !options->is_continued;
	if (!err && is_dirty && !fs->is_read_only)
		err = recover(fs);
	return err;
}

int fat_sync(struct fat *fs)
{
	return fs->is_read_only ? 0 : fat_cache_end(fs, fat_cache_sync(fs));
}

int fat_settle(struct fat *fs)
{
	int err = fat_sync(fs);

	if (err || !fs->is_dirty || fs->is_read_only)
		return err;
	err = fs->is_broken ? -EIO : fat_intent_settle(fs);
	if (!err && fs->is_uneven)
		err = level_copies(fs);
	if (!err)
		err = write_info(fs);
	/* What was broken before us still is. */
	if (!err && !fs->was_dirty)
		err = mark(fs, true);
	if (!err)
		err = fat_cache_sync(fs);
	if (!err && !fs->was_dirty)
		fs->is_dirty = false;
	return fat_cache_end(fs, err);
}

int fat_unmount(struct fat *fs)
{
	return fat_settle(fs);
}

int fat_set_read_only(struct fat *fs, bool is_read_only)
{
	int err = 0;

	if (!is_read_only && fs->dev->is_read_only)
		return -EROFS;
	if (is_read_only)
		err = fat_settle(fs);
	else if (fs->is_read_only && fs->was_dirty)
		err = recover(fs);
	if (!err)
		fs->is_read_only = is_read_only;
	return err;
}

int fat_statistics(struct fat *fs, struct fat_statistics *out)
{
	int err = fat_table_count(fs);

	*out = (struct fat_statistics){
		.cluster_bytes = fs->cluster_bytes,
		.clusters = fs->clusters,
		.free_clusters = fs->nfree > fs->reserved ? fs->nfree - fs->reserved : 0,
		.bits = fs->bits,
		.serial = fs->serial,
	};
	return err;
}

int fat_label(struct fat *fs, char out[FAT_SHORT_BYTES])
{
	uint16_t units[SHORT_LEN + 1];
	struct scan scan;
	unsigned int n;
	int err;

	out[0] = '\0';
	fat_scan_start(&scan, fs, FAT_ROOT, 0, 0);
	while ((err = fat_scan_next(&scan)) > 0) {
		if ((scan.raw[11] & (FAT_VOLUME | FAT_DIRECTORY)) != FAT_VOLUME)
			continue;
		n = fat_name_of_label(scan.raw, units);
		fat_name_to_utf8(units, n, out);
		return 0;
	}
	return err;
}

int fat_reserve(struct fat *fs, uint32_t clusters)
{
	int err = fat_table_count(fs);

	if (err)
		return err;
	if (clusters > fs->nfree || fs->nfree - clusters < fs->reserved)
		return -ENOSPC;
	fs->reserved += clusters;
	return 0;
}

void fat_unreserve(struct fat *fs, uint32_t clusters)
{
	fs->reserved -= clusters < fs->reserved ? clusters : fs->reserved;
}
