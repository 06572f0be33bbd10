#include <errno.h>

#include "seat.h"

struct seat {
	uint32_t uid;
};

static struct state *arena;

static struct seat *seat(void)
{
	return STATE_PTR(arena, state_root(arena), struct seat);
}

int seat_open(struct state *st)
{
	state_off_t off;

	arena = st;
	if (state_root(st))
		return 0;
	state_begin(st);
	off = state_alloc(st, sizeof(struct seat));
	if (!off) {
		state_abort(st);
		return -ENOSPC;
	}
	STATE_PTR(st, off, struct seat)->uid = SEAT_NOBODY;
	state_set_root(st, off);
	return state_commit(st);
}

int seat_give(uint32_t uid)
{
	state_begin(arena);
	STATE_SET(arena, &seat()->uid, uid);
	return state_commit(arena);
}

bool seat_may_open(uint32_t euid)
{
	return euid == 0 || (euid == seat()->uid && euid != SEAT_NOBODY);
}
