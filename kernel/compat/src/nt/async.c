/* kernel/compat/src/nt/async.c: requests that outlast their calls, and how they are cancelled (Microsoft Learn:
 * CancelIo, CancelIoEx, CancelSynchronousIo; "Synchronous and Asynchronous I/O"). */
#include "async.h"

#include "apc.h"
#include "iocp.h"
#include "sync.h"

#define THREAD_TERMINATE 0x0001u

static bool is_ready(struct wait_source *s, struct thread *t)
{
	return container_of(s, struct nt_async, source)->is_done;
}

static bool consume(struct wait_source *s, struct thread *t)
{
	return false;
}

static const struct wait_source_ops done_ops = { is_ready, consume };

ntstatus nt_async_begin(struct nt_async *a, const struct nt_async_ops *ops, struct file *f, const struct nt_completion *c)
{
	struct ps_thread *t = ps_current_thread();
	ntstatus status = nt_completion_begin(c, f);

	if (!status)
		status = nt_completion_event(c, &a->event);
	if (status)
		return status;
	a->ops = ops;
	refcount_set(&a->refs, 1);
	a->file = f;
	a->to = *c;
	a->process = t->process;
	object_get(&a->process->object);
	a->thread = t;
	object_get(&t->object);
	a->is_synchronous = f && nt_is_synchronous(f);
	a->is_alertable = f && f->nt_open && (nt_open_of(f)->options & FILE_SYNCHRONOUS_IO_ALERT);
	wait_source_init(&a->source, &done_ops);
	return STATUS_SUCCESS;
}

void nt_async_put(struct nt_async *a)
{
	if (!refcount_put(&a->refs))
		return;
	object_put(a->event);
	ps_thread_put(a->thread);
	ps_put(a->process);
	a->ops->release(a);
}

void nt_async_issue(struct nt_async *a)
{
	struct nt_process *p = a->process->nt;

	a->is_issued = true;
	refcount_get(&a->refs);
	spin_lock(&p->async_lock);
	list_add_tail(&a->by_process, &p->asyncs);
	spin_unlock(&p->async_lock);
}

/* ---- memory of the issuer ---- */

static bool is_in_its_space(const struct nt_async *a)
{
	return ps_current_is_process() && a->process == ps_current() && !ps_current_thread()->is_exiting;
}

static bool copy_between_spaces(const struct nt_async *a, uint64_t address, void *buf, uint32_t n, bool write)
{
	struct mm_space *s = ps_space_get(a->process);
	int64_t done = 0;

	while (s && done < n) {
		int64_t got = mm_space_copy(s, address + (uint64_t)done, (char *)buf + done, n - (uint64_t)done, write);

		if (got <= 0)
			break;
		done += got;
	}
	if (s)
		mm_space_put(s);
	return done == n;
}

bool nt_async_copy(const struct nt_async *a, uint64_t address, void *buf, uint32_t n, bool write)
{
	if (!is_in_its_space(a))
		return copy_between_spaces(a, address, buf, n, write);
	return write ? !nt_put(address, buf, n) : !nt_get(buf, address, n);
}

/* ---- ends ---- */

static void tell(struct nt_async *a)
{
	struct nt_io_status io = { .status = a->status, .information = a->information };

	/* A process that took its status block away has nobody who would look. */
	if (a->to.io)
		(void)nt_async_copy(a, a->to.io, &io, sizeof(io), true);
	nt_completion_signal(&a->to, a->file, a->event, a->thread, a->status, a->information);
}

static void wake_issuer(struct nt_async *a)
{
	uint64_t flags = wait_source_lock(&a->source);

	a->is_done = true;
	wait_source_unlock(&a->source, flags);
	wait_source_signal(&a->source);
}

void nt_async_end(struct nt_async *a, ntstatus status, uint64_t information)
{
	struct nt_process *p = a->process->nt;

	a->status = status;
	a->information = information;
	if (!a->is_issued) {
		a->is_done = true;
		return;
	}
	spin_lock(&p->async_lock);
	list_del(&a->by_process);
	spin_unlock(&p->async_lock);
	if (a->is_synchronous)
		wake_issuer(a);
	else
		tell(a);
	nt_async_put(a);
}

/* Until it is done; what ends the wait before that cancels it. */
static void wait_until_done(struct nt_async *a)
{
	const uint32_t mask = INTERRUPT_FATAL | INTERRUPT_SIGNAL | INTERRUPT_SPECIAL_APC |
		(a->is_alertable ? INTERRUPT_USER_APC : 0);
	struct wait_source *source = &a->source;

	while (wait_for_sources(&source, 1, false, mask, 0) == -EINTR) {
		if (nt_wait_interrupted(a->is_alertable)) {
			a->ops->cancel(a);
			return;
		}
	}
}

ntstatus nt_async_result(struct nt_async *a)
{
	ntstatus status;

	if (a->is_issued && !a->is_synchronous) {
		nt_async_put(a);
		return STATUS_PENDING;
	}
	if (a->is_issued)
		wait_until_done(a);
	status = nt_complete(&a->to, a->file, a->status, a->information);
	nt_async_put(a);
	return status;
}

/* ---- cancelling ---- */

static bool matches(const struct nt_async *a, const struct nt_async_match *m)
{
	return (!m->thread || a->thread == m->thread) && (!m->f || a->file == m->f) && (!m->io || a->to.io == m->io) &&
	       (!m->synchronous || a->is_synchronous) && !a->is_cancelled;
}

/* A reference to the next one that is to be cancelled. */
static struct nt_async *take_match(struct nt_process *p, const struct nt_async_match *m)
{
	struct nt_async *a, *found = NULL;

	spin_lock(&p->async_lock);
	LIST_FOR_EACH_ENTRY(a, &p->asyncs, by_process) {
		if (!matches(a, m))
			continue;
		a->is_cancelled = true;
		refcount_get(&a->refs);
		found = a;
		break;
	}
	spin_unlock(&p->async_lock);
	return found;
}

bool nt_async_cancel(struct process *p, const struct nt_async_match *m)
{
	struct nt_async *a;
	bool found = false;

	while (p->nt && (a = take_match(p->nt, m))) {
		a->ops->cancel(a);
		nt_async_put(a);
		found = true;
	}
	return found;
}

static ntstatus cancel_on(uint64_t handle, struct nt_async_match *m, uint64_t user_status, bool *found)
{
	struct nt_io_status io = { 0 };
	struct object *obj;
	ntstatus status = nt_handle_lookup(handle, OBJECT_FILE, 0, &obj);

	if (status)
		return status;
	m->f = file_from_object(obj);
	*found = nt_async_cancel(ps_current(), m);
	object_put(obj);
	return nt_put(user_status, &io, sizeof(io));
}

ntstatus nt_sys_NtCancelIoFile(const uint64_t *a)
{
	struct nt_async_match m = { .thread = ps_current_thread() };
	bool found;

	return cancel_on(a[0], &m, a[1], &found);
}

ntstatus nt_sys_NtCancelIoFileEx(const uint64_t *a)
{
	struct nt_async_match m = { .io = a[1] };
	bool found;
	ntstatus status = cancel_on(a[0], &m, a[2], &found);

	return status || found ? status : STATUS_NOT_FOUND;
}

ntstatus nt_sys_NtCancelSynchronousIoFile(const uint64_t *a)
{
	struct nt_async_match m = { .io = a[1], .synchronous = true };
	struct nt_io_status io = { 0 };
	struct ps_thread *t;
	bool found;
	ntstatus status = nt_thread_lookup(a[0], THREAD_TERMINATE, &t);

	if (status)
		return status;
	m.thread = t;
	found = nt_async_cancel(t->process, &m) || nt_file_wait_cancel(t);
	ps_thread_put(t);
	status = nt_put(a[2], &io, sizeof(io));
	return status || found ? status : STATUS_NOT_FOUND;
}
