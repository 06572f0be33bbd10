/* fault-rules/fault_rules.h: rules that make a boundary fail on purpose.
 *
 *	point=off              counted, but never fails
 *	point=fail             every call fails
 *	point=drop-every:N     every Nth call fails
 *	point=fail-after:N     N calls pass, all later ones fail
 *	point=rate:N           about N of 1000 calls fail
 *	point=delay-ms:N       every call is delayed by N ms and passes
 *
 * The parser serves the kernel, which reads rules from fw_cfg, and tests. Which points
 * exist is not its business (abi/fault_points.def says that). Nothing allocates.
 */
#ifndef FAULT_RULES_FAULT_RULES_H
#define FAULT_RULES_FAULT_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAULT_MAX_DELAY_MS 60000u

enum fault_action {
	FAULT_OFF,
	FAULT_FAIL,
	FAULT_DROP_EVERY,
	FAULT_FAIL_AFTER,
	FAULT_RATE,
	FAULT_DELAY_MS,
};

struct fault_rule {
	enum fault_action action;
	uint32_t n;      /* of the actions that take one */
	uint64_t ncalls; /* so far */
};

/* Parse `point=action` into the point's name, which is not terminated, and a rule.
 * Returns: 0; -EINVAL if the point is empty or has bytes other than letters, digits and
 * `.-_`, the action is unknown, or its number is missing, unwanted or out of range. */
int fault_rule_parse(const char *text, size_t len, const char **point, size_t *point_len,
		     struct fault_rule *out);

/* The next rule's text in a list, one a line, without blanks around it; empty lines and lines
 * that start with # are passed over. *@at starts as 0. Returns: false at the end. */
bool fault_rules_next(const char *list, size_t len, size_t *at, const char **rule, size_t *rule_len);

/* Count a call of the rule's boundary; @random is any evenly spread number.
 * Returns: whether it must fail. The caller first waits *@delay_ms, which is 0 for all
 * rules but delay-ms. Safe on several CPUs at once. */
bool fault_rule_should_fail(struct fault_rule *rule, uint32_t random, uint32_t *delay_ms);

#endif
