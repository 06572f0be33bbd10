#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <string.h>

#include <cmocka.h>

#include <elf/elf.h>

#define parse_literal(text, out) elf_script_parse(text, sizeof(text) - 1, out)

static void assert_script(const struct elf_script *script, const char *interpreter, const char *argument)
{
	assert_int_equal(script->interpreter_len, strlen(interpreter));
	assert_memory_equal(script->interpreter, interpreter, strlen(interpreter));
	if (!argument) {
		assert_null(script->argument);
		return;
	}
	assert_non_null(script->argument);
	assert_int_equal(script->argument_len, strlen(argument));
	assert_memory_equal(script->argument, argument, strlen(argument));
}

static void plain_line_names_the_interpreter(void **state)
{
	struct elf_script script;

	assert_int_equal(parse_literal("#!/bin/sh\necho\n", &script), 0);
	assert_script(&script, "/bin/sh", NULL);
	assert_int_equal(parse_literal("#! \t /bin/sh \t \n", &script), 0);
	assert_script(&script, "/bin/sh", NULL);
}

static void everything_after_the_name_is_one_argument(void **state)
{
	struct elf_script script;

	assert_int_equal(parse_literal("#!/usr/bin/env  python3 -u  \n", &script), 0);
	assert_script(&script, "/usr/bin/env", "python3 -u");
}

static void file_that_ends_without_newline_keeps_trailing_blanks(void **state)
{
	struct elf_script script;

	assert_int_equal(parse_literal("#!/bin/sh", &script), 0);
	assert_script(&script, "/bin/sh", NULL);
	assert_int_equal(parse_literal("#!/bin/sh -x ", &script), 0);
	assert_script(&script, "/bin/sh", "-x ");
	assert_int_equal(parse_literal("#!/bin/sh ", &script), 0);
	assert_script(&script, "/bin/sh", "");
}

static void nul_byte_ends_the_line(void **state)
{
	struct elf_script script;

	assert_int_equal(parse_literal("#!/bin/sh\0 -x\n", &script), 0);
	assert_script(&script, "/bin/sh", NULL);
}

static void line_without_a_name_gives_enoexec(void **state)
{
	struct elf_script script;

	assert_int_equal(parse_literal("#!\n/bin/sh\n", &script), -ENOEXEC);
	assert_int_equal(parse_literal("#!  \t\n", &script), -ENOEXEC);
	assert_int_equal(parse_literal("#", &script), -ENOEXEC);
	assert_int_equal(parse_literal("", &script), -ENOEXEC);
	assert_int_equal(parse_literal("# !/bin/sh\n", &script), -ENOEXEC);
}

static void file_that_ends_before_the_name_gives_enoent(void **state)
{
	struct elf_script script;

	assert_int_equal(parse_literal("#!", &script), -ENOENT);
	assert_int_equal(parse_literal("#!  ", &script), -ENOENT);
}

static void name_cut_off_by_the_buffer_gives_enoexec(void **state)
{
	char head[ELF_SCRIPT_HEAD_BYTES + 20];
	struct elf_script script;

	memset(head, 'a', sizeof(head));
	memcpy(head, "#!/", 3);
	head[sizeof(head) - 1] = '\n';
	assert_int_equal(elf_script_parse(head, sizeof(head), &script), -ENOEXEC);
	memset(head + 2, ' ', sizeof(head) - 2);
	assert_int_equal(elf_script_parse(head, sizeof(head), &script), -ENOEXEC);
}

static void name_that_just_fits_is_accepted(void **state)
{
	char head[ELF_SCRIPT_HEAD_BYTES];
	struct elf_script script;

	memset(head, 'a', sizeof(head));
	memcpy(head, "#!/", 3);
	head[255] = ' ';
	assert_int_equal(elf_script_parse(head, sizeof(head), &script), 0);
	assert_int_equal(script.interpreter_len, 253);
	assert_null(script.argument);
	head[255] = '\n';
	assert_int_equal(elf_script_parse(head, sizeof(head), &script), 0);
	assert_int_equal(script.interpreter_len, 253);
}

static void long_argument_is_cut_at_255_bytes(void **state)
{
	char head[ELF_SCRIPT_HEAD_BYTES];
	struct elf_script script;

	memset(head, 'x', sizeof(head));
	memcpy(head, "#!/bin/sh ", 10);
	assert_int_equal(elf_script_parse(head, sizeof(head), &script), 0);
	assert_int_equal(script.interpreter_len, 7);
	assert_int_equal(script.argument_len, 245);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_line_names_the_interpreter),
		cmocka_unit_test(everything_after_the_name_is_one_argument),
		cmocka_unit_test(file_that_ends_without_newline_keeps_trailing_blanks),
		cmocka_unit_test(nul_byte_ends_the_line),
		cmocka_unit_test(line_without_a_name_gives_enoexec),
		cmocka_unit_test(file_that_ends_before_the_name_gives_enoent),
		cmocka_unit_test(name_cut_off_by_the_buffer_gives_enoexec),
		cmocka_unit_test(name_that_just_fits_is_accepted),
		cmocka_unit_test(long_argument_is_cut_at_255_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
