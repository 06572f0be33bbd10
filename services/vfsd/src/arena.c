/* services/vfsd/src/arena.c: see arena.h. */
#include "arena.h"

#include <errno.h>

#include "kernel.h"

/* Enough that the undo log, a sixteenth, has its full size. Untouched pages cost nothing. */
#define FIRST_BYTES (4u << 20)
#define GROW_BYTES (4u << 20)

struct state arena;

static uint64_t grow(void *ctx, uint64_t min_bytes)
{
	uint64_t bytes = (min_bytes + GROW_BYTES - 1) / GROW_BYTES * GROW_BYTES;

	(void)ctx;
	if (bytes > STATE_MAX_BYTES || !kernel_state_map(bytes))
		return 0;
	return bytes;
}

static int make_root(size_t root_bytes)
{
	state_off_t root;

	arena_begin();
	root = state_alloc(&arena, root_bytes);
	if (root)
		state_set_root(&arena, root);
	return arena_commit();
}

int arena_open(size_t root_bytes, void **root)
{
	size_t size = kernel_state_size();
	void *base;
	int err;

	if (size < FIRST_BYTES)
		size = FIRST_BYTES;
	base = kernel_state_map(size);
	if (!base)
		return -ENOMEM;
	err = state_open(&arena, base, size);
	if (err < 0)
		return err;
	state_on_full(&arena, grow, NULL);
	if (!state_root(&arena)) {
		err = make_root(root_bytes);
		if (err)
			return err;
	}
	*root = state_at(&arena, state_root(&arena));
	return *root ? 0 : -ENOMEM;
}

void arena_log(void *place, size_t len)
{
	state_set(&arena, place, place, len);
	/* The plain stores that follow could not be undone: better to die, and be undone. */
	if (state_is_failed(&arena))
		__builtin_trap();
}

ref_t arena_alloc(size_t len)
{
	return (ref_t)state_alloc(&arena, len);
}

void arena_free(ref_t block)
{
	state_free(&arena, block);
}

bool arena_has(uint64_t ref, size_t len)
{
	return ref + len <= state_size_bytes(&arena);
}
