/* kernel/compat/src/nt/alert_id.c: NtWaitForAlertByThreadId and NtAlertThreadByThreadId: what critical sections,
 * condition variables and WaitOnAddress sleep on. An alert that comes first is kept. */
#include "apc.h"
#include "sync.h"

static bool is_ready(struct wait_source *s, struct thread *t)
{
	return container_of(s, struct nt_thread, alert_source)->has_id_alert;
}

static bool consume(struct wait_source *s, struct thread *t)
{
	container_of(s, struct nt_thread, alert_source)->has_id_alert = false;
	return false;
}

const struct wait_source_ops nt_alert_ops = { is_ready, consume };

ntstatus nt_sys_NtAlertThreadByThreadId(const uint64_t *a)
{
	struct ps_thread *t = ps_find_thread((uint32_t)(a[0] / 4));
	struct nt_thread *nt;
	uint64_t flags;

	if (!t)
		return STATUS_INVALID_CID;
	nt = t->nt;
	if (!nt || t->process != ps_current()) {
		ps_thread_put(t);
		return nt ? STATUS_ACCESS_DENIED : STATUS_INVALID_CID;
	}
	flags = wait_source_lock(&nt->alert_source);
	nt->has_id_alert = true;
	wait_source_unlock(&nt->alert_source, flags);
	wait_source_signal(&nt->alert_source);
	ps_thread_put(t);
	return STATUS_SUCCESS;
}

ntstatus nt_sys_NtWaitForAlertByThreadId(const uint64_t *a)
{
	struct wait_source *source = &nt_current_thread()->alert_source;
	uint64_t deadline_ns;
	ntstatus status = nt_deadline_in(a[1], &deadline_ns);

	if (status)
		return status;
	status = nt_wait(&source, 1, false, false, deadline_ns);
	return status ? status : STATUS_ALERTED;
}
