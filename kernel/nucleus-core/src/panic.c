/* kernel/nucleus-core/src/panic.c: the end of the machine, told as well as possible. */
#include <format/format.h>
#include <nucleus/panic.h>
#include <nucleus/log.h>

#define PANIC_LOG_BYTES 4096

struct panic_ops panic_ops;
static uint32_t panicking;

void log_panic_begin(void);
void log_panic_show(void);

static void __noreturn stop(void)
{
	if (panic_ops.halt)
		panic_ops.halt();
	for (;;)
		__asm__ volatile("cli; hlt");
}

static void __noreturn die(const struct trap_frame *frame, uint64_t rbp, uint64_t rip, const char *fmt, va_list args)
{
	static char text[512], tail[PANIC_LOG_BYTES];
	size_t n;

	__asm__ volatile("cli");
	if (__atomic_exchange_n(&panicking, 1, __ATOMIC_ACQ_REL))
		stop();
	if (panic_ops.stop_others)
		panic_ops.stop_others();
	log_panic_begin();
	n = log_snapshot(tail, sizeof(tail) - 1);
	tail[n] = 0;
	fmt_vsnprintf(text, sizeof(text), fmt, args);
	log_raw("\n=== PANIC: %s\n", text);
	if (panic_ops.dump)
		panic_ops.dump(frame, rbp, rip);
	log_raw("--- last log lines\n");
	for (char *line = tail, *p = tail; *p; p++) {
		if (*p != '\n')
			continue;
		*p = 0;
		log_raw("%s\n", line);
		line = p + 1;
	}
	log_raw("=== END OF PANIC\n");
	log_panic_show();
	stop();
}

void panic(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	die(NULL, (uint64_t)(uintptr_t)__builtin_frame_address(0), (uint64_t)(uintptr_t)__builtin_return_address(0), fmt, args);
}

void panic_frame(const struct trap_frame *frame, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	die(frame, 0, 0, fmt, args);
}

void __stack_chk_fail(void) __noreturn;
/* The compiler's check of the canary in a frame failed. */
void __stack_chk_fail(void)
{
	panic("stack smashed");
}
