/* kernel/ps/test/test_signal_queue.c: what stays pending, in which order, and what a full queue does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <errno.h>
#include <mm/heap.h>

#include "signal_rules.h"

enum { HUP = 1, TERM = 15, REALTIME = 40, LIMIT = 3 };

static int live;
static bool heap_is_empty;

void *heap_cache_alloc(struct heap_cache *c, unsigned flags)
{
	if (heap_is_empty)
		return NULL;
	live++;
	return calloc(1, c->size);
}

void heap_cache_free(struct heap_cache *c, void *p)
{
	live--;
	free(p);
}

static int set_up(void **state)
{
	static struct signal_queue queue;

	live = 0;
	heap_is_empty = false;
	signal_queue_init(&queue);
	*state = &queue;
	return 0;
}

static int tear_down(void **state)
{
	signal_queue_flush(*state);
	return live;
}

static struct signal_info queued(uint64_t value)
{
	return (struct signal_info){ .code = SIGNAL_CODE_QUEUE, .fields = { 0, value } };
}

static void a_standard_signal_is_pending_once(void **state)
{
	struct signal_info first = queued(1), second = queued(2), taken;

	assert_int_equal(signal_queue_add(*state, TERM, &first, LIMIT), 0);
	assert_int_equal(signal_queue_add(*state, TERM, &second, LIMIT), 0);
	assert_int_equal(signal_queue_take(*state, ~0ull, &taken), TERM);
	assert_int_equal(taken.fields[1], 1);
	assert_int_equal(signal_queue_take(*state, ~0ull, &taken), 0);
}

static void a_realtime_signal_is_pending_as_often_as_sent_and_in_order(void **state)
{
	struct signal_info taken;

	for (uint64_t i = 1; i <= LIMIT; i++) {
		struct signal_info info = queued(i);

		assert_int_equal(signal_queue_add(*state, REALTIME, &info, LIMIT), 0);
	}
	for (uint64_t i = 1; i <= LIMIT; i++) {
		assert_int_equal(signal_queue_take(*state, ~0ull, &taken), REALTIME);
		assert_int_equal(taken.fields[1], i);
	}
	assert_int_equal(signal_queue_take(*state, ~0ull, &taken), 0);
}

static void a_full_queue_refuses_what_sigqueue_sends(void **state)
{
	struct signal_info info = queued(1);

	for (int i = 0; i < LIMIT; i++)
		assert_int_equal(signal_queue_add(*state, REALTIME, &info, LIMIT), 0);
	assert_int_equal(signal_queue_add(*state, REALTIME, &info, LIMIT), -EAGAIN);
}

static void kill_gets_through_a_full_queue_without_details(void **state)
{
	struct signal_info info = { .code = SIGNAL_CODE_USER, .fields = { 99 } }, taken;

	heap_is_empty = true;
	assert_int_equal(signal_queue_add(*state, REALTIME, &info, LIMIT), 0);
	assert_int_equal(signal_queue_add(*state, HUP, &info, LIMIT), 0);
	assert_int_equal(signal_queue_take(*state, ~0ull, &taken), HUP);
	assert_int_equal(taken.signo, HUP);
	assert_int_equal(taken.fields[0], 0);
	assert_int_equal(signal_queue_take(*state, ~0ull, &taken), REALTIME);
}

static void only_the_set_is_taken(void **state)
{
	struct signal_info taken;

	signal_queue_add(*state, HUP, NULL, LIMIT);
	signal_queue_add(*state, TERM, NULL, LIMIT);
	assert_int_equal(signal_queue_take(*state, SIGNAL_BIT(TERM), &taken), TERM);
	assert_int_equal(taken.code, SIGNAL_CODE_KERNEL);
	assert_int_equal(signal_queue_take(*state, SIGNAL_BIT(TERM), &taken), 0);
}

static void removing_a_set_leaves_the_others(void **state)
{
	struct signal_info taken;

	signal_queue_add(*state, HUP, NULL, LIMIT);
	signal_queue_add(*state, REALTIME, NULL, LIMIT);
	signal_queue_add(*state, REALTIME, NULL, LIMIT);
	signal_queue_remove(*state, SIGNAL_BIT(REALTIME));
	assert_int_equal(live, 1);
	assert_int_equal(signal_queue_take(*state, ~0ull, &taken), HUP);
	assert_int_equal(signal_queue_take(*state, ~0ull, &taken), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_standard_signal_is_pending_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_realtime_signal_is_pending_as_often_as_sent_and_in_order, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_full_queue_refuses_what_sigqueue_sends, set_up, tear_down),
		cmocka_unit_test_setup_teardown(kill_gets_through_a_full_queue_without_details, set_up, tear_down),
		cmocka_unit_test_setup_teardown(only_the_set_is_taken, set_up, tear_down),
		cmocka_unit_test_setup_teardown(removing_a_set_leaves_the_others, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
