/* libs/ext4/test/support.h: a disk that mkfs.ext4 made, and files on it, for the tests here and tests/fuzz. */
#ifndef EXT4_TEST_SUPPORT_H
#define EXT4_TEST_SUPPORT_H

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <cmocka.h>

#include <ext4/data.h>
#include <ext4/names.h>

#define SBIN "PATH=$PATH:/sbin:/usr/sbin; "

/* What reached the disk, in order, for cutting the power later. */
struct disk_write {
	uint64_t offset;
	size_t len;
	uint8_t *data;		/* NULL: a flush */
};

struct disk {
	struct blockdev dev;
	char path[64];
	uint8_t *bytes;		/* the file, mapped */
	bool is_logged;
	struct disk_write *log;
	size_t nlog, cap;
	/* Writes left until the disk gives errors; -1: never. */
	long writes_left;
	/* Called before each write, for what others do meanwhile; NULL: none. */
	void (*meanwhile)(void *ctx);
	void *meanwhile_ctx;
};

static inline struct disk *disk_of(struct blockdev *dev)
{
	return dev->context;
}

static inline void disk_log(struct disk *disk, uint64_t offset, const void *data, size_t len)
{
	struct disk_write *write;

	if (!disk->is_logged)
		return;
	if (disk->nlog == disk->cap) {
		disk->cap = disk->cap ? disk->cap * 2 : 256;
		disk->log = realloc(disk->log, disk->cap * sizeof(*disk->log));
	}
	write = &disk->log[disk->nlog++];
	*write = (struct disk_write){ offset, len, data ? malloc(len) : NULL };
	if (data)
		memcpy(write->data, data, len);
}

static inline int disk_read(struct blockdev *dev, uint64_t offset, void *buf, size_t len)
{
	if (offset > dev->bytes || len > dev->bytes - offset)
		return -EIO;
	memcpy(buf, disk_of(dev)->bytes + offset, len);
	return 0;
}

static inline int disk_write(struct blockdev *dev, uint64_t offset, const void *buf, size_t len)
{
	if (offset > dev->bytes || len > dev->bytes - offset || disk_of(dev)->writes_left == 0)
		return -EIO;
	if (disk_of(dev)->writes_left > 0)
		disk_of(dev)->writes_left--;
	if (disk_of(dev)->meanwhile)
		disk_of(dev)->meanwhile(disk_of(dev)->meanwhile_ctx);
	disk_log(disk_of(dev), offset, buf, len);
	memcpy(disk_of(dev)->bytes + offset, buf, len);
	return 0;
}

static inline int disk_flush(struct blockdev *dev)
{
	disk_log(disk_of(dev), 0, NULL, 0);
	return 0;
}

/* Run a command of the shell; its output in @out if there is one. Returns: its exit code. */
static inline int run(char *out, size_t cap, const char *format, ...)
{
	char command[1024];
	va_list args;
	size_t len = 0, got;
	char rest[4096];
	FILE *pipe;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	while (out && len + 1 < cap && (got = fread(out + len, 1, cap - 1 - len, pipe)) > 0)
		len += got;
	if (out)
		out[len] = '\0';
	while (fread(rest, 1, sizeof(rest), pipe) > 0)
		;
	return WEXITSTATUS(pclose(pipe));
}

/* Where disks are kept: in memory if there is room, since e2fsprogs flushes a lot. */
static inline const char *scratch_folder(void)
{
	struct statvfs stat;

	if (access("/dev/shm", W_OK) == 0 && statvfs("/dev/shm", &stat) == 0 && stat.f_bavail * stat.f_frsize >= 512ull << 20)
		return "/dev/shm";
	return "/tmp";
}

static inline struct disk *disk_create(uint64_t bytes)
{
	static const struct blockdev_ops ops = { .read = disk_read, .write = disk_write, .flush = disk_flush };
	struct disk *disk = calloc(1, sizeof(*disk));
	int fd;

	snprintf(disk->path, sizeof(disk->path), "%s/ext4-test-XXXXXX", scratch_folder());
	fd = mkstemp(disk->path);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)bytes), 0);
	disk->bytes = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_true(disk->bytes != MAP_FAILED);
	close(fd);
	disk->dev = (struct blockdev){ .ops = &ops, .context = disk, .bytes = bytes, .block_bytes = 512 };
	disk->writes_left = -1;
	return disk;
}

/* A new filesystem; @options: of mkfs.ext4. */
static inline struct disk *disk_mkfs(uint64_t bytes, const char *options)
{
	struct disk *disk = disk_create(bytes);

	assert_int_equal(run(NULL, 0, SBIN "mkfs.ext4 -q -F %s %s 2>&1", options, disk->path), 0);
	return disk;
}

static inline void disk_forget_log(struct disk *disk)
{
	while (disk->nlog)
		free(disk->log[--disk->nlog].data);
}

static inline void disk_destroy(struct disk *disk)
{
	disk_forget_log(disk);
	free(disk->log);
	munmap(disk->bytes, disk->dev.bytes);
	unlink(disk->path);
	free(disk);
}

/* e2fsck must find nothing. */
static inline void disk_check(struct disk *disk)
{
	char out[8192];

	if (run(out, sizeof(out), SBIN "e2fsck -fn %s 2>&1", disk->path) != 0)
		fail_msg("e2fsck: %s", out);
}

struct mount {
	struct disk *disk;
	struct ext4_memory_store *memory;
	struct ext4 *fs;
};

static inline int mount_try(struct mount *mount, struct disk *disk, unsigned int flags)
{
	struct ext4_info info;
	int err = ext4_probe(&disk->dev, &info);

	if (err)
		return err;
	*mount = (struct mount){ disk, ext4_memory_store_create(&disk->dev, info.block_bytes), NULL };
	err = ext4_open(&disk->dev, ext4_memory_store_ops(mount->memory), flags, &mount->fs);
	if (err)
		ext4_memory_store_destroy(mount->memory);
	return err;
}

static inline struct mount mount_disk(struct disk *disk)
{
	struct mount mount;

	assert_int_equal(mount_try(&mount, disk, 0), 0);
	return mount;
}

static inline void unmount(struct mount *mount)
{
	assert_int_equal(ext4_close(mount->fs), 0);
	ext4_memory_store_destroy(mount->memory);
}

/* As after kill -9 without a successor: what was not committed is gone. */
static inline void lose(struct mount *mount)
{
	ext4_abandon(mount->fs);
	ext4_memory_store_destroy(mount->memory);
}

/* Do @call; once more after a commit if that is what it asks for. */
#define RETRIED(mount, call) ({ \
	int retried_; \
	while ((retried_ = (call)) == -EAGAIN) \
		assert_int_equal(ext4_commit((mount)->fs), 0); \
	retried_; })

static inline int make(struct mount *mount, uint32_t dir, const char *name, uint32_t mode, uint32_t *ino)
{
	struct ext4_create args = { .mode = mode, .uid = 1000, .gid = 100000 };

	return RETRIED(mount, ext4_create(mount->fs, dir, name, strlen(name), &args, ino));
}

static inline uint32_t blocks_for(struct mount *mount, uint64_t bytes)
{
	uint32_t block_bytes = ext4_block_bytes(mount->fs);

	return (uint32_t)((bytes + block_bytes - 1) / block_bytes);
}

/* Write one run of a file's blocks: as data.h says. @data: of whole blocks. Returns: blocks written. */
static inline int write_run(struct mount *mount, uint32_t ino, uint32_t block, uint32_t blocks, const uint8_t *data,
			    uint64_t size, uint32_t *done)
{
	uint32_t block_bytes = ext4_block_bytes(mount->fs);
	struct blockdev *dev = &mount->disk->dev;
	struct ext4_run run;
	size_t n = 1;
	int err = ext4_map(mount->fs, ino, block, blocks, &run, &n);

	if (err)
		return err;
	if (run.kind == EXT4_HOLE) {
		err = RETRIED(mount, ext4_allocate(mount->fs, ino, block, run.blocks, &run));
		if (err)
			return err;
		assert_int_equal(dev->ops->write(dev, run.disk * block_bytes, data, (size_t)run.blocks * block_bytes), 0);
		err = RETRIED(mount, ext4_insert(mount->fs, ino, &run, size));
		if (err)
			ext4_release(mount->fs, &run);
	} else {
		assert_int_equal(dev->ops->write(dev, run.disk * block_bytes, data, (size_t)run.blocks * block_bytes), 0);
		err = RETRIED(mount, ext4_mark_written(mount->fs, ino, block, run.blocks, size));
	}
	*done = run.blocks;
	return err;
}

/* Write @len bytes from block @block on, zeroes behind them. */
static inline int write_file(struct mount *mount, uint32_t ino, uint32_t block, const void *bytes, size_t len)
{
	uint32_t blocks = blocks_for(mount, len), at, done, block_bytes = ext4_block_bytes(mount->fs);
	uint8_t *data = calloc(blocks + 1, block_bytes);
	uint64_t size = (uint64_t)block * block_bytes + len;
	int err = 0;

	if (len)
		memcpy(data, bytes, len);
	for (at = 0; !err && at < blocks; at += done)
		err = write_run(mount, ino, block + at, blocks - at, data + (size_t)at * block_bytes, size, &done);
	free(data);
	return err;
}

/* The whole file, for free(). */
static inline uint8_t *read_file(struct mount *mount, uint32_t ino, uint64_t *size)
{
	uint32_t block_bytes = ext4_block_bytes(mount->fs), block, blocks;
	struct ext4_attr attr;
	struct ext4_run run;
	uint8_t *data;
	size_t n;

	assert_int_equal(ext4_getattr(mount->fs, ino, &attr), 0);
	*size = attr.size;
	blocks = blocks_for(mount, attr.size);
	data = calloc(blocks + 1, block_bytes);
	for (block = 0; block < blocks; block += run.blocks) {
		n = 1;
		assert_int_equal(ext4_map(mount->fs, ino, block, blocks - block, &run, &n), 0);
		assert_int_equal(n, 1);
		if (run.kind == EXT4_WRITTEN)
			assert_int_equal(disk_read(&mount->disk->dev, run.disk * block_bytes,
						   data + (size_t)block * block_bytes, (size_t)run.blocks * block_bytes), 0);
	}
	return data;
}

static inline uint32_t lookup(struct mount *mount, uint32_t dir, const char *name)
{
	uint32_t ino;

	return ext4_lookup(mount->fs, dir, name, strlen(name), &ino) == 0 ? ino : 0;
}

/* Take a name away and free what has none left. */
static inline int remove_name(struct mount *mount, uint32_t dir, const char *name, bool is_rmdir)
{
	struct ext4_attr attr;
	uint32_t victim;
	int err = RETRIED(mount, ext4_unlink(mount->fs, dir, name, strlen(name), is_rmdir, &victim));

	if (err)
		return err;
	assert_int_equal(ext4_getattr(mount->fs, victim, &attr), 0);
	return attr.nlink ? 0 : RETRIED(mount, ext4_evict(mount->fs, victim));
}

/* A reproducible sequence. */
static inline uint32_t next_random(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*state >> 33);
}

#endif
