/* Limits follow man 2 getrlimit. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "policy.h"

static void the_first_envelope_has_the_defaults_of_linux(void **state)
{
	struct envelope envelope;

	envelope_default(&envelope);
	assert_true(envelope.limits[RLIMIT_STACK].cur == 8 << 20);
	assert_true(envelope.limits[RLIMIT_STACK].max == RLIM_INFINITY);
	assert_true(envelope.limits[RLIMIT_NOFILE].cur == 1024);
	assert_true(envelope.limits[RLIMIT_NOFILE].max == 1048576);
	assert_true(envelope.limits[RLIMIT_CORE].cur == 0);
	assert_true(envelope.mmap_min_addr == 65536);
}

static void a_limit_may_be_lowered_and_raised_again_to_its_ceiling(void **state)
{
	struct envelope envelope;

	envelope_default(&envelope);
	assert_int_equal(envelope_set_limit(&envelope, RLIMIT_NOFILE, 10, 20, 0), 0);
	assert_int_equal(envelope_set_limit(&envelope, RLIMIT_NOFILE, 20, 20, 0), 0);
	assert_true(envelope.limits[RLIMIT_NOFILE].cur == 20);
}

static void raising_a_ceiling_needs_sys_resource(void **state)
{
	struct envelope envelope, before;

	envelope_default(&envelope);
	assert_int_equal(envelope_set_limit(&envelope, RLIMIT_NICE, 0, 20, 0), -EPERM);
	assert_int_equal(envelope_set_limit(&envelope, RLIMIT_NICE, 0, 20, CAP_BIT(CAP_SYS_RESOURCE)), 0);
	before = envelope;
	assert_int_equal(envelope_set_limit(&envelope, RLIMIT_NICE, 0, 30, 0), -EPERM);
	assert_memory_equal(&before, &envelope, sizeof(before));
}

static void nofile_never_rises_above_nr_open(void **state)
{
	struct envelope envelope;

	envelope_default(&envelope);
	assert_int_equal(envelope_set_limit(&envelope, RLIMIT_NOFILE, 1, 1048577, CAP_ALL), -EPERM);
}

static void a_limit_above_its_ceiling_or_unknown_is_invalid(void **state)
{
	struct envelope envelope;

	envelope_default(&envelope);
	assert_int_equal(envelope_set_limit(&envelope, RLIMIT_NOFILE, 3, 2, CAP_ALL), -EINVAL);
	assert_int_equal(envelope_set_limit(&envelope, ENVELOPE_NLIMITS, 1, 1, CAP_ALL), -EINVAL);
	assert_int_equal(envelope_set_limit(&envelope, UINT32_MAX, 1, 1, CAP_ALL), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_envelope_has_the_defaults_of_linux),
		cmocka_unit_test(a_limit_may_be_lowered_and_raised_again_to_its_ceiling),
		cmocka_unit_test(raising_a_ceiling_needs_sys_resource),
		cmocka_unit_test(nofile_never_rises_above_nr_open),
		cmocka_unit_test(a_limit_above_its_ceiling_or_unknown_is_invalid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
