/* kernel/ipc-runtime/src/endpoint.c: endpoints, and what the death of a server means.
 *
 * Locking: list_lock guards the list of all endpoints and is taken before an endpoint's.
 */
#include <errno.h>
#include <mm/heap.h>
#include <nucleus/counter.h>
#include <nucleus/log.h>
#include "internal.h"

HEAP_CACHE(endpoint_cache, "endpoint", sizeof(struct endpoint));

struct ipc_process_ops ipc_process_ops;

static struct spinlock list_lock = SPINLOCK_INIT(ENDPOINT);
static struct list_node all = LIST_INIT(all);

static void endpoint_release(struct object *obj)
{
	struct endpoint *ep = (struct endpoint *)obj;

	spin_lock(&list_lock);
	list_del(&ep->all_node);
	spin_unlock(&list_lock);
	heap_cache_free(&endpoint_cache, ep);
}

static const struct object_type endpoint_type = {
	.name = "endpoint", .kind = OBJECT_ENDPOINT, .release = endpoint_release,
};

int endpoint_create(void *owner, uint32_t rank, struct endpoint **out)
{
	struct endpoint *ep = heap_cache_alloc(&endpoint_cache, 0);

	if (!ep)
		return -ENOMEM;
	object_init(&ep->object, &endpoint_type);
	spin_init(&ep->lock, LOCK_ENDPOINT);
	list_init(&ep->queued);
	list_init(&ep->delivered);
	list_init(&ep->receivers);
	list_init(&ep->notifications);
	waitq_init(&ep->quiet);
	ep->owner = owner;
	ep->owner_pid = owner ? ipc_process_ops.pid(owner) : 0;
	ep->rank = rank;
	spin_lock(&list_lock);
	list_add(&ep->all_node, &all);
	spin_unlock(&list_lock);
	*out = ep;
	return 0;
}

struct object *endpoint_object(struct endpoint *ep)
{
	return &ep->object;
}

struct endpoint *endpoint_from_object(struct object *obj)
{
	return (struct endpoint *)obj;
}

bool endpoint_serve(struct endpoint *ep, void *process)
{
	bool serves;

	spin_lock(&ep->lock);
	if (!ep->service_id && !ep->is_dead && ep->owner != process) {
		ep->owner = process;
		ep->owner_pid = ipc_process_ops.pid(process);
		ep->rank = ipc_process_ops.rank(process);
	}
	serves = ep->owner == process || ep->is_dead;
	spin_unlock(&ep->lock);
	return serves;
}

/* Delivered requests go back to the head of the queue, in their order. The lock is held. */
static uint32_t requeue_locked(struct endpoint *ep)
{
	struct ipc_request *r;
	uint32_t n = 0;

	while ((r = list_last_entry(&ep->delivered, struct ipc_request, node))) {
		list_del(&r->node);
		request_id_remove(r);
		r->state = REQUEST_QUEUED;
		r->is_retry = true;
		list_add(&r->node, &ep->queued);
		n++;
	}
	return n;
}

static void wake_callers_locked(struct endpoint *ep)
{
	struct ipc_request *r;

	LIST_FOR_EACH_ENTRY(r, &ep->queued, node) {
		if (r->caller)
			thread_wake(r->caller);
	}
}

/* Fail everything; returns the requests whose references the caller drops. */
static void fail_locked(struct endpoint *ep, struct list_node *failed)
{
	struct ipc_request *r;

	requeue_locked(ep);
	while ((r = list_first_entry(&ep->queued, struct ipc_request, node))) {
		list_del(&r->node);
		list_add_tail(&r->node, failed);
		r->state = REQUEST_FAILED;
		r->error = -EPIPE;
		if (r->caller)
			thread_wake(r->caller);
	}
}

static void server_gone(struct endpoint *ep)
{
	struct list_node failed = LIST_INIT(failed);
	struct ipc_request *r;
	uint32_t n = 0, pid;

	spin_lock_nested(&ep->lock);
	pid = ep->owner_pid;
	ep->owner = NULL;
	ep->owner_pid = 0;
	ep->nnoted = 0;
	if (ep->service_id) {
		n = requeue_locked(ep);
		ep->unserved_since_ns = clock_monotonic_ns();
		wake_callers_locked(ep);
	} else {
		ep->is_dead = true;
		fail_locked(ep, &failed);
	}
	spin_unlock(&ep->lock);
	if (ep->service_id)
		log_warn(SERVICE, "service %u (pid %u) ended with %u requests in progress", ep->service_id, pid, n);
	while ((r = list_first_entry(&failed, struct ipc_request, node))) {
		list_del(&r->node);
		request_put(r);
	}
}

/* An endpoint of @owner, with a reference, or NULL. */
static struct endpoint *find_owned(void *owner)
{
	struct endpoint *ep, *found = NULL;

	spin_lock(&list_lock);
	LIST_FOR_EACH_ENTRY(ep, &all, all_node) {
		if (ep->owner == owner && refcount_get_unless_zero(&ep->object.refs)) {
			found = ep;
			break;
		}
	}
	spin_unlock(&list_lock);
	return found;
}

void endpoint_owner_died(void *owner)
{
	struct endpoint *ep;

	while ((ep = find_owned(owner))) {
		server_gone(ep);
		object_put(&ep->object);
	}
}
