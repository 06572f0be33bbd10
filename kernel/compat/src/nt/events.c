/* kernel/compat/src/nt/events.c: events (Microsoft Learn: ZwCreateEvent; winternl.h). */
#include <mm/heap.h>

#include "query.h"
#include "sync.h"

#define EVENT_QUERY_STATE 1u
#define EVENT_MODIFY_STATE 2u
enum event_type { NOTIFICATION_EVENT, SYNCHRONIZATION_EVENT };

HEAP_CACHE(event_cache, "nt-event", sizeof(struct nt_event));

static void event_release(struct object *obj)
{
	nt_name_ended(obj);
	heap_cache_free(&event_cache, obj);
}

static struct wait_source *event_source(struct object *obj)
{
	return &nt_event_of(obj)->source;
}

static const struct object_type event_type = {
	.name = "event",
	.kind = OBJECT_EVENT,
	.release = event_release,
	.wait_source = event_source,
};

static bool is_ready(struct wait_source *s, struct thread *t)
{
	return container_of(s, struct nt_event, source)->is_set;
}

static bool consume(struct wait_source *s, struct thread *t)
{
	struct nt_event *e = container_of(s, struct nt_event, source);

	e->is_set = e->is_notification;
	return false;
}

static const struct wait_source_ops event_ops = { is_ready, consume };

struct nt_event *nt_event_create(bool is_notification, bool is_set)
{
	struct nt_event *e = heap_cache_alloc(&event_cache, 0);

	if (!e)
		return NULL;
	object_init(&e->object, &event_type);
	wait_source_init(&e->source, &event_ops);
	e->is_notification = is_notification;
	e->is_set = is_set;
	return e;
}

/* Returns: what it was. */
static bool change(struct nt_event *e, bool to)
{
	uint64_t flags = wait_source_lock(&e->source);
	bool was = e->is_set;

	e->is_set = to;
	wait_source_unlock(&e->source, flags);
	if (to && !was)
		wait_source_signal(&e->source);
	return was;
}

void nt_event_set(struct nt_event *e)
{
	change(e, true);
}

void nt_event_reset(struct nt_event *e)
{
	change(e, false);
}

struct request { bool is_notification, is_set; };

static ntstatus make(void *arg, struct object **out)
{
	const struct request *rq = arg;
	struct nt_event *e = nt_event_create(rq->is_notification, rq->is_set);

	*out = &e->object;
	return e ? STATUS_SUCCESS : STATUS_NO_MEMORY;
}

ntstatus nt_sys_NtCreateEvent(const uint64_t *a)
{
	struct request rq = { (uint32_t)a[3] == NOTIFICATION_EVENT, (uint8_t)a[4] };

	if ((uint32_t)a[3] > SYNCHRONIZATION_EVENT)
		return STATUS_INVALID_PARAMETER;
	return nt_create_object(a[0], (uint32_t)a[1], a[2], OBJECT_EVENT, make, &rq);
}

ntstatus nt_sys_NtOpenEvent(const uint64_t *a)
{
	return nt_open_object(a[0], (uint32_t)a[1], a[2], OBJECT_EVENT);
}

static ntstatus change_by_handle(uint64_t handle, bool to, uint64_t user_previous)
{
	struct object *obj;
	bool was;
	ntstatus status = nt_handle_lookup(handle, OBJECT_EVENT, EVENT_MODIFY_STATE, &obj);

	if (status)
		return status;
	was = change(nt_event_of(obj), to);
	object_put(obj);
	return user_previous ? nt_put32(user_previous, was) : STATUS_SUCCESS;
}

ntstatus nt_sys_NtSetEvent(const uint64_t *a)
{
	return change_by_handle(a[0], true, a[1]);
}

ntstatus nt_sys_NtResetEvent(const uint64_t *a)
{
	return change_by_handle(a[0], false, a[1]);
}

ntstatus nt_sys_NtClearEvent(const uint64_t *a)
{
	return change_by_handle(a[0], false, 0);
}

ntstatus nt_sys_NtPulseEvent(const uint64_t *a)
{
	struct object *obj;
	struct nt_event *e;
	bool was;
	ntstatus status = nt_handle_lookup(a[0], OBJECT_EVENT, EVENT_MODIFY_STATE, &obj);

	if (status)
		return status;
	e = nt_event_of(obj);
	was = change(e, false);
	if (!was)
		wait_source_pulse(&e->source, e->is_notification ? ~0u : 1);
	object_put(obj);
	return a[1] ? nt_put32(a[1], was) : STATUS_SUCCESS;
}

ntstatus nt_sys_NtQueryEvent(const uint64_t *a)
{
	struct nt_query q;
	struct { uint32_t type, state; } out;
	struct object *obj;
	ntstatus status;

	status = nt_query_begin(a, OBJECT_EVENT, EVENT_QUERY_STATE, 0, sizeof(out), &q, &obj);
	if (status)
		return status;
	out.type = nt_event_of(obj)->is_notification ? NOTIFICATION_EVENT : SYNCHRONIZATION_EVENT;
	out.state = nt_event_of(obj)->is_set;
	object_put(obj);
	return nt_query_put(&q, &out, sizeof(out));
}
