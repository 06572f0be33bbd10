#include "test_support.h"

#include <ds/list.h>

struct item {
	int value;
	struct list_node link;
};

static void assert_values(struct list_node *head, const int *values, size_t count)
{
	struct item *item;
	size_t i = 0;

	LIST_FOR_EACH_ENTRY(item, head, link) {
		assert_true(i < count);
		assert_int_equal(item->value, values[i]);
		i++;
	}
	assert_int_equal(i, count);
}

static void new_list_is_empty(void **state)
{
	struct list_node head = LIST_INIT(head);

	assert_true(list_is_empty(&head));
	assert_null(list_first_entry(&head, struct item, link));
	assert_null(list_last_entry(&head, struct item, link));
}

static void add_puts_first_and_add_tail_puts_last(void **state)
{
	struct list_node head = LIST_INIT(head);
	struct item a = { .value = 1 }, b = { .value = 2 }, c = { .value = 3 };

	list_add(&b.link, &head);
	list_add(&a.link, &head);
	list_add_tail(&c.link, &head);
	assert_values(&head, (int[]){ 1, 2, 3 }, 3);
	assert_ptr_equal(list_first_entry(&head, struct item, link), &a);
	assert_ptr_equal(list_last_entry(&head, struct item, link), &c);
}

static void deleted_entry_is_on_no_list_and_may_be_deleted_again(void **state)
{
	struct list_node head = LIST_INIT(head);
	struct item a = { .value = 1 }, b = { .value = 2 };

	list_add_tail(&a.link, &head);
	list_add_tail(&b.link, &head);
	list_del(&a.link);
	assert_true(list_is_empty(&a.link));
	list_del(&a.link);
	assert_values(&head, (int[]){ 2 }, 1);
}

static void safe_iteration_survives_deletion_of_the_current_entry(void **state)
{
	struct list_node head = LIST_INIT(head);
	struct item items[6], *pos, *tmp;
	int i;

	for (i = 0; i < 6; i++) {
		items[i].value = i;
		list_add_tail(&items[i].link, &head);
	}
	LIST_FOR_EACH_ENTRY_SAFE(pos, tmp, &head, link)
		if (pos->value % 2)
			list_del(&pos->link);
	assert_values(&head, (int[]){ 0, 2, 4 }, 3);
}

static void splice_moves_everything_in_order(void **state)
{
	struct list_node from = LIST_INIT(from), to = LIST_INIT(to);
	struct item a = { .value = 1 }, b = { .value = 2 }, c = { .value = 3 };

	list_add_tail(&a.link, &to);
	list_splice_tail(&from, &to);
	assert_values(&to, (int[]){ 1 }, 1);
	list_add_tail(&b.link, &from);
	list_add_tail(&c.link, &from);
	list_splice_tail(&from, &to);
	assert_values(&to, (int[]){ 1, 2, 3 }, 3);
	assert_true(list_is_empty(&from));
	list_move_tail(&a.link, &to);
	assert_values(&to, (int[]){ 2, 3, 1 }, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(new_list_is_empty),
		cmocka_unit_test(add_puts_first_and_add_tail_puts_last),
		cmocka_unit_test(deleted_entry_is_on_no_list_and_may_be_deleted_again),
		cmocka_unit_test(safe_iteration_survives_deletion_of_the_current_entry),
		cmocka_unit_test(splice_moves_everything_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
