/* tests/power/fat_recover.c IMAGE: open the FAT volume as its next mount after a power cut would, and leave it. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fat/fat.h>

#define CACHE_BYTES (512u << 10)

static int fd_of(const struct blockdev *dev)
{
	return (int)(intptr_t)dev->context;
}

static int dev_read(struct blockdev *dev, uint64_t offset, void *buf, size_t len)
{
	return pread(fd_of(dev), buf, len, (off_t)offset) == (ssize_t)len ? 0 : -5;
}

static int dev_write(struct blockdev *dev, uint64_t offset, const void *buf, size_t len)
{
	return pwrite(fd_of(dev), buf, len, (off_t)offset) == (ssize_t)len ? 0 : -5;
}

static int dev_flush(struct blockdev *dev)
{
	return 0;
}

int main(int argc, char **argv)
{
	static const struct blockdev_ops ops = { .read = dev_read, .write = dev_write, .flush = dev_flush };
	const struct fat_options options = { .is_read_only = false };
	int fd = argc == 2 ? open(argv[1], O_RDWR) : -1;
	struct blockdev dev = { .ops = &ops, .context = (void *)(intptr_t)fd, .block_bytes = 512 };
	struct stat st;
	struct fat fs;
	void *cache = malloc(CACHE_BYTES);
	int err;

	if (fd < 0 || fstat(fd, &st) || !cache)
		return 2;
	dev.bytes = (uint64_t)st.st_size;
	err = fat_mount(&fs, &dev, &options, cache, CACHE_BYTES);
	if (!err)
		err = fat_unmount(&fs);
	free(cache);
	if (err)
		fprintf(stderr, "error %d\n", -err);
	return err ? 1 : 0;
}
