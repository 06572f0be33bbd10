#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "request.h"

#define HEAD "albireo-exec\0" "1\0"

/* A copy of exactly the right size, so that ASan sees a read beyond it. */
static char *bytes;
static struct exec_request request;

static int parse(const char *data, size_t len)
{
	free(bytes);
	bytes = malloc(len ? len : 1);
	memcpy(bytes, data, len);
	return request_parse(bytes, len, &request);
}

#define PARSE(text) parse(text, sizeof(text))

static int drop(void **state)
{
	request_free(&request);
	free(bytes);
	bytes = NULL;
	return 0;
}

static void everything_in_a_full_request_is_taken(void **state)
{
	assert_int_equal(PARSE(HEAD "arg=ls\0arg=\0arg=-l=x\0env=A=1\0env=B=\0cwd=/w\0uid=1000\0gid=100\0groups=4,24,100\0"
			       "umask=027\0id=0aF9\0time=1700000000.000000005\0host=desk\0tty=1\0rows=24\0cols=80\0mount=host0:ro:/\0"
			       "mount=host1:rw:/a:b\0mode=run\0strace=1\0home=tmpfs"), 0);
	assert_string_equal(request.argv[0], "ls");
	assert_string_equal(request.argv[1], "");
	assert_string_equal(request.argv[2], "-l=x");
	assert_null(request.argv[3]);
	assert_string_equal(request.envp[0], "A=1");
	assert_string_equal(request.envp[1], "B=");
	assert_null(request.envp[2]);
	assert_string_equal(request.cwd, "/w");
	assert_string_equal(request.id, "0aF9");
	assert_string_equal(request.host, "desk");
	assert_int_equal(request.uid, 1000);
	assert_int_equal(request.gid, 100);
	assert_int_equal(request.ngroups, 3);
	assert_int_equal(request.groups[2], 100);
	assert_int_equal(request.umask, 027);
	assert_true(request.time_ns == 1700000000000000005ull);
	assert_true(request.has_tty && request.is_run && request.has_strace && request.has_home_tmpfs);
	assert_int_equal(request.rows, 24);
	assert_int_equal(request.cols, 80);
	assert_int_equal(request.nmounts, 2);
	assert_string_equal(request.mounts[0].tag, "host0");
	assert_true(request.mounts[0].is_readonly);
	assert_string_equal(request.mounts[1].target, "/a:b");
	assert_false(request.mounts[1].is_readonly);
}

static void what_is_left_out_has_defaults(void **state)
{
	assert_int_equal(PARSE(HEAD "arg=ls\0groups="), 0);
	assert_string_equal(request.cwd, "/");
	assert_string_equal(request.id, "");
	assert_string_equal(request.host, "");
	assert_int_equal(request.umask, 022);
	assert_int_equal(request.ngroups, 0);
	assert_true(request.time_ns == 0);
	assert_false(request.has_tty || request.is_run || request.has_strace || request.has_home_tmpfs);
}

static void bytes_beyond_ascii_pass_unchanged(void **state)
{
	assert_int_equal(PARSE(HEAD "arg=\xff\xfe\n\x01\0env=\xc3\xa4=\t"), 0);
	assert_string_equal(request.argv[0], "\xff\xfe\n\x01");
	assert_string_equal(request.envp[0], "\xc3\xa4=\t");
}

#define REFUSED(text)                                           \
	do {                                                    \
		assert_int_equal(PARSE(text), -EINVAL);         \
		assert_true(strlen(request.why) > 0);           \
	} while (0)

static void another_version_or_magic_is_refused(void **state)
{
	REFUSED("albireo-exec\0" "2\0arg=ls");
	REFUSED("albireo-exec\0\0arg=ls");
	REFUSED("albireo-exec");
	REFUSED("albireo-exe\0" "1\0arg=ls");
	REFUSED("");
	assert_int_equal(parse("", 0), -EINVAL);
	assert_int_equal(parse(HEAD "arg=ls", sizeof(HEAD "arg=ls") - 1), -EINVAL);
}

static void an_unknown_or_repeated_key_is_refused(void **state)
{
	REFUSED(HEAD "arg=ls\0color=red");
	REFUSED(HEAD "arg=ls\0nothing");
	REFUSED(HEAD "arg=ls\0");
	REFUSED(HEAD "arg=ls\0uid=1\0uid=2");
	REFUSED(HEAD "arg=ls\0cwd=/\0cwd=/");
	REFUSED(HEAD "arg=ls\0uidx=1");
	REFUSED(HEAD "arg=ls\0ui=1");
}

static void a_request_without_a_program_is_refused(void **state)
{
	REFUSED(HEAD "env=A=1");
	REFUSED("albireo-exec\0" "1");
}

static void bad_values_are_refused(void **state)
{
	REFUSED(HEAD "arg=ls\0uid=");
	REFUSED(HEAD "arg=ls\0uid=-1");
	REFUSED(HEAD "arg=ls\0uid=4294967295");
	REFUSED(HEAD "arg=ls\0uid=99999999999999999999");
	REFUSED(HEAD "arg=ls\0gid= 1");
	REFUSED(HEAD "arg=ls\0groups=1,");
	REFUSED(HEAD "arg=ls\0groups=,1");
	REFUSED(HEAD "arg=ls\0umask=8");
	REFUSED(HEAD "arg=ls\0umask=1777");
	REFUSED(HEAD "arg=ls\0time=1");
	REFUSED(HEAD "arg=ls\0time=1.5");
	REFUSED(HEAD "arg=ls\0time=1.0000000000");
	REFUSED(HEAD "arg=ls\0time=99999999999.000000000");
	REFUSED(HEAD "arg=ls\0host=");
	REFUSED(HEAD "arg=ls\0tty=2");
	REFUSED(HEAD "arg=ls\0rows=65536");
	REFUSED(HEAD "arg=ls\0cwd=w");
	REFUSED(HEAD "arg=ls\0mode=fast");
	REFUSED(HEAD "arg=ls\0home=disk");
	REFUSED(HEAD "arg=ls\0id=../x");
	REFUSED(HEAD "arg=ls\0mount=host0:/");
	REFUSED(HEAD "arg=ls\0mount=:ro:/");
	REFUSED(HEAD "arg=ls\0mount=host0:rx:/");
	REFUSED(HEAD "arg=ls\0mount=host0:ro:w");
}

static void more_mounts_or_groups_than_fit_are_refused(void **state)
{
	char text[16384] = HEAD "arg=ls";
	size_t len = sizeof(HEAD "arg=ls");

	for (unsigned int i = 0; i <= REQUEST_MAX_MOUNTS; i++) {
		memcpy(text + len, "mount=t:ro:/m", 14);
		len += 14;
	}
	assert_int_equal(parse(text, len), -EINVAL);

	len = sizeof(HEAD "arg=ls");
	memcpy(text + len, "groups=", 7);
	len += 7;
	for (unsigned int i = 0; i <= REQUEST_MAX_GROUPS; i++) {
		memcpy(text + len, "5,", 2);
		len += 2;
	}
	text[len - 1] = '\0';
	assert_int_equal(parse(text, len), -EINVAL);
}

static void random_damage_is_refused_or_parsed_but_never_read_beyond(void **state)
{
	static const char good[] = HEAD "arg=ls\0env=A=1\0cwd=/w\0uid=1000\0groups=4,24\0umask=027\0id=0aF9\0"
		"time=1700000000.000000005\0tty=1\0mount=host0:ro:/\0mode=run";
	char text[sizeof(good)];

	srand(2);
	for (unsigned int round = 0; round < 20000; round++) {
		memcpy(text, good, sizeof(good));
		for (unsigned int i = rand() % 4; i; i--)
			text[rand() % (int)sizeof(text)] = (char)rand();
		if (!parse(text, 1 + (size_t)rand() % sizeof(text)))
			request_free(&request);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(everything_in_a_full_request_is_taken, drop),
		cmocka_unit_test_teardown(what_is_left_out_has_defaults, drop),
		cmocka_unit_test_teardown(bytes_beyond_ascii_pass_unchanged, drop),
		cmocka_unit_test_teardown(another_version_or_magic_is_refused, drop),
		cmocka_unit_test_teardown(an_unknown_or_repeated_key_is_refused, drop),
		cmocka_unit_test_teardown(a_request_without_a_program_is_refused, drop),
		cmocka_unit_test_teardown(bad_values_are_refused, drop),
		cmocka_unit_test_teardown(more_mounts_or_groups_than_fit_are_refused, drop),
		cmocka_unit_test_teardown(random_damage_is_refused_or_parsed_but_never_read_beyond, drop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
