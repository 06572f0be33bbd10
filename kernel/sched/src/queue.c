/* kernel/sched/src/queue.c: the order in which a CPU's threads run.
 *
 * Real-time threads go first, by priority and then by turn (man 7 sched). The others share
 * by weighted fair queueing: the thread with the least virtual run time is next, and one
 * that slept starts at most SLEEPER_CREDIT_NS behind the others.
 */
#include <hal/hal.h>
#include "internal.h"

#define POLICY_RR 2
#define POLICY_BATCH 3

static struct thread *thread_of(const struct rb_node *n)
{
	return container_of(n, struct thread, run_node);
}

static bool less(const struct rb_node *a, const struct rb_node *b)
{
	return (int64_t)(container_of(a, const struct thread, run_node)->vruntime -
			 container_of(b, const struct thread, run_node)->vruntime) < 0;
}

static bool rt_less(const struct rb_node *a, const struct rb_node *b)
{
	const struct thread *x = container_of(a, const struct thread, run_node);
	const struct thread *y = container_of(b, const struct thread, run_node);

	return x->priority != y->priority ? x->priority > y->priority : x->rt_order < y->rt_order;
}

static void add(struct rb_root *tree, struct rb_node **leftmost, struct rb_node *node,
	bool (*before)(const struct rb_node *, const struct rb_node *))
{
	rb_add(tree, node, before, NULL);
	if (!*leftmost || before(node, *leftmost))
		*leftmost = node;
}

static void enqueue(struct run_queue *rq, struct thread *t, bool first)
{
	uint64_t floor = rq->min_vruntime - SLEEPER_CREDIT_NS;

	t->cpu = rq->cpu;
	t->is_queued = true;
	rq->nqueued++;
	if (t->priority) {
		t->rt_order = first ? --rq->rt_first : ++rq->rt_last;
		add(&rq->rt_tree, &rq->rt_leftmost, &t->run_node, rt_less);
		return;
	}
	if ((int64_t)(t->vruntime - floor) < 0)
		t->vruntime = floor;
	add(&rq->tree, &rq->leftmost, &t->run_node, less);
}

void run_queue_enqueue(struct run_queue *rq, struct thread *t)
{
	enqueue(rq, t, false);
}

void run_queue_enqueue_first(struct run_queue *rq, struct thread *t)
{
	enqueue(rq, t, true);
}

void run_queue_dequeue(struct run_queue *rq, struct thread *t)
{
	struct rb_node **leftmost = t->priority ? &rq->rt_leftmost : &rq->leftmost;

	if (*leftmost == &t->run_node)
		*leftmost = rb_next(&t->run_node);
	rb_erase(t->priority ? &rq->rt_tree : &rq->tree, &t->run_node, NULL);
	t->is_queued = false;
	rq->nqueued--;
}

bool run_queue_is_throttled(struct run_queue *rq)
{
	return rq->leftmost && rq->rt_used_ns > RT_RUNTIME_NS && hal_clock_ns() - rq->rt_period_ns < RT_PERIOD_NS;
}

struct thread *run_queue_pick(struct run_queue *rq)
{
	struct thread *t;

	if (rq->rt_leftmost && !run_queue_is_throttled(rq)) {
		t = thread_of(rq->rt_leftmost);
		run_queue_dequeue(rq, t);
		return t;
	}
	if (!rq->leftmost)
		return rq->idle;
	t = thread_of(rq->leftmost);
	run_queue_dequeue(rq, t);
	if ((int64_t)(t->vruntime - rq->min_vruntime) > 0)
		rq->min_vruntime = t->vruntime;
	return t;
}

static void account_rt(struct run_queue *rq, struct thread *t, uint64_t now, uint64_t ran)
{
	if (now - rq->rt_period_ns >= RT_PERIOD_NS) {
		rq->rt_period_ns = now;
		rq->rt_used_ns = 0;
	}
	rq->rt_used_ns += ran;
	t->rt_slice_used_ns += ran;
}

void run_queue_account(struct run_queue *rq, bool from_user)
{
	struct thread *t = rq->current;
	uint64_t now = hal_clock_ns(), ran = now - t->accounted_at_ns;

	t->accounted_at_ns = now;
	if (t->is_idle) {
		rq->idle_ns += ran;
		return;
	}
	if (t->priority)
		account_rt(rq, t, now, ran);
	else
		t->vruntime += ran * WEIGHT_NICE_0 / t->weight;
	if (from_user) {
		t->user_ns += ran;
		rq->user_ns += ran;
	} else {
		t->system_ns += ran;
		rq->system_ns += ran;
	}
}

bool run_queue_should_preempt(struct run_queue *rq, const struct thread *t)
{
	const struct thread *current = rq->current;

	if (current->is_idle)
		return true;
	if (t->priority || current->priority)
		return t->priority > current->priority && !run_queue_is_throttled(rq);
	return t->policy != POLICY_BATCH &&
	       (int64_t)(current->vruntime - t->vruntime) > (int64_t)WAKEUP_GRANULARITY_NS;
}

static bool rt_has_run_out(struct run_queue *rq, struct thread *t)
{
	const struct thread *next = rq->rt_leftmost ? thread_of(rq->rt_leftmost) : NULL;

	if (run_queue_is_throttled(rq))
		return true;
	if (!next || next->priority < t->priority)
		return false;
	return next->priority > t->priority || (t->policy == POLICY_RR && t->rt_slice_used_ns >= SCHED_RR_SLICE_NS);
}

bool run_queue_tick(struct run_queue *rq)
{
	struct thread *t = rq->current;

	if (t->is_idle)
		return rq->nqueued;
	if (t->priority)
		return rt_has_run_out(rq, t);
	if (rq->rt_leftmost && !run_queue_is_throttled(rq))
		return true;
	return rq->leftmost && (int64_t)(t->vruntime - thread_of(rq->leftmost)->vruntime) > 0;
}

void run_queue_requeue(struct run_queue *rq, struct thread *t)
{
	if (t->policy == POLICY_RR && t->rt_slice_used_ns >= SCHED_RR_SLICE_NS) {
		t->rt_slice_used_ns = 0;
		run_queue_enqueue(rq, t);
	} else {
		run_queue_enqueue_first(rq, t);
	}
}
