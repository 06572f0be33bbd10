#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <unicode/unicode.h>

static void every_character_is_read_as_it_was_written(void **state)
{
	char text[UNICODE_MAX_BYTES];

	for (uint32_t c = 1; c < UNICODE_LIMIT; c++) {
		size_t len = unicode_put(c, text);
		const char *at = text;

		assert_int_equal(unicode_next(&at, text + len), c);
		assert_ptr_equal(at, text + len);
	}
}

static void a_byte_that_begins_no_character_stands_for_itself(void **state)
{
	const char text[] = "\xff\xc3(";
	const char *at = text;

	assert_int_equal(unicode_next(&at, text + 3), UNICODE_LIMIT + 0xff);
	assert_int_equal(unicode_next(&at, text + 3), UNICODE_LIMIT + 0xc3);
	assert_int_equal(unicode_next(&at, text + 3), '(');
}

static void upper_cases_are_upper_cases_of_themselves(void **state)
{
	for (uint32_t c = 0; c < 0x10000; c++)
		assert_int_equal(unicode_upper(unicode_upper(c)), unicode_upper(c));
	assert_int_equal(unicode_upper(0xe4), 0xc4);
	assert_int_equal(unicode_upper(0x3c2), 0x3a3);
}

static void case_alone_makes_no_difference(void **state)
{
	assert_true(unicode_is_same("Übung", 6, "üBUNG", 6));
	assert_false(unicode_is_same("Übung", 6, "üBUN", 5));
	assert_false(unicode_is_same("\xff", 1, "\xfe", 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_character_is_read_as_it_was_written),
		cmocka_unit_test(a_byte_that_begins_no_character_stands_for_itself),
		cmocka_unit_test(upper_cases_are_upper_cases_of_themselves),
		cmocka_unit_test(case_alone_makes_no_difference),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
