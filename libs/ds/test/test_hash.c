#include "test_support.h"

#include <ds/hash.h>

static const struct hash_key key = { 0x0706050403020100u, 0x0f0e0d0c0b0a0908u };

static void every_byte_and_the_length_count(void **state)
{
	unsigned char data[32] = { 0 };
	uint64_t whole = hash_bytes(&key, data, sizeof(data));
	size_t i;

	for (i = 0; i < sizeof(data); i++) {
		data[i] = 1;
		assert_true(hash_bytes(&key, data, sizeof(data)) != whole);
		data[i] = 0;
		assert_true(hash_bytes(&key, data, i) != whole);
	}
	assert_true(hash_bytes(&key, data, sizeof(data)) == whole);
}

static void key_changes_the_hash(void **state)
{
	struct hash_key other = { key.k0 + 1, key.k1 };

	assert_true(hash_bytes(&key, "name", 4) != hash_bytes(&other, "name", 4));
	assert_true(hash_bytes(&key, NULL, 0) != hash_bytes(&other, NULL, 0));
}

/* SipHash-1-3 of the bytes 00..0e under the key 00..0f, worked out by a separate
 * Python transcription of the paper. */
static void result_is_siphash_1_3(void **state)
{
	unsigned char data[15];
	size_t i;

	for (i = 0; i < sizeof(data); i++)
		data[i] = i;
	assert_true(hash_bytes(&key, data, sizeof(data)) == 0xd320d86d2a519956u);
}

static void hash_u64_is_a_bijection_that_fixes_zero(void **state)
{
	assert_true(hash_u64(0) == 0);
	assert_true(hash_u64(1) != hash_u64(2));
	assert_true((hash_u64(1) >> 32) != 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_byte_and_the_length_count),
		cmocka_unit_test(key_changes_the_hash),
		cmocka_unit_test(result_is_siphash_1_3),
		cmocka_unit_test(hash_u64_is_a_bijection_that_fixes_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
