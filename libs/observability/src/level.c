#include <errno.h>
#include <string.h>

#include <observability/log.h>

static const char *const level_names[LOG_LEVEL_COUNT] = {
	"off", "trace", "debug", "info", "warn", "error", "fatal",
};

static const char *const category_names[LOG_CAT_COUNT] = {
#define LOG_CATEGORY(upper, name) name,
#include "log_categories.def"
#undef LOG_CATEGORY
};

const char *log_level_name(unsigned int level)
{
	return level < LOG_LEVEL_COUNT ? level_names[level] : "?";
}

const char *log_category_name(unsigned int category)
{
	return category < LOG_CAT_COUNT ? category_names[category] : "?";
}

/* Returns: the index of @name, or -EINVAL. */
static int find_name(const char *const *names, int count, const char *name, size_t len)
{
	int i;

	for (i = 0; i < count; i++)
		if (strlen(names[i]) == len && memcmp(names[i], name, len) == 0)
			return i;
	return -EINVAL;
}

int log_level_parse(const char *name, size_t len, enum log_level *out)
{
	int i = find_name(level_names, LOG_LEVEL_COUNT, name, len);

	if (i < 0)
		return i;
	*out = (enum log_level)i;
	return 0;
}

int log_category_parse(const char *name, size_t len, enum log_category *out)
{
	int i = find_name(category_names, LOG_CAT_COUNT, name, len);

	if (i < 0)
		return i;
	*out = (enum log_category)i;
	return 0;
}

int log_threshold_parse(const char *text, size_t len, enum log_category *category, enum log_level *level)
{
	const char *equals = len ? memchr(text, '=', len) : NULL;
	size_t name_len;

	if (!equals)
		return -EINVAL;
	name_len = (size_t)(equals - text);
	if (log_category_parse(text, name_len, category) != 0)
		return -EINVAL;
	return log_level_parse(equals + 1, len - name_len - 1, level);
}

bool log_ratelimit_pass_at(struct log_ratelimit *limit, uint64_t now_ns, uint64_t interval_ns,
			   uint32_t *nsuppressed)
{
	uint64_t next_ns = __atomic_load_n(&limit->next_ns, __ATOMIC_RELAXED);

	if (now_ns < next_ns ||
	    !__atomic_compare_exchange_n(&limit->next_ns, &next_ns, now_ns + interval_ns, false,
					 __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
		__atomic_add_fetch(&limit->nsuppressed, 1, __ATOMIC_RELAXED);
		return false;
	}
	*nsuppressed = __atomic_exchange_n(&limit->nsuppressed, 0, __ATOMIC_RELAXED);
	return true;
}
