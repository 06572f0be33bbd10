#include <string.h>

#include <format/format.h>
#include <observability/log.h>

#define LINE_END "\"\n"
#define LINE_END_BYTES 2
#define MAX_MODULE_BYTES 48
#define MAX_ESCAPE_BYTES 4

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Write @c as it may stand between quotes. Returns: its length. */
static size_t escape(char out[MAX_ESCAPE_BYTES], unsigned char c)
{
	static const char hex[] = "0123456789abcdef";

	if (c == '"' || c == '\\') {
		out[0] = '\\';
		out[1] = (char)c;
		return 2;
	}
	if (c >= 0x20 && c != 0x7f) {
		out[0] = (char)c;
		return 1;
	}
	out[0] = '\\';
	out[1] = 'x';
	out[2] = hex[c >> 4];
	out[3] = hex[c & 15];
	return 4;
}

/* Append what fits of @msg before @limit. Returns: the new length. */
static size_t append_escaped(char *buf, size_t len, size_t limit, const char *msg, size_t msg_len)
{
	char escaped[MAX_ESCAPE_BYTES];
	size_t i, n;

	for (i = 0; i < msg_len; i++) {
		n = escape(escaped, (unsigned char)msg[i]);
		if (n > limit - len)
			break;
		memcpy(buf + len, escaped, n);
		len += n;
	}
	return len;
}

size_t log_line_format(char *buf, size_t size, const struct log_line *line, const char *msg, size_t msg_len)
{
	size_t len;

	len = fmt_scnprintf(buf, size, "seq=%llu ts_us=%llu tick=%llu lvl=%s cat=%s mod=%.*s line=%u ",
			    (unsigned long long)line->seq, (unsigned long long)line->ts_us,
			    (unsigned long long)line->tick, log_level_name(line->level),
			    log_category_name(line->category), MAX_MODULE_BYTES, base_name(line->module), line->line);
	if (line->pid)
		len += fmt_scnprintf(buf + len, size - len, "pid=%u tid=%u msg=\"", line->pid, line->tid);
	else
		len += fmt_scnprintf(buf + len, size - len, "pid=- tid=- msg=\"");
	len = append_escaped(buf, len, size - LINE_END_BYTES, msg, msg_len);
	memcpy(buf + len, LINE_END, LINE_END_BYTES);
	return len + LINE_END_BYTES;
}
