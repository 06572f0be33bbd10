/* services/initd/src/system.h: the system volume, and the logins of a machine that has one.
 *
 * The volume is the partition of STORAGE_SYSTEM_VOLUME's type on any disk. It becomes "/", with the drive C: of Windows
 * programs in its folder windows/; what is the machine's own (/dev, /proc, /run, …) stays laid over it.
 */
#ifndef INITD_SYSTEM_H
#define INITD_SYSTEM_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

/* Make the system volume the root, if there is one. Returns: whether it is; what fails is logged. */
bool system_mount(void);

/* Start the logins: on the terminal /dev/@terminal of type @term unless that is NULL, and on the screen.
 * @signal_mask: what is blocked in programs. */
void system_begin(const char *terminal, const char *term, const sigset_t *signal_mask);

/* @pid has ended: who has logged out may log in again. */
void system_reaped(pid_t pid);

/* Ask every program to end, and wait a while until they have. */
void system_end(void);

#endif
