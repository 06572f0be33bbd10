/* kernel/nucleus-core/src/log.c: the log ring and the debug console.
 *
 * Locking: log_lock (a plain flag with interrupts off, so that any context may
 * log) guards the ring and the order of lines on the console.
 */
#include <format/format.h>
#include <log_config.h>
#include <nucleus/log.h>
#include <observability/text_ring.h>
#include <string.h>

#define LINE_MAX 1024
#define RATELIMIT_NS NSEC_PER_SEC
#define DEBUGCON_PORT 0xe9
#define SERIAL_PORT 0x3f8
#define SERIAL_IS_EMPTY 0x20
#define SERIAL_TRIES 100000u
#define TICK_NS (4 * NSEC_PER_MSEC)

uint8_t log_thresholds[LOG_CAT_COUNT] = {
#define LOG_CATEGORY(upper, name) LOG_LEVEL_##upper,
#include "log_categories.def"
#undef LOG_CATEGORY
};

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
static char ring_bytes[LOG_RING_BYTES];
static struct text_ring ring = { .buf = ring_bytes, .size = sizeof(ring_bytes) };
static uint64_t next_seq;
static const struct log_screen *screen;
static bool is_panicking;

void log_set_ops(const struct log_ops *new_ops)
{
	ops = *new_ops;
}

void log_set_screen(const struct log_screen *new_screen)
{
	screen = new_screen;
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

static void screen_write(const char *text, size_t len)
{
	if (screen)
		screen->write(text, len);
}

/* The first serial port, polled: a terminal in better times, so nothing but a panic goes there. */
static void serial_write(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		uint8_t status = 0;

		for (unsigned tries = 0; tries < SERIAL_TRIES && !(status & SERIAL_IS_EMPTY); tries++)
			__asm__ volatile("inb %1, %0" : "=a"(status) : "d"((uint16_t)(SERIAL_PORT + 5)));
		if (s[i] == '\n')
			__asm__ volatile("outb %0, %1" : : "a"((uint8_t)'\r'), "d"((uint16_t)SERIAL_PORT));
		__asm__ volatile("outb %0, %1" : : "a"(s[i]), "d"((uint16_t)SERIAL_PORT));
	}
}

static void emit(const char *line, size_t len)
{
	text_ring_append(&ring, line, len);
	if (LOG_SERIAL_MIRROR)
		console_write(line, len);
}

/* What a reader wants who cannot search: when, of what, and the text. */
static void screen_line(const struct log_line *l, const char *text, size_t len)
{
	char line[LINE_MAX];
	int n;

	if (!screen)
		return;
	n = ksnprintf(line, sizeof(line), "[%5llu.%06llu] %s: %.*s\n", (unsigned long long)(l->ts_us / 1000000),
		      (unsigned long long)(l->ts_us % 1000000), log_category_name(l->category), (int)len, text);
	screen_write(line, MIN((size_t)n, sizeof(line) - 1));
}

static void write_line(struct log_line *l, const char *text, size_t len)
{
	char line[LINE_MAX];
	uint64_t now = ops.now_ns(), flags;

	l->ts_us = now / NSEC_PER_USEC;
	l->tick = now / TICK_NS;
	flags = lock();
	l->seq = next_seq++;
	emit(line, log_line_format(line, sizeof(line), l, text, len));
	screen_line(l, text, len);
	unlock(flags);
}

void log_write(enum log_level level, enum log_category cat, const char *file, int line_number, const char *fmt, ...)
{
	struct log_line l = { .level = level, .category = cat, .module = file, .line = (unsigned int)line_number };
	char text[LINE_MAX - 160];
	size_t len;
	va_list args;

	va_start(args, fmt);
	len = fmt_vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	ops.current_ids(&l.pid, &l.tid);
	write_line(&l, text, MIN(len, sizeof(text) - 1));
}

void log_write_service(enum log_level level, enum log_category cat, const char *service, uint32_t pid,
		       const char *text, size_t len)
{
	struct log_line l = { .level = level, .category = cat, .module = service, .pid = pid, .tid = pid };

	if (level > LOG_OFF && level < LOG_LEVEL_COUNT && cat < LOG_CAT_COUNT && log_passes(level, log_thresholds[cat]))
		write_line(&l, text, len);
}

bool log_ratelimit_pass(struct log_ratelimit *rl)
{
	uint32_t suppressed;

	if (!log_ratelimit_pass_at(rl, ops.now_ns(), RATELIMIT_NS, &suppressed))
		return false;
	if (suppressed)
		log_warn(DEBUG, "%u lines like the next one were left out", suppressed);
	return true;
}

void log_configure(const char *list, size_t len)
{
	enum log_category cat;
	enum log_level level;

	for (size_t at = 0, end; at < len; at = end + 1) {
		for (end = at; end < len && list[end] != '\n'; end++)
			;
		if (end == at)
			continue;
		if (log_threshold_parse(list + at, end - at, &cat, &level))
			log_warn(BOOT, "log threshold '%.*s' is not understood", (int)(end - at), list + at);
		else
			log_thresholds[cat] = (uint8_t)level;
	}
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
	len = MIN(len, sizeof(text) - 1);
	emit(text, len);
	if (is_panicking) {
		screen_write(text, len);
		serial_write(text, len);
	}
	unlock(flags);
}

size_t log_snapshot(char *buf, size_t cap)
{
	uint64_t flags = lock();
	size_t n = text_ring_snapshot(&ring, buf, cap);

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

void log_panic_begin(void);
/* panic() may come from inside the log: take its lock away. */
void log_panic_begin(void)
{
	__atomic_store_n(&log_lock, 0, __ATOMIC_RELEASE);
	is_panicking = true;
}

void log_panic_show(void);
void log_panic_show(void)
{
	if (screen)
		screen->show_panic();
}
