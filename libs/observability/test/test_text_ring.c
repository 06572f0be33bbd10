#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <observability/text_ring.h>

static struct text_ring ring;
static char ring_buf[100];

static int setup(void **state)
{
	text_ring_init(&ring, ring_buf, sizeof(ring_buf));
	return 0;
}

static void append(const char *line)
{
	text_ring_append(&ring, line, strlen(line));
}

static void assert_snapshot(size_t cap, const char *expected)
{
	char buf[300];
	size_t len = text_ring_snapshot(&ring, buf, cap);

	assert_int_equal(len, strlen(expected));
	assert_memory_equal(buf, expected, len);
}

static void lines_come_back_in_order(void **state)
{
	assert_snapshot(300, "");
	append("one\n");
	append("two\n");
	assert_snapshot(300, "one\ntwo\n");
	assert_snapshot(8, "one\ntwo\n");
}

static void oldest_lines_go_whole_and_leave_a_notice(void **state)
{
	char line[64];
	int i;

	for (i = 0; i < 7; i++) {
		snprintf(line, sizeof(line), "%d%38s\n", i, "");
		append(line);
	}
	snprintf(line, sizeof(line), "short\n");
	append(line);
	assert_snapshot(300, TEXT_RING_DROPPED_LINE
			"5                                      \n"
			"6                                      \n"
			"short\n");
}

static void ring_may_be_filled_to_the_last_byte(void **state)
{
	char line[101];

	snprintf(line, sizeof(line), "%98s\n\n", "x");
	text_ring_append(&ring, line, 99);
	text_ring_append(&ring, line + 99, 1);
	assert_snapshot(300, line);
	append("y\n");
	assert_snapshot(300, TEXT_RING_DROPPED_LINE "\ny\n");
}

static void line_longer_than_the_ring_is_dropped(void **state)
{
	char line[102];

	append("kept\n");
	snprintf(line, sizeof(line), "%100s", "\n");
	text_ring_append(&ring, line, 101);
	assert_snapshot(300, TEXT_RING_DROPPED_LINE "kept\n");
}

static void small_snapshot_has_the_newest_whole_lines(void **state)
{
	size_t notice = strlen(TEXT_RING_DROPPED_LINE);

	append("one\n");
	append("two\n");
	append("three\n");
	assert_snapshot(14, "one\ntwo\nthree\n");
	assert_snapshot(13, "");
	assert_snapshot(notice - 1, "one\ntwo\nthree\n");
	append("0123456789012345678901234567890123456789\n");
	append("x\n");
	assert_snapshot(notice + 2, TEXT_RING_DROPPED_LINE "x\n");
	assert_snapshot(notice + 1, TEXT_RING_DROPPED_LINE);
	assert_snapshot(notice - 1, "");
	assert_snapshot(0, "");
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lines_come_back_in_order),
		TEST(oldest_lines_go_whole_and_leave_a_notice),
		TEST(ring_may_be_filled_to_the_last_byte),
		TEST(line_longer_than_the_ring_is_dropped),
		TEST(small_snapshot_has_the_newest_whole_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
