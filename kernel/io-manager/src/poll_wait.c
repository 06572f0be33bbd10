/* kernel/io-manager/src/poll_wait.c: one thread on many wait queues. */
#include <errno.h>

#include <io/poll.h>
#include <mm/heap.h>

#include "file_private.h"

#define PIECE_MAX 255u	/* entries: 32 KiB */

struct poll_list *poll_list_make(uint32_t n)
{
	struct poll_list *first = NULL, **end = &first;

	do {
		uint32_t some = MIN(n, PIECE_MAX);

		*end = kmalloc(sizeof(**end) + some * sizeof((*end)->entries[0]), 0);
		if (!*end) {
			poll_list_free(first);
			return NULL;
		}
		(*end)->n = some;
		end = &(*end)->next;
		n -= some;
	} while (n);
	return first;
}

void poll_list_free(struct poll_list *l)
{
	while (l) {
		struct poll_list *next = l->next;

		for (uint32_t i = 0; i < l->n; i++)
			file_put(l->entries[i].file);
		kfree(l);
		l = next;
	}
}

static uint32_t scan(struct poll_list *l)
{
	uint32_t count = 0;

	for (; l; l = l->next) {
		for (uint32_t i = 0; i < l->n; i++) {
			struct poll_entry *e = &l->entries[i];

			if (e->file)
				e->ready = file_poll(e->file) & (e->events | IO_POLLERR | IO_POLLHUP);
			count += e->ready != 0;
		}
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

int64_t poll_files(struct poll_list *l, uint64_t deadline_ns)
{
	int64_t count = scan(l);
	bool was_woken = false;
	int err = 0;

	if (count || deadline_ns == POLL_NO_WAIT)
		return count;
	for (struct poll_list *piece = l; piece; piece = piece->next) {
		for (uint32_t i = 0; i < piece->n; i++)
			enter_queues(&piece->entries[i], &was_woken);
	}
	while (!(count = scan(l)) && !err) {
		/* An epoll file's poll may sleep for a lock, which takes the wake of a file that was looked at before. */
		if (!__atomic_exchange_n(&was_woken, false, __ATOMIC_ACQ_REL))
			err = thread_block(INTERRUPT_SIGNAL | INTERRUPT_FATAL, deadline_ns);
	}
	for (struct poll_list *piece = l; piece; piece = piece->next) {
		for (uint32_t i = 0; i < piece->n; i++)
			leave_queues(&piece->entries[i]);
	}
	if (count || err == -ETIMEDOUT)
		return count;
	return err;
}
