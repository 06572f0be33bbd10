/* kernel/nucleus-core/src/log.c: the log ring and the debug console.
 *
 * Locking: log_lock (a plain flag with interrupts off, so that any context may
 * log) guards the ring and the order of lines on the console.
 */
#include <format/format.h>
#include <log_config.h>
#include <nucleus/log.h>
#include <string.h>

#define LINE_MAX 1024
#define RATELIMIT_NS NSEC_PER_SEC
#define DEBUGCON_PORT 0xe9

uint8_t log_thresholds[LOG_CAT_COUNT] = {
#define LOG_CATEGORY(upper, name) LOG_LEVEL_##upper,
#include "log_categories.def"
#undef LOG_CATEGORY
};

static const char *const category_names[LOG_CAT_COUNT] = {
#define LOG_CATEGORY(upper, name) name,
#include "log_categories.def"
#undef LOG_CATEGORY
};
static const char *const level_names[] = { "off", "trace", "debug", "info", "warn", "error", "fatal" };

static uint64_t no_clock(void)
{
	return 0;
}
static void no_ids(uint32_t *pid, uint32_t *tid)
{
	*pid = 0;
	*tid = 0;
}

static struct log_ops ops = { .now_ns = no_clock, .current_ids = no_ids };
static uint32_t log_lock;
static char ring[LOG_RING_BYTES];
static uint64_t ring_end;	/* bytes ever written; the ring holds the last ones */
static uint64_t next_seq;

void log_set_ops(const struct log_ops *new_ops)
{
	ops = *new_ops;
}

static uint64_t lock(void)
{
	uint64_t flags;

	__asm__ volatile("pushfq; popq %0; cli" : "=r"(flags) : : "memory");
	while (__atomic_exchange_n(&log_lock, 1, __ATOMIC_ACQUIRE))
		__asm__ volatile("pause");
	return flags;
}

static void unlock(uint64_t flags)
{
	__atomic_store_n(&log_lock, 0, __ATOMIC_RELEASE);
	if (flags & 0x200)
		__asm__ volatile("sti" : : : "memory");
}

static void console_write(const char *s, size_t len)
{
	__asm__ volatile("rep outsb" : "+S"(s), "+c"(len) : "d"((uint16_t)DEBUGCON_PORT) : "memory");
}

static void emit(const char *line, size_t len)
{
	for (size_t i = 0; i < len; i++)
		ring[(ring_end + i) % LOG_RING_BYTES] = line[i];
	ring_end += len;
	if (LOG_SERIAL_MIRROR)
		console_write(line, len);
}

/* Append @text to @line with quotes, backslashes and control bytes escaped. */
static size_t append_escaped(char *line, size_t at, size_t cap, const char *text, size_t len)
{
	static const char hex[] = "0123456789abcdef";

	for (size_t i = 0; i < len && at + 4 < cap; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '"' || c == '\\') {
			line[at++] = '\\';
			line[at++] = (char)c;
		} else if (c < 0x20 || c == 0x7f) {
			line[at++] = '\\';
			line[at++] = 'x';
			line[at++] = hex[c >> 4];
			line[at++] = hex[c & 15];
		} else {
			line[at++] = (char)c;
		}
	}
	return at;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void write_line(enum log_level level, enum log_category cat, const char *module, int line_number,
		       uint32_t pid, uint32_t tid, const char *text, size_t len)
{
	char line[LINE_MAX];
	uint64_t now = ops.now_ns();
	uint64_t flags = lock();
	size_t n;

	n = fmt_scnprintf(line, sizeof(line), "seq=%llu ts_us=%llu tick=%llu lvl=%s cat=%s mod=%s line=%d pid=",
			  (unsigned long long)next_seq++, (unsigned long long)(now / 1000),
			  (unsigned long long)(now / 4000000), level_names[level], category_names[cat], module, line_number);
	if (pid)
		n += fmt_scnprintf(line + n, sizeof(line) - n, "%u tid=%u msg=\"", pid, tid);
	else
		n += fmt_scnprintf(line + n, sizeof(line) - n, "- tid=- msg=\"");
	n = append_escaped(line, n, sizeof(line) - 2, text, len);
	line[n++] = '"';
	line[n++] = '\n';
	emit(line, n);
	unlock(flags);
}

void log_write(enum log_level level, enum log_category cat, const char *file, int line_number, const char *fmt, ...)
{
	char text[LINE_MAX - 160];
	uint32_t pid, tid;
	size_t len;
	va_list args;

	va_start(args, fmt);
	len = fmt_vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	ops.current_ids(&pid, &tid);
	write_line(level, cat, base_name(file), line_number, pid, tid, text, MIN(len, sizeof(text) - 1));
}

void log_write_service(enum log_level level, enum log_category cat, const char *service, uint32_t pid,
		       const char *text, size_t len)
{
	if (level >= LOG_TRACE && level <= LOG_FATAL && cat < LOG_CAT_COUNT && log_thresholds[cat] != LOG_OFF &&
	    level >= log_thresholds[cat])
		write_line(level, cat, service, 0, pid, pid, text, len);
}

bool log_ratelimit_pass(struct log_ratelimit *rl)
{
	uint64_t now = ops.now_ns();

	if (now < __atomic_load_n(&rl->next_ns, __ATOMIC_RELAXED)) {
		__atomic_fetch_add(&rl->suppressed, 1, __ATOMIC_RELAXED);
		return false;
	}
	__atomic_store_n(&rl->next_ns, now + RATELIMIT_NS, __ATOMIC_RELAXED);
	return true;
}

void log_raw(const char *fmt, ...)
{
	char text[LINE_MAX];
	uint64_t flags;
	size_t len;
	va_list args;

	va_start(args, fmt);
	len = fmt_vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	flags = lock();
	emit(text, MIN(len, sizeof(text) - 1));
	unlock(flags);
}

size_t log_snapshot(char *buf, size_t cap)
{
	static const char dropped[] = "msg=\"oldest logs dropped\"\n";
	uint64_t flags = lock();
	uint64_t start = ring_end > LOG_RING_BYTES ? ring_end - LOG_RING_BYTES : 0;
	size_t n = 0;

	if (ring_end - start > cap)
		start = ring_end - cap + sizeof(dropped);
	if (start && cap > sizeof(dropped)) {
		memcpy(buf, dropped, sizeof(dropped) - 1);
		n = sizeof(dropped) - 1;
		while (start < ring_end && ring[start++ % LOG_RING_BYTES] != '\n')
			;
	}
	while (start < ring_end && n < cap)
		buf[n++] = ring[start++ % LOG_RING_BYTES];
	unlock(flags);
	return n;
}

int ksnprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;
	size_t len;

	va_start(args, fmt);
	len = fmt_vsnprintf(buf, size, fmt, args);
	va_end(args);
	return (int)len;
}

void log_panic_unlock(void);
/* panic() may come from inside the log: take its lock away. */
void log_panic_unlock(void)
{
	__atomic_store_n(&log_lock, 0, __ATOMIC_RELEASE);
}
