/* What every test here includes, and an allocator that can be told to fail. */
#ifndef DS_TEST_SUPPORT_H
#define DS_TEST_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ds/alloc.h>

struct test_heap {
	long nlive;
	long allocs_until_failure; /* negative: never fails */
};

static inline void *test_heap_alloc(void *ctx, size_t len_bytes)
{
	struct test_heap *heap = ctx;

	if (heap->allocs_until_failure == 0)
		return NULL;
	if (heap->allocs_until_failure > 0)
		heap->allocs_until_failure--;
	heap->nlive++;
	return malloc(len_bytes);
}

static inline void test_heap_free(void *ctx, void *ptr)
{
	struct test_heap *heap = ctx;

	heap->nlive--;
	free(ptr);
}

static const struct ds_alloc_ops test_heap_ops = { test_heap_alloc, test_heap_free };

/* xorshift64*: the same numbers in every run. */
static inline uint64_t test_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1du;
}

#endif
