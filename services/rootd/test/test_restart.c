#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "restart.h"

static void rare_deaths_cost_no_time(void **state)
{
	struct restart restart = { 0 };

	for (uint64_t i = 1; i < 100; i++)
		assert_true(restart_note(&restart, i * RESTART_WINDOW_NS / 4) == 0);
}

static void more_than_five_deaths_in_a_second_make_it_wait(void **state)
{
	struct restart restart = { 0 };

	for (uint64_t i = 0; i < RESTART_BURST; i++)
		assert_true(restart_note(&restart, 1000 + i) == 0);
	assert_true(restart_note(&restart, 1005) == RESTART_PAUSE_NS);
	assert_true(restart_note(&restart, 1006) == RESTART_PAUSE_NS);
	assert_true(restart_note(&restart, 5 * RESTART_WINDOW_NS) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rare_deaths_cost_no_time),
		cmocka_unit_test(more_than_five_deaths_in_a_second_make_it_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
