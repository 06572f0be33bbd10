/* kernel/io-manager/test/test_lock_ranges.c: the arithmetic of byte-range locks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lock_ranges.h"

static int alice, bob;

static void free_all(struct list_node *set)
{
	struct lock_range *r, *next;

	LIST_FOR_EACH_ENTRY_SAFE(r, next, set, node) {
		list_del(&r->node);
		free(r);
	}
}

static void set(struct list_node *ranges, const void *owner, enum range_type type, uint64_t start, uint64_t last)
{
	struct lock_range wanted = { .start = start, .last = last, .type = type, .owner = owner };
	struct lock_range *spare[2] = { calloc(1, sizeof(wanted)), calloc(1, sizeof(wanted)) };
	struct list_node freed = LIST_INIT(freed);

	assert_null(range_conflict(ranges, &wanted));
	range_apply(ranges, &wanted, spare, &freed);
	free(spare[0]);
	free(spare[1]);
	free_all(&freed);
}

static bool conflicts(struct list_node *ranges, const void *owner, enum range_type type, uint64_t start, uint64_t last)
{
	struct lock_range wanted = { .start = start, .last = last, .type = type, .owner = owner };

	return range_conflict(ranges, &wanted);
}

static void expect(struct list_node *ranges, size_t n, const uint64_t expected[][3])
{
	struct lock_range *r;
	size_t i = 0;

	LIST_FOR_EACH_ENTRY(r, ranges, node) {
		assert_true(i < n);
		assert_int_equal(r->start, expected[i][0]);
		assert_int_equal(r->last, expected[i][1]);
		assert_int_equal(r->type, expected[i][2]);
		i++;
	}
	assert_int_equal(i, n);
}

static void readers_share_and_writers_do_not(void **state)
{
	struct list_node ranges = LIST_INIT(ranges);

	set(&ranges, &alice, RANGE_READ, 0, 9);
	assert_false(conflicts(&ranges, &bob, RANGE_READ, 5, 20));
	assert_true(conflicts(&ranges, &bob, RANGE_WRITE, 9, 20));
	assert_false(conflicts(&ranges, &bob, RANGE_WRITE, 10, 20));
	assert_false(conflicts(&ranges, &alice, RANGE_WRITE, 0, 20));
	free_all(&ranges);
}

static void unlock_in_the_middle_splits(void **state)
{
	const uint64_t expected[][3] = { { 0, 9, RANGE_WRITE }, { 20, 99, RANGE_WRITE } };
	struct list_node ranges = LIST_INIT(ranges);

	set(&ranges, &alice, RANGE_WRITE, 0, 99);
	set(&ranges, &alice, RANGE_UNLOCK, 10, 19);
	expect(&ranges, 2, expected);
	free_all(&ranges);
}

static void change_in_the_middle_makes_three(void **state)
{
	const uint64_t expected[][3] = { { 0, 9, RANGE_WRITE }, { 10, 19, RANGE_READ }, { 20, 99, RANGE_WRITE } };
	struct list_node ranges = LIST_INIT(ranges);

	set(&ranges, &alice, RANGE_WRITE, 0, 99);
	set(&ranges, &alice, RANGE_READ, 10, 19);
	expect(&ranges, 3, expected);
	free_all(&ranges);
}

static void neighbours_of_one_kind_merge(void **state)
{
	const uint64_t expected[][3] = { { 0, 29, RANGE_READ } };
	struct list_node ranges = LIST_INIT(ranges);

	set(&ranges, &alice, RANGE_READ, 0, 9);
	set(&ranges, &alice, RANGE_READ, 20, 29);
	set(&ranges, &alice, RANGE_READ, 10, 19);
	expect(&ranges, 1, expected);
	free_all(&ranges);
}

static void a_stronger_lock_swallows_weaker_ones(void **state)
{
	const uint64_t expected[][3] = { { 0, 4, RANGE_READ }, { 5, 25, RANGE_WRITE }, { 26, 29, RANGE_READ } };
	struct list_node ranges = LIST_INIT(ranges);

	set(&ranges, &alice, RANGE_READ, 0, 9);
	set(&ranges, &alice, RANGE_READ, 20, 29);
	set(&ranges, &alice, RANGE_WRITE, 5, 25);
	expect(&ranges, 3, expected);
	free_all(&ranges);
}

static void ranges_to_the_end_of_numbers_work(void **state)
{
	const uint64_t expected[][3] = { { 0, ~0ull - 1, RANGE_WRITE } };
	struct list_node ranges = LIST_INIT(ranges);

	set(&ranges, &alice, RANGE_WRITE, 0, ~0ull);
	set(&ranges, &alice, RANGE_UNLOCK, ~0ull, ~0ull);
	expect(&ranges, 1, expected);
	assert_true(conflicts(&ranges, &bob, RANGE_READ, ~0ull - 1, ~0ull));
	assert_false(conflicts(&ranges, &bob, RANGE_READ, ~0ull, ~0ull));
	free_all(&ranges);
}

static void an_owner_leaves_alone(void **state)
{
	const uint64_t expected[][3] = { { 50, 59, RANGE_READ } };
	struct list_node ranges = LIST_INIT(ranges), freed = LIST_INIT(freed);

	set(&ranges, &alice, RANGE_READ, 0, 9);
	set(&ranges, &bob, RANGE_READ, 50, 59);
	set(&ranges, &alice, RANGE_READ, 70, 79);
	range_remove_owner(&ranges, &alice, &freed);
	expect(&ranges, 1, expected);
	free_all(&freed);
	free_all(&ranges);
}

/* Random operations against an array of bytes that says who holds what. */
static void many_operations_agree_with_a_map_of_bytes(void **state)
{
	enum { BYTES = 64 };
	enum range_type map[2][BYTES];
	const void *owners[2] = { &alice, &bob };
	struct list_node ranges = LIST_INIT(ranges);

	for (int i = 0; i < 2 * BYTES; i++)
		map[i / BYTES][i % BYTES] = RANGE_UNLOCK;
	srand(1);
	for (int step = 0; step < 20000; step++) {
		int who = rand() % 2, a = rand() % BYTES, b = a + rand() % (BYTES - a);
		enum range_type type = rand() % 3;
		bool conflict = false;

		for (int i = a; i <= b && type != RANGE_UNLOCK; i++)
			conflict |= map[!who][i] == RANGE_WRITE || (map[!who][i] == RANGE_READ && type == RANGE_WRITE);
		assert_int_equal(conflicts(&ranges, owners[who], type, (uint64_t)a, (uint64_t)b), conflict);
		if (conflict)
			continue;
		set(&ranges, owners[who], type, (uint64_t)a, (uint64_t)b);
		for (int i = a; i <= b; i++)
			map[who][i] = type;
	}
	free_all(&ranges);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(readers_share_and_writers_do_not),
		cmocka_unit_test(unlock_in_the_middle_splits),
		cmocka_unit_test(change_in_the_middle_makes_three),
		cmocka_unit_test(neighbours_of_one_kind_merge),
		cmocka_unit_test(a_stronger_lock_swallows_weaker_ones),
		cmocka_unit_test(ranges_to_the_end_of_numbers_work),
		cmocka_unit_test(an_owner_leaves_alone),
		cmocka_unit_test(many_operations_agree_with_a_map_of_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
