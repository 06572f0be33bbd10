/* kernel/compat/src/linux/futex_pi.c: futexes that pass their waiters' priority to who holds them.
 *
 * The word of such a futex holds its owner's tid. While somebody waits for it there is a
 * pi_state: the owner, and the waiters by priority. An unlock hands the futex straight to
 * the first of them; so does the owner's end, when the new owner marks the word itself,
 * since only it is sure to have it mapped.
 *
 * Locking: pi_lock (FUTEX_PI) guards all states, waits and the owned lists of threads; it
 * nests inside a bucket's lock.
 */
#include <ds/hash.h>
#include <linux/futex.h>
#include <mm/heap.h>
#include <mm/usercopy.h>

#include "dispatch.h"
#include "futex.h"

#define NSTATES 64u
#define MAX_CHAIN 1024	/* owners that wait for owners */

struct pi_state {
	struct list_node node;		/* in states[] */
	struct list_node owned_node;	/* in owner->pi_owned */
	struct mm_futex_key key;
	struct ps_thread *owner;	/* alive: its end takes it away */
	struct list_node waiters;	/* futex_pi_wait.node, most urgent first */
	uint32_t nmarking;		/* new owners that are yet to write the word */
};
struct futex_pi_wait {
	struct list_node node;
	struct pi_state *state;		/* waits there; NULL: not, or not any more */
	struct ps_thread *thread;
	struct mm_futex_key key;
	uint64_t address;
	uint8_t priority;
	bool is_owner;			/* the futex has been handed over */
	bool owner_died;		/* by its owner's end */
};

HEAP_CACHE(state_cache, "futex-pi", sizeof(struct pi_state));
static struct spinlock pi_lock = SPINLOCK_INIT(FUTEX_PI);
static struct list_node states[NSTATES];
static uint32_t nstates;

void futex_pi_init(void)
{
	for (uint32_t i = 0; i < NSTATES; i++)
		list_init(&states[i]);
}

static struct list_node *states_of(const struct mm_futex_key *key)
{
	return &states[hash_u64(key->a ^ key->b * 0x9e3779b97f4a7c15ull) % NSTATES];
}

/* ---- states: pi_lock is held ---- */

static struct pi_state *find_state(const struct mm_futex_key *key)
{
	struct pi_state *s;

	LIST_FOR_EACH_ENTRY(s, states_of(key), node) {
		if (futex_same_key(&s->key, key))
			return s;
	}
	return NULL;
}

static void attach_state(struct pi_state *s, const struct mm_futex_key *key, struct ps_thread *owner)
{
	s->key = *key;
	s->owner = owner;
	s->nmarking = 0;
	list_init(&s->waiters);
	list_add(&s->node, states_of(key));
	list_add(&s->owned_node, &owner->pi_owned);
	nstates++;
}

static void drop_state_if_unused(struct pi_state *s)
{
	if (!list_is_empty(&s->waiters) || s->nmarking)
		return;
	list_del(&s->node);
	list_del(&s->owned_node);
	nstates--;
	heap_cache_free(&state_cache, s);
}

static struct futex_pi_wait *first_waiter(struct pi_state *s)
{
	return list_first_entry(&s->waiters, struct futex_pi_wait, node);
}

static void insert_by_priority(struct pi_state *s, struct futex_pi_wait *w)
{
	struct futex_pi_wait *other;

	LIST_FOR_EACH_ENTRY(other, &s->waiters, node) {
		if (other->priority < w->priority) {
			list_add_tail(&w->node, &other->node);
			return;
		}
	}
	list_add_tail(&w->node, &s->waiters);
}

static uint8_t inherited_by(const struct ps_thread *t)
{
	struct pi_state *s;
	uint8_t most = 0;

	LIST_FOR_EACH_ENTRY(s, &t->pi_owned, owned_node) {
		struct futex_pi_wait *w = first_waiter(s);

		if (w && w->priority > most)
			most = w->priority;
	}
	return most;
}

/* Give @t what its waiters have, and what it waits for in turn. */
static void pass_priority(struct ps_thread *t)
{
	for (int depth = 0; t && depth < MAX_CHAIN; depth++) {
		struct futex_pi_wait *w = t->pi_wait;

		sched_set_inherited(&t->thread, inherited_by(t));
		if (!w || !w->state || w->priority == t->thread.priority)
			return;
		w->priority = t->thread.priority;
		list_del(&w->node);
		insert_by_priority(w->state, w);
		t = w->state->owner;
	}
}

/* Would @t wait for itself if it waited for @owner? */
static bool is_circle(const struct ps_thread *t, const struct ps_thread *owner)
{
	for (int depth = 0; owner && depth < MAX_CHAIN; depth++) {
		const struct futex_pi_wait *w = owner->pi_wait;

		if (owner == t)
			return true;
		owner = w && w->state ? w->state->owner : NULL;
	}
	return owner;
}

static void begin_wait(struct pi_state *s, struct futex_pi_wait *w)
{
	w->state = s;
	w->priority = w->thread->thread.priority;
	w->thread->pi_wait = w;
	insert_by_priority(s, w);
	pass_priority(s->owner);
}

static void end_wait(struct futex_pi_wait *w)
{
	list_del(&w->node);
	w->state = NULL;
	w->thread->pi_wait = NULL;
}

/* The first waiter of @s owns the futex from now on. */
static void hand_over(struct pi_state *s, bool owner_died)
{
	struct futex_pi_wait *w = first_waiter(s);
	struct ps_thread *old = s->owner;

	end_wait(w);
	s->owner = w->thread;
	list_move_tail(&s->owned_node, &w->thread->pi_owned);
	s->nmarking += owner_died;
	w->owner_died = owner_died;
	pass_priority(old);
	pass_priority(w->thread);
	WRITE_ONCE(w->is_owner, true);
	thread_wake(&w->thread->thread);
}

bool futex_pi_has_waiters(const struct mm_futex_key *key)
{
	struct pi_state *s;
	bool has;

	if (!READ_ONCE(nstates))
		return false;
	spin_lock(&pi_lock);
	s = find_state(key);
	has = s && !list_is_empty(&s->waiters);
	spin_unlock(&pi_lock);
	return has;
}

/* ---- the word ---- */

/* Replace @old by @new, pi_lock held. 0; -EAGAIN: it has changed; -EFAULT: the page is missing. */
static int exchange(uint64_t address, uint32_t old, uint32_t new)
{
	uint32_t seen = old;
	int err = user_cmpxchg32_nofault(user_ptr(address), &seen, new);

	if (err)
		return err;
	return seen == old ? 0 : -EAGAIN;
}

/* The futex fell to us when its owner ended: say so in the word. */
static int mark_word(struct futex_pi_wait *w, const struct mm_futex_key *key)
{
	uint32_t new = w->thread->thread.tid | FUTEX_WAITERS | FUTEX_OWNER_DIED, old;
	struct pi_state *s;
	int err;

	do {
		err = futex_read_locked(&pi_lock, w->address, &old);
		if (err)
			spin_lock(&pi_lock);
		else
			err = exchange(w->address, old, new);
		if (err == -EFAULT) {
			spin_unlock(&pi_lock);
			err = futex_fault_in(w->address) ? -EFAULT : -EAGAIN;
			spin_lock(&pi_lock);
		}
		if (err != -EAGAIN) {
			s = find_state(key);
			s->nmarking--;
			drop_state_if_unused(s);
		}
		spin_unlock(&pi_lock);
	} while (err == -EAGAIN);
	return err;
}

/* What locking the word comes to. */
struct attempt {
	struct ps_thread *owner;	/* a reference, found for @owner_tid; NULL: not looked for yet */
	uint32_t owner_tid;
	struct pi_state *spare;		/* memory for a state */
};

static void attempt_end(struct attempt *a)
{
	if (a->owner)
		ps_thread_put(a->owner);
	if (a->spare)
		heap_cache_free(&state_cache, a->spare);
}

/* Find the owner that the word names; holds no lock. 0, -ESRCH, -ENOMEM. */
static int find_owner(struct attempt *a)
{
	if (!a->spare) {
		a->spare = heap_cache_alloc(&state_cache, 0);
		if (!a->spare)
			return -ENOMEM;
	}
	if (a->owner)
		ps_thread_put(a->owner);
	a->owner = ps_find_thread(a->owner_tid);
	return a->owner ? 0 : -ESRCH;
}

#define ATTEMPT_LOOK_AGAIN 1	/* find_owner(), then try anew */
#define ATTEMPT_OWNED 2		/* the futex is the thread's now */
#define ATTEMPT_BAD_WORD 3	/* the word waited at cannot be read */
#define MOVED 4

/* Lock the word for @t, or find the state to wait in. pi_lock held, @word as read under it.
 * Returns: 0 with *@out; an ATTEMPT_*; -EAGAIN: the word changed; -EFAULT as exchange();
 * -EDEADLK -EINVAL -ESRCH. */
static int try_lock(struct attempt *a, uint64_t address, const struct mm_futex_key *key, uint32_t word,
	struct ps_thread *t, bool has_more, struct pi_state **out)
{
	struct pi_state *s = find_state(key);
	uint32_t tid = word & FUTEX_TID_MASK;
	int err;

	if (tid == t->thread.tid)
		return -EDEADLK;
	if (s) {
		if (!s->nmarking && tid != s->owner->thread.tid)
			return -EINVAL;
		*out = s;
		return is_circle(t, s->owner) ? -EDEADLK : 0;
	}
	if (!tid) {
		err = exchange(address, word, (word & FUTEX_OWNER_DIED) | t->thread.tid | (has_more ? FUTEX_WAITERS : 0));
		return err ? err : ATTEMPT_OWNED;
	}
	/* From here on the owner asks the kernel before it lets go. */
	err = word & FUTEX_WAITERS ? 0 : exchange(address, word, word | FUTEX_WAITERS);
	if (err)
		return err;
	if (!a->owner || a->owner_tid != tid) {
		a->owner_tid = tid;
		return ATTEMPT_LOOK_AGAIN;
	}
	if (a->owner->pi_has_exited)
		return -ESRCH;
	if (is_circle(t, a->owner))
		return -EDEADLK;
	s = a->spare;
	a->spare = NULL;
	attach_state(s, key, a->owner);
	*out = s;
	return 0;
}

/* ---- lock and unlock ---- */

/* Sleep until the futex is ours. @w stands in a state. */
static int64_t wait_for_owner(struct futex_pi_wait *w, uint64_t deadline)
{
	struct pi_state *s;
	int err = 0;

	while (!READ_ONCE(w->is_owner) && !err)
		err = thread_block(INTERRUPT_LINUX, deadline);
	spin_lock(&pi_lock);
	s = w->state;
	if (!w->is_owner) {
		struct ps_thread *owner = s->owner;

		end_wait(w);
		pass_priority(owner);
		drop_state_if_unused(s);
		spin_unlock(&pi_lock);
		return err;
	}
	/* An unlock leaves a state that nobody waits in to us. */
	s = find_state(&w->key);
	if (s)
		drop_state_if_unused(s);
	spin_unlock(&pi_lock);
	return w->owner_died ? mark_word(w, &w->key) : 0;
}

int64_t futex_lock_pi(uint64_t address, bool shared, uint64_t deadline, bool try)
{
	struct futex_pi_wait w = { .thread = ps_current_thread(), .address = address };
	struct attempt a = { 0 };
	struct pi_state *s;
	uint32_t word;
	int64_t err;

	err = futex_key(address, shared, &w.key);
	while (!err) {
		err = futex_read_locked(&pi_lock, address, &word);
		if (err)
			break;
		err = try_lock(&a, address, &w.key, word, w.thread, false, &s);
		if (!err && !try) {
			begin_wait(s, &w);
			spin_unlock(&pi_lock);
			err = wait_for_owner(&w, deadline);
			break;
		}
		if (!err)
			drop_state_if_unused(s);
		spin_unlock(&pi_lock);
		if (!err) {
			err = -EWOULDBLOCK;
			break;
		}
		if (err == ATTEMPT_LOOK_AGAIN)
			err = find_owner(&a);
		else if (err == -EFAULT)
			err = futex_fault_in(address);
		else if (err == -EAGAIN)
			err = 0;
	}
	attempt_end(&a);
	if (err == ATTEMPT_OWNED)
		return 0;
	return err == -EINTR ? -ERESTARTNOINTR : err;
}

/* pi_lock held. As try_lock(). */
static int try_unlock(uint64_t address, const struct mm_futex_key *key, uint32_t word)
{
	struct ps_thread *me = ps_current_thread();
	struct pi_state *s = find_state(key);
	struct futex_pi_wait *next = s ? first_waiter(s) : NULL;
	int err;

	if ((word & FUTEX_TID_MASK) != me->thread.tid)
		return -EPERM;
	if (!next)
		return exchange(address, word, 0);
	if (s->owner != me)
		return -EINVAL;
	err = exchange(address, word, next->thread->thread.tid | FUTEX_WAITERS);
	if (!err)
		hand_over(s, false);
	return err;
}

int64_t futex_unlock_pi(uint64_t address, bool shared)
{
	struct mm_futex_key key;
	uint32_t word;
	int err = futex_key(address, shared, &key);

	while (!err) {
		err = futex_read_locked(&pi_lock, address, &word);
		if (err)
			break;
		err = try_unlock(address, &key, word);
		spin_unlock(&pi_lock);
		if (!err)
			break;
		if (err == -EFAULT)
			err = futex_fault_in(address);
		else if (err == -EAGAIN)
			err = 0;
	}
	return err;
}

void futex_pi_thread_exits(struct ps_thread *t)
{
	struct pi_state *s;

	spin_lock(&pi_lock);
	/* Also called at execve, after which it goes on. */
	t->pi_has_exited = t->is_exiting;
	while ((s = list_first_entry(&t->pi_owned, struct pi_state, owned_node)) != NULL)
		hand_over(s, true);
	spin_unlock(&pi_lock);
}

/* ---- requeueing ---- */

int64_t futex_wait_requeue_pi(uint64_t address, uint64_t address2, bool shared, uint32_t expected, uint64_t deadline)
{
	struct futex_pi_wait pi = { .thread = ps_current_thread(), .address = address2 };
	struct futex_waiter w = { .thread = current_thread(), .bitset = FUTEX_BITSET_MATCH_ANY, .pi = &pi };
	int64_t err;

	if (address == address2)
		return -EINVAL;
	err = futex_key(address2, shared, &pi.key);
	if (!err)
		err = futex_key(address, shared, &w.key);
	if (!err && futex_same_key(&w.key, &pi.key))
		err = -EINVAL;
	if (!err)
		err = futex_queue(&w, address, expected);
	if (err)
		return err;
	while (!READ_ONCE(w.is_woken) && !err)
		err = thread_block(INTERRUPT_LINUX, deadline);
	if (!futex_unqueue(&w))
		return err == -EINTR ? -ERESTARTNOINTR : err;
	err = wait_for_owner(&pi, deadline);
	/* The first word cannot be waited at anew: the caller looks for itself. */
	return err == -EINTR ? -EWOULDBLOCK : err;
}

/* The first that waits at the word for @key2. Bucket held. Returns: NULL; -EINVAL by @err: it waits for
 * something else. */
static struct futex_waiter *next_to_move(struct futex_bucket *b, const struct mm_futex_key *key,
	const struct mm_futex_key *key2, int64_t *err)
{
	struct futex_waiter *w;

	LIST_FOR_EACH_ENTRY(w, &b->waiters, node) {
		if (!futex_same_key(&w->key, key))
			continue;
		if (w->pi && futex_same_key(&w->pi->key, key2))
			return w;
		*err = -EINVAL;
		return NULL;
	}
	return NULL;
}

/* Move one waiter; bucket and pi_lock held. As try_lock(). */
static int move_one(struct attempt *a, struct futex_waiter *w, uint64_t address2, uint32_t word, bool has_more)
{
	struct pi_state *s;
	int err = try_lock(a, address2, &w->pi->key, word, w->pi->thread, has_more, &s);

	if (err && err != ATTEMPT_OWNED)
		return err;
	if (err)
		w->pi->is_owner = true;
	else
		begin_wait(s, w->pi);
	list_del(&w->node);
	WRITE_ONCE(w->is_woken, true);
	if (err)
		thread_wake(w->thread);
	return 0;
}

/* One waiter with both locks, taken and released. Returns: MOVED; 0 none is left; or as try_lock(),
 * with -EBUSY for a word that does not compare. */
static int64_t move_next(struct attempt *a, struct futex_bucket *b, uint64_t address, uint64_t address2,
	const struct mm_futex_key *key, const struct mm_futex_key *key2, const uint32_t *expected, bool has_more)
{
	uint32_t word, value;
	struct futex_waiter *w;
	int64_t err;

	if (futex_read_locked(&b->lock, address, &value))
		return ATTEMPT_BAD_WORD;
	spin_lock(&pi_lock);
	err = copy_from_user_nofault(&word, user_ptr(address2), sizeof(word));
	if (!err && expected && value != *expected)
		err = -EBUSY;
	w = err ? NULL : next_to_move(b, key, key2, &err);
	if (w)
		err = move_one(a, w, address2, word, has_more);
	spin_unlock(&pi_lock);
	spin_unlock(&b->lock);
	return !err && w ? MOVED : err;
}

int64_t futex_cmp_requeue_pi(uint64_t address, uint64_t address2, bool shared, int32_t nwake, int32_t nmove,
	uint32_t expected)
{
	const uint32_t *compare = &expected;
	struct mm_futex_key key, key2;
	struct attempt a = { 0 };
	int64_t err, nmoved = 0;

	/* Exactly one is woken, since one alone can have the second word (man 2 futex). */
	if (nwake < 0 || nmove < 0 || address == address2 || nwake != 1)
		return -EINVAL;
	err = futex_key(address, shared, &key);
	if (!err)
		err = futex_key(address2, shared, &key2);
	if (!err && futex_same_key(&key, &key2))
		err = -EINVAL;
	while (!err && nmoved < (int64_t)nmove + nwake) {
		err = move_next(&a, futex_bucket_of(&key), address, address2, &key, &key2, compare, nmove > 0);
		if (!err)
			break;
		if (err == MOVED) {
			nmoved++;
			compare = NULL;
			err = 0;
		} else if (err == ATTEMPT_BAD_WORD) {
			err = -EFAULT;
		} else if (err == ATTEMPT_LOOK_AGAIN) {
			err = find_owner(&a);
		} else if (err == -EFAULT) {
			err = futex_fault_in(address2);
		} else if (err == -EAGAIN) {
			err = 0;
		}
	}
	attempt_end(&a);
	if (err == -EBUSY)
		return -EAGAIN;
	return err ? err : nmoved;
}
