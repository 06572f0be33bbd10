/* Log lines of a service. They leave through a native call, because no service may need
 * a file to speak (DECISIONS 18). */
#include <stdarg.h>

#include <format/format.h>
#include <nucleus/nucleus.h>
#include <service/service.h>

#include "private.h"

#define LINE_BYTES 256
#define CATEGORY_SERVICE 13	/* "service" in the Logging Guide's list */

static const char *name = "?";

void service_log_name(const char *new_name)
{
	name = new_name;
}

void service_log(unsigned int level, const char *fmt, ...)
{
	char line[LINE_BYTES];
	size_t len;
	va_list args;

	len = fmt_scnprintf(line, sizeof(line), "%s: ", name);
	va_start(args, fmt);
	len += fmt_vsnprintf(line + len, sizeof(line) - len, fmt, args);
	va_end(args);
	nucleus_log(level, CATEGORY_SERVICE, line, len < sizeof(line) ? len : sizeof(line) - 1);
}
