#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "control.h"

static struct control_input input;
static struct control_command command;

static int start(void **state)
{
	memset(&input, 0, sizeof(input));
	return 0;
}

static void feed(const char *text)
{
	size_t len = strlen(text), room;

	while (len) {
		char *space = control_input_space(&input, &room);
		size_t part = len < room ? len : room;

		memcpy(space, text, part);
		control_input_add(&input, part);
		text += part;
		len -= part;
	}
}

static enum control_kind next(void)
{
	assert_true(control_next(&input, &command));
	return command.kind;
}

static void each_line_of_the_host_is_understood(void **state)
{
	feed("winsize 24 80\nsignal 15\neof 123456789012\nclosed stdout\nclosed stderr\nack\n");
	assert_int_equal(next(), CONTROL_WINSIZE);
	assert_int_equal(command.rows, 24);
	assert_int_equal(command.cols, 80);
	assert_int_equal(next(), CONTROL_SIGNAL);
	assert_int_equal(command.number, 15);
	assert_int_equal(next(), CONTROL_EOF);
	assert_true(command.number == 123456789012ull);
	assert_int_equal(next(), CONTROL_CLOSED_STDOUT);
	assert_int_equal(next(), CONTROL_CLOSED_STDERR);
	assert_int_equal(next(), CONTROL_ACK);
	assert_false(control_next(&input, &command));
}

static void a_line_may_come_in_pieces(void **state)
{
	feed("sig");
	assert_false(control_next(&input, &command));
	feed("nal 2");
	assert_false(control_next(&input, &command));
	feed("\na");
	assert_int_equal(next(), CONTROL_SIGNAL);
	assert_false(control_next(&input, &command));
}

static void other_lines_are_bad_and_the_next_one_counts_again(void **state)
{
	static const char *const lines[] = {
		"\n", "hello\n", "signal\n", "signal x\n", "signal 0\n", "signal 65\n", "signal 1 2\n", "signal  1\n",
		"winsize 24\n", "winsize 70000 1\n", "eof -1\n", "eof 9999999999999999999\n", "closed\n", "ack \n",
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		feed(lines[i]);
		assert_int_equal(next(), CONTROL_BAD);
	}
	feed("ack\n");
	assert_int_equal(next(), CONTROL_ACK);
}

static void an_overlong_line_is_skipped_whole(void **state)
{
	for (unsigned int i = 0; i < 200; i++)
		feed("aaaaaaaa");
	feed("ack\nack\n");
	assert_int_equal(next(), CONTROL_BAD);
	assert_int_equal(next(), CONTROL_ACK);
}

static void the_end_record_has_its_fields_in_order(void **state)
{
	struct end_record end = { END_CODE, 42, 10, 20, NULL };
	char line[END_LINE_BYTES];

	assert_int_equal(end_record_format(&end, line), strlen("exit code 42 10 20\n"));
	assert_memory_equal(line, "exit code 42 10 20\n", 19);
	end.kind = END_SIGNAL;
	end.value = 9;
	end_record_format(&end, line);
	assert_memory_equal(line, "exit signal 9 10 20\n", 20);
	end = (struct end_record){ END_REFUSED, 127, 0, 0, "x: a\nb: not found" };
	end_record_format(&end, line);
	assert_memory_equal(line, "exit refused 127 0 0 x: a b: not found\n", 39);
	end = (struct end_record){ END_POWEROFF, 0, 1, 2, NULL };
	end_record_format(&end, line);
	assert_memory_equal(line, "exit poweroff 0 1 2\n", 20);
}

static void a_long_text_is_cut_and_still_ends_the_line(void **state)
{
	char text[2000], line[END_LINE_BYTES];
	struct end_record end = { END_REFUSED, 126, 0, 0, text };
	size_t len;

	memset(text, 'y', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	len = end_record_format(&end, line);
	assert_true(len <= END_LINE_BYTES);
	assert_int_equal(line[len - 1], '\n');
	assert_int_equal(line[len - 2], 'y');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(each_line_of_the_host_is_understood, start),
		cmocka_unit_test_setup(a_line_may_come_in_pieces, start),
		cmocka_unit_test_setup(other_lines_are_bad_and_the_next_one_counts_again, start),
		cmocka_unit_test_setup(an_overlong_line_is_skipped_whole, start),
		cmocka_unit_test(the_end_record_has_its_fields_in_order),
		cmocka_unit_test(a_long_text_is_cut_and_still_ends_the_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
