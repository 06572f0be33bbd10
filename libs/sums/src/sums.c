/* Finding a line of the list of sums. */
#include <errno.h>
#include <string.h>

#include <sums/sums.h>

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

int sums_parse_digest(const char *text, size_t len, uint8_t digest[SUMS_DIGEST_BYTES])
{
	if (len != 2 * SUMS_DIGEST_BYTES)
		return -EINVAL;
	for (size_t i = 0; i < SUMS_DIGEST_BYTES; i++) {
		int high = hex_digit(text[2 * i]);
		int low = hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return -EINVAL;
		digest[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

static int parse_bytes(const char *text, size_t len, uint64_t *out)
{
	uint64_t value = 0;

	if (!len)
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9' || value > INT64_MAX / 10 - 1)
			return -EINVAL;
		value = value * 10 + (uint64_t)(text[i] - '0');
	}
	*out = value;
	return 0;
}

/* The length of what stands before @separator, or of all. */
static size_t span(const char *text, size_t len, char separator)
{
	size_t i = 0;

	while (i < len && text[i] != separator)
		i++;
	return i;
}

/* @text is the rest of a line, behind its path. */
static int parse_rest(const char *text, size_t len, uint8_t *digest, uint64_t *bytes)
{
	size_t digits = span(text, len, '\t');

	if (digits == len || sums_parse_digest(text, digits, digest))
		return -EINVAL;
	return parse_bytes(text + digits + 1, len - digits - 1, bytes);
}

int sums_find(const char *text, size_t len, const char *path, uint8_t digest[SUMS_DIGEST_BYTES], uint64_t *bytes)
{
	size_t path_len = strlen(path);

	while (len) {
		size_t line = span(text, len, '\n'), column = span(text, line, '\t');

		if (column == path_len && !memcmp(text, path, path_len))
			return column == line ? -EINVAL : parse_rest(text + column + 1, line - column - 1, digest, bytes);
		if (line == len)
			break;
		text += line + 1;
		len -= line + 1;
	}
	return -ENOENT;
}
