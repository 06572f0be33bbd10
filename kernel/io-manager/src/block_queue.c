/* kernel/io-manager/src/block_queue.c: bytes on their way to a disk.
 *
 * An operation is cut into pieces that the driver takes; what it has no room for waits in
 * the disk's queue and goes when another is done. Who asked sleeps until all have ended. A piece
 * that a driver never ends keeps its frames: a device that wakes up late must not write into
 * somebody else's.
 */
#include <errno.h>
#include <string.h>

#include <mm/heap.h>
#include <nucleus/fault.h>
#include <nucleus/log.h>

#include "block.h"
#include "device.h"
#include "loop.h"

#define TIMEOUT_NS (30ull * NSEC_PER_SEC)
#define RETRY_NS NSEC_PER_MSEC
#define DEFAULT_MAX_SECTORS 2048u

struct piece {
	struct drv_block_request rq;
	struct list_node node;
	struct block_io *io;
	struct drv_segment *segments;
	uint32_t nsegments;
};

struct block_io {
	refcount_t refs;	/* who asked, and the pieces together */
	uint32_t left;		/* pieces that have not ended; atomic */
	int error;		/* the first; atomic */
	struct wait_queue wait;
	struct block_disk *disk;
	struct frame **frames;
	uint32_t nframes, npieces, nsegments;
	struct piece *pieces;
	struct drv_segment *segments;
};

HEAP_CACHE(io_cache, "block-io", sizeof(struct block_io));

static void dispatch(struct block_disk *disk);

static void retry(struct ktimer *t)
{
	dispatch(t->context);
}

struct block_disk *block_disk_create(struct drv_block *driver)
{
	struct block_disk *disk = kmalloc(sizeof(*disk), 0);

	if (!disk)
		return NULL;
	refcount_set(&disk->refs, 1);
	spin_init(&disk->lock, LOCK_BLOCK_QUEUE);
	list_init(&disk->waiting);
	list_init(&disk->lost);
	ktimer_init(&disk->retry, retry, disk);
	disk->driver = driver;
	disk->max_segments = driver->max_segments ? driver->max_segments : 1;
	disk->max_segment_bytes = driver->max_segment_bytes ? MAX(driver->max_segment_bytes, (uint32_t)PAGE_SIZE) : ~0u;
	/* Whole pages, so that no block of the device is cut in two. */
	disk->max_sectors = MAX((driver->max_sectors ? driver->max_sectors : DEFAULT_MAX_SECTORS) & ~7u, 8u);
	disk->max_discard = MAX((driver->max_discard_sectors ? driver->max_discard_sectors : DEFAULT_MAX_SECTORS) & ~7u, 8u);
	disk->is_read_only = driver->is_read_only;
	return disk;
}

void block_disk_put(struct block_disk *disk)
{
	if (!refcount_put(&disk->refs))
		return;
	ktimer_cancel(&disk->retry);
	kfree(disk);
}

static void io_put(struct block_io *io)
{
	if (!refcount_put(&io->refs))
		return;
	for (uint32_t i = 0; i < io->nframes; i++)
		frame_put(io->frames[i]);
	kfree(io->frames);
	kfree(io->pieces);
	kfree(io->segments);
	heap_cache_free(&io_cache, io);
}

static void piece_end(struct piece *p, int error)
{
	struct block_io *io = p->io;

	if (error)
		atomic_store(&io->error, error);
	if (__atomic_sub_fetch(&io->left, 1, __ATOMIC_ACQ_REL))
		return;
	waitq_wake_all(&io->wait, 0);
	io_put(io);
}

/* An injected fault: as if the device had never answered. */
static void lose_answer(struct block_disk *disk, struct piece *p)
{
	uint64_t flags = spin_lock_irqsave(&disk->lock);

	list_add_tail(&p->node, &disk->lost);
	spin_unlock_irqrestore(&disk->lock, flags);
}

/* disk->lock is held. */
static void count_inflight(struct block_disk *disk, int by)
{
	if (by > 0)
		sched_device_request_begin();
	else
		sched_device_request_end();
	disk->ninflight += (uint32_t)by;
}

static void end_lost(struct block_disk *disk)
{
	struct list_node lost = LIST_INIT(lost);
	uint64_t flags = spin_lock_irqsave(&disk->lock);
	struct piece *p, *next;

	LIST_FOR_EACH_ENTRY_SAFE(p, next, &disk->lost, node) {
		list_del(&p->node);
		list_add_tail(&p->node, &lost);
		count_inflight(disk, -1);
	}
	spin_unlock_irqrestore(&disk->lock, flags);
	LIST_FOR_EACH_ENTRY_SAFE(p, next, &lost, node)
		piece_end(p, -EIO);
}

static void done(struct drv_block_request *rq, int error)
{
	struct piece *p = rq->context;
	struct block_disk *disk = p->io->disk;
	uint64_t flags;

	if (fault_should_fail(FAULT_BLOCK_ANSWER)) {
		lose_answer(disk, p);
		return;
	}
	flags = spin_lock_irqsave(&disk->lock);
	count_inflight(disk, -1);
	/* Its owner may go with the last piece; the disk stays as long as a request is under way. */
	refcount_get(&disk->refs);
	spin_unlock_irqrestore(&disk->lock, flags);
	piece_end(p, error);
	dispatch(disk);
	block_disk_put(disk);
}

/* Give the driver what it takes. */
static void dispatch(struct block_disk *disk)
{
	struct list_node failed = LIST_INIT(failed);
	uint64_t flags = spin_lock_irqsave(&disk->lock);
	struct piece *p, *next;

	LIST_FOR_EACH_ENTRY_SAFE(p, next, &disk->waiting, node) {
		int err;

		list_del(&p->node);
		count_inflight(disk, 1);
		err = disk->driver ? disk->driver->ops->submit(disk->driver, &p->rq) : -EIO;
		if (!err)
			continue;
		count_inflight(disk, -1);
		if (err == -EAGAIN) {
			list_add(&p->node, &disk->waiting);
			if (!disk->ninflight)
				ktimer_start(&disk->retry, clock_monotonic_ns() + RETRY_NS);
			break;
		}
		p->rq.nsectors = (uint64_t)(int64_t)err;
		list_add_tail(&p->node, &failed);
	}
	spin_unlock_irqrestore(&disk->lock, flags);
	LIST_FOR_EACH_ENTRY_SAFE(p, next, &failed, node)
		piece_end(p, (int)(int64_t)p->rq.nsectors);
}

void block_disk_detach(struct block_disk *disk)
{
	uint64_t flags = spin_lock_irqsave(&disk->lock);

	disk->driver = NULL;
	spin_unlock_irqrestore(&disk->lock, flags);
	dispatch(disk);
}

/* Take back what the driver was not given yet. */
static void withdraw(struct block_io *io)
{
	struct list_node mine = LIST_INIT(mine);
	uint64_t flags = spin_lock_irqsave(&io->disk->lock);
	struct piece *p, *next;

	LIST_FOR_EACH_ENTRY_SAFE(p, next, &io->disk->waiting, node) {
		if (p->io != io)
			continue;
		list_del(&p->node);
		list_add_tail(&p->node, &mine);
	}
	spin_unlock_irqrestore(&io->disk->lock, flags);
	LIST_FOR_EACH_ENTRY_SAFE(p, next, &mine, node)
		piece_end(p, -EIO);
}

static bool is_done(struct block_io *io)
{
	return !__atomic_load_n(&io->left, __ATOMIC_ACQUIRE);
}

/* The driver has let a request lie: it may get its device going again, which ends all it has. */
static bool reset(struct block_disk *disk)
{
	struct drv_block *driver;
	uint64_t flags;

	/* A driver leaves under this lock. */
	mutex_lock(&block_table_lock);
	flags = spin_lock_irqsave(&disk->lock);
	driver = disk->driver;
	spin_unlock_irqrestore(&disk->lock, flags);
	if (driver && driver->ops->reset) {
		driver->ops->reset(driver);
		end_lost(disk);
	}
	mutex_unlock(&block_table_lock);
	return driver && driver->ops->reset;
}

static void poke(struct block_disk *disk)
{
	uint64_t flags = spin_lock_irqsave(&disk->lock);

	if (disk->driver && disk->driver->ops->poke)
		disk->driver->ops->poke(disk->driver);
	spin_unlock_irqrestore(&disk->lock, flags);
}

static bool is_of_loop(const struct block_io *io)
{
	const struct drv_block *driver = READ_ONCE(io->disk->driver);

	return driver && driver->ops == &loop_block_ops;
}

/* Returns: whether @io is done in time. */
static bool wait_done(struct block_io *io)
{
	uint64_t limit = clock_monotonic_ns() + TIMEOUT_NS;
	/* A loop may wait for the very service that waits here, and whose end it is. */
	uint32_t mask = is_of_loop(io) ? INTERRUPT_FATAL : 0;
	int err;

	while ((err = WAIT_EVENT(&io->wait, is_done(io), mask, clock_monotonic_ns() + DEVICE_POKE_NS))) {
		if (err == -EINTR || clock_monotonic_ns() >= limit)
			return false;
		poke(io->disk);
	}
	return true;
}

/* Queue all pieces of @io and wait. The caller's reference is used up. */
static int io_run(struct block_io *io)
{
	struct block_disk *disk = io->disk;
	uint64_t flags;
	int err;

	if (!io->npieces) {
		io_put(io);
		return 0;
	}
	io->left = io->npieces;
	refcount_get(&io->refs);
	flags = spin_lock_irqsave(&disk->lock);
	for (uint32_t i = 0; i < io->npieces; i++)
		list_add_tail(&io->pieces[i].node, &disk->waiting);
	spin_unlock_irqrestore(&disk->lock, flags);
	dispatch(disk);
	if (!wait_done(io) && !is_of_loop(io)) {
		log_ratelimited(LOG_WARN, DRIVER, "a disk has not answered for %u s", (unsigned)(TIMEOUT_NS / NSEC_PER_SEC));
		withdraw(io);
		if (reset(disk))
			(void)wait_done(io);
	}
	err = -EIO;
	if (is_done(io))
		err = atomic_load(&io->error);
	else
		refcount_get(&disk->refs);	/* for ever: the device may still wake up */
	io_put(io);
	return err;
}

static struct block_io *io_create(struct block_disk *disk, uint32_t nframes, uint32_t npieces)
{
	struct block_io *io = heap_cache_alloc(&io_cache, 0);

	if (!io)
		return NULL;
	refcount_set(&io->refs, 1);
	waitq_init(&io->wait);
	io->disk = disk;
	io->frames = kmalloc(MAX(nframes, 1u) * sizeof(*io->frames), 0);
	io->pieces = kmalloc(npieces * sizeof(*io->pieces), 0);
	io->segments = kmalloc(npieces * sizeof(*io->segments), 0);
	if (io->frames && io->pieces && io->segments)
		return io;
	io_put(io);
	return NULL;
}

static struct piece *add_piece(struct block_io *io, enum drv_block_op op, uint64_t sector)
{
	struct piece *p = &io->pieces[io->npieces++];

	p->io = io;
	p->segments = &io->segments[io->nsegments];
	p->rq = (struct drv_block_request){ .op = op, .sector = sector, .segments = p->segments, .done = done, .context = p };
	return p;
}

/* Another stretch of memory within one page for [sector, sector + bytes). */
static void add_bytes(struct block_io *io, enum drv_block_op op, uint64_t sector, uint64_t phys, uint32_t bytes)
{
	const struct block_disk *disk = io->disk;
	struct piece *p = io->npieces ? &io->pieces[io->npieces - 1] : NULL;
	struct drv_segment *last = p && p->rq.nsegments ? &p->segments[p->rq.nsegments - 1] : NULL;

	if (!p || p->rq.sector + p->rq.nsectors != sector || p->rq.nsectors + bytes / BLOCK_SECTOR > disk->max_sectors) {
		p = add_piece(io, op, sector);
		last = NULL;
	}
	if (last && last->phys + last->len == phys && last->len + bytes <= disk->max_segment_bytes) {
		last->len += bytes;
	} else {
		if (p->rq.nsegments == disk->max_segments)
			p = add_piece(io, op, sector);
		io->segments[io->nsegments++] = (struct drv_segment){ phys, bytes };
		p->rq.nsegments++;
	}
	p->rq.nsectors += bytes / BLOCK_SECTOR;
}

struct cursor {
	struct frame *const *frames;
	uint32_t at;	/* byte in the first frame */
};

static void add_extent(struct block_io *io, const struct block_device *d, bool is_write, const struct block_extent *e,
		       struct cursor *c)
{
	uint64_t left = e->bytes, at = d->info.start + e->start;

	while (left) {
		uint32_t n = (uint32_t)MIN(left, PAGE_SIZE - c->at);

		if (e->start == BLOCK_HOLE)
			memset((uint8_t *)frame_virt(*c->frames) + c->at, 0, n);
		else
			add_bytes(io, is_write ? DRV_BLOCK_WRITE : DRV_BLOCK_READ, at / BLOCK_SECTOR,
				  frame_phys(*c->frames) + c->at, n);
		at += n;
		left -= n;
		c->at += n;
		if (c->at == PAGE_SIZE) {
			c->at = 0;
			c->frames++;
		}
	}
}

static int check(const struct block_device *d, bool is_write)
{
	if (block_is_gone(d))
		return -EIO;
	if (is_write && (d->info.flags & BLOCK_READ_ONLY))
		return -EROFS;
	return fault_should_fail(is_write ? FAULT_BLOCK_WRITE : FAULT_BLOCK_READ) ? -EIO : 0;
}

int block_transfer(struct block_device *d, bool is_write, const struct block_extent *extents, uint32_t nextents,
		   struct frame *const *frames, uint32_t nframes, uint32_t first)
{
	struct cursor c = { frames, first };
	struct block_io *io;
	int err = check(d, is_write);

	if (err)
		return err;
	/* Each extent ends at most one stretch more than there are pages. */
	io = io_create(d->disk, nframes, nframes + nextents);
	if (!io)
		return -ENOMEM;
	for (uint32_t i = 0; i < nframes; i++) {
		frame_get(frames[i]);
		io->frames[io->nframes++] = frames[i];
	}
	for (uint32_t i = 0; i < nextents; i++)
		add_extent(io, d, is_write, &extents[i], &c);
	return io_run(io);
}

int block_flush(struct block_device *d)
{
	struct block_io *io;

	if (block_is_gone(d))
		return -EIO;
	if (d->info.flags & BLOCK_LOOP)
		return loop_flush(d);
	if (!(d->info.flags & BLOCK_CACHED) || (d->info.flags & BLOCK_READ_ONLY))
		return 0;
	if (fault_should_fail(FAULT_BLOCK_WRITE))
		return -EIO;
	io = io_create(d->disk, 0, 1);
	if (!io)
		return -ENOMEM;
	add_piece(io, DRV_BLOCK_FLUSH, 0);
	return io_run(io);
}

int block_discard(struct block_device *d, uint64_t start, uint64_t bytes)
{
	uint64_t sector = (d->info.start + start) / BLOCK_SECTOR, left = bytes / BLOCK_SECTOR;
	int err = check(d, true);

	if (err)
		return err;
	if (!(d->info.flags & BLOCK_DISCARDS))
		return -EOPNOTSUPP;
	while (left && !err) {
		uint64_t n = MIN(left, (uint64_t)d->disk->max_discard);
		struct block_io *io = io_create(d->disk, 0, 1);

		if (!io)
			return -ENOMEM;
		add_piece(io, DRV_BLOCK_DISCARD, sector)->rq.nsectors = n;
		err = io_run(io);
		sector += n;
		left -= n;
	}
	return err;
}
