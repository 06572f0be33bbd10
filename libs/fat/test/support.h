/* Disks in memory that remember what was written when, the programs that check them, and volumes in them. */
#ifndef FAT_TEST_SUPPORT_H
#define FAT_TEST_SUPPORT_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <fat/fat.h>

#define CACHE_BYTES (512u << 10)

struct disk_write {
	uint64_t at;
	size_t len;
	uint8_t *data;		/* NULL: a flush */
};

struct disk {
	struct blockdev dev;
	uint8_t *data, *first;	/* first: as it was when recording began */
	struct disk_write *log;
	size_t nlog, log_cap;
	bool is_recording;
};

static char folder[] = "/tmp/fat-test-XXXXXX";

static inline int enter_folder(void **state)
{
	return mkdtemp(folder) ? 0 : -1;
}

static inline int run(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static inline int run(const char *fmt, ...)
{
	char command[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	return system(command);
}

static inline int leave_folder(void **state)
{
	return run("rm -rf %s", folder);
}

static inline int disk_read(struct blockdev *dev, uint64_t offset, void *buf, size_t len)
{
	struct disk *disk = dev->context;

	assert_true(offset <= dev->bytes && len <= dev->bytes - offset && offset % dev->block_bytes == 0 &&
		    len % dev->block_bytes == 0);
	memcpy(buf, disk->data + offset, len);
	return 0;
}

static inline struct disk_write *next_write(struct disk *disk)
{
	if (disk->nlog == disk->log_cap) {
		disk->log_cap = disk->log_cap ? 2 * disk->log_cap : 1024;
		disk->log = realloc(disk->log, disk->log_cap * sizeof(*disk->log));
	}
	return &disk->log[disk->nlog++];
}

static inline int disk_write(struct blockdev *dev, uint64_t offset, const void *buf, size_t len)
{
	struct disk *disk = dev->context;

	assert_true(offset <= dev->bytes && len <= dev->bytes - offset && offset % dev->block_bytes == 0 &&
		    len % dev->block_bytes == 0);
	memcpy(disk->data + offset, buf, len);
	if (disk->is_recording) {
		struct disk_write *write = next_write(disk);

		*write = (struct disk_write){ .at = offset, .len = len, .data = malloc(len) };
		memcpy(write->data, buf, len);
	}
	return 0;
}

static inline int disk_flush(struct blockdev *dev)
{
	struct disk *disk = dev->context;

	if (disk->is_recording)
		*next_write(disk) = (struct disk_write){ 0 };
	return 0;
}

static const struct blockdev_ops disk_ops = { .read = disk_read, .write = disk_write, .flush = disk_flush };

static inline void disk_load(struct disk *disk)
{
	char path[64];
	FILE *f;

	memset(disk, 0, sizeof(*disk));
	snprintf(path, sizeof(path), "%s/disk", folder);
	f = fopen(path, "rb");
	assert_non_null(f);
	fseek(f, 0, SEEK_END);
	disk->dev = (struct blockdev){
		.ops = &disk_ops, .context = disk, .bytes = (uint64_t)ftell(f), .block_bytes = 512,
	};
	rewind(f);
	disk->data = malloc(disk->dev.bytes);
	assert_int_equal(fread(disk->data, 1, disk->dev.bytes, f), disk->dev.bytes);
	fclose(f);
}

static inline void disk_save(const struct disk *disk)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "%s/disk", folder);
	f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(disk->data, 1, disk->dev.bytes, f), disk->dev.bytes);
	assert_int_equal(fclose(f), 0);
}

static inline void disk_free(struct disk *disk)
{
	for (size_t i = 0; i < disk->nlog; i++)
		free(disk->log[i].data);
	free(disk->log);
	free(disk->first);
	free(disk->data);
}

static inline void disk_record(struct disk *disk)
{
	disk->first = malloc(disk->dev.bytes);
	memcpy(disk->first, disk->data, disk->dev.bytes);
	disk->is_recording = true;
}

/* Make a volume; @kib is its size. */
static inline void disk_format(struct disk *disk, int bits, unsigned int kib, const char *options)
{
	assert_int_equal(run("rm -f %s/disk && PATH=$PATH:/sbin:/usr/sbin mkfs.fat -F %d %s -C %s/disk %u >/dev/null 2>&1", folder, bits,
			     options, folder, kib), 0);
	disk_load(disk);
}

/* Of the first @n writes those since the last flush. */
static inline size_t disk_unflushed(const struct disk *disk, size_t n)
{
	size_t flushed = n;

	while (flushed && disk->log[flushed - 1].data)
		flushed--;
	return n - flushed;
}

/* The disk after the first @n writes; of those since the last flush it has the i-th if bit i % 31 of @kept is set. */
static inline void disk_cut(const struct disk *disk, size_t n, unsigned int kept, struct disk *out)
{
	size_t flushed = n - disk_unflushed(disk, n);

	*out = (struct disk){ .dev = disk->dev, .data = malloc(disk->dev.bytes) };
	out->dev.context = out;
	memcpy(out->data, disk->first, disk->dev.bytes);
	for (size_t i = 0; i < n; i++)
		if (disk->log[i].data && (i < flushed || kept >> (i - flushed) % 31 & 1))
			memcpy(out->data + disk->log[i].at, disk->log[i].data, disk->log[i].len);
}

/* What fsck.fat says of it, beside what an orderly cut may leave, if @is_cut. */
static inline int disk_check(const struct disk *disk, bool is_cut)
{
	static const char *const orderly[] = {
		"^fsck.fat ", "^.*/disk: ", "Dirty bit is set", "may be corrupt", "Automatically removing dirty bit",
		"Free cluster summary", "FATs differ", "Using first FAT", "Not automatically fixing", "Reclaimed ",
		"cluster chain length is >", "Truncating file to", "Reclaiming unconnected", "Leaving filesystem unchanged",
		"^/", "^  File size is .* bytes, cluster chain length is >", "^$", "Both FATs appear",
		"differences between boot sector", "mostly harmless", "65:01/00", "Auto-correcting",
		"Warning: Filesystem is FAT32 according", "less than the required minimum", "may lead to problems",
	};
	char pattern[1024] = "";

	disk_save(disk);
	if (!is_cut)
		return run("PATH=$PATH:/sbin:/usr/sbin fsck.fat -n %s/disk >%s/out 2>&1 || { cat %s/out >&2; false; }", folder, folder,
			   folder);
	for (size_t i = 0; i < sizeof(orderly) / sizeof(orderly[0]); i++) {
		strcat(pattern, i ? "|" : "");
		strcat(pattern, orderly[i]);
	}
	return run("PATH=$PATH:/sbin:/usr/sbin fsck.fat -n %s/disk >%s/out 2>&1; ! grep -vE '%s' %s/out >&2", folder, folder, pattern,
		   folder);
}

/* ---- Files of a volume in it ---- */

static unsigned char cache[CACHE_BYTES] __attribute__((aligned(8)));
static const struct fat_time noon = { .sec = 1700000000 };

static inline void mount(struct fat *fs, struct disk *disk)
{
	assert_int_equal(fat_mount(fs, &disk->dev, &(struct fat_options){ 0 }, cache, sizeof(cache)), 0);
}

static inline int make(struct fat *fs, uint32_t dir, const char *name, struct fat_file *file)
{
	return fat_create(fs, dir, name, strlen(name), FAT_ARCHIVE, noon, file);
}

static inline int find(struct fat *fs, uint32_t dir, const char *name, struct fat_dirent *out)
{
	return fat_lookup(fs, dir, name, strlen(name), out);
}

static inline int move(struct fat *fs, struct fat_file *file, uint32_t dir, const char *name, struct fat_file *victim)
{
	return fat_rename(fs, file, dir, name, strlen(name), victim);
}

/* Bytes of a file that lie at @offset; whole device blocks are moved, as a page cache would. */
static inline int transfer(struct fat *fs, const struct fat_file *file, uint8_t *data, uint32_t len, bool is_write)
{
	struct disk *disk = fs->dev->context;
	struct fat_extent extents[4];
	uint32_t done = 0;

	while (done < len) {
		int n = fat_map(fs, file, done, len - done, extents, 4);

		if (n < 0)
			return n;
		for (int i = 0; i < n; i++) {
			uint64_t whole = (extents[i].bytes + 511) / 512 * 512;
			uint8_t *block = calloc(1, whole);

			memcpy(block, is_write ? data + done : disk->data + extents[i].start, extents[i].bytes);
			if (is_write)
				disk_write(fs->dev, extents[i].start, block, whole);
			else
				memcpy(data + done, block, extents[i].bytes);
			free(block);
			done += (uint32_t)extents[i].bytes;
		}
	}
	return 0;
}

static inline int put(struct fat *fs, struct fat_file *file, const void *data, uint32_t len)
{
	int err = fat_allocate(fs, file, len);

	if (!err)
		err = transfer(fs, file, (uint8_t *)data, len, true);
	if (err)
		return err;
	file->size = len;
	return fat_store(fs, file);
}

static inline void assert_contents(struct fat *fs, const struct fat_file *file, const void *data, uint32_t len)
{
	uint8_t *got = calloc(1, len + 1);

	assert_int_equal(file->size, len);
	assert_int_equal(transfer(fs, file, got, len, false), 0);
	assert_memory_equal(got, data, len);
	free(got);
}

static const struct shape {
	int bits;
	unsigned int kib;
	const char *options;
} shapes[] = { { 12, 1440, "" }, { 16, 4096, "-s 1" }, { 32, 36864, "-s 1" } },
/* Smaller than other programs take FAT32 to be. */
  small[] = { { 12, 1440, "" }, { 16, 4096, "-s 1" }, { 32, 2048, "-s 1" } };

static const char text[] = "What a mighty small disk.\n";

#endif
