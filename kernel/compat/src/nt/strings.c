/* kernel/compat/src/nt/strings.c: strings of user memory, UTF-16 and UTF-8 (RFC 3629; [MS-DTYP] 2.3.10). */
#include <mm/heap.h>
#include <string.h>

#include "nt.h"

#define REPLACEMENT 0xfffdu

static bool is_high(uint32_t c) { return (c & 0xfc00) == 0xd800; }
static bool is_low(uint32_t c) { return (c & 0xfc00) == 0xdc00; }

ntstatus nt_string_in(uint64_t user, struct nt_string *out)
{
	struct nt_unicode_string s;
	ntstatus status;

	*out = (struct nt_string){ 0 };
	if (!user)
		return STATUS_SUCCESS;
	status = nt_get(&s, user, sizeof(s));
	if (status)
		return status;
	if (s.bytes & 1)
		return STATUS_OBJECT_NAME_INVALID;
	out->chars = kmalloc(s.bytes + sizeof(uint16_t), HEAP_NOZERO);
	if (!out->chars)
		return STATUS_NO_MEMORY;
	out->nchars = s.bytes / sizeof(uint16_t);
	out->chars[out->nchars] = 0;
	status = nt_get(out->chars, s.buffer, s.bytes);
	if (status)
		nt_string_free(out);
	return status;
}

void nt_string_free(struct nt_string *s)
{
	kfree(s->chars);
	*s = (struct nt_string){ 0 };
}

static size_t put_utf8(char *out, uint32_t c)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

size_t nt_utf8_put(char *out, const uint16_t *chars, uint32_t nchars)
{
	char *p = out;

	for (uint32_t i = 0; i < nchars; i++) {
		uint32_t c = chars[i];

		if (likely(c < 0x80)) {
			*p++ = (char)c;
			continue;
		}
		if (is_high(c) && i + 1 < nchars && is_low(chars[i + 1]))
			c = 0x10000 + ((c & 0x3ff) << 10 | (chars[++i] & 0x3ff));
		p += put_utf8(p, c);
	}
	*p = '\0';
	return (size_t)(p - out);
}

char *nt_utf8(const uint16_t *chars, uint32_t nchars)
{
	char *out = kmalloc(NT_UTF8_BYTES * nchars + 1, HEAP_NOZERO);

	if (out)
		nt_utf8_put(out, chars, nchars);
	return out;
}

/* One character of well-formed UTF-8, or of what nt_utf8() makes of a lone surrogate. Returns its length; 0: none. */
static size_t get_utf8(const uint8_t *s, size_t n, uint32_t *out)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t c = s[0];
	size_t len = c < 0x80 ? 1 : c >> 5 == 6 ? 2 : c >> 4 == 14 ? 3 : c >> 3 == 30 ? 4 : 0;

	if (!len || len > n)
		return 0;
	if (len > 1)
		c &= 0x7fu >> len;
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < least[len] || c > 0x10ffff)
		return 0;
	*out = c;
	return len;
}

/* As much of @text as is ASCII and has room. Returns: how much. */
static size_t put_ascii(const uint8_t *s, size_t n, uint16_t *out)
{
	size_t i = 0;

	while (i < n && s[i] < 0x80) {
		out[i] = s[i];
		i++;
	}
	return i;
}

uint32_t nt_utf16(const char *text, size_t n, uint16_t *out, uint32_t cap)
{
	const uint8_t *s = (const uint8_t *)text;
	uint32_t count = (uint32_t)put_ascii(s, MIN(n, cap), out);

	for (size_t i = count; i < n;) {
		uint32_t c = REPLACEMENT, high = 0;
		size_t len = get_utf8(s + i, n - i, &c);

		i += len ? len : 1;
		if (c >= 0x10000) {
			high = 0xd800 | (c - 0x10000) >> 10;
			c = 0xdc00 | ((c - 0x10000) & 0x3ff);
			if (count < cap)
				out[count] = (uint16_t)high;
			count++;
		}
		if (count < cap)
			out[count] = (uint16_t)c;
		count++;
	}
	return count;
}

ntstatus nt_attributes_in(uint64_t user, struct nt_attributes *out)
{
	struct nt_object_attributes a;
	ntstatus status;

	*out = (struct nt_attributes){ 0 };
	if (!user)
		return STATUS_SUCCESS;
	status = nt_get(&a, user, sizeof(a));
	if (status)
		return status;
	if (a.length != sizeof(a))
		return STATUS_INVALID_PARAMETER;
	out->root = a.root;
	out->flags = a.attributes;
	out->security = a.security_descriptor;
	return nt_string_in(a.name, &out->name);
}

void nt_attributes_free(struct nt_attributes *a)
{
	nt_string_free(&a->name);
}
