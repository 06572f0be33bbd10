/* Single operations that a power cut ends. */
#include "support.h"

#define UNFLUSHED_MAX 8	/* writes between two flushes */

typedef void look_fn(struct fat *fs, const void *wanted);

static void check_cut(const struct disk *disk, size_t n, unsigned int kept, look_fn *look, const void *wanted)
{
	struct disk after;
	struct fat fs;

	disk_cut(disk, n, kept, &after);
	assert_int_equal(disk_check(&after, true), 0);
	mount(&fs, &after);
	if (look)
		look(&fs, wanted);
	assert_int_equal(fat_unmount(&fs), 0);
	assert_int_equal(disk_check(&after, true), 0);
	disk_free(&after);
}

/* Every cut of what is recorded of @disk leaves a volume in which @look, unless NULL, finds what it wants. */
static void check_cuts(const struct disk *disk, look_fn *look, const void *wanted)
{
	for (size_t n = 0; n <= disk->nlog; n++) {
		size_t unflushed = disk_unflushed(disk, n);

		assert_true(unflushed <= UNFLUSHED_MAX);
		for (unsigned int kept = 0; kept < 1u << unflushed; kept++)
			check_cut(disk, n, kept, look, wanted);
	}
}

/* The file that is there, of two sizes. Returns: its size. */
static uint32_t found_size(struct fat *fs, uint32_t dir, const char *name)
{
	struct fat_dirent found;

	return find(fs, dir, name, &found) ? 0 : found.file.size;
}

struct moves {
	uint32_t from, to;
	bool is_replacing;	/* the new name was another file's, of one byte */
};

static void find_moved(struct fat *fs, const void *wanted)
{
	const struct moves *moves = wanted;
	uint32_t new_size = found_size(fs, moves->to, "A long name of the new one.txt");
	uint32_t old_size = found_size(fs, moves->from, "A long name of the old one.txt");

	assert_int_equal(old_size > 1 ? old_size : new_size, sizeof(text));
	assert_int_equal(old_size > 1 ? new_size : 0, old_size > 1 && moves->is_replacing);
}

static void check_moves(const struct shape *shape, bool is_replacing)
{
	struct fat_file dir, moved, victim = { .slot = FAT_NO_SLOT };
	struct disk disk;
	uint32_t to;
	struct fat fs;

	disk_format(&disk, shape->bits, shape->kib, shape->options);
	mount(&fs, &disk);
	assert_int_equal(fat_mkdir(&fs, FAT_ROOT, "dir", 3, 0, noon, &dir), 0);
	assert_int_equal(fat_directory(&fs, &dir, &to), 0);
	assert_int_equal(make(&fs, FAT_ROOT, "A long name of the old one.txt", &moved), 0);
	assert_int_equal(put(&fs, &moved, text, sizeof(text)), 0);
	if (is_replacing) {
		assert_int_equal(make(&fs, to, "a LONG name of the new one.txt", &victim), 0);
		assert_int_equal(put(&fs, &victim, text, 1), 0);
	}
	assert_int_equal(fat_sync(&fs), 0);
	disk_record(&disk);
	assert_int_equal(move(&fs, &moved, to, "A long name of the new one.txt", is_replacing ? &victim : NULL), 0);
	assert_int_equal(make(&fs, FAT_ROOT, "next", &moved), 0);
	check_cuts(&disk, find_moved, &(struct moves){ FAT_ROOT, to, is_replacing });
	disk_free(&disk);
}

static void a_file_on_its_way_is_found_after_a_cut(void **state)
{
	for (size_t i = 0; i < 3; i++) {
		check_moves(&small[i], false);
		check_moves(&small[i], true);
	}
}

/* Neither the file nor its move was on the disk for sure; the slots had another file's entry before. */
static void a_file_without_a_flush_may_be_moved(void **state)
{
	struct disk disk;
	struct fat_file dir, moved;
	uint32_t from, to;
	struct fat fs;

	disk_format(&disk, small[1].bits, small[1].kib, small[1].options);
	mount(&fs, &disk);
	assert_int_equal(fat_mkdir(&fs, FAT_ROOT, "from", 4, 0, noon, &dir), 0);
	assert_int_equal(fat_directory(&fs, &dir, &from), 0);
	assert_int_equal(fat_mkdir(&fs, FAT_ROOT, "to", 2, 0, noon, &dir), 0);
	assert_int_equal(fat_directory(&fs, &dir, &to), 0);
	assert_int_equal(make(&fs, from, "A long name of the old one.txt", &moved), 0);
	assert_int_equal(put(&fs, &moved, text, sizeof(text)), 0);
	assert_int_equal(fat_unlink(&fs, &moved), 0);
	assert_int_equal(fat_release(&fs, &moved), 0);
	assert_int_equal(fat_sync(&fs), 0);
	disk_record(&disk);
	assert_int_equal(make(&fs, from, "A long name of the old one.txt", &moved), 0);
	assert_int_equal(move(&fs, &moved, to, "A long name of the new one.txt", NULL), 0);
	assert_int_equal(fat_sync(&fs), 0);
	check_cuts(&disk, NULL, NULL);
	disk_free(&disk);
}

#define SECTOR_NAMES 4		/* names of four slots fill a sector */

static void several_slots(char out[32], int number)
{
	snprintf(out, 32, "A name of several slots %c.text", (char)('a' + number));
}

static int count_name(struct fat *fs, const char *name)
{
	struct fat_dirent found;
	uint32_t cookie = 0;
	int n = 0;

	while (fat_readdir(fs, FAT_ROOT, &cookie, &found) > 0)
		n += !strcmp(found.name, name);
	return n;
}

static void find_at_most_once(struct fat *fs, const void *name)
{
	assert_true(count_name(fs, name) <= 1);
}

enum freeing { UNLINKED, MOVED_AWAY, UNLINKED_FOR_A_MOVE, NFREEINGS };

/* The last name, alone in the second sector, goes; then the first sector, where there is room, gets it. */
static void free_and_take(struct fat *fs, struct fat_file files[SECTOR_NAMES + 1], const char *name, enum freeing freeing)
{
	struct fat_file *last = &files[SECTOR_NAMES];

	if (freeing == MOVED_AWAY)
		assert_int_equal(move(fs, last, FAT_ROOT, "A name that nobody had.text", NULL), 0);
	else
		assert_int_equal(fat_unlink(fs, last), 0);
	if (freeing == UNLINKED_FOR_A_MOVE)
		assert_int_equal(move(fs, &files[1], FAT_ROOT, name, NULL), 0);
	else
		assert_int_equal(make(fs, FAT_ROOT, name, last), 0);
}

static void check_taken_name(const struct shape *shape, enum freeing freeing)
{
	struct fat_file files[SECTOR_NAMES + 1];
	struct disk disk;
	char name[32];
	struct fat fs;

	disk_format(&disk, shape->bits, shape->kib, shape->options);
	mount(&fs, &disk);
	for (int i = 0; i <= SECTOR_NAMES; i++) {
		several_slots(name, i);
		assert_int_equal(make(&fs, FAT_ROOT, name, &files[i]), 0);
	}
	assert_int_equal(files[SECTOR_NAMES].slot, 5 * SECTOR_NAMES - 1);
	assert_int_equal(fat_unlink(&fs, &files[0]), 0);
	assert_int_equal(fat_sync(&fs), 0);
	disk_record(&disk);
	free_and_take(&fs, files, name, freeing);
	check_cuts(&disk, find_at_most_once, name);
	disk_free(&disk);
}

static void a_name_that_was_free_is_there_once(void **state)
{
	for (size_t i = 0; i < 3; i++)
		for (int freeing = 0; freeing < NFREEINGS; freeing++)
			check_taken_name(&small[i], (enum freeing)freeing);
}

/* What was written before the library began anew is not on the disk for sure either. */
static void a_continued_volume_keeps_the_order_of_writes(void **state)
{
	for (size_t i = 0; i < 3; i++) {
		struct fat_file file, next;
		struct disk disk;
		struct fat fs;

		disk_format(&disk, small[i].bits, small[i].kib, small[i].options);
		mount(&fs, &disk);
		assert_int_equal(make(&fs, FAT_ROOT, "file", &file), 0);
		assert_int_equal(put(&fs, &file, text, sizeof(text)), 0);
		assert_int_equal(fat_sync(&fs), 0);
		disk_record(&disk);
		assert_int_equal(fat_unlink(&fs, &file), 0);
		assert_int_equal(fat_mount(&fs, &disk.dev, &(struct fat_options){ .is_continued = true }, cache, sizeof(cache)), 0);
		assert_int_equal(fat_release(&fs, &file), 0);
		assert_int_equal(make(&fs, FAT_ROOT, "next", &next), 0);
		check_cuts(&disk, NULL, NULL);
		disk_free(&disk);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_on_its_way_is_found_after_a_cut),
		cmocka_unit_test(a_file_without_a_flush_may_be_moved),
		cmocka_unit_test(a_name_that_was_free_is_there_once),
		cmocka_unit_test(a_continued_volume_keeps_the_order_of_writes),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
