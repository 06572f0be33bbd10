#include <stdarg.h>

#include <format/format.h>

#include "rootd.h"

void rootd_log(enum nucleus_log_level level, const char *fmt, ...)
{
	char line[256];
	size_t len;
	va_list args;

	va_start(args, fmt);
	len = fmt_vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	nucleus_log(level, NUCLEUS_LOG_CATEGORY_BOOT, line, len < sizeof(line) ? len : sizeof(line) - 1);
}
