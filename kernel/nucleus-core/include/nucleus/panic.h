/* kernel/nucleus-core/include/nucleus/panic.h: what higher modules lend to panic(). */
#ifndef NUCLEUS_PANIC_H
#define NUCLEUS_PANIC_H

#include <nucleus/compiler.h>

struct trap_frame;

struct panic_ops {
	void (*stop_others)(void);	/* other CPUs halt */
	void (*dump)(const struct trap_frame *frame, uint64_t rbp, uint64_t rip);	/* registers, backtrace */
	void (*halt)(void) __noreturn;	/* isa-debug-exit, or hlt for ever */
};
extern struct panic_ops panic_ops;

/* As panic(), with the trap frame of the fault. */
void panic_frame(const struct trap_frame *frame, const char *fmt, ...) __noreturn __attribute__((format(printf, 2, 3)));

#endif
