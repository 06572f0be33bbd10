/* kernel/compat/test/test_exec_credentials.c: which execve changes nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "exec_credentials.h"

#define ALL ((1ull << 41) - 1)

static const struct credentials root = { .cap_effective = ALL, .cap_permitted = ALL, .cap_bounding = ALL };
static const struct credentials user = {
	.uid = 1000, .euid = 1000, .suid = 1000, .fsuid = 1000, .gid = 100, .egid = 100, .sgid = 100, .fsgid = 100,
	.cap_bounding = ALL,
};

static void root_and_an_ordinary_user_stay_as_they_are(void **state)
{
	assert_true(exec_keeps_credentials(&root));
	assert_true(exec_keeps_credentials(&user));
}

static void a_saved_id_that_differs_is_lost(void **state)
{
	struct credentials c = user;

	c.suid = 0;
	assert_false(exec_keeps_credentials(&c));
	c = user;
	c.fsgid = 5;
	assert_false(exec_keeps_credentials(&c));
}

static void root_without_a_capability_gets_it_back(void **state)
{
	struct credentials c = root;

	c.cap_effective &= ~1ull;
	assert_false(exec_keeps_credentials(&c));
}

static void a_users_capabilities_are_lost_unless_ambient(void **state)
{
	struct credentials c = user;

	c.cap_permitted = c.cap_effective = 4;
	assert_false(exec_keeps_credentials(&c));
	c.cap_ambient = 4;
	assert_true(exec_keeps_credentials(&c));
}

static void securebits_are_for_syscalld(void **state)
{
	struct credentials c = root;

	c.securebits = 1;
	assert_false(exec_keeps_credentials(&c));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(root_and_an_ordinary_user_stay_as_they_are),
		cmocka_unit_test(a_saved_id_that_differs_is_lost),
		cmocka_unit_test(root_without_a_capability_gets_it_back),
		cmocka_unit_test(a_users_capabilities_are_lost_unless_ambient),
		cmocka_unit_test(securebits_are_for_syscalld),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
