/* kernel/io-manager/src/splice.c: moving bytes between pipes and files.
 *
 * A file's operation runs under the pipe's lock (PIPE, below those of files) and never
 * waits there; what must wait lets go of the pipe first. Of two pipes the lower address is
 * locked first.
 */
#include <errno.h>
#include <string.h>

#include <asm/fcntl.h>
#include <io/inode.h>
#include <io/notify.h>
#include <io/splice.h>
#include <linux/inotify.h>
#include <mm/frame.h>
#include <ps/process.h>

#include "file_private.h"
#include "pipe.h"

#define READABLE (IO_POLLIN | IO_POLLRDNORM)
#define WRITABLE (IO_POLLOUT | IO_POLLWRNORM)
#define READ_EVENTS (READABLE | IO_POLLHUP | IO_POLLERR | IO_POLLRDHUP)
#define WRITE_EVENTS (WRITABLE | IO_POLLHUP | IO_POLLERR)
#define INTERRUPTS (INTERRUPT_SIGNAL | INTERRUPT_FATAL | INTERRUPT_SUSPEND)

bool file_is_pipe(const struct file *f)
{
	return f->ops == &pipe_ops;
}

bool file_is_same_pipe(const struct file *a, const struct file *b)
{
	return file_is_pipe(a) && file_is_pipe(b) && a->private == b->private;
}

static bool can_take(const struct pipe *p)
{
	return !pipe_is_full(p) || !READ_ONCE(p->readers);
}

static bool can_give(const struct pipe *p)
{
	return !pipe_is_empty(p) || !READ_ONCE(p->writers);
}

static int wait_until(struct pipe *p, bool (*condition)(const struct pipe *p), bool nonblock)
{
	if (condition(p))
		return 0;
	return nonblock ? -EAGAIN : WAIT_EVENT(&p->wait, condition(p), INTERRUPTS, 0);
}

/* ---- the other file ---- */

/* A file that bytes come from or go to, and where. */
struct other {
	struct file *file;
	uint64_t *offset;
	bool is_output;
	struct io_request rq;	/* the latest one: what to wait for after -EAGAIN */
};

static bool uses_position(const struct other *o)
{
	return !o->offset && o->file->ops->seek;
}

/* One operation on kernel memory, at the right place. */
static int64_t operate(struct other *o, void *bytes, uint64_t len)
{
	struct io_segment segment = { (uintptr_t)bytes, len };
	struct file *f = o->file;
	int64_t n;

	o->rq = (struct io_request){ .file = f, .flags = o->is_output && (f->flags & O_DSYNC) ? IO_SYNC : 0 };
	io_vector_init(&o->rq.vector, &segment, 1, true);
	if (uses_position(o)) {
		mutex_lock(&f->position_lock);
		o->rq.offset = f->offset;
	} else if (o->offset) {
		o->rq.offset = *o->offset;
	}
	n = o->is_output ? f->ops->write(&o->rq) : f->ops->read(&o->rq);
	if (n > 0 && f->inode)
		notify_inode(f->inode, o->is_output ? IN_MODIFY : IN_ACCESS);
	if (uses_position(o)) {
		f->offset += (uint64_t)MAX(n, 0l);
		mutex_unlock(&f->position_lock);
	} else if (o->offset && n > 0) {
		*o->offset += (uint64_t)n;
	}
	return n;
}

static int wait_for(struct other *o)
{
	/* The vector was this function's caller's, and is not looked at. */
	return io_request_wait(&o->rq, o->is_output ? WRITE_EVENTS : READ_EVENTS, 0);
}

/* ---- into a pipe ---- */

/* Read one page's worth into a slot. Returns: bytes, 0 at the end, errno. */
static int64_t read_slot(struct pipe *p, struct other *in, uint64_t len)
{
	struct frame *frame = pipe_take_frame(p);
	int64_t n;

	if (!frame)
		return -ENOMEM;
	n = operate(in, frame_virt(frame), MIN(len, PAGE_SIZE));
	if (n > 0)
		pipe_push(p, frame, 0, (uint16_t)n);
	else
		pipe_give_frame(p, frame);
	return n;
}

static int64_t fill_locked(struct pipe *p, struct other *in, uint64_t len)
{
	int64_t done = 0, n = 0;

	if (!p->readers)
		return -EPIPE;
	while (len && !pipe_is_full(p)) {
		n = read_slot(p, in, len);
		if (n <= 0)
			break;
		done += n;
		len -= (uint64_t)n;
		if (!in->file->ops->seek && (uint64_t)n < PAGE_SIZE)
			break;
	}
	return done ? done : n;
}

int64_t splice_to_pipe(struct file *f, uint64_t *offset, struct file *pipe, uint64_t len, bool nonblock)
{
	struct other in = { .file = f, .offset = offset };
	struct pipe *p = pipe->private;

	for (;;) {
		int64_t n = wait_until(p, can_take, nonblock);
		bool is_full;

		if (n)
			return n;
		mutex_lock(&p->lock);
		is_full = p->readers && pipe_is_full(p);
		n = is_full ? 0 : fill_locked(p, &in, len);
		mutex_unlock(&p->lock);
		if (is_full)
			continue;
		if (n > 0)
			waitq_wake_one(&p->wait, READABLE);
		if (n != -EAGAIN)
			return n;
		n = wait_for(&in);
		if (n)
			return n;
	}
}

int64_t splice_vector_to_pipe(struct io_vector *v, struct file *pipe, bool nonblock)
{
	struct pipe *p = pipe->private;
	struct io_request rq = { .file = pipe, .vector = *v };
	int64_t n;

	do {
		n = wait_until(p, can_take, nonblock);
		if (n)
			return n;
		n = pipe_ops.write(&rq);
	} while (n == -EAGAIN);
	return n;
}

/* ---- out of a pipe ---- */

static int64_t write_slot(struct pipe *p, struct other *out, uint64_t len)
{
	struct pipe_slot *slot = pipe_slot_at(p, p->tail);
	bool is_packet = slot->is_packet;
	int64_t n = operate(out, (uint8_t *)frame_virt(slot->frame) + slot->offset, MIN(len, slot->len));

	if (n <= 0)
		return n;
	slot->offset += n;
	slot->len -= n;
	p->bytes -= (uint32_t)n;
	if (!slot->len || is_packet)
		pipe_drop_slot(p);
	return n;
}

static int64_t drain_locked(struct pipe *p, struct other *out, uint64_t len)
{
	int64_t done = 0, n = 0;

	while (len && !pipe_is_empty(p)) {
		n = write_slot(p, out, len);
		if (n <= 0)
			break;
		done += n;
		len -= (uint64_t)n;
	}
	return done ? done : n;
}

int64_t splice_from_pipe(struct file *pipe, struct file *f, uint64_t *offset, uint64_t len, bool nonblock)
{
	struct other out = { .file = f, .offset = offset, .is_output = true };
	struct pipe *p = pipe->private;

	for (;;) {
		int64_t n = wait_until(p, can_give, nonblock);
		bool is_empty;

		if (n)
			return n;
		mutex_lock(&p->lock);
		is_empty = p->writers && pipe_is_empty(p);
		n = is_empty ? 0 : drain_locked(p, &out, len);
		mutex_unlock(&p->lock);
		if (is_empty)
			continue;
		if (n > 0)
			waitq_wake_one(&p->wait, WRITABLE);
		if (n != -EAGAIN)
			return n;
		n = wait_for(&out);
		if (n)
			return n;
	}
}

/* ---- between pipes ---- */

static void lock_both(struct pipe *a, struct pipe *b)
{
	mutex_lock(a < b ? &a->lock : &b->lock);
	mutex_lock_nested(a < b ? &b->lock : &a->lock);
}

static void unlock_both(struct pipe *a, struct pipe *b)
{
	mutex_unlock(&a->lock);
	mutex_unlock(&b->lock);
}

/* A copy of the first @len bytes of @slot. */
static int copy_slot(const struct pipe_slot *slot, struct pipe *to, uint64_t len)
{
	struct frame *frame = pipe_take_frame(to);

	if (!frame)
		return -ENOMEM;
	memcpy(frame_virt(frame), (uint8_t *)frame_virt(slot->frame) + slot->offset, len);
	pipe_push(to, frame, 0, (uint16_t)len);
	return 0;
}

/* The frame itself goes over when all of it does. */
static int move_slot(struct pipe *from, struct pipe *to, uint64_t len)
{
	struct pipe_slot *slot = pipe_slot_at(from, from->tail);
	int err;

	if (len == slot->len) {
		pipe_push(to, slot->frame, slot->offset, slot->len);
		from->bytes -= slot->len;
		atomic_store(&from->tail, from->tail + 1);
		return 0;
	}
	err = copy_slot(slot, to, len);
	if (err)
		return err;
	slot->offset += len;
	slot->len -= len;
	from->bytes -= (uint32_t)len;
	return 0;
}

static int64_t move_locked(struct pipe *from, struct pipe *to, uint64_t len)
{
	int64_t done = 0;

	if (!to->readers)
		return -EPIPE;
	while (len && !pipe_is_empty(from) && !pipe_is_full(to)) {
		uint64_t n = MIN(len, pipe_slot_at(from, from->tail)->len);
		int err = move_slot(from, to, n);

		if (err)
			return done ? done : err;
		done += (int64_t)n;
		len -= n;
	}
	return done;
}

static int64_t tee_locked(struct pipe *from, struct pipe *to, uint64_t len)
{
	int64_t done = 0;

	if (!to->readers)
		return -EPIPE;
	for (uint32_t at = from->tail; len && at != from->head && !pipe_is_full(to); at++) {
		const struct pipe_slot *slot = pipe_slot_at(from, at);
		uint64_t n = MIN(len, slot->len);
		int err = copy_slot(slot, to, n);

		if (err)
			return done ? done : err;
		done += (int64_t)n;
		len -= n;
	}
	return done;
}

static int64_t between(struct file *in, struct file *out, uint64_t len, bool nonblock,
		       int64_t (*fn)(struct pipe *from, struct pipe *to, uint64_t len))
{
	struct pipe *from = in->private, *to = out->private;
	bool is_at_end;
	int64_t n;

	do {
		n = wait_until(from, can_give, nonblock);
		if (!n && !(pipe_is_empty(from) && !READ_ONCE(from->writers)))
			n = wait_until(to, can_take, nonblock);
		if (n)
			return n;
		lock_both(from, to);
		n = fn(from, to, len);
		is_at_end = pipe_is_empty(from) && !from->writers;
		unlock_both(from, to);
	} while (!n && !is_at_end);
	if (n > 0) {
		waitq_wake_one(&to->wait, READABLE);
		waitq_wake_one(&from->wait, WRITABLE);
	}
	return n;
}

int64_t splice_pipes(struct file *in, struct file *out, uint64_t len, bool nonblock)
{
	return between(in, out, len, nonblock, move_locked);
}

int64_t tee_pipes(struct file *in, struct file *out, uint64_t len, bool nonblock)
{
	return between(in, out, len, nonblock, tee_locked);
}
