/* Debian builds libvterm.a with _FORTIFY_SOURCE: it calls the functions of Linux Standard Base 5.0,
 * "Interfaces for libc", whose names end in _chk. musl has none of them. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int __fprintf_chk(FILE *file, int flag, const char *fmt, ...);
int __snprintf_chk(char *buf, size_t len, int flag, size_t size, const char *fmt, ...);
int __vsnprintf_chk(char *buf, size_t len, int flag, size_t size, const char *fmt, va_list args);
char *__strncpy_chk(char *to, const char *from, size_t len, size_t size);

/* @size is what the compiler knows of the buffer. */
static void demand_room(size_t len, size_t size)
{
	if (len > size)
		abort();
}

int __fprintf_chk(FILE *file, int flag, const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = vfprintf(file, fmt, args);
	va_end(args);
	return len;
}

int __vsnprintf_chk(char *buf, size_t len, int flag, size_t size, const char *fmt, va_list args)
{
	demand_room(len, size);
	return vsnprintf(buf, len, fmt, args);
}

int __snprintf_chk(char *buf, size_t len, int flag, size_t size, const char *fmt, ...)
{
	va_list args;
	int written;

	va_start(args, fmt);
	written = __vsnprintf_chk(buf, len, flag, size, fmt, args);
	va_end(args);
	return written;
}

char *__strncpy_chk(char *to, const char *from, size_t len, size_t size)
{
	demand_room(len, size);
	return strncpy(to, from, len);
}
