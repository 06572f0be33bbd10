#include "test_support.h"

#include <ds/idalloc.h>

static struct test_heap heap;
static struct idalloc ids;

static void start(uint32_t limit)
{
	heap = (struct test_heap){ 0, -1 };
	idalloc_init(&ids, limit, &test_heap_ops, &heap);
}

static int teardown(void **state)
{
	idalloc_destroy(&ids);
	return heap.nlive != 0;
}

static void ids_come_lowest_first(void **state)
{
	uint32_t id, i;

	start(1000);
	for (i = 0; i < 1000; i++) {
		assert_int_equal(idalloc_get(&ids, 0, &id), 0);
		assert_int_equal(id, i);
	}
	assert_int_equal(idalloc_get(&ids, 0, &id), -ENOSPC);
	assert_int_equal(ids.nused, 1000);
	idalloc_put(&ids, 731);
	idalloc_put(&ids, 500);
	assert_int_equal(idalloc_get(&ids, 0, &id), 0);
	assert_int_equal(id, 500);
	assert_int_equal(idalloc_get(&ids, 0, &id), 0);
	assert_int_equal(id, 731);
}

static void hint_is_a_lower_bound(void **state)
{
	uint32_t id;

	start(1u << 20);
	assert_int_equal(idalloc_get(&ids, 300000, &id), 0);
	assert_int_equal(id, 300000);
	assert_int_equal(idalloc_get(&ids, 300000, &id), 0);
	assert_int_equal(id, 300001);
	assert_int_equal(idalloc_get(&ids, (1u << 20) - 1, &id), 0);
	assert_int_equal(idalloc_get(&ids, (1u << 20) - 1, &id), -ENOSPC);
	assert_int_equal(idalloc_get(&ids, UINT32_MAX, &id), -ENOSPC);
}

static void full_words_are_skipped_at_every_level(void **state)
{
	uint32_t id, i;

	start(1u << 20);
	for (i = 0; i < 70000; i++)
		assert_int_equal(idalloc_get(&ids, 0, &id), 0);
	assert_int_equal(id, 69999);
	idalloc_put(&ids, 65535);
	assert_int_equal(idalloc_get(&ids, 5, &id), 0);
	assert_int_equal(id, 65535);
	assert_int_equal(idalloc_get(&ids, 5, &id), 0);
	assert_int_equal(id, 70000);
}

static void claim_takes_one_id_once(void **state)
{
	start(100);
	assert_int_equal(idalloc_claim(&ids, 99), 0);
	assert_int_equal(idalloc_claim(&ids, 99), -EBUSY);
	assert_int_equal(idalloc_claim(&ids, 100), -ERANGE);
	idalloc_put(&ids, 99);
	idalloc_put(&ids, 99);
	idalloc_put(&ids, 5000);
	assert_int_equal(ids.nused, 0);
	assert_int_equal(idalloc_claim(&ids, 99), 0);
}

static void next_used_visits_each_taken_id(void **state)
{
	uint32_t id = 0;

	start(10000);
	assert_false(idalloc_next_used(&ids, &id));
	idalloc_claim(&ids, 3);
	idalloc_claim(&ids, 5000);
	assert_true(idalloc_next_used(&ids, &id));
	assert_int_equal(id, 3);
	id++;
	assert_true(idalloc_next_used(&ids, &id));
	assert_int_equal(id, 5000);
	id++;
	assert_false(idalloc_next_used(&ids, &id));
}

static void no_memory_gives_enomem_and_changes_nothing(void **state)
{
	uint32_t id;

	start(10000);
	heap.allocs_until_failure = 0;
	assert_int_equal(idalloc_get(&ids, 0, &id), -ENOMEM);
	assert_int_equal(idalloc_claim(&ids, 7), -ENOMEM);
	heap.allocs_until_failure = 1;
	assert_int_equal(idalloc_get(&ids, 0, &id), 0);
	assert_int_equal(idalloc_get(&ids, 64, &id), -ENOMEM);
	assert_true(idalloc_is_used(&ids, 0));
	assert_int_equal(ids.nused, 1);
}

static void copy_has_the_same_ids(void **state)
{
	struct idalloc copy;

	start(10000);
	idalloc_init(&copy, 1000, &test_heap_ops, &heap);
	assert_int_equal(idalloc_copy(&copy, &ids), 0);
	idalloc_claim(&ids, 3);
	idalloc_claim(&ids, 900);
	assert_int_equal(idalloc_copy(&copy, &ids), 0);
	assert_true(idalloc_is_used(&copy, 3));
	assert_true(idalloc_is_used(&copy, 900));
	assert_int_equal(copy.nused, 2);
	idalloc_destroy(&copy);
	idalloc_claim(&ids, 1000);
	assert_int_equal(idalloc_copy(&copy, &ids), -ERANGE);
	idalloc_destroy(&copy);
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ids_come_lowest_first),
		TEST(hint_is_a_lower_bound),
		TEST(full_words_are_skipped_at_every_level),
		TEST(claim_takes_one_id_once),
		TEST(next_used_visits_each_taken_id),
		TEST(no_memory_gives_enomem_and_changes_nothing),
		TEST(copy_has_the_same_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
