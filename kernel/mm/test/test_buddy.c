/* kernel/mm/test/test_buddy.c: blocks of frames split and merge. */
#include "machine.h"

#include <stdlib.h>

#include "../src/buddy.h"

static struct buddy buddy;

static int setup(void **state)
{
	fake_frame_array = (uint64_t)(uintptr_t)calloc(MACHINE_FRAMES, sizeof(struct frame));
	buddy_init(&buddy, MACHINE_FRAMES);
	return fake_frame_array ? 0 : -1;
}

static int teardown(void **state)
{
	free((void *)(uintptr_t)fake_frame_array);
	return 0;
}

static void a_block_is_aligned_to_its_size(void **state)
{
	buddy_add_range(&buddy, 3, MACHINE_FRAMES);
	for (unsigned order = 0; order < BUDDY_ORDERS; order++) {
		struct frame *f = buddy_take(&buddy, order);

		assert_non_null(f);
		assert_int_equal(frame_number(f) & ((1u << order) - 1), 0);
	}
}

static void frames_outside_of_the_range_are_never_handed_out(void **state)
{
	struct frame *f;
	unsigned n = 0;

	buddy_add_range(&buddy, 5, 23);
	while ((f = buddy_take(&buddy, 0))) {
		assert_in_range(frame_number(f), 5, 22);
		n++;
	}
	assert_int_equal(n, 18);
}

static void freed_neighbours_merge_to_the_largest_block(void **state)
{
	struct frame *frames[1024];

	buddy_add_range(&buddy, 0, 1024);
	for (unsigned i = 0; i < 1024; i++)
		frames[i] = buddy_take(&buddy, 0);
	assert_null(buddy_take(&buddy, 0));
	for (unsigned i = 0; i < 1024; i++)
		buddy_give(&buddy, frames[(i * 389) % 1024], 0);
	assert_int_equal(buddy.nfree, 1024);
	assert_non_null(buddy_take(&buddy, 10));
	assert_int_equal(buddy.nfree, 0);
}

static void a_block_without_its_buddy_stays_small(void **state)
{
	struct frame *a, *b;

	buddy_add_range(&buddy, 0, 2);
	a = buddy_take(&buddy, 0);
	b = buddy_take(&buddy, 0);
	buddy_give(&buddy, a, 0);
	assert_null(buddy_take(&buddy, 1));
	buddy_give(&buddy, b, 0);
	assert_non_null(buddy_take(&buddy, 1));
}

static void a_frame_given_twice_panics(void **state)
{
	struct frame *f;

	buddy_add_range(&buddy, 0, 1);
	f = buddy_take(&buddy, 0);
	buddy_give(&buddy, f, 0);
	expect_assert_failure(buddy_give(&buddy, f, 0));
}

static void random_use_loses_no_frame(void **state)
{
	struct { struct frame *f; unsigned order; } held[200] = { 0 };
	uint64_t seed = 42;

	buddy_add_range(&buddy, 7, 4000);
	for (unsigned i = 0; i < 20000; i++) {
		unsigned slot = test_random(&seed) % 200;

		if (held[slot].f) {
			buddy_give(&buddy, held[slot].f, held[slot].order);
			held[slot].f = NULL;
		} else {
			held[slot].order = test_random(&seed) % 6;
			held[slot].f = buddy_take(&buddy, held[slot].order);
		}
	}
	for (unsigned i = 0; i < 200; i++) {
		if (held[i].f)
			buddy_give(&buddy, held[i].f, held[i].order);
	}
	assert_int_equal(buddy.nfree, 4000 - 7);
	for (unsigned i = 0; i < 4000 - 7; i++)
		assert_non_null(buddy_take(&buddy, 0));
	assert_null(buddy_take(&buddy, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_block_is_aligned_to_its_size, setup, teardown),
		cmocka_unit_test_setup_teardown(frames_outside_of_the_range_are_never_handed_out, setup, teardown),
		cmocka_unit_test_setup_teardown(freed_neighbours_merge_to_the_largest_block, setup, teardown),
		cmocka_unit_test_setup_teardown(a_block_without_its_buddy_stays_small, setup, teardown),
		cmocka_unit_test_setup_teardown(a_frame_given_twice_panics, setup, teardown),
		cmocka_unit_test_setup_teardown(random_use_loses_no_frame, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
