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
/* Real-time threads leave the others a twentieth, so that a runaway can be ended (man 7 sched). */
#define RT_PERIOD_NS (1000 * NSEC_PER_MSEC)
#define RT_RUNTIME_NS (950 * NSEC_PER_MSEC)

/* One a CPU. run_queue->lock (RUN_QUEUE, interrupts off) guards it and the scheduling
 * fields of every thread whose `cpu` it is; it is held across the switch, so that
 * who holds it sees every thread fully on or fully off its CPU. */
struct run_queue {
	struct spinlock lock;
	struct rb_root tree;		/* runnable, not running; by vruntime */
	struct rb_node *leftmost;
	struct rb_root rt_tree;		/* real-time ones; by priority, then order */
	struct rb_node *rt_leftmost;
	int64_t rt_first, rt_last;	/* orders given out at the head and at the tail */
	uint64_t rt_period_ns, rt_used_ns;	/* start of the period, and what they ran in it */
	uint32_t nqueued;		/* in both */
	uint32_t cpu;
	struct thread *current, *idle;
	uint8_t running_priority;	/* of `current`: read without the lock as a hint */
	uint64_t min_vruntime;
	uint64_t idle_ns, user_ns, system_ns;
	uint64_t next_balance_ns;
	uint64_t armed_ns;		/* when this CPU's timer interrupts; past: not armed */
	bool is_idle;			/* hlt, or about to: read without the lock as a hint */
	struct thread *dead;		/* switched away from for ever, to be handed on */
	struct thread *migrant;		/* switched away from because it may not run here */
};

struct timer_queue {
	struct spinlock lock;
	struct rb_root tree;
	struct rb_node *leftmost;
};

extern struct run_queue run_queues[MAX_CPUS];
extern struct timer_queue timer_queues[MAX_CPUS];

/* idle.c: until an interrupt, which it lets in. Called with interrupts off. */
void sched_idle_wait(void);

/* Called with the queue's lock held. */
void run_queue_enqueue(struct run_queue *rq, struct thread *t);
/* The same, before others of its priority: it was preempted by a greater one. */
void run_queue_enqueue_first(struct run_queue *rq, struct thread *t);
void run_queue_dequeue(struct run_queue *rq, struct thread *t);
struct thread *run_queue_pick(struct run_queue *rq);
void run_queue_account(struct run_queue *rq, bool from_user);
/* Is it another's turn than the current thread's? */
bool run_queue_tick(struct run_queue *rq);
/* Queue the current thread, which goes on when its turn comes again. */
void run_queue_requeue(struct run_queue *rq, struct thread *t);

/* Lock the queue that @t belongs to; interrupts off. */
struct run_queue *run_queue_of(struct thread *t, uint64_t *flags);

/* Has @rq's share of real-time work been used up, while others wait? */
bool run_queue_is_throttled(struct run_queue *rq);
/* Should @t, just queued on @rq, run before what runs there? */
bool run_queue_should_preempt(struct run_queue *rq, const struct thread *t);

/* The CPU a waking thread should go to. */
uint32_t balance_choose_cpu(struct thread *t);
/* Take a thread from the busiest CPU if its queue is longer than ours by @margin.
 * Returns: true when one came. */
bool balance_pull(struct run_queue *rq, uint32_t margin);

/* Queue a runnable thread on @cpu and make that CPU look. Interrupts off. */
void make_runnable(struct thread *t, uint32_t cpu);
/* Switch to the next thread; rq's lock held, released afterwards. */
void schedule_locked(struct run_queue *rq);
void timer_rearm(void);
uint64_t timer_next_expiry(void);
void timer_run_expired(void);
void switch_context(struct thread *prev, struct thread *next);

#endif
