/* kernel/sched/src/timer.c: one-shot timers, one queue a CPU, and the tick.
 *
 * timer_queue->lock (TIMER, interrupts off) guards a queue. The hardware timer is armed for
 * the first expiry, or the tick while a thread runs.
 */
#include <hal/hal.h>
#include <lowlevel/cpu.h>
#include "internal.h"

enum { TIMER_IDLE, TIMER_QUEUED };

struct timer_queue timer_queues[MAX_CPUS];

static bool less(const struct rb_node *a, const struct rb_node *b)
{
	return container_of(a, const struct ktimer, node)->expires_ns < container_of(b, const struct ktimer, node)->expires_ns;
}

void ktimer_init(struct ktimer *t, void (*fn)(struct ktimer *), void *context)
{
	t->fn = fn;
	t->context = context;
	t->state = TIMER_IDLE;
	t->is_running = 0;
	t->cpu = cpu_index();
	t->expires_ns = 0;
}

static struct timer_queue *lock_queue_of(struct ktimer *t, uint64_t *flags)
{
	for (;;) {
		uint32_t cpu = READ_ONCE(t->cpu);
		struct timer_queue *q = &timer_queues[cpu];

		*flags = spin_lock_irqsave(&q->lock);
		if (t->cpu == cpu)
			return q;
		spin_unlock_irqrestore(&q->lock, *flags);
	}
}

static void remove(struct timer_queue *q, struct ktimer *t)
{
	if (q->leftmost == &t->node)
		q->leftmost = rb_next(&t->node);
	rb_erase(&q->tree, &t->node, NULL);
	t->state = TIMER_IDLE;
}

bool ktimer_cancel(struct ktimer *t)
{
	bool was_queued = false, is_running;

	/* fn may start its timer again while we wait for it: done is when neither holds. */
	do {
		uint64_t flags;
		struct timer_queue *q = lock_queue_of(t, &flags);

		if (t->state == TIMER_QUEUED) {
			remove(q, t);
			was_queued = true;
		}
		is_running = __atomic_load_n(&t->is_running, __ATOMIC_ACQUIRE);
		spin_unlock_irqrestore(&q->lock, flags);
		if (is_running)
			cpu_pause();
	} while (is_running);
	return was_queued;
}

void ktimer_start(struct ktimer *t, uint64_t expires_ns)
{
	uint64_t flags;
	struct timer_queue *q;

	q = lock_queue_of(t, &flags);
	if (t->state == TIMER_QUEUED)
		remove(q, t);
	spin_unlock_irqrestore(&q->lock, flags);

	flags = flags_save_disable();
	q = &timer_queues[cpu_index()];
	spin_lock(&q->lock);
	t->cpu = cpu_index();
	t->expires_ns = expires_ns;
	t->state = TIMER_QUEUED;
	rb_add(&q->tree, &t->node, less, NULL);
	if (!q->leftmost || less(&t->node, q->leftmost)) {
		q->leftmost = &t->node;
		spin_unlock(&q->lock);
		timer_rearm();
	} else {
		spin_unlock(&q->lock);
	}
	flags_restore(flags);
}

uint64_t timer_next_expiry(void)
{
	struct rb_node *n = READ_ONCE(timer_queues[cpu_index()].leftmost);

	return n ? container_of(n, struct ktimer, node)->expires_ns : 0;
}

void timer_rearm(void)
{
	struct run_queue *rq = &run_queues[cpu_index()];
	uint64_t next = timer_next_expiry(), now = hal_clock_ns();

	if (!rq->current->is_idle && (!next || now + TICK_NS < next))
		next = now + TICK_NS;
	/* Arming is dear, and an interrupt that comes early only looks again. */
	if (rq->armed_ns > now && (!next || rq->armed_ns <= next))
		return;
	rq->armed_ns = next;
	hal_timer_arm(next);
}

void timer_run_expired(void)
{
	struct timer_queue *q = &timer_queues[cpu_index()];

	spin_lock(&q->lock);
	while (q->leftmost) {
		struct ktimer *t = container_of(q->leftmost, struct ktimer, node);

		if (t->expires_ns > hal_clock_ns())
			break;
		remove(q, t);
		__atomic_store_n(&t->is_running, 1, __ATOMIC_RELAXED);
		spin_unlock(&q->lock);
		t->fn(t);
		/* the last touch: whoever cancels may free it now */
		__atomic_store_n(&t->is_running, 0, __ATOMIC_RELEASE);
		spin_lock(&q->lock);
	}
	spin_unlock(&q->lock);
}

void sched_timer_interrupt(bool from_user)
{
	run_queues[cpu_index()].armed_ns = 0;
	timer_run_expired();
	sched_tick(from_user);
	timer_rearm();
}
