/* kernel/compat/src/linux/strace_names.h: names and meanings of error numbers, names of signals. */
#ifndef COMPAT_STRACE_NAMES_H
#define COMPAT_STRACE_NAMES_H

const char *strace_errno_name(int err, const char **meaning);	/* NULL: unknown */
const char *strace_signal_name(int sig);	/* without SIG; NULL: real-time or none */

#endif
