/* Log lines of a service. They leave through a native call, because no service may need
 * a file to speak (DECISIONS 18). */
#include <stdarg.h>

#include <format/format.h>
#include <service/service.h>

void service_vlog(enum nucleus_log_level level, const char *fmt, va_list args)
{
	char line[256];
	size_t len = fmt_vsnprintf(line, sizeof(line), fmt, args);

	nucleus_log(level, NUCLEUS_LOG_CATEGORY_SERVICE, line, len < sizeof(line) ? len : sizeof(line) - 1);
}

void service_log(enum nucleus_log_level level, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	service_vlog(level, fmt, args);
	va_end(args);
}
