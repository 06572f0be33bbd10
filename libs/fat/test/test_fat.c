/* Files and directories, and what other programs see of them. */
#include "support.h"

static void files_of_others_are_read(void **state)
{
	for (size_t i = 0; i < 3; i++) {
		struct fat_dirent found;
		struct disk disk;
		struct fat fs;
		uint32_t dir;

		disk_format(&disk, shapes[i].bits, shapes[i].kib, "-s 1 -n LABELLED");
		disk_free(&disk);
		assert_int_equal(run("cd %s && printf '%s' >short.txt && cp short.txt 'A long name indeed.text' && "
				     "mmd -i disk ::/Folder && mcopy -i disk 'A long name indeed.text' short.txt ::/Folder",
				     folder, text), 0);
		disk_load(&disk);
		mount(&fs, &disk);
		assert_int_equal(find(&fs, FAT_ROOT, "fOLDER", &found), 0);
		assert_string_equal(found.name, "Folder");
		assert_int_equal(fat_directory(&fs, &found.file, &dir), 0);
		assert_int_equal(find(&fs, dir, "a LONG name INDEED.text", &found), 0);
		assert_string_equal(found.name, "A long name indeed.text");
		assert_contents(&fs, &found.file, text, sizeof(text) - 1);
		assert_int_equal(find(&fs, dir, "short.txt", &found), 0);
		assert_string_equal(found.name, "short.txt");
		assert_int_equal(find(&fs, dir, "ALONGN~1.TEX", &found), 0);
		assert_int_equal(find(&fs, dir, "missing", &found), -ENOENT);
		char label[FAT_SHORT_BYTES];

		assert_int_equal(fat_label(&fs, label), 0);
		assert_string_equal(label, "LABELLED");
		assert_int_equal(fat_unmount(&fs), 0);
		disk_free(&disk);
	}
}

static void others_read_our_files(void **state)
{
	for (size_t i = 0; i < 3; i++) {
		struct fat_file folder_file, file;
		struct disk disk;
		struct fat fs;
		uint32_t dir;

		disk_format(&disk, shapes[i].bits, shapes[i].kib, shapes[i].options);
		mount(&fs, &disk);
		assert_int_equal(fat_mkdir(&fs, FAT_ROOT, "Ordner mit Ümläuten", 21, 0, noon, &folder_file), 0);
		assert_int_equal(fat_directory(&fs, &folder_file, &dir), 0);
		assert_int_equal(make(&fs, dir, "lower.txt", &file), 0);
		assert_int_equal(put(&fs, &file, text, sizeof(text) - 1), 0);
		assert_int_equal(make(&fs, dir, "Two  spaces, and a + sign", &file), 0);
		assert_int_equal(put(&fs, &file, text, sizeof(text) - 1), 0);
		assert_int_equal(fat_unmount(&fs), 0);
		assert_int_equal(disk_check(&disk, false), 0);
		assert_int_equal(run("cd %s && export LC_ALL=C.UTF-8; printf '%s' >want; for f in lower.txt 'Two  spaces, and a + sign'; do "
				     "rm -f got; mcopy -i disk \"::/Ordner mit Ümläuten/$f\" got && cmp got want || exit 1; done",
				     folder, text), 0);
		disk_free(&disk);
	}
}

static void names_keep_their_case_and_are_found_in_any(void **state)
{
	static const char *const names[] = {
		"README", "readme.TXT", "Mixed.Case", ".hidden", "a.b.c.d", "no extension but long", "Straße.txt",
		"\xf0\x9f\x98\x80 face", "x", "~", "many.....dots", "trailing space ", "+,;=[].txt",
	};
	struct fat_dirent found;
	struct fat_file file;
	struct disk disk;
	struct fat fs;
	uint32_t cookie = 0;

	disk_format(&disk, 16, 16384, "");
	mount(&fs, &disk);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(make(&fs, FAT_ROOT, names[i], &file), 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(fat_readdir(&fs, FAT_ROOT, &cookie, &found), 1);
		assert_string_equal(found.name, names[i]);
		assert_int_equal(make(&fs, FAT_ROOT, names[i], &file), -EEXIST);
	}
	assert_int_equal(fat_readdir(&fs, FAT_ROOT, &cookie, &found), 0);
	assert_int_equal(find(&fs, FAT_ROOT, "readme", &found), 0);
	assert_int_equal(find(&fs, FAT_ROOT, "STRAßE.TXT", &found), 0);
	assert_int_equal(find(&fs, FAT_ROOT, "readme...", &found), 0);
	assert_int_equal(fat_unmount(&fs), 0);
	assert_int_equal(disk_check(&disk, false), 0);
	disk_free(&disk);
}

static void a_name_that_fat_cannot_have_is_refused(void **state)
{
	char name[3 * 256 + 1] = "";
	struct fat_dirent found;
	struct fat_file file;
	struct disk disk;
	struct fat fs;

	disk_format(&disk, 32, 36864, "");
	mount(&fs, &disk);
	assert_int_equal(make(&fs, FAT_ROOT, "a:b", &file), -EINVAL);
	assert_int_equal(make(&fs, FAT_ROOT, "tab\there", &file), -EINVAL);
	assert_int_equal(make(&fs, FAT_ROOT, "\xff", &file), -EINVAL);
	assert_int_equal(make(&fs, FAT_ROOT, "..", &file), -EINVAL);
	assert_int_equal(find(&fs, FAT_ROOT, "a?b", &found), -ENOENT);
	for (int i = 0; i < 255; i++)
		strcat(name, "ä");
	assert_int_equal(make(&fs, FAT_ROOT, name, &file), 0);
	assert_int_equal(find(&fs, FAT_ROOT, name, &found), 0);
	assert_string_equal(found.name, name);
	strcat(name, "ä");
	assert_int_equal(make(&fs, FAT_ROOT, name, &file), -ENAMETOOLONG);
	assert_int_equal(fat_unmount(&fs), 0);
	assert_int_equal(disk_check(&disk, false), 0);
	disk_free(&disk);
}

static void five_thousand_files_are_what_others_see(void **state)
{
	struct fat_dirent found;
	struct fat_file file;
	struct disk disk;
	struct fat fs;
	char name[64];
	int n;

	disk_format(&disk, 32, 65536, "-s 1");
	mount(&fs, &disk);
	assert_int_equal(fat_mkdir(&fs, FAT_ROOT, "many", 4, 0, noon, &file), 0);
	uint32_t dir = file.first;

	for (int i = 0; i < 5000; i++) {
		n = snprintf(name, sizeof(name), "File number %d", i);
		assert_int_equal(make(&fs, dir, name, &file), 0);
		assert_int_equal(put(&fs, &file, name, (uint32_t)n), 0);
	}
	for (int i = 0; i < 5000; i += 97) {
		n = snprintf(name, sizeof(name), "FILE number %d", i);
		assert_int_equal(find(&fs, dir, name, &found), 0);
		assert_contents(&fs, &found.file, found.name, (uint32_t)n);
	}
	assert_int_equal(fat_unmount(&fs), 0);
	assert_int_equal(disk_check(&disk, false), 0);
	assert_int_equal(run("cd %s && mkdir all && mcopy -i disk '::/many/*' all && cd all && test $(ls | wc -l) = 5000 && "
			     "for i in 0 777 4999; do test \"$(cat \"File number $i\")\" = \"File number $i\" || exit 1; done",
			     folder), 0);
	disk_free(&disk);
}

static void replacing_a_neighbour_is_one_write(void **state)
{
	struct fat_file old, new;
	struct disk disk;
	struct fat fs;

	disk_format(&disk, 16, 16384, "");
	mount(&fs, &disk);
	assert_int_equal(make(&fs, FAT_ROOT, "data", &old), 0);
	assert_int_equal(make(&fs, FAT_ROOT, "data.tmp", &new), 0);
	assert_int_equal(put(&fs, &new, text, sizeof(text)), 0);
	disk_record(&disk);
	assert_int_equal(move(&fs, &new, FAT_ROOT, "data", &old), 0);
	assert_int_equal(disk.nlog, 1);
	assert_int_equal(old.slot, FAT_NO_SLOT);
	assert_int_equal(fat_release(&fs, &old), 0);
	assert_int_equal(move(&fs, &new, FAT_ROOT, "DATA", NULL), 0);
	struct fat_dirent found;

	assert_int_equal(find(&fs, FAT_ROOT, "data", &found), 0);
	assert_string_equal(found.name, "DATA");
	assert_contents(&fs, &found.file, text, sizeof(text));
	assert_int_equal(fat_unmount(&fs), 0);
	assert_int_equal(disk_check(&disk, false), 0);
	disk_free(&disk);
}

static void a_full_disk_takes_nothing_half(void **state)
{
	struct fat_statistics before, after;
	struct fat_file file, other;
	struct disk disk;
	struct fat fs;

	disk_format(&disk, 12, 1440, "");
	mount(&fs, &disk);
	assert_int_equal(make(&fs, FAT_ROOT, "first", &file), 0);
	assert_int_equal(fat_truncate(&fs, &file, 1000000), 0);
	assert_int_equal(make(&fs, FAT_ROOT, "second", &other), 0);
	assert_int_equal(fat_statistics(&fs, &before), 0);
	assert_int_equal(fat_truncate(&fs, &other, 1000000), -ENOSPC);
	assert_int_equal(other.size, 0);
	assert_int_equal(fat_reserve(&fs, before.free_clusters), 0);
	assert_int_equal(fat_allocate(&fs, &other, 1), -ENOSPC);
	assert_int_equal(fat_reserve(&fs, 1), -ENOSPC);
	fat_unreserve(&fs, before.free_clusters);
	assert_int_equal(fat_statistics(&fs, &after), 0);
	assert_int_equal(before.free_clusters, after.free_clusters);
	assert_int_equal(fat_truncate(&fs, &file, 0x100000000ull), -EFBIG);
	assert_int_equal(fat_truncate(&fs, &file, 10), 0);
	assert_int_equal(fat_truncate(&fs, &other, 1000000), 0);
	assert_int_equal(fat_truncate(&fs, &other, 0), 0);
	assert_int_equal(fat_unmount(&fs), 0);
	assert_int_equal(disk_check(&disk, false), 0);
	disk_free(&disk);
}

static void a_fixed_root_is_full_at_some_point(void **state)
{
	struct fat_file file;
	struct disk disk;
	struct fat fs;
	char name[16];
	int n = 0, err;

	disk_format(&disk, 12, 1440, "-r 112");
	mount(&fs, &disk);
	do {
		snprintf(name, sizeof(name), "F%d", n++);
		err = make(&fs, FAT_ROOT, name, &file);
	} while (!err);
	assert_int_equal(err, -ENOSPC);
	assert_int_equal(n, 113);
	assert_int_equal(fat_unmount(&fs), 0);
	assert_int_equal(disk_check(&disk, false), 0);
	disk_free(&disk);
}

static void times_and_attributes_are_kept(void **state)
{
	const struct fat_time born = { .sec = 1709210096 + 1, .nsec = 230000000 };	/* 2024-02-29 */
	struct fat_dirent found;
	struct fat_file file;
	struct disk disk;
	struct fat fs;

	disk_format(&disk, 16, 16384, "");
	mount(&fs, &disk);
	assert_int_equal(fat_create(&fs, FAT_ROOT, "f", 1, FAT_HIDDEN | FAT_SYSTEM, born, &file), 0);
	file.attr |= FAT_READ_ONLY;
	file.mtime.sec = 4102444798;	/* 2099-12-31 23:59:58 */
	assert_int_equal(fat_store(&fs, &file), 0);
	assert_int_equal(find(&fs, FAT_ROOT, "f", &found), 0);
	assert_int_equal(found.file.attr, FAT_HIDDEN | FAT_SYSTEM | FAT_READ_ONLY);
	assert_int_equal(found.file.btime.sec, born.sec);
	assert_int_equal(found.file.btime.nsec, born.nsec);
	assert_int_equal(found.file.mtime.sec, 4102444798);
	assert_int_equal(found.file.atime.sec, born.sec / 86400 * 86400);
	for (int64_t day = 3652; day < 50000; day += 13) {
		file.mtime.sec = day * 86400 + 43210;
		assert_int_equal(fat_store(&fs, &file), 0);
		assert_int_equal(fat_load(&fs, &file), 0);
		assert_int_equal(file.mtime.sec, day * 86400 + 43210);
	}
	disk_free(&disk);
}

static void a_volume_in_use_says_so(void **state)
{
	struct fat_file file;
	struct disk disk;
	struct fat fs;

	disk_format(&disk, 32, 36864, "");
	mount(&fs, &disk);
	assert_int_equal(disk.data[65] & 1, 0);
	assert_int_equal(make(&fs, FAT_ROOT, "f", &file), 0);
	assert_int_equal(disk.data[65] & 1, 1);
	assert_int_equal(fat_settle(&fs), 0);
	assert_int_equal(disk.data[65] & 1, 0);
	assert_int_equal(make(&fs, FAT_ROOT, "g", &file), 0);
	/* Who was killed did not get to the second table. */
	disk.data[fs.fat_at + fs.fat_bytes + 4000] = 0x77;
	assert_int_equal(fat_mount(&fs, &disk.dev, &(struct fat_options){ .is_continued = true }, cache, sizeof(cache)), 0);
	assert_int_equal(fat_unmount(&fs), 0);
	assert_int_equal(disk_check(&disk, false), 0);
	assert_int_equal(fat_mount(&fs, &disk.dev, &(struct fat_options){ .is_read_only = true }, cache, sizeof(cache)), 0);
	assert_int_equal(make(&fs, FAT_ROOT, "h", &file), -EROFS);
	assert_int_equal(fat_set_read_only(&fs, false), 0);
	assert_int_equal(make(&fs, FAT_ROOT, "h", &file), 0);
	disk_free(&disk);
}

static void damaged_chains_are_errors(void **state)
{
	struct fat_extent extent;
	struct fat_dirent found;
	struct fat_file file, dir;
	struct disk disk;
	uint32_t cookie = 0;
	struct fat fs;
	uint8_t *table;
	int n;

	disk_format(&disk, 16, 16384, "-s 1");
	mount(&fs, &disk);
	table = disk.data + fs.fat_at;
	assert_int_equal(make(&fs, FAT_ROOT, "f", &file), 0);
	assert_int_equal(fat_truncate(&fs, &file, 100000), 0);
	assert_int_equal(fat_mkdir(&fs, FAT_ROOT, "d", 1, 0, noon, &dir), 0);
	assert_int_equal(fat_unmount(&fs), 0);
	/* The file's second cluster leads to nowhere, the directory's to itself. */
	table[2 * (file.first + 1)] = table[2 * (file.first + 1) + 1] = 0xee;
	table[2 * dir.first] = (uint8_t)dir.first;
	table[2 * dir.first + 1] = (uint8_t)(dir.first >> 8);
	memset(disk.data + fs.data_at + (dir.first - 2) * 512, 0xe5, 512);
	mount(&fs, &disk);
	assert_int_equal(fat_map(&fs, &file, 99999, 1, &extent, 1), -EIO);
	assert_int_equal(fat_allocate(&fs, &file, 200000), -EIO);
	while ((n = fat_readdir(&fs, dir.first, &cookie, &found)) > 0)
		;
	assert_int_equal(n, 0);
	file.first = dir.first;
	assert_int_equal(fat_allocate(&fs, &file, 10000000), -EIO);
	assert_int_equal(fat_release(&fs, &file), 0);
	disk_free(&disk);
}

static void a_broken_boot_sector_is_no_volume(void **state)
{
	struct disk disk;
	struct fat fs;
	uint8_t boot[512];

	disk_format(&disk, 32, 36864, "");
	memcpy(boot, disk.data, 512);
	srand(1);
	for (int i = 0; i < 5000; i++) {
		int at = rand() % 90, was = fat_mount(&fs, &disk.dev, &(struct fat_options){ 0 }, cache, FAT_CACHE_MIN);

		assert_true(!was || was == -EINVAL || was == -EIO);
		if (i % 5 == 0)
			memcpy(disk.data, boot, 512);
		disk.data[at] = (uint8_t)rand();
	}
	memset(disk.data, 0, 512);
	assert_int_equal(fat_mount(&fs, &disk.dev, &(struct fat_options){ 0 }, cache, sizeof(cache)), -EINVAL);
	disk_free(&disk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_of_others_are_read),
		cmocka_unit_test(others_read_our_files),
		cmocka_unit_test(names_keep_their_case_and_are_found_in_any),
		cmocka_unit_test(a_name_that_fat_cannot_have_is_refused),
		cmocka_unit_test(five_thousand_files_are_what_others_see),
		cmocka_unit_test(replacing_a_neighbour_is_one_write),
		cmocka_unit_test(a_full_disk_takes_nothing_half),
		cmocka_unit_test(a_fixed_root_is_full_at_some_point),
		cmocka_unit_test(times_and_attributes_are_kept),
		cmocka_unit_test(a_volume_in_use_says_so),
		cmocka_unit_test(damaged_chains_are_errors),
		cmocka_unit_test(a_broken_boot_sector_is_no_volume),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
