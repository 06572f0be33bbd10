/* kernel/compat/src/linux/process_access.h: reaching into other processes. */
#ifndef COMPAT_PROCESS_ACCESS_H
#define COMPAT_PROCESS_ACCESS_H

#include <compat/linux.h>

/* May the current process do to @p what a debugger may (man 2 ptrace, PTRACE_MODE_ATTACH_REALCREDS)?
 * 0, -EPERM. */
int linux_may_attach(struct process *p);
/* The process of descriptor @fd, a reference. Returns: 0; -EBADF no pidfd; -ESRCH it is gone. */
int linux_pidfd_process(int fd, struct process **out);
/* A pidfd for the process @pid, which has just been made, at the user address @where. */
int64_t linux_store_pidfd(uint32_t pid, uint64_t where);

#endif
