/* kernel/compat/test/test_strace_text.c: values as strace writes them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "strace_text.h"

static struct strace_text text;

static int set_up(void **state)
{
	memset(&text, 0, sizeof(text));
	return 0;
}

static void strings_are_escaped(void **state)
{
	strace_add_string(&text, "a\n\"\\\1" "7\1z\377", 9, false);
	assert_string_equal(text.buf, "\"a\\n\\\"\\\\\\0017\\1z\\377\"");
}

static void a_cut_string_says_so(void **state)
{
	strace_add_string(&text, "abc", 3, true);
	assert_string_equal(text.buf, "\"abc\"...");
}

static void open_flags_start_with_the_access_mode(void **state)
{
	strace_add_open_flags(&text, 0);
	strace_add(&text, " ");
	strace_add_open_flags(&text, 01 | 0100 | 02000000);
	assert_string_equal(text.buf, "O_RDONLY O_WRONLY|O_CREAT|O_CLOEXEC");
}

static void unknown_bits_are_shown_in_hex(void **state)
{
	strace_add_prot(&text, 1 | 0x800);
	strace_add(&text, " ");
	strace_add_prot(&text, 0);
	assert_string_equal(text.buf, "PROT_READ|0x800 PROT_NONE");
}

static void map_flags_name_their_type(void **state)
{
	strace_add_map_flags(&text, 0x22);
	assert_string_equal(text.buf, "MAP_PRIVATE|MAP_ANONYMOUS");
}

static void clone_flags_end_with_the_signal(void **state)
{
	strace_add_clone_flags(&text, 0x01200000 | 17);
	assert_string_equal(text.buf, "CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD");
}

static void a_full_signal_set_is_shown_by_what_it_lacks(void **state)
{
	strace_add_sigset(&text, ~(1ull << 8));
	strace_add(&text, " ");
	strace_add_sigset(&text, 1ull << 1 | 1ull << 33);
	assert_string_equal(text.buf, "~[KILL] [INT RT_2]");
}

static void results_are_numbers_errors_and_restarts(void **state)
{
	strace_add_result(&text, 3, false);
	strace_add(&text, " / ");
	strace_add_result(&text, -2, false);
	strace_add(&text, " / ");
	strace_add_result(&text, 0x7f0000001000, true);
	strace_add(&text, " / ");
	strace_add_result(&text, -512, false);
	assert_string_equal(text.buf, "3 / -1 ENOENT (No such file or directory) / 0x7f0000001000 / "
			    "? ERESTARTSYS (To be restarted if SA_RESTART is set)");
}

static void a_line_ends_at_its_room(void **state)
{
	for (int i = 0; i < 300; i++)
		strace_add(&text, "0123456789");
	assert_int_equal(text.len, STRACE_LINE_BYTES - 1);
	assert_int_equal(strlen(text.buf), STRACE_LINE_BYTES - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(strings_are_escaped, set_up),
		cmocka_unit_test_setup(a_cut_string_says_so, set_up),
		cmocka_unit_test_setup(open_flags_start_with_the_access_mode, set_up),
		cmocka_unit_test_setup(unknown_bits_are_shown_in_hex, set_up),
		cmocka_unit_test_setup(map_flags_name_their_type, set_up),
		cmocka_unit_test_setup(clone_flags_end_with_the_signal, set_up),
		cmocka_unit_test_setup(a_full_signal_set_is_shown_by_what_it_lacks, set_up),
		cmocka_unit_test_setup(results_are_numbers_errors_and_restarts, set_up),
		cmocka_unit_test_setup(a_line_ends_at_its_room, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
