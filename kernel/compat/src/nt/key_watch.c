/* kernel/compat/src/nt/key_watch.c: waiting for changes of the registry (Microsoft Learn: RegNotifyChangeKeyValue).
 *
 * hived knows what lies where and tells with a change which keys lie above it; who waits is the kernel's to know.
 */
#include "async.h"
#include "keys.h"

#include <mm/heap.h>

struct request {
	struct nt_async async;
	struct nt_key *key;	/* while it is queued */
};
HEAP_CACHE(request_cache, "nt-key-request", sizeof(struct request));

static struct mutex lock;
static struct list_node watched = LIST_INIT(watched);

void nt_key_watches_init(void)
{
	mutex_init(&lock, LOCK_NT_WATCHES);
}

bool nt_keys_are_watched(void)
{
	return !list_is_empty(&watched);
}

static void request_release(struct nt_async *a)
{
	heap_cache_free(&request_cache, container_of(a, struct request, async));
}

/* Under the lock, as the next two. */
static void end_request(struct request *r, ntstatus status)
{
	r->key = NULL;
	list_del(&r->async.node);
	nt_async_end(&r->async, status, 0);
}

/* All that wait at @k: one change, one answer. */
static void end_requests(struct nt_key *k, ntstatus status)
{
	struct request *r;

	while ((r = list_first_entry(&k->requests, struct request, async.node)))
		end_request(r, status);
}

static void stop_watching(struct nt_key *k, ntstatus status)
{
	end_requests(k, status);
	list_del(&k->node);
	k->is_watched = false;
}

static void cancel(struct nt_async *a)
{
	struct request *r = container_of(a, struct request, async);

	mutex_lock(&lock);
	if (r->key)
		end_request(r, STATUS_CANCELLED);
	mutex_unlock(&lock);
}

static const struct nt_async_ops request_ops = { cancel, request_release };

static bool concerns(const struct nt_key *k, const uint64_t *chain, uint32_t n, uint32_t filter)
{
	if (!(k->filter & filter))
		return false;
	for (uint32_t i = 0; i < (k->watches_tree ? n : MIN(n, 1u)); i++)
		if (chain[i] == k->id)
			return true;
	return false;
}

void nt_key_changed(const uint64_t *chain, uint32_t n, uint32_t filter)
{
	struct nt_key *k;

	mutex_lock(&lock);
	LIST_FOR_EACH_ENTRY(k, &watched, node)
		if (concerns(k, chain, n, filter))
			end_requests(k, STATUS_NOTIFY_ENUM_DIR);
	mutex_unlock(&lock);
}

void nt_key_deleted(uint64_t id)
{
	struct nt_key *k;

	mutex_lock(&lock);
	LIST_FOR_EACH_ENTRY(k, &watched, node)
		if (k->id == id)
			end_requests(k, STATUS_NOTIFY_ENUM_DIR);
	mutex_unlock(&lock);
}

void nt_key_watch_end(struct nt_key *k)
{
	mutex_lock(&lock);
	if (k->is_watched)
		stop_watching(k, STATUS_NOTIFY_CLEANUP);
	mutex_unlock(&lock);
}

/* ---- services ---- */

struct watch {
	struct nt_completion to;
	uint32_t filter;
	bool tree, is_asynchronous;
};

static void queue(struct nt_key *k, struct request *r, const struct watch *w)
{
	mutex_lock(&lock);
	if (!k->is_watched) {
		list_add_tail(&k->node, &watched);
		list_init(&k->requests);
		k->is_watched = true;
	}
	k->filter = w->filter;
	k->watches_tree = w->tree;
	r->key = k;
	list_add_tail(&r->async.node, &k->requests);
	nt_async_issue(&r->async);
	mutex_unlock(&lock);
}

static ntstatus watch(uint64_t handle, const struct watch *w)
{
	struct object *obj;
	struct request *r;
	ntstatus status;

	if (!w->filter || (w->filter & ~REG_NOTIFY_ALL))
		return STATUS_INVALID_PARAMETER;
	status = nt_handle_lookup(handle, OBJECT_KEY, KEY_NOTIFY, &obj);
	if (status)
		return status;
	r = heap_cache_alloc(&request_cache, 0);
	status = r ? nt_async_begin(&r->async, &request_ops, NULL, &w->to) : STATUS_NO_MEMORY;
	if (status) {
		if (r)
			heap_cache_free(&request_cache, r);
		object_put(obj);
		return status;
	}
	r->async.is_synchronous = !w->is_asynchronous;
	/* libwine's RegNotifyChangeKeyValue() has its status block on a stack that it leaves. */
	if (w->is_asynchronous && !w->to.apc)
		r->async.to.io = 0;
	queue((struct nt_key *)obj, r, w);
	/* The handle may be closed while somebody waits: that ends the wait. */
	object_put(obj);
	status = nt_async_result(&r->async);
	/* Who waits in the call has nothing to list. */
	return status == STATUS_NOTIFY_ENUM_DIR ? STATUS_SUCCESS : status;
}

ntstatus nt_sys_NtNotifyChangeKey(const uint64_t *a)
{
	const struct watch w = {
		.to = { .event = a[1], .apc = a[2], .context = a[3], .io = a[4] },
		.filter = (uint32_t)a[5],
		.tree = (uint8_t)a[6],
		.is_asynchronous = (uint8_t)a[9],
	};

	return watch(a[0], &w);
}

/* Of a second key at once nothing is known here. */
ntstatus nt_sys_NtNotifyChangeMultipleKeys(const uint64_t *a)
{
	const struct watch w = {
		.to = { .event = a[3], .apc = a[4], .context = a[5], .io = a[6] },
		.filter = (uint32_t)a[7],
		.tree = (uint8_t)a[8],
		.is_asynchronous = (uint8_t)a[11],
	};

	if ((uint32_t)a[1])
		return (uint32_t)a[1] > 1 ? STATUS_INVALID_PARAMETER_2 : STATUS_NOT_SUPPORTED;
	return watch(a[0], &w);
}
