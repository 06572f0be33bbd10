/* drivers/bridges/block/virtio-blk/virtio_blk.c: disks of the host (virtio 1.1, 5.2).
 *
 * Each request under way has a slot with what the device reads and writes beside the data.
 *
 * Locking: disk->lock guards queue and slots.
 */
#include <errno.h>
#include <virtio/virtio.h>

#define F_SIZE_MAX (1ull << 1)
#define F_SEG_MAX (1ull << 2)
#define F_RO (1ull << 5)
#define F_BLK_SIZE (1ull << 6)
#define F_FLUSH (1ull << 9)
#define F_TOPOLOGY (1ull << 10)
#define F_DISCARD (1ull << 13)

enum config {
	CONFIG_CAPACITY = 0, CONFIG_SIZE_MAX = 8, CONFIG_SEG_MAX = 12, CONFIG_BLK_SIZE = 20, CONFIG_PHYSICAL_EXP = 24,
	CONFIG_MAX_DISCARD = 36,
};
enum type { TYPE_IN = 0, TYPE_OUT = 1, TYPE_FLUSH = 4, TYPE_GET_ID = 8, TYPE_DISCARD = 11 };

#define STATUS_OK 0
#define STATUS_PENDING 0xff
#define ID_BYTES 20
#define ID_TIMEOUT_NS 1000000000ull
#define RING 256
#define NSLOTS 64
#define MAX_SEGMENTS 126u

struct slot {
	struct { uint32_t type, reserved; uint64_t sector; } header;
	struct { uint64_t sector; uint32_t nsectors, flags; } range;	/* of a discard */
	uint8_t status;
	struct drv_block_request *rq;
	struct slot *next;	/* free ones */
};

struct disk {
	struct drv_block block;
	struct virtio_device *device;
	struct virtio_queue *queue;
	struct drv_lock lock;
	struct slot *slots, *free;
	bool is_gone;
	struct drv_segment chain[MAX_SEGMENTS + 2];	/* of the request that is being added */
};

static struct drv_segment segment(const void *p, uint32_t len)
{
	return (struct drv_segment){ drv_dma_address(p), len };
}

/* What goes to and from the device for @rq: header, data and status. */
static int add(struct disk *k, struct slot *s, const struct drv_block_request *rq)
{
	static const uint32_t types[] = {
		[DRV_BLOCK_READ] = TYPE_IN, [DRV_BLOCK_WRITE] = TYPE_OUT, [DRV_BLOCK_FLUSH] = TYPE_FLUSH,
		[DRV_BLOCK_DISCARD] = TYPE_DISCARD,
	};
	uint32_t n = 0, nout;

	s->header.type = types[rq->op];
	s->header.reserved = 0;
	s->header.sector = rq->op == DRV_BLOCK_READ || rq->op == DRV_BLOCK_WRITE ? rq->sector : 0;
	s->status = STATUS_PENDING;
	k->chain[n++] = segment(&s->header, sizeof(s->header));
	for (uint32_t i = 0; i < rq->nsegments; i++)
		k->chain[n++] = rq->segments[i];
	if (rq->op == DRV_BLOCK_DISCARD) {
		s->range.sector = rq->sector;
		s->range.nsectors = (uint32_t)rq->nsectors;
		s->range.flags = 0;
		k->chain[n++] = segment(&s->range, sizeof(s->range));
	}
	nout = rq->op == DRV_BLOCK_READ ? 1 : n;
	k->chain[n++] = segment(&s->status, 1);
	return virtio_queue_add(k->queue, k->chain, nout, k->chain + nout, n - nout, s);
}

static int submit(struct drv_block *b, struct drv_block_request *rq)
{
	struct disk *k = b->driver;
	uint64_t flags;
	struct slot *s;
	int err = -EAGAIN;

	if (rq->nsegments > MAX_SEGMENTS)
		return -EINVAL;
	flags = drv_lock_acquire(&k->lock);
	s = k->free;
	if (k->is_gone)
		err = -ENODEV;
	else if (s)
		err = add(k, s, rq);
	if (!err) {
		k->free = s->next;
		s->rq = rq;
		virtio_queue_kick(k->queue);
	}
	drv_lock_release(&k->lock, flags);
	return err;
}

static void interrupt(struct virtio_device *d)
{
	struct disk *k = d->driver;
	uint64_t flags = drv_lock_acquire(&k->lock);
	struct slot *s;

	while ((s = virtio_queue_take(k->queue, NULL))) {
		struct drv_block_request *rq = s->rq;
		int error = s->status == STATUS_OK ? 0 : -EIO;

		s->rq = NULL;
		s->next = k->free;
		k->free = s;
		if (!rq)
			continue;
		drv_lock_release(&k->lock, flags);
		rq->done(rq, error);
		flags = drv_lock_acquire(&k->lock);
	}
	drv_lock_release(&k->lock, flags);
}

/* A request that the device will not answer. Returns: NULL if there is none. */
static struct drv_block_request *take_unanswered(struct disk *k)
{
	uint64_t flags = drv_lock_acquire(&k->lock);
	struct drv_block_request *rq = NULL;

	k->is_gone = true;
	for (uint32_t i = 0; !rq && i < NSLOTS; i++) {
		rq = k->slots[i].rq;
		k->slots[i].rq = NULL;
	}
	drv_lock_release(&k->lock, flags);
	return rq;
}

/* Once it is reset the device touches no memory any more. */
static void remove_disk(struct virtio_device *d)
{
	struct disk *k = d->driver;
	struct drv_block_request *rq;

	d->ops->set_status(d, 0);
	while ((rq = take_unanswered(k)))
		rq->done(rq, -ENODEV);
	drv_block_remove(&k->block);
}

static void poke(struct drv_block *b)
{
	struct disk *k = b->driver;
	uint64_t flags = drv_lock_acquire(&k->lock);

	virtio_queue_kick(k->queue);
	drv_lock_release(&k->lock, flags);
}

static const struct drv_block_ops ops = { .submit = submit, .poke = poke };

/* The serial number, before anything else is asked. A device without one says so. */
static void read_serial(struct disk *k)
{
	uint64_t deadline = drv_clock_ns() + ID_TIMEOUT_NS;
	struct slot *s = k->free;
	char *id = drv_alloc(ID_BYTES);
	struct drv_segment out = segment(&s->header, sizeof(s->header)), in[] = { segment(id, ID_BYTES), segment(&s->status, 1) };

	if (!id)
		return;
	s->header.type = TYPE_GET_ID;
	s->status = STATUS_PENDING;
	if (virtio_queue_add(k->queue, &out, 1, in, 2, s)) {
		drv_free(id);
		return;
	}
	k->free = s->next;
	virtio_queue_kick(k->queue);
	while (!virtio_queue_take(k->queue, NULL)) {
		/* Slot and buffer stay the device's. */
		if (drv_clock_ns() > deadline)
			return;
	}
	s->next = k->free;
	k->free = s;
	for (uint32_t i = 0; s->status == STATUS_OK && i < ID_BYTES && id[i]; i++)
		k->block.serial[i] = id[i];
	drv_free(id);
}

static uint32_t limited(struct virtio_device *d, uint64_t feature, enum config at, uint32_t otherwise)
{
	uint32_t value = d->features & feature ? d->ops->config(d, at, 4) : 0;

	return value ? value : otherwise;
}

static void read_geometry(struct disk *k)
{
	struct virtio_device *d = k->device;
	struct drv_block *b = &k->block;
	uint32_t segments = limited(d, F_SEG_MAX, CONFIG_SEG_MAX, MAX_SEGMENTS);

	b->sectors = d->ops->config(d, CONFIG_CAPACITY, 4) | (uint64_t)d->ops->config(d, CONFIG_CAPACITY + 4, 4) << 32;
	b->block_bytes = limited(d, F_BLK_SIZE, CONFIG_BLK_SIZE, 512);
	b->physical_bytes = b->block_bytes;
	if (d->features & F_TOPOLOGY)
		b->physical_bytes <<= d->ops->config(d, CONFIG_PHYSICAL_EXP, 1) & 15;
	b->max_segments = segments < MAX_SEGMENTS ? segments : MAX_SEGMENTS;
	b->max_segment_bytes = limited(d, F_SIZE_MAX, CONFIG_SIZE_MAX, 0);
	b->max_discard_sectors = limited(d, F_DISCARD, CONFIG_MAX_DISCARD, 0);
	b->is_read_only = d->features & F_RO;
	b->is_cached = d->features & F_FLUSH;
	b->can_discard = d->features & F_DISCARD;
}

static int probe(struct virtio_device *d)
{
	struct disk *k = drv_alloc(sizeof(*k));

	if (!k)
		return -ENOMEM;
	drv_lock_init(&k->lock);
	k->device = d;
	k->slots = drv_alloc(NSLOTS * sizeof(*k->slots));
	k->queue = k->slots ? virtio_queue_create(d, 0, RING) : NULL;
	if (!k->queue) {
		drv_free(k->slots);
		drv_free(k);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < NSLOTS; i++) {
		k->slots[i].next = k->free;
		k->free = &k->slots[i];
	}
	k->block = (struct drv_block){ .prefix = "vd", .ops = &ops, .driver = k, .model = "" };
	read_geometry(k);
	virtio_device_ready(d);
	read_serial(k);
	d->driver = k;
	d->interrupt = interrupt;
	d->remove = remove_disk;
	return drv_block_add(&k->block);
}

static struct virtio_driver driver = {
	.id = VIRTIO_ID_BLOCK,
	.features = F_SIZE_MAX | F_SEG_MAX | F_RO | F_BLK_SIZE | F_FLUSH | F_TOPOLOGY | F_DISCARD,
	.probe = probe,
};

static int init(void)
{
	virtio_add_driver(&driver);
	return 0;
}

DRIVER_ENTRY(virtio_blk, init);
