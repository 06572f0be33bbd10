#include "test_support.h"

#include <ds/radix.h>

static struct test_heap heap;
static int marks[300];

static int setup(void **state)
{
	static struct radix_tree tree;

	heap = (struct test_heap){ 0, -1 };
	radix_init(&tree, &test_heap_ops, &heap);
	*state = &tree;
	return 0;
}

static int teardown(void **state)
{
	radix_destroy(*state);
	return heap.nlive != 0;
}

static void empty_tree_finds_nothing(void **state)
{
	uint64_t index = 0;

	assert_null(radix_lookup(*state, 0));
	assert_null(radix_lookup(*state, UINT64_MAX));
	assert_null(radix_next(*state, &index));
	assert_null(radix_next_tagged(*state, &index));
	assert_null(radix_remove(*state, 3));
	assert_null(radix_replace(*state, 3, marks));
	radix_tag_set(*state, 3);
	assert_false(radix_tag_get(*state, 3));
}

static void both_ends_of_the_index_range_are_usable(void **state)
{
	uint64_t index = 0;

	assert_int_equal(radix_insert(*state, 0, &marks[0]), 0);
	assert_int_equal(radix_insert(*state, UINT64_MAX, &marks[1]), 0);
	assert_ptr_equal(radix_lookup(*state, 0), &marks[0]);
	assert_ptr_equal(radix_lookup(*state, UINT64_MAX), &marks[1]);
	assert_ptr_equal(radix_next(*state, &index), &marks[0]);
	index = 1;
	assert_ptr_equal(radix_next(*state, &index), &marks[1]);
	assert_true(index == UINT64_MAX);
}

static void slots_show_the_entries_that_follow(void **state)
{
	void *const *slots;
	unsigned int n;

	assert_int_equal(radix_insert(*state, 70, &marks[0]), 0);
	assert_int_equal(radix_insert(*state, 127, &marks[1]), 0);
	slots = radix_slots(*state, 69, &n);
	assert_int_equal(n, 59);
	assert_null(slots[0]);
	assert_ptr_equal(slots[1], &marks[0]);
	assert_ptr_equal(slots[58], &marks[1]);
	assert_null(radix_slots(*state, 5, &n));
	assert_int_equal(n, 59);
	assert_null(radix_slots(*state, 5000, &n));
}

static void second_insert_at_an_index_gives_eexist(void **state)
{
	assert_int_equal(radix_insert(*state, 70, &marks[0]), 0);
	assert_int_equal(radix_insert(*state, 70, &marks[1]), -EEXIST);
	assert_ptr_equal(radix_lookup(*state, 70), &marks[0]);
}

static void replace_keeps_the_tag(void **state)
{
	radix_insert(*state, 5, &marks[0]);
	radix_tag_set(*state, 5);
	assert_ptr_equal(radix_replace(*state, 5, &marks[1]), &marks[0]);
	assert_true(radix_tag_get(*state, 5));
	assert_null(radix_replace(*state, 6, &marks[1]));
	assert_null(radix_lookup(*state, 6));
}

static void removal_frees_nodes_and_forgets_the_tag(void **state)
{
	radix_insert(*state, 1u << 30, &marks[0]);
	radix_tag_set(*state, 1u << 30);
	assert_ptr_equal(radix_remove(*state, 1u << 30), &marks[0]);
	assert_int_equal(heap.nlive, 0);
	radix_insert(*state, 1u << 30, &marks[0]);
	assert_false(radix_tag_get(*state, 1u << 30));
}

static void failed_insert_leaves_the_tree_as_it_was(void **state)
{
	long allowed;

	radix_insert(*state, 3, &marks[0]);
	radix_tag_set(*state, 3);
	for (allowed = 0; allowed < 20; allowed++) {
		heap.allocs_until_failure = allowed;
		assert_int_equal(radix_insert(*state, UINT64_MAX, &marks[1]), -ENOMEM);
		assert_int_equal(heap.nlive, 1);
		assert_true(radix_tag_get(*state, 3));
	}
	heap.allocs_until_failure = -1;
	assert_int_equal(radix_insert(*state, UINT64_MAX, &marks[1]), 0);
	assert_ptr_equal(radix_lookup(*state, 3), &marks[0]);
}

static void failed_first_insert_leaves_the_tree_empty(void **state)
{
	heap.allocs_until_failure = 0;
	assert_int_equal(radix_insert(*state, 3, &marks[0]), -ENOMEM);
	heap.allocs_until_failure = 2;
	assert_int_equal(radix_insert(*state, UINT64_MAX, &marks[0]), -ENOMEM);
	assert_int_equal(heap.nlive, 0);
}

static void tagged_search_skips_untagged_entries(void **state)
{
	uint64_t index = 0;
	int i;

	for (i = 0; i < 300; i++)
		radix_insert(*state, (uint64_t)i * 100, &marks[i]);
	radix_tag_set(*state, 12300);
	radix_tag_set(*state, 29900);
	assert_ptr_equal(radix_next_tagged(*state, &index), &marks[123]);
	assert_int_equal(index, 12300);
	index++;
	assert_ptr_equal(radix_next_tagged(*state, &index), &marks[299]);
	radix_tag_clear(*state, 29900);
	assert_null(radix_next_tagged(*state, &index));
	assert_int_equal(index, 29900);
}

/* Spread small numbers over all heights of the tree. */
static uint64_t spread(uint64_t n)
{
	return (n % 30) << (n / 30 * 6);
}

static void random_changes_agree_with_an_array(void **state)
{
	static bool is_in[300], is_tagged[300];
	uint64_t seed = 3, index;
	int step, i;

	for (step = 0; step < 20000; step++) {
		i = test_random(&seed) % 300;
		if (i % 30 == 0 && i)
			continue; /* the same index as 0 */
		index = spread(i);
		switch (test_random(&seed) % 4) {
		case 0:
			assert_int_equal(radix_insert(*state, index, &marks[i]), is_in[i] ? -EEXIST : 0);
			is_in[i] = true;
			break;
		case 1:
			assert_ptr_equal(radix_remove(*state, index), is_in[i] ? &marks[i] : NULL);
			is_in[i] = is_tagged[i] = false;
			break;
		case 2:
			radix_tag_set(*state, index);
			is_tagged[i] = is_in[i];
			break;
		default:
			radix_tag_clear(*state, index);
			is_tagged[i] = false;
		}
		assert_ptr_equal(radix_lookup(*state, index), is_in[i] ? &marks[i] : NULL);
		assert_int_equal(radix_tag_get(*state, index), is_tagged[i]);
		if (step % 100 == 0) {
			size_t found = 0, tagged = 0, expected = 0, expected_tagged = 0;

			for (i = 0; i < 300; i++) {
				expected += is_in[i];
				expected_tagged += is_tagged[i];
			}
			for (index = 0; radix_next(*state, &index); index++)
				found++;
			for (index = 0; radix_next_tagged(*state, &index); index++)
				tagged++;
			assert_int_equal(found, expected);
			assert_int_equal(tagged, expected_tagged);
		}
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(empty_tree_finds_nothing),
		TEST(both_ends_of_the_index_range_are_usable),
		TEST(slots_show_the_entries_that_follow),
		TEST(second_insert_at_an_index_gives_eexist),
		TEST(replace_keeps_the_tag),
		TEST(removal_frees_nodes_and_forgets_the_tag),
		TEST(failed_insert_leaves_the_tree_as_it_was),
		TEST(failed_first_insert_leaves_the_tree_empty),
		TEST(tagged_search_skips_untagged_entries),
		TEST(random_changes_agree_with_an_array),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
