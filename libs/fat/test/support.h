/* Disks in memory that remember what was written when, and the programs that check them. */
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

#endif
