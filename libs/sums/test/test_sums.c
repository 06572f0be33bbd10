#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <sums/sums.h>

#define DIGEST "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static void sums_are_found_by_path(void **state)
{
	static const char text[] = "a\t" DIGEST "\t5\nab\t" DIGEST "\t70\nbad\tzz\t1\n";
	uint8_t digest[SUMS_DIGEST_BYTES];
	uint64_t bytes;

	assert_int_equal(sums_find(text, strlen(text), "ab", digest, &bytes), 0);
	assert_true(bytes == 70);
	assert_int_equal(digest[2], 0x22);
	assert_int_equal(sums_find(text, strlen(text), "b", digest, &bytes), -ENOENT);
	assert_int_equal(sums_find(text, strlen(text), "bad", digest, &bytes), -EINVAL);
}

static void damaged_lines_give_einval(void **state)
{
	static const char *const lines[] = { "a", "a\t" DIGEST, "a\t" DIGEST "\t", "a\t" DIGEST "\t5x\n", "a\t" DIGEST "0\t5\n",
		"a\t" DIGEST "\t99999999999999999999\n" };
	uint8_t digest[SUMS_DIGEST_BYTES];
	uint64_t bytes;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_int_equal(sums_find(lines[i], strlen(lines[i]), "a", digest, &bytes), -EINVAL);
	assert_int_equal(sums_find("", 0, "a", digest, &bytes), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums_are_found_by_path),
		cmocka_unit_test(damaged_lines_give_einval),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
