/* kernel/sched/src/internal.h: the run queue, shared by sched's files. */
#ifndef SCHED_INTERNAL_H
#define SCHED_INTERNAL_H

#include <ds/rbtree.h>
#include <sched/wait.h>

#define TICK_NS (4 * NSEC_PER_MSEC)
#define SLEEPER_CREDIT_NS (6 * NSEC_PER_MSEC)	/* how far behind a waking thread may start */
#define WAKEUP_GRANULARITY_NS (1 * NSEC_PER_MSEC)
#define WEIGHT_NICE_0 1024u
#define BALANCE_PERIOD_NS (50 * NSEC_PER_MSEC)

/* One a CPU. run_queue->lock (RUN_QUEUE, interrupts off) guards it and the scheduling
 * fields of every thread whose `cpu` it is; it is held across the switch, so that
 * who holds it sees every thread fully on or fully off its CPU. */
struct run_queue {
	struct spinlock lock;
	struct rb_root tree;		/* runnable, not running; by vruntime */
	struct rb_node *leftmost;
	uint32_t nqueued;
	uint32_t cpu;
	struct thread *current, *idle;
	uint64_t min_vruntime;
	uint64_t idle_ns, user_ns, system_ns;
	uint64_t next_balance_ns;
	uint64_t armed_ns;		/* when this CPU's timer interrupts; past: not armed */
	bool is_idle;			/* hlt, or about to: read without the lock as a hint */
	struct thread *dead;		/* switched away from for ever, to be handed on */
};

struct timer_queue {
	struct spinlock lock;
	struct rb_root tree;
	struct rb_node *leftmost;
};

extern struct run_queue run_queues[MAX_CPUS];
extern struct timer_queue timer_queues[MAX_CPUS];

/* Called with the queue's lock held. */
void run_queue_enqueue(struct run_queue *rq, struct thread *t);
void run_queue_dequeue(struct run_queue *rq, struct thread *t);
struct thread *run_queue_pick(struct run_queue *rq);
void run_queue_account(struct run_queue *rq, bool from_user);

/* Lock the queue that @t belongs to; interrupts off. */
struct run_queue *run_queue_of(struct thread *t, uint64_t *flags);

/* The CPU a waking thread should go to. */
uint32_t balance_choose_cpu(struct thread *t);
/* Take a thread from the busiest CPU if its queue is longer than ours by @margin.
 * Returns: true when one came. */
bool balance_pull(struct run_queue *rq, uint32_t margin);

/* Switch to the next thread; rq's lock held, released afterwards. */
void schedule_locked(struct run_queue *rq);
void timer_rearm(void);
uint64_t timer_next_expiry(void);
void timer_run_expired(void);
void switch_context(struct thread *prev, struct thread *next);

#endif
