/* kernel/compat/src/linux/native_values.c: settings of processes and of the machine that /proc reads and writes. */
#include <mm/usercopy.h>

#include "core_dump.h"
#include "native.h"

#define OOM_ADJ_MAX 1000
#define CORE_FILTER_BITS 0x1ff
#define PATTERN_MAX 256u

static int read_value(const struct process *p, uint32_t which, int32_t *value)
{
	switch (which) {
	case PROC_VALUE_CORE_FILTER:
		*value = p->core_filter;
		return 0;
	case PROC_VALUE_OOM_SCORE_ADJ:
		*value = p->oom_score_adj;
		return 0;
	case PROC_VALUE_CORE_USES_PID:
		*value = (int32_t)core_uses_pid;
		return 0;
	}
	return -EINVAL;
}

/* man 5 proc: below the last value that a privileged process set, only such a one may go. */
static int set_oom_score(struct process *p, int32_t value, bool is_privileged)
{
	if (value < -OOM_ADJ_MAX || value > OOM_ADJ_MAX)
		return -EINVAL;
	if (!is_privileged && value < p->oom_score_floor)
		return -EACCES;
	p->oom_score_adj = value;
	if (is_privileged)
		p->oom_score_floor = value;
	return 0;
}

static int write_value(struct process *p, uint32_t which, int32_t value)
{
	switch (which) {
	case PROC_VALUE_CORE_FILTER:
		p->core_filter = (uint16_t)(value & CORE_FILTER_BITS);
		return 0;
	case PROC_VALUE_OOM_SCORE_ADJ:
	case PROC_VALUE_OOM_SCORE_ADJ_FLOOR:
		return set_oom_score(p, value, which == PROC_VALUE_OOM_SCORE_ADJ_FLOOR);
	case PROC_VALUE_CORE_USES_PID:
		core_uses_pid = value != 0;
		return 0;
	}
	return -EINVAL;
}

int64_t native_query_value(uint32_t pid, uint32_t which, uint64_t buf, uint64_t cap)
{
	struct process *p = ps_find(pid);
	int32_t value;
	int err;

	if (!p)
		return -ESRCH;
	err = cap < sizeof(value) ? -EINVAL : read_value(p, which, &value);
	ps_put(p);
	if (err)
		return err;
	return copy_to_user(user_ptr(buf), &value, sizeof(value)) ? -EFAULT : (int64_t)sizeof(value);
}

int64_t native_set_value(uint32_t pid, uint32_t which, uint64_t buf, uint64_t len)
{
	struct process *p;
	int32_t value;
	int err;

	if (len != sizeof(value))
		return -EINVAL;
	if (copy_from_user(&value, user_ptr(buf), sizeof(value)))
		return -EFAULT;
	if (which == PROC_VALUE_CORE_USES_PID)
		return write_value(NULL, which, value);
	p = ps_find(pid);
	if (!p)
		return -ESRCH;
	err = write_value(p, which, value);
	ps_put(p);
	return err;
}

int64_t native_query_core_pattern(uint64_t buf, uint64_t cap)
{
	char text[PATTERN_MAX];
	int64_t len = core_pattern_get(text, MIN(cap, sizeof(text)));

	return copy_to_user(user_ptr(buf), text, (size_t)len) ? -EFAULT : len;
}

int64_t native_set_core_pattern(uint64_t buf, uint64_t len)
{
	char text[PATTERN_MAX];

	if (len > sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, user_ptr(buf), len))
		return -EFAULT;
	return core_pattern_set(text, len);
}
