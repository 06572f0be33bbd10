/* kernel/io-manager/src/poll_wait.c: one thread on many wait queues. */
#include <errno.h>

#include <io/poll.h>

#include "file_private.h"

static uint32_t scan(struct poll_entry *entries, uint32_t n)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < n; i++) {
		struct poll_entry *e = &entries[i];

		if (e->file)
			e->ready = file_poll(e->file) & (e->events | IO_POLLERR | IO_POLLHUP);
		count += e->ready != 0;
	}
	return count;
}

static bool note_wake(struct waiter *w, uint64_t key)
{
	__atomic_store_n((bool *)w->context, true, __ATOMIC_RELEASE);
	thread_wake(w->thread);
	return true;
}

/* A file may wake readers and writers on different queues. Each wake sets *@was_woken. */
static void enter_queues(struct poll_entry *e, bool *was_woken)
{
	struct file *f = e->file;

	if (!f || !f->ops->wait_queue)
		return;
	e->queues[0] = f->ops->wait_queue(f, IO_POLLIN);
	e->queues[1] = f->ops->wait_queue(f, IO_POLLOUT);
	if (e->queues[1] == e->queues[0])
		e->queues[1] = NULL;
	for (int q = 0; q < 2; q++) {
		if (!e->queues[q])
			continue;
		waiter_init(&e->waiters[q]);
		e->waiters[q].wake = note_wake;
		e->waiters[q].context = was_woken;
		waitq_add(e->queues[q], &e->waiters[q]);
	}
}

static void leave_queues(struct poll_entry *e)
{
	for (int q = 0; q < 2; q++) {
		if (e->queues[q])
			waitq_remove(e->queues[q], &e->waiters[q]);
	}
}

int64_t poll_files(struct poll_entry *entries, uint32_t n, uint64_t deadline_ns)
{
	int64_t count = scan(entries, n);
	bool was_woken = false;
	int err = 0;

	if (count || deadline_ns == POLL_NO_WAIT)
		return count;
	for (uint32_t i = 0; i < n; i++)
		enter_queues(&entries[i], &was_woken);
	while (!(count = scan(entries, n)) && !err) {
		/* An epoll file's poll may sleep for a lock, which takes the wake of a file that was looked at before. */
		if (!__atomic_exchange_n(&was_woken, false, __ATOMIC_ACQ_REL))
			err = thread_block(INTERRUPT_SIGNAL | INTERRUPT_FATAL, deadline_ns);
	}
	for (uint32_t i = 0; i < n; i++)
		leave_queues(&entries[i]);
	if (count || err == -ETIMEDOUT)
		return count;
	return err;
}
