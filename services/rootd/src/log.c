#include <stdarg.h>

#include <format/format.h>
#include <nucleus/nucleus.h>

#include "rootd.h"

#define CATEGORY_BOOT 0

void rootd_log(enum rootd_log_level level, const char *fmt, ...)
{
	char line[256];
	size_t len;
	va_list args;

	len = fmt_scnprintf(line, sizeof(line), "rootd: ");
	va_start(args, fmt);
	len += fmt_vsnprintf(line + len, sizeof(line) - len, fmt, args);
	va_end(args);
	nucleus_log(level, CATEGORY_BOOT, line, len < sizeof(line) ? len : sizeof(line) - 1);
}
