/* kernel/compat/src/outcomes.h: which call answered with which error.
 *
 * With the log's category `syscall` at `debug`, the log tells each pair of a call and an error that
 * a program was answered, once a machine. ./x test has it told by its machines and compares the
 * pairs with those that abi/linux/errors.def and abi/nt/errors.def promise.
 *
 * Context: any. Nothing sleeps; without that level it costs one comparison.
 */
#ifndef COMPAT_OUTCOMES_H
#define COMPAT_OUTCOMES_H

#include <nucleus/log.h>

enum outcome_edge { OUTCOME_LINUX, OUTCOME_NT };

static inline bool outcomes_are_told(void)
{
	return unlikely(log_enabled(LOG_DEBUG, SYSCALL));
}

/* Call @index of @edge, called @name there, answered @status: an errno (positive) or an NTSTATUS. */
void outcome_tell(enum outcome_edge edge, uint32_t index, const char *name, uint32_t status);

#endif
