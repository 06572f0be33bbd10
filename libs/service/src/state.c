/* The arena of a service: see service/state.h. */
#include <service/state.h>

#include <nucleus/nucleus.h>

#define GROW_BYTES (4u << 20)

static uint64_t grow(void *ctx, uint64_t min_bytes)
{
	uint64_t bytes = (min_bytes + GROW_BYTES - 1) / GROW_BYTES * GROW_BYTES;
	void *base;

	(void)ctx;
	return bytes > STATE_MAX_BYTES || nucleus_state_map(bytes, &base) ? 0 : bytes;
}

int service_state_open(struct state *st, size_t first_bytes)
{
	long size = nucleus_state_size();
	void *base;
	int err;

	if (size < (long)first_bytes)
		size = (long)first_bytes;
	err = nucleus_state_map((size_t)size, &base);
	if (err)
		return err;
	err = state_open(st, base, (uint64_t)size);
	if (err >= 0)
		state_on_full(st, grow, NULL);
	return err;
}
