/* kernel/io-manager/src/pipe.h: the ring of pages behind pipes and FIFOs.
 *
 * A slot holds one page and the bytes of it that wait; small writes join the last
 * slot, as pipe(7)'s capacity rules expect. Pages come when bytes do and go when
 * they are read; one is kept for the next write.
 *
 * Locking: lock (PIPE, sleeping) guards all; it is held across user copy. head, tail,
 * readers and writers are also read without it, for poll.
 */
#ifndef IO_PIPE_H
#define IO_PIPE_H

#include <io/file.h>
#include <nucleus/atomic.h>

struct frame;
struct inode;

struct pipe_slot {
	struct frame *frame;
	uint16_t offset, len;
	bool is_packet;		/* O_DIRECT: read by one read, whole or cut */
};

struct pipe {
	struct mutex lock;
	struct wait_queue wait;
	struct pipe_slot *slots;	/* a power of two of them */
	uint32_t nslots;
	uint32_t head, tail;		/* counts, taken modulo nslots */
	uint32_t bytes;
	struct frame *spare;
	uint32_t readers, writers;
	uint32_t reader_opens, writer_opens;	/* ever: what an open of a FIFO waits to change */
	struct inode *inode;		/* a FIFO's, not counted: its files hold it */
	refcount_t refs;		/* its files; a FIFO's also opens that wait, under the FIFO lock */
};

extern const struct file_ops pipe_ops;

static inline bool pipe_is_empty(const struct pipe *p)
{
	return READ_ONCE(p->head) == READ_ONCE(p->tail);
}
static inline bool pipe_is_full(const struct pipe *p)
{
	return READ_ONCE(p->head) - READ_ONCE(p->tail) >= READ_ONCE(p->nslots);
}
static inline struct pipe_slot *pipe_slot_at(struct pipe *p, uint32_t position)
{
	return &p->slots[position & (p->nslots - 1)];
}

/* Parts of reads and writes; the lock is held. */
struct frame *pipe_take_frame(struct pipe *p);		/* for new bytes; NULL: no memory */
void pipe_give_frame(struct pipe *p, struct frame *f);	/* it was not needed */
void pipe_push(struct pipe *p, struct frame *frame, uint16_t offset, uint16_t len);	/* there is room */
void pipe_drop_slot(struct pipe *p);			/* the first one */

/* With one reference. Returns: NULL when there is no memory. */
struct pipe *pipe_alloc(void);
void pipe_free(struct pipe *p);
/* A FIFO's pipe loses one reference (fifo.c). */
void fifo_put(struct pipe *p);

/* Pipes have no position: a FIFO's reader keeps there how many writers had opened it when it
 * came and found none; until another comes, poll shows no hang-up. */
static inline void pipe_set_writers_seen(struct file *f, uint32_t count)
{
	f->offset = count;
}
static inline uint32_t pipe_writers_seen(const struct file *f)
{
	return (uint32_t)f->offset;
}

#endif
