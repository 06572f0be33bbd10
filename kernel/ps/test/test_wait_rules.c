/* kernel/ps/test/test_wait_rules.c: whom a wait selects, and what of it is reported. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wait_rules.h"

#define CHILD 42
#define GROUP 7

static void any_child_is_selected_by_P_ALL(void **state)
{
	assert_true(wait_selects(WAIT_P_ALL, 0, 0, CHILD, GROUP, false));
}

static void a_pid_selects_that_child_alone(void **state)
{
	assert_true(wait_selects(WAIT_P_PID, CHILD, 0, CHILD, GROUP, false));
	assert_false(wait_selects(WAIT_P_PID, CHILD + 1, 0, CHILD, GROUP, false));
}

static void a_group_selects_its_members(void **state)
{
	assert_true(wait_selects(WAIT_P_PGID, GROUP, 0, CHILD, GROUP, false));
	assert_false(wait_selects(WAIT_P_PGID, GROUP + 1, 0, CHILD, GROUP, false));
}

static void clone_children_are_for_WCLONE_and_WALL(void **state)
{
	assert_false(wait_selects(WAIT_P_ALL, 0, 0, CHILD, GROUP, true));
	assert_true(wait_selects(WAIT_P_ALL, 0, WAIT_OPTION_CLONE, CHILD, GROUP, true));
	assert_true(wait_selects(WAIT_P_ALL, 0, WAIT_OPTION_ALL, CHILD, GROUP, true));
	assert_false(wait_selects(WAIT_P_ALL, 0, WAIT_OPTION_CLONE, CHILD, GROUP, false));
}

static void an_ended_child_shows_only_its_end(void **state)
{
	const uint32_t all = WAIT_OPTION_EXITED | WAIT_OPTION_STOPPED | WAIT_OPTION_CONTINUED;

	assert_int_equal(wait_choose_event(all, true, true, true), WAIT_EXITED);
	assert_int_equal(wait_choose_event(WAIT_OPTION_STOPPED, true, true, true), WAIT_NOTHING);
}

static void a_stop_goes_before_a_continue(void **state)
{
	const uint32_t both = WAIT_OPTION_STOPPED | WAIT_OPTION_CONTINUED;

	assert_int_equal(wait_choose_event(both, false, true, true), WAIT_STOPPED);
	assert_int_equal(wait_choose_event(both, false, false, true), WAIT_CONTINUED);
	assert_int_equal(wait_choose_event(WAIT_OPTION_EXITED, false, true, true), WAIT_NOTHING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_child_is_selected_by_P_ALL),
		cmocka_unit_test(a_pid_selects_that_child_alone),
		cmocka_unit_test(a_group_selects_its_members),
		cmocka_unit_test(clone_children_are_for_WCLONE_and_WALL),
		cmocka_unit_test(an_ended_child_shows_only_its_end),
		cmocka_unit_test(a_stop_goes_before_a_continue),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
