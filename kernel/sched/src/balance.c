/* kernel/sched/src/balance.c: spreading threads over CPUs.
 *
 * A waking thread goes back to its CPU if that is idle, else to an idle one, else to the
 * shorter queue of its own and the shortest. A CPU that runs dry pulls.
 */
#include <hal/hal.h>
#include <nucleus/counter.h>
#include "internal.h"

static uint32_t load(const struct run_queue *rq)
{
	return READ_ONCE(rq->nqueued) + !READ_ONCE(rq->is_idle);
}

/* Where a real-time thread displaces the least: an idle CPU, else the lowest priority. */
static uint32_t choose_for_rt(const struct thread *t)
{
	uint32_t best = MAX_CPUS, least = 0;

	for (uint32_t i = 0; i < READ_ONCE(percpu_count); i++) {
		const struct run_queue *rq = &run_queues[i];
		uint32_t cost = load(rq) ? READ_ONCE(rq->running_priority) + 1u : 0;

		if (!(t->affinity >> i & 1))
			continue;
		if (best == MAX_CPUS || cost < least || (cost == least && i == t->cpu)) {
			best = i;
			least = cost;
		}
	}
	return best < MAX_CPUS ? best : 0;
}

uint32_t balance_choose_cpu(struct thread *t)
{
	uint32_t best = t->cpu, n = READ_ONCE(percpu_count);

	if (t->priority)
		return choose_for_rt(t);
	if (best >= n || !(t->affinity >> best & 1))
		best = n;
	if (best < n && !load(&run_queues[best]))
		return best;
	for (uint32_t i = 0; i < n; i++) {
		if (!(t->affinity >> i & 1))
			continue;
		if (best == n || load(&run_queues[i]) < load(&run_queues[best]))
			best = i;
	}
	return best < n ? best : 0;
}

static struct thread *steal_first(struct run_queue *from, struct rb_node *first, uint32_t cpu)
{
	for (struct rb_node *n = first; n; n = rb_next(n)) {
		struct thread *t = container_of(n, struct thread, run_node);

		if (t->affinity >> cpu & 1) {
			run_queue_dequeue(from, t);
			/* run times are relative to their queue */
			t->vruntime = t->vruntime - from->min_vruntime + run_queues[cpu].min_vruntime;
			t->cpu = cpu;
			return t;
		}
	}
	return NULL;
}

static struct thread *steal(struct run_queue *from, uint32_t cpu)
{
	struct thread *t = steal_first(from, from->rt_leftmost, cpu);

	return t ? t : steal_first(from, from->leftmost, cpu);
}

bool balance_pull(struct run_queue *rq, uint32_t margin)
{
	struct run_queue *busiest = NULL;
	struct thread *t;

	for (uint32_t i = 0; i < READ_ONCE(percpu_count); i++) {
		struct run_queue *other = &run_queues[i];

		if (other != rq && READ_ONCE(other->nqueued) && (!busiest || other->nqueued > busiest->nqueued))
			busiest = other;
	}
	if (!busiest || READ_ONCE(busiest->nqueued) < READ_ONCE(rq->nqueued) + margin)
		return false;
	/* Two run queues are locked in address order: take ours second only if it is higher. */
	if (busiest < rq) {
		spin_lock(&busiest->lock);
		spin_lock_nested(&rq->lock);
	} else {
		spin_lock(&rq->lock);
		spin_lock_nested(&busiest->lock);
	}
	t = steal(busiest, rq->cpu);
	if (t) {
		run_queue_enqueue(rq, t);
		counter_inc(COUNTER_BALANCE_PULL);
	}
	spin_unlock(&busiest->lock);
	spin_unlock(&rq->lock);
	return t;
}
