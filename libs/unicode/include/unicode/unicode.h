/* unicode/unicode.h: characters of names: UTF-8, and letters that differ in case alone.
 *
 * Two names are the same but for case when their characters' upper cases are, one
 * character to one ([MS-FSCC] 2.1.5, the Unicode character database's simple mappings of
 * the scripts that have case).
 */
#ifndef UNICODE_UNICODE_H
#define UNICODE_UNICODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UNICODE_LIMIT 0x110000u
#define UNICODE_MAX_BYTES 4	/* of one character in UTF-8 */

/* The upper case of @c; @c if it has none. */
uint32_t unicode_upper(uint32_t c);

/* The character at *@at, which lies before @end; *@at moves behind it. A byte that begins
 * no character stands for itself: UNICODE_LIMIT + the byte. Surrogates written as characters pass. */
uint32_t unicode_next(const char **at, const char *end);

/* Write @c, below UNICODE_LIMIT, as UTF-8. Returns: its bytes. */
size_t unicode_put(uint32_t c, char out[UNICODE_MAX_BYTES]);

/* Are two texts in UTF-8 the same but for case? */
bool unicode_is_same(const char *a, size_t a_len, const char *b, size_t b_len);

#endif
