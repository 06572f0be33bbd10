/* kernel/ps/test/test_nice.c: each step of nice is a quarter more or less. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ps/nice.h>

static void nice_0_weighs_1024(void **state)
{
	assert_int_equal(ps_nice_weight(0), 1024);
}

static void each_step_is_a_quarter(void **state)
{
	for (int nice = NICE_MIN; nice < NICE_MAX; nice++) {
		uint32_t heavy = ps_nice_weight(nice), light = ps_nice_weight(nice + 1);

		/* 1.25 within the rounding of small weights */
		assert_in_range(heavy * 100 / light, 118, 135);
	}
}

static void the_ends_are_those_of_linux(void **state)
{
	assert_int_equal(ps_nice_weight(NICE_MIN), 88761);
	assert_int_equal(ps_nice_weight(NICE_MAX), 15);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nice_0_weighs_1024),
		cmocka_unit_test(each_step_is_a_quarter),
		cmocka_unit_test(the_ends_are_those_of_linux),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
