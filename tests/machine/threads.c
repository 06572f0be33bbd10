/* tests/machine/threads.c: threads under load. Each mode checks its own results and says `ok`.
 *
 *   threads condvar N ROUNDS   N threads hand values through one bounded queue and a token in a ring
 *   threads create N           N creates and joins, eight at a time
 *   threads signals N          N queued signals between eight threads, none lost
 *   threads fork N             N forks of a process whose other threads allocate and lock
 *   threads many N             N threads alive at once
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define QUEUE_SLOTS 16u
#define MAX_THREADS 4096u
#define BATCH 8u
#define SMALL_STACK 65536u

static void fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
static void fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
	_exit(1);
}

static void must(int error, const char *what)
{
	if (error)
		fail("%s: %s", what, strerror(error));
}

static pthread_t start(void *(*body)(void *), uintptr_t argument)
{
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, SMALL_STACK);
	must(pthread_create(&thread, &attr, body, (void *)argument), "pthread_create");
	pthread_attr_destroy(&attr);
	return thread;
}

static uintptr_t join(pthread_t thread)
{
	void *result;

	must(pthread_join(thread, &result), "pthread_join");
	return (uintptr_t)result;
}

/* ---- condition variables ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t not_full = PTHREAD_COND_INITIALIZER, not_empty = PTHREAD_COND_INITIALIZER;
static pthread_cond_t turned = PTHREAD_COND_INITIALIZER;
static unsigned queue[QUEUE_SLOTS], head, used;
static unsigned rounds, nthreads, turn;

static void wait_a_little(pthread_cond_t *cond)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	pthread_cond_timedwait(cond, &lock, &until);
}

static void *produce(void *argument)
{
	for (unsigned i = 0; i < rounds; i++) {
		pthread_mutex_lock(&lock);
		while (used == QUEUE_SLOTS) {
			if (i % 7 == 0)
				wait_a_little(&not_full);
			else
				pthread_cond_wait(&not_full, &lock);
		}
		queue[(head + used++) % QUEUE_SLOTS] = i + 1;
		pthread_cond_signal(&not_empty);
		pthread_mutex_unlock(&lock);
	}
	return argument;
}

static void *consume(void *argument)
{
	uintptr_t sum = 0;

	for (unsigned i = 0; i < rounds; i++) {
		pthread_mutex_lock(&lock);
		while (!used)
			pthread_cond_wait(&not_empty, &lock);
		sum += queue[head];
		head = (head + 1) % QUEUE_SLOTS;
		used--;
		pthread_cond_signal(&not_full);
		pthread_mutex_unlock(&lock);
	}
	return (void *)sum;
}

/* Every turn wakes all and is one thread's. */
static void *take_turns(void *argument)
{
	unsigned me = (unsigned)(uintptr_t)argument;

	for (unsigned i = 0; i < rounds; i++) {
		pthread_mutex_lock(&lock);
		while (turn % nthreads != me)
			pthread_cond_wait(&turned, &lock);
		turn++;
		pthread_cond_broadcast(&turned);
		pthread_mutex_unlock(&lock);
	}
	return NULL;
}

static void run_condvar(unsigned n, unsigned nrounds)
{
	static pthread_t threads[MAX_THREADS];
	uintptr_t sum = 0;

	nthreads = n;
	rounds = nrounds;
	for (unsigned i = 0; i < n; i++)
		threads[i] = start(i % 2 ? consume : produce, 0);
	for (unsigned i = 0; i < n; i++)
		sum += join(threads[i]);
	if (sum != (uintptr_t)(n / 2) * nrounds * (nrounds + 1) / 2)
		fail("the queue gave %lu", (unsigned long)sum);
	rounds = (nrounds + 9) / 10;
	for (unsigned i = 0; i < n; i++)
		threads[i] = start(take_turns, i);
	for (unsigned i = 0; i < n; i++)
		join(threads[i]);
	if (turn != n * rounds)
		fail("%u turns of %u", turn, n * rounds);
}

/* ---- creation ---- */

static _Thread_local unsigned fresh;

static void *be_created(void *argument)
{
	if (fresh++)
		fail("a new thread's own variable was %u", fresh - 1);
	return (void *)((uintptr_t)argument * 3);
}

static void run_create(unsigned n)
{
	for (unsigned done = 0; done < n; done += BATCH) {
		pthread_t threads[BATCH];

		for (unsigned i = 0; i < BATCH; i++)
			threads[i] = start(be_created, done + i);
		for (unsigned i = 0; i < BATCH; i++) {
			if (join(threads[i]) != (uintptr_t)(done + i) * 3)
				fail("thread %u gave a wrong result", done + i);
		}
	}
}

/* ---- signals ---- */

static pthread_t peers[BATCH];
static _Atomic unsigned received, sum_received, ready, all_sent;

static void on_queued(int sig, siginfo_t *info, void *context)
{
	if (info->si_code != SI_QUEUE || info->si_pid != getpid())
		fail("code %d from %d", info->si_code, (int)info->si_pid);
	sum_received += (unsigned)info->si_value.sival_int;
	received++;
}

static void *exchange_signals(void *argument)
{
	unsigned me = (unsigned)(uintptr_t)argument, count = rounds;

	while (!ready)
		sched_yield();
	for (unsigned i = 0; i < count; i++) {
		union sigval value = { .sival_int = (int)(i & 0xff) };
		int error;

		/* The queue has a limit; who meets it lets the others catch up. */
		while ((error = pthread_sigqueue(peers[(me + 1 + i % (BATCH - 1)) % BATCH], SIGRTMIN, value)) == EAGAIN)
			sched_yield();
		must(error, "pthread_sigqueue");
	}
	all_sent++;
	while (all_sent < BATCH || received < rounds * BATCH)
		sched_yield();
	return NULL;
}

static void run_signals(unsigned n)
{
	struct sigaction action = { .sa_sigaction = on_queued, .sa_flags = SA_SIGINFO | SA_RESTART };
	unsigned expected = 0;

	sigaction(SIGRTMIN, &action, NULL);
	rounds = (n + BATCH - 1) / BATCH;
	for (unsigned i = 0; i < rounds; i++)
		expected += (i & 0xff) * BATCH;
	for (unsigned i = 0; i < BATCH; i++)
		peers[i] = start(exchange_signals, i);
	ready = 1;
	for (unsigned i = 0; i < BATCH; i++)
		join(peers[i]);
	if (received != rounds * BATCH || sum_received != expected)
		fail("%u of %u signals, sum %u of %u", received, rounds * BATCH, sum_received, expected);
}

/* ---- fork ---- */

static _Atomic bool must_stop;

static void *keep_busy(void *argument)
{
	uintptr_t n = 0;

	while (!must_stop) {
		char *p = malloc(64 + n % 5000);

		if (!p)
			fail("no memory");
		memset(p, (int)n, 64);
		pthread_mutex_lock(&lock);
		used++;
		pthread_mutex_unlock(&lock);
		free(p);
		n++;
	}
	return (void *)n;
}

/* The child is alone, its memory is whole, and it may have threads again. */
static int be_the_child(unsigned i)
{
	pthread_t thread;
	char *p = malloc(3000);

	if (!p || syscall(SYS_gettid) != getpid())
		return 1;
	memset(p, 1, 3000);
	free(p);
	if (i % 4 == 0) {
		thread = start(be_created, 5);
		if (join(thread) != 15)
			return 2;
	}
	return 7;
}

static void run_fork(unsigned n)
{
	pthread_t threads[BATCH];

	for (unsigned i = 0; i < BATCH; i++)
		threads[i] = start(keep_busy, i);
	for (unsigned i = 0; i < n; i++) {
		pid_t child = fork();
		int status;

		if (child < 0)
			fail("fork: %s", strerror(errno));
		if (!child)
			_exit(be_the_child(i));
		if (waitpid(child, &status, 0) != child)
			fail("waitpid: %s", strerror(errno));
		if (!WIFEXITED(status) || WEXITSTATUS(status) != 7)
			fail("child %u ended with status %x", i, (unsigned)status);
	}
	must_stop = true;
	for (unsigned i = 0; i < BATCH; i++) {
		if (!join(threads[i]))
			fail("thread %u never ran", i);
	}
}

/* ---- many at once ---- */

static pthread_barrier_t all_here;

static void *meet(void *argument)
{
	pthread_barrier_wait(&all_here);
	return argument;
}

static void run_many(unsigned n)
{
	static pthread_t threads[MAX_THREADS];

	pthread_barrier_init(&all_here, NULL, n + 1);
	for (unsigned i = 0; i < n; i++)
		threads[i] = start(meet, i);
	pthread_barrier_wait(&all_here);
	for (unsigned i = 0; i < n; i++) {
		if (join(threads[i]) != i)
			fail("thread %u gave a wrong result", i);
	}
}

int main(int argc, char **argv)
{
	unsigned n = argc > 2 ? (unsigned)atoi(argv[2]) : 0, extra = argc > 3 ? (unsigned)atoi(argv[3]) : 0;

	if (!n || n > 10000000)
		return 2;
	if (!strcmp(argv[1], "condvar") && n <= MAX_THREADS && extra)
		run_condvar(n, extra);
	else if (!strcmp(argv[1], "create"))
		run_create(n);
	else if (!strcmp(argv[1], "signals"))
		run_signals(n);
	else if (!strcmp(argv[1], "fork"))
		run_fork(n);
	else if (!strcmp(argv[1], "many") && n <= MAX_THREADS)
		run_many(n);
	else
		return 2;
	printf("ok\n");
	return 0;
}
