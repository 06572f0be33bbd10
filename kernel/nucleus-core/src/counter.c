/* kernel/nucleus-core/src/counter.c: the table of event counters. */
#include <nucleus/counter.h>

uint64_t counter_values[COUNTER_COUNT];

static const char *const names[COUNTER_COUNT] = {
#define COUNTER(upper, name) [COUNTER_##upper] = name,
#include "counters.def"
#undef COUNTER
};

const char *counter_name(enum counter c)
{
	return names[c];
}
