/* services/vfsd/src/arena.h: the memory that outlives this process.
 *
 * Everything vfsd must still know after a crash lies in its service's state
 * object, under libs/state. Here references are 32 bits. A request changes it in
 * one transaction:
 *
 *	arena_begin();
 *	ARENA_SET(node->nlink, node->nlink + 1);
 *	err = arena_commit();		or arena_abort(): as if nothing had happened
 *
 * Fields marked (cache) mean nothing to a successor and may be stored plainly, and so
 * may new blocks.
 *
 * Locking: all of it under the name lock (dispatch.c), but for what says otherwise.
 */
#ifndef VFSD_ARENA_H
#define VFSD_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <state/state.h>

typedef uint32_t ref_t;		/* bytes from the arena's start; 0: none */

extern struct state arena;

/* Map the state, or make it; what a predecessor left half done is undone.
 * Returns: 0, with the root of @root_bytes (zeroes when new) in *@root; -ENOMEM; -EINVAL for
 * a state that is not vfsd's. */
int arena_open(size_t root_bytes, void **root);

static inline void arena_begin(void)
{
	state_begin(&arena);
}

/* Returns: 0; -ENOSPC when the transaction was too large: nothing has changed. */
static inline int arena_commit(void)
{
	return state_commit(&arena);
}

static inline void arena_abort(void)
{
	state_abort(&arena);
}

/* Make plain stores to @len bytes at @place part of the transaction. */
void arena_log(void *place, size_t len);

/* Bytes that the transaction's undo log still takes. */
static inline uint64_t arena_log_room(void)
{
	return state_log_room(&arena);
}

static inline bool arena_is_changing(void)
{
	return arena.is_open;
}

/* Returns: a block of @len zeroes, aligned to 8; 0 when there is no room. */
ref_t arena_alloc(size_t len);
void arena_free(ref_t block);

/* Does [@ref, @ref + @len) lie inside the arena? */
bool arena_has(uint64_t ref, size_t len);

static inline void *arena_at(ref_t ref)
{
	return state_at(&arena, ref);
}

static inline ref_t arena_ref(const void *place)
{
	return (ref_t)state_offset(&arena, place);
}

#define ARENA_SET(place, value) STATE_SET(&arena, &(place), value)

#endif
