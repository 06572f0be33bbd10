#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "search.h"

static void candidates_come_in_the_order_of_path(void **state)
{
	const char *path = "/a:/b/c::/d";
	char buf[64];

	assert_true(search_next(&path, "p", buf, sizeof(buf)));
	assert_string_equal(buf, "/a/p");
	assert_true(search_next(&path, "p", buf, sizeof(buf)));
	assert_string_equal(buf, "/b/c/p");
	assert_true(search_next(&path, "p", buf, sizeof(buf)));
	assert_string_equal(buf, "./p");
	assert_true(search_next(&path, "p", buf, sizeof(buf)));
	assert_string_equal(buf, "/d/p");
	assert_false(search_next(&path, "p", buf, sizeof(buf)));
}

static void a_candidate_that_does_not_fit_is_skipped(void **state)
{
	const char *path = "/much/too/long/for/it:/b";
	char buf[8];

	assert_true(search_next(&path, "p", buf, sizeof(buf)));
	assert_string_equal(buf, "/b/p");
}

static void path_comes_from_the_programs_environment(void **state)
{
	char *with[] = { "XPATH=/no", "PATH=/yes", "PATH=/no", NULL };
	char *empty[] = { "PATH=", NULL };
	char *without[] = { NULL };

	assert_string_equal(search_path(with), "/yes");
	assert_string_equal(search_path(empty), "");
	assert_string_equal(search_path(without), "/usr/local/bin:/usr/bin:/bin");
}

static void paths_are_not_sought(void **state)
{
	assert_true(search_is_path("./a"));
	assert_true(search_is_path("a/b"));
	assert_true(search_is_path("C:\\x.exe"));
	assert_false(search_is_path("ls"));
	assert_false(search_is_path("c:"));
	assert_true(search_is_windows_path("z:/x"));
	assert_false(search_is_windows_path("1:/x"));
	assert_false(search_is_windows_path("/c:/x"));
	assert_false(search_is_windows_path(""));
}

static void errors_become_the_exit_codes_of_a_shell(void **state)
{
	assert_int_equal(search_refusal(ENOENT), 127);
	assert_int_equal(search_refusal(ENOTDIR), 127);
	assert_int_equal(search_refusal(EACCES), 126);
	assert_int_equal(search_refusal(ENOEXEC), 126);
	assert_int_equal(search_refusal(E2BIG), 126);
	assert_true(search_goes_on(EACCES));
	assert_false(search_goes_on(E2BIG));
}

static void what_gave_enoexec_is_told_apart(void **state)
{
	static const unsigned char arm[20] = "\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\3\0\xb7\0";

	assert_false(search_is_text(arm, sizeof(arm)));
	assert_false(search_is_text("MZ\x90\0", 4));
	assert_false(search_is_text("#!/bin/sh\n", 10));
	assert_true(search_is_text("echo hello\n\0", 12));
	assert_false(search_is_text("\0\1\2", 3));
	assert_true(search_is_text("", 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(candidates_come_in_the_order_of_path),
		cmocka_unit_test(a_candidate_that_does_not_fit_is_skipped),
		cmocka_unit_test(path_comes_from_the_programs_environment),
		cmocka_unit_test(paths_are_not_sought),
		cmocka_unit_test(errors_become_the_exit_codes_of_a_shell),
		cmocka_unit_test(what_gave_enoexec_is_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
