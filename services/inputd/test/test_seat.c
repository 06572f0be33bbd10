#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "seat.h"

static void root_may_always(void **state)
{
	assert_true(seat_may_open(SEAT_NOBODY, 0));
	assert_true(seat_may_open(1000, 0));
}

static void the_seats_user_may_and_others_may_not(void **state)
{
	assert_true(seat_may_open(1000, 1000));
	assert_false(seat_may_open(1000, 1001));
	assert_false(seat_may_open(0, 1000));
}

static void nobodys_seat_is_not_the_highest_users(void **state)
{
	assert_false(seat_may_open(SEAT_NOBODY, SEAT_NOBODY));
	assert_false(seat_may_open(SEAT_NOBODY, 1000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(root_may_always),
		cmocka_unit_test(the_seats_user_may_and_others_may_not),
		cmocka_unit_test(nobodys_seat_is_not_the_highest_users),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
