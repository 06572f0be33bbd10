/* kernel/ps/src/signal_watch.c: where files that show signals are waited for.
 *
 * Such a file may be watched by a set that outlives the process, so the queues belong
 * to nobody and several processes share one; who is woken looks for itself.
 */
#include <ds/hash.h>

#include "internal.h"

#define QUEUES 64u

static struct wait_queue queues[QUEUES];

void signal_watch_init(void)
{
	for (unsigned i = 0; i < QUEUES; i++)
		waitq_init(&queues[i]);
}

struct wait_queue *signal_watch_queue(const struct process *p)
{
	return &queues[hash_u64(p->pid) % QUEUES];
}
