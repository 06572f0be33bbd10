/* drivers/bridges/fs/virtio-9p/virtio_9p.c: 9P messages to and from the host (virtio 9P, QEMU hw/9pfs). */
#include <errno.h>
#include <virtio/virtio.h>

#define F_MOUNT_TAG 1ull
#define RING 128
#define CONFIG_TAG_LEN 0
#define CONFIG_TAG 2
#define MAX_TAG 64

struct transport {
	struct drv_9p p9;
	struct virtio_queue *queue;
	struct drv_lock lock;
	char tag[MAX_TAG];
};

static int submit(struct drv_9p *p9, struct drv_9p_request *rq)
{
	struct transport *t = p9->driver;
	uint64_t flags = drv_lock_acquire(&t->lock);
	int err = virtio_queue_add(t->queue, rq->out, rq->nout, rq->in, rq->nin, rq);

	drv_lock_release(&t->lock, flags);
	return err;
}

static void poke(struct drv_9p *p9)
{
	struct transport *t = p9->driver;
	uint64_t flags = drv_lock_acquire(&t->lock);

	virtio_queue_kick(t->queue);
	drv_lock_release(&t->lock, flags);
}

static void interrupt(struct virtio_device *d)
{
	struct transport *t = d->driver;
	uint64_t flags = drv_lock_acquire(&t->lock);
	struct drv_9p_request *rq;
	uint32_t n;

	while ((rq = virtio_queue_take(t->queue, &n))) {
		drv_lock_release(&t->lock, flags);
		rq->done(rq, n);
		flags = drv_lock_acquire(&t->lock);
	}
	drv_lock_release(&t->lock, flags);
}

static int probe(struct virtio_device *d)
{
	struct transport *t = drv_alloc(sizeof(*t));
	uint32_t len;

	if (!t)
		return -ENOMEM;
	len = d->ops->config(d, CONFIG_TAG_LEN, 2);
	if (!(d->features & F_MOUNT_TAG) || !len || len >= MAX_TAG)
		return -EINVAL;
	for (uint32_t i = 0; i < len; i++)
		t->tag[i] = (char)d->ops->config(d, CONFIG_TAG + i, 1);
	drv_lock_init(&t->lock);
	t->queue = virtio_queue_create(d, 0, RING);
	if (!t->queue)
		return -ENOMEM;
	t->p9 = (struct drv_9p){ .tag = t->tag, .submit = submit, .poke = poke, .driver = t };
	d->driver = t;
	d->interrupt = interrupt;
	virtio_device_ready(d);
	return drv_9p_add(&t->p9);
}

static struct virtio_driver driver = { .id = VIRTIO_ID_9P, .features = F_MOUNT_TAG, .probe = probe };

static int init(void)
{
	virtio_add_driver(&driver);
	return 0;
}

DRIVER_ENTRY(virtio_9p, init);
