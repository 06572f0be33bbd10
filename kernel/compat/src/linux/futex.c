/* kernel/compat/src/linux/futex.c: futexes (man 2 futex).
 *
 * A waiter stands on the list of its key's bucket while it sleeps; requeueing moves
 * it to another's. The word is compared under the bucket's lock with faults off,
 * and a waker takes that lock after it has changed the word, so no wake is lost.
 */
#include <ds/hash.h>
#include <linux/futex.h>
#include <mm/usercopy.h>

#include "cpu_clock.h"
#include "dispatch.h"
#include "futex.h"
#include "futex_op.h"

#define NBUCKETS 256u
#define CLOCK_REALTIME_ID 0
#define CLOCK_MONOTONIC_ID 1

static struct futex_bucket buckets[NBUCKETS];

void linux_futex_init(void)
{
	for (uint32_t i = 0; i < NBUCKETS; i++) {
		spin_init(&buckets[i].lock, LOCK_FUTEX);
		list_init(&buckets[i].waiters);
	}
	futex_pi_init();
}

struct futex_bucket *futex_bucket_of(const struct mm_futex_key *key)
{
	return &buckets[hash_u64(key->a ^ key->b * 0x9e3779b97f4a7c15ull) % NBUCKETS];
}

int futex_key(uint64_t address, bool shared, struct mm_futex_key *key)
{
	if (address & 3)
		return -EINVAL;
	if (address >= USER_TOP)
		return -EFAULT;
	return mm_futex_key(ps_current()->space, address, shared, key);
}

static void lock_two(struct futex_bucket *x, struct futex_bucket *y)
{
	if (x == y) {
		spin_lock(&x->lock);
		return;
	}
	spin_lock(x < y ? &x->lock : &y->lock);
	spin_lock_nested(x < y ? &y->lock : &x->lock);
}

static void unlock_two(struct futex_bucket *x, struct futex_bucket *y)
{
	spin_unlock(&x->lock);
	if (x != y)
		spin_unlock(&y->lock);
}

void futex_wake_waiter(struct futex_waiter *w)
{
	list_del(&w->node);
	w->is_woken = true;
	thread_wake(w->thread);
}

/* The bucket's lock is held. Returns: how many; -EINVAL: one waits for FUTEX_CMP_REQUEUE_PI, which is
 * not to be woken so. */
static int64_t wake_matching(struct futex_bucket *b, const struct mm_futex_key *key, uint32_t n, uint32_t bitset)
{
	struct futex_waiter *w, *next;
	uint32_t nwoken = 0;

	LIST_FOR_EACH_ENTRY_SAFE(w, next, &b->waiters, node) {
		if (nwoken == n)
			break;
		if (!futex_same_key(&w->key, key))
			continue;
		if (w->pi)
			return -EINVAL;
		if (!(w->bitset & bitset))
			continue;
		futex_wake_waiter(w);
		nwoken++;
	}
	return nwoken;
}

/* ---- waiting ---- */

int futex_read_locked(struct spinlock *lock, uint64_t address, uint32_t *value)
{
	for (;;) {
		spin_lock(lock);
		if (!copy_from_user_nofault(value, user_ptr(address), sizeof(*value)))
			return 0;
		spin_unlock(lock);
		if (copy_from_user(value, user_ptr(address), sizeof(*value)))
			return -EFAULT;
	}
}

int futex_fault_in(uint64_t address)
{
	uint32_t value;
	int code;

	if (copy_from_user(&value, user_ptr(address), sizeof(value)))
		return -EFAULT;
	return mm_fault(ps_current()->space, address, MM_WRITE, &code) ? -EFAULT : 0;
}

/* Urgent threads are woken first, the others in the order they came. */
static void insert(struct futex_bucket *b, struct futex_waiter *w)
{
	struct futex_waiter *other;

	if (w->thread->priority) {
		LIST_FOR_EACH_ENTRY(other, &b->waiters, node) {
			if (other->thread->priority < w->thread->priority) {
				list_add_tail(&w->node, &other->node);
				return;
			}
		}
	}
	list_add_tail(&w->node, &b->waiters);
}

int futex_queue(struct futex_waiter *w, uint64_t address, uint32_t expected)
{
	struct futex_bucket *b = w->bucket = futex_bucket_of(&w->key);
	uint32_t value;
	int err;

	err = futex_read_locked(&b->lock, address, &value);
	if (err)
		return err;
	if (value == expected)
		insert(b, w);
	spin_unlock(&b->lock);
	return value == expected ? 0 : -EAGAIN;
}

static struct futex_bucket *lock_own_bucket(struct futex_waiter *w)
{
	struct futex_bucket *b;

	for (;;) {
		b = READ_ONCE(w->bucket);
		spin_lock(&b->lock);
		if (b == w->bucket)
			return b;
		spin_unlock(&b->lock);
	}
}

bool futex_unqueue(struct futex_waiter *w)
{
	struct futex_bucket *b = lock_own_bucket(w);
	bool was_woken = w->is_woken;

	if (!was_woken)
		list_del(&w->node);
	spin_unlock(&b->lock);
	return was_woken;
}

/* @deadline absolute, 0: none. Returns: 0 woken; -EAGAIN; -ETIMEDOUT; -EINTR; -EFAULT; -EINVAL. */
static int wait_until(uint64_t address, bool shared, uint32_t expected, uint64_t deadline, uint32_t bitset)
{
	struct futex_waiter w = { .thread = current_thread(), .bitset = bitset };
	int err;

	if (!bitset)
		return -EINVAL;
	err = futex_key(address, shared, &w.key);
	if (err)
		return err;
	err = futex_queue(&w, address, expected);
	if (err)
		return err;
	while (!READ_ONCE(w.is_woken) && !err)
		err = thread_block(INTERRUPT_LINUX, deadline);
	return futex_unqueue(&w) ? 0 : err;
}

static int64_t wait_again(struct ps_thread *t)
{
	const uint64_t *a = t->restart.args;
	uint64_t deadline = t->restart.deadline_ns;
	int err = wait_until(a[0], a[3], (uint32_t)a[1], deadline, (uint32_t)a[2]);

	return err == -EINTR ? linux_set_restart(wait_again, deadline, a[0], a[1], a[2], a[3]) : err;
}

static int64_t futex_wait(uint64_t address, bool shared, uint32_t expected, uint64_t deadline, uint32_t bitset)
{
	int err = wait_until(address, shared, expected, deadline, bitset);

	if (err != -EINTR)
		return err;
	if (!deadline)
		return -ERESTARTSYS;
	return linux_set_restart(wait_again, deadline, address, expected, bitset, shared);
}

/* ---- waking ---- */

static int64_t wake_bitset(uint64_t address, bool shared, uint32_t n, uint32_t bitset)
{
	struct mm_futex_key key;
	struct futex_bucket *b;
	int64_t ret;
	int err;

	if (!bitset)
		return -EINVAL;
	err = futex_key(address, shared, &key);
	if (err)
		return err;
	/* Linux counts after it has woken: none means one. */
	n = (int32_t)n < 1 ? 1 : n;
	if (futex_pi_has_waiters(&key))
		return -EINVAL;
	b = futex_bucket_of(&key);
	spin_lock(&b->lock);
	ret = wake_matching(b, &key, n, bitset);
	spin_unlock(&b->lock);
	return ret;
}

int64_t linux_futex_wake(uint64_t address, bool shared, uint32_t n)
{
	return wake_bitset(address, shared, n, FUTEX_BITSET_MATCH_ANY);
}

/* Both buckets' locks are held. */
static uint32_t move_waiters(struct futex_bucket *from, const struct mm_futex_key *old, struct futex_bucket *to,
	const struct mm_futex_key *new, uint32_t n)
{
	struct futex_waiter *w, *next;
	uint32_t nmoved = 0;

	LIST_FOR_EACH_ENTRY_SAFE(w, next, &from->waiters, node) {
		if (nmoved == n)
			break;
		if (!futex_same_key(&w->key, old))
			continue;
		list_move_tail(&w->node, &to->waiters);
		w->key = *new;
		WRITE_ONCE(w->bucket, to);
		nmoved++;
	}
	return nmoved;
}

struct two_words {
	struct mm_futex_key key1, key2;
	struct futex_bucket *b1, *b2;
};

static int two_words_init(struct two_words *t, uint64_t address1, uint64_t address2, bool shared)
{
	int err = futex_key(address1, shared, &t->key1);

	if (!err)
		err = futex_key(address2, shared, &t->key2);
	if (err)
		return err;
	t->b1 = futex_bucket_of(&t->key1);
	t->b2 = futex_bucket_of(&t->key2);
	return 0;
}

/* @expected NULL: FUTEX_REQUEUE, which compares nothing and counts only those it woke and moved. */
static int64_t requeue(uint64_t address1, uint64_t address2, bool shared, int32_t nwake, int32_t nmove,
	const uint32_t *expected)
{
	struct two_words t;
	uint32_t value;
	int64_t ret;
	int err;

	if (nwake < 0 || nmove < 0)
		return -EINVAL;
	err = two_words_init(&t, address1, address2, shared);
	if (err)
		return err;
	for (;;) {
		lock_two(t.b1, t.b2);
		if (!expected || !copy_from_user_nofault(&value, user_ptr(address1), sizeof(value)))
			break;
		unlock_two(t.b1, t.b2);
		if (copy_from_user(&value, user_ptr(address1), sizeof(value)))
			return -EFAULT;
	}
	if (expected && value != *expected) {
		ret = -EAGAIN;
	} else {
		ret = wake_matching(t.b1, &t.key1, (uint32_t)nwake, FUTEX_BITSET_MATCH_ANY);
		if (ret >= 0)
			ret += move_waiters(t.b1, &t.key1, t.b2, &t.key2, (uint32_t)nmove);
	}
	unlock_two(t.b1, t.b2);
	return ret;
}

/* Apply @op to the second word, atomically, with both locks held. Returns: 0; -EFAULT when a
 * page is missing; -ENOSYS. */
static int apply_op(uint64_t address, uint32_t op, uint32_t *old)
{
	uint32_t new;
	int err;

	err = copy_from_user_nofault(old, user_ptr(address), sizeof(*old));
	for (;;) {
		uint32_t expected = *old;

		if (err)
			return err;
		err = futex_op_compute(op, expected, &new);
		if (err)
			return err;
		err = user_cmpxchg32_nofault(user_ptr(address), old, new);
		if (!err && *old == expected)
			return 0;
	}
}

static int64_t wake_op(uint64_t address1, uint64_t address2, bool shared, uint32_t n1, uint32_t n2, uint32_t op)
{
	struct two_words t;
	uint32_t old;
	int64_t ret;
	int err = two_words_init(&t, address1, address2, shared);

	if (err)
		return err;
	for (;;) {
		lock_two(t.b1, t.b2);
		err = apply_op(address2, op, &old);
		if (!err)
			break;
		unlock_two(t.b1, t.b2);
		if (err != -EFAULT)
			return err;
		if (futex_fault_in(address2))
			return -EFAULT;
	}
	ret = wake_matching(t.b1, &t.key1, n1, FUTEX_BITSET_MATCH_ANY);
	if (ret >= 0 && futex_op_holds(op, old)) {
		int64_t more = wake_matching(t.b2, &t.key2, n2, FUTEX_BITSET_MATCH_ANY);

		ret = more < 0 ? more : ret + more;
	}
	unlock_two(t.b1, t.b2);
	return ret;
}

/* ---- the call ---- */

static bool takes_realtime(int cmd)
{
	return cmd == FUTEX_WAIT_BITSET || cmd == FUTEX_WAIT_REQUEUE_PI || cmd == FUTEX_LOCK_PI2;
}

static bool takes_timeout(int cmd)
{
	return cmd == FUTEX_WAIT || cmd == FUTEX_LOCK_PI || takes_realtime(cmd);
}

/* Only FUTEX_WAIT's is relative; FUTEX_LOCK_PI's is of the real time. */
static int deadline_in(uint64_t user, int cmd, bool realtime, uint64_t *deadline)
{
	uint64_t ns;
	int err;

	*deadline = 0;
	if (!user || !takes_timeout(cmd))
		return 0;
	err = linux_timespec_in(user, &ns);
	if (err)
		return err;
	if (cmd == FUTEX_WAIT)
		*deadline = linux_deadline_after(ns);
	else
		*deadline = linux_clock_to_monotonic(realtime || cmd == FUTEX_LOCK_PI ? CLOCK_REALTIME_ID : CLOCK_MONOTONIC_ID,
						     ns);
	return 0;
}

int64_t linux_sys_futex(const uint64_t a[6])
{
	uint32_t op = (uint32_t)a[1], val = (uint32_t)a[2], val2 = (uint32_t)a[3], val3 = (uint32_t)a[5];
	int cmd = (int)(op & FUTEX_CMD_MASK);
	bool shared = !(op & FUTEX_PRIVATE_FLAG), realtime = op & FUTEX_CLOCK_REALTIME;
	uint64_t deadline;
	int err;

	err = deadline_in(a[3], cmd, realtime, &deadline);
	if (err)
		return err;
	if (realtime && !takes_realtime(cmd))
		return -ENOSYS;
	switch (cmd) {
	case FUTEX_WAIT:
		return futex_wait(a[0], shared, val, deadline, FUTEX_BITSET_MATCH_ANY);
	case FUTEX_WAIT_BITSET:
		return futex_wait(a[0], shared, val, deadline, val3);
	case FUTEX_WAKE:
		return wake_bitset(a[0], shared, val, FUTEX_BITSET_MATCH_ANY);
	case FUTEX_WAKE_BITSET:
		return wake_bitset(a[0], shared, val, val3);
	case FUTEX_REQUEUE:
		return requeue(a[0], a[4], shared, (int32_t)val, (int32_t)val2, NULL);
	case FUTEX_CMP_REQUEUE:
		return requeue(a[0], a[4], shared, (int32_t)val, (int32_t)val2, &val3);
	case FUTEX_WAKE_OP:
		return wake_op(a[0], a[4], shared, val, val2, val3);
	case FUTEX_LOCK_PI:
	case FUTEX_LOCK_PI2:
		return futex_lock_pi(a[0], shared, deadline, false);
	case FUTEX_TRYLOCK_PI:
		return futex_lock_pi(a[0], shared, 0, true);
	case FUTEX_UNLOCK_PI:
		return futex_unlock_pi(a[0], shared);
	case FUTEX_WAIT_REQUEUE_PI:
		return futex_wait_requeue_pi(a[0], a[4], shared, val, deadline);
	case FUTEX_CMP_REQUEUE_PI:
		return futex_cmp_requeue_pi(a[0], a[4], shared, (int32_t)val, (int32_t)val2, val3);
	default:
		return -ENOSYS;
	}
}
