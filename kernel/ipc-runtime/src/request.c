/* kernel/ipc-runtime/src/request.c: the life of one call.
 *
 *   queued ──receive──> delivered ──reply──> replied
 *     ^                    │
 *     └── its service died ┘        an ordinary endpoint's death: failed
 *
 * A request's id is its token; delivered ones are found by it in a small table.
 *
 * Locking: id_lock nests inside endpoint->lock (both ENDPOINT; taken as nested).
 */
#include <errno.h>
#include <mm/heap.h>
#include <nucleus/counter.h>
#include <nucleus/fault.h>
#include <string.h>
#include "internal.h"

#define ID_BUCKETS 64

HEAP_CACHE(request_cache, "ipc_request", sizeof(struct ipc_request));

static struct spinlock id_lock = SPINLOCK_INIT(ENDPOINT);
static struct list_node ids[ID_BUCKETS];
static uint64_t last_id;

int message_data_reserve(struct message_data *d, uint32_t len)
{
	if (len > IPC_MAX_DATA)
		return -E2BIG;
	d->len = len;
	d->bytes = d->small;
	if (len > sizeof(d->small)) {
		d->bytes = kmalloc(len, HEAP_NOZERO);
		if (!d->bytes) {
			d->bytes = d->small;
			d->len = 0;
			return -ENOMEM;
		}
	}
	return 0;
}

void message_data_release(struct message_data *d)
{
	if (d->bytes != d->small)
		kfree(d->bytes);
	d->bytes = d->small;
	d->len = 0;
}

struct ipc_request *request_create(struct endpoint *ep, uint64_t badge)
{
	struct ipc_request *r = heap_cache_alloc(&request_cache, HEAP_NOZERO);

	if (!r)
		return NULL;
	memset(r, 0, offsetof(struct ipc_request, data));
	memset(r->reply_words, 0, offsetof(struct ipc_request, reply) - offsetof(struct ipc_request, reply_words));
	refcount_set(&r->refs, 1);
	list_init(&r->node);
	list_init(&r->id_node);
	object_get(&ep->object);
	r->endpoint = ep;
	r->badge = badge;
	r->caller = current_thread();
	r->data.bytes = r->data.small;
	r->data.len = 0;
	r->reply.bytes = r->reply.small;
	r->reply.len = 0;
	r->id = __atomic_add_fetch(&last_id, 1, __ATOMIC_RELAXED);
	return r;
}

void request_put(struct ipc_request *r)
{
	if (!refcount_put(&r->refs))
		return;
	for (uint32_t i = 0; i < r->nhandles; i++)
		object_put(r->handles[i]);
	for (uint32_t i = 0; i < r->nreply_handles; i++)
		object_put(r->reply_handles[i]);
	message_data_release(&r->data);
	message_data_release(&r->reply);
	object_put(&r->endpoint->object);
	heap_cache_free(&request_cache, r);
}

static struct list_node *bucket_of(uint64_t id)
{
	struct list_node *b = &ids[id % ID_BUCKETS];

	if (!b->next)
		list_init(b);
	return b;
}

static void id_insert(struct ipc_request *r)
{
	spin_lock_nested(&id_lock);
	list_add(&r->id_node, bucket_of(r->id));
	spin_unlock(&id_lock);
}

void request_id_remove(struct ipc_request *r)
{
	spin_lock_nested(&id_lock);
	list_del(&r->id_node);
	spin_unlock(&id_lock);
}

static struct ipc_request *id_find(uint64_t id)
{
	struct ipc_request *r, *found = NULL;

	spin_lock(&id_lock);
	LIST_FOR_EACH_ENTRY(r, bucket_of(id), id_node) {
		if (r->id == id) {
			refcount_get(&r->refs);
			found = r;
			break;
		}
	}
	spin_unlock(&id_lock);
	return found;
}

/* Off the endpoint's lists, whose reference is dropped; the lock is held. */
static void unlink_locked(struct ipc_request *r)
{
	if (r->state == REQUEST_DELIVERED)
		request_id_remove(r);
	list_del(&r->node);
}

void request_finish(struct ipc_request *r, int error)
{
	struct endpoint *ep = r->endpoint;
	struct thread *caller;

	spin_lock(&ep->lock);
	caller = r->caller;
	r->error = error;
	r->state = error ? REQUEST_FAILED : REQUEST_REPLIED;
	if (caller)
		thread_wake_here(caller);
	spin_unlock(&ep->lock);
	request_put(r);
}

struct ipc_request *request_take_delivered(uint64_t token, void *process)
{
	struct ipc_request *r = id_find(token);
	bool is_ours;

	if (!r)
		return NULL;
	spin_lock(&r->endpoint->lock);
	is_ours = r->state == REQUEST_DELIVERED && r->endpoint->owner == process && !list_is_empty(&r->id_node);
	if (is_ours) {
		unlink_locked(r);
		list_init(&r->node);
	}
	spin_unlock(&r->endpoint->lock);
	request_put(r);		/* id_find's; the endpoint's reference is the caller's now */
	return is_ours ? r : NULL;
}

void request_untake(struct ipc_request *r)
{
	struct endpoint *ep = r->endpoint;

	spin_lock(&ep->lock);
	list_add_tail(&r->node, &ep->delivered);
	id_insert(r);
	spin_unlock(&ep->lock);
}

/* Give up: nobody may touch the caller any more. */
static int abandon(struct ipc_request *r, int err)
{
	struct endpoint *ep = r->endpoint;
	bool was_listed;

	spin_lock(&ep->lock);
	if (r->state == REQUEST_REPLIED) {
		spin_unlock(&ep->lock);
		return 0;
	}
	r->caller = NULL;
	was_listed = r->state == REQUEST_QUEUED && !list_is_empty(&r->node);
	if (was_listed)
		unlink_locked(r);
	spin_unlock(&ep->lock);
	if (was_listed)
		request_put(r);
	return err;
}

/* When waiting must end, given who serves now. */
static uint64_t effective_deadline(struct endpoint *ep, uint64_t deadline_ns)
{
	uint64_t since = READ_ONCE(ep->unserved_since_ns);

	if (ep->service_id && !READ_ONCE(ep->owner) && since + IPC_PARK_NS < deadline_ns)
		return since + IPC_PARK_NS;
	return deadline_ns;
}

static struct receiver *first_receiver(struct endpoint *ep)
{
	struct receiver *w = list_first_entry(&ep->receivers, struct receiver, node);

	if (w)
		list_del(&w->node);
	return w;
}

static void deliver_locked(struct endpoint *ep, struct ipc_request *r)
{
	r->state = REQUEST_DELIVERED;
	list_add_tail(&r->node, &ep->delivered);
	id_insert(r);
	if (r->is_retry)
		counter_inc(COUNTER_IPC_RETRY);
}

int request_call(struct ipc_request *r, uint64_t deadline_ns, uint32_t interrupt_mask)
{
	struct endpoint *ep = r->endpoint;
	struct receiver *w;
	bool is_first;
	uint32_t state;
	int err = 0;

	if (fault_should_fail(FAULT_IPC_CALL))
		return -ETIMEDOUT;
	spin_lock(&ep->lock);
	if (ep->is_dead) {
		spin_unlock(&ep->lock);
		return -EPIPE;
	}
	if (ep->service_id && !ep->owner && !ep->unserved_since_ns)
		ep->unserved_since_ns = clock_monotonic_ns();
	is_first = ep->service_id && !ep->is_wanted;
	ep->is_wanted = true;
	refcount_get(&r->refs);
	w = first_receiver(ep);
	if (w) {
		deliver_locked(ep, r);
		w->request = r;
		thread_wake_here(w->thread);
	} else {
		r->state = REQUEST_QUEUED;
		list_add_tail(&r->node, &ep->queued);
	}
	spin_unlock(&ep->lock);
	if (is_first)
		ipc_process_ops.service_wanted(ep->service_id);

	for (;;) {
		spin_lock(&ep->lock);
		state = r->state;
		spin_unlock(&ep->lock);
		if (state == REQUEST_REPLIED)
			return 0;
		if (state == REQUEST_FAILED)
			return r->error;
		if (err && (err != -ETIMEDOUT || clock_monotonic_ns() >= effective_deadline(ep, deadline_ns)))
			return abandon(r, err);
		err = thread_block(interrupt_mask, effective_deadline(ep, deadline_ns));
	}
}

/* The current thread comes back: it has done what its last notification said. The lock is held. */
static void end_note_locked(struct endpoint *ep, struct thread *me)
{
	me->is_noted = false;
	/* The count begins anew with a successor, whose predecessor's threads may still be on their way here. */
	if (ep->nnoted)
		ep->nnoted--;
	if (ep->nsettling)
		waitq_wake_all(&ep->quiet, 0);
}

/* What is there for the receiver @me, given how its last sleep ended; the lock is held. */
static void take_locked(struct endpoint *ep, struct receiver *me, int slept, struct ipc_request **out,
			struct ipc_notification **note)
{
	bool is_leaving = slept && slept != -ETIMEDOUT;

	if (me->request) {
		*out = me->request;
	} else if (!is_leaving && !list_is_empty(&ep->queued)) {
		*out = list_first_entry(&ep->queued, struct ipc_request, node);
		list_del(&(*out)->node);
		deliver_locked(ep, *out);
	} else if (!is_leaving && !list_is_empty(&ep->notifications)) {
		*note = list_first_entry(&ep->notifications, struct ipc_notification, node);
		list_del(&(*note)->node);
		me->thread->is_noted = true;
		ep->nnoted++;
	}
}

int endpoint_receive(struct endpoint *ep, uint64_t deadline_ns, struct ipc_request **out,
		     struct ipc_notification **note)
{
	struct receiver me = { .thread = current_thread() };
	bool is_waiting;
	int slept = 0;

	*out = NULL;
	*note = NULL;
	list_init(&me.node);
	for (;;) {
		spin_lock(&ep->lock);
		if (unlikely(me.thread->is_noted))
			end_note_locked(ep, me.thread);
		take_locked(ep, &me, slept, out, note);
		is_waiting = !*out && !*note && !ep->is_dead && !slept;
		if (is_waiting && list_is_empty(&me.node))
			list_add(&me.node, &ep->receivers);
		else if (!is_waiting && !list_is_empty(&me.node))
			list_del(&me.node);
		spin_unlock(&ep->lock);
		if (*out || *note)
			return 0;
		if (!is_waiting)
			return slept ? slept : -EPIPE;
		slept = thread_block(INTERRUPT_FATAL | INTERRUPT_SIGNAL | INTERRUPT_SUSPEND, deadline_ns);
	}
}

void endpoint_refuse(struct ipc_request *r, int error)
{
	struct ipc_request *mine;

	mine = request_take_delivered(r->id, r->endpoint->owner);
	if (mine)
		request_finish(mine, error);
}
