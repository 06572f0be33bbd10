#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <runtime-control/protocol.h>

static struct runtime_request request, decoded;

static int decode(size_t len)
{
	return runtime_request_decode(&request, len, &decoded);
}

static void encoded_requests_are_decoded_as_they_were(void **state)
{
	assert_int_equal(runtime_request_encode(&request, RUNTIME_LAUNCH_PROGRAM, 0, "shell.desktop"), 0);
	assert_int_equal(decode(sizeof(request)), 1);
	assert_memory_equal(&request, &decoded, sizeof(request));
	assert_int_equal(runtime_request_encode(&request, RUNTIME_TERMINATE_SESSION, 77, NULL), 0);
	assert_int_equal(decode(sizeof(request)), 1);
	assert_int_equal(decoded.argument, 77);
}

static void part_of_a_request_needs_more(void **state)
{
	runtime_request_encode(&request, RUNTIME_SNAPSHOT, 0, NULL);
	for (size_t len = 0; len < sizeof(request); len++)
		assert_int_equal(decode(len), 0);
}

static void wrong_magic_is_seen_in_the_first_byte(void **state)
{
	runtime_request_encode(&request, RUNTIME_SNAPSHOT, 0, NULL);
	request.magic ^= 1;
	assert_int_equal(decode(0), 0);
	assert_int_equal(decode(1), -EPROTO);
	assert_int_equal(decode(sizeof(request)), -EPROTO);
}

static void another_version_is_told_from_garbage(void **state)
{
	runtime_request_encode(&request, RUNTIME_SNAPSHOT, 0, NULL);
	request.version = 2;
	assert_int_equal(decode(offsetof(struct runtime_request, text)), -EPROTONOSUPPORT);
}

static void unknown_operations_and_unused_fields_are_refused(void **state)
{
	runtime_request_encode(&request, 0, 0, NULL);
	assert_int_equal(decode(sizeof(request)), -EPROTO);
	runtime_request_encode(&request, RUNTIME_UI_READY + 1, 0, NULL);
	assert_int_equal(decode(sizeof(request)), -EPROTO);
	runtime_request_encode(&request, RUNTIME_SNAPSHOT, 5, NULL);
	assert_int_equal(decode(sizeof(request)), -EPROTO);
	runtime_request_encode(&request, RUNTIME_TERMINATE_PID, 0, NULL);
	assert_int_equal(decode(sizeof(request)), -EPROTO);
	runtime_request_encode(&request, RUNTIME_LAUNCH_PATH, 0, "");
	assert_int_equal(decode(sizeof(request)), -EPROTO);
	runtime_request_encode(&request, RUNTIME_UI_READY, 0, NULL);
	request.reserved = 1;
	assert_int_equal(decode(sizeof(request)), -EPROTO);
}

static void text_is_terminated_and_clean(void **state)
{
	char text[MAX_REQUEST_PATH_BYTES + 1];

	memset(text, 'a', sizeof(text));
	text[MAX_REQUEST_PATH_BYTES] = '\0';
	assert_int_equal(runtime_request_encode(&request, RUNTIME_LAUNCH_PATH, 0, text), -ENAMETOOLONG);
	text[MAX_REQUEST_PATH_BYTES - 1] = '\0';
	assert_int_equal(runtime_request_encode(&request, RUNTIME_LAUNCH_PATH, 0, text), 0);
	assert_int_equal(decode(sizeof(request)), 1);
	request.text[MAX_REQUEST_PATH_BYTES - 1] = 'a';
	assert_int_equal(decode(sizeof(request)), -EPROTO);
	runtime_request_encode(&request, RUNTIME_LAUNCH_PATH, 0, "/bin\n/ls");
	assert_int_equal(decode(sizeof(request)), -EPROTO);
	runtime_request_encode(&request, RUNTIME_LAUNCH_PATH, 0, "/bin/ls");
	request.text[100] = 'x';
	assert_int_equal(decode(sizeof(request)), -EPROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(encoded_requests_are_decoded_as_they_were),
		cmocka_unit_test(part_of_a_request_needs_more),
		cmocka_unit_test(wrong_magic_is_seen_in_the_first_byte),
		cmocka_unit_test(another_version_is_told_from_garbage),
		cmocka_unit_test(unknown_operations_and_unused_fields_are_refused),
		cmocka_unit_test(text_is_terminated_and_clean),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
