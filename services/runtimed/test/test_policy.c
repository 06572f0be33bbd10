#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy.h"

#define ROOT 0
#define ANN 1000
#define BOB 1001

static const struct peer root = { .pid = 1, .uid = ROOT };
static const struct peer ann = { .pid = 2, .uid = ANN, .gid = ANN };
static const struct policy_object anns = { .kind = RUNTIME_SESSION, .uid = ANN };
static const struct policy_object bobs = { .kind = RUNTIME_SESSION, .uid = BOB };
static const struct policy_object service = { .kind = RUNTIME_SERVICE, .uid = ROOT };
static const struct policy_object anns_service = { .kind = RUNTIME_SERVICE, .uid = ANN };

static void root_may_end_anything(void **state)
{
	assert_int_equal(policy_check(&root, RUNTIME_TERMINATE_SESSION, &anns, ROOT), 0);
	assert_int_equal(policy_check(&root, RUNTIME_TERMINATE_PID, &service, ROOT), 0);
}

static void others_may_end_their_own_sessions_only(void **state)
{
	assert_int_equal(policy_check(&ann, RUNTIME_TERMINATE_SESSION, &anns, ROOT), 0);
	assert_int_equal(policy_check(&ann, RUNTIME_TERMINATE_PID, &anns, ROOT), 0);
	assert_int_equal(policy_check(&ann, RUNTIME_TERMINATE_SESSION, &bobs, ROOT), -EPERM);
	assert_int_equal(policy_check(&ann, RUNTIME_TERMINATE_SESSION, &service, ROOT), -EPERM);
	assert_int_equal(policy_check(&ann, RUNTIME_TERMINATE_PID, &anns_service, ROOT), -EPERM);
	assert_int_equal(policy_check(&ann, RUNTIME_TERMINATE_PID, NULL, ROOT), -EPERM);
}

static void everybody_may_look_and_launch(void **state)
{
	static const struct policy_object program = { .kind = RUNTIME_SESSION };

	assert_int_equal(policy_check(&ann, RUNTIME_SNAPSHOT, NULL, ROOT), 0);
	assert_int_equal(policy_check(&ann, RUNTIME_LAUNCH_PROGRAM, &program, ROOT), 0);
	assert_int_equal(policy_check(&ann, RUNTIME_LAUNCH_PATH, NULL, ROOT), 0);
}

static void admin_programs_are_for_root(void **state)
{
	static const struct policy_object admin = { .kind = RUNTIME_SESSION, .is_admin = true };

	assert_int_equal(policy_check(&root, RUNTIME_LAUNCH_PROGRAM, &admin, ROOT), 0);
	assert_int_equal(policy_check(&ann, RUNTIME_LAUNCH_PROGRAM, &admin, ROOT), -EPERM);
}

static void without_roots_rights_nobody_else_is_started(void **state)
{
	assert_int_equal(policy_check(&ann, RUNTIME_LAUNCH_PATH, NULL, ANN), 0);
	assert_int_equal(policy_check(&ann, RUNTIME_LAUNCH_PATH, NULL, BOB), -EPERM);
	assert_int_equal(policy_check(&root, RUNTIME_LAUNCH_PATH, NULL, BOB), -EPERM);
}

static void only_root_and_services_say_that_the_ui_is_ready(void **state)
{
	struct peer uiserver = ann;

	assert_int_equal(policy_check(&root, RUNTIME_UI_READY, NULL, ROOT), 0);
	assert_int_equal(policy_check(&ann, RUNTIME_UI_READY, NULL, ROOT), -EPERM);
	uiserver.is_service = true;
	assert_int_equal(policy_check(&uiserver, RUNTIME_UI_READY, NULL, ROOT), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(root_may_end_anything),
		cmocka_unit_test(others_may_end_their_own_sessions_only),
		cmocka_unit_test(everybody_may_look_and_launch),
		cmocka_unit_test(admin_programs_are_for_root),
		cmocka_unit_test(without_roots_rights_nobody_else_is_started),
		cmocka_unit_test(only_root_and_services_say_that_the_ui_is_ready),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
