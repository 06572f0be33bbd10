#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <string.h>

#include <cmocka.h>

#include <observability/log.h>

static struct log_line line = {
	.seq = 17, .ts_us = 102399, .tick = 25, .level = LOG_INFO, .category = LOG_CAT_STORAGE,
	.module = "kernel/io-manager/src/disk.c", .line = 42,
};

static void assert_line(const char *msg, const char *expected)
{
	char buf[LOG_LINE_MIN_BYTES + 1];
	size_t len = log_line_format(buf, LOG_LINE_MIN_BYTES, &line, msg, strlen(msg));

	buf[len] = '\0';
	assert_string_equal(buf, expected);
}

static void line_has_the_fields_of_the_logging_guide(void **state)
{
	assert_line("mounted", "seq=17 ts_us=102399 tick=25 lvl=info cat=storage mod=disk.c line=42 "
			       "pid=- tid=- msg=\"mounted\"\n");
	line.pid = 100;
	line.tid = 101;
	assert_line("mounted", "seq=17 ts_us=102399 tick=25 lvl=info cat=storage mod=disk.c line=42 "
			       "pid=100 tid=101 msg=\"mounted\"\n");
	line.pid = 0;
}

static void message_is_escaped_so_that_a_line_stays_one_line(void **state)
{
	assert_line("a\"b\\c\nd\x7f\xc3\xa9",
		    "seq=17 ts_us=102399 tick=25 lvl=info cat=storage mod=disk.c line=42 pid=- tid=- "
		    "msg=\"a\\\"b\\\\c\\x0ad\\x7f\xc3\xa9\"\n");
}

static void long_message_is_cut_but_the_line_ends(void **state)
{
	char buf[LOG_LINE_MIN_BYTES], msg[1000];
	size_t len, fill;

	memset(msg, '\n', sizeof(msg));
	for (fill = 0; fill < 8; fill++) {
		memset(msg, 'x', fill);
		len = log_line_format(buf, sizeof(buf), &line, msg, sizeof(msg));
		assert_in_range(len, sizeof(buf) - 4, sizeof(buf));
		assert_memory_equal(buf + len - 2, "\"\n", 2);
		assert_memory_equal(buf + len - 6, "\\x0a", 4);
	}
}

static void widest_fields_fit_the_smallest_buffer(void **state)
{
	struct log_line widest = {
		.seq = UINT64_MAX, .ts_us = UINT64_MAX, .tick = UINT64_MAX, .level = LOG_TRACE,
		.category = LOG_CAT_HEARTBEAT, .line = UINT32_MAX, .pid = UINT32_MAX, .tid = UINT32_MAX,
		.module = "an_exceedingly_long_name_of_a_file_that_nobody_would_ever_choose_but_who_knows.c",
	};
	char buf[LOG_LINE_MIN_BYTES];
	size_t len = log_line_format(buf, sizeof(buf), &widest, "m", 1);

	assert_memory_equal(buf + len - 8, "msg=\"m\"\n", 8);
}

static void names_parse_back_to_what_they_name(void **state)
{
	enum log_category category;
	enum log_level level;
	unsigned int i;

	for (i = 0; i < LOG_LEVEL_COUNT; i++) {
		assert_int_equal(log_level_parse(log_level_name(i), strlen(log_level_name(i)), &level), 0);
		assert_int_equal(level, i);
	}
	for (i = 0; i < LOG_CAT_COUNT; i++) {
		assert_int_equal(log_category_parse(log_category_name(i), strlen(log_category_name(i)), &category), 0);
		assert_int_equal(category, i);
	}
	assert_string_equal(log_level_name(99), "?");
	assert_string_equal(log_category_name(99), "?");
}

static void thresholds_parse_or_give_einval(void **state)
{
	enum log_category category;
	enum log_level level;

	assert_int_equal(log_threshold_parse("vfs=debug", 9, &category, &level), 0);
	assert_int_equal(category, LOG_CAT_VFS);
	assert_int_equal(level, LOG_DEBUG);
	assert_int_equal(log_threshold_parse("vfs=debu", 8, &category, &level), -EINVAL);
	assert_int_equal(log_threshold_parse("vf=debug", 8, &category, &level), -EINVAL);
	assert_int_equal(log_threshold_parse("vfs", 3, &category, &level), -EINVAL);
	assert_int_equal(log_threshold_parse("", 0, &category, &level), -EINVAL);
}

static void thresholds_are_inclusive_and_off_is_silence(void **state)
{
	assert_true(log_passes(LOG_WARN, LOG_WARN));
	assert_true(log_passes(LOG_FATAL, LOG_WARN));
	assert_false(log_passes(LOG_INFO, LOG_WARN));
	assert_false(log_passes(LOG_FATAL, LOG_OFF));
}

static void ratelimit_passes_once_an_interval_and_counts_the_rest(void **state)
{
	struct log_ratelimit limit = { 0 };
	uint32_t nsuppressed;

	assert_true(log_ratelimit_pass_at(&limit, 5, 100, &nsuppressed));
	assert_int_equal(nsuppressed, 0);
	assert_false(log_ratelimit_pass_at(&limit, 6, 100, &nsuppressed));
	assert_false(log_ratelimit_pass_at(&limit, 104, 100, &nsuppressed));
	assert_true(log_ratelimit_pass_at(&limit, 105, 100, &nsuppressed));
	assert_int_equal(nsuppressed, 2);
	assert_true(log_ratelimit_pass_at(&limit, 300, 100, &nsuppressed));
	assert_int_equal(nsuppressed, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(line_has_the_fields_of_the_logging_guide),
		cmocka_unit_test(message_is_escaped_so_that_a_line_stays_one_line),
		cmocka_unit_test(long_message_is_cut_but_the_line_ends),
		cmocka_unit_test(widest_fields_fit_the_smallest_buffer),
		cmocka_unit_test(names_parse_back_to_what_they_name),
		cmocka_unit_test(thresholds_parse_or_give_einval),
		cmocka_unit_test(thresholds_are_inclusive_and_off_is_silence),
		cmocka_unit_test(ratelimit_passes_once_an_interval_and_counts_the_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
