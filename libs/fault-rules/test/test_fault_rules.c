#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <string.h>

#include <cmocka.h>

#include <fault-rules/fault_rules.h>

static struct fault_rule rule;

static int parse(const char *text)
{
	const char *point;
	size_t point_len;

	return fault_rule_parse(text, strlen(text), &point, &point_len, &rule);
}

static unsigned int count_failures(unsigned int ncalls)
{
	unsigned int i, nfailed = 0;
	uint32_t delay_ms;

	for (i = 0; i < ncalls; i++) {
		nfailed += fault_rule_should_fail(&rule, i * 2654435761u, &delay_ms);
		assert_int_equal(delay_ms, 0);
	}
	return nfailed;
}

static void point_is_everything_before_the_equals_sign(void **state)
{
	const char *point;
	size_t point_len;

	assert_int_equal(fault_rule_parse("virtio-gpu.control.submit=fail!", 30, &point, &point_len, &rule), 0);
	assert_int_equal(point_len, 25);
	assert_memory_equal(point, "virtio-gpu.control.submit", 25);
	assert_int_equal(rule.action, FAULT_FAIL);
}

static void off_never_fails(void **state)
{
	assert_int_equal(parse("a.b=off"), 0);
	assert_int_equal(count_failures(100), 0);
	assert_int_equal(rule.ncalls, 100);
}

static void fail_always_fails(void **state)
{
	assert_int_equal(parse("a.b=fail"), 0);
	assert_int_equal(count_failures(100), 100);
}

static void drop_every_fails_each_nth_call(void **state)
{
	uint32_t delay_ms;

	assert_int_equal(parse("a.b=drop-every:3"), 0);
	assert_false(fault_rule_should_fail(&rule, 0, &delay_ms));
	assert_false(fault_rule_should_fail(&rule, 0, &delay_ms));
	assert_true(fault_rule_should_fail(&rule, 0, &delay_ms));
	assert_int_equal(count_failures(30), 10);
}

static void fail_after_lets_n_calls_pass(void **state)
{
	assert_int_equal(parse("a.b=fail-after:50"), 0);
	assert_int_equal(count_failures(50), 0);
	assert_int_equal(count_failures(50), 50);
	assert_int_equal(parse("a.b=fail-after:0"), 0);
	assert_int_equal(count_failures(5), 5);
}

static void rate_fails_about_n_of_a_thousand(void **state)
{
	unsigned int nfailed;

	assert_int_equal(parse("a.b=rate:100"), 0);
	nfailed = count_failures(10000);
	assert_in_range(nfailed, 900, 1100);
	assert_int_equal(parse("a.b=rate:0"), 0);
	assert_int_equal(count_failures(1000), 0);
	assert_int_equal(parse("a.b=rate:1000"), 0);
	assert_int_equal(count_failures(1000), 1000);
}

static void delay_ms_delays_and_passes(void **state)
{
	uint32_t delay_ms;

	assert_int_equal(parse("a.b=delay-ms:250"), 0);
	assert_false(fault_rule_should_fail(&rule, 0, &delay_ms));
	assert_int_equal(delay_ms, 250);
}

static void malformed_rules_give_einval(void **state)
{
	static const char *const bad[] = {
		"", "a.b", "=fail", "a.b=", "a b=fail", "a.b=explode", "a.b=Fail", "a.b=fail:1", "a.b=off:",
		"a.b=rate", "a.b=rate:", "a.b=rate:x", "a.b=rate:1001", "a.b=rate:-1", "a.b=rate:1 ",
		"a.b=drop-every:0", "a.b=drop-every:4294967296", "a.b=drop-every:99999999999999999999999",
		"a.b=delay-ms:60001", "a.b=fail-after:1:2", "a.b==fail",
	};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(parse(bad[i]), -EINVAL);
}

static void list_yields_one_rule_a_line(void **state)
{
	static const char list[] = "\n  a=fail \r\n# a comment\n\n\tb=off\nc=rate:5";
	static const char *const expected[] = { "a=fail", "b=off", "c=rate:5" };
	size_t at = 0, text_len, n = 0;
	const char *text;

	while (fault_rules_next(list, sizeof(list), &at, &text, &text_len)) {
		assert_true(n < 3);
		assert_int_equal(text_len, strlen(expected[n]));
		assert_memory_equal(text, expected[n], text_len);
		n++;
	}
	assert_int_equal(n, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(point_is_everything_before_the_equals_sign),
		cmocka_unit_test(off_never_fails),
		cmocka_unit_test(fail_always_fails),
		cmocka_unit_test(drop_every_fails_each_nth_call),
		cmocka_unit_test(fail_after_lets_n_calls_pass),
		cmocka_unit_test(rate_fails_about_n_of_a_thousand),
		cmocka_unit_test(delay_ms_delays_and_passes),
		cmocka_unit_test(malformed_rules_give_einval),
		cmocka_unit_test(list_yields_one_rule_a_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
