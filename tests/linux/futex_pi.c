/* tests/linux/futex_pi.c: futexes with priority inheritance, and waiting for several. */
#include "common.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>

#define LOCK_PI2 13
#define WAITV_32 2
#define WAITV_PRIVATE 128

struct waitv {
	uint64_t value, address;
	uint32_t flags, reserved;
};

static const struct timespec past = { 1, 0 };

static long futex(volatile void *word, int op, unsigned value, const void *timeout, volatile void *word2, unsigned value3)
{
	return syscall(SYS_futex, word, op, value, timeout, word2, value3);
}

static long lock(volatile void *word)
{
	return futex(word, FUTEX_LOCK_PI, 0, NULL, NULL, 0);
}

static long unlock(volatile void *word)
{
	return futex(word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0);
}

static unsigned my_tid(void)
{
	return (unsigned)syscall(SYS_gettid);
}

static pthread_t start(void *(*body)(void *), volatile void *argument)
{
	pthread_t thread;

	need(-pthread_create(&thread, NULL, body, (void *)argument));
	return thread;
}

/* The word of a futex: who has it, and the two bits. */
static void report_word(const char *label, uint32_t word)
{
	unsigned tid = word & FUTEX_TID_MASK;

	say("%s: %s%s%s", label, !tid ? "free" : tid == my_tid() ? "mine" : "another's", word & FUTEX_WAITERS ? ", waiters" : "",
		word & FUTEX_OWNER_DIED ? ", owner died" : "");
}

TEST(lock_takes_a_free_word)
{
	uint32_t word = 0;

	report("lock", lock(&word));
	report_word("word", word);
	report("lock again", lock(&word));
	report("try again", futex(&word, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0));
	report("unlock", unlock(&word));
	report_word("word", word);
	report("unlock again", unlock(&word));
	report("try", futex(&word, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0));
	report_word("word", word);
	report("unlock", unlock(&word));
	report("lock by the other clock", futex(&word, LOCK_PI2, 0, &past, NULL, 0));
	report("unlock", unlock(&word));
	word = FUTEX_OWNER_DIED;
	report("lock a dead one's", lock(&word));
	report_word("word", word);
	word = FUTEX_WAITERS;
	report("lock one with a stale bit", lock(&word));
	report_word("word", word);
}

TEST(pi_calls_check_their_arguments)
{
	uint32_t word = NO_SUCH_PID, words[2] = { 0 };

	report("owner does not exist", lock(&word));
	report("try with such an owner", futex(&word, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0));
	report("unlock another's", unlock(&word));
	report("bad address", lock(unmapped_address()));
	report("odd address", lock((char *)words + 1));
	report("kernel address", lock(KERNEL_ADDRESS));
	report("unlock a bad address", unlock(unmapped_address()));
	report("bad time-out", futex(words, FUTEX_LOCK_PI, 0, &(struct timespec){ 0, 1000000000 }, NULL, 0));
	report("time-out at a bad address", futex(words, FUTEX_LOCK_PI, 0, unmapped_address(), NULL, 0));
	report("realtime flag on LOCK_PI", futex(words, FUTEX_LOCK_PI | FUTEX_CLOCK_REALTIME, 0, NULL, NULL, 0));
	report("realtime flag on LOCK_PI2", futex(words, LOCK_PI2 | FUTEX_CLOCK_REALTIME, 0, NULL, NULL, 0));
	report("unlock", unlock(words));
	report("realtime flag on WAIT", futex(words, FUTEX_WAIT | FUTEX_CLOCK_REALTIME, 1, NULL, NULL, 0));
	report("requeue to the same word", futex(words, FUTEX_CMP_REQUEUE_PI, 1, (void *)1, words, 0));
	report("requeue waking 0", futex(words, FUTEX_CMP_REQUEUE_PI, 0, (void *)1, words + 1, 0));
	report("requeue waking 2", futex(words, FUTEX_CMP_REQUEUE_PI, 2, (void *)1, words + 1, 0));
	report("requeue moving -1", futex(words, FUTEX_CMP_REQUEUE_PI, 1, (void *)-1, words + 1, 0));
	report("requeue nobody", futex(words, FUTEX_CMP_REQUEUE_PI, 1, (void *)1, words + 1, 0));
	report("requeue another value", futex(words, FUTEX_CMP_REQUEUE_PI, 1, (void *)1, words + 1, 7));
	report("requeue from a bad address", futex(unmapped_address(), FUTEX_CMP_REQUEUE_PI, 1, (void *)1, words + 1, 0));
	report("wait to requeue at the same word", futex(words, FUTEX_WAIT_REQUEUE_PI, 0, NULL, words, 0));
	report("wait to requeue for another value", futex(words, FUTEX_WAIT_REQUEUE_PI, 5, NULL, words + 1, 0));
	report("wait to requeue until the past", futex(words, FUTEX_WAIT_REQUEUE_PI, 0, &past, words + 1, 0));
}

static volatile uint32_t word, other_word;
static volatile int taken;

static void *lock_and_keep(void *unused)
{
	report("thread locks", lock(&word));
	report_word("word for the thread", word);
	taken = 1;
	report("thread unlocks", unlock(&word));
	return NULL;
}

static void await_waiter(volatile uint32_t *at)
{
	while (!(*at & FUTEX_WAITERS))
		sched_yield();
	/* It sets the bit a little before it waits; from then on a wake is refused. */
	while (futex(at, FUTEX_WAKE, 1, NULL, NULL, 0) == 0)
		sched_yield();
}

TEST(unlock_hands_over_to_the_waiter)
{
	pthread_t thread;

	need(lock(&word));
	thread = start(lock_and_keep, NULL);
	await_waiter(&word);
	claim("it has to wait", !taken);
	report_word("word", word);
	need(unlock(&word));
	pthread_join(thread, NULL);
	report_word("word at the end", word);
}

static void *try_all_ways(void *unused)
{
	struct timespec soon;

	report("try", futex(&word, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0));
	report_word("word after the try", word);
	report("unlock", unlock(&word));
	report("lock until the past", futex(&word, FUTEX_LOCK_PI, 0, &past, NULL, 0));
	report("the same by the other clock", futex(&word, LOCK_PI2, 0, &past, NULL, 0));
	clock_gettime(CLOCK_MONOTONIC, &soon);
	soon.tv_sec += soon.tv_nsec >= 970000000;
	soon.tv_nsec = (soon.tv_nsec + 30000000) % 1000000000;
	report("lock for 30 ms", futex(&word, LOCK_PI2, 0, &soon, NULL, 0));
	report("wake a waiter that is none", futex(&word, FUTEX_WAKE, 1, NULL, NULL, 0));
	return NULL;
}

TEST(held_lock_is_refused_or_times_out)
{
	need(lock(&word));
	pthread_join(start(try_all_ways, NULL), NULL);
	report_word("word", word);
	report("unlock", unlock(&word));
	report_word("word", word);
}

static void *hold_other_and_want_first(void *unused)
{
	need(lock(&other_word));
	taken = 1;
	report("thread gets the first", lock(&word));
	unlock(&word);
	unlock(&other_word);
	return NULL;
}

TEST(circles_of_waiters_are_refused)
{
	pthread_t thread;

	need(lock(&word));
	thread = start(hold_other_and_want_first, NULL);
	while (!taken)
		sched_yield();
	await_waiter(&word);
	report("a circle", lock(&other_word));
	need(unlock(&word));
	pthread_join(thread, NULL);
	report_word("first", word);
	report_word("second", other_word);
}

static void *wait_for_lock(void *label)
{
	report(label, lock(&word));
	unlock(&word);
	return NULL;
}

TEST(wake_refuses_waiters_of_a_lock)
{
	pthread_t thread;

	need(lock(&word));
	thread = start(wait_for_lock, "thread");
	await_waiter(&word);
	report("wake", futex(&word, FUTEX_WAKE, 1, NULL, NULL, 0));
	need(unlock(&word));
	pthread_join(thread, NULL);
}

static void *die_with_the_lock(void *unused)
{
	need(lock(&word));
	taken = 1;
	await_waiter(&word);
	return NULL;
}

TEST(death_of_the_owner_hands_over)
{
	pthread_t thread = start(die_with_the_lock, NULL);

	while (!taken)
		sched_yield();
	report("lock", lock(&word));
	report_word("word", word);
	pthread_join(thread, NULL);
	report("unlock", unlock(&word));
	report_word("word", word);
}

TEST(lock_works_between_processes)
{
	volatile uint32_t *shared = shared_memory(4096);
	pid_t child;

	need(lock(shared));
	child = need(fork());
	if (!child) {
		report("child locks", lock(shared));
		report_word("child's word", *shared);
		_exit(unlock(shared) ? 1 : 7);
	}
	await_waiter(shared);
	need(unlock(shared));
	report_exit("child", child);
	report_word("word", *shared);
}

TEST(lock_is_restarted_after_a_handler)
{
	pthread_t thread;

	need(lock(&word));
	on_signal(SIGUSR1, count_signal, 0);
	thread = start(wait_for_lock, "thread");
	await_waiter(&word);
	pthread_kill(thread, SIGUSR1);
	while (!caught)
		sched_yield();
	need(unlock(&word));
	pthread_join(thread, NULL);
}

/* ---- requeueing ---- */

static volatile uint32_t cond;
static volatile int order_used;
static volatile char order[8];

static void *wait_for_cond(void *unused)
{
	report("waiter", futex(&cond, FUTEX_WAIT_REQUEUE_PI, 0, NULL, &word, 0));
	report_word("waiter's word", word);
	unlock(&word);
	return NULL;
}

TEST(requeue_moves_waiters_to_a_lock)
{
	pthread_t threads[3];
	long moved = 0;

	need(lock(&word));
	for (int i = 0; i < 3; i++)
		threads[i] = start(wait_for_cond, NULL);
	while (moved < 3) {
		long n = futex(&cond, FUTEX_CMP_REQUEUE_PI, 1, (void *)5, &word, 0);

		moved += n > 0 ? n : 0;
		sched_yield();
	}
	report("moved", moved);
	report_word("word", word);
	need(unlock(&word));
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	report_word("word at the end", word);
}

TEST(requeue_gives_a_free_lock_to_the_waiter)
{
	pthread_t thread = start(wait_for_cond, NULL);

	while (futex(&cond, FUTEX_CMP_REQUEUE_PI, 1, (void *)0, &word, 0) == 0)
		sched_yield();
	pthread_join(thread, NULL);
	report_word("word at the end", word);
}

static void *wait_to_be_moved(void *unused)
{
	report("waiter", futex(&cond, FUTEX_WAIT_REQUEUE_PI, 0, NULL, &word, 0));
	unlock(&word);
	return NULL;
}

TEST(wake_and_requeue_refuse_who_waits_for_a_lock)
{
	pthread_t thread = start(wait_to_be_moved, NULL);
	long moved;

	while (futex(&cond, FUTEX_WAKE, 1, NULL, NULL, 0) == 0)
		sched_yield();
	report("wake", futex(&cond, FUTEX_WAKE, 1, NULL, NULL, 0));
	report("requeue to another lock", futex(&cond, FUTEX_CMP_REQUEUE_PI, 1, (void *)0, &other_word, 0));
	moved = futex(&cond, FUTEX_CMP_REQUEUE_PI, 1, (void *)0, &word, 0);
	pthread_join(thread, NULL);
	report("requeue to the right one", moved);
}

/* ---- inheritance ---- */

static pthread_mutex_t mutex;
static volatile int phase;

static void be_urgent(int priority)
{
	struct sched_param param = { .sched_priority = priority };

	need(-pthread_setschedparam(pthread_self(), SCHED_FIFO, &param));
}

static void note(char c)
{
	order[order_used++] = c;
}

static void *low(void *unused)
{
	be_urgent(10);
	pthread_mutex_lock(&mutex);
	phase = 1;
	/* The middle one would keep us from ever getting here, did the high one not lend its priority. */
	while (phase < 2)
		sched_yield();
	note('l');
	pthread_mutex_unlock(&mutex);
	return NULL;
}

static void *middle(void *unused)
{
	be_urgent(20);
	note('m');
	return NULL;
}

static void *high(void *unused)
{
	pthread_t thread;

	be_urgent(30);
	thread = start(middle, NULL);
	phase = 2;
	pthread_mutex_lock(&mutex);
	note('h');
	pthread_mutex_unlock(&mutex);
	pthread_join(thread, NULL);
	return NULL;
}

TEST(owner_runs_at_its_waiters_priority)
{
	pthread_mutexattr_t attr;
	pthread_t first, second;
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	need(sched_setaffinity(0, sizeof(one), &one));
	pthread_mutexattr_init(&attr);
	report("inherit", pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT));
	pthread_mutex_init(&mutex, &attr);
	first = start(low, NULL);
	while (!phase)
		sched_yield();
	second = start(high, NULL);
	pthread_join(first, NULL);
	pthread_join(second, NULL);
	say("order: %s", (const char *)order);
}

static void *leave_robust_locked(void *robust)
{
	pthread_mutex_lock(robust);
	return NULL;
}

TEST(robust_mutex_with_inheritance_tells_that_its_owner_died)
{
	pthread_mutexattr_t attr;
	pthread_mutex_t robust;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&robust, &attr);
	pthread_join(start(leave_robust_locked, &robust), NULL);
	claim("owner died", pthread_mutex_lock(&robust) == EOWNERDEAD);
	report("make consistent", pthread_mutex_consistent(&robust));
	report("unlock", pthread_mutex_unlock(&robust));
	report("lock", pthread_mutex_lock(&robust));
}

static int count;

static void *count_up(void *unused)
{
	for (int i = 0; i < 2000; i++) {
		pthread_mutex_lock(&mutex);
		count++;
		if (i % 16 == 0)
			sched_yield();
		pthread_mutex_unlock(&mutex);
	}
	return NULL;
}

TEST(inheriting_mutexes_exclude)
{
	pthread_mutexattr_t attr;
	pthread_t threads[8];

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT);
	pthread_mutex_init(&mutex, &attr);
	for (int i = 0; i < 8; i++)
		threads[i] = start(count_up, NULL);
	for (int i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	report("count", count);
}

/* ---- futex_waitv ---- */

static long waitv(const void *v, unsigned n, unsigned flags, const void *timeout, int clock)
{
	return syscall(SYS_futex_waitv, v, n, flags, timeout, clock);
}

static volatile uint32_t words[4];

static struct waitv entry(int i, uint32_t value)
{
	return (struct waitv){ .value = value, .address = (uintptr_t)&words[i], .flags = WAITV_32 | WAITV_PRIVATE };
}

TEST(waitv_checks_its_arguments)
{
	struct waitv v[129], good = entry(0, 0);

	for (int i = 0; i < 129; i++)
		v[i] = entry(0, 0);
	report("none", waitv(v, 0, 0, &past, CLOCK_MONOTONIC));
	report("no list", waitv(NULL, 1, 0, &past, CLOCK_MONOTONIC));
	report("too many", waitv(v, 129, 0, &past, CLOCK_MONOTONIC));
	report("128", waitv(v, 128, 0, &past, CLOCK_MONOTONIC));
	report("flags", waitv(v, 1, 1, &past, CLOCK_MONOTONIC));
	report("clock", waitv(v, 1, 0, &past, CLOCK_BOOTTIME));
	report("realtime", waitv(v, 1, 0, &past, CLOCK_REALTIME));
	report("bad list", waitv(unmapped_address(), 1, 0, &past, CLOCK_MONOTONIC));
	report("bad time-out", waitv(v, 1, 0, unmapped_address(), CLOCK_MONOTONIC));
	v[0].flags = WAITV_PRIVATE;
	report("no size", waitv(v, 1, 0, &past, CLOCK_MONOTONIC));
	v[0] = good;
	v[0].flags |= 64;
	report("unknown flag", waitv(v, 1, 0, &past, CLOCK_MONOTONIC));
	v[0] = good;
	v[0].reserved = 1;
	report("reserved", waitv(v, 1, 0, &past, CLOCK_MONOTONIC));
	v[0] = good;
	v[0].address++;
	report("odd address", waitv(v, 1, 0, &past, CLOCK_MONOTONIC));
	v[0].address = (uintptr_t)unmapped_address();
	report("bad address", waitv(v, 1, 0, &past, CLOCK_MONOTONIC));
	v[0] = good;
	v[1] = entry(1, 5);
	report("second differs", waitv(v, 2, 0, NULL, CLOCK_MONOTONIC));
}

static void *wait_for_three(void *unused)
{
	struct waitv v[] = { entry(0, 0), entry(1, 0), entry(2, 0) };

	report("waiter", waitv(v, 3, 0, NULL, 0));
	return NULL;
}

TEST(waitv_tells_which_was_woken)
{
	pthread_t thread = start(wait_for_three, NULL);

	while (futex(&words[1], FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0) == 0)
		sched_yield();
	pthread_join(thread, NULL);
	for (int i = 0; i < 3; i++)
		report("nobody is left", futex(&words[i], FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
}

TEST(waitv_is_interrupted)
{
	struct waitv v[] = { entry(0, 0), entry(1, 0) };

	on_signal(SIGALRM, do_nothing, 0);
	tick_every_ms(20);
	report("wait", waitv(v, 2, 0, NULL, 0));
	tick_every_ms(0);
}
