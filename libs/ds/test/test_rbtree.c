#include "test_support.h"

#include <ds/rbtree.h>

struct item {
	struct rb_node rb;
	int key;
	int order;
	size_t subtree_count;
	bool is_in;
};

static struct item *to_item(const struct rb_node *node)
{
	return rb_entry_or_null(node, struct item, rb);
}

static bool item_less(const struct rb_node *a, const struct rb_node *b)
{
	return to_item(a)->key < to_item(b)->key;
}

static size_t count_of(const struct rb_node *node)
{
	return node ? to_item(node)->subtree_count : 0;
}

static bool update_count(struct rb_node *node)
{
	size_t before = to_item(node)->subtree_count;

	to_item(node)->subtree_count = 1 + count_of(node->left) + count_of(node->right);
	return to_item(node)->subtree_count != before;
}

/* Check the rules of the whole subtree. Returns: its black height. */
static int check_subtree(const struct rb_node *node, const struct rb_node *parent)
{
	int left, right;

	if (!node)
		return 0;
	assert_ptr_equal(node->parent, parent);
	if (node->is_red && parent)
		assert_false(parent->is_red);
	left = check_subtree(node->left, node);
	right = check_subtree(node->right, node);
	assert_int_equal(left, right);
	assert_int_equal(count_of(node), 1 + count_of(node->left) + count_of(node->right));
	return left + !node->is_red;
}

static void check_tree(const struct rb_root *root, size_t expected)
{
	struct rb_node *node, *prev = NULL;
	size_t count = 0;

	if (root->node)
		assert_false(root->node->is_red);
	check_subtree(root->node, NULL);
	for (node = rb_first(root); node; prev = node, node = rb_next(node)) {
		count++;
		assert_ptr_equal(rb_prev(node), prev);
		if (prev)
			assert_true(to_item(prev)->key <= to_item(node)->key);
	}
	assert_ptr_equal(rb_last(root), prev);
	assert_int_equal(count, expected);
}

static void empty_tree_has_no_ends(void **state)
{
	struct rb_root root = RB_ROOT_INIT;

	assert_true(rb_is_empty(&root));
	assert_null(rb_first(&root));
	assert_null(rb_last(&root));
}

static void equal_keys_stay_in_order_of_insertion(void **state)
{
	struct rb_root root = RB_ROOT_INIT;
	struct item items[50];
	struct rb_node *node;
	int i, seen[2] = { 0, 0 };

	for (i = 0; i < 50; i++) {
		items[i].key = i % 2;
		items[i].order = i / 2;
		rb_add(&root, &items[i].rb, item_less, update_count);
	}
	for (node = rb_first(&root); node; node = rb_next(node))
		assert_int_equal(to_item(node)->order, seen[to_item(node)->key]++);
	assert_int_equal(seen[0] + seen[1], 50);
}

static void ascending_insertion_keeps_the_tree_balanced(void **state)
{
	static struct item items[1000];
	struct rb_root root = RB_ROOT_INIT;
	int i;

	for (i = 0; i < 1000; i++) {
		items[i].key = i;
		rb_add(&root, &items[i].rb, item_less, update_count);
	}
	check_tree(&root, 1000);
	for (i = 0; i < 1000; i++)
		rb_erase(&root, &items[i].rb, update_count);
	assert_true(rb_is_empty(&root));
}

static void rules_and_summaries_hold_under_random_changes(void **state)
{
	static struct item items[200];
	struct rb_root root = RB_ROOT_INIT;
	uint64_t seed = 1;
	size_t nin = 0;
	int step;

	for (step = 0; step < 5000; step++) {
		struct item *item = &items[test_random(&seed) % 200];

		if (item->is_in) {
			rb_erase(&root, &item->rb, update_count);
			nin--;
		} else {
			item->key = test_random(&seed) % 100;
			rb_add(&root, &item->rb, item_less, update_count);
			nin++;
		}
		item->is_in = !item->is_in;
		check_tree(&root, nin);
	}
}

static void plain_tree_needs_no_augment_callback(void **state)
{
	struct rb_root root = RB_ROOT_INIT;
	struct item a = { .key = 2 }, b = { .key = 1 };

	rb_link(&root, &a.rb, NULL, &root.node, NULL);
	rb_link(&root, &b.rb, &a.rb, &a.rb.left, NULL);
	assert_ptr_equal(rb_first(&root), &b.rb);
	rb_erase(&root, &a.rb, NULL);
	assert_ptr_equal(rb_first(&root), &b.rb);
	assert_null(rb_next(&b.rb));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_tree_has_no_ends),
		cmocka_unit_test(equal_keys_stay_in_order_of_insertion),
		cmocka_unit_test(ascending_insertion_keeps_the_tree_balanced),
		cmocka_unit_test(rules_and_summaries_hold_under_random_changes),
		cmocka_unit_test(plain_tree_needs_no_augment_callback),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
