/* kernel/ipc-runtime/src/service.c: services by id, and the kernel's own calls to them.
 *
 * A service's endpoint is made before anybody serves it and is never freed.
 */
#include <errno.h>
#include <nucleus/counter.h>
#include <nucleus/log.h>
#include <string.h>
#include "internal.h"

static struct endpoint *services[SERVICE_ID_MAX];

static const uint32_t ranks[SERVICE_ID_MAX] = {
#define SERVICE(id, upper, name, rank, cap) [id] = rank,
#include "services.def"
#undef SERVICE
};

void ipc_init(void)
{
	for (uint32_t id = 1; id < SERVICE_ID_MAX; id++) {
		if (!ranks[id])
			continue;
		if (endpoint_create(NULL, ranks[id], &services[id]))
			panic("no memory for the endpoint of service %u", id);
		services[id]->service_id = id;
	}
}

struct endpoint *service_endpoint(uint32_t id)
{
	if (id >= SERVICE_ID_MAX || !services[id])
		return NULL;
	object_get(&services[id]->object);
	return services[id];
}

int service_register(uint32_t id, void *process)
{
	struct endpoint *ep;
	struct ipc_request *r;
	int err = 0;

	if (id >= SERVICE_ID_MAX || !services[id])
		return -EINVAL;
	ep = services[id];
	spin_lock(&ep->lock);
	if (ep->owner && ep->owner != process)
		err = -EBUSY;
	else
		ep->owner = process;
	if (!err) {
		ep->is_wanted = true;
		ep->owner_pid = ipc_process_ops.pid(process);
		LIST_FOR_EACH_ENTRY(r, &ep->queued, node) {
			if (r->caller)
				thread_wake(r->caller);	/* its time to park starts anew */
		}
	}
	spin_unlock(&ep->lock);
	if (!err)
		log_info(SERVICE, "%s serves id %u", ipc_process_ops.name(process), id);
	return err;
}

static void count_call(uint32_t id)
{
	static const uint8_t counters[SERVICE_ID_MAX] = {
		[SERVICE_SYSCALLD] = COUNTER_IPC_CALL_SYSCALLD, [SERVICE_PROCD] = COUNTER_IPC_CALL_PROCD,
		[SERVICE_VFSD] = COUNTER_IPC_CALL_VFSD, [SERVICE_LOADERD] = COUNTER_IPC_CALL_LOADERD,
		[SERVICE_NETD] = COUNTER_IPC_CALL_NETD, [SERVICE_HIVED] = COUNTER_IPC_CALL_HIVED,
	};

	counter_inc(counters[id] ? counters[id] : COUNTER_IPC_CALL_OTHER);
}

int ipc_call_service(uint32_t id, struct ipc_kernel_call *c)
{
	void *process = ipc_process_ops.current ? ipc_process_ops.current() : NULL;
	struct ipc_request *r;
	uint64_t pid = c->badge_pid;
	int err;

	if (id >= SERVICE_ID_MAX || !services[id])
		return -EINVAL;
	if (process && ipc_process_ops.rank(process) <= ranks[id]) {
		log_ratelimited(LOG_WARN, SERVICE, "%s may not call service %u: rank", ipc_process_ops.name(process), id);
		return -EDEADLK;
	}
	if (!pid && process)
		pid = ipc_process_ops.pid(process);
	r = request_create(services[id], IPC_BADGE_KERNEL | pid);
	if (!r)
		return -ENOMEM;
	count_call(id);
	c->request_id = r->id;
	memcpy(r->words, c->words, sizeof(r->words));
	r->reply_cap = c->reply_cap;
	err = message_data_reserve(&r->data, c->data_len);
	if (err)
		goto out;
	memcpy(r->data.bytes, c->data, c->data_len);
	if (c->send_handle) {
		object_get(c->send_handle);
		r->handles[0] = c->send_handle;
		r->rights[0] = c->send_rights;
		r->nhandles = 1;
	}
	err = request_call(r, clock_monotonic_ns() + (c->deadline_ns ? c->deadline_ns : IPC_SERVICE_DEADLINE_NS), 0);
	if (err == -ETIMEDOUT && ipc_process_ops.service_stalled)
		ipc_process_ops.service_stalled(READ_ONCE(services[id]->owner_pid));
	if (err)
		goto out;
	memcpy(c->words, r->reply_words, sizeof(c->words));
	c->reply_len = MIN(r->reply.len, c->reply_cap);
	memcpy(c->reply_data, r->reply.bytes, c->reply_len);
out:
	request_put(r);
	return err;
}

bool service_request_waits(uint32_t id, uint64_t request_id)
{
	struct endpoint *ep = services[id];
	bool waits = false;
	struct ipc_request *r;

	spin_lock(&ep->lock);
	LIST_FOR_EACH_ENTRY(r, &ep->queued, node)
		waits |= r->id == request_id;
	spin_unlock(&ep->lock);
	return waits;
}

static bool is_quiet(struct endpoint *ep)
{
	bool quiet;

	spin_lock(&ep->lock);
	quiet = list_is_empty(&ep->notifications) && !ep->nnoted;
	spin_unlock(&ep->lock);
	return quiet;
}

static void count_settling(struct endpoint *ep, int more)
{
	spin_lock(&ep->lock);
	ep->nsettling += (uint32_t)more;
	spin_unlock(&ep->lock);
}

int ipc_settle_service(uint32_t id, uint64_t deadline_ns)
{
	struct endpoint *ep = services[id];
	int err;

	count_settling(ep, 1);
	err = WAIT_EVENT(&ep->quiet, is_quiet(ep), INTERRUPT_FATAL, deadline_ns);
	count_settling(ep, -1);
	return err;
}

void ipc_want_service(uint32_t id)
{
	struct endpoint *ep = services[id];
	bool is_first;

	spin_lock(&ep->lock);
	is_first = !ep->is_wanted;
	ep->is_wanted = true;
	spin_unlock(&ep->lock);
	if (is_first)
		ipc_process_ops.service_wanted(id);
}

void ipc_notify_service(uint32_t id, struct ipc_notification *n)
{
	struct endpoint *ep = services[id];
	struct receiver *w;

	counter_inc(COUNTER_IPC_ASYNC);
	spin_lock(&ep->lock);
	list_add_tail(&n->node, &ep->notifications);
	w = list_first_entry(&ep->receivers, struct receiver, node);
	if (w) {
		list_del(&w->node);
		thread_wake(w->thread);
	}
	spin_unlock(&ep->lock);
}
