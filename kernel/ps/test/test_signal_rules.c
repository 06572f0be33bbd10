/* kernel/ps/test/test_signal_rules.c: defaults, order of delivery, and who may signal whom. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <albireo/exec.h>

#include "signal_rules.h"

enum { HUP = 1, INT = 2, KILL = 9, SEGV = 11, TERM = 15, CHLD = 17, CONT = 18, STOP = 19, TSTP = 20, TTOU = 22, URG = 23,
	WINCH = 28 };

static void four_signals_are_ignored_by_default(void **state)
{
	int count = 0;

	for (int sig = 1; sig <= PS_NSIG; sig++)
		count += signal_default_is_ignore(sig);
	assert_int_equal(count, 4);
	assert_true(signal_default_is_ignore(CHLD) && signal_default_is_ignore(CONT) && signal_default_is_ignore(URG) &&
		    signal_default_is_ignore(WINCH));
}

static void four_signals_stop_by_default(void **state)
{
	for (int sig = 1; sig <= PS_NSIG; sig++)
		assert_int_equal(signal_default_is_stop(sig), sig >= STOP && sig <= TTOU);
}

static void the_lowest_number_goes_first(void **state)
{
	assert_int_equal(signal_choose(SIGNAL_BIT(TERM) | SIGNAL_BIT(HUP)), HUP);
	assert_int_equal(signal_choose(SIGNAL_BIT(64)), 64);
	assert_int_equal(signal_choose(0), 0);
}

static void a_fault_goes_before_everything(void **state)
{
	assert_int_equal(signal_choose(SIGNAL_BIT(HUP) | SIGNAL_BIT(SEGV)), SEGV);
}

static void ids_permit_as_kill_says(void **state)
{
	struct credentials from = { .uid = 1000, .euid = 1001 }, to = { .uid = 5, .euid = 1000, .suid = 6 };

	assert_false(signal_ids_permit(&from, &to));	/* the target's effective id does not count */
	to.suid = 1000;
	assert_true(signal_ids_permit(&from, &to));
	to.suid = 6;
	to.uid = 1001;
	assert_true(signal_ids_permit(&from, &to));
}

static void cap_kill_reaches_everybody(void **state)
{
	struct credentials from = { .uid = 1, .euid = 1, .cap_effective = 1 << 5 }, to = { .uid = 2, .suid = 2 };

	assert_true(signal_ids_permit(&from, &to));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(four_signals_are_ignored_by_default),
		cmocka_unit_test(four_signals_stop_by_default),
		cmocka_unit_test(the_lowest_number_goes_first),
		cmocka_unit_test(a_fault_goes_before_everything),
		cmocka_unit_test(ids_permit_as_kill_says),
		cmocka_unit_test(cap_kill_reaches_everybody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
