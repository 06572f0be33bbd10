#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <runtime-control/registries.h>

static struct runtime_registry registry;

static int release(void **state)
{
	runtime_registry_free(&registry);
	return 0;
}

static void startup_records_are_read_with_their_policy(void **state)
{
	static const char text[] = "id=a\tstartup=init\texec=/bin/a\truntime_deps=b,c\tstarted_by=runtimed\trestart=always\t"
		"limit=3\twindow_seconds=9\tready=notify\tready_seconds=4\tstop_seconds=2\targs=-x,y\tenv=K=v,L=\n";
	const struct runtime_startup_program *a;

	assert_int_equal(runtime_startup_parse(text, sizeof(text) - 1, &registry), 0);
	assert_int_equal(registry.n, 1);
	a = &registry.startup[0];
	assert_string_equal(a->id, "a");
	assert_string_equal(a->exec, "/bin/a");
	assert_int_equal(a->restart, RUNTIME_RESTART_ALWAYS);
	assert_int_equal(a->ready, RUNTIME_READY_NOTIFY);
	assert_int_equal(a->limit, 3);
	assert_int_equal(a->window_seconds, 9);
	assert_int_equal(a->ready_seconds, 4);
	assert_int_equal(a->stop_seconds, 2);
	assert_int_equal(a->deps.n, 2);
	assert_string_equal(a->deps.word[1], "c");
	assert_string_equal(a->args.word[0], "-x");
	assert_null(a->args.word[2]);
	assert_string_equal(a->env.word[1], "L=");
}

static void what_a_startup_record_leaves_out_has_a_default(void **state)
{
	static const char text[] = "id=a\tstartup=desktop\texec=/bin/a\truntime_deps=";

	assert_int_equal(runtime_startup_parse(text, sizeof(text) - 1, &registry), 0);
	assert_int_equal(registry.n, 1);
	assert_int_equal(registry.startup[0].startup, RUNTIME_STARTUP_DESKTOP);
	assert_int_equal(registry.startup[0].started_by, RUNTIME_BY_RUNTIMED);
	assert_int_equal(registry.startup[0].restart, RUNTIME_RESTART_ON_FAILURE);
	assert_int_equal(registry.startup[0].limit, 5);
	assert_int_equal(registry.startup[0].deps.n, 0);
}

static void damaged_records_are_skipped_and_counted(void **state)
{
	static const char text[] = "id=a\tstartup=init\texec=bin/a\n"		/* a path that is not absolute */
		"id=b\tstartup=later\texec=/bin/b\n"
		"id=c\tstartup=init\texec=/bin/c\tenv=KEY\n"
		"id=d\tstartup=init\texec=/bin/d\tlimit=99999999999\n"
		"nonsense\n"
		"id=e\tstartup=init\texec=/bin/e\n";

	assert_int_equal(runtime_startup_parse(text, sizeof(text) - 1, &registry), 0);
	assert_int_equal(registry.n, 1);
	assert_string_equal(registry.startup[0].id, "e");
	assert_int_equal(registry.nskipped, 5);
	assert_int_equal(registry.first_skipped, 1);
}

static void too_many_words_are_refused(void **state)
{
	static const char text[] = "id=a\tstartup=init\texec=/bin/a\targs=1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17\n";

	assert_int_equal(runtime_startup_parse(text, sizeof(text) - 1, &registry), 0);
	assert_int_equal(registry.n, 0);
	assert_int_equal(registry.nskipped, 1);
}

static void programs_are_found_with_and_without_the_suffix(void **state)
{
	static const char text[] = "id=shell\tdisplay_name=Shell\texec=/bin/sh\tlogical_admin=true\targs=-l\n"
		"id=.desktop\tdisplay_name=Odd\texec=/bin/odd\n";
	const struct runtime_launch_program *shell;

	assert_int_equal(runtime_launch_parse(text, sizeof(text) - 1, &registry), 0);
	shell = runtime_launch_find(&registry, "shell");
	assert_non_null(shell);
	assert_true(shell->logical_admin);
	assert_false(shell->console_hosted);
	assert_int_equal(shell->weight_micros, 100);
	assert_ptr_equal(runtime_launch_find(&registry, "shell.desktop"), shell);
	assert_non_null(runtime_launch_find(&registry, ".desktop"));
	assert_null(runtime_launch_find(&registry, "shel"));
	assert_null(runtime_launch_find(&registry, ""));
}

static void variables_are_joined(void **state)
{
	static const char text[] = "scope=runtime\tkey=PATH\tvalue=/bin:/usr/bin\nscope=init\tkey=EMPTY\tvalue=\n"
		"scope=all\tkey=A\tvalue=b\n";

	assert_int_equal(runtime_env_parse(text, sizeof(text) - 1, &registry), 0);
	assert_int_equal(registry.n, 2);
	assert_string_equal(registry.variables[0].text, "PATH=/bin:/usr/bin");
	assert_false(registry.variables[0].is_for_init);
	assert_string_equal(registry.variables[1].text, "EMPTY=");
	assert_true(registry.variables[1].is_for_init);
	assert_int_equal(registry.nskipped, 1);
}

static void files_that_are_absent_give_enoent(void **state)
{
	assert_int_equal(runtime_registry_load("/nonexistent/registry.tsv", runtime_env_parse, &registry), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(startup_records_are_read_with_their_policy, release),
		cmocka_unit_test_teardown(what_a_startup_record_leaves_out_has_a_default, release),
		cmocka_unit_test_teardown(damaged_records_are_skipped_and_counted, release),
		cmocka_unit_test_teardown(too_many_words_are_refused, release),
		cmocka_unit_test_teardown(programs_are_found_with_and_without_the_suffix, release),
		cmocka_unit_test_teardown(variables_are_joined, release),
		cmocka_unit_test_teardown(files_that_are_absent_give_enoent, release),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
