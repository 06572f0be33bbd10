/* The input is a volume, of which what is missing at its end is zero. Its first 64 names are read,
 * and some are made, moved and taken away. */
#include <errno.h>

#include <fat/fat.h>

#include "fuzz_support.h"

#define DISK_BYTES (2u << 20)
#define MOST_NAMES 64

static uint8_t disk[DISK_BYTES];
static uint8_t cache[FAT_CACHE_MIN] __attribute__((aligned(8)));

static int disk_read(struct blockdev *dev, uint64_t offset, void *buf, size_t len)
{
	REQUIRE(offset <= dev->bytes && len <= dev->bytes - offset);
	memcpy(buf, disk + offset, len);
	return 0;
}

static int disk_write(struct blockdev *dev, uint64_t offset, const void *buf, size_t len)
{
	REQUIRE(offset <= dev->bytes && len <= dev->bytes - offset);
	memcpy(disk + offset, buf, len);
	return 0;
}

static int disk_flush(struct blockdev *dev)
{
	return 0;
}

static const struct blockdev_ops ops = { .read = disk_read, .write = disk_write, .flush = disk_flush };

static void read_file(struct fat *fs, const struct fat_file *file)
{
	struct fat_extent extents[8];
	int n = fat_map(fs, file, 0, file->size, extents, 8);

	for (int i = 0; i < n; i++) {
		REQUIRE(extents[i].bytes && extents[i].start <= fs->dev->bytes);
		REQUIRE(extents[i].bytes <= fs->dev->bytes - extents[i].start);
	}
}

static int walk(struct fat *fs, uint32_t dir, int depth, int *names)
{
	struct fat_dirent found;
	uint32_t cookie = 0, before, below;

	while (++*names < MOST_NAMES) {
		before = cookie;
		if (fat_readdir(fs, dir, &cookie, &found) <= 0)
			break;
		REQUIRE(cookie > before);
		REQUIRE(found.name_len && found.name_len == strlen(found.name) && !strchr(found.name, '/'));
		if (found.file.attr & FAT_DIRECTORY) {
			if (depth < 4 && !fat_directory(fs, &found.file, &below))
				walk(fs, below, depth + 1, names);
		} else {
			read_file(fs, &found.file);
		}
	}
	return *names;
}

/* The first entry of the root is moved into a new directory, made larger and smaller, and deleted. */
static void change(struct fat *fs)
{
	const struct fat_time now = { .sec = 1700000000 };
	struct fat_file folder, file;
	struct fat_dirent found;
	uint32_t cookie = 0;

	if (fat_mkdir(fs, FAT_ROOT, "A new folder", 12, 0, now, &folder))
		return;
	if (!fat_create(fs, folder.first, "file.txt", 8, 0, now, &file)) {
		fat_truncate(fs, &file, 70000);
		read_file(fs, &file);
		fat_truncate(fs, &file, 100);
	}
	if (fat_readdir(fs, FAT_ROOT, &cookie, &found) <= 0)
		return;
	if (fat_rename(fs, &found.file, folder.first, "Moved here", 10, NULL) == 0) {
		REQUIRE(fat_lookup(fs, folder.first, "moved HERE", 10, &found) == 0);
		if (fat_unlink(fs, &found.file) == 0)
			fat_release(fs, &found.file);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct fat_options options = { .is_read_only = false };
	struct blockdev dev = { .ops = &ops, .bytes = DISK_BYTES, .block_bytes = 512 };
	struct fat_statistics statistics;
	char label[FAT_SHORT_BYTES];
	struct fat fs;
	int names = 0, err;

	if (size > DISK_BYTES)
		return 0;
	memcpy(disk, data, size);
	memset(disk + size, 0, DISK_BYTES - size);
	err = fat_mount(&fs, &dev, &options, cache, sizeof(cache));
	if (err) {
		REQUIRE(err == -EINVAL || err == -EIO);
		return 0;
	}
	fat_label(&fs, label);
	walk(&fs, FAT_ROOT, 0, &names);
	if (fat_statistics(&fs, &statistics) == 0)
		REQUIRE(statistics.free_clusters <= statistics.clusters);
	change(&fs);
	fat_unmount(&fs);
	return 0;
}
