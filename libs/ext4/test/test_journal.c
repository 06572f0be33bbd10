#include "support.h"

#define DISK_BYTES (16u << 20)
#define BLOCK_BYTES 1024u

/* A symbolic link whose block begins like a block of the journal. */
static const char escaped_target[] = "\xc0\x3b\x39\x98 and more than the sixty bytes that have room in an inode itself";

static uint32_t make_escaped_link(struct mount *mount)
{
	struct ext4_create args = { .mode = S_IFLNK | 0777, .target = escaped_target, .target_len = sizeof(escaped_target) - 1 };
	uint32_t ino;

	assert_int_equal(ext4_create(mount->fs, EXT4_ROOT_INO, "link", 4, &args, &ino), 0);
	return ino;
}

static void check_escaped_link(struct mount *mount)
{
	char target[128];
	size_t len = sizeof(target);

	assert_int_equal(ext4_readlink(mount->fs, lookup(mount, EXT4_ROOT_INO, "link"), target, &len), 0);
	assert_int_equal(len, sizeof(escaped_target) - 1);
	assert_memory_equal(target, escaped_target, len);
}

static struct disk *copy_disk(const struct disk *disk)
{
	struct disk *copy = disk_create(disk->dev.bytes);

	memcpy(copy->bytes, disk->bytes, disk->dev.bytes);
	return copy;
}

/* A disk whose journal has a commit of which nothing is in place. */
static struct disk *disk_to_recover(void)
{
	struct disk *disk = disk_mkfs(DISK_BYTES, "-J size=1"), *logged;
	struct mount mount = mount_disk(disk);
	size_t i, last_flush = 0;

	logged = copy_disk(disk);
	disk->is_logged = true;
	make_escaped_link(&mount);
	assert_int_equal(ext4_commit(mount.fs), 0);
	lose(&mount);
	for (i = 0; i < disk->nlog; i++)
		if (!disk->log[i].data)
			last_flush = i;
	for (i = 0; i < last_flush; i++)
		if (disk->log[i].data)
			memcpy(logged->bytes + disk->log[i].offset, disk->log[i].data, disk->log[i].len);
	disk_destroy(disk);
	return logged;
}

static void a_commit_is_replayed_by_us(void **state)
{
	struct disk *disk = disk_to_recover();
	struct mount mount;

	(void)state;
	mount = mount_disk(disk);
	check_escaped_link(&mount);
	unmount(&mount);
	disk_check(disk);
	disk_destroy(disk);
}

static void a_commit_is_replayed_by_e2fsck(void **state)
{
	struct disk *disk = disk_to_recover();
	struct mount mount;

	(void)state;
	assert_true(run(NULL, 0, SBIN "e2fsck -p %s 2>&1", disk->path) <= 1);
	disk_check(disk);
	mount = mount_disk(disk);
	check_escaped_link(&mount);
	unmount(&mount);
	disk_destroy(disk);
}

static void a_read_only_disk_is_read_through_its_journal(void **state)
{
	struct disk *disk = disk_to_recover(), *before = copy_disk(disk);
	struct mount mount;

	(void)state;
	disk->dev.is_read_only = true;
	mount = mount_disk(disk);
	assert_true(ext4_is_read_only(mount.fs));
	check_escaped_link(&mount);
	unmount(&mount);
	assert_memory_equal(disk->bytes, before->bytes, DISK_BYTES);
	disk_destroy(before);
	disk_destroy(disk);
}

static void check_block(const struct disk *disk, uint32_t block, uint8_t value)
{
	uint32_t i;

	for (i = 8; i < BLOCK_BYTES; i++)
		assert_int_equal(disk->bytes[(size_t)block * BLOCK_BYTES + i], value);
}

/* debugfs writes four blocks, revokes two of them in a later transaction, and writes one again. */
static void revoked_blocks_are_not_replayed(const char *checksum)
{
	struct disk *disk = disk_mkfs(DISK_BYTES, "-J size=1"), *data = disk_create(8 * BLOCK_BYTES);
	struct mount mount;

	memset(data->bytes, 'a', 4 * BLOCK_BYTES);
	memset(data->bytes + 4 * BLOCK_BYTES, 'b', 4 * BLOCK_BYTES);
	memcpy(data->bytes, "\xc0\x3b\x39\x98", 4);
	assert_int_equal(run(NULL, 0, SBIN "{ echo 'jo %s'; echo 'jw -b 9000,9001,9002,9003 %s'; echo 'jw -r 9000,9002'; "
			     "echo 'jw -b 9001 /dev/zero'; echo 'jc'; } | debugfs -w %s >/dev/null 2>&1", checksum, data->path,
			     disk->path), 0);
	mount = mount_disk(disk);
	unmount(&mount);
	check_block(disk, 9000, 0);
	check_block(disk, 9001, 0);
	check_block(disk, 9002, 0);
	check_block(disk, 9003, 'a');
	disk_check(disk);
	disk_destroy(disk);
	disk_destroy(data);
}

static void revokes_hold_with_and_without_checksums(void **state)
{
	(void)state;
	revoked_blocks_are_not_replayed("-c");
	revoked_blocks_are_not_replayed("-c -v 2");
	revoked_blocks_are_not_replayed("");
}

static void change_a_lot(struct mount *mount)
{
	char name[32];
	uint32_t i, ino;

	make_escaped_link(mount);
	for (i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "file %u", i);
		assert_int_equal(make(mount, EXT4_ROOT_INO, name, 0100644, &ino), 0);
		assert_int_equal(write_file(mount, ino, 0, name, sizeof(name)), 0);
	}
}

/* The process dies at the @n-th write of a commit; its successor has the store. Returns: false if it was not that long. */
static bool die_and_resume(long n)
{
	struct disk *disk = disk_mkfs(DISK_BYTES, "-J size=1");
	struct mount mount = mount_disk(disk);
	uint32_t ino;
	int err;

	change_a_lot(&mount);
	disk->writes_left = n;
	err = ext4_commit(mount.fs);
	assert_true(err == 0 || err == -EIO);
	if (err) {
		assert_true(ext4_is_read_only(mount.fs));
		assert_int_equal(make(&mount, EXT4_ROOT_INO, "late", 0100644, &ino), -EROFS);
	}
	ext4_abandon(mount.fs);
	disk->writes_left = -1;
	assert_int_equal(ext4_open(&disk->dev, ext4_memory_store_ops(mount.memory), EXT4_OPEN_RESUME, &mount.fs), 0);
	check_escaped_link(&mount);
	assert_int_equal(make(&mount, EXT4_ROOT_INO, "later", 0100644, &ino), 0);
	assert_int_equal(remove_name(&mount, EXT4_ROOT_INO, "file 7", false), 0);
	assert_int_not_equal(lookup(&mount, EXT4_ROOT_INO, "file 39"), 0);
	unmount(&mount);
	disk_check(disk);
	disk_destroy(disk);
	return err;
}

static void a_successor_resumes_from_any_write_of_a_commit(void **state)
{
	long n;

	(void)state;
	for (n = 0; die_and_resume(n); n++)
		;
	assert_true(n > 10);
}

static void an_interrupted_truncation_is_finished(void **state)
{
	struct disk *disk = disk_mkfs(DISK_BYTES, "-J size=1");
	struct mount mount = mount_disk(disk);
	uint8_t data[BLOCK_BYTES] = { 3 };
	struct ext4_attr attr;
	uint32_t ino, i;

	(void)state;
	assert_int_equal(make(&mount, EXT4_ROOT_INO, "comb", 0100644, &ino), 0);
	for (i = 0; i < 3000; i++)
		assert_int_equal(write_file(&mount, ino, i * 2, data, sizeof(data)), 0);
	assert_int_equal(ext4_commit(mount.fs), 0);
	/* Its tree's nodes do not fit into one transaction's worth of changes. */
	assert_int_equal(RETRIED(&mount, ext4_truncate(mount.fs, ino, 5 * BLOCK_BYTES)), 0);
	assert_int_equal(ext4_getattr(mount.fs, ino, &attr), 0);
	assert_int_equal(attr.blocks, 3 * 2);
	unmount(&mount);
	disk_check(disk);
	disk_destroy(disk);
}

/* A damaged block: the error, the mark in the superblock, and no way into it. */
static void damage_is_euclean_and_noted(void **state)
{
	struct disk *disk = disk_mkfs(DISK_BYTES, "-J size=1");
	struct mount mount = mount_disk(disk);
	char out[4096];
	uint32_t dir, ino, i;

	(void)state;
	assert_int_equal(make(&mount, EXT4_ROOT_INO, "dir", 040755, &dir), 0);
	assert_int_equal(make(&mount, dir, "unmistakable", 0100644, &ino), 0);
	unmount(&mount);
	for (i = 0; i + 12 < DISK_BYTES; i++)
		if (disk->bytes[i] == 'u' && memcmp(disk->bytes + i, "unmistakable", 12) == 0)
			disk->bytes[i] = 'U';
	mount = mount_disk(disk);
	assert_int_equal(ext4_lookup(mount.fs, dir, "unmistakable", 12, &ino), -EUCLEAN);
	unmount(&mount);
	run(out, sizeof(out), SBIN "dumpe2fs -h %s 2>/dev/null", disk->path);
	assert_non_null(strstr(out, "with errors"));
	disk_destroy(disk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_commit_is_replayed_by_us),
		cmocka_unit_test(a_commit_is_replayed_by_e2fsck),
		cmocka_unit_test(a_read_only_disk_is_read_through_its_journal),
		cmocka_unit_test(revokes_hold_with_and_without_checksums),
		cmocka_unit_test(a_successor_resumes_from_any_write_of_a_commit),
		cmocka_unit_test(an_interrupted_truncation_is_finished),
		cmocka_unit_test(damage_is_euclean_and_noted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
