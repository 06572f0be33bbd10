/* kernel/compat/include/compat/linux.h: what the files of the Linux edge share.
 *
 * Every call is `int64_t linux_sys_NAME(const uint64_t a[6])` with the registers rdi rsi
 * rdx r10 r8 r9; it copies in, checks, calls the mechanism, copies out. It returns the
 * value for rax: a negative errno, or one of the codes below, which user mode never
 * sees: the dispatcher turns them into -EINTR or runs the call again (man 7 signal).
 *
 * Mechanisms return -EINTR when a signal ended a sleep; the call chooses:
 *   -ERESTARTSYS            runs again if the handler has SA_RESTART or none ran
 *   -ERESTARTNOHAND         runs again only if no handler ran
 *   -ERESTARTNOINTR         always runs again
 *   -ERESTART_RESTARTBLOCK  if no handler ran, restart_syscall(2) goes on
 */
#ifndef COMPAT_LINUX_H
#define COMPAT_LINUX_H

#include <errno.h>
#include <lowlevel/trap.h>
#include <nucleus/compiler.h>
#include <ps/process.h>

#define ERESTARTSYS 512
#define ERESTARTNOINTR 513
#define ERESTARTNOHAND 514
#define ERESTART_RESTARTBLOCK 516

#define INTERRUPT_LINUX (INTERRUPT_SIGNAL | INTERRUPT_FATAL)	/* what ends an interruptible sleep */
#define LINUX_SIGSET_BYTES 8

#define SYSCALL(nr, name, run, owner, ...) int64_t linux_sys_##name(const uint64_t a[6]);
#include "linux/syscalls.def"
#undef SYSCALL

static inline void __user *user_ptr(uint64_t address)
{
	return (void __user *)(uintptr_t)address;
}

/* -EINTR becomes -ERESTARTSYS; everything else stays. */
static inline int64_t linux_restartable(int64_t ret)
{
	return ret == -EINTR ? -ERESTARTSYS : ret;
}

/* ppoll, pselect6, epoll_pwait, rt_sigsuspend: put the mask at @user_mask (0: none) in force for
 * this call. Returns: 0; -EINVAL @bytes; -EFAULT. */
int linux_set_temporary_mask(uint64_t user_mask, uint64_t bytes);
/* The call has its result. Interrupted: the old mask comes back once a handler's frame stands. */
void linux_end_temporary_mask(bool interrupted);

/* Remember how restart_syscall(2) goes on. Returns: -ERESTART_RESTARTBLOCK. */
int64_t linux_set_restart(int64_t (*fn)(struct ps_thread *t), uint64_t deadline_ns, uint64_t a0, uint64_t a1, uint64_t a2,
	uint64_t a3);

/* A struct timespec of user memory as nanoseconds. Returns: 0; -EFAULT; -EINVAL negative or
 * nanoseconds out of range. Too long to count becomes the longest. */
int linux_timespec_in(uint64_t user_address, uint64_t *ns);
int linux_timespec_out(uint64_t user_address, uint64_t ns);
int linux_timeval_in(uint64_t user_address, uint64_t *ns);
int linux_timeval_out(uint64_t user_address, uint64_t ns);
#define LINUX_TIME_MAX_NS (1ull << 62)
/* The monotonic time @ns from now; never 0, which would mean no deadline. */
uint64_t linux_deadline_after(uint64_t ns);

/* Raise SIGPIPE in the current thread, as a write to a pipe nobody reads does. */
void linux_raise_sigpipe(void);

/* May the current process give @t this nice value, whoever owns it (man 2 getrlimit, RLIMIT_NICE)? */
bool linux_may_be_nice(const struct ps_thread *t, int nice);

/* A struct rusage of user memory. 0, -EFAULT. */
int linux_rusage_out(uint64_t user_address, const struct ps_wait_result *usage);

/* futex.c, for the ends of threads: wake @n waiters of a word. */
int64_t linux_futex_wake(uint64_t address, bool shared, uint32_t n);

/* ---- parts of the edge, set up by compat_init ---- */
void linux_futex_init(void);
void linux_time_init(void);
void linux_crash_init(void);				/* deliberate faults: native_crash.c */
void linux_crash_if_wanted(void);
void linux_vdso_init(void);
/* rseq.c: before the current thread, which has one, goes on at @f (INTERRUPT_RETURN), or in a handler. */
void linux_rseq_return(struct trap_frame *f);
void linux_rseq_signal(struct trap_frame *f);
bool linux_core_dump(const struct signal_info *info);	/* core_dump.c */
void linux_thread_exiting(struct ps_thread *t);		/* robust list, clear_child_tid */
void linux_timers_exiting(struct process *p);		/* POSIX and interval timers */
void linux_timers_exec(struct process *p);
void linux_timers_released(struct process *p);
void linux_timers_clock_was_set(void);
void linux_set_realtime(uint64_t ns);			/* and tell who waits for a time of day */
void linux_limits_changed(struct process *p);		/* RLIMIT_CPU */
void linux_timer_signal_taken(struct signal_info *info);	/* fills in the overruns of a timer's signal */
void linux_deliver(struct trap_frame *f);		/* pending signals and restarts, interrupts on */
int64_t linux_call_native(struct trap_frame *f);

/* The frame of the call being run. */
static inline struct trap_frame *linux_frame(void) { return trap_user_frame(); }

#endif
