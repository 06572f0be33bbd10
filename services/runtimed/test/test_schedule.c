#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "schedule.h"

#define SECOND 1000000000ull
#define MILLISECOND 1000000ull

static struct runtime_registry registry;
static struct schedule schedule;

static int release(void **state)
{
	runtime_registry_free(&registry);
	return 0;
}

/* Build the schedule from the lines of a registry. */
static void build(const char *text)
{
	assert_int_equal(runtime_startup_parse(text, strlen(text), &registry), 0);
	assert_int_equal(registry.nskipped, 0);
	assert_int_equal(schedule_build(&schedule, registry.startup, registry.n), 0);
}

#define UNIT(id, deps, more) "id=" id "\tstartup=init\texec=/bin/" id "\truntime_deps=" deps more "\n"

static struct unit *unit(const char *id)
{
	int index = schedule_find(&schedule, id);

	assert_true(index >= 0);
	return &schedule.units[index];
}

/* Start whatever is to be started at @now; returns the ids, each with a blank behind it. */
static const char *start_all(uint64_t now)
{
	static char ids[256];
	int index;

	*ids = '\0';
	while ((index = schedule_next(&schedule, now)) >= 0) {
		schedule_starting(&schedule, (unsigned int)index, now);
		schedule_executed(&schedule, (unsigned int)index);
		strcat(strcat(ids, schedule.units[index].program->id), " ");
	}
	return ids;
}

static void ready(const char *id)
{
	schedule_ready(&schedule, (unsigned int)schedule_find(&schedule, id));
}

static void crash(const char *id, uint64_t now)
{
	schedule_ended(&schedule, (unsigned int)schedule_find(&schedule, id), UNIT_CRASHED, now);
}

static void independent_units_start_side_by_side(void **state)
{
	build(UNIT("a", "", "\tready=notify") UNIT("b", "", "\tready=notify") UNIT("c", "a,b", ""));
	assert_string_equal(start_all(0), "a b ");
	ready("a");
	assert_string_equal(start_all(1), "");
	ready("b");
	assert_string_equal(start_all(2), "c ");
}

static void circles_are_given_up_and_what_hangs_on_them(void **state)
{
	build(UNIT("a", "b", "") UNIT("b", "c", "") UNIT("c", "a", "") UNIT("self", "self", "") UNIT("d", "a", "")
	      UNIT("good", "", ""));
	assert_int_equal(unit("a")->state, UNIT_GIVEN_UP);
	assert_int_equal(unit("self")->state, UNIT_GIVEN_UP);
	assert_int_equal(unit("d")->state, UNIT_WAITING);
	assert_string_equal(start_all(0), "good ");
	assert_int_equal(unit("d")->state, UNIT_GIVEN_UP);
}

static void unknown_dependencies_and_second_ids_are_given_up(void **state)
{
	build(UNIT("a", "nobody", "") UNIT("b", "", "") UNIT("b", "", ""));
	assert_int_equal(unit("a")->state, UNIT_GIVEN_UP);
	assert_string_equal(start_all(0), "b ");
	assert_int_equal(schedule.units[2].state, UNIT_GIVEN_UP);
}

static void what_others_start_counts_as_ready(void **state)
{
	build(UNIT("vfsd", "procd", "\tstarted_by=rootd") UNIT("a", "vfsd", "") UNIT("procd", "vfsd", "\tstarted_by=rootd"));
	assert_string_equal(start_all(0), "a ");
}

static void pauses_double_up_to_the_longest(void **state)
{
	uint64_t now = SECOND, pause = SCHEDULE_FIRST_PAUSE_NS;

	build(UNIT("a", "", "\tlimit=12\twindow_seconds=3600"));
	for (int i = 0; i < 12; i++) {
		assert_string_equal(start_all(now), "a ");
		crash("a", now);
		assert_int_equal(unit("a")->state, UNIT_PAUSING);
		assert_int_equal(schedule_deadline(&schedule), now + pause);
		assert_string_equal(start_all(now + pause - 1), "");
		now += pause;
		pause = pause * 2 < SCHEDULE_LONGEST_PAUSE_NS ? pause * 2 : SCHEDULE_LONGEST_PAUSE_NS;
	}
	assert_string_equal(start_all(now), "a ");
	assert_int_equal(unit("a")->restarts, 12);
	crash("a", now);
	assert_int_equal(unit("a")->state, UNIT_GIVEN_UP);
}

static void crashes_outside_of_the_window_do_not_count(void **state)
{
	uint64_t now = SECOND;

	build(UNIT("a", "", "\tlimit=1\twindow_seconds=10"));
	for (int i = 0; i < 40; i++) {
		assert_string_equal(start_all(now), "a ");
		crash("a", now);
		assert_int_equal(unit("a")->state, UNIT_PAUSING);
		assert_int_equal(unit("a")->pause_ns, SCHEDULE_FIRST_PAUSE_NS);
		now += 10 * SECOND;
	}
	assert_string_equal(start_all(now), "a ");
	crash("a", now + 1);
	crash("a", now + 2);
	assert_int_equal(unit("a")->state, UNIT_GIVEN_UP);
}

static void good_ends_satisfy_those_that_wait(void **state)
{
	build(UNIT("once", "", "\tready=notify") UNIT("after", "once", ""));
	assert_string_equal(start_all(0), "once ");
	schedule_ended(&schedule, 0, UNIT_ENDED_WELL, 1);
	assert_int_equal(unit("once")->state, UNIT_ENDED);
	assert_string_equal(start_all(1), "after ");
}

static void restart_always_and_never_are_kept_to(void **state)
{
	build(UNIT("always", "", "\trestart=always") UNIT("never", "", "\trestart=never"));
	start_all(0);
	schedule_ended(&schedule, 0, UNIT_ENDED_WELL, 1);
	crash("never", 1);
	assert_int_equal(unit("always")->state, UNIT_PAUSING);
	assert_int_equal(unit("never")->state, UNIT_GIVEN_UP);
}

static void units_that_are_not_ready_in_time_are_overdue(void **state)
{
	build(UNIT("a", "", "\tready=notify\tready_seconds=3\tlimit=0") UNIT("b", "a", ""));
	assert_string_equal(start_all(SECOND), "a ");
	assert_int_equal(schedule_deadline(&schedule), 4 * SECOND);
	assert_int_equal(schedule_overdue(&schedule, 4 * SECOND - 1), -1);
	assert_int_equal(schedule_overdue(&schedule, 4 * SECOND), 0);
	schedule_stopping(&schedule, 0, false);
	assert_int_equal(schedule_overdue(&schedule, 5 * SECOND), -1);
	crash("a", 5 * SECOND);
	assert_string_equal(start_all(5 * SECOND), "");
	assert_int_equal(unit("b")->state, UNIT_GIVEN_UP);
}

static void terminated_units_stay_down(void **state)
{
	build(UNIT("a", "", "\trestart=always\tready=notify") UNIT("b", "a", ""));
	start_all(0);
	schedule_stopping(&schedule, 0, true);
	crash("a", 1);
	assert_int_equal(unit("a")->state, UNIT_ENDED);
	assert_string_equal(start_all(2), "");
	assert_int_equal(unit("b")->state, UNIT_GIVEN_UP);
}

static void classes_start_one_after_the_other(void **state)
{
	build("id=panel\tstartup=desktop\texec=/bin/panel\nid=agent\tstartup=session\texec=/bin/agent\n"
	      UNIT("base", "", "\tready=notify"));
	assert_string_equal(start_all(0), "base ");
	schedule.is_ui_ready = true;
	assert_string_equal(start_all(0), "");
	schedule.is_ui_ready = false;
	ready("base");
	assert_string_equal(start_all(1), "agent ");
	schedule.is_ui_ready = true;
	assert_string_equal(start_all(2), "panel ");
}

static void stopping_goes_against_dependencies(void **state)
{
	uint8_t order[SCHEDULE_MAX_UNITS];

	build(UNIT("base", "", "") UNIT("top", "middle", "") UNIT("middle", "base", ""));
	start_all(0);
	schedule_close(&schedule);
	assert_int_equal(schedule_stop_order(&schedule, order), 3);
	assert_int_equal(order[0], 1);
	assert_int_equal(order[1], 2);
	assert_int_equal(order[2], 0);
	assert_true(schedule_is_needed(&schedule, 0));
	assert_false(schedule_is_needed(&schedule, 1));
	crash("top", 1);
	assert_int_equal(unit("top")->state, UNIT_ENDED);
	assert_false(schedule_is_needed(&schedule, 2));
	assert_string_equal(start_all(100 * SECOND), "");
}

static void a_restored_unit_remembers_its_crashes(void **state)
{
	build(UNIT("a", "", "\tlimit=2\twindow_seconds=60") UNIT("gone", "", "") UNIT("down", "", ""));
	schedule_restore(&schedule, 0, UNIT_WAITING, false, 7, 200 * MILLISECOND);
	schedule_restore_death(&schedule, 0, 100 * SECOND);
	schedule_restore_death(&schedule, 0, 101 * SECOND);
	schedule_restore(&schedule, 1, UNIT_GIVEN_UP, false, 0, 0);
	schedule_restore(&schedule, 2, UNIT_ENDED, true, 0, 0);
	assert_string_equal(start_all(102 * SECOND), "a ");
	crash("a", 103 * SECOND);
	assert_int_equal(unit("a")->state, UNIT_GIVEN_UP);
	assert_int_equal(unit("a")->restarts, 7);
	assert_int_equal(unit("gone")->state, UNIT_GIVEN_UP);
	assert_int_equal(unit("down")->state, UNIT_ENDED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(independent_units_start_side_by_side, release),
		cmocka_unit_test_teardown(circles_are_given_up_and_what_hangs_on_them, release),
		cmocka_unit_test_teardown(unknown_dependencies_and_second_ids_are_given_up, release),
		cmocka_unit_test_teardown(what_others_start_counts_as_ready, release),
		cmocka_unit_test_teardown(pauses_double_up_to_the_longest, release),
		cmocka_unit_test_teardown(crashes_outside_of_the_window_do_not_count, release),
		cmocka_unit_test_teardown(good_ends_satisfy_those_that_wait, release),
		cmocka_unit_test_teardown(restart_always_and_never_are_kept_to, release),
		cmocka_unit_test_teardown(units_that_are_not_ready_in_time_are_overdue, release),
		cmocka_unit_test_teardown(terminated_units_stay_down, release),
		cmocka_unit_test_teardown(classes_start_one_after_the_other, release),
		cmocka_unit_test_teardown(stopping_goes_against_dependencies, release),
		cmocka_unit_test_teardown(a_restored_unit_remembers_its_crashes, release),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
