/* kernel/ps/include/ps/signal.h: the mechanism of signals; the frame on the user's stack is compat's.
 *
 * A pending signal sets INTERRUPT_SIGNAL of a thread that may take it, SIGKILL
 * INTERRUPT_FATAL. Delivery happens on the way back to user mode.
 */
#ifndef PS_SIGNAL_H
#define PS_SIGNAL_H

#include <ds/list.h>
#include <nucleus/atomic.h>

struct process;
struct ps_thread;
struct wait_queue;

#define PS_NSIG 64
#define PS_SIGRTMIN 32	/* the kernel's first; libcs keep two for themselves */
#define SIGNAL_BIT(n) (1ull << ((n) - 1))

/* si_code of what the kernel makes (asm-generic/siginfo.h). */
#define SIGNAL_CODE_USER 0
#define SIGNAL_CODE_KERNEL 0x80
#define SIGNAL_CODE_QUEUE (-1)
#define SIGNAL_CODE_TIMER (-2)
#define SIGNAL_CODE_TKILL (-6)

/* The kernel's siginfo: the 128 bytes of Linux's, as the edge copies them out. */
struct signal_info {
	int32_t signo, err, code, pad;
	uint64_t fields[14];	/* pid|uid<<32, …: laid out as siginfo_t's union */
};
struct pending_signal { struct list_node node; struct signal_info info; };
struct signal_queue {
	uint64_t bits;
	struct list_node infos;	/* pending_signal; a standard signal at most once */
	uint32_t count;
};
struct signal_action { uint64_t handler, flags, restorer, mask; };
#define SIGNAL_DEFAULT 0ull
#define SIGNAL_IGNORE 1ull
struct sigactions {
	refcount_t refs;
	struct signal_action action[PS_NSIG];	/* [n-1] */
};

/* Send. @info NULL: a kernel-made SI_KERNEL. Returns: 0; -EAGAIN queue limit (real-time).
 * Context: any for kernel-made ones (timers). */
int signal_send_process(struct process *p, int sig, const struct signal_info *info);
int signal_send_thread(struct ps_thread *t, int sig, const struct signal_info *info);
void signal_send_group(uint32_t pgid, int sig, const struct signal_info *info);
/* A fault in the current thread: delivered even if blocked or ignored (then it kills).
 * Returns: whether it ends the process. */
bool signal_force_current(int sig, int code, uint64_t address);
/* End the current process by @sig as its default action would, at the next return to user mode. */
void signal_end_current(int sig);
/* May the current process signal @p? kill(2)'s rule. 0, -EPERM. */
int signal_permission(struct process *p, int sig);
/* kill(2) with its pid forms. */
int signal_kill(int32_t pid, int sig, const struct signal_info *info);

/* Take the next deliverable signal of the current thread (its mask applied), with its
 * action. Default actions are carried out inside (stop, continue, end). Returns: false
 * when there is none to be handled by a handler, or by an NT program as a console event. */
bool signal_take(struct signal_info *info, struct signal_action *action);
/* Take one of @set for sigtimedwait. Returns: signal number or 0. */
int signal_dequeue(uint64_t set, struct signal_info *info);
/* Whether the signal of a POSIX timer is still in the queue of @t, or of @p when that is NULL: then its
 * overruns are counted instead. */
bool signal_queued_for_timer(struct process *p, struct ps_thread *t, int sig, uint32_t timer_id);
/* Woken (POLLIN) when a signal may have come for @p; lives for ever. Others may share it. */
struct wait_queue *signal_watch_queue(const struct process *p);
bool signal_is_pending(void);	/* unblocked, for the current thread */
uint64_t signal_pending_set(void);
void signal_set_mask(uint64_t mask);	/* of the current thread; SIGKILL and SIGSTOP stay out */
void signal_reset_for_exec(struct process *p);
int signal_set_action(int sig, const struct signal_action *new, struct signal_action *old);
void signal_queue_init(struct signal_queue *q);
void signal_queue_flush(struct signal_queue *q);
bool signal_is_ignored_or_blocked(int sig);	/* current thread: tty's rule */

#endif
