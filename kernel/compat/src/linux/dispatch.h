/* kernel/compat/src/linux/dispatch.h: tables made from abi/linux/syscalls.def. */
#ifndef COMPAT_DISPATCH_H
#define COMPAT_DISPATCH_H

#include <compat/linux.h>

#define LINUX_NCALLS 512
#define NO_CALL (~0ull)		/* trap_frame.error when the thread is in no system call */

typedef int64_t (*linux_call)(const uint64_t a[6]);
extern const linux_call linux_calls[LINUX_NCALLS];	/* NULL: absent */
extern const linux_call service_calls[LINUX_NCALLS];	/* DECISIONS 18 */
const char *linux_call_name(uint64_t nr);		/* NULL: no such call */

static inline bool is_restart_code(int64_t ret)
{
	return ret >= -ERESTART_RESTARTBLOCK && ret <= -ERESTARTSYS;
}

#define MAX_ERRNO 133		/* EHWPOISON: what lies above is no error of a program */
/* A program was answered @ret by call @nr; see ../outcomes.h. */
void linux_tell_outcome(uint64_t nr, int64_t ret);

/* strace.c: before and after a call. @state: the traced line. */
struct strace_line;
struct strace_line *strace_begin(uint64_t nr, const uint64_t a[6]);	/* NULL: no memory */
void strace_end(struct strace_line *line, int64_t ret);
void strace_signal(const struct signal_info *info);

/* One log line a program and call: of calls that do not exist and brokers that are refused.
 * Returns: true the first time. */
bool log_once_for_program(const char *comm, uint64_t nr);

/* service_fault.c: log where the current service faulted. May sleep. */
void service_fault_report(const struct trap_frame *f, uint64_t address);
/* The service has not answered a call in time: log, once, where its threads are. Sleeps. */
void service_stall_report(uint32_t pid);

void compat_syscall(struct trap_frame *f);
void compat_user_return(struct trap_frame *f);
void compat_user_exception(struct trap_frame *f);
void compat_page_fault(struct trap_frame *f, uint64_t address, uint64_t error);

#endif
