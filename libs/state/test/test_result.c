#include "test_support.h"

#include <state/result.h>

static void put(uint64_t request_id, const char *text)
{
	state_begin(&st);
	assert_int_equal(state_result_put(&st, request_id, text, strlen(text)), 0);
	assert_int_equal(state_commit(&st), 0);
}

static void drop(uint64_t request_id)
{
	state_begin(&st);
	state_result_drop(&st, request_id);
	assert_int_equal(state_commit(&st), 0);
}

static void result_is_there_until_it_is_dropped(void **state)
{
	size_t len;

	assert_null(state_result_get(&st, 7, &len));
	put(7, "done");
	put(8, "");
	test_reopen();
	assert_memory_equal(state_result_get(&st, 7, &len), "done", 4);
	assert_int_equal(len, 4);
	assert_non_null(state_result_get(&st, 8, &len));
	assert_int_equal(len, 0);
	assert_int_equal(state_result_count(&st), 2);
	drop(7);
	assert_null(state_result_get(&st, 7, &len));
	assert_int_equal(state_result_count(&st), 1);
}

static void result_of_an_aborted_transaction_is_absent(void **state)
{
	size_t len;

	state_begin(&st);
	assert_int_equal(state_result_put(&st, 7, "done", 4), 0);
	state_abort(&st);
	assert_null(state_result_get(&st, 7, &len));
	assert_int_equal(state_result_count(&st), 0);
}

static void second_result_of_a_request_gives_eexist(void **state)
{
	put(7, "done");
	state_begin(&st);
	assert_int_equal(state_result_put(&st, 7, "again", 5), -EEXIST);
	state_abort(&st);
}

static void result_too_large_for_the_arena_gives_enospc(void **state)
{
	state_begin(&st);
	assert_int_equal(state_result_put(&st, 7, region, REGION_BYTES), -ENOSPC);
	assert_int_equal(state_result_put(&st, 7, region, SIZE_MAX), -ENOSPC);
	state_abort(&st);
}

static void successor_can_drop_every_result(void **state)
{
	uint64_t id, used;

	put(1, "first");
	drop(1);
	used = state_used_bytes(&st);
	for (id = 0; id < 10; id++)
		put(id * 1000, "result");
	while (state_result_first(&st, &id))
		drop(id);
	drop(12345);
	assert_int_equal(state_result_count(&st), 0);
	assert_int_equal(state_used_bytes(&st), used);
}

#define TEST(name) cmocka_unit_test_setup(name, test_open_new)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(result_is_there_until_it_is_dropped),
		TEST(result_of_an_aborted_transaction_is_absent),
		TEST(second_result_of_a_request_gives_eexist),
		TEST(result_too_large_for_the_arena_gives_enospc),
		TEST(successor_can_drop_every_result),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
