#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <format/format.h>

/* The host's printf is the oracle. */
#define assert_as_printf(...) do {					\
	char expected_[300], got_[300];					\
	int len_ = snprintf(expected_, sizeof(expected_), __VA_ARGS__);	\
	assert_int_equal(fmt_snprintf(got_, sizeof(got_), __VA_ARGS__), len_); \
	assert_string_equal(got_, expected_);				\
} while (0)

#pragma GCC diagnostic ignored "-Wformat"

static void integers_print_as_printf_prints_them(void **state)
{
	assert_as_printf("%d %d %d %i", 0, INT_MAX, INT_MIN, -7);
	assert_as_printf("%u %x %X %o", UINT_MAX, 0xbeefu, 0xbeefu, 8u);
	assert_as_printf("%ld %lu %lx", LONG_MIN, ULONG_MAX, 1ul << 40);
	assert_as_printf("%lld %llu %llo", LLONG_MIN, ULLONG_MAX, ULLONG_MAX);
	assert_as_printf("%zu %zx %jd %td", (size_t)-1, (size_t)5, (intmax_t)-1, (ptrdiff_t)-2);
	assert_as_printf("%hhd %hhu %hd %hu", 300, 300, 70000, 70000);
}

static void widths_precisions_and_flags_combine_as_in_printf(void **state)
{
	assert_as_printf("[%5d][%-5d][%05d][%+d][% d]", 42, 42, 42, 42, 42);
	assert_as_printf("[%5d][%-5d][%05d][%+d][% d]", -42, -42, -42, -42, -42);
	assert_as_printf("[%.5d][%8.5d][%-8.5d][%08.5d]", 42, 42, 42, 42);
	assert_as_printf("[%#x][%#X][%#o][%#x][%#o]", 255, 255, 255, 0, 0);
	assert_as_printf("[%#8x][%#08x][%-#8x]", 255, 255, 255);
	assert_as_printf("[%.0d][%.0x][%5.0d]", 0, 0, 0);
	assert_as_printf("[%*d][%-*d][%*d][%.*d][%.*d]", 6, 1, 6, 2, -6, 3, 4, 4, -1, 5);
}

static void strings_respect_width_and_precision(void **state)
{
	assert_as_printf("%s|%5s|%-5s|%.2s|%5.1s", "abc", "abc", "abc", "abc", "abc");
	assert_as_printf("%.*s|%.*s|%c%3c%-3c|%%", 2, "abc", 0, "abc", 'x', 'y', 'z');
}

static void null_string_prints_as_a_word(void **state)
{
	const char *volatile no_string = NULL;
	char buf[16];

	fmt_snprintf(buf, sizeof(buf), "<%s>", no_string);
	assert_string_equal(buf, "<(null)>");
}

static void precision_bounds_what_is_read_of_a_string(void **state)
{
	char unterminated[3] = { 'a', 'b', 'c' };
	char buf[8];

	assert_int_equal(fmt_snprintf(buf, sizeof(buf), "%.*s", 3, unterminated), 3);
	assert_string_equal(buf, "abc");
}

static void pointers_are_sixteen_digits(void **state)
{
	char buf[32];

	fmt_snprintf(buf, sizeof(buf), "%p", (void *)0xffff800000001000);
	assert_string_equal(buf, "0xffff800000001000");
	fmt_snprintf(buf, sizeof(buf), "%p", NULL);
	assert_string_equal(buf, "0x0000000000000000");
}

static void truncation_keeps_the_nul_and_tells_the_full_length(void **state)
{
	char buf[5] = "....";

	assert_int_equal(fmt_snprintf(buf, 4, "%d-%s", 12, "345"), 6);
	assert_string_equal(buf, "12-");
	assert_int_equal(fmt_snprintf(NULL, 0, "%1000d", 1), 1000);
	assert_int_equal(fmt_snprintf(buf, 1, "abc"), 3);
	assert_string_equal(buf, "");
}

static void scnprintf_tells_what_was_written(void **state)
{
	char buf[4];

	assert_int_equal(fmt_scnprintf(buf, sizeof(buf), "ab"), 2);
	assert_int_equal(fmt_scnprintf(buf, sizeof(buf), "abcdef"), 3);
	assert_int_equal(fmt_scnprintf(buf, 0, "abcdef"), 0);
}

static void unknown_conversions_are_copied(void **state)
{
	char buf[32];
	const char *volatile fmt = "%k %5";

	fmt_snprintf(buf, sizeof(buf), fmt);
	assert_string_equal(buf, "%k %5");
}

static void absurd_widths_are_clamped(void **state)
{
	const char *volatile fmt = "%99999999999d";
	const char *volatile star = "%*d";

	assert_int_equal(fmt_snprintf(NULL, 0, fmt, 1), 65535);
	assert_int_equal(fmt_snprintf(NULL, 0, star, INT_MIN, 1), 65535);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers_print_as_printf_prints_them),
		cmocka_unit_test(widths_precisions_and_flags_combine_as_in_printf),
		cmocka_unit_test(strings_respect_width_and_precision),
		cmocka_unit_test(null_string_prints_as_a_word),
		cmocka_unit_test(precision_bounds_what_is_read_of_a_string),
		cmocka_unit_test(pointers_are_sixteen_digits),
		cmocka_unit_test(truncation_keeps_the_nul_and_tells_the_full_length),
		cmocka_unit_test(scnprintf_tells_what_was_written),
		cmocka_unit_test(unknown_conversions_are_copied),
		cmocka_unit_test(absurd_widths_are_clamped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
