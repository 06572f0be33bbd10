#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "seat.h"

static uint64_t memory[STATE_MIN_BYTES / sizeof(uint64_t)];
static struct state arena;

static int open_it(void)
{
	int err = state_open(&arena, memory, sizeof(memory));

	return err < 0 ? err : seat_open(&arena);
}

static int begin(void **state)
{
	memset(memory, 0, sizeof(memory));
	return open_it();
}

static void root_may_always(void **state)
{
	assert_true(seat_may_open(0));
	assert_int_equal(seat_give(1000), 0);
	assert_true(seat_may_open(0));
}

static void the_seats_user_may_and_others_may_not(void **state)
{
	assert_int_equal(seat_give(1000), 0);
	assert_true(seat_may_open(1000));
	assert_false(seat_may_open(1001));
	assert_int_equal(seat_give(0), 0);
	assert_false(seat_may_open(1000));
}

static void nobodys_seat_is_not_the_highest_users(void **state)
{
	assert_false(seat_may_open(SEAT_NOBODY));
	assert_false(seat_may_open(1000));
}

static void a_successor_goes_on_with_the_seat(void **state)
{
	assert_int_equal(seat_give(1000), 0);
	assert_int_equal(open_it(), 0);
	assert_true(seat_may_open(1000));
	assert_int_equal(seat_give(SEAT_NOBODY), 0);
	assert_int_equal(open_it(), 0);
	assert_false(seat_may_open(1000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(root_may_always, begin),
		cmocka_unit_test_setup(the_seats_user_may_and_others_may_not, begin),
		cmocka_unit_test_setup(nobodys_seat_is_not_the_highest_users, begin),
		cmocka_unit_test_setup(a_successor_goes_on_with_the_seat, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
