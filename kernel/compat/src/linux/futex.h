/* kernel/compat/src/linux/futex.h: waiters of futex words, shared by the files of the futex calls.
 *
 * Locking: bucket->lock (FUTEX); two of them in address order. A waiter leaves only
 * with its bucket's lock held, so a waker that holds it may use the waiter's thread.
 */
#ifndef COMPAT_FUTEX_H
#define COMPAT_FUTEX_H

#include <compat/linux.h>
#include <mm/space.h>

struct futex_bucket {
	struct spinlock lock;
	struct list_node waiters;
};
struct futex_pi_wait;
struct futex_waiter {
	struct list_node node;
	struct futex_bucket *bucket;	/* changes under both locks */
	struct mm_futex_key key;
	struct thread *thread;
	uint32_t bitset;
	bool is_woken;
	struct futex_pi_wait *pi;	/* FUTEX_WAIT_REQUEUE_PI: what it is to wait for next; else NULL */
};

/* What names the word. 0; -EINVAL not aligned; -EFAULT. */
int futex_key(uint64_t address, bool shared, struct mm_futex_key *key);
static inline bool futex_same_key(const struct mm_futex_key *x, const struct mm_futex_key *y)
{
	return x->a == y->a && x->b == y->b;
}
struct futex_bucket *futex_bucket_of(const struct mm_futex_key *key);

/* Read the word with faults off under @lock, which is taken; faulted in without it as often as need be.
 * Returns: 0 with the lock held; -EFAULT without. */
int futex_read_locked(struct spinlock *lock, uint64_t address, uint32_t *value);
/* Make the word writable. 0, -EFAULT. Holds no lock. */
int futex_fault_in(uint64_t address);

/* Compare and queue; fills in the bucket from the key. 0 queued; -EAGAIN; -EFAULT. */
int futex_queue(struct futex_waiter *w, uint64_t address, uint32_t expected);
/* Off the list, if it is on one. Returns: whether it had been woken. */
bool futex_unqueue(struct futex_waiter *w);
/* The bucket's lock is held. */
void futex_wake_waiter(struct futex_waiter *w);

/* ---- futex_pi.c (man 2 futex, "Priority-inheritance futexes") ---- */
void futex_pi_init(void);
/* Do threads wait for this word to be unlocked by FUTEX_UNLOCK_PI? */
bool futex_pi_has_waiters(const struct mm_futex_key *key);
/* @deadline absolute monotonic, 0: none. 0; -EDEADLK -ESRCH -EINVAL -EFAULT -ETIMEDOUT -ENOMEM; -EAGAIN @try. */
int64_t futex_lock_pi(uint64_t address, bool shared, uint64_t deadline, bool try);
int64_t futex_unlock_pi(uint64_t address, bool shared);
/* Wait at the first word until FUTEX_CMP_REQUEUE_PI moved us to the second and that is ours. */
int64_t futex_wait_requeue_pi(uint64_t address, uint64_t address2, bool shared, uint32_t expected, uint64_t deadline);
int64_t futex_cmp_requeue_pi(uint64_t address, uint64_t address2, bool shared, int32_t nwake, int32_t nmove,
	uint32_t expected);
/* @t ends: what it holds goes to those who wait for it. */
void futex_pi_thread_exits(struct ps_thread *t);

#endif
