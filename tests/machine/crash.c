/* tests/machine/crash.c: threads that wait in known places while another one crashes in a known one. */
#include <pthread.h>
#include <semaphore.h>
#include <stddef.h>

static sem_t ready, never;

__attribute__((noinline)) static int wait_below(int depth)
{
	if (depth)
		return wait_below(depth - 1) + 1;
	sem_post(&ready);
	return sem_wait(&never);
}

static void *waiting_thread(void *unused)
{
	(void)unused;
	wait_below(3);
	return NULL;
}

__attribute__((noinline)) static int crash_below(int depth, volatile int *where)
{
	if (depth)
		return crash_below(depth - 1, where) + 1;
	*where = 1;
	return 0;
}

static void *crashing_thread(void *unused)
{
	(void)unused;
	crash_below(2, NULL);
	return NULL;
}

int main(void)
{
	pthread_t thread;

	sem_init(&ready, 0, 0);
	sem_init(&never, 0, 0);
	for (int i = 0; i < 2; i++) {
		pthread_create(&thread, NULL, waiting_thread, NULL);
		sem_wait(&ready);
	}
	pthread_create(&thread, NULL, crashing_thread, NULL);
	pthread_join(thread, NULL);
	return 0;
}
