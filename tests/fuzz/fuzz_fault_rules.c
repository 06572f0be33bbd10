/* The input is the fw_cfg file opt/albireo/fault-injection. */
#include <fault-rules/fault_rules.h>

#include "fuzz_support.h"

static void check_rule(const char *text, size_t len)
{
	struct fault_rule rule;
	const char *point;
	size_t point_len;
	uint32_t delay_ms, i;

	if (fault_rule_parse(text, len, &point, &point_len, &rule) != 0)
		return;
	REQUIRE(point == text && point_len > 0 && point_len < len && text[point_len] == '=');
	for (i = 0; i < 4; i++) {
		bool fails = fault_rule_should_fail(&rule, i * 2654435761u, &delay_ms);

		REQUIRE(delay_ms <= FAULT_MAX_DELAY_MS);
		if (rule.action == FAULT_OFF || rule.action == FAULT_DELAY_MS)
			REQUIRE(!fails);
		if (rule.action == FAULT_FAIL)
			REQUIRE(fails);
	}
	REQUIRE(rule.ncalls == 4);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *rule;
	size_t at = 0, rule_len;

	while (fault_rules_next((const char *)data, size, &at, &rule, &rule_len))
		check_rule(rule, rule_len);
	REQUIRE(at == size);
	check_rule((const char *)data, size);
	return 0;
}
