/* services/vfsd/src/text.h: a text that grows while it is written.
 *
 * A text that ran out of memory is marked, and one check at the end does.
 */
#ifndef VFSD_TEXT_H
#define VFSD_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct text {
	char *bytes;		/* malloc'ed */
	size_t len, cap;
	bool has_failed;
};

void text_printf(struct text *text, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void text_append(struct text *text, const char *bytes, size_t len);

/* Make room for @len more bytes. Returns: where they go; NULL: no memory. */
char *text_reserve(struct text *text, size_t len);

#endif
