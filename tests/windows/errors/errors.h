/* errors/errors.h: handles to call services wrongly with.
 *
 * Each program here calls the services of one area with every argument wrong in turn. A line
 * tells what was wrong and which status came.
 */
#ifndef ERRORS_H
#define ERRORS_H

#include "../objects/nt.h"
#include "../objects/report.h"

/* No process has so many handles. */
#define NO_HANDLE ((HANDLE)(ULONG_PTR)0x7ffff0)
/* In no process's memory. */
#define NOWHERE ((void *)(ULONG_PTR)0x10)
#define INVALID_PARAMETER_1 0xc00000efu
#define INVALID_PARAMETER_12 0xc00000fau
#define PAGE 0x1000u
#define GRANULE 0x10000u

/* A handle to this process with @access alone. */
static inline HANDLE process_with(ACCESS_MASK access)
{
	HANDLE handle = NULL;

	DuplicateHandle(GetCurrentProcess(), GetCurrentProcess(), GetCurrentProcess(), &handle, access, FALSE, 0);
	return handle;
}

static inline HANDLE an_event(void)
{
	return CreateEventW(NULL, TRUE, FALSE, NULL);
}

/* What is wrong with an argument's value: Windows says in most services which argument it was,
 * Wine in few. Print that one was wrong, or the status. */
static inline void report_refusal(const char *what, NTSTATUS status)
{
	ULONG s = (ULONG)status;

	if (s == STATUS_INVALID_PARAMETER || (s >= INVALID_PARAMETER_1 && s <= INVALID_PARAMETER_12))
		report(what, "invalid parameter");
	else
		report_status(what, status);
}

#endif
