/* kernel/compat/src/nt/waits.c: waiting (Microsoft Learn: NtWaitForSingleObject, NtDelayExecution). */
#include <mm/heap.h>

#include "apc.h"
#include "shared_data.h"
#include "sync.h"

#define SYNCHRONIZE 0x00100000u
enum wait_type { WAIT_ALL, WAIT_ANY };
#define LONGEST_NS (1ull << 62)

ntstatus nt_deadline_in(uint64_t user, uint64_t *deadline_ns)
{
	uint64_t now = clock_monotonic_ns(), wall;
	int64_t ticks;
	ntstatus status;

	*deadline_ns = 0;
	if (!user)
		return STATUS_SUCCESS;
	status = nt_get(&ticks, user, sizeof(ticks));
	if (status)
		return status;
	if (!ticks) {
		*deadline_ns = WAIT_NO_TIME;
	} else if (ticks < 0) {
		uint64_t n = (uint64_t)-ticks;

		*deadline_ns = n > LONGEST_NS / NT_NS_PER_TICK ? 0 : now + n * NT_NS_PER_TICK;
	} else {
		wall = clock_realtime_ns() / NT_NS_PER_TICK + NT_EPOCH_TICKS;
		if ((uint64_t)ticks <= wall)
			*deadline_ns = WAIT_NO_TIME;
		else
			*deadline_ns = (uint64_t)ticks - wall > LONGEST_NS / NT_NS_PER_TICK ? 0 :
				now + ((uint64_t)ticks - wall) * NT_NS_PER_TICK;
	}
	return STATUS_SUCCESS;
}

static ntstatus status_of(int result, bool all)
{
	if (result == -ETIMEDOUT)
		return STATUS_TIMEOUT;
	if (result == -EINVAL)
		return STATUS_INVALID_PARAMETER_MIX;
	if (result < 0)
		return nt_status(result);
	if (result & WAIT_ABANDONED_FLAG)
		return STATUS_ABANDONED_WAIT_0 + (all ? 0 : (uint32_t)result & ~(uint32_t)WAIT_ABANDONED_FLAG);
	return STATUS_SUCCESS + (uint32_t)result;
}

ntstatus nt_wait(struct wait_source *const *sources, uint32_t n, bool all, bool alertable, uint64_t deadline_ns)
{
	uint32_t mask = INTERRUPT_FATAL | INTERRUPT_SIGNAL | INTERRUPT_SPECIAL_APC | (alertable ? INTERRUPT_USER_APC : 0);
	ntstatus status;
	int result;

	for (;;) {
		if (alertable && nt_take_alert())
			return STATUS_ALERTED;
		result = wait_for_sources(sources, n, all, mask, deadline_ns);
		/* An APC that waits comes before a time that is over, not before an object that is ready. */
		if (result == -ETIMEDOUT && alertable && (READ_ONCE(current_thread()->interrupts) & INTERRUPT_USER_APC))
			result = -EINTR;
		if (result == -ETIMEDOUT)
			nt_shared_data_tick();
		if (result != -EINTR)
			return status_of(result, all);
		status = nt_wait_interrupted(alertable);
		if (status)
			return status;
	}
}

/* The source of what @handle names, and a reference to that. */
static ntstatus source_of(uint64_t handle, struct object **obj, struct wait_source **out)
{
	ntstatus status = nt_handle_lookup(handle, 0, SYNCHRONIZE, obj);

	if (status)
		return status;
	if ((*obj)->type->wait_source)
		*out = (*obj)->type->wait_source(*obj);
	if (!*out) {
		object_put(*obj);
		return STATUS_OBJECT_TYPE_MISMATCH;
	}
	return STATUS_SUCCESS;
}

ntstatus nt_sys_NtWaitForSingleObject(const uint64_t *a)
{
	struct wait_source *source = NULL;
	struct object *obj;
	uint64_t deadline_ns;
	ntstatus status = nt_deadline_in(a[2], &deadline_ns);

	if (!status)
		status = source_of(a[0], &obj, &source);
	if (status)
		return status;
	status = nt_wait(&source, 1, false, (uint8_t)a[1], deadline_ns);
	object_put(obj);
	return status;
}

struct many {
	uint64_t handles[WAIT_SOURCES_MAX];
	struct object *objects[WAIT_SOURCES_MAX];
	struct wait_source *sources[WAIT_SOURCES_MAX];
	uint32_t n;
};

static ntstatus many_in(struct many *m, uint64_t user_handles, uint32_t n)
{
	ntstatus status = nt_get(m->handles, user_handles, n * sizeof(m->handles[0]));

	for (uint32_t i = 0; i < n && !status; i++) {
		status = source_of(m->handles[i], &m->objects[i], &m->sources[i]);
		if (!status)
			m->n++;
	}
	return status;
}

ntstatus nt_sys_NtWaitForMultipleObjects(const uint64_t *a)
{
	uint32_t n = (uint32_t)a[0];
	uint64_t deadline_ns;
	struct many *m;
	ntstatus status;

	if (!n || n > WAIT_SOURCES_MAX)
		return STATUS_INVALID_PARAMETER_1;
	if ((uint32_t)a[2] > WAIT_ANY)
		return STATUS_INVALID_PARAMETER_3;
	status = nt_deadline_in(a[4], &deadline_ns);
	if (status)
		return status;
	m = kmalloc(sizeof(*m), 0);
	if (!m)
		return STATUS_NO_MEMORY;
	status = many_in(m, a[1], n);
	if (!status)
		status = nt_wait(m->sources, n, (uint32_t)a[2] == WAIT_ALL, (uint8_t)a[3], deadline_ns);
	while (m->n)
		object_put(m->objects[--m->n]);
	kfree(m);
	return status;
}

ntstatus nt_sys_NtSignalAndWaitForSingleObject(const uint64_t *a)
{
	struct wait_source *source = NULL;
	struct object *obj, *signalled;
	const uint64_t signal_args[3] = { a[0], 1, 0 };
	uint64_t deadline_ns;
	ntstatus status = nt_deadline_in(a[3], &deadline_ns);

	if (!status)
		status = source_of(a[1], &obj, &source);
	if (status)
		return status;
	status = nt_handle_lookup(a[0], 0, 0, &signalled);
	if (!status) {
		enum object_kind kind = signalled->type->kind;

		object_put(signalled);
		if (kind == OBJECT_EVENT)
			status = nt_sys_NtSetEvent((const uint64_t[]){ a[0], 0 });
		else if (kind == OBJECT_MUTANT)
			status = nt_sys_NtReleaseMutant((const uint64_t[]){ a[0], 0 });
		else if (kind == OBJECT_SEMAPHORE)
			status = nt_sys_NtReleaseSemaphore(signal_args);
		else
			status = STATUS_OBJECT_TYPE_MISMATCH;
	}
	if (!status)
		status = nt_wait(&source, 1, false, (uint8_t)a[2], deadline_ns);
	object_put(obj);
	return status;
}

static bool never(struct wait_source *s, struct thread *t)
{
	return false;
}

static const struct wait_source_ops never_ops = { never, never };

ntstatus nt_sys_NtDelayExecution(const uint64_t *a)
{
	struct wait_source nothing, *source = &nothing;
	uint64_t deadline_ns;
	ntstatus status = nt_deadline_in(a[1], &deadline_ns);

	if (status)
		return status;
	wait_source_init(&nothing, &never_ops);
	if (deadline_ns == WAIT_NO_TIME)
		sched_yield();
	status = nt_wait(&source, 1, false, (uint8_t)a[0], deadline_ns);
	return status == STATUS_TIMEOUT ? STATUS_SUCCESS : status;
}

ntstatus nt_sys_NtYieldExecution(const uint64_t *a)
{
	sched_yield();
	return STATUS_SUCCESS;
}
