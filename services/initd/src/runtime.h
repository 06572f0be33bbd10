/* services/initd/src/runtime.h: runtimed, the service manager of a machine that one works in.
 *
 * It is a Linux program of the machine's bundle; a machine whose bundle has none goes without.
 * initd starts it and, when it dies, again: it finds what it left running.
 */
#ifndef INITD_RUNTIME_H
#define INITD_RUNTIME_H

#include <signal.h>
#include <sys/types.h>

/* Start runtimed if the bundle has it. @signal_mask: what is blocked in programs. */
void runtime_begin(const sigset_t *signal_mask);

/* @pid has ended. If it was runtimed, start it again, unless it died too often. */
void runtime_reaped(pid_t pid);

/* Have runtimed end what it started, in order, and wait for it, so long as RUNTIME_END_SECONDS. */
void runtime_end(void);

#define RUNTIME_END_SECONDS 30

#endif
