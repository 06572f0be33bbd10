/* kernel/io-manager/test/test_ldisc.c: the line discipline, one behaviour each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "ldisc_model.h"

static struct model m;

static int fresh(void **state)
{
	model_init(&m);
	return 0;
}

static size_t type(const char *keys)
{
	return ldisc_receive(&m.ldisc, (const uint8_t *)keys, strlen(keys));
}

static void expect_echo(const char *expected)
{
	assert_string_equal(model_take_output(&m), expected);
}

static void expect_read(size_t n, const char *expected, bool ends)
{
	char buf[LDISC_BUFFER_BYTES + 1];
	bool complete;
	size_t got;

	assert_true(ldisc_has_input(&m.ldisc, 1));
	got = ldisc_read(&m.ldisc, (uint8_t *)buf, n, &complete);
	buf[got] = '\0';
	assert_string_equal(buf, expected);
	assert_int_equal(complete, ends);
}

static void line_is_read_only_when_it_ends(void **state)
{
	type("ab");
	assert_false(ldisc_has_input(&m.ldisc, 1));
	type("c\n");
	assert_int_equal(ldisc_input_bytes(&m.ldisc), 4);
	expect_read(100, "abc\n", true);
	assert_false(ldisc_has_input(&m.ldisc, 1));
}

static void one_read_gives_one_line(void **state)
{
	type("one\rtwo\r");
	expect_read(100, "one\n", true);
	expect_read(2, "tw", false);
	expect_read(100, "o\n", true);
}

static void eof_ends_a_line_without_joining_it(void **state)
{
	type("abc\004");
	expect_read(100, "abc", true);
	type("\004");
	expect_read(100, "", true);
}

static void eof_behind_a_full_buffer_is_taken_with_it(void **state)
{
	type("abc\004next\n");
	expect_read(3, "abc", true);
	expect_read(100, "next\n", true);
}

static void erase_takes_back_a_character_and_wipes_it(void **state)
{
	type("ab\177\177\177");
	expect_echo("ab\b \b\b \b");
	type("c\n");
	expect_read(100, "c\n", true);
}

static void erase_takes_a_whole_utf8_character(void **state)
{
	model_set(&m, ICRNL | IUTF8, OPOST, m.ldisc.termios.c_lflag);
	type("x\346\227\245\177\n");
	expect_echo("x\346\227\245\b \b\n");
	expect_read(100, "x\n", true);
}

static void erase_of_a_tab_goes_back_to_where_it_began(void **state)
{
	ldisc_write(&m.ldisc, (const uint8_t *)"$ ", 2);
	type("ab\t");
	model_take_output(&m);
	type("\177");
	expect_echo("\b\b\b\b");
}

static void word_erase_stops_before_the_word(void **state)
{
	type("one two  \027\n");
	expect_read(100, "one \n", true);
}

static void interrupt_signals_flushes_and_shows(void **state)
{
	type("half\003");
	assert_int_equal(m.nsignals, 1);
	assert_int_equal(m.signals[0], SIGINT);
	assert_int_equal(m.flushes, 1);
	expect_echo("^C");
	type("x\n");
	expect_read(100, "x\n", true);
}

static void interrupt_with_noflsh_keeps_the_line(void **state)
{
	model_set(&m, ICRNL, OPOST, m.ldisc.termios.c_lflag | NOFLSH);
	type("half\003x\n");
	assert_int_equal(m.flushes, 0);
	expect_read(100, "halfx\n", true);
}

static void literal_next_strips_meaning(void **state)
{
	type("\026\003\026\n\n");
	assert_int_equal(m.nsignals, 0);
	expect_read(100, "\003\n\n", true);
}

static void stop_holds_output_until_start(void **state)
{
	type("\023");
	assert_int_equal(ldisc_write(&m.ldisc, (const uint8_t *)"out", 3), 0);
	type("in");
	expect_echo("");
	type("\021");
	expect_echo("in");
	assert_int_equal(ldisc_write(&m.ldisc, (const uint8_t *)"out", 3), 3);
}

static void echo_waits_for_room(void **state)
{
	m.room = 0;
	type("abc");
	expect_echo("");
	m.room = 2;
	ldisc_send_echoes(&m.ldisc);
	expect_echo("ab");
}

static void newline_needs_room_for_both_its_bytes(void **state)
{
	m.room = 3;
	assert_int_equal(ldisc_write(&m.ldisc, (const uint8_t *)"ab\n", 3), 2);
	m.room = 2;
	assert_int_equal(ldisc_write(&m.ldisc, (const uint8_t *)"\n", 1), 1);
	expect_echo("ab\r\n");
}

static void raw_input_waits_for_min_bytes(void **state)
{
	model_set(&m, 0, 0, 0);
	type("abc\003");
	assert_true(ldisc_has_input(&m.ldisc, 4));
	assert_false(ldisc_has_input(&m.ldisc, 5));
	expect_read(100, "abc\003", false);
	assert_int_equal(m.nsignals, 0);
}

static void raw_input_stops_when_the_queue_is_full(void **state)
{
	char keys[LDISC_BUFFER_BYTES + 2];

	model_set(&m, 0, 0, 0);
	memset(keys, 'k', sizeof(keys) - 1);
	keys[sizeof(keys) - 1] = '\0';
	assert_int_equal(type(keys), LDISC_BUFFER_BYTES - 1);
	assert_int_equal(type("x"), 0);
}

static void canonical_mode_takes_what_raw_mode_left_as_a_line(void **state)
{
	struct ktermios t = m.ldisc.termios;

	model_set(&m, 0, 0, 0);
	type("left");
	ldisc_set_termios(&m.ldisc, &t);
	expect_read(100, "left", true);
}

static void carriage_return_counts_columns_for_onocr(void **state)
{
	model_set(&m, 0, OPOST | ONOCR, 0);
	ldisc_write(&m.ldisc, (const uint8_t *)"\ra\r\rb", 5);
	expect_echo("a\rb");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(line_is_read_only_when_it_ends, fresh),
		cmocka_unit_test_setup(one_read_gives_one_line, fresh),
		cmocka_unit_test_setup(eof_ends_a_line_without_joining_it, fresh),
		cmocka_unit_test_setup(eof_behind_a_full_buffer_is_taken_with_it, fresh),
		cmocka_unit_test_setup(erase_takes_back_a_character_and_wipes_it, fresh),
		cmocka_unit_test_setup(erase_takes_a_whole_utf8_character, fresh),
		cmocka_unit_test_setup(erase_of_a_tab_goes_back_to_where_it_began, fresh),
		cmocka_unit_test_setup(word_erase_stops_before_the_word, fresh),
		cmocka_unit_test_setup(interrupt_signals_flushes_and_shows, fresh),
		cmocka_unit_test_setup(interrupt_with_noflsh_keeps_the_line, fresh),
		cmocka_unit_test_setup(literal_next_strips_meaning, fresh),
		cmocka_unit_test_setup(stop_holds_output_until_start, fresh),
		cmocka_unit_test_setup(echo_waits_for_room, fresh),
		cmocka_unit_test_setup(newline_needs_room_for_both_its_bytes, fresh),
		cmocka_unit_test_setup(raw_input_waits_for_min_bytes, fresh),
		cmocka_unit_test_setup(raw_input_stops_when_the_queue_is_full, fresh),
		cmocka_unit_test_setup(canonical_mode_takes_what_raw_mode_left_as_a_line, fresh),
		cmocka_unit_test_setup(carriage_return_counts_columns_for_onocr, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
