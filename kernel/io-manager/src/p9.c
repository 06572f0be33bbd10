/* kernel/io-manager/src/p9.c: 9P exchanges for vfsd, kept until vfsd has answered its caller.
 *
 * The queue is the kernel's, so messages in flight outlive vfsd. An exchange is known by
 * (request id, step): when a successor repeats one that its predecessor sent, it
 * gets the kept reply, or waits for it, and the host sees the message once.
 *
 * Locking: records_lock (P9_RECORDS) guards the table of kept exchanges.
 */
#include <driver/api.h>
#include <errno.h>
#include <mm/heap.h>
#include <mm/usercopy.h>
#include <nucleus/fault.h>
#include <nucleus/log.h>
#include <string.h>

#include "device.h"
#include "vfs_private.h"

#define MAX_TRANSPORTS 16
#define MAX_HEADER 65536u	/* of a message without payload; long directory listings */
#define HEADER_BYTES 7		/* size[4] type[1] tag[2] */
#define READ_REPLY_BYTES 11	/* Rread up to its data, and Rlerror */
#define RECORD_BUCKETS 64
#define FIRST_TAG 1
#define EXCHANGE_TIMEOUT_NS (60ull * NSEC_PER_SEC)

struct exchange {
	struct drv_9p_request rq;
	struct list_node node;		/* in a bucket, if it has a request id */
	refcount_t refs;
	uint64_t request_id;
	uint32_t step;
	uint8_t *out, *in;
	uint32_t in_cap, in_len;
	bool is_done;
	int error;
	struct wait_queue wait;
	struct mm_object *pinned;
	struct frame **frames;
	uint32_t nframes;
	struct drv_segment segments[DRV_9P_MAX_SEGMENTS];
};

HEAP_CACHE(exchange_cache, "p9_exchange", sizeof(struct exchange));

static struct drv_9p *transports[MAX_TRANSPORTS];
static uint32_t ntransports;
static struct mutex records_lock;
static struct list_node records[RECORD_BUCKETS];
static struct wait_queue ring_room;
static uint16_t next_tag = FIRST_TAG;

void p9_init(void)
{
	mutex_init(&records_lock, LOCK_P9_RECORDS);
	waitq_init(&ring_room);
	for (int i = 0; i < RECORD_BUCKETS; i++)
		list_init(&records[i]);
}

int drv_9p_add(struct drv_9p *t)
{
	if (ntransports == MAX_TRANSPORTS)
		return -ENOSPC;
	transports[ntransports++] = t;
	return 0;
}

static void exchange_put(struct exchange *e)
{
	if (!refcount_put(&e->refs))
		return;
	for (uint32_t i = 0; i < e->nframes; i++)
		frame_put(e->frames[i]);
	kfree(e->frames);
	kfree(e->out);
	kfree(e->in);
	heap_cache_free(&exchange_cache, e);
}

static void completed(struct drv_9p_request *rq, uint32_t received)
{
	struct exchange *e = rq->context;

	sched_device_request_end();
	e->in_len = received;
	__atomic_store_n(&e->is_done, true, __ATOMIC_RELEASE);
	waitq_wake_all(&e->wait, 0);
	waitq_wake_all(&ring_room, 0);
	exchange_put(e);	/* the device's reference; freeing is fine in an interrupt */
}

/* The kept or running exchange of (request id, step), with a reference. */
static struct exchange *find(uint64_t id, uint32_t step)
{
	struct exchange *e, *found = NULL;

	mutex_lock(&records_lock);
	LIST_FOR_EACH_ENTRY(e, &records[id % RECORD_BUCKETS], node) {
		if (e->request_id == id && e->step == step) {
			refcount_get(&e->refs);
			found = e;
			break;
		}
	}
	mutex_unlock(&records_lock);
	return found;
}

static void keep(struct exchange *e)
{
	mutex_lock(&records_lock);
	refcount_get(&e->refs);
	list_add(&e->node, &records[e->request_id % RECORD_BUCKETS]);
	mutex_unlock(&records_lock);
}

/* It was not sent after all. */
static void drop_kept(struct exchange *e)
{
	bool is_kept;

	mutex_lock(&records_lock);
	is_kept = !list_is_empty(&e->node);
	if (is_kept) {
		list_del(&e->node);
		list_init(&e->node);
	}
	mutex_unlock(&records_lock);
	if (is_kept)
		exchange_put(e);
}

void p9_forget_request(uint64_t id)
{
	struct list_node dropped = LIST_INIT(dropped);
	struct exchange *e, *next;

	/* Almost always: what was kept for this request, its caller sees. */
	if (list_is_empty(&records[id % RECORD_BUCKETS]))
		return;
	mutex_lock(&records_lock);
	LIST_FOR_EACH_ENTRY_SAFE(e, next, &records[id % RECORD_BUCKETS], node) {
		if (e->request_id != id || !e->is_done)
			continue;
		list_del(&e->node);
		list_add(&e->node, &dropped);
	}
	mutex_unlock(&records_lock);
	LIST_FOR_EACH_ENTRY_SAFE(e, next, &dropped, node) {
		list_del(&e->node);
		exchange_put(e);
	}
}

static uint32_t add_bytes(struct drv_segment *s, const void *p, uint32_t len)
{
	*s = (struct drv_segment){ virt_to_phys(p), len };
	return 1;
}

/* Segments for @len bytes of @e's frames, from @offset in the first page. */
static uint32_t add_pages(struct exchange *e, uint32_t at, uint32_t offset, uint32_t len)
{
	uint32_t first = at;

	for (uint32_t i = 0; i < e->nframes && len; i++) {
		uint32_t n = MIN(len, (uint32_t)PAGE_SIZE - offset);
		uint64_t phys = frame_phys(e->frames[i]) + offset;

		if (at > first && e->segments[at - 1].phys + e->segments[at - 1].len == phys)
			e->segments[at - 1].len += n;
		else
			e->segments[at++] = (struct drv_segment){ phys, n };
		offset = 0;
		len -= n;
	}
	return at - first;
}

/* Reference the pages of the node's object that take part. They are busy (page in) or
 * in write-back (page out), so they stay. */
static int hold_pages(struct exchange *e, const struct p9_exchange *x)
{
	uint64_t first = x->offset / PAGE_SIZE, last = (x->offset + x->data_len - 1) / PAGE_SIZE;
	struct inode *inode = inode_find(x->node);
	int err = 0;

	if (!inode)
		return -ESTALE;
	e->frames = kmalloc((last - first + 1) * sizeof(*e->frames), 0);
	if (!e->frames)
		err = -ENOMEM;
	for (uint64_t i = first; i <= last && !err; i++) {
		struct frame *f = mm_object_page_for_io(&inode->object, i);

		if (!f)
			err = -ESTALE;
		else
			e->frames[e->nframes++] = f;
	}
	inode_put(inode);
	return err;
}

static int prepare(struct exchange *e, const struct p9_exchange *x)
{
	uint32_t nout = 0, nin = 0, paged = x->flags & (P9_DATA_IN | P9_DATA_OUT);

	if (x->request_len < HEADER_BYTES || x->request_len > MAX_HEADER || !x->reply_cap || x->reply_cap > MAX_HEADER ||
	    paged == (P9_DATA_IN | P9_DATA_OUT) || (paged && (!x->data_len || x->data_len > P9_MAX_DATA)) ||
	    ((paged & P9_DATA_IN) && (x->reply_cap < READ_REPLY_BYTES || x->offset % PAGE_SIZE)))
		return -EINVAL;
	e->out = kmalloc(x->request_len, HEAP_NOZERO);
	e->in_cap = paged & P9_DATA_IN ? READ_REPLY_BYTES : x->reply_cap;
	e->in = kmalloc(e->in_cap, 0);
	if (!e->out || !e->in)
		return -ENOMEM;
	if (copy_from_user(e->out, (const void __user *)x->request, x->request_len))
		return -EFAULT;
	if (paged) {
		int err = hold_pages(e, x);

		if (err)
			return err;
	}
	nout = add_bytes(e->segments, e->out, x->request_len);
	if (paged & P9_DATA_OUT)
		nout += add_pages(e, nout, (uint32_t)(x->offset % PAGE_SIZE), x->data_len);
	nin = add_bytes(e->segments + nout, e->in, e->in_cap);
	if (paged & P9_DATA_IN)
		nin += add_pages(e, nout + nin, 0, x->data_len);
	e->rq = (struct drv_9p_request){ .out = e->segments, .nout = nout, .in = e->segments + nout, .nin = nin,
		.done = completed, .context = e };
	return 0;
}

static struct exchange *create(const struct p9_exchange *x)
{
	struct exchange *e = heap_cache_alloc(&exchange_cache, 0);

	if (!e)
		return NULL;
	refcount_set(&e->refs, 1);
	list_init(&e->node);
	waitq_init(&e->wait);
	e->request_id = x->request_id;
	e->step = x->step;
	return e;
}

static int send(struct exchange *e, struct drv_9p *t)
{
	uint16_t tag = (uint16_t)(atomic_add(&next_tag, 1) & 0x7fff);
	int err = 0;

	if (fault_should_fail(FAULT_P9_SUBMIT))
		return -EIO;
	memcpy(e->out + 5, &tag, sizeof(tag));
	if (e->request_id)
		keep(e);
	sched_device_request_begin();
	refcount_get(&e->refs);	/* the device's; kept if it never answers */
	(void)WAIT_EVENT(&ring_room, (err = t->submit(t, &e->rq)) != -EAGAIN, 0, 0);
	if (err) {
		sched_device_request_end();
		exchange_put(e);
		drop_kept(e);
	} else if (!fault_should_fail(FAULT_P9_NOTIFY)) {
		t->poke(t);
	}
	return err;
}

static int wait_done(struct exchange *e, struct drv_9p *t)
{
	uint64_t limit = clock_monotonic_ns() + EXCHANGE_TIMEOUT_NS;
	int err;

	for (;;) {
		err = WAIT_EVENT(&e->wait, __atomic_load_n(&e->is_done, __ATOMIC_ACQUIRE), INTERRUPT_FATAL,
				 clock_monotonic_ns() + DEVICE_POKE_NS);
		if (err != -ETIMEDOUT || clock_monotonic_ns() >= limit)
			return err;
		t->poke(t);
	}
}

/* Wait for @e and copy its reply out. */
static int64_t finish(struct exchange *e, struct p9_exchange *x, struct p9_exchange __user *ux)
{
	int err = wait_done(e, transports[x->transport]);
	uint32_t n;

	if (err)
		return err;
	n = MIN(MIN(e->in_len, e->in_cap), x->reply_cap);
	if (n < HEADER_BYTES)
		return -EIO;
	x->reply_cap = n;
	if (copy_to_user((void __user *)x->reply, e->in, n))
		return -EFAULT;
	return put_user(n, &ux->reply_cap);
}

static int64_t list(struct p9_exchange *x, struct p9_exchange __user *ux)
{
	uint32_t n;

	if (x->transport >= ntransports)
		return -ENODEV;
	n = (uint32_t)strlen(transports[x->transport]->tag) + 1;
	if (n > x->reply_cap)
		return -E2BIG;
	if (copy_to_user((void __user *)x->reply, transports[x->transport]->tag, n))
		return -EFAULT;
	return put_user(n, &ux->reply_cap);
}

int64_t io_sys_p9(struct p9_exchange __user *ux)
{
	struct p9_exchange x;
	struct exchange *e = NULL;
	int64_t err;

	if (copy_from_user(&x, ux, sizeof(x)))
		return -EFAULT;
	if (x.flags & P9_LIST)
		return list(&x, ux);
	if (x.flags & P9_FORGET) {
		p9_forget_request(x.request_id);
		return 0;
	}
	if (x.transport >= ntransports)
		return -ENODEV;
	if (x.request_id)
		e = find(x.request_id, x.step);
	if (!e && (x.flags & P9_TAKE))
		return -ENOENT;
	if (!e) {
		e = create(&x);
		if (!e)
			return -ENOMEM;
		err = prepare(e, &x);
		if (!err)
			err = send(e, transports[x.transport]);
		if (err) {
			exchange_put(e);
			return err;
		}
	}
	err = finish(e, &x, ux);
	exchange_put(e);
	return err;
}
