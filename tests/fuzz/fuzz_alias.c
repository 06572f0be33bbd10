/* The input is an alias of a driver, a newline, and what a device calls itself. */
#include <errno.h>

#include <alias/alias.h>

#include "fuzz_support.h"

static char *text_of(const uint8_t *data, size_t len)
{
	char *text = malloc(len + 1);

	REQUIRE(text);
	memcpy(text, data, len);
	text[len] = '\0';
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
	size_t len = end ? (size_t)(end - data) : size;
	char *alias = text_of(data, len), *device = text_of(data + len, size - len);
	char *pattern = malloc(ALIAS_BYTES);
	int err = alias_pattern(alias, pattern);

	REQUIRE(err == 0 || err == -EINVAL || err == -ERANGE);
	if (!err) {
		REQUIRE(memchr(pattern, 0, ALIAS_BYTES));
		alias_matches(pattern, device);
		/* A text without wildcards means itself. */
		if (!strpbrk(pattern, "*?"))
			REQUIRE(alias_matches(pattern, pattern));
	}
	alias_matches(alias, device);
	free(alias);
	free(device);
	free(pattern);
	return 0;
}
