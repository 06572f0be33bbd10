/* kernel/io-manager/src/pipe.c: pipes.
 *
 * A write of up to a page lands in one slot, so it is never mixed with another's
 * (POSIX asks it of PIPE_BUF bytes). Readers and writers share one wait queue; its
 * key says what happened.
 */
#include "pipe.h"

#include <asm/fcntl.h>
#include <asm/ioctls.h>
#include <errno.h>

#include <linux/capability.h>

#include <mm/frame.h>
#include <mm/heap.h>
#include <mm/usercopy.h>
#include <ps/process.h>

#define DEFAULT_SLOTS 16u
#define POOR_SLOTS 2u		/* of a new pipe when pipes may hold too much already */
#define MAX_SLOTS 256u		/* 1 MiB: the most without CAP_SYS_RESOURCE */
#define HARD_MAX_BYTES (1u << 30)

#define READABLE (IO_POLLIN | IO_POLLRDNORM)
#define WRITABLE (IO_POLLOUT | IO_POLLWRNORM)

HEAP_CACHE(pipe_cache, "pipe", sizeof(struct pipe));

static uint64_t slots_in_use;	/* of all pipes; atomic */

/* Whether @more slots, all filled, would still leave most of the memory to others. */
static bool slots_are_affordable(uint32_t more)
{
	static uint64_t limit;

	if (!limit) {
		struct mm_statistics s;

		mm_statistics(&s);
		limit = s.total_pages / 8;
	}
	return atomic_load(&slots_in_use) + more <= limit || ps_capable(CAP_SYS_RESOURCE);
}

struct pipe *pipe_alloc(void)
{
	struct pipe *p = heap_cache_alloc(&pipe_cache, 0);

	if (!p)
		return NULL;
	p->nslots = slots_are_affordable(DEFAULT_SLOTS) ? DEFAULT_SLOTS : POOR_SLOTS;
	p->slots = kmalloc(p->nslots * sizeof(*p->slots), 0);
	if (!p->slots) {
		heap_cache_free(&pipe_cache, p);
		return NULL;
	}
	refcount_set(&p->refs, 1);
	mutex_init(&p->lock, LOCK_PIPE);
	waitq_init(&p->wait);
	atomic_add(&slots_in_use, p->nslots);
	return p;
}

void pipe_free(struct pipe *p)
{
	for (; p->tail != p->head; p->tail++)
		frame_put(pipe_slot_at(p, p->tail)->frame);
	if (p->spare)
		frame_put(p->spare);
	atomic_sub(&slots_in_use, p->nslots);
	kfree(p->slots);
	heap_cache_free(&pipe_cache, p);
}

struct frame *pipe_take_frame(struct pipe *p)
{
	struct frame *f = p->spare;

	p->spare = NULL;
	return f ? f : frame_alloc(0, 0);
}

void pipe_give_frame(struct pipe *p, struct frame *f)
{
	if (p->spare)
		frame_put(f);
	else
		p->spare = f;
}

void pipe_drop_slot(struct pipe *p)
{
	struct pipe_slot *slot = pipe_slot_at(p, p->tail);

	p->bytes -= slot->len;
	pipe_give_frame(p, slot->frame);
	atomic_store(&p->tail, p->tail + 1);
}

void pipe_push(struct pipe *p, struct frame *frame, uint16_t offset, uint16_t len)
{
	*pipe_slot_at(p, p->head) = (struct pipe_slot){ .frame = frame, .offset = offset, .len = len };
	p->bytes += len;
	atomic_store(&p->head, p->head + 1);
}

static int64_t read_locked(struct pipe *p, struct io_request *rq)
{
	uint64_t done = 0;

	while (rq->vector.left && !pipe_is_empty(p)) {
		struct pipe_slot *slot = pipe_slot_at(p, p->tail);
		size_t want = MIN(rq->vector.left, slot->len), n;
		bool is_packet = slot->is_packet;
		int err;

		n = io_copy_to(&rq->vector, (uint8_t *)frame_virt(slot->frame) + slot->offset, want, &err);
		done += n;
		slot->offset += n;
		slot->len -= n;
		p->bytes -= n;
		if (n < want)
			return done ? (int64_t)done : err;
		if (!slot->len || is_packet)
			pipe_drop_slot(p);
		if (is_packet)
			break;
	}
	if (done)
		return (int64_t)done;
	return p->writers ? -EAGAIN : 0;
}

static int64_t pipe_read(struct io_request *rq)
{
	struct pipe *p = rq->file->private;
	bool was_full;
	int64_t n;

	if (!rq->vector.left)
		return 0;
	if (pipe_is_empty(p) && READ_ONCE(p->writers))
		return -EAGAIN;
	mutex_lock(&p->lock);
	was_full = pipe_is_full(p);
	n = read_locked(p, rq);
	was_full = was_full && !pipe_is_full(p);
	mutex_unlock(&p->lock);
	if (was_full)
		waitq_wake_one(&p->wait, WRITABLE);
	return n;
}

/* What is left of @v after whole pages joins the last slot when it fits there. Returns: bytes
 * taken; 0: none, with -EFAULT in *@err when they cannot be read. */
static size_t append_to_last(struct pipe *p, struct io_vector *v, int *err)
{
	size_t rest = v->left & (PAGE_SIZE - 1), n;
	struct pipe_slot *slot;

	if (!rest || pipe_is_empty(p))
		return 0;
	slot = pipe_slot_at(p, p->head - 1);
	if (slot->is_packet || slot->offset + slot->len + rest > PAGE_SIZE)
		return 0;
	n = io_copy_from(v, (uint8_t *)frame_virt(slot->frame) + slot->offset + slot->len, rest, err);
	slot->len += n;
	p->bytes += n;
	return n;
}

static int fill_slot(struct pipe *p, struct io_vector *v, bool is_packet)
{
	struct frame *frame = pipe_take_frame(p);
	int err = -ENOMEM;
	size_t n;

	if (!frame)
		return err;
	n = io_copy_from(v, frame_virt(frame), PAGE_SIZE, &err);
	if (!n) {
		pipe_give_frame(p, frame);
		return err;
	}
	*pipe_slot_at(p, p->head) = (struct pipe_slot){ .frame = frame, .len = (uint16_t)n, .is_packet = is_packet };
	p->bytes += n;
	atomic_store(&p->head, p->head + 1);
	return 0;
}

static int64_t write_locked(struct pipe *p, struct io_request *rq)
{
	bool is_packet = atomic_load(&rq->file->flags) & O_DIRECT;
	uint64_t before = rq->vector.left;
	int err = 0;

	if (!p->readers)
		return -EPIPE;
	if (!is_packet)
		append_to_last(p, &rq->vector, &err);
	while (rq->vector.left && !err) {
		if (pipe_is_full(p))
			err = -EAGAIN;
		else
			err = fill_slot(p, &rq->vector, is_packet);
	}
	return rq->vector.left == before ? err : (int64_t)(before - rq->vector.left);
}

static int64_t pipe_write(struct io_request *rq)
{
	struct pipe *p = rq->file->private;
	int64_t n;

	if (!rq->vector.left)
		return 0;
	mutex_lock(&p->lock);
	n = write_locked(p, rq);
	mutex_unlock(&p->lock);
	if (n > 0)
		waitq_wake_one(&p->wait, READABLE);
	return n;
}

static uint32_t pipe_poll(struct file *f)
{
	struct pipe *p = f->private;
	uint32_t events = 0;

	if (f->access & RIGHT_READ) {
		if (!pipe_is_empty(p))
			events |= READABLE;
		if (!READ_ONCE(p->writers) && pipe_writers_seen(f) != READ_ONCE(p->writer_opens))
			events |= IO_POLLHUP;
	}
	if (f->access & RIGHT_WRITE) {
		if (!pipe_is_full(p))
			events |= WRITABLE;
		if (!READ_ONCE(p->readers))
			events |= IO_POLLERR;
	}
	return events;
}

static struct wait_queue *pipe_wait_queue(struct file *f, uint32_t events)
{
	return &((struct pipe *)f->private)->wait;
}

static int64_t pipe_ioctl(struct file *f, uint32_t cmd, uint64_t arg)
{
	struct pipe *p = f->private;

	if (cmd != FIONREAD)
		return -ENOTTY;
	return put_user((int)READ_ONCE(p->bytes), (int __user *)arg);
}

static void pipe_put(struct pipe *p)
{
	if (p->inode)
		fifo_put(p);
	else if (refcount_put(&p->refs))
		pipe_free(p);
}

static void pipe_release(struct file *f)
{
	struct pipe *p = f->private;

	mutex_lock(&p->lock);
	if (f->access & RIGHT_READ)
		p->readers--;
	if (f->access & RIGHT_WRITE)
		p->writers--;
	mutex_unlock(&p->lock);
	waitq_wake_all(&p->wait, READABLE | WRITABLE | IO_POLLHUP | IO_POLLERR);
	pipe_put(p);
}

const struct file_ops pipe_ops = {
	.name = "pipe",
	.read = pipe_read,
	.write = pipe_write,
	.poll = pipe_poll,
	.wait_queue = pipe_wait_queue,
	.ioctl = pipe_ioctl,
	.release = pipe_release,
};

int pipe_create(uint32_t flags, struct file **reader, struct file **writer)
{
	struct pipe *p = pipe_alloc();
	int err;

	if (!p)
		return -ENOMEM;
	err = file_create(&pipe_ops, O_RDONLY | (flags & O_NONBLOCK), p, reader);
	if (err)
		goto free_pipe;
	err = file_create(&pipe_ops, O_WRONLY | (flags & (O_NONBLOCK | O_DIRECT)), p, writer);
	if (err)
		goto put_reader;
	refcount_set(&p->refs, 2);
	p->readers = p->writers = 1;
	p->reader_opens = p->writer_opens = 1;
	return 0;

put_reader:
	p->readers = 1;
	file_put(*reader);
	return err;
free_pipe:
	pipe_free(p);
	return err;
}

/* ---- F_GETPIPE_SZ, F_SETPIPE_SZ ---- */

static uint32_t slots_for(uint32_t bytes)
{
	uint32_t n = 1;

	while (n * PAGE_SIZE < bytes)
		n *= 2;
	return n;
}

static int resize_locked(struct pipe *p, uint32_t nslots)
{
	uint32_t used = p->head - p->tail;
	struct pipe_slot *slots;

	if (used > nslots)
		return -EBUSY;
	slots = kmalloc(nslots * sizeof(*slots), 0);
	if (!slots)
		return -ENOMEM;
	for (uint32_t i = 0; i < used; i++)
		slots[i] = *pipe_slot_at(p, p->tail + i);
	kfree(p->slots);
	p->slots = slots;
	atomic_add(&slots_in_use, (uint64_t)nslots - p->nslots);
	/* poll() looks on without the lock: it may see a fuller pipe, never a wrong page. */
	WRITE_ONCE(p->nslots, nslots);
	WRITE_ONCE(p->tail, 0);
	WRITE_ONCE(p->head, used);
	return 0;
}

int pipe_set_size(struct file *f, uint32_t bytes)
{
	struct pipe *p = f->private;
	uint32_t nslots;
	int err = 0;

	if (f->ops != &pipe_ops)
		return -EBADF;
	if (bytes > HARD_MAX_BYTES)
		return -EINVAL;
	nslots = slots_for(bytes);
	mutex_lock(&p->lock);
	if (nslots > p->nslots &&
	    ((nslots > MAX_SLOTS && !ps_capable(CAP_SYS_RESOURCE)) || !slots_are_affordable(nslots - p->nslots)))
		err = -EPERM;
	if (!err && nslots != p->nslots)
		err = resize_locked(p, nslots);
	nslots = p->nslots;
	mutex_unlock(&p->lock);
	if (!err)
		waitq_wake_all(&p->wait, WRITABLE);
	return err ? err : (int)(nslots * PAGE_SIZE);
}

int pipe_get_size(struct file *f)
{
	struct pipe *p = f->private;

	return f->ops == &pipe_ops ? (int)(READ_ONCE(p->nslots) * PAGE_SIZE) : -EBADF;
}

/* ---- looking ---- */

int64_t pipe_peek(struct file *f, struct io_vector *v, bool *has_writers)
{
	struct pipe *p = f->private;
	int64_t waiting;
	int err = 0;

	if (f->ops != &pipe_ops)
		return -EBADF;
	mutex_lock(&p->lock);
	waiting = p->bytes;
	*has_writers = p->writers;
	for (uint32_t at = p->tail; at != p->head && v->left && !err; at++) {
		const struct pipe_slot *slot = pipe_slot_at(p, at);

		io_copy_to(v, (uint8_t *)frame_virt(slot->frame) + slot->offset, MIN(v->left, slot->len), &err);
	}
	mutex_unlock(&p->lock);
	return err ? err : waiting;
}
