/* kernel/compat/test/test_nt_strace_values.c: values of NT calls as a trace writes them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "strace_values.h"

static struct strace_text text;

static int set_up(void **state)
{
	memset(&text, 0, sizeof(text));
	return 0;
}

static void rights_are_those_of_the_service_s_objects(void **state)
{
	nt_strace_add_access(&text, "DesiredAccess", "NtOpenFile", 0x100001);
	strace_add(&text, " ");
	nt_strace_add_access(&text, "DesiredAccess", "NtOpenKey", 0x20009);
	strace_add(&text, " ");
	nt_strace_add_access(&text, "DesiredAccess", "NtOpenKeyedEvent", 0x3);
	assert_string_equal(text.buf, "FILE_READ_DATA|SYNCHRONIZE "
			    "KEY_QUERY_VALUE|KEY_ENUMERATE_SUB_KEYS|READ_CONTROL KEYEDEVENT_WAIT|KEYEDEVENT_WAKE");
}

static void an_argument_s_name_goes_before_the_service_s(void **state)
{
	nt_strace_add_access(&text, "ThreadDesiredAccess", "NtCreateUserProcess", 0x2);
	strace_add(&text, " ");
	nt_strace_add_access(&text, "DesiredAccess", "NtOpenThreadToken", 0x8);
	assert_string_equal(text.buf, "THREAD_SUSPEND_RESUME TOKEN_QUERY");
}

static void rights_of_an_unknown_kind_are_shown_in_hex(void **state)
{
	nt_strace_add_access(&text, "DesiredAccess", "NtDuplicateObject", 0x80000005);
	strace_add(&text, " ");
	nt_strace_add_access(&text, "DesiredAccess", "NtDuplicateObject", 0);
	strace_add(&text, " ");
	nt_strace_add_access(&text, "DesiredAccess", "NtOpenEvent", 0x2000000);
	assert_string_equal(text.buf, "0x5|GENERIC_READ 0 MAXIMUM_ALLOWED");
}

static void all_rights_have_one_name(void **state)
{
	nt_strace_add_access(&text, "DesiredAccess", "NtCreateEvent", 0x1f0003);
	strace_add(&text, " ");
	nt_strace_add_access(&text, "DesiredAccess", "NtCreateKey", 0xf013f);
	assert_string_equal(text.buf, "EVENT_ALL_ACCESS KEY_ALL_ACCESS|KEY_WOW64_64KEY");
}

static void classes_are_named_by_their_argument(void **state)
{
	nt_strace_add_class(&text, "ProcessInformationClass", 0);
	strace_add(&text, " ");
	nt_strace_add_class(&text, "FileInformationClass", 5);
	strace_add(&text, " ");
	nt_strace_add_class(&text, "FileInformationClass", 4000);
	assert_string_equal(text.buf, "ProcessBasicInformation FileStandardInformation 4000");
}

static void memory_words_are_named(void **state)
{
	nt_strace_add_memory_type(&text, 0x3000);
	strace_add(&text, " ");
	nt_strace_add_memory_type(&text, 0x4000);
	strace_add(&text, " ");
	nt_strace_add_protect(&text, 0x104);
	strace_add(&text, " ");
	nt_strace_add_section_type(&text, 0x1000000);
	assert_string_equal(text.buf, "MEM_COMMIT|MEM_RESERVE MEM_DECOMMIT PAGE_READWRITE|PAGE_GUARD SEC_IMAGE");
}

static void words_of_files_are_named(void **state)
{
	nt_strace_add_disposition(&text, 3);
	strace_add(&text, " ");
	nt_strace_add_disposition(&text, 77);
	strace_add(&text, " ");
	nt_strace_add_sharing(&text, 0);
	strace_add(&text, " ");
	nt_strace_add_options(&text, 0x60);
	strace_add(&text, " ");
	nt_strace_add_file_attributes(&text, 0x80);
	assert_string_equal(text.buf, "FILE_OPEN_IF 0x4d 0 FILE_SYNCHRONOUS_IO_NONALERT|FILE_NON_DIRECTORY_FILE "
			    "FILE_ATTRIBUTE_NORMAL");
}

static void a_control_code_shows_device_and_function(void **state)
{
	nt_strace_add_io_control(&text, 0x110018);
	assert_string_equal(text.buf, "0x110018 /* device 0x11, function 6 */");
}

static void pseudo_handles_have_names(void **state)
{
	nt_strace_add_handle(&text, UINT64_MAX);
	strace_add(&text, " ");
	nt_strace_add_handle(&text, UINT64_MAX - 1);
	strace_add(&text, " ");
	nt_strace_add_handle(&text, UINT64_MAX - 5);
	strace_add(&text, " ");
	nt_strace_add_handle(&text, UINT64_MAX - 2);
	strace_add(&text, " ");
	nt_strace_add_handle(&text, 0x24);
	strace_add(&text, " ");
	nt_strace_add_handle(&text, 0);
	assert_string_equal(text.buf, "NtCurrentProcess NtCurrentThread NtCurrentThreadEffectiveToken 0xfffffffffffffffd 0x24 0");
}

static void utf_16_is_written_as_utf_8(void **state)
{
	static const uint16_t chars[] = { '\\', '?', '?', '\\', 0xe9, 0x20ac, 0xd83d, 0xde00, '\n', 0xd83d, 'x' };

	nt_strace_add_utf16(&text, chars, sizeof(chars) / sizeof(chars[0]));
	assert_string_equal(text.buf, "\\??\\\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\\x0a\\ud83dx");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(rights_are_those_of_the_service_s_objects, set_up),
		cmocka_unit_test_setup(an_argument_s_name_goes_before_the_service_s, set_up),
		cmocka_unit_test_setup(rights_of_an_unknown_kind_are_shown_in_hex, set_up),
		cmocka_unit_test_setup(all_rights_have_one_name, set_up),
		cmocka_unit_test_setup(classes_are_named_by_their_argument, set_up),
		cmocka_unit_test_setup(memory_words_are_named, set_up),
		cmocka_unit_test_setup(words_of_files_are_named, set_up),
		cmocka_unit_test_setup(a_control_code_shows_device_and_function, set_up),
		cmocka_unit_test_setup(pseudo_handles_have_names, set_up),
		cmocka_unit_test_setup(utf_16_is_written_as_utf_8, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
