/* kernel/io-manager/include/io/poll.h: waiting for several files at once. */
#ifndef IO_POLL_H
#define IO_POLL_H

#include <io/file.h>

/* One file of poll(2) or select(2). */
struct poll_entry {
	struct file *file;	/* NULL: never ready, unless `ready` is preset */
	uint32_t events;	/* wanted, IO_POLL*; IO_POLLERR and IO_POLLHUP come anyway */
	uint32_t ready;		/* out */
	struct wait_queue *queues[2];
	struct waiter waiters[2];
};
#define POLL_NO_WAIT 1ull	/* a deadline long past */

/* Many entries, in pieces that memory is easily found for. */
struct poll_list {
	struct poll_list *next;
	uint32_t n;
	struct poll_entry entries[];
};

/* Returns: @n zeroed entries, at least one piece; NULL: no memory. */
struct poll_list *poll_list_make(uint32_t n);
/* Free @l (NULL is fine) and put the entries' files. */
void poll_list_free(struct poll_list *l);

/* Entries in turn: starts as { list, 0 }. */
struct poll_at {
	struct poll_list *piece;
	uint32_t i;
};

static inline struct poll_entry *poll_next(struct poll_at *at)
{
	if (at->i == at->piece->n)
		*at = (struct poll_at){ at->piece->next, 0 };
	return &at->piece->entries[at->i++];
}

/* Wait until one of @l's entries (zeroed but for file, events, ready) is ready.
 * @deadline_ns: absolute monotonic; 0: none. Returns: how many are ready; 0 at the deadline;
 * -EINTR. Context: process, no locks. */
int64_t poll_files(struct poll_list *l, uint64_t deadline_ns);

/* ---- epoll ---- */

/* struct epoll_event as x86_64 packs it. */
struct io_epoll_event {
	uint32_t events;
	uint64_t data;
} __packed;

bool file_is_epoll(const struct file *f);
/* epoll_ctl(2) on @ep (an epoll file) for @target under descriptor @fd. */
int epoll_control(struct file *ep, int op, struct file *target, int fd, const struct io_epoll_event *event);
/* Returns: events stored at @out; 0 at the deadline; -EINTR; -EFAULT. */
int64_t epoll_wait_events(struct file *ep, struct io_epoll_event __user *out, uint32_t max, uint64_t deadline_ns);

#endif
