/* observability/log.h: levels, categories and the form of a log line.
 *
 *	seq=17 ts_us=102399 tick=25 lvl=info cat=storage mod=disk.c line=42 pid=- tid=- msg="..."
 *
 * Kernel and services share this; where lines go is theirs. Categories are those of
 * abi/log_categories.def. Nothing here allocates or locks.
 */
#ifndef OBSERVABILITY_LOG_H
#define OBSERVABILITY_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Thresholds are inclusive: LOG_WARN lets warn, error and fatal pass, LOG_OFF nothing. */
enum log_level {
	LOG_OFF,
	LOG_TRACE,
	LOG_DEBUG,
	LOG_INFO,
	LOG_WARN,
	LOG_ERROR,
	LOG_FATAL,
	LOG_LEVEL_COUNT
};

enum log_category {
#define LOG_CATEGORY(upper, name) LOG_CAT_##upper,
#include "log_categories.def"
#undef LOG_CATEGORY
	LOG_CAT_COUNT
};

static inline bool log_passes(enum log_level level, enum log_level threshold)
{
	return threshold != LOG_OFF && level >= threshold;
}

/* "?" for a number that is none. */
const char *log_level_name(unsigned int level);
const char *log_category_name(unsigned int category);

/* Returns: 0; -EINVAL if there is no such name. */
int log_level_parse(const char *name, size_t len, enum log_level *out);
int log_category_parse(const char *name, size_t len, enum log_category *out);

/* Parse `category=level`. Returns: 0; -EINVAL. */
int log_threshold_parse(const char *text, size_t len, enum log_category *category, enum log_level *level);

struct log_line {
	uint64_t seq;
	uint64_t ts_us;
	uint64_t tick;
	enum log_level level;
	enum log_category category;
	const char *module; /* a source file's path, of which the last part is shown, or a service's name */
	unsigned int line;
	uint32_t pid;       /* 0: nobody's; so is tid then */
	uint32_t tid;
};

/* At least this much must be given to log_line_format(). */
#define LOG_LINE_MIN_BYTES 256

/* Write the whole line, its newline included, with the message's quotes, backslashes and
 * control bytes escaped (\xNN). A message that does not fit is cut, never the line's end.
 * The result is not terminated. Returns: its length, at most @size. */
size_t log_line_format(char *buf, size_t size, const struct log_line *line, const char *msg, size_t msg_len);

/* Of one call site: how often it may speak. Zero at first. */
struct log_ratelimit {
	uint64_t next_ns;
	uint32_t nsuppressed;
};

/* May the site speak at @now_ns, not sooner than @interval_ns after the last time?
 * If so, *@nsuppressed is how often it may not have since then. Safe on several CPUs at
 * once, where one of them passes. */
bool log_ratelimit_pass_at(struct log_ratelimit *limit, uint64_t now_ns, uint64_t interval_ns,
			   uint32_t *nsuppressed);

#endif
