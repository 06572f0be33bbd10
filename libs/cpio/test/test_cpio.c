#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <cpio/cpio.h>

static char archive[16384];
static size_t archive_len;

static void pad(void)
{
	while (archive_len % 4)
		archive[archive_len++] = '\0';
}

static void add(const char *name, size_t name_bytes, const char *data, size_t data_len)
{
	archive_len += sprintf(archive + archive_len,
			       "070701%08X%08X%08X%08X%08X%08X%08zX%08X%08X%08X%08X%08zX%08X",
			       1, 0100644, 1000, 100, 1, 12345, data_len, 0, 0, 8, 1, name_bytes, 0);
	memset(archive + archive_len, 0, name_bytes);
	strcpy(archive + archive_len, name);
	archive_len += name_bytes;
	pad();
	memcpy(archive + archive_len, data, data_len);
	archive_len += data_len;
	pad();
}

static void finish(void)
{
	add("TRAILER!!!", 11, "", 0);
}

static int setup(void **state)
{
	memset(archive, 0, sizeof(archive));
	archive_len = 0;
	return 0;
}

static void entries_come_in_order_until_the_trailer(void **state)
{
	struct cpio_reader reader;
	struct cpio_entry entry;

	add("a", 2, "hello", 5);
	add("dir/bb", 7, "", 0);
	finish();
	cpio_open(&reader, archive, archive_len);
	assert_int_equal(cpio_next(&reader, &entry), 1);
	assert_string_equal(entry.name, "a");
	assert_int_equal(entry.name_len, 1);
	assert_int_equal(entry.data_len, 5);
	assert_memory_equal(entry.data, "hello", 5);
	assert_int_equal(entry.mode, 0100644);
	assert_int_equal(entry.uid, 1000);
	assert_int_equal(entry.gid, 100);
	assert_int_equal(entry.mtime, 12345);
	assert_int_equal(entry.rdev_major, 8);
	assert_int_equal(cpio_next(&reader, &entry), 1);
	assert_string_equal(entry.name, "dir/bb");
	assert_int_equal(entry.data_len, 0);
	assert_int_equal(cpio_next(&reader, &entry), 0);
	assert_int_equal(cpio_next(&reader, &entry), 0);
}

static void name_padded_with_nuls_aligns_the_data(void **state)
{
	struct cpio_entry entry;

	add("init", 4096 - 110, "#!", 2);
	finish();
	assert_int_equal(cpio_find(archive, archive_len, "init", &entry), 0);
	assert_int_equal(entry.name_len, 4);
	assert_int_equal((const char *)entry.data - archive, 4096);
}

static void find_looks_for_the_whole_name(void **state)
{
	struct cpio_entry entry;

	add("services/vfsd", 14, "1", 1);
	add("services/vfs", 13, "2", 1);
	finish();
	assert_int_equal(cpio_find(archive, archive_len, "services/vfs", &entry), 0);
	assert_memory_equal(entry.data, "2", 1);
	assert_int_equal(cpio_find(archive, archive_len, "services", &entry), -ENOENT);
}

static void archive_cut_anywhere_gives_einval(void **state)
{
	struct cpio_entry entry;
	size_t len;
	char *copy;

	add("a", 2, "hello", 5);
	finish();
	for (len = 0; len < archive_len - 4; len++) {
		copy = malloc(len ? len : 1);
		memcpy(copy, archive, len);
		assert_int_equal(cpio_find(copy, len, "zz", &entry), -EINVAL);
		free(copy);
	}
}

static void damaged_headers_give_einval(void **state)
{
	struct cpio_entry entry;

	add("a", 2, "hello", 5);
	finish();
	archive[5] = '2';
	assert_int_equal(cpio_find(archive, archive_len, "zz", &entry), -EINVAL);
	archive[5] = '1';
	archive[20] = 'g';
	assert_int_equal(cpio_find(archive, archive_len, "zz", &entry), -EINVAL);
	archive[20] = '0';
	memcpy(archive + 54, "FFFFFFFF", 8);
	assert_int_equal(cpio_find(archive, archive_len, "zz", &entry), -EINVAL);
	memcpy(archive + 54, "00000005", 8);
	memcpy(archive + 94, "FFFFFFFF", 8);
	assert_int_equal(cpio_find(archive, archive_len, "zz", &entry), -EINVAL);
	memcpy(archive + 94, "00000000", 8);
	assert_int_equal(cpio_find(archive, archive_len, "zz", &entry), -EINVAL);
	memcpy(archive + 94, "00000001", 8);
	assert_int_equal(cpio_find(archive, archive_len, "zz", &entry), -EINVAL);
}

static void damage_is_reported_again_on_the_next_call(void **state)
{
	struct cpio_reader reader;
	struct cpio_entry entry;

	add("a", 2, "hello", 5);
	cpio_open(&reader, archive, archive_len);
	assert_int_equal(cpio_next(&reader, &entry), 1);
	assert_int_equal(cpio_next(&reader, &entry), -EINVAL);
	assert_int_equal(cpio_next(&reader, &entry), -EINVAL);
}

static void archives_of_cpio_itself_are_read(void **state)
{
	struct cpio_entry entry;
	FILE *pipe;

	if (system("command -v cpio >/dev/null 2>&1") != 0)
		skip();
	pipe = popen("cd /etc && echo passwd | cpio --quiet -o -H newc 2>/dev/null", "r");
	assert_non_null(pipe);
	archive_len = fread(archive, 1, sizeof(archive), pipe);
	assert_int_equal(pclose(pipe), 0);
	assert_int_equal(cpio_find(archive, archive_len, "passwd", &entry), 0);
	assert_memory_equal(entry.data, "root:", 5);
}

static void zero_bytes_between_entries_are_skipped(void **state)
{
	struct cpio_reader reader;
	struct cpio_entry entry;

	add("a", 2, "hello", 5);
	archive_len += 4096;
	add("b", 2, "", 0);
	finish();
	cpio_open(&reader, archive, archive_len);
	assert_int_equal(cpio_next(&reader, &entry), 1);
	assert_int_equal(entry.data_len, 5);
	assert_int_equal(cpio_next(&reader, &entry), 1);
	assert_string_equal(entry.name, "b");
	assert_int_equal(cpio_next(&reader, &entry), 0);
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(entries_come_in_order_until_the_trailer),
		TEST(zero_bytes_between_entries_are_skipped),
		TEST(name_padded_with_nuls_aligns_the_data),
		TEST(find_looks_for_the_whole_name),
		TEST(archive_cut_anywhere_gives_einval),
		TEST(damaged_headers_give_einval),
		TEST(damage_is_reported_again_on_the_next_call),
		TEST(archives_of_cpio_itself_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
