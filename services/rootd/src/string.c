/* The four functions that GCC may call by itself (GCC manual, "Standards"), and what the
 * libraries use besides. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Words may alias whatever is copied. */
typedef uint64_t word __attribute__((may_alias, aligned(1)));

void *memcpy(void *restrict to, const void *restrict from, size_t len)
{
	unsigned char *out = to;
	const unsigned char *in = from;

	for (; len >= sizeof(word); len -= sizeof(word)) {
		*(word *)out = *(const word *)in;
		out += sizeof(word);
		in += sizeof(word);
	}
	while (len--)
		*out++ = *in++;
	return to;
}

void *memmove(void *to, const void *from, size_t len)
{
	unsigned char *out = to;
	const unsigned char *in = from;

	if ((uintptr_t)to - (uintptr_t)from >= len)
		return memcpy(to, from, len);
	while (len--)
		out[len] = in[len];
	return to;
}

void *memset(void *to, int byte, size_t len)
{
	unsigned char *out = to;
	uint64_t pattern = (unsigned char)byte * 0x0101010101010101ull;

	for (; len >= sizeof(word); len -= sizeof(word)) {
		*(word *)out = pattern;
		out += sizeof(word);
	}
	while (len--)
		*out++ = (unsigned char)byte;
	return to;
}

int memcmp(const void *a, const void *b, size_t len)
{
	const unsigned char *x = a, *y = b;

	for (; len; len--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

size_t strlen(const char *text)
{
	size_t len = 0;

	while (text[len])
		len++;
	return len;
}

char *strchr(const char *text, int c)
{
	for (; *text != (char)c; text++)
		if (!*text)
			return NULL;
	return (char *)text;
}
