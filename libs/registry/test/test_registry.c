#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <string.h>

#include <cmocka.h>

#include <registry/registry.h>

static struct registry_reader reader;
static struct registry_record record;

static void open_text(const char *text)
{
	registry_open(&reader, text, strlen(text));
}

static void assert_field(const char *key, const char *expected)
{
	struct registry_text value;

	assert_true(registry_field(&record, key, &value));
	assert_true(registry_text_is(value, expected));
}

static void records_come_line_by_line(void **state)
{
	struct registry_text value;

	open_text("# drivers\nname=hid\tpath=/system/drivers/hid.ko\n\nname=x=y\tclass=\n");
	assert_int_equal(registry_next(&reader, &record), 1);
	assert_int_equal(reader.line, 2);
	assert_field("name", "hid");
	assert_field("path", "/system/drivers/hid.ko");
	assert_false(registry_field(&record, "pat", &value));
	assert_false(registry_field(&record, "paths", &value));
	assert_int_equal(registry_next(&reader, &record), 1);
	assert_int_equal(reader.line, 4);
	assert_field("name", "x=y");
	assert_field("class", "");
	assert_int_equal(registry_next(&reader, &record), 0);
	assert_int_equal(registry_next(&reader, &record), 0);
}

static void last_line_needs_no_newline(void **state)
{
	open_text("a=1");
	assert_int_equal(registry_next(&reader, &record), 1);
	assert_field("a", "1");
	assert_int_equal(registry_next(&reader, &record), 0);
}

static void damaged_lines_give_einval_and_reading_goes_on(void **state)
{
	static const char *const bad[] = {
		"a\n", "=1\n", "a=1\tb\n", "a=1\t\n", "a=1\t\tb=2\n", "\ta=1\n", "a=1\tb=2\ta=3\n", "a=\x01\n", "a=1\r\n",
	};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char text[40];

		strcpy(text, bad[i]);
		strcat(text, "ok=1\n");
		open_text(text);
		assert_int_equal(registry_next(&reader, &record), -EINVAL);
		assert_int_equal(reader.line, 1);
		assert_int_equal(registry_next(&reader, &record), 1);
		assert_field("ok", "1");
	}
}

static void numbers_and_booleans_are_checked(void **state)
{
	uint64_t number;
	bool flag;

	open_text("n=18446744073709551615\tbig=18446744073709551616\tempty=\tbad=1x\tt=true\tf=false\ty=yes\n");
	assert_int_equal(registry_next(&reader, &record), 1);
	assert_int_equal(registry_field_u64(&record, "n", &number), 0);
	assert_true(number == UINT64_MAX);
	assert_int_equal(registry_field_u64(&record, "big", &number), -ERANGE);
	assert_int_equal(registry_field_u64(&record, "empty", &number), -EINVAL);
	assert_int_equal(registry_field_u64(&record, "bad", &number), -EINVAL);
	assert_int_equal(registry_field_u64(&record, "none", &number), -ENOENT);
	assert_int_equal(registry_field_bool(&record, "t", &flag), 0);
	assert_true(flag);
	assert_int_equal(registry_field_bool(&record, "f", &flag), 0);
	assert_false(flag);
	assert_int_equal(registry_field_bool(&record, "y", &flag), -EINVAL);
	assert_int_equal(registry_field_bool(&record, "none", &flag), -ENOENT);
}

static void lists_are_taken_item_by_item(void **state)
{
	static const char *const expected[] = { "pci:1234", "", "virtio:1" };
	struct registry_text list, item;
	size_t n = 0;

	open_text("aliases=pci:1234,,virtio:1\tdeps=\n");
	assert_int_equal(registry_next(&reader, &record), 1);
	assert_true(registry_field(&record, "aliases", &list));
	while (registry_list_next(&list, &item))
		assert_true(registry_text_is(item, expected[n++]));
	assert_int_equal(n, 3);
	assert_true(registry_field(&record, "deps", &list));
	assert_false(registry_list_next(&list, &item));
}

static void copies_are_terminated_or_refused(void **state)
{
	struct registry_text text = { "abcd", 3 };
	char buf[4];

	assert_int_equal(registry_text_copy(text, buf, sizeof(buf)), 0);
	assert_string_equal(buf, "abc");
	assert_int_equal(registry_text_copy(text, buf, 3), -ERANGE);
	text.len = 0;
	assert_int_equal(registry_text_copy(text, buf, 1), 0);
	assert_string_equal(buf, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_come_line_by_line),
		cmocka_unit_test(last_line_needs_no_newline),
		cmocka_unit_test(damaged_lines_give_einval_and_reading_goes_on),
		cmocka_unit_test(numbers_and_booleans_are_checked),
		cmocka_unit_test(lists_are_taken_item_by_item),
		cmocka_unit_test(copies_are_terminated_or_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
