#include <errno.h>
#include <string.h>

#include <fault-rules/fault_rules.h>

struct action_syntax {
	const char *name;
	enum fault_action action;
	bool takes_number;
	uint32_t min, max;
};

static const struct action_syntax actions[] = {
	{ "off",        FAULT_OFF,        false, 0, 0 },
	{ "fail",       FAULT_FAIL,       false, 0, 0 },
	{ "drop-every", FAULT_DROP_EVERY, true,  1, UINT32_MAX },
	{ "fail-after", FAULT_FAIL_AFTER, true,  0, UINT32_MAX },
	{ "rate",       FAULT_RATE,       true,  0, 1000 },
	{ "delay-ms",   FAULT_DELAY_MS,   true,  0, FAULT_MAX_DELAY_MS },
};

static bool is_point_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '.' || c == '-' || c == '_';
}

static const struct action_syntax *find_action(const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (strlen(actions[i].name) == len && memcmp(actions[i].name, name, len) == 0)
			return &actions[i];
	return NULL;
}

static int parse_number(const char *text, size_t len, const struct action_syntax *syntax, uint32_t *out)
{
	uint64_t value = 0;
	size_t i;

	if (len == 0)
		return -EINVAL;
	for (i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -EINVAL;
		value = value * 10 + (uint64_t)(text[i] - '0');
		if (value > syntax->max)
			return -EINVAL;
	}
	if (value < syntax->min)
		return -EINVAL;
	*out = (uint32_t)value;
	return 0;
}

static int parse_action(const char *text, size_t len, struct fault_rule *out)
{
	const char *colon = len ? memchr(text, ':', len) : NULL;
	size_t name_len = colon ? (size_t)(colon - text) : len;
	const struct action_syntax *syntax = find_action(text, name_len);

	if (!syntax || syntax->takes_number != (colon != NULL))
		return -EINVAL;
	*out = (struct fault_rule){ .action = syntax->action };
	return colon ? parse_number(colon + 1, len - name_len - 1, syntax, &out->n) : 0;
}

int fault_rule_parse(const char *text, size_t len, const char **point, size_t *point_len,
		     struct fault_rule *out)
{
	size_t n = 0;

	while (n < len && is_point_char(text[n]))
		n++;
	if (n == 0 || n == len || text[n] != '=')
		return -EINVAL;
	*point = text;
	*point_len = n;
	return parse_action(text + n + 1, len - n - 1, out);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\0';
}

bool fault_rules_next(const char *list, size_t len, size_t *at, const char **rule, size_t *rule_len)
{
	size_t start, end;

	while (*at < len) {
		start = *at;
		while (*at < len && list[*at] != '\n')
			++*at;
		end = *at;
		if (*at < len)
			++*at;
		while (start < end && is_blank(list[start]))
			start++;
		while (end > start && is_blank(list[end - 1]))
			end--;
		if (start == end || list[start] == '#')
			continue;
		*rule = list + start;
		*rule_len = end - start;
		return true;
	}
	return false;
}

bool fault_rule_should_fail(struct fault_rule *rule, uint32_t random, uint32_t *delay_ms)
{
	uint64_t call = __atomic_add_fetch(&rule->ncalls, 1, __ATOMIC_RELAXED);

	*delay_ms = 0;
	switch (rule->action) {
	case FAULT_OFF:
		return false;
	case FAULT_FAIL:
		return true;
	case FAULT_DROP_EVERY:
		return call % rule->n == 0;
	case FAULT_FAIL_AFTER:
		return call > rule->n;
	case FAULT_RATE:
		return random % 1000 < rule->n;
	case FAULT_DELAY_MS:
		*delay_ms = rule->n;
		return false;
	}
	return false;
}
