#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <sha256/sha256.h>

static void assert_digest(const void *data, size_t len, const char *hex)
{
	uint8_t digest[SHA256_BYTES];
	char text[2 * SHA256_BYTES + 1];
	int i;

	sha256_of(data, len, digest);
	for (i = 0; i < SHA256_BYTES; i++)
		sprintf(text + 2 * i, "%02x", digest[i]);
	assert_string_equal(text, hex);
}

static void examples_of_the_standard_come_out(void **state)
{
	static const char two_blocks[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";

	assert_digest("", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	assert_digest("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_digest(two_blocks, strlen(two_blocks),
		      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static void million_letters_come_out(void **state)
{
	static char letters[1000000];

	memset(letters, 'a', sizeof(letters));
	assert_digest(letters, sizeof(letters),
		      "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void pieces_of_any_length_give_the_same_digest(void **state)
{
	uint8_t data[300], whole[SHA256_BYTES], pieces[SHA256_BYTES];
	struct sha256 sha;
	size_t len, step, at, i;

	for (i = 0; i < sizeof(data); i++)
		data[i] = i * 7;
	for (len = 0; len < sizeof(data); len++) {
		sha256_of(data, len, whole);
		step = len % 70 + 1;
		sha256_init(&sha);
		for (at = 0; at < len; at += step)
			sha256_update(&sha, data + at, len - at < step ? len - at : step);
		sha256_final(&sha, pieces);
		assert_memory_equal(whole, pieces, SHA256_BYTES);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(examples_of_the_standard_come_out),
		cmocka_unit_test(million_letters_come_out),
		cmocka_unit_test(pieces_of_any_length_give_the_same_digest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
