#include "support.h"

#define NFILES 5000u
#define NFOLDERS 20u

static size_t fill(uint8_t *data, uint32_t number)
{
	size_t len = number % 100 == 0 ? 150000 : number * 37 % 9000, i;

	for (i = 0; i < len; i++)
		data[i] = (uint8_t)(i * 7 + number + i / 251);
	return len;
}

static void write_files(struct mount *mount, uint32_t *folders, uint8_t *data)
{
	char name[64];
	uint32_t i, ino;

	for (i = 0; i < NFOLDERS; i++) {
		snprintf(name, sizeof(name), "folder-%u", i);
		assert_int_equal(make(mount, EXT4_ROOT_INO, name, 040755, &folders[i]), 0);
	}
	for (i = 0; i < NFILES; i++) {
		snprintf(name, sizeof(name), "a file with a rather long name %u", i);
		assert_int_equal(make(mount, folders[i < NFILES / 2 ? 0 : i % NFOLDERS], name, 0100644, &ino), 0);
		assert_int_equal(write_file(mount, ino, 0, data, fill(data, i)), 0);
		if (ext4_commit_is_due(mount->fs))
			assert_int_equal(ext4_commit(mount->fs), 0);
	}
}

static void check_files(struct mount *mount, uint8_t *data)
{
	uint8_t *found;
	uint64_t size;
	char name[64];
	uint32_t i, folder;
	size_t len;

	for (i = 0; i < NFILES; i++) {
		snprintf(name, sizeof(name), "folder-%u", i < NFILES / 2 ? 0 : i % NFOLDERS);
		folder = lookup(mount, EXT4_ROOT_INO, name);
		snprintf(name, sizeof(name), "a file with a rather long name %u", i);
		len = fill(data, i);
		found = read_file(mount, lookup(mount, folder, name), &size);
		assert_int_equal(size, len);
		assert_memory_equal(found, data, len);
		free(found);
	}
}

/* debugfs reads what we wrote. */
static void check_dump(struct mount *mount, uint8_t *data)
{
	static const uint32_t some[] = { 1, 100, 2499, 3333, 4900 };
	char out[200000];
	size_t i;

	for (i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
		assert_int_equal(run(out, sizeof(out), SBIN "debugfs -R 'cat \"/folder-%u/a file with a rather long name %u\"' %s "
				     "2>/dev/null", some[i] < NFILES / 2 ? 0 : some[i] % NFOLDERS, some[i], mount->disk->path), 0);
		assert_memory_equal(out, data, fill(data, some[i]));
	}
}

static void write_and_check(uint64_t bytes, const char *options)
{
	struct disk *disk = disk_mkfs(bytes, options);
	uint8_t *data = malloc(200000);
	uint32_t folders[NFOLDERS];
	struct mount mount;

	mount = mount_disk(disk);
	write_files(&mount, folders, data);
	check_files(&mount, data);
	unmount(&mount);
	disk_check(disk);
	check_dump(&mount, data);
	mount = mount_disk(disk);
	check_files(&mount, data);
	unmount(&mount);
	disk_check(disk);
	free(data);
	disk_destroy(disk);
}

static void five_thousand_files_are_right_on_blocks_of_1k(void **state)
{
	(void)state;
	write_and_check(96 << 20, "");
}

static void five_thousand_files_are_right_on_blocks_of_4k(void **state)
{
	(void)state;
	write_and_check(128 << 20, "-b 4096 -N 8192");
}

/* Groups that mkfs.ext4 left uninitialised come into use. */
static void folders_spread_over_the_groups_of_a_large_disk(void **state)
{
	struct disk *disk = disk_mkfs(4ull << 30, "");
	struct mount mount = mount_disk(disk);
	uint8_t *data = malloc(200000);
	uint32_t i, dir, ino, first = 0;
	char name[32];

	(void)state;
	for (i = 0; i < 64; i++) {
		snprintf(name, sizeof(name), "top-%u", i);
		assert_int_equal(make(&mount, EXT4_ROOT_INO, name, 040755, &dir), 0);
		assert_int_equal(make(&mount, dir, "file", 0100644, &ino), 0);
		assert_int_equal(write_file(&mount, ino, 0, data, fill(data, i * 100)), 0);
		assert_int_equal(make(&mount, dir, "sparse", 0100644, &ino), 0);
		assert_int_equal(write_file(&mount, ino, 1u << 31, data, fill(data, i)), 0);
		if (!first)
			first = dir;
	}
	assert_true(dir / 8192 != first / 8192);
	unmount(&mount);
	disk_check(disk);
	free(data);
	disk_destroy(disk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(five_thousand_files_are_right_on_blocks_of_1k),
		cmocka_unit_test(five_thousand_files_are_right_on_blocks_of_4k),
		cmocka_unit_test(folders_spread_over_the_groups_of_a_large_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
