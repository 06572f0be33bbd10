/* services/rootd/src/restart.h: how soon a service that died may start again. */
#ifndef ROOTD_RESTART_H
#define ROOTD_RESTART_H

#include <stdint.h>

#define RESTART_BURST 5				/* deaths ... */
#define RESTART_WINDOW_NS 1000000000ull		/* ... in this time are one too many */
#define RESTART_PAUSE_NS 200000000ull

struct restart {
	uint64_t deaths_ns[RESTART_BURST];	/* the last ones, as a ring */
	unsigned int next;
};

/* Note a death. Returns: nanoseconds to wait before the next start; 0 most of the time. */
uint64_t restart_note(struct restart *restart, uint64_t now_ns);

#endif
