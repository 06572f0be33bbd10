#include <unicode/unicode.h>

/* From @first to @last: upper case is the letter plus @delta; with @delta 0 the letters come in
 * pairs, the upper one first and as even as @first. */
static const struct range {
	uint16_t first, last;
	int16_t delta;
} ranges[] = {
	{ 'a', 'z', -32 },	  { 0xe0, 0xf6, -32 },	   { 0xf8, 0xfe, -32 },	    { 0xff, 0xff, 121 },
	{ 0x100, 0x12f, 0 },	  { 0x132, 0x137, 0 },	   { 0x139, 0x148, 0 },	    { 0x14a, 0x177, 0 },
	{ 0x179, 0x17e, 0 },	  { 0x1cd, 0x1dc, 0 },	   { 0x1de, 0x1ef, 0 },	    { 0x1f8, 0x21f, 0 },
	{ 0x222, 0x233, 0 },	  { 0x3ac, 0x3ac, -38 },   { 0x3ad, 0x3af, -37 },   { 0x3b1, 0x3c1, -32 },
	{ 0x3c2, 0x3c2, -31 },	  { 0x3c3, 0x3cb, -32 },   { 0x3cc, 0x3cc, -64 },   { 0x3cd, 0x3ce, -63 },
	{ 0x430, 0x44f, -32 },	  { 0x450, 0x45f, -80 },   { 0x460, 0x481, 0 },	    { 0x48a, 0x4bf, 0 },
	{ 0x4c1, 0x4ce, 0 },	  { 0x4d0, 0x52f, 0 },	   { 0x561, 0x586, -48 },   { 0x1e00, 0x1e95, 0 },
	{ 0x1ea0, 0x1eff, 0 },	  { 0x2170, 0x217f, -16 }, { 0x24d0, 0x24e9, -26 }, { 0xff41, 0xff5a, -32 },
};

uint32_t unicode_upper(uint32_t c)
{
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]) && c >= ranges[i].first; i++) {
		if (c > ranges[i].last)
			continue;
		if (ranges[i].delta)
			return c + (uint32_t)ranges[i].delta;
		return c - ((c - ranges[i].first) & 1);
	}
	return c;
}

uint32_t unicode_next(const char **at, const char *end)
{
	const unsigned char *s = (const unsigned char *)*at;
	size_t len = s[0] < 0x80 ? 1 : s[0] >> 5 == 6 ? 2 : s[0] >> 4 == 14 ? 3 : s[0] >> 3 == 30 ? 4 : 0;
	uint32_t c = len > 1 ? s[0] & (0x7fu >> len) : s[0];

	if (!len || len > (size_t)(end - *at))
		goto stray;
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			goto stray;
		c = c << 6 | (s[i] & 0x3f);
	}
	*at += len;
	return c;
stray:
	(*at)++;
	return UNICODE_LIMIT + s[0];
}

bool unicode_is_same(const char *a, size_t a_len, const char *b, size_t b_len)
{
	const char *a_end = a + a_len, *b_end = b + b_len;

	while (a < a_end && b < b_end) {
		if (unicode_upper(unicode_next(&a, a_end)) != unicode_upper(unicode_next(&b, b_end)))
			return false;
	}
	return a == a_end && b == b_end;
}

size_t unicode_put(uint32_t c, char out[UNICODE_MAX_BYTES])
{
	size_t len = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	if (len == 1) {
		out[0] = (char)c;
		return 1;
	}
	for (size_t i = len - 1; i; i--, c >>= 6)
		out[i] = (char)(0x80 | (c & 0x3f));
	out[0] = (char)((0xf00u >> len & 0xf0) | c);
	return len;
}
