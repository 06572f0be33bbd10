/* format/format.h: printf-style text without a libc, for the kernel and rootd.
 *
 * Understood: %d %i %u %x %X %o %c %s %p %%; lengths hh h l ll z j t; flags
 * `-`, `0`, `+`, space, `#`; width and precision, also as `*`. Floating point, %n and
 * wide characters are not: an unknown conversion is copied as it stands. %p is
 * 0x and 16 digits. A NULL string prints as (null). Nothing allocates or locks.
 */
#ifndef FORMAT_FORMAT_H
#define FORMAT_FORMAT_H

#include <stdarg.h>
#include <stddef.h>

/* Write at most @size bytes, the terminating NUL included, if @size is not 0.
 * Returns: the length of the whole text, as if there had been room for it. */
size_t fmt_vsnprintf(char *buf, size_t size, const char *fmt, va_list args)
	__attribute__((format(printf, 3, 0)));
size_t fmt_snprintf(char *buf, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* As fmt_snprintf(), but returns what was written, the NUL not counted: for
 * building a text in steps, len += fmt_scnprintf(buf + len, size - len, ...). */
size_t fmt_scnprintf(char *buf, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The value of a hexadecimal digit; -1 of anything else. */
int fmt_hex_digit(char c);

#endif
