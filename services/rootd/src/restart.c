#include "restart.h"

uint64_t restart_note(struct restart *restart, uint64_t now_ns)
{
	uint64_t oldest_ns = restart->deaths_ns[restart->next];

	restart->deaths_ns[restart->next] = now_ns;
	restart->next = (restart->next + 1) % RESTART_BURST;
	if (oldest_ns && now_ns - oldest_ns < RESTART_WINDOW_NS)
		return RESTART_PAUSE_NS;
	return 0;
}
