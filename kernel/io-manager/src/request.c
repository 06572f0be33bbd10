/* kernel/io-manager/src/request.c: blocking reads and writes around operations that never block.
 *
 * An operation answers -EAGAIN; here the thread waits on the file's queue until
 * poll() says that it may go on, and asks again. Positions are read and moved under
 * the file's position lock, so that two writers with one descriptor do not overlap.
 */
#include <errno.h>

#include <io/inode.h>
#include <io/notify.h>
#include <linux/inotify.h>
#include <ps/process.h>

#include "file_private.h"

#define WAKE_REASONS (INTERRUPT_SIGNAL | INTERRUPT_FATAL | INTERRUPT_SUSPEND | INTERRUPT_SPECIAL_APC)
#define READ_EVENTS (IO_POLLIN | IO_POLLRDNORM | IO_POLLHUP | IO_POLLERR | IO_POLLRDHUP)
#define WRITE_EVENTS (IO_POLLOUT | IO_POLLWRNORM | IO_POLLHUP | IO_POLLERR)

static bool request_may_wait(const struct io_request *rq)
{
	if ((rq->flags & IO_NONBLOCK) || (atomic_load(&rq->file->flags) & O_NONBLOCK))
		return false;
	return rq->file->ops->wait_queue != NULL;
}

static bool request_is_ready(struct io_request *rq, uint32_t events)
{
	return rq->is_ready ? rq->is_ready(rq) : (file_poll(rq->file) & events) != 0;
}

int io_request_wait(struct io_request *rq, uint32_t events, uint64_t limit_ns)
{
	struct file *f = rq->file;
	struct wait_queue *q;
	int err;

	if (!request_may_wait(rq))
		return -EAGAIN;
	q = f->ops->wait_queue(f, events);
	if (!q)
		return -EAGAIN;
	err = WAIT_EVENT(q, request_is_ready(rq, events), WAKE_REASONS, limit_ns ? limit_ns : rq->deadline_ns);
	if (err != -ETIMEDOUT)
		return err;
	if (limit_ns)
		return -EAGAIN;
	rq->timed_out = true;
	return 0;
}

static uint64_t limit_after(uint64_t timeout_ns)
{
	return likely(!timeout_ns) ? 0 : clock_monotonic_ns() + timeout_ns;
}

int64_t io_read(struct io_request *rq)
{
	uint64_t before = rq->vector.left, limit_ns = limit_after(rq->file->read_timeout_ns);

	for (;;) {
		int64_t n = rq->file->ops->read(rq);
		int err;

		if (n != -EAGAIN)
			return n;
		err = io_request_wait(rq, READ_EVENTS, limit_ns);
		/* A terminal takes bytes while it waits for the rest of VMIN. */
		if (err)
			return rq->vector.left < before ? (int64_t)(before - rq->vector.left) : err;
	}
}

int64_t io_write(struct io_request *rq)
{
	uint64_t limit_ns = limit_after(rq->file->write_timeout_ns);
	int64_t done = 0;

	for (;;) {
		int64_t n = rq->file->ops->write(rq);
		int err;

		if (n >= 0) {
			done += n;
			if (!rq->vector.left || !n || !rq->file->ops->wait_queue)
				return done;
			continue;
		}
		if (n != -EAGAIN)
			return done ? done : n;
		err = io_request_wait(rq, WRITE_EVENTS, limit_ns);
		if (err)
			return done ? done : err;
	}
}

static bool has_position(const struct file *f)
{
	return f->ops->seek != NULL;
}

static int check_access(const struct file *f, uint32_t right, const void *operation)
{
	if (!(f->access & right))
		return -EBADF;
	return operation ? 0 : -EINVAL;
}

static uint32_t write_flags(const struct file *f)
{
	uint32_t flags = atomic_load(&f->flags);

	return (flags & O_APPEND ? IO_APPEND : 0) | (flags & O_DSYNC ? IO_SYNC : 0);
}

static void count_transfer(const struct file *f, int64_t n, bool is_write)
{
	struct process *p;

	if (n > 0 && f->inode)
		notify_inode(f->inode, is_write ? IN_MODIFY : IN_ACCESS);
	if (!ps_current_is_process())
		return;
	p = ps_current();
	if (is_write) {
		atomic_add(&p->write_calls, 1);
		if (n > 0)
			atomic_add(&p->written_chars, (uint64_t)n);
	} else {
		atomic_add(&p->read_calls, 1);
		if (n > 0)
			atomic_add(&p->read_chars, (uint64_t)n);
	}
}

int64_t file_read(struct file *f, struct io_vector *v)
{
	struct io_request rq = { .file = f, .vector = *v };
	int64_t n = check_access(f, RIGHT_READ, f->ops->read);

	if (n)
		return n;
	if (!has_position(f)) {
		n = io_read(&rq);
	} else {
		mutex_lock(&f->position_lock);
		rq.offset = f->offset;
		n = io_read(&rq);
		if (n > 0)
			f->offset += (uint64_t)n;
		mutex_unlock(&f->position_lock);
	}
	*v = rq.vector;
	count_transfer(f, n, false);
	return n;
}

int64_t file_write(struct file *f, struct io_vector *v)
{
	struct io_request rq = { .file = f, .vector = *v, .flags = write_flags(f) };
	int64_t n = check_access(f, RIGHT_WRITE, f->ops->write);

	if (n)
		return n;
	if (!has_position(f)) {
		n = io_write(&rq);
	} else {
		mutex_lock(&f->position_lock);
		rq.offset = f->offset;
		n = io_write(&rq);
		/* An appending write moved rq.offset to where it began. */
		if (n > 0)
			f->offset = rq.offset + (uint64_t)n;
		mutex_unlock(&f->position_lock);
	}
	*v = rq.vector;
	count_transfer(f, n, true);
	return n;
}

int64_t file_pread(struct file *f, struct io_vector *v, uint64_t offset)
{
	struct io_request rq = { .file = f, .vector = *v, .offset = offset };
	int64_t n;

	if (!has_position(f))
		return -ESPIPE;
	n = check_access(f, RIGHT_READ, f->ops->read);
	if (n)
		return n;
	n = io_read(&rq);
	*v = rq.vector;
	count_transfer(f, n, false);
	return n;
}

int64_t file_pwrite(struct file *f, struct io_vector *v, uint64_t offset)
{
	struct io_request rq = { .file = f, .vector = *v, .offset = offset, .flags = write_flags(f) };
	int64_t n;

	if (!has_position(f))
		return -ESPIPE;
	n = check_access(f, RIGHT_WRITE, f->ops->write);
	if (n)
		return n;
	n = io_write(&rq);
	*v = rq.vector;
	count_transfer(f, n, true);
	return n;
}
