/* kernel/nucleus-core/src/fault.c: the rules of this machine, by fault point. */
#include <fault-rules/fault_rules.h>
#include <nucleus/fault.h>
#include <nucleus/log.h>
#include <string.h>

_Static_assert(FAULT_POINT_COUNT <= 32, "fault_armed has a bit for each point");

uint32_t fault_armed;

static struct fault_rule rules[FAULT_POINT_COUNT];
static uint64_t random_state = 0x9e3779b97f4a7c15ull;
static void (*delay_hook)(uint64_t ns);

static const char *const names[FAULT_POINT_COUNT] = {
#define FAULT_POINT(upper, name, what) [FAULT_##upper] = name,
#include "fault_points.def"
#undef FAULT_POINT
};

void fault_set_delay(void (*delay)(uint64_t ns))
{
	delay_hook = delay;
}

/* xorshift64*: evenly spread is all a rate needs. */
static uint32_t next_random(void)
{
	uint64_t x = __atomic_load_n(&random_state, __ATOMIC_RELAXED);

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	__atomic_store_n(&random_state, x, __ATOMIC_RELAXED);
	return (uint32_t)(x * 0x2545f4914f6cdd1dull >> 32);
}

bool fault_evaluate(enum fault_point point)
{
	uint32_t delay_ms = 0;
	bool fails = fault_rule_should_fail(&rules[point], next_random(), &delay_ms);

	if (delay_ms && delay_hook)
		delay_hook(delay_ms * NSEC_PER_MSEC);
	if (fails)
		log_ratelimited(LOG_WARN, DEBUG, "fault point %s fires", names[point]);
	return fails;
}

static void configure(const char *text, size_t len)
{
	struct fault_rule rule;
	const char *point;
	size_t point_len;

	if (fault_rule_parse(text, len, &point, &point_len, &rule)) {
		log_warn(BOOT, "fault rule '%.*s' is not understood", (int)len, text);
		return;
	}
	for (int i = 0; i < FAULT_POINT_COUNT; i++) {
		if (strlen(names[i]) != point_len || memcmp(names[i], point, point_len))
			continue;
		rules[i] = rule;
		fault_armed |= 1u << i;
		log_info(BOOT, "fault rule %.*s", (int)len, text);
		return;
	}
	log_warn(BOOT, "fault rule '%.*s': no such point", (int)len, text);
}

void fault_configure(const char *list, size_t len)
{
	const char *rule;
	size_t at = 0, rule_len;

	while (fault_rules_next(list, len, &at, &rule, &rule_len))
		configure(rule, rule_len);
}
