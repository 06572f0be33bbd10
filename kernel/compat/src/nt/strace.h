/* kernel/compat/src/nt/strace.h: NT calls as a trace shows them, from the typed arguments of abi/nt/syscalls.def. */
#ifndef COMPAT_NT_STRACE_H
#define COMPAT_NT_STRACE_H

#include "nt.h"

struct nt_strace_line;

/* Before a service runs: take what it reads. @a holds as many slots as its line has arguments.
 * Returns: the line, for nt_strace_end(); NULL: no memory, or a service that does not come back
 * and is written already. Sleeps. */
struct nt_strace_line *nt_strace_begin(enum nt_service_index service, const uint64_t *a);
/* After it: add what it filled, write the line and free it. NULL is fine. Sleeps. */
void nt_strace_end(struct nt_strace_line *line, ntstatus status);

#endif
