#include "wait_rules.h"

bool wait_selects(int which, uint32_t id, uint32_t options, uint32_t pid, uint32_t pgid, bool is_clone)
{
	if (which == WAIT_P_PID && pid != id)
		return false;
	if (which == WAIT_P_PGID && pgid != id)
		return false;
	return (options & WAIT_OPTION_ALL) || is_clone == !!(options & WAIT_OPTION_CLONE);
}

enum wait_event wait_choose_event(uint32_t options, bool is_zombie, bool has_stopped, bool has_continued)
{
	if (is_zombie)
		return options & WAIT_OPTION_EXITED ? WAIT_EXITED : WAIT_NOTHING;
	if (has_stopped && (options & WAIT_OPTION_STOPPED))
		return WAIT_STOPPED;
	if (has_continued && (options & WAIT_OPTION_CONTINUED))
		return WAIT_CONTINUED;
	return WAIT_NOTHING;
}
