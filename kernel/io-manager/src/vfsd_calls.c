/* kernel/io-manager/src/vfsd_calls.c: calls to vfsd, and replies that are records. */
#include <errno.h>
#include <string.h>

#include <mm/heap.h>

#include "vfs_private.h"

#define RECORDS_BYTES (16u << 10)	/* WALK_BATCH records with long names and one target */

static int call_once(struct ipc_kernel_call *c)
{
	uint64_t op = c->words[0], subject = c->words[1];
	int err = ipc_call_service(SERVICE_VFSD, c);
	int64_t status = err ? err : (int64_t)c->words[0];

	/* vfsd does that too, unless it dies first: nobody repeats what was answered. */
	p9_forget_request(c->request_id);
	log_trace(VFS, "vfsd: operation %llu on %llu: %lld", (unsigned long long)op, (unsigned long long)subject,
		  (long long)status);
	return status > 0 || status < -4095 ? -EIO : (int)status;
}

int vfs_call(struct ipc_kernel_call *c)
{
	uint64_t words[IPC_WORDS];
	int err;

	/* No call of memcpy(): this is on everybody's way. */
	__builtin_memcpy(words, c->words, sizeof(words));
	err = call_once(c);
	if (likely(err != -ENOSPC) || c->reply_len)
		return err;
	/* On Linux unlink(2) returns with the room of what it deleted; here VFS_RELEASE may be under way. */
	inode_cache_settle();
	memcpy(c->words, words, sizeof(words));
	return call_once(c);
}

static void result_fill(struct record_result *r, const struct record_view *v, struct inode *i)
{
	r->inode = i;
	r->dir = v->record->dir;
	r->attr_seq = v->record->attr.seq;
	r->kind = v->record->kind;
	r->name_len = (uint16_t)v->name_len;
	memcpy(r->name, v->name, v->name_len);
	r->name[v->name_len] = '\0';
}

/* Each record counts a lookup with its owner, so all are taken even when the caller wants
 * the first alone. */
static int apply_all(const void *data, uint32_t len, struct record_result *results, uint32_t max, uint32_t *n)
{
	uint32_t at = 0;
	struct record_view v;
	int more, err = 0;

	while ((more = record_next(data, len, &at, &v)) > 0) {
		struct inode *i = NULL;
		int failed = record_apply(&v, &i);

		if (!failed && *n < max)
			result_fill(&results[(*n)++], &v, i);
		else
			inode_put(i);
		if (!err)
			err = failed;
	}
	if (more < 0)
		log_ratelimited(LOG_ERROR, VFS, "vfsd sent a damaged record");
	return more < 0 ? more : err;
}

/* A call whose records are not applied yet. */
struct taking {
	struct list_node node;
	const struct ipc_kernel_call *call;
};

static struct spinlock taking_lock = SPINLOCK_INIT(VFS_CALLS);
static struct list_node taking = LIST_INIT(taking);

static void begin_taking(struct taking *t, const struct ipc_kernel_call *c)
{
	t->call = c;
	spin_lock(&taking_lock);
	list_add(&t->node, &taking);
	spin_unlock(&taking_lock);
}

static void end_taking(struct taking *t)
{
	spin_lock(&taking_lock);
	list_del(&t->node);
	spin_unlock(&taking_lock);
}

/* In this order: what has left the queue is in the list until its end. */
bool vfs_call_is_pending(uint64_t id)
{
	bool is_pending = service_request_waits(SERVICE_VFSD, id);
	const struct taking *t;

	spin_lock(&taking_lock);
	LIST_FOR_EACH_ENTRY(t, &taking, node)
		is_pending |= READ_ONCE(t->call->request_id) == id;
	spin_unlock(&taking_lock);
	return is_pending;
}

int vfs_call_records(struct ipc_kernel_call *c, struct record_result *results, uint32_t max, uint32_t *nresults)
{
	struct taking t;
	uint32_t n = 0;
	int err, applied;

	c->reply_data = kmalloc(RECORDS_BYTES, HEAP_NOZERO);
	if (!c->reply_data)
		return -ENOMEM;
	c->reply_cap = RECORDS_BYTES;
	begin_taking(&t, c);
	err = vfs_call(c);
	/* A refusal may carry records too: what it was decided on. */
	applied = apply_all(c->reply_data, MIN(c->reply_len, RECORDS_BYTES), results, results ? max : 0, &n);
	end_taking(&t);
	kfree(c->reply_data);
	c->reply_data = NULL;
	if (!err)
		err = applied;
	if (err && results) {
		record_results_put(results, n);
		n = 0;
	}
	if (nresults)
		*nresults = n;
	return err;
}

void record_results_put(struct record_result *results, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		inode_put(results[i].inode);
}
