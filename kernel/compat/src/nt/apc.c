/* kernel/compat/src/nt/apc.c: user APCs and alerts (Microsoft Learn, "Asynchronous Procedure Calls").
 *
 * Locking: nt_thread.lock (NT_THREAD, interrupts off) guards the queue and the alert.
 */
#include "apc.h"

#include <asm/signal.h>
#include <mm/heap.h>

#include "context.h"

#include "../linux/dispatch.h"

HEAP_CACHE(apc_cache, "nt-apc", sizeof(struct nt_apc));

int nt_apc_queue(struct ps_thread *t, uint64_t function, uint64_t a0, uint64_t a1, uint64_t a2)
{
	struct nt_thread *nt = t->nt;
	struct nt_apc *apc = nt ? heap_cache_alloc(&apc_cache, 0) : NULL;
	uint64_t flags;

	if (!apc)
		return nt ? -ENOMEM : -ESRCH;
	*apc = (struct nt_apc){ .function = function, .arguments = { a0, a1, a2 } };
	flags = spin_lock_irqsave(&nt->lock);
	if (t->is_exiting) {
		spin_unlock_irqrestore(&nt->lock, flags);
		heap_cache_free(&apc_cache, apc);
		return -ESRCH;
	}
	list_add_tail(&apc->node, &nt->apcs);
	spin_unlock_irqrestore(&nt->lock, flags);
	thread_interrupt(&t->thread, INTERRUPT_USER_APC);
	return 0;
}

bool nt_apc_queue_owned(struct ps_thread *t, struct nt_apc *apc)
{
	struct nt_thread *nt = t->nt;
	uint64_t flags = spin_lock_irqsave(&nt->lock);
	bool can_run = !t->is_exiting;

	apc->is_owned = true;
	if (can_run && !apc->is_queued) {
		apc->is_queued = true;
		list_add_tail(&apc->node, &nt->apcs);
	}
	spin_unlock_irqrestore(&nt->lock, flags);
	if (can_run)
		thread_interrupt(&t->thread, INTERRUPT_USER_APC);
	return can_run;
}

void nt_apc_unqueue(struct ps_thread *t, struct nt_apc *apc)
{
	struct nt_thread *nt = t->nt;
	uint64_t flags = spin_lock_irqsave(&nt->lock);

	if (apc->is_queued)
		list_del(&apc->node);
	apc->is_queued = false;
	if (list_is_empty(&nt->apcs) && !nt->is_alerted)
		thread_clear_interrupt(&t->thread, INTERRUPT_USER_APC);
	spin_unlock_irqrestore(&nt->lock, flags);
}

/* The first one's copy goes to *@out. False: there is none. */
static bool take_apc(struct ps_thread *t, struct nt_apc *out)
{
	struct nt_thread *nt = t->nt;
	uint64_t flags = spin_lock_irqsave(&nt->lock);
	struct nt_apc *apc = list_first_entry(&nt->apcs, struct nt_apc, node);

	if (apc) {
		list_del(&apc->node);
		*out = *apc;
		apc->is_queued = false;
	}
	if (list_is_empty(&nt->apcs) && !nt->is_alerted)
		thread_clear_interrupt(&t->thread, INTERRUPT_USER_APC);
	spin_unlock_irqrestore(&nt->lock, flags);
	if (apc && !out->is_owned)
		heap_cache_free(&apc_cache, apc);
	return apc;
}

void nt_apcs_free(struct nt_thread *t)
{
	struct nt_apc *apc;

	while ((apc = list_first_entry(&t->apcs, struct nt_apc, node))) {
		list_del(&apc->node);
		heap_cache_free(&apc_cache, apc);
	}
}

bool nt_take_alert(void)
{
	struct ps_thread *t = ps_current_thread();
	struct nt_thread *nt = t->nt;
	uint64_t flags = spin_lock_irqsave(&nt->lock);
	bool was = nt->is_alerted;

	nt->is_alerted = false;
	if (list_is_empty(&nt->apcs))
		thread_clear_interrupt(&t->thread, INTERRUPT_USER_APC);
	spin_unlock_irqrestore(&nt->lock, flags);
	return was;
}

/* Signals that stop a thread, or go to its console; any other ends it. */
#define COME_BACK (SIGNAL_BIT(SIGSTOP) | SIGNAL_BIT(SIGTSTP) | SIGNAL_BIT(SIGTTIN) | SIGNAL_BIT(SIGTTOU) | \
		   SIGNAL_BIT(SIGCONT) | SIGNAL_BIT(SIGINT) | SIGNAL_BIT(SIGQUIT) | SIGNAL_BIT(SIGCHLD) | \
		   SIGNAL_BIT(SIGURG) | SIGNAL_BIT(SIGWINCH))

ntstatus nt_wait_interrupted(bool alertable)
{
	struct ps_thread *t = ps_current_thread();
	uint32_t interrupts = READ_ONCE(t->thread.interrupts);

	/* The end comes on the way out, once the callers have let go of what they hold. */
	if ((interrupts & INTERRUPT_FATAL) || (signal_pending_set() & ~t->blocked & ~COME_BACK))
		return STATUS_THREAD_IS_TERMINATING;
	if (interrupts & INTERRUPT_SIGNAL)
		linux_deliver(trap_user_frame());
	if (!alertable || !(interrupts & INTERRUPT_USER_APC))
		return STATUS_SUCCESS;
	if (nt_take_alert())
		return STATUS_ALERTED;
	nt_current_thread()->runs_apc = true;
	return STATUS_USER_APC;
}

bool nt_test_alert(void)
{
	struct nt_thread *nt = nt_current_thread();

	if (nt_take_alert())
		return true;
	nt->runs_apc = !list_is_empty(&nt->apcs);
	return false;
}

#define CALL_FRAME 0x38u	/* return address, homes, the fifth argument, to 16n + 8 */
#define FUNCTION_OFFSET 0x28u

/* KiUserApcDispatcher(context, a0, a1, a2, function) as if it had been called. */
static bool push(struct trap_frame *f, const struct nt_apc *apc, ntstatus status)
{
	struct nt_context *c = kmalloc(sizeof(*c), 0);
	uint64_t at = ALIGN_DOWN(f->rsp - 128 - sizeof(*c), 16);
	bool ok;

	if (!c)
		return false;
	c->flags = CONTEXT_FULL | CONTEXT_SEGMENTS;
	nt_context_save(c, f);
	c->rax = status;
	ok = !nt_put(at, c, sizeof(*c)) && !nt_put64(at - CALL_FRAME + FUNCTION_OFFSET, apc->function);
	kfree(c);
	if (ok) {
		f->rsp = at - CALL_FRAME;
		f->rip = nt_current()->ntdll_base + nt_current()->entry->ki_user_apc_dispatcher;
		f->rcx = at;
		f->rdx = apc->arguments[0];
		f->r8 = apc->arguments[1];
		f->r9 = apc->arguments[2];
	}
	return ok;
}

bool nt_apc_deliver(struct trap_frame *f, ntstatus status)
{
	struct nt_apc apc;

	if (!take_apc(ps_current_thread(), &apc))
		return false;
	if (!push(f, &apc, status))
		ps_exit_group(STATUS_STACK_OVERFLOW, 0);
	return true;
}

ntstatus nt_sys_NtQueueApcThread(const uint64_t *a)
{
	struct ps_thread *t;
	ntstatus status = nt_thread_lookup(a[0], 0x0010, &t);	/* THREAD_SET_CONTEXT */
	int err;

	if (status)
		return status;
	err = nt_apc_queue(t, a[1], a[2], a[3], a[4]);
	ps_thread_put(t);
	return err == -ESRCH ? STATUS_UNSUCCESSFUL : nt_status(err);
}

ntstatus nt_sys_NtTestAlert(const uint64_t *a)
{
	return nt_test_alert() ? STATUS_ALERTED : STATUS_SUCCESS;
}

ntstatus nt_alert(struct ps_thread *t)
{
	struct nt_thread *nt = t->nt;
	uint64_t flags;

	if (!nt)
		return STATUS_INVALID_CID;
	flags = spin_lock_irqsave(&nt->lock);
	nt->is_alerted = true;
	spin_unlock_irqrestore(&nt->lock, flags);
	thread_interrupt(&t->thread, INTERRUPT_USER_APC);
	return STATUS_SUCCESS;
}

ntstatus nt_sys_NtAlertThread(const uint64_t *a)
{
	struct ps_thread *t;
	ntstatus status = nt_thread_lookup(a[0], 0x0004, &t);	/* THREAD_ALERT */

	if (status)
		return status;
	status = nt_alert(t);
	ps_thread_put(t);
	return status;
}
