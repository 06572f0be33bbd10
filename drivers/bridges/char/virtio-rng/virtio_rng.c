/* drivers/bridges/char/virtio-rng/virtio_rng.c: the host's randomness for the kernel's pool (virtio 1.1, 5.4). */
#include <errno.h>
#include <virtio/virtio.h>

#define BYTES 64

struct rng {
	struct virtio_queue *queue;
	uint8_t *buffer;
};

static void interrupt(struct virtio_device *d)
{
	struct rng *r = d->driver;
	uint32_t n;

	while (virtio_queue_take(r->queue, &n))
		drv_entropy(r->buffer, n < BYTES ? n : BYTES);
}

static int probe(struct virtio_device *d)
{
	struct rng *r = drv_alloc(sizeof(*r));
	struct drv_segment in;

	if (!r)
		return -ENOMEM;
	r->buffer = drv_alloc(BYTES);
	r->queue = virtio_queue_create(d, 0, 8);
	if (!r->buffer || !r->queue)
		return -ENOMEM;
	d->driver = r;
	d->interrupt = interrupt;
	virtio_device_ready(d);
	in = (struct drv_segment){ drv_dma_address(r->buffer), BYTES };
	virtio_queue_add(r->queue, NULL, 0, &in, 1, r);
	virtio_queue_kick(r->queue);
	return 0;
}

static struct virtio_driver driver = { .id = VIRTIO_ID_RNG, .probe = probe };

static int init(void)
{
	virtio_add_driver(&driver);
	return 0;
}

DRIVER_ENTRY(virtio_rng, init);
