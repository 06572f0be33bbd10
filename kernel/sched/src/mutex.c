/* kernel/sched/src/mutex.c: sleeping locks. */
#include <nucleus/log.h>
#include <sched/wait.h>

#ifdef CONFIG_DEBUG
static void order_acquire(uint16_t class, bool nested)
{
	struct thread *t = current_thread();

	ASSERT(!this_cpu()->nheld);
	for (uint32_t i = 0; i < t->nheld; i++) {
		uint32_t held = lock_class_rank(t->held_classes[i]), wanted = lock_class_rank(class);

		if (held > wanted || (held == wanted && !nested))
			panic("lock order: %s taken while %s is held", lock_class_name(class), lock_class_name(t->held_classes[i]));
	}
	ASSERT(t->nheld < 8);
	t->held_classes[t->nheld++] = class;
}

static void order_release(uint16_t class)
{
	struct thread *t = current_thread();
	uint32_t i = t->nheld;

	while (i && t->held_classes[i - 1] != class)
		i--;
	ASSERT(i);
	for (; i < t->nheld; i++)
		t->held_classes[i - 1] = t->held_classes[i];
	t->nheld--;
}
#else
static void order_acquire(uint16_t class, bool nested) { (void)class; (void)nested; }
static void order_release(uint16_t class) { (void)class; }
#endif

void mutex_init(struct mutex *m, enum lock_class c)
{
	m->owner = NULL;
	m->class = (uint16_t)c;
	waitq_init(&m->wait);
}

bool mutex_trylock(struct mutex *m)
{
	struct thread *expected = NULL;

	if (!__atomic_compare_exchange_n(&m->owner, &expected, current_thread(), false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return false;
	order_acquire(m->class, true);
	return true;
}

static bool try_own(struct mutex *m)
{
	struct thread *expected = NULL;

	return __atomic_compare_exchange_n(&m->owner, &expected, current_thread(), false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static void wait_for(struct mutex *m)
{
	struct waiter w;

	__atomic_fetch_add(&lock_statistics[m->class].contended, 1, __ATOMIC_RELAXED);
	waiter_init(&w);
	w.is_exclusive = true;
	for (;;) {
		waitq_add(&m->wait, &w);
		if (try_own(m))
			break;
		thread_block(0, 0);
	}
	waitq_remove(&m->wait, &w);
}

void mutex_lock(struct mutex *m)
{
	DEBUG_ASSERT(m->owner != current_thread());
	order_acquire(m->class, false);
	if (!try_own(m))
		wait_for(m);
}

void mutex_lock_nested(struct mutex *m)
{
	order_acquire(m->class, true);
	if (!try_own(m))
		wait_for(m);
}

void mutex_unlock(struct mutex *m)
{
	DEBUG_ASSERT(m->owner == current_thread());
	order_release(m->class);
	__atomic_store_n(&m->owner, NULL, __ATOMIC_SEQ_CST);
	if (!waitq_is_empty(&m->wait))
		waitq_wake_one(&m->wait, 0);
}

void rwlock_init(struct rwlock *l, enum lock_class c)
{
	l->state = 0;
	l->writers_waiting = 0;
	l->class = (uint16_t)c;
	spin_init(&l->lock, LOCK_WAIT_QUEUE);
	waitq_init(&l->wait);
}

static bool try_read(struct rwlock *l)
{
	int32_t s = __atomic_load_n(&l->state, __ATOMIC_RELAXED);

	while (s >= 0 && !READ_ONCE(l->writers_waiting)) {
		if (__atomic_compare_exchange_n(&l->state, &s, s + 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return true;
	}
	return false;
}

static bool try_write(struct rwlock *l)
{
	int32_t s = 0;

	return __atomic_compare_exchange_n(&l->state, &s, -1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

void rwlock_read(struct rwlock *l)
{
	order_acquire(l->class, false);
	if (try_read(l))
		return;
	__atomic_fetch_add(&lock_statistics[l->class].contended, 1, __ATOMIC_RELAXED);
	(void)WAIT_EVENT(&l->wait, try_read(l), 0, 0);
}

void rwlock_write(struct rwlock *l)
{
	order_acquire(l->class, false);
	if (try_write(l))
		return;
	__atomic_fetch_add(&lock_statistics[l->class].contended, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&l->writers_waiting, 1, __ATOMIC_SEQ_CST);
	(void)WAIT_EVENT(&l->wait, try_write(l), 0, 0);
	__atomic_fetch_sub(&l->writers_waiting, 1, __ATOMIC_SEQ_CST);
	waitq_wake_all(&l->wait, 0);
}

void rwlock_read_unlock(struct rwlock *l)
{
	order_release(l->class);
	if (__atomic_sub_fetch(&l->state, 1, __ATOMIC_SEQ_CST) == 0 && !waitq_is_empty(&l->wait))
		waitq_wake_all(&l->wait, 0);
}

void rwlock_write_unlock(struct rwlock *l)
{
	order_release(l->class);
	__atomic_store_n(&l->state, 0, __ATOMIC_SEQ_CST);
	if (!waitq_is_empty(&l->wait))
		waitq_wake_all(&l->wait, 0);
}
