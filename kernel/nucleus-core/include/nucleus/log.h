/* kernel/nucleus-core/include/nucleus/log.h: structured logging and panic.
 *
 *   log_info(VFS, "mounted %s", name);
 *
 * A line goes to the ring and, when mirrored, to QEMU's debug console (port E9h).
 * Levels come from config/system.toml at build time, and fw_cfg may raise them.
 * Context: any, interrupts included; never sleeps, never allocates.
 */
#ifndef NUCLEUS_LOG_H
#define NUCLEUS_LOG_H

#include <stdarg.h>
#include <nucleus/compiler.h>
#include <observability/log.h>

extern uint8_t log_thresholds[LOG_CAT_COUNT];

#define log_enabled(level, cat) log_passes(level, log_thresholds[LOG_CAT_##cat])
#define log_at(level, cat, ...) do { \
	if (log_enabled(level, cat)) \
		log_write(level, LOG_CAT_##cat, __FILE__, __LINE__, __VA_ARGS__); \
} while (0)
#define log_trace(cat, ...) log_at(LOG_TRACE, cat, __VA_ARGS__)
#define log_debug(cat, ...) log_at(LOG_DEBUG, cat, __VA_ARGS__)
#define log_info(cat, ...) log_at(LOG_INFO, cat, __VA_ARGS__)
#define log_warn(cat, ...) log_at(LOG_WARN, cat, __VA_ARGS__)
#define log_error(cat, ...) log_at(LOG_ERROR, cat, __VA_ARGS__)

/* At most one line a second from this call site; how many were left out is said
 * before the next one. */
#define log_ratelimited(level, cat, ...) do { \
	static struct log_ratelimit rl_; \
	if (log_enabled(level, cat) && log_ratelimit_pass(&rl_)) \
		log_write(level, LOG_CAT_##cat, __FILE__, __LINE__, __VA_ARGS__); \
} while (0)

bool log_ratelimit_pass(struct log_ratelimit *rl);
void log_write(enum log_level level, enum log_category cat, const char *file, int line, const char *fmt, ...) __printf(5, 6);
/* A user-space service's line: @text is already one line. */
void log_write_service(enum log_level level, enum log_category cat, const char *service, uint32_t pid, const char *text, size_t len);

/* What a line says of its writer; filled in by higher modules at boot. */
struct log_ops {
	uint64_t (*now_ns)(void);
	void (*current_ids)(uint32_t *pid, uint32_t *tid);
};
void log_set_ops(const struct log_ops *ops);

/* A screen: told of every line, shortened, and of a panic's text. Under the log's lock, any
 * context; show_panic once, at the end of a panic, and never returns to anybody. */
struct log_screen {
	void (*write)(const char *text, size_t len);
	void (*show_panic)(void);
};
void log_set_screen(const struct log_screen *screen);

/* CATEGORY=LEVEL lines, from fw_cfg, over the thresholds that were built in. */
void log_configure(const char *list, size_t len);

/* Copy the newest lines of the ring. Returns the count. */
size_t log_snapshot(char *buf, size_t cap);

/* Stop the machine: message, registers if @frame, symbolised backtrace, the last log
 * lines, all on the debug console; then isa-debug-exit or halt. Other CPUs stop. */
void panic(const char *fmt, ...) __noreturn __printf(1, 2);
#define ASSERT(cond) do { \
	if (unlikely(!(cond))) \
		panic("%s:%d: assertion failed: %s", __FILE__, __LINE__, #cond); \
} while (0)
#ifdef CONFIG_DEBUG
#define DEBUG_ASSERT(cond) ASSERT(cond)
#else
#define DEBUG_ASSERT(cond) ((void)sizeof(cond))
#endif

/* Name of the function that holds @addr, and the offset in it. NULL when unknown. */
const char *ksym_lookup(uint64_t addr, uint64_t *offset);
/* Functions of loaded modules are looked up with @lookup, which must hold in a panic: no locks. */
void ksym_set_modules(const char *(*lookup)(uint64_t addr, uint64_t *offset));
/* printf to the debug console and the ring, without structure (early boot, panic). */
void log_raw(const char *fmt, ...) __printf(1, 2);
int ksnprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);

#endif
