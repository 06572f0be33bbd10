/* kernel/compat/src/nt/apc.h: what interrupts an NT thread: APCs, alerts, suspension. */
#ifndef COMPAT_NT_APC_H
#define COMPAT_NT_APC_H

#include "nt.h"

struct nt_apc {
	struct list_node node;
	uint64_t function, arguments[3];	/* user addresses and words: function(a0, a1, a2) */
	bool is_owned;		/* by who queued it: a timer's. Else it is the queue's, which frees it */
	bool is_queued;		/* an owned one; the lock of its thread */
};

/* Queue a user APC to @t: it runs when @t next waits alertably or tests for one. 0, -ENOMEM, -ESRCH it has ended. */
int nt_apc_queue(struct ps_thread *t, uint64_t function, uint64_t a0, uint64_t a1, uint64_t a2);
/* The same for @apc, which is the caller's and stays; one that waits in the queue already stays there as it is.
 * Context: any. False: the thread has ended. */
bool nt_apc_queue_owned(struct ps_thread *t, struct nt_apc *apc);
/* After return @apc is in no queue. */
void nt_apc_unqueue(struct ps_thread *t, struct nt_apc *apc);
/* A wait came back with -EINTR. Returns: 0: wait on; STATUS_USER_APC, STATUS_ALERTED, STATUS_THREAD_IS_TERMINATING:
 * the wait ends. */
ntstatus nt_wait_interrupted(bool alertable);
/* End an alertable wait of @t, or its next. STATUS_INVALID_CID: no thread of NT. */
ntstatus nt_alert(struct ps_thread *t);
/* NtAlertThread came: take it. */
bool nt_take_alert(void);
/* Take an alert (true), or let the user APCs that wait run when this call ends. */
bool nt_test_alert(void);
/* Deliver the next user APC through KiUserApcDispatcher on the way to user mode; the context that goes on
 * afterwards gets @status in rax. False: there is none. */
bool nt_apc_deliver(struct trap_frame *f, ntstatus status);
void nt_apcs_free(struct nt_thread *t);
extern const struct wait_source_ops nt_alert_ops;	/* alert_id.c */

/* suspend.c: stay here while the thread's suspend count is not zero. Context: process, no locks. */
void nt_suspend_point(void);

#endif
