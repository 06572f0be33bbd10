/* What a service's checked heap finds: a line in the machine's log, and a fault whose backtrace names the caller. */
#include <string.h>

#include <format/format.h>
#include <heap-check/heap_check.h>
#include <nucleus/nucleus.h>

void heap_check_report(const char *text)
{
	char line[256];
	size_t len = fmt_snprintf(line, sizeof(line), "=== CHECK: %s", text);

	nucleus_log(NUCLEUS_LOG_FATAL, NUCLEUS_LOG_CATEGORY_SERVICE, line, len < sizeof(line) ? len : sizeof(line) - 1);
	__builtin_trap();
}
