/* drivers/libs/virtio/src/virtio.c: matching devices to drivers, and split virtqueues (virtio 1.1, 2.6 and 3.1). */
#include <alias/alias.h>
#include <errno.h>
#include <virtio/virtio.h>

#define STATUS_ACKNOWLEDGE 1
#define STATUS_DRIVER 2
#define STATUS_DRIVER_OK 4
#define STATUS_FEATURES_OK 8
#define STATUS_FAILED 128

#define DESC_NEXT 1
#define DESC_WRITE 2
#define USED_NO_NOTIFY 1
#define PAGE 4096u

struct descriptor { uint64_t address; uint32_t len; uint16_t flags, next; };
struct avail { uint16_t flags, idx, ring[]; };
struct used_element { uint32_t id, len; };
struct used { uint16_t flags, idx; struct used_element ring[]; };

struct virtio_queue {
	struct virtio_device *device;
	uint16_t index, size, nfree, free_head, last_used;
	struct descriptor *desc;
	struct avail *avail;
	struct used *used;
	void *tokens[];	/* by head descriptor */
};

static struct virtio_device *devices;
static struct virtio_driver *drivers;

static int negotiate(struct virtio_device *d, const struct virtio_driver *drv)
{
	uint64_t offered;

	d->ops->set_status(d, 0);
	d->ops->set_status(d, STATUS_ACKNOWLEDGE);
	d->ops->set_status(d, STATUS_ACKNOWLEDGE | STATUS_DRIVER);
	offered = d->ops->features(d);
	if (!(offered & VIRTIO_F_VERSION_1))
		return -ENODEV;
	d->features = offered & (drv->features | VIRTIO_F_VERSION_1);
	d->ops->set_features(d, d->features);
	d->ops->set_status(d, STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FEATURES_OK);
	return d->ops->status(d) & STATUS_FEATURES_OK ? 0 : -ENODEV;
}

static void try_match(struct virtio_device *d, struct virtio_driver *drv)
{
	int err;

	if (d->is_claimed || d->id != drv->id)
		return;
	d->is_claimed = true;
	err = negotiate(d, drv);
	if (!err)
		err = drv->probe(d);
	if (err) {
		d->ops->set_status(d, STATUS_FAILED);
		drv_log("virtio: device id %u failed to start: %d", d->id, err);
	}
}

void virtio_add_device(struct virtio_device *d)
{
	char modalias[ALIAS_BYTES];

	d->next = devices;
	devices = d;
	alias_of_virtio(d->id, modalias);
	drv_device_announce(modalias, &d->is_claimed);
	for (struct virtio_driver *drv = drivers; drv; drv = drv->next)
		try_match(d, drv);
}

void virtio_remove_device(struct virtio_device *d)
{
	struct virtio_device **link;

	for (link = &devices; *link != d; link = &(*link)->next)
		;
	*link = d->next;
	if (d->remove)
		d->remove(d);
	d->is_claimed = true;	/* nobody else shall want it */
}

void virtio_add_driver(struct virtio_driver *drv)
{
	drv->next = drivers;
	drivers = drv;
	for (struct virtio_device *d = devices; d; d = d->next)
		try_match(d, drv);
}

void virtio_device_ready(struct virtio_device *d)
{
	d->ops->set_status(d, STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FEATURES_OK | STATUS_DRIVER_OK);
}

struct virtio_queue *virtio_queue_create(struct virtio_device *d, uint16_t index, uint16_t size)
{
	uint16_t max = d->ops->queue_max(d, index);
	size_t avail_at, used_at, bytes;
	struct virtio_queue *q;
	char *ring;

	if (max < size)
		size = max;
	if (!size)
		return NULL;
	avail_at = size * sizeof(struct descriptor);
	used_at = (avail_at + sizeof(struct avail) + 2u * size + 2 + 3) & ~(size_t)3;
	bytes = used_at + sizeof(struct used) + size * sizeof(struct used_element) + 2;
	q = drv_alloc(sizeof(*q) + size * sizeof(void *));
	ring = drv_alloc(bytes < PAGE ? PAGE : bytes);
	if (!q || !ring) {
		drv_free(q);
		drv_free(ring);
		return NULL;
	}
	q->device = d;
	q->index = index;
	q->size = q->nfree = size;
	q->desc = (struct descriptor *)ring;
	q->avail = (struct avail *)(ring + avail_at);
	q->used = (struct used *)(ring + used_at);
	for (uint16_t i = 0; i < size; i++)
		q->desc[i].next = (uint16_t)(i + 1);
	d->ops->queue_enable(d, index, size, drv_dma_address(q->desc), drv_dma_address(q->avail), drv_dma_address(q->used));
	return q;
}

uint16_t virtio_queue_free(const struct virtio_queue *q)
{
	return q->nfree;
}

int virtio_queue_add(struct virtio_queue *q, const struct drv_segment *out, uint32_t nout, const struct drv_segment *in,
		     uint32_t nin, void *token)
{
	uint16_t head = q->free_head, at = head;

	if (!(nout + nin) || nout + nin > q->nfree)
		return -EAGAIN;
	for (uint32_t i = 0; i < nout + nin; i++) {
		const struct drv_segment *s = i < nout ? &out[i] : &in[i - nout];
		struct descriptor *d = &q->desc[at];

		d->address = s->phys;
		d->len = s->len;
		d->flags = (uint16_t)((i + 1 < nout + nin ? DESC_NEXT : 0) | (i < nout ? 0 : DESC_WRITE));
		at = d->next;
	}
	q->free_head = at;
	q->nfree = (uint16_t)(q->nfree - (nout + nin));
	q->tokens[head] = token;
	q->avail->ring[q->avail->idx % q->size] = head;
	__atomic_store_n(&q->avail->idx, (uint16_t)(q->avail->idx + 1), __ATOMIC_RELEASE);
	return 0;
}

void virtio_queue_kick(struct virtio_queue *q)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!(__atomic_load_n(&q->used->flags, __ATOMIC_RELAXED) & USED_NO_NOTIFY))
		q->device->ops->notify(q->device, q->index);
}

void *virtio_queue_take(struct virtio_queue *q, uint32_t *written)
{
	struct used_element e;
	uint16_t head, at;

	if (__atomic_load_n(&q->used->idx, __ATOMIC_ACQUIRE) == q->last_used)
		return NULL;
	e = q->used->ring[q->last_used % q->size];
	q->last_used++;
	head = (uint16_t)(e.id % q->size);
	if (written)
		*written = e.len;
	for (at = head; ; at = q->desc[at].next) {
		q->nfree++;
		if (!(q->desc[at].flags & DESC_NEXT))
			break;
	}
	q->desc[at].next = q->free_head;
	q->free_head = head;
	return q->tokens[head];
}
