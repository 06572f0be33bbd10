/* kernel/compat/src/nt/semaphores.c: semaphores (Microsoft Learn, "Semaphore Objects"; winternl.h). */
#include <mm/heap.h>

#include "query.h"
#include "sync.h"

#define SEMAPHORE_QUERY_STATE 1u
#define SEMAPHORE_MODIFY_STATE 2u

struct semaphore {
	struct object object;	/* first */
	struct wait_source source;
	int32_t count, max;	/* source.lock */
};
HEAP_CACHE(semaphore_cache, "nt-semaphore", sizeof(struct semaphore));

static void semaphore_release(struct object *obj)
{
	nt_name_ended(obj);
	heap_cache_free(&semaphore_cache, obj);
}

static struct wait_source *semaphore_source(struct object *obj)
{
	return &((struct semaphore *)obj)->source;
}

static const struct object_type semaphore_type = {
	.name = "semaphore",
	.kind = OBJECT_SEMAPHORE,
	.release = semaphore_release,
	.wait_source = semaphore_source,
};

static bool is_ready(struct wait_source *s, struct thread *t)
{
	return container_of(s, struct semaphore, source)->count > 0;
}

static bool consume(struct wait_source *s, struct thread *t)
{
	container_of(s, struct semaphore, source)->count--;
	return false;
}

static const struct wait_source_ops semaphore_ops = { is_ready, consume };

struct request { int32_t count, max; };

static ntstatus make(void *arg, struct object **out)
{
	const struct request *rq = arg;
	struct semaphore *s = heap_cache_alloc(&semaphore_cache, 0);

	if (!s)
		return STATUS_NO_MEMORY;
	object_init(&s->object, &semaphore_type);
	wait_source_init(&s->source, &semaphore_ops);
	s->count = rq->count;
	s->max = rq->max;
	*out = &s->object;
	return STATUS_SUCCESS;
}

ntstatus nt_sys_NtCreateSemaphore(const uint64_t *a)
{
	struct request rq = { (int32_t)a[3], (int32_t)a[4] };

	if (rq.max <= 0 || rq.count < 0 || rq.count > rq.max)
		return STATUS_INVALID_PARAMETER;
	return nt_create_object(a[0], (uint32_t)a[1], a[2], OBJECT_SEMAPHORE, make, &rq);
}

ntstatus nt_sys_NtOpenSemaphore(const uint64_t *a)
{
	return nt_open_object(a[0], (uint32_t)a[1], a[2], OBJECT_SEMAPHORE);
}

ntstatus nt_sys_NtReleaseSemaphore(const uint64_t *a)
{
	int32_t n = (int32_t)a[1], was;
	struct semaphore *s;
	struct object *obj;
	uint64_t flags;
	ntstatus status;

	if (n <= 0)
		return STATUS_INVALID_PARAMETER;
	status = nt_handle_lookup(a[0], OBJECT_SEMAPHORE, SEMAPHORE_MODIFY_STATE, &obj);
	if (status)
		return status;
	s = (struct semaphore *)obj;
	flags = wait_source_lock(&s->source);
	was = s->count;
	if (n > s->max - was)
		status = STATUS_SEMAPHORE_LIMIT_EXCEEDED;
	else
		s->count += n;
	wait_source_unlock(&s->source, flags);
	if (!status)
		wait_source_signal(&s->source);
	object_put(obj);
	if (!status && a[2])
		status = nt_put32(a[2], (uint32_t)was);
	return status;
}

ntstatus nt_sys_NtQuerySemaphore(const uint64_t *a)
{
	struct nt_query q;
	struct { int32_t count, max; } out;
	struct object *obj;
	ntstatus status;

	status = nt_query_begin(a, OBJECT_SEMAPHORE, SEMAPHORE_QUERY_STATE, 0, sizeof(out), &q, &obj);
	if (status)
		return status;
	out.count = ((struct semaphore *)obj)->count;
	out.max = ((struct semaphore *)obj)->max;
	object_put(obj);
	return nt_query_put(&q, &out, sizeof(out));
}
