/* kernel/io-manager/src/fifo.c: opening named pipes (fifo(7)).
 *
 * inode->fifo is the pipe while somebody has the FIFO open or waits to; its references
 * and the pointer are guarded by fifo_lock.
 */
#include <asm/fcntl.h>
#include <errno.h>

#include <io/inode.h>

#include "pipe.h"

#define WAKE_REASONS (INTERRUPT_SIGNAL | INTERRUPT_FATAL | INTERRUPT_SUSPEND)

static struct spinlock fifo_lock = SPINLOCK_INIT(FIFO);

static struct pipe *fifo_find(struct inode *inode, struct pipe *fresh)
{
	struct pipe *p;

	spin_lock(&fifo_lock);
	p = inode->fifo;
	if (p)
		refcount_get(&p->refs);
	else
		p = inode->fifo = fresh;
	spin_unlock(&fifo_lock);
	return p;
}

static struct pipe *fifo_get(struct inode *inode)
{
	struct pipe *p = fifo_find(inode, NULL), *fresh;

	if (p)
		return p;
	fresh = pipe_alloc();
	if (!fresh)
		return NULL;
	fresh->inode = inode;
	p = fifo_find(inode, fresh);
	if (p != fresh)
		pipe_free(fresh);
	return p;
}

void fifo_put(struct pipe *p)
{
	bool is_last;

	spin_lock(&fifo_lock);
	is_last = refcount_put(&p->refs);
	if (is_last)
		p->inode->fifo = NULL;
	spin_unlock(&fifo_lock);
	if (is_last)
		pipe_free(p);
}

/* Count the new end. Returns: whether it has to wait for the other. */
static int fifo_join(struct pipe *p, struct file *f, uint32_t flags)
{
	bool reads = f->access & RIGHT_READ, writes = f->access & RIGHT_WRITE;

	if (reads) {
		p->readers++;
		p->reader_opens++;
	}
	if (writes) {
		p->writers++;
		p->writer_opens++;
	}
	if (reads && !p->writers && (flags & O_NONBLOCK))
		pipe_set_writers_seen(f, p->writer_opens);
	if (flags & O_NONBLOCK)
		return false;
	return (reads && !p->writers) || (writes && !p->readers);
}

static int wait_for_other_end(struct pipe *p, bool for_writer, uint32_t seen)
{
	uint32_t *opens = for_writer ? &p->writer_opens : &p->reader_opens;

	return WAIT_EVENT(&p->wait, READ_ONCE(*opens) != seen, WAKE_REASONS, 0);
}

static int open_end(struct pipe *p, uint32_t flags, struct file **out)
{
	bool must_wait, is_reader;
	uint32_t seen;
	int err;

	err = file_create(&pipe_ops, flags, p, out);
	if (err) {
		fifo_put(p);
		return err;
	}
	is_reader = (*out)->access & RIGHT_READ;
	mutex_lock(&p->lock);
	must_wait = fifo_join(p, *out, flags);
	seen = is_reader ? p->writer_opens : p->reader_opens;
	mutex_unlock(&p->lock);
	waitq_wake_all(&p->wait, IO_POLLIN | IO_POLLOUT);
	return must_wait ? wait_for_other_end(p, is_reader, seen) : 0;
}

int fifo_open(struct inode *inode, uint32_t flags, struct file **out)
{
	struct pipe *p = fifo_get(inode);
	int err;

	if (!p)
		return -ENOMEM;
	if ((flags & O_ACCMODE) == O_WRONLY && (flags & O_NONBLOCK) && !READ_ONCE(p->readers)) {
		fifo_put(p);
		return -ENXIO;
	}
	*out = NULL;
	err = open_end(p, flags, out);
	if (err && *out) {
		file_put(*out);
		*out = NULL;
	}
	return err;
}
