/* kernel/compat/src/nt/timers.c: waitable timers (Microsoft Learn: ZwSetTimer, "Waitable Timer Objects") and the
 * resolution of time.
 *
 * Locking: timer.setting (NT_TIMER) is held by who sets or cancels; the clock's callback runs without it, never
 * while the fields that say what a timer does are changed. source.lock guards its state.
 */
#include <mm/heap.h>

#include "apc.h"
#include "query.h"
#include "shared_data.h"
#include "sync.h"

#define TIMER_QUERY_STATE 1u
#define TIMER_MODIFY_STATE 2u
enum timer_type { NOTIFICATION_TIMER, SYNCHRONIZATION_TIMER };

struct timer {
	struct object object;	/* first */
	struct wait_source source;
	struct mutex setting;
	struct ktimer clock;
	struct ps_thread *apc_thread;	/* a reference; NULL: no APC is wanted */
	struct nt_apc apc;
	uint64_t period_ns;	/* 0: once */
	uint64_t due_ns;	/* monotonic; source.lock as the next; 0: never set */
	bool is_set;
	bool is_notification;	/* stays set for everybody */
};
HEAP_CACHE(timer_cache, "nt-timer", sizeof(struct timer));

static uint64_t now_ticks(void)
{
	return clock_realtime_ns() / NT_NS_PER_TICK + NT_EPOCH_TICKS;
}

/* The APC gets the time as two halves: a Windows FILETIME. */
static void queue_apc(struct timer *t)
{
	uint64_t now = now_ticks();

	if (!t->apc_thread)
		return;
	if (!READ_ONCE(t->apc.is_queued)) {
		t->apc.arguments[1] = (uint32_t)now;
		t->apc.arguments[2] = now >> 32;
	}
	(void)nt_apc_queue_owned(t->apc_thread, &t->apc);
}

/* Its time came. Context: the clock's callback, or the setter's when that is at once. */
static void expire(struct timer *t)
{
	uint64_t now = clock_monotonic_ns();
	uint64_t flags = wait_source_lock(&t->source);

	t->is_set = true;
	if (t->period_ns)
		t->due_ns += ((now - MIN(now, t->due_ns)) / t->period_ns + 1) * t->period_ns;
	wait_source_unlock(&t->source, flags);
	queue_apc(t);
	wait_source_signal(&t->source);
	if (t->period_ns)
		ktimer_start(&t->clock, t->due_ns);
}

static void clock_rang(struct ktimer *clock)
{
	expire(clock->context);
}

static void stop(struct timer *t)
{
	(void)ktimer_cancel(&t->clock);
	if (!t->apc_thread)
		return;
	nt_apc_unqueue(t->apc_thread, &t->apc);
	ps_thread_put(t->apc_thread);
	t->apc_thread = NULL;
}

static void timer_release(struct object *obj)
{
	struct timer *t = (struct timer *)obj;

	nt_name_ended(obj);
	stop(t);
	heap_cache_free(&timer_cache, t);
}

static struct wait_source *timer_source(struct object *obj)
{
	return &((struct timer *)obj)->source;
}

static const struct object_type timer_type = {
	.name = "timer",
	.kind = OBJECT_TIMER,
	.release = timer_release,
	.wait_source = timer_source,
};

static bool is_ready(struct wait_source *s, struct thread *t)
{
	return container_of(s, struct timer, source)->is_set;
}

static bool consume(struct wait_source *s, struct thread *t)
{
	struct timer *timer = container_of(s, struct timer, source);

	timer->is_set = timer->is_notification;
	return false;
}

static const struct wait_source_ops timer_ops = { is_ready, consume };

static ntstatus make(void *arg, struct object **out)
{
	struct timer *t = heap_cache_alloc(&timer_cache, 0);

	if (!t)
		return STATUS_NO_MEMORY;
	object_init(&t->object, &timer_type);
	wait_source_init(&t->source, &timer_ops);
	mutex_init(&t->setting, LOCK_NT_TIMER);
	ktimer_init(&t->clock, clock_rang, t);
	t->is_notification = *(const enum timer_type *)arg == NOTIFICATION_TIMER;
	*out = &t->object;
	return STATUS_SUCCESS;
}

ntstatus nt_sys_NtCreateTimer(const uint64_t *a)
{
	enum timer_type type = (enum timer_type)(uint32_t)a[3];

	if ((uint32_t)a[3] > SYNCHRONIZATION_TIMER)
		return STATUS_INVALID_PARAMETER_4;
	return nt_create_object(a[0], (uint32_t)a[1], a[2], OBJECT_TIMER, make, &type);
}

ntstatus nt_sys_NtOpenTimer(const uint64_t *a)
{
	return nt_open_object(a[0], (uint32_t)a[1], a[2], OBJECT_TIMER);
}

struct setting {
	uint64_t deadline_ns;	/* as nt_deadline_in() says */
	uint64_t routine, context;
	uint32_t period_ms;
};

/* Returns: whether it was set. */
static bool set(struct timer *t, const struct setting *s)
{
	bool was_set;
	uint64_t flags;

	mutex_lock(&t->setting);
	stop(t);
	t->apc = (struct nt_apc){ .function = s->routine, .arguments = { s->context } };
	if (s->routine) {
		t->apc_thread = ps_current_thread();
		object_get(&t->apc_thread->object);
	}
	t->period_ns = (uint64_t)s->period_ms * NSEC_PER_MSEC;
	flags = wait_source_lock(&t->source);
	was_set = t->is_set;
	t->is_set = false;
	t->due_ns = s->deadline_ns == WAIT_NO_TIME ? clock_monotonic_ns() : s->deadline_ns ? s->deadline_ns : ~0ull;
	wait_source_unlock(&t->source, flags);
	if (s->deadline_ns == WAIT_NO_TIME)
		expire(t);
	else if (s->deadline_ns)
		ktimer_start(&t->clock, s->deadline_ns);
	mutex_unlock(&t->setting);
	return was_set;
}

ntstatus nt_sys_NtSetTimer(const uint64_t *a)
{
	struct setting s = { .routine = a[2], .context = a[3], .period_ms = (uint32_t)a[5] };
	struct object *obj;
	bool was_set;
	ntstatus status;

	if ((int32_t)a[5] < 0)
		return STATUS_INVALID_PARAMETER_6;
	if (!a[1])
		return STATUS_ACCESS_VIOLATION;
	status = nt_deadline_in(a[1], &s.deadline_ns);
	if (!status)
		status = nt_handle_lookup(a[0], OBJECT_TIMER, TIMER_MODIFY_STATE, &obj);
	if (status)
		return status;
	was_set = set((struct timer *)obj, &s);
	object_put(obj);
	if (a[6])
		status = nt_put(a[6], &was_set, sizeof(was_set));
	/* The machine does not sleep, so no timer wakes it. */
	return status ? status : (uint8_t)a[4] ? STATUS_TIMER_RESUME_IGNORED : STATUS_SUCCESS;
}

ntstatus nt_sys_NtCancelTimer(const uint64_t *a)
{
	struct object *obj;
	struct timer *t;
	bool was_set;
	ntstatus status = nt_handle_lookup(a[0], OBJECT_TIMER, TIMER_MODIFY_STATE, &obj);

	if (status)
		return status;
	t = (struct timer *)obj;
	mutex_lock(&t->setting);
	stop(t);
	was_set = READ_ONCE(t->is_set);
	mutex_unlock(&t->setting);
	object_put(obj);
	return a[1] ? nt_put(a[1], &was_set, sizeof(was_set)) : STATUS_SUCCESS;
}

ntstatus nt_sys_NtQueryTimer(const uint64_t *a)
{
	struct nt_query q = { a[2], (uint32_t)a[3], a[4] };
	struct { int64_t remaining; uint8_t is_set, pad[7]; } out = { 0 };
	struct object *obj;
	struct timer *t;
	uint64_t flags;
	ntstatus status;

	if ((uint32_t)a[1])
		return STATUS_INVALID_INFO_CLASS;
	if (q.cap < sizeof(out))
		return STATUS_INFO_LENGTH_MISMATCH;
	status = nt_handle_lookup(a[0], OBJECT_TIMER, TIMER_QUERY_STATE, &obj);
	if (status)
		return status;
	t = (struct timer *)obj;
	flags = wait_source_lock(&t->source);
	if (t->due_ns)
		out.remaining = (int64_t)(t->due_ns - clock_monotonic_ns()) / (int64_t)NT_NS_PER_TICK;
	out.is_set = t->is_set;
	wait_source_unlock(&t->source, flags);
	object_put(obj);
	return nt_query_put_min(&q, &out, sizeof(out));
}

/* ---- resolution ---- */

#define COARSEST 156250u	/* ticks of 100 ns */
#define FINEST 5000u

static uint32_t resolution(void)
{
	uint32_t wanted = nt_current()->timer_resolution;

	return wanted ? wanted : COARSEST;
}

ntstatus nt_sys_NtQueryTimerResolution(const uint64_t *a)
{
	ntstatus status = nt_put32(a[0], COARSEST);

	if (!status)
		status = nt_put32(a[1], FINEST);
	return status ? status : nt_put32(a[2], resolution());
}

/* Timers are as exact as the machine's clock whatever is asked for; a process sees what it asked for. */
ntstatus nt_sys_NtSetTimerResolution(const uint64_t *a)
{
	struct nt_process *p = nt_current();
	bool was_set = p->timer_resolution;

	if ((uint8_t)a[1])
		p->timer_resolution = MAX(FINEST, MIN((uint32_t)a[0], COARSEST));
	else
		p->timer_resolution = 0;
	if (nt_put32(a[2], resolution()))
		return STATUS_ACCESS_VIOLATION;
	return (uint8_t)a[1] || was_set ? STATUS_SUCCESS : STATUS_TIMER_RESOLUTION_NOT_SET;
}
