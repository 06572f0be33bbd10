/* kernel/compat/src/nt/console.h: terminals as consoles, and the keys that become events. */
#ifndef COMPAT_NT_CONSOLE_H
#define COMPAT_NT_CONSOLE_H

#include "nt.h"

/* SIGINT or SIGQUIT came for the current NT process: its handlers run on a thread of their own, at kernelbase's CtrlRoutine.
 * Before kernelbase is there it ends. */
void nt_console_signal(int sig);
/* Does the current thread end its process because no handler of a console event wanted it? */
bool nt_console_event_ends(void);
/* thread_start.c: a thread of the current process that runs @entry(@event). 0, -ENOMEM, -ESRCH … */
int nt_run_console_event(uint64_t entry, uint64_t event);

#endif
