/* Images that mkfs.ext4 filled from a folder, read back; and what is no ext4 of ours. */
#include "support.h"

#define NMANY 600u

static char folder[64];

static int make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "%s/ext4-folder-XXXXXX", scratch_folder());
	assert_non_null(mkdtemp(folder));
	return run(NULL, 0,
		   "cd %s && mkdir -p many deep/a/b/c && for i in $(seq %u); do echo $i > many/name-$i; done && "
		   "head -c 3000000 /dev/zero | tr '\\0' x > big && truncate -s 50M sparse && echo end >> sparse && "
		   "ln -s short link && ln -s $(printf 'long%%060d' 1) longlink && ln big hard && mkfifo fifo && "
		   "touch -d '2200-02-03 04:05:06.123456789' future && touch -d '1950-01-01 00:00:00' past && "
		   "chmod 4751 past && printf 'd\\303\\251j\\303\\240' > \"$(printf 'd\\303\\251j\\303\\240')\"", folder, NMANY);
}

static int remove_folder(void **state)
{
	(void)state;
	return run(NULL, 0, "rm -rf %s", folder);
}

static struct disk *disk_from_folder(uint64_t bytes, const char *options)
{
	char all[256];

	snprintf(all, sizeof(all), "%s -d %s", options, folder);
	return disk_mkfs(bytes, all);
}

static bool count_entry(void *ctx, const struct ext4_dirent *entry)
{
	(void)entry;
	++*(uint32_t *)ctx;
	return true;
}

static void check_many(struct mount *mount)
{
	uint32_t many = lookup(mount, EXT4_ROOT_INO, "many"), i, n = 0;
	char name[32], text[32];
	uint8_t *data;
	uint64_t size;

	assert_int_equal(ext4_readdir(mount->fs, many, 0, count_entry, &n), 0);
	assert_int_equal(n, NMANY);
	for (i = 1; i <= NMANY; i++) {
		snprintf(name, sizeof(name), "name-%u", i);
		snprintf(text, sizeof(text), "%u\n", i);
		data = read_file(mount, lookup(mount, many, name), &size);
		assert_int_equal(size, strlen(text));
		assert_memory_equal(data, text, size);
		free(data);
	}
}

static void check_attributes(struct mount *mount)
{
	struct ext4_attr attr;

	assert_int_equal(ext4_getattr(mount->fs, lookup(mount, EXT4_ROOT_INO, "past"), &attr), 0);
	assert_int_equal(attr.mode, 0104751);
	assert_int_equal(attr.uid, getuid());
	assert_int_equal(ext4_getattr(mount->fs, lookup(mount, EXT4_ROOT_INO, "hard"), &attr), 0);
	assert_int_equal(attr.nlink, 2);
	assert_int_equal(attr.size, 3000000);
	assert_int_equal(ext4_getattr(mount->fs, lookup(mount, EXT4_ROOT_INO, "fifo"), &attr), 0);
	assert_int_equal(attr.mode & S_IFMT, S_IFIFO);
	assert_int_equal(ext4_getattr(mount->fs, lookup(mount, EXT4_ROOT_INO, "sparse"), &attr), 0);
	assert_int_equal(attr.size, (50 << 20) + 4);
	assert_true(attr.blocks < 100);
}

static void check_link(struct mount *mount, const char *name)
{
	char path[128], want[256], got[256];
	ssize_t len;
	size_t n = sizeof(got);

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	len = readlink(path, want, sizeof(want));
	assert_int_equal(ext4_readlink(mount->fs, lookup(mount, EXT4_ROOT_INO, name), got, &n), 0);
	assert_int_equal(n, len);
	assert_memory_equal(got, want, n);
	n = (size_t)len - 1;
	assert_int_equal(ext4_readlink(mount->fs, lookup(mount, EXT4_ROOT_INO, name), got, &n), -ERANGE);
}

static void read_back(uint64_t bytes, const char *options)
{
	struct disk *disk = disk_from_folder(bytes, options);
	struct mount mount;
	uint8_t *data;
	uint64_t size;
	uint32_t ino;

	assert_int_equal(mount_try(&mount, disk, EXT4_OPEN_READ_ONLY), 0);
	check_many(&mount);
	check_attributes(&mount);
	check_link(&mount, "link");
	check_link(&mount, "longlink");
	ino = lookup(&mount, lookup(&mount, lookup(&mount, EXT4_ROOT_INO, "deep"), "a"), "b");
	assert_int_equal(lookup(&mount, lookup(&mount, ino, "c"), ".."), ino);
	data = read_file(&mount, lookup(&mount, EXT4_ROOT_INO, "d\303\251j\303\240"), &size);
	assert_memory_equal(data, "d\303\251j\303\240", size);
	free(data);
	assert_int_equal(make(&mount, EXT4_ROOT_INO, "new", 0100644, &ino), -EROFS);
	unmount(&mount);
	disk_check(disk);
	disk_destroy(disk);
}

static void what_mkfs_wrote_on_blocks_of_1k_is_read(void **state)
{
	(void)state;
	read_back(64 << 20, "");
}

static void what_mkfs_wrote_on_blocks_of_4k_is_read(void **state)
{
	(void)state;
	read_back(128 << 20, "-b 4096");
}

/* e2fsck makes the index (-D), so the hashes must agree with its. */
static void indexed_by_e2fsck(const char *hash, const char *sign)
{
	struct disk *disk = disk_from_folder(64 << 20, "-N 8000");
	struct mount mount;
	uint32_t many, ino;
	char out[4096];

	assert_int_equal(run(NULL, 0, SBIN "tune2fs -E hash_alg=%s %s >/dev/null && debugfs -w -R 'ssv flags %s' %s 2>/dev/null",
			     hash, disk->path, sign, disk->path), 0);
	run(out, sizeof(out), SBIN "e2fsck -fyD %s 2>&1", disk->path);
	mount = mount_disk(disk);
	check_many(&mount);
	many = lookup(&mount, EXT4_ROOT_INO, "many");
	assert_int_equal(make(&mount, many, "one \377 more", 0100644, &ino), 0);
	assert_int_equal(lookup(&mount, many, "one \377 more"), ino);
	assert_int_equal(remove_name(&mount, many, "name-77", false), 0);
	unmount(&mount);
	disk_check(disk);
	disk_destroy(disk);
}

static void all_hashes_agree_with_e2fsck(void **state)
{
	static const char *const hashes[] = { "half_md4", "tea", "legacy" };
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		indexed_by_e2fsck(hashes[i], "1");
		indexed_by_e2fsck(hashes[i], "2");
	}
}

static void other_features_are_refused_by_name(void **state)
{
	static const char *const cases[][2] = {
		{ "-O inline_data", "inline_data" }, { "-O metadata_csum_seed", "metadata_csum_seed" }, { "-O encrypt", "encrypt" },
		{ "-O casefold", "casefold" }, { "-O mmp", "mmp" }, { "-O meta_bg,^resize_inode", "meta_bg" },
		{ "-O large_dir", "large_dir" }, { "-O ea_inode", "ea_inode" },
		{ "-O ^extent,^64bit", "no extents or file types" },
	};
	struct ext4_info info;
	struct disk *disk;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		disk = disk_mkfs(16 << 20, cases[i][0]);
		assert_int_equal(ext4_probe(&disk->dev, &info), -EOPNOTSUPP);
		assert_string_equal(info.unsupported, cases[i][1]);
		disk_destroy(disk);
	}
}

static void unknown_ro_compat_features_mean_read_only(void **state)
{
	struct disk *disk = disk_mkfs(16 << 20, "-O quota");
	struct mount mount;
	uint32_t ino;

	(void)state;
	mount = mount_disk(disk);
	assert_true(ext4_is_read_only(mount.fs));
	assert_int_equal(make(&mount, EXT4_ROOT_INO, "new", 0100644, &ino), -EROFS);
	assert_int_equal(lookup(&mount, EXT4_ROOT_INO, "lost+found"), 11);
	unmount(&mount);
	disk_destroy(disk);
}

static void what_is_not_ext4_is_einval(void **state)
{
	struct disk *disk = disk_create(1 << 20);
	struct ext4_info info;

	(void)state;
	assert_int_equal(ext4_probe(&disk->dev, &info), -EINVAL);
	disk_destroy(disk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_mkfs_wrote_on_blocks_of_1k_is_read),
		cmocka_unit_test(what_mkfs_wrote_on_blocks_of_4k_is_read),
		cmocka_unit_test(all_hashes_agree_with_e2fsck),
		cmocka_unit_test(other_features_are_refused_by_name),
		cmocka_unit_test(unknown_ro_compat_features_mean_read_only),
		cmocka_unit_test(what_is_not_ext4_is_einval),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
