/* kernel/io-manager/src/eventfd.c: counters as files (man 2 eventfd).
 *
 * Locking: e->lock (EVENT, interrupts off) guards the count.
 */
#include <errno.h>

#include <io/event.h>
#include <mm/heap.h>

#include "file_private.h"

#define COUNT_MAX (~0ull - 1)
#define READABLE (IO_POLLIN | IO_POLLRDNORM)
#define WRITABLE (IO_POLLOUT | IO_POLLWRNORM)

struct eventfd {
	struct spinlock lock;
	struct wait_queue wait;
	uint64_t count;
	bool is_semaphore;
};

HEAP_CACHE(eventfd_cache, "eventfd", sizeof(struct eventfd));

/* Returns: what a read gives and takes off; 0: it would wait. */
static uint64_t take(struct eventfd *e)
{
	uint64_t flags = spin_lock_irqsave(&e->lock);
	uint64_t value = e->is_semaphore ? MIN(e->count, 1ull) : e->count;

	e->count -= value;
	spin_unlock_irqrestore(&e->lock, flags);
	return value;
}

static int64_t eventfd_read(struct io_request *rq)
{
	struct eventfd *e = rq->file->private;
	uint64_t value;
	int err;

	if (rq->vector.left < sizeof(value))
		return -EINVAL;
	value = take(e);
	if (!value)
		return -EAGAIN;
	waitq_wake_one(&e->wait, WRITABLE);
	return io_copy_to(&rq->vector, &value, sizeof(value), &err) == sizeof(value) ? (int64_t)sizeof(value) : -EFAULT;
}

static bool fits(const struct eventfd *e, uint64_t value)
{
	return READ_ONCE(e->count) <= COUNT_MAX - value;
}

static bool write_is_ready(struct io_request *rq)
{
	return fits(rq->file->private, (uint64_t)(uintptr_t)rq->private);
}

static bool add(struct eventfd *e, uint64_t value)
{
	uint64_t flags = spin_lock_irqsave(&e->lock);
	bool done = fits(e, value);

	if (done)
		e->count += value;
	spin_unlock_irqrestore(&e->lock, flags);
	return done;
}

static int64_t eventfd_write(struct io_request *rq)
{
	struct eventfd *e = rq->file->private;
	struct io_vector v = rq->vector;
	uint64_t value;
	int err;

	if (v.left != sizeof(value))
		return -EINVAL;
	if (io_copy_from(&v, &value, sizeof(value), &err) < sizeof(value))
		return -EFAULT;
	if (value > COUNT_MAX)
		return -EINVAL;
	if (!add(e, value)) {
		rq->private = (void *)(uintptr_t)value;
		rq->is_ready = write_is_ready;
		return -EAGAIN;
	}
	rq->vector = v;
	if (value)
		waitq_wake_one(&e->wait, READABLE);
	return sizeof(value);
}

static uint32_t eventfd_poll(struct file *f)
{
	const struct eventfd *e = f->private;
	uint64_t count = READ_ONCE(e->count);

	return (count ? READABLE : 0) | (count < COUNT_MAX ? WRITABLE : 0);
}

static struct wait_queue *eventfd_wait_queue(struct file *f, uint32_t events)
{
	return &((struct eventfd *)f->private)->wait;
}

static void eventfd_release(struct file *f)
{
	heap_cache_free(&eventfd_cache, f->private);
}

static const struct file_ops eventfd_ops = {
	.name = "eventfd",
	.read = eventfd_read,
	.write = eventfd_write,
	.poll = eventfd_poll,
	.wait_queue = eventfd_wait_queue,
	.ignores_seek = true,
	.release = eventfd_release,
};

bool file_is_eventfd(const struct file *f)
{
	return f->ops == &eventfd_ops;
}

uint64_t eventfd_count(const struct file *f)
{
	return READ_ONCE(((const struct eventfd *)f->private)->count);
}

int eventfd_create_file(uint64_t count, bool is_semaphore, uint32_t flags, struct file **out)
{
	struct eventfd *e = heap_cache_alloc(&eventfd_cache, 0);
	int err;

	if (!e)
		return -ENOMEM;
	spin_init(&e->lock, LOCK_EVENT);
	waitq_init(&e->wait);
	e->count = count;
	e->is_semaphore = is_semaphore;
	err = file_create(&eventfd_ops, O_RDWR | (flags & O_NONBLOCK), e, out);
	if (err)
		heap_cache_free(&eventfd_cache, e);
	return err;
}
