/* What every test of libs/state includes. */
#ifndef STATE_TEST_SUPPORT_H
#define STATE_TEST_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <state/state.h>

#define REGION_BYTES (256u << 10)

static uint64_t region[REGION_BYTES / 8];
static struct state st;

static inline int test_open_new(void **state)
{
	memset(region, 0, sizeof(region));
	return state_open(&st, region, sizeof(region));
}

/* As a successor would: nothing but the region is left. */
static inline void test_reopen(void)
{
	memset(&st, 0xee, sizeof(st));
	assert_int_equal(state_open(&st, region, sizeof(region)), 1);
	assert_int_equal(state_check(&st), 0);
}

#endif
