/* kernel/compat/src/nt/keyed_events.c: keyed events: a wait and a release of one key in one process meet, and whoever
 * comes first waits for the other (ntdll's fallback for critical sections when there is no memory for an event).
 *
 * Locking: event->lock (NT_KEYED) guards who is there and whether they have met.
 */
#include <mm/heap.h>

#include "sync.h"

#define KEYEDEVENT_WAIT 1u
#define KEYEDEVENT_WAKE 2u

struct keyed_event {
	struct object object;	/* first */
	struct spinlock lock;
	struct list_node guests;
};
HEAP_CACHE(event_cache, "nt-keyed-event", sizeof(struct keyed_event));

/* One thread in its call. */
struct guest {
	struct list_node node;
	struct wait_source source;
	const struct process *process;
	uint64_t key;
	bool releases, has_met;
};

static void event_release(struct object *obj)
{
	nt_name_ended(obj);
	heap_cache_free(&event_cache, obj);
}

static const struct object_type event_type = {
	.name = "keyed-event",
	.kind = OBJECT_KEYED_EVENT,
	.release = event_release,
};

ntstatus nt_keyed_event_make(void *arg, struct object **out)
{
	struct keyed_event *e = heap_cache_alloc(&event_cache, 0);

	if (!e)
		return STATUS_NO_MEMORY;
	object_init(&e->object, &event_type);
	spin_init(&e->lock, LOCK_NT_KEYED);
	list_init(&e->guests);
	*out = &e->object;
	return STATUS_SUCCESS;
}

ntstatus nt_sys_NtCreateKeyedEvent(const uint64_t *a)
{
	return nt_create_object(a[0], (uint32_t)a[1], a[2], OBJECT_KEYED_EVENT, nt_keyed_event_make, NULL);
}

ntstatus nt_sys_NtOpenKeyedEvent(const uint64_t *a)
{
	return nt_open_object(a[0], (uint32_t)a[1], a[2], OBJECT_KEYED_EVENT);
}

static bool is_ready(struct wait_source *s, struct thread *t)
{
	return READ_ONCE(container_of(s, struct guest, source)->has_met);
}

static bool consume(struct wait_source *s, struct thread *t)
{
	return false;
}

static const struct wait_source_ops guest_ops = { is_ready, consume };

/* The one who has waited longest for @g. Under the lock. */
static struct guest *partner_of(struct keyed_event *e, const struct guest *g)
{
	struct guest *other;

	LIST_FOR_EACH_ENTRY(other, &e->guests, node)
		if (other->key == g->key && other->process == g->process && other->releases != g->releases)
			return other;
	return NULL;
}

/* Returns: whether @g met somebody at once; else it is on the list. */
static bool arrive(struct keyed_event *e, struct guest *g)
{
	struct guest *partner;

	spin_lock(&e->lock);
	partner = partner_of(e, g);
	if (partner) {
		list_del(&partner->node);
		WRITE_ONCE(partner->has_met, true);
		/* Its frame is gone once it sees that the lock is free. */
		wait_source_signal(&partner->source);
	} else {
		list_add_tail(&g->node, &e->guests);
	}
	spin_unlock(&e->lock);
	return partner;
}

/* Returns: whether somebody came after all. */
static bool leave(struct keyed_event *e, struct guest *g)
{
	bool has_met;

	spin_lock(&e->lock);
	has_met = g->has_met;
	if (!has_met)
		list_del(&g->node);
	spin_unlock(&e->lock);
	return has_met;
}

static ntstatus meet(struct keyed_event *e, uint64_t key, bool releases, bool alertable, uint64_t deadline_ns)
{
	struct guest g = { .process = ps_current(), .key = key, .releases = releases };
	struct wait_source *source = &g.source;
	ntstatus status;

	wait_source_init(&g.source, &guest_ops);
	if (arrive(e, &g))
		return STATUS_SUCCESS;
	status = nt_wait(&source, 1, false, alertable, deadline_ns);
	return leave(e, &g) ? STATUS_SUCCESS : status;
}

static ntstatus enter(const uint64_t *a, bool releases)
{
	uint64_t deadline_ns;
	struct object *obj;
	ntstatus status;

	if (a[1] & 1)
		return STATUS_INVALID_PARAMETER_1;
	status = nt_deadline_in(a[3], &deadline_ns);
	if (status)
		return status;
	if (a[0])
		status = nt_handle_lookup(a[0], OBJECT_KEYED_EVENT, releases ? KEYEDEVENT_WAKE : KEYEDEVENT_WAIT, &obj);
	else
		status = nt_named_object("\\KernelObjects\\CritSecOutOfMemoryEvent", OBJECT_KEYED_EVENT, &obj);
	if (status)
		return status;
	status = meet((struct keyed_event *)obj, a[1], releases, (uint8_t)a[2], deadline_ns);
	object_put(obj);
	return status;
}

ntstatus nt_sys_NtWaitForKeyedEvent(const uint64_t *a)
{
	return enter(a, false);
}

ntstatus nt_sys_NtReleaseKeyedEvent(const uint64_t *a)
{
	return enter(a, true);
}
