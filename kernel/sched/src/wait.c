/* kernel/sched/src/wait.c: wait queues. */
#include <sched/wait.h>

static bool wake_thread(struct waiter *w, uint64_t key)
{
	(void)key;
	thread_wake(w->thread);
	return true;
}

void waitq_init(struct wait_queue *q)
{
	spin_init(&q->lock, LOCK_WAIT_QUEUE);
	list_init(&q->waiters);
}

void waiter_init(struct waiter *w)
{
	list_init(&w->node);
	w->wake = wake_thread;
	w->thread = current_thread();
	w->context = NULL;
	w->is_exclusive = false;
	w->is_queued = false;
}

void waitq_add(struct wait_queue *q, struct waiter *w)
{
	uint64_t flags = spin_lock_irqsave(&q->lock);

	if (!w->is_queued) {
		w->is_queued = true;
		list_add_tail(&w->node, &q->waiters);
	}
	spin_unlock_irqrestore(&q->lock, flags);
}

void waitq_remove(struct wait_queue *q, struct waiter *w)
{
	uint64_t flags = spin_lock_irqsave(&q->lock);

	if (w->is_queued) {
		w->is_queued = false;
		list_del(&w->node);
	}
	spin_unlock_irqrestore(&q->lock, flags);
}

void waitq_wake(struct wait_queue *q, uint32_t nexclusive, uint64_t key)
{
	struct waiter *w, *next;
	uint64_t flags;

	flags = spin_lock_irqsave(&q->lock);
	LIST_FOR_EACH_ENTRY_SAFE(w, next, &q->waiters, node) {
		if (w->wake(w, key) && w->is_exclusive && !--nexclusive)
			break;
	}
	spin_unlock_irqrestore(&q->lock, flags);
}

bool waitq_is_empty(struct wait_queue *q)
{
	return list_is_empty(&q->waiters);
}
