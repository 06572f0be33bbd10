/* kernel/compat/src/nt/text.c: UTF-16 text that grows. */
#include "text.h"

#include <mm/heap.h>
#include <string.h>

#define FIRST_CAPACITY 2048u

void nt_text_free(struct nt_text *t)
{
	kfree(t->chars);
	*t = (struct nt_text){ 0 };
}

static bool enlarge(struct nt_text *t, uint32_t n)
{
	uint32_t capacity = MAX(t->capacity, FIRST_CAPACITY);
	uint16_t *chars;

	while (capacity - t->nchars < n)
		capacity *= 2;
	chars = kmalloc(capacity * sizeof(*chars), HEAP_NOZERO);
	if (!chars) {
		t->failed = true;
		return false;
	}
	if (t->nchars)
		memcpy(chars, t->chars, t->nchars * sizeof(*chars));
	kfree(t->chars);
	t->chars = chars;
	t->capacity = capacity;
	return true;
}

static inline bool grow(struct nt_text *t, uint32_t n)
{
	if (unlikely(t->failed))
		return false;
	return t->capacity - t->nchars >= n || enlarge(t, n);
}

void nt_text_chars(struct nt_text *t, const uint16_t *chars, uint32_t n)
{
	if (!n || !grow(t, n))
		return;
	memcpy(t->chars + t->nchars, chars, n * sizeof(*chars));
	t->nchars += n;
}

void nt_text_utf8(struct nt_text *t, const char *text, size_t n)
{
	if (n && grow(t, (uint32_t)n))
		t->nchars += nt_utf16(text, n, t->chars + t->nchars, t->capacity - t->nchars);
}

void nt_text_ascii(struct nt_text *t, const char *text)
{
	nt_text_utf8(t, text, strlen(text));
}

void nt_text_char(struct nt_text *t, uint16_t c)
{
	if (grow(t, 1))
		t->chars[t->nchars++] = c;
}

void nt_text_zeroes(struct nt_text *t, uint32_t n)
{
	if (!n || !grow(t, n))
		return;
	memset(t->chars + t->nchars, 0, n * sizeof(*t->chars));
	t->nchars += n;
}
