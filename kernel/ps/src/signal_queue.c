/* kernel/ps/src/signal_queue.c: queues of pending signals.
 *
 * A standard signal is pending at most once, a real-time one as often as it was
 * sent (man 7 signal). The caller holds the process's signal_lock.
 */
#include "signal_rules.h"

#include <errno.h>
#include <mm/heap.h>

HEAP_CACHE(pending_cache, "pending-signal", sizeof(struct pending_signal));

void signal_queue_init(struct signal_queue *q)
{
	q->bits = 0;
	q->count = 0;
	list_init(&q->infos);
}

static void entry_free(struct signal_queue *q, struct pending_signal *e)
{
	list_del(&e->node);
	q->count--;
	heap_cache_free(&pending_cache, e);
}

void signal_queue_remove(struct signal_queue *q, uint64_t set)
{
	struct pending_signal *e, *next;

	if (!(q->bits & set))
		return;
	q->bits &= ~set;
	LIST_FOR_EACH_ENTRY_SAFE(e, next, &q->infos, node) {
		if (SIGNAL_BIT(e->info.signo) & set)
			entry_free(q, e);
	}
}

void signal_queue_flush(struct signal_queue *q)
{
	signal_queue_remove(q, ~0ull);
}

int signal_queue_add(struct signal_queue *q, int sig, const struct signal_info *info, uint32_t limit)
{
	struct pending_signal *e;
	bool is_realtime = sig >= PS_SIGRTMIN;

	/* A timer sees to it itself that it is there once; it does not give way to kill(). */
	if (!is_realtime && (q->bits & SIGNAL_BIT(sig)) && !(info && info->code == SIGNAL_CODE_TIMER))
		return 0;
	/* What kill() sends arrives without details when there is no room for them; what
	 * sigqueue() sends must not lose its value. */
	e = q->count < limit || !is_realtime ? heap_cache_alloc(&pending_cache, HEAP_ATOMIC) : NULL;
	if (!e && is_realtime && info && info->code != SIGNAL_CODE_USER && info->code != SIGNAL_CODE_KERNEL)
		return -EAGAIN;
	q->bits |= SIGNAL_BIT(sig);
	if (!e)
		return 0;
	if (info)
		e->info = *info;
	else
		e->info = (struct signal_info){ .code = SIGNAL_CODE_KERNEL };
	e->info.signo = sig;
	list_add_tail(&e->node, &q->infos);
	q->count++;
	return 0;
}

int signal_queue_take(struct signal_queue *q, uint64_t set, struct signal_info *info)
{
	struct pending_signal *e, *next, *first = NULL;
	int sig = signal_choose(q->bits & set);
	bool has_more = false;

	if (!sig)
		return 0;
	LIST_FOR_EACH_ENTRY_SAFE(e, next, &q->infos, node) {
		if (e->info.signo != sig)
			continue;
		if (first) {
			has_more = true;
			break;
		}
		first = e;
	}
	*info = (struct signal_info){ .signo = sig, .code = SIGNAL_CODE_USER };
	if (first) {
		*info = first->info;
		entry_free(q, first);
	}
	if (!has_more)
		q->bits &= ~SIGNAL_BIT(sig);
	return sig;
}
