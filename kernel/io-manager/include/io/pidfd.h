/* kernel/io-manager/include/io/pidfd.h: processes as files (man 2 pidfd_open).
 *
 * A pidfd keeps its process from being mistaken for another of the same number; it is
 * readable for poll(2) once the process has ended.
 */
#ifndef IO_PIDFD_H
#define IO_PIDFD_H

#include <io/file.h>

struct process;

/* @p: a reference is taken; NULL: of a process that is gone. @flags: O_NONBLOCK. 0, -ENOMEM. */
int pidfd_create_file(struct process *p, uint32_t flags, struct file **out);
bool file_is_pidfd(const struct file *f);
/* Borrowed; NULL when it was gone from the start. */
struct process *pidfd_process(const struct file *f);

#endif
