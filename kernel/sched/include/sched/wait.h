/* kernel/sched/include/sched/wait.h: wait queues, sleeping locks, timers.
 *
 *   err = WAIT_EVENT(&pipe->wait, pipe_has_bytes(pipe), INTERRUPT_SIGNAL | INTERRUPT_FATAL, 0);
 *
 * A waiter is on the queue while it sleeps; poll and epoll put waiters with a
 * callback of their own on the same queues.
 */
#ifndef SCHED_WAIT_H
#define SCHED_WAIT_H

#include <ds/list.h>
#include <ds/rbtree.h>
#include <sched/thread.h>

struct wait_queue {
	struct spinlock lock;	/* WAIT_QUEUE, taken with interrupts off */
	struct list_node waiters;
};
struct waiter {
	struct list_node node;
	/* Called with the queue's lock held, interrupts off. @key: what happened (POLL* bits, 0: all).
	 * Returns: true if this counts as one wake of an exclusive waiter. */
	bool (*wake)(struct waiter *w, uint64_t key);
	struct thread *thread;
	void *context;
	bool is_exclusive;	/* wake_one stops after it */
	bool is_queued;
};

void waitq_init(struct wait_queue *q);
void waiter_init(struct waiter *w);	/* for the current thread, wakes it */
void waitq_add(struct wait_queue *q, struct waiter *w);
void waitq_remove(struct wait_queue *q, struct waiter *w);	/* fine when not queued */
void waitq_wake(struct wait_queue *q, uint32_t nexclusive, uint64_t key);
static inline void waitq_wake_all(struct wait_queue *q, uint64_t key) { waitq_wake(q, ~0u, key); }
static inline void waitq_wake_one(struct wait_queue *q, uint64_t key) { waitq_wake(q, 1, key); }
bool waitq_is_empty(struct wait_queue *q);

/* Sleep until @cond. mask: INTERRUPT_* that end the sleep (0: none); deadline
 * absolute ns or 0. Value: 0, -EINTR, -ETIMEDOUT. @cond is evaluated without locks. */
#define WAIT_EVENT(q, cond, mask, deadline) ({ \
	struct waiter w_; \
	int err_ = 0; \
	waiter_init(&w_); \
	for (;;) { \
		waitq_add(q, &w_); \
		if (cond) \
			break; \
		err_ = thread_block(mask, deadline); \
		if (err_) { \
			if (cond) \
				err_ = 0; \
			break; \
		} \
	} \
	waitq_remove(q, &w_); \
	err_; \
})

/* Sleeping locks. Not interruptible; holders may sleep, but never across IPC to a
 * service unless the lock's comment says so. */
struct mutex {
	struct thread *owner;	/* atomic; NULL: free */
	uint16_t class;
	struct wait_queue wait;
};
void mutex_init(struct mutex *m, enum lock_class c);
void mutex_lock(struct mutex *m);
void mutex_lock_nested(struct mutex *m);
bool mutex_trylock(struct mutex *m);
void mutex_unlock(struct mutex *m);
static inline bool mutex_is_mine(const struct mutex *m) { return m->owner == current_thread(); }

struct rwlock {
	int32_t state;		/* -1 written, n readers */
	uint32_t writers_waiting;
	uint16_t class;
	struct spinlock lock;
	struct wait_queue wait;
};
void rwlock_init(struct rwlock *l, enum lock_class c);
void rwlock_read(struct rwlock *l);
void rwlock_read_unlock(struct rwlock *l);
void rwlock_write(struct rwlock *l);
void rwlock_write_unlock(struct rwlock *l);

/* One-shot timers. fn runs in interrupt context on the CPU that started it. */
struct ktimer {
	struct rb_node node;
	uint64_t expires_ns;	/* absolute monotonic */
	void (*fn)(struct ktimer *t);
	void *context;
	uint32_t cpu;
	uint32_t state;
	uint32_t is_running;
};
void ktimer_init(struct ktimer *t, void (*fn)(struct ktimer *), void *context);
void ktimer_start(struct ktimer *t, uint64_t expires_ns);	/* restarts a running one */
/* Returns: true if it was to fire yet. After return it is not queued and fn does not run. Not from fn. */
bool ktimer_cancel(struct ktimer *t);

#endif
