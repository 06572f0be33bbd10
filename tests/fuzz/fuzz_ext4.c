/* A byte of choices, then the disk: {block, length, bytes} for each block of 1 KiB that is not zero. */
#include <errno.h>

#include <ext4/data.h>
#include <ext4/names.h>

#include "fuzz_support.h"

#define DISK_BLOCKS 4096u
#define BLOCK_BYTES 1024u
#define MAX_VISITS 150u
#define MAX_RUNS 64u

#define CHOICE_READ_ONLY 1u
#define CHOICE_RESUME 2u

static uint8_t disk[DISK_BLOCKS * BLOCK_BYTES];

static int disk_read(struct blockdev *dev, uint64_t offset, void *buf, size_t len)
{
	REQUIRE(offset <= dev->bytes && len <= dev->bytes - offset && len > 0);
	memcpy(buf, disk + offset, len);
	return 0;
}

static int disk_write(struct blockdev *dev, uint64_t offset, const void *buf, size_t len)
{
	REQUIRE(!dev->is_read_only && offset <= dev->bytes && len <= dev->bytes - offset && len > 0);
	memcpy(disk + offset, buf, len);
	return 0;
}

static int disk_flush(struct blockdev *dev)
{
	(void)dev;
	return 0;
}

static const struct blockdev_ops disk_ops = { .read = disk_read, .write = disk_write, .flush = disk_flush };
static struct blockdev dev = { .ops = &disk_ops, .bytes = sizeof(disk), .block_bytes = 512 };

struct visit {
	uint32_t inos[MAX_VISITS];
	uint32_t n;
};

static void fill_disk(const uint8_t *data, size_t size)
{
	uint16_t head[2];

	memset(disk, 0, sizeof(disk));
	while (size >= sizeof(head)) {
		memcpy(head, data, sizeof(head));
		data += sizeof(head);
		size -= sizeof(head);
		if (head[1] > size || head[1] > BLOCK_BYTES)
			return;
		if (head[0] < DISK_BLOCKS)
			memcpy(disk + (size_t)head[0] * BLOCK_BYTES, data, head[1]);
		data += head[1];
		size -= head[1];
	}
}

static bool see_entry(void *ctx, const struct ext4_dirent *entry)
{
	struct visit *visit = ctx;

	touch(entry->name, entry->name_len);
	REQUIRE(entry->name_len > 0 && entry->cookie && entry->ino);
	if (visit->n == MAX_VISITS)
		return false;
	visit->inos[visit->n++] = entry->ino;
	return true;
}

static void see_attributes(struct ext4 *fs, uint32_t ino)
{
	char buf[4096];
	size_t len = sizeof(buf);
	struct ext4_attr attr;

	ext4_getattr(fs, ino, &attr);
	if (ext4_readlink(fs, ino, buf, &len) == 0)
		REQUIRE(len > 0 && len <= sizeof(buf));
	len = sizeof(buf);
	if (ext4_listxattr(fs, ino, buf, &len) == 0)
		touch(buf, len < sizeof(buf) ? len : 0);
	len = sizeof(buf);
	if (ext4_getxattr(fs, ino, "user.x", 6, buf, &len) == 0)
		touch(buf, len);
}

static void see_map(struct ext4 *fs, uint32_t ino)
{
	struct ext4_run runs[MAX_RUNS];
	uint64_t next = 0;
	size_t n = MAX_RUNS, i;

	if (ext4_map(fs, ino, 0, UINT32_MAX, runs, &n) != 0)
		return;
	REQUIRE(n <= MAX_RUNS);
	for (i = 0; i < n; i++) {
		REQUIRE(runs[i].blocks > 0 && runs[i].block == next);
		next += runs[i].blocks;
		if (runs[i].kind != EXT4_HOLE)
			REQUIRE(runs[i].disk && (runs[i].disk + runs[i].blocks) * ext4_block_bytes(fs) <= dev.bytes);
	}
}

/* All inodes that can be reached, breadth first, as far as there is room. */
static void walk(struct ext4 *fs, struct visit *visit)
{
	struct ext4_statfs stat;
	uint32_t i;

	ext4_statfs(fs, &stat);
	*visit = (struct visit){ .inos = { EXT4_ROOT_INO }, .n = 1 };
	for (i = 0; i < visit->n; i++) {
		see_attributes(fs, visit->inos[i]);
		see_map(fs, visit->inos[i]);
		ext4_readdir(fs, visit->inos[i], 0, see_entry, visit);
	}
}

static void write_one(struct ext4 *fs, uint32_t ino, uint32_t block)
{
	struct ext4_run run;

	if (ext4_allocate(fs, ino, block, 3, &run) != 0)
		return;
	REQUIRE(run.blocks > 0 && run.blocks <= 3 && (run.disk + run.blocks) * ext4_block_bytes(fs) <= dev.bytes);
	if (ext4_insert(fs, ino, &run, (uint64_t)(block + 3) * ext4_block_bytes(fs)) != 0)
		ext4_release(fs, &run);
}

static void change_inode(struct ext4 *fs, uint32_t ino)
{
	struct ext4_attr attr = { .mode = 0600, .mtime = { 1, 2 } };

	ext4_setattr(fs, ino, EXT4_ATTR_MODE | EXT4_ATTR_MTIME, &attr);
	ext4_setxattr(fs, ino, "user.x", 6, "some value", 10, 0);
	ext4_removexattr(fs, ino, "user.x", 6);
	write_one(fs, ino, 7);
	ext4_punch(fs, ino, 2, 6);
	ext4_fallocate(fs, ino, 1, 20, 0);
	ext4_mark_written(fs, ino, 3, 2, 100000);
	ext4_truncate(fs, ino, 5000);
}

static void change_dir(struct ext4 *fs, uint32_t dir, uint32_t other)
{
	struct ext4_create args = { .mode = 0100644 };
	struct ext4_rename move = { .old_dir = dir, .new_dir = other, .old_name = "new", .new_name = "moved", .old_len = 3,
				    .new_len = 5 };
	struct ext4_rename exchange = { .old_dir = dir, .new_dir = other, .old_name = "folder", .new_name = "moved",
					.old_len = 6, .new_len = 5 };
	char name[64];
	uint32_t ino, victim, i;

	if (ext4_create(fs, dir, "new", 3, &args, &ino) == 0)
		write_one(fs, ino, 0);
	args.mode = 040755;
	ext4_create(fs, dir, "folder", 6, &args, &ino);
	for (i = 0; i < 30; i++) {
		snprintf(name, sizeof(name), "one of many names that fill a block %u", i);
		if (ext4_link(fs, other, dir, name, strlen(name)) != 0)
			break;
	}
	ext4_rename(fs, &move);
	exchange.flags = EXT4_RENAME_EXCHANGE;
	ext4_rename(fs, &exchange);
	ext4_rename(fs, &exchange);
	if (ext4_unlink(fs, dir, "folder", 6, true, &victim) == 0)
		ext4_evict(fs, victim);
	if (ext4_unlink(fs, other, "moved", 5, false, &victim) == 0)
		ext4_evict(fs, victim);
}

static int evict_later(void *ctx, uint32_t ino)
{
	*(uint32_t *)ctx = ino;
	return 1;
}

static void change(struct ext4 *fs, const struct visit *visit)
{
	uint32_t i, ino;

	for (i = 0; i < 20 && ext4_orphans(fs, evict_later, &ino) == 1; i++)
		if (ext4_evict(fs, ino) != 0)
			break;
	for (i = 0; i < visit->n && i < 20; i++) {
		change_inode(fs, visit->inos[visit->n - 1 - i]);
		change_dir(fs, visit->inos[i], visit->inos[visit->n - 1 - i]);
		if (ext4_commit_is_due(fs))
			ext4_commit(fs);
	}
}

static void use(unsigned int flags, bool is_abandoned)
{
	struct ext4_memory_store *store;
	struct ext4_info info;
	struct visit visit;
	struct ext4 *fs;

	if (ext4_probe(&dev, &info) != 0)
		return;
	REQUIRE(info.block_bytes >= 1024 && info.block_bytes <= 4096 && info.blocks * info.block_bytes <= dev.bytes);
	store = ext4_memory_store_create(&dev, info.block_bytes);
	if (ext4_open(&dev, ext4_memory_store_ops(store), flags, &fs) == 0) {
		walk(fs, &visit);
		change(fs, &visit);
		ext4_commit(fs);
		walk(fs, &visit);
		is_abandoned ? ext4_abandon(fs) : (void)ext4_close(fs);
	}
	ext4_memory_store_destroy(store);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	fill_disk(data + 1, size - 1);
	dev.is_read_only = data[0] & CHOICE_READ_ONLY;
	use(data[0] & CHOICE_RESUME ? EXT4_OPEN_RESUME : 0, true);
	dev.is_read_only = false;
	use(0, false);
	return 0;
}
