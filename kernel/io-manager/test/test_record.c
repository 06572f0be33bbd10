/* kernel/io-manager/test/test_record.c: records of a vfsd that may be broken. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "record.h"

#define BUFFER 4096

static uint32_t put(char *buf, uint32_t at, uint16_t kind, const char *name, const char *target, uint64_t node)
{
	struct vfs_record r = { .kind = kind, .name_len = (uint16_t)strlen(name), .target_len = (uint32_t)strlen(target) };
	uint32_t len = (uint32_t)(sizeof(r) + r.name_len + r.target_len + 7) & ~7u;

	r.record_len = len;
	r.attr.node = node;
	memcpy(buf + at, &r, sizeof(r));
	memcpy(buf + at + sizeof(r), name, r.name_len);
	memcpy(buf + at + sizeof(r) + r.name_len, target, r.target_len);
	return at + len;
}

static struct vfs_record *first(char *buf)
{
	return (void *)buf;
}

static int take(const char *buf, uint32_t len)
{
	struct record_view v;
	uint32_t at = 0;
	int more;

	while ((more = record_next(buf, len, &at, &v)) > 0)
		;
	return more;
}

static void sound_records_come_in_order(void **state)
{
	_Alignas(8) char buf[BUFFER] = { 0 };
	struct record_view v;
	uint32_t len = put(buf, 0, VFS_REC_POSITIVE, "link", "/target", 7), at = 0;

	len = put(buf, len, VFS_REC_NEGATIVE, "gone", "", 0);
	assert_int_equal(record_next(buf, len, &at, &v), 1);
	assert_int_equal(v.name_len, 4);
	assert_memory_equal(v.name, "link", 4);
	assert_int_equal(v.target_len, 7);
	assert_memory_equal(v.target, "/target", 7);
	assert_true(v.has_attr);
	assert_int_equal(record_next(buf, len, &at, &v), 1);
	assert_false(v.has_attr);
	assert_int_equal(record_next(buf, len, &at, &v), 0);
}

static void cut_record_is_refused(void **state)
{
	_Alignas(8) char buf[BUFFER] = { 0 };
	uint32_t len = put(buf, 0, VFS_REC_POSITIVE, "name", "", 1);

	for (uint32_t cut = 1; cut < len; cut++)
		assert_int_equal(take(buf, cut), -EIO);
}

static void lengths_that_lie_are_refused(void **state)
{
	_Alignas(8) char buf[BUFFER] = { 0 };
	uint32_t len = put(buf, 0, VFS_REC_POSITIVE, "name", "", 1);

	first(buf)->record_len = 0;
	assert_int_equal(take(buf, len), -EIO);
	first(buf)->record_len = len + 8;
	assert_int_equal(take(buf, len), -EIO);
	first(buf)->record_len = len - 4;
	assert_int_equal(take(buf, len), -EIO);
	first(buf)->record_len = len;
	first(buf)->name_len = 300;
	assert_int_equal(take(buf, len), -EIO);
	first(buf)->name_len = 4;
	first(buf)->target_len = 0xffffffff;
	assert_int_equal(take(buf, len), -EIO);
	first(buf)->target_len = 100;
	assert_int_equal(take(buf, len), -EIO);
}

static void names_that_are_no_names_are_refused(void **state)
{
	_Alignas(8) char buf[BUFFER] = { 0 };
	uint32_t len = put(buf, 0, VFS_REC_POSITIVE, "a/b", "", 1);

	assert_int_equal(take(buf, len), -EIO);
	len = put(buf, 0, VFS_REC_POSITIVE, "abc", "", 1);
	buf[sizeof(struct vfs_record) + 1] = '\0';
	assert_int_equal(take(buf, len), -EIO);
}

static void positive_record_without_node_is_refused(void **state)
{
	_Alignas(8) char buf[BUFFER] = { 0 };
	uint32_t len = put(buf, 0, VFS_REC_POSITIVE, "name", "", 0);

	assert_int_equal(take(buf, len), -EIO);
	len = put(buf, 0, 9, "name", "", 1);
	assert_int_equal(take(buf, len), -EIO);
}

static void random_bytes_never_lead_out_of_the_buffer(void **state)
{
	srand(2);
	for (int round = 0; round < 20000; round++) {
		uint32_t len = (uint32_t)(rand() % 512);
		char *buf = malloc(len ? len : 1);
		struct record_view v;
		uint32_t at = 0;

		for (uint32_t i = 0; i < len; i++)
			buf[i] = (char)(rand() % 4 ? 0 : rand());
		if (len >= 8)
			*(uint32_t *)(void *)buf = (uint32_t)(rand() % 64) * 8;
		while (record_next(buf, len, &at, &v) > 0) {
			assert_true(v.name + v.name_len <= buf + len);
			assert_true(v.target + v.target_len <= buf + len);
		}
		free(buf);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sound_records_come_in_order),
		cmocka_unit_test(cut_record_is_refused),
		cmocka_unit_test(lengths_that_lie_are_refused),
		cmocka_unit_test(names_that_are_no_names_are_refused),
		cmocka_unit_test(positive_record_without_node_is_refused),
		cmocka_unit_test(random_bytes_never_lead_out_of_the_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
