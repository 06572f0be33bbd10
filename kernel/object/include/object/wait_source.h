/* kernel/object/include/object/wait_source.h: waiting for kernel objects, one or several (DECISIONS 50).
 *
 * A wait source is what an object has that can be waited for: it says whether it is ready for a thread and
 * what a satisfied wait takes from it. A sleeper is on the queues of all its sources and tries
 * again whenever one is signalled; wait-for-all locks its sources in address order.
 *
 * Locking: source->lock (WAIT_SOURCE, interrupts off) guards the owner's state that the operations look
 * at; the owner changes it under the lock and then calls wait_source_signal().
 */
#ifndef OBJECT_WAIT_SOURCE_H
#define OBJECT_WAIT_SOURCE_H

#include <sched/wait.h>

struct wait_source;

/* Both with the source's lock held. */
struct wait_source_ops {
	bool (*is_ready)(struct wait_source *s, struct thread *t);
	/* The wait of @t is satisfied. Returns: whether the source was abandoned by its owner. */
	bool (*consume)(struct wait_source *s, struct thread *t);
};

struct wait_source {
	const struct wait_source_ops *ops;
	struct spinlock lock;
	struct wait_queue queue;
	/* Somebody pulsed it: those who waited then are ready, as long as there are pulses left for them. */
	uint64_t pulse_count;
	uint32_t pulses_left;	/* ~0: for all of them */
};

#define WAIT_SOURCES_MAX 64u
#define WAIT_ABANDONED_FLAG 0x80

void wait_source_init(struct wait_source *s, const struct wait_source_ops *ops);
/* Wake those who wait. Context: any; the source's lock is not held. */
void wait_source_signal(struct wait_source *s);
/* Let @n (~0: all) of the threads that wait now be satisfied, and nobody who comes later. */
void wait_source_pulse(struct wait_source *s, uint32_t n);

static inline __must_check uint64_t wait_source_lock(struct wait_source *s) { return spin_lock_irqsave(&s->lock); }
static inline void wait_source_unlock(struct wait_source *s, uint64_t flags) { spin_unlock_irqrestore(&s->lock, flags); }

/* Wait until one (@all: every one at once) of @sources is ready, and take it. @mask: INTERRUPT_* that
 * end the wait; @deadline_ns: absolute monotonic, 0: none, WAIT_NO_TIME: do not wait at all.
 * Returns: the index of the source taken (@all: 0), plus WAIT_ABANDONED_FLAG when it was
 * abandoned; -ETIMEDOUT; -EINTR; -ENOMEM; -EINVAL a source twice in a wait for all.
 * Context: process, no locks. */
int wait_for_sources(struct wait_source *const *sources, uint32_t n, bool all, uint32_t mask, uint64_t deadline_ns);
#define WAIT_NO_TIME 1ull

#endif
