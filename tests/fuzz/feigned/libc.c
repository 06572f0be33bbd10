/* What renames.h leads to. Blocks are the allocator's own, so that ASan watches their ends; a list
 * of them is what a death frees. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>

#include "feigned.h"

#define MAX_BLOCKS 65536

void *feigned_malloc(size_t bytes);
void *feigned_calloc(size_t n, size_t bytes);
void *feigned_realloc(void *old, size_t bytes);
void feigned_free(void *block);
char *feigned_strdup(const char *text);
ssize_t feigned_getrandom(void *buf, size_t len, unsigned int flags);
int feigned_clock_gettime(clockid_t clock, struct timespec *now);
int feigned_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *), void *arg);

static void *blocks[MAX_BLOCKS];
static size_t nblocks;
static uint64_t clock_ns;

/* The newest are the ones that go first. */
static void forget(const void *block)
{
	for (size_t i = nblocks; i > 0; i--)
		if (blocks[i - 1] == block) {
			blocks[i - 1] = blocks[--nblocks];
			return;
		}
	REQUIRE(!"a block that was never allocated is freed");
}

static void *keep(void *block)
{
	if (block) {
		REQUIRE(nblocks < MAX_BLOCKS);
		blocks[nblocks++] = block;
	}
	return block;
}

void *feigned_malloc(size_t bytes)
{
	return keep(malloc(bytes));
}

void *feigned_calloc(size_t n, size_t bytes)
{
	return keep(calloc(n, bytes));
}

void *feigned_realloc(void *old, size_t bytes)
{
	void *block = realloc(old, bytes);

	if (block && old)
		forget(old);
	return keep(block);
}

void feigned_free(void *block)
{
	if (block)
		forget(block);
	free(block);
}

char *feigned_strdup(const char *text)
{
	return keep(strdup(text));
}

void feigned_memory_reset(void)
{
	while (nblocks)
		free(blocks[--nblocks]);
	clock_ns = 0;
}

ssize_t feigned_getrandom(void *buf, size_t len, unsigned int flags)
{
	(void)flags;
	memset(buf, 0x5a, len);
	return (ssize_t)len;
}

/* Time goes on with each look at it, now and then by much. */
int feigned_clock_gettime(clockid_t clock, struct timespec *now)
{
	(void)clock;
	clock_ns += feigned_answer_byte() == 0xff ? 100000000000ull : 1000003;
	*now = (struct timespec){ .tv_sec = (time_t)(1000 + clock_ns / 1000000000), .tv_nsec = (long)(clock_ns % 1000000000) };
	return 0;
}

/* Threads beside the handlers are not of the input's order: one runs before its maker goes on, or not at all. */
int feigned_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *), void *arg)
{
	(void)attr;
	*thread = pthread_self();
	if (feigned.runs_threads)
		run(arg);
	return 0;
}
