/* services/vfsd/src/text.c: see text.h. */
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *text_reserve(struct text *text, size_t len)
{
	size_t cap = text->cap ? text->cap : 1024;
	char *grown;

	while (cap - text->len < len)
		cap *= 2;
	if (cap != text->cap) {
		grown = realloc(text->bytes, cap);
		if (!grown) {
			text->has_failed = true;
			return NULL;
		}
		text->bytes = grown;
		text->cap = cap;
	}
	return text->bytes + text->len;
}

void text_append(struct text *text, const char *bytes, size_t len)
{
	char *place = text_reserve(text, len);

	if (!place)
		return;
	memcpy(place, bytes, len);
	text->len += len;
}

void text_printf(struct text *text, const char *fmt, ...)
{
	char line[512];
	va_list args;
	char *place;
	int len;

	va_start(args, fmt);
	len = vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	if (len < (int)sizeof(line)) {
		text_append(text, line, (size_t)len);
		return;
	}
	place = text_reserve(text, (size_t)len + 1);
	if (!place)
		return;
	va_start(args, fmt);
	vsnprintf(place, (size_t)len + 1, fmt, args);
	va_end(args);
	text->len += (size_t)len;
}
