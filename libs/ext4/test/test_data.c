#include "support.h"

#define NBLOCKS 600u
#define DISK_BYTES (24u << 20)

/* What each block of a file should hold: 0 reads as zeroes. */
struct model {
	uint64_t random;
	uint8_t blocks[NBLOCKS];
	uint32_t size;		/* in blocks */
};

static void write_blocks(struct mount *mount, struct model *model, uint32_t ino, uint32_t block, uint32_t n)
{
	uint32_t block_bytes = ext4_block_bytes(mount->fs);
	uint8_t value = (uint8_t)(1 + next_random(&model->random) % 255), *data = malloc(n * block_bytes);

	memset(data, value, n * block_bytes);
	memset(model->blocks + block, value, n);
	assert_int_equal(write_file(mount, ino, block, data, n * block_bytes), 0);
	if (block + n > model->size)
		model->size = block + n;
	free(data);
}

static void check_file(struct mount *mount, const struct model *model, uint32_t ino)
{
	uint32_t block_bytes = ext4_block_bytes(mount->fs), block;
	uint64_t size;
	uint8_t *data = read_file(mount, ino, &size);

	assert_int_equal(size, (uint64_t)model->size * block_bytes);
	for (block = 0; block < model->size; block++) {
		assert_int_equal(data[block * block_bytes], model->blocks[block]);
		assert_int_equal(data[(block + 1) * block_bytes - 1], model->blocks[block]);
	}
	free(data);
}

static void operate(struct mount *mount, struct model *model, uint32_t ino)
{
	uint32_t block = next_random(&model->random) % (NBLOCKS - 1), i;
	uint32_t n = 1 + next_random(&model->random) % (next_random(&model->random) % 4 ? 4 : NBLOCKS - block);

	if (block + n > NBLOCKS)
		n = NBLOCKS - block;
	switch (next_random(&model->random) % 8) {
	case 0:
		assert_int_equal(RETRIED(mount, ext4_punch(mount->fs, ino, block, n)), 0);
		memset(model->blocks + block, 0, n);
		break;
	case 1:
		assert_int_equal(RETRIED(mount, ext4_fallocate(mount->fs, ino, block, n, 0)), 0);
		break;
	case 2:
		if (next_random(&model->random) % 4)
			break;
		assert_int_equal(RETRIED(mount, ext4_truncate(mount->fs, ino, (uint64_t)block * ext4_block_bytes(mount->fs))), 0);
		for (i = block; i < NBLOCKS; i++)
			model->blocks[i] = 0;
		model->size = block;
		break;
	default:
		write_blocks(mount, model, ino, block, n);
		break;
	}
}

static void change_files(const char *options, unsigned int noperations)
{
	struct disk *disk = disk_mkfs(DISK_BYTES, options);
	struct model models[3] = { { .random = 1 }, { .random = 2 }, { .random = 3 } };
	struct mount mount = mount_disk(disk);
	uint32_t inos[3], i, file;
	char name[8] = "file-0";

	for (file = 0; file < 3; file++, name[5]++)
		assert_int_equal(make(&mount, EXT4_ROOT_INO, name, 0100644, &inos[file]), 0);
	for (i = 0; i < noperations; i++) {
		file = i % 3;
		operate(&mount, &models[file], inos[file]);
		if (i % 50 == 0)
			check_file(&mount, &models[file], inos[file]);
		if (i % 97 == 0)
			assert_int_equal(ext4_commit(mount.fs), 0);
	}
	unmount(&mount);
	disk_check(disk);
	mount = mount_disk(disk);
	for (file = 0; file < 3; file++)
		check_file(&mount, &models[file], inos[file]);
	for (file = 0, name[5] = '0'; file < 3; file++, name[5]++)
		assert_int_equal(remove_name(&mount, EXT4_ROOT_INO, name, false), 0);
	unmount(&mount);
	disk_check(disk);
	disk_destroy(disk);
}

static void random_changes_agree_with_a_model_on_blocks_of_1k(void **state)
{
	(void)state;
	change_files("-J size=1", 2500);
}

static void random_changes_agree_with_a_model_on_blocks_of_4k(void **state)
{
	(void)state;
	change_files("-b 4096 -J size=4", 2500);
}

/* Every second block: each an extent of its own, so that the tree gets deep; then it must shrink again. */
static void a_tree_of_single_blocks_grows_and_shrinks(void **state)
{
	struct disk *disk = disk_mkfs(DISK_BYTES, "-J size=1");
	struct mount mount = mount_disk(disk);
	struct ext4_attr before, after;
	uint8_t data[1024] = { 5 };
	uint32_t ino, i;

	(void)state;
	assert_int_equal(make(&mount, EXT4_ROOT_INO, "comb", 0100644, &ino), 0);
	assert_int_equal(ext4_getattr(mount.fs, ino, &before), 0);
	for (i = 0; i < 5000; i++)
		assert_int_equal(write_file(&mount, ino, (i * 7919 % 5000) * 2, data, sizeof(data)), 0);
	assert_int_equal(ext4_commit(mount.fs), 0);
	unmount(&mount);
	disk_check(disk);
	mount = mount_disk(disk);
	for (i = 0; i < 5000; i++)
		assert_int_equal(RETRIED(&mount, ext4_punch(mount.fs, ino, (i * 3571 % 5000) * 2, 1)), 0);
	assert_int_equal(ext4_getattr(mount.fs, ino, &after), 0);
	assert_int_equal(after.blocks, before.blocks);
	unmount(&mount);
	disk_check(disk);
	disk_destroy(disk);
}

static void a_full_disk_is_enospc_and_stays_whole(void **state)
{
	struct disk *disk = disk_mkfs(8 << 20, "-J size=1");
	struct mount mount = mount_disk(disk);
	struct ext4_statfs stat;
	uint8_t *data = calloc(1, 8 << 20);
	uint32_t ino;

	(void)state;
	assert_int_equal(make(&mount, EXT4_ROOT_INO, "big", 0100644, &ino), 0);
	assert_int_equal(ext4_statfs(mount.fs, &stat), 0);
	assert_int_equal(ext4_reserve(mount.fs, stat.available_blocks + 1, false, false), -ENOSPC);
	assert_int_equal(ext4_reserve(mount.fs, stat.available_blocks, false, false), 0);
	assert_int_equal(ext4_reserve(mount.fs, 1, false, false), -ENOSPC);
	ext4_unreserve(mount.fs, stat.available_blocks);
	assert_int_equal(write_file(&mount, ino, 0, data, 8 << 20), -ENOSPC);
	assert_int_equal(ext4_fallocate(mount.fs, ino, 100000, 100, 0), -ENOSPC);
	assert_int_equal(remove_name(&mount, EXT4_ROOT_INO, "big", false), 0);
	assert_int_equal(make(&mount, EXT4_ROOT_INO, "small", 0100644, &ino), 0);
	assert_int_equal(write_file(&mount, ino, 0, data, 1 << 20), 0);
	unmount(&mount);
	disk_check(disk);
	free(data);
	disk_destroy(disk);
}

/* Blocks of a run nobody inserted are free again, and are not given out twice before. */
static void an_allocation_is_nobodys_until_inserted(void **state)
{
	struct disk *disk = disk_mkfs(DISK_BYTES, "");
	struct mount mount = mount_disk(disk);
	struct ext4_run first, second;
	struct ext4_attr attr;
	uint32_t ino;

	(void)state;
	assert_int_equal(make(&mount, EXT4_ROOT_INO, "file", 0100644, &ino), 0);
	assert_int_equal(ext4_allocate(mount.fs, ino, 0, 16, &first), 0);
	assert_int_equal(ext4_allocate(mount.fs, ino, 0, 16, &second), 0);
	assert_true(first.disk + first.blocks <= second.disk || second.disk + second.blocks <= first.disk);
	assert_int_equal(ext4_insert(mount.fs, ino, &second, 100), -ESTALE);
	assert_int_equal(ext4_insert(mount.fs, ino, &second, 16000), 0);
	assert_int_equal(ext4_insert(mount.fs, ino, &first, 16000), -ESTALE);
	ext4_release(mount.fs, &first);
	assert_int_equal(ext4_getattr(mount.fs, ino, &attr), 0);
	assert_int_equal(attr.size, 16000);
	assert_int_equal(attr.blocks, second.blocks * ext4_block_bytes(mount.fs) / 512);
	unmount(&mount);
	disk_check(disk);
	disk_destroy(disk);
}

static void blocks_behind_the_end_stay_until_truncated(void **state)
{
	struct disk *disk = disk_mkfs(DISK_BYTES, "");
	struct mount mount = mount_disk(disk);
	struct ext4_attr attr;
	uint32_t ino;

	(void)state;
	assert_int_equal(make(&mount, EXT4_ROOT_INO, "file", 0100644, &ino), 0);
	assert_int_equal(ext4_fallocate(mount.fs, ino, 0, 64, 0), 0);
	assert_int_equal(ext4_evict(mount.fs, ino), 0);
	assert_int_equal(ext4_getattr(mount.fs, ino, &attr), 0);
	assert_int_equal(attr.size, 0);
	assert_int_equal(attr.blocks, 64 * ext4_block_bytes(mount.fs) / 512);
	unmount(&mount);
	disk_check(disk);
	mount = mount_disk(disk);
	assert_int_equal(ext4_truncate(mount.fs, ino, 0), 0);
	assert_int_equal(ext4_getattr(mount.fs, ino, &attr), 0);
	assert_int_equal(attr.blocks, 0);
	unmount(&mount);
	disk_check(disk);
	disk_destroy(disk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_changes_agree_with_a_model_on_blocks_of_1k),
		cmocka_unit_test(random_changes_agree_with_a_model_on_blocks_of_4k),
		cmocka_unit_test(a_tree_of_single_blocks_grows_and_shrinks),
		cmocka_unit_test(a_full_disk_is_enospc_and_stays_whole),
		cmocka_unit_test(an_allocation_is_nobodys_until_inserted),
		cmocka_unit_test(blocks_behind_the_end_stay_until_truncated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
