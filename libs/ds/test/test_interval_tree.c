#include "test_support.h"

#include <ds/interval_tree.h>

static void assert_overlaps(struct interval_tree *tree, uint64_t start, uint64_t last,
			    struct interval_node **expected, size_t count)
{
	struct interval_node *node;
	size_t i = 0;

	INTERVAL_TREE_FOR_EACH(node, tree, start, last) {
		assert_true(i < count);
		assert_ptr_equal(node, expected[i]);
		i++;
	}
	assert_int_equal(i, count);
}

static void both_ends_belong_to_an_interval(void **state)
{
	struct interval_tree tree = INTERVAL_TREE_INIT;
	struct interval_node node = { .start = 10, .last = 20 };

	interval_tree_insert(&tree, &node);
	assert_overlaps(&tree, 20, 30, (struct interval_node *[]){ &node }, 1);
	assert_overlaps(&tree, 0, 10, (struct interval_node *[]){ &node }, 1);
	assert_overlaps(&tree, 21, 30, NULL, 0);
	assert_overlaps(&tree, 0, 9, NULL, 0);
}

static void whole_u64_range_is_usable(void **state)
{
	struct interval_tree tree = INTERVAL_TREE_INIT;
	struct interval_node all = { .start = 0, .last = UINT64_MAX };
	struct interval_node end = { .start = UINT64_MAX, .last = UINT64_MAX };

	interval_tree_insert(&tree, &all);
	interval_tree_insert(&tree, &end);
	assert_overlaps(&tree, 5, 5, (struct interval_node *[]){ &all }, 1);
	assert_overlaps(&tree, UINT64_MAX, UINT64_MAX, (struct interval_node *[]){ &all, &end }, 2);
}

static void overlaps_equal_those_of_a_full_scan(void **state)
{
	static struct interval_node nodes[100];
	static bool is_in[100];
	struct interval_tree tree = INTERVAL_TREE_INIT;
	struct interval_node *pos;
	uint64_t seed = 7;
	int step, i;

	for (step = 0; step < 3000; step++) {
		uint64_t start = test_random(&seed) % 1000, last = start + test_random(&seed) % 100;
		uint64_t previous = 0;
		size_t found = 0, expected = 0;

		i = test_random(&seed) % 100;
		if (is_in[i]) {
			interval_tree_remove(&tree, &nodes[i]);
		} else {
			nodes[i].start = test_random(&seed) % 1000;
			nodes[i].last = nodes[i].start + test_random(&seed) % 200;
			interval_tree_insert(&tree, &nodes[i]);
		}
		is_in[i] = !is_in[i];

		for (i = 0; i < 100; i++)
			expected += is_in[i] && nodes[i].start <= last && nodes[i].last >= start;
		INTERVAL_TREE_FOR_EACH(pos, &tree, start, last) {
			assert_true(pos->start <= last && pos->last >= start);
			assert_true(pos->start >= previous);
			previous = pos->start;
			found++;
		}
		assert_int_equal(found, expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_ends_belong_to_an_interval),
		cmocka_unit_test(whole_u64_range_is_usable),
		cmocka_unit_test(overlaps_equal_those_of_a_full_scan),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
