/* state/state.h: memory of a service that survives the service.
 *
 * An arena is one contiguous region (the service's state object) that holds
 * structures linked by offsets, so that a successor may map it anywhere. It
 * changes only inside a transaction: before a store, what was there goes to an
 * undo log; commit is one store that empties the log. When a service dies half-way,
 * its successor's state_open() puts the old contents back, so that the arena
 * is always as after the last commit. It survives the death of a process, not a
 * loss of power: program order is enough, nothing is flushed.
 *
 *	state_begin(st);
 *	off = state_alloc(st, sizeof(*node));
 *	if (!off) {
 *		state_abort(st);
 *		return -ENOSPC;
 *	}
 *	node = STATE_PTR(st, off, struct node);
 *	node->value = 5;                          fresh memory: a plain store will do
 *	STATE_SET(st, &root->first, off);         older memory: through the log
 *	return state_commit(st);
 *
 * One transaction at a time: the caller's lock covers begin to commit, and
 * every read that must not see a half-done change. Misuse (a store outside a
 * transaction or the arena, freeing what is not allocated) traps.
 */
#ifndef STATE_STATE_H
#define STATE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STATE_MIN_BYTES (64u << 10)
#define STATE_RECENT_RANGES 16

/* Bytes from the arena's start; 0 is nowhere. */
typedef uint64_t state_off_t;

struct state_header;

/* Make the region at least @min_bytes long without moving it.
 * Returns: its new length, or 0 if that cannot be. */
typedef uint64_t (*state_grow_fn)(void *ctx, uint64_t min_bytes);

/* A mapping of an arena: what a process knows about it, and loses when it dies. */
struct state {
	struct state_header *header;
	state_grow_fn grow;
	void *grow_ctx;
	bool is_open;               /* a transaction is under way */
	bool is_failed;             /* its log overflowed: it cannot commit */
	state_off_t pending_free;   /* freed by it: reused only after the commit */
	unsigned int nrecent;       /* ranges noted since it began; the last ones are kept */
	struct {
		uint64_t start, end;
	} recent[STATE_RECENT_RANGES]; /* need no further logging: logged already, or fresh */
};

/* Open the arena in the region @base, 8-byte aligned, of @size bytes: format it if it is
 * all zeroes at its start, else roll back what was half done.
 * Returns: 0 if it is new; 1 if it was there; -EINVAL if the region is too small or holds
 * something else. */
int state_open(struct state *st, void *base, uint64_t size);

/* Let state_alloc() ask for more room. Without it, a full arena is full. */
void state_on_full(struct state *st, state_grow_fn grow, void *ctx);

/* The owner has made the region @size bytes long, in place. In a transaction or not. */
void state_grow(struct state *st, uint64_t size);

void state_begin(struct state *st);

/* Make everything since state_begin() last. Returns: 0; -ENOSPC if the undo log was too
 * small, and then the transaction is aborted. */
int state_commit(struct state *st);

/* Undo everything since state_begin(). */
void state_abort(struct state *st);

/* Has this transaction's log overflowed? Further stores do nothing then, so that a loop
 * that ends only when its stores take effect must ask. */
static inline bool state_is_failed(const struct state *st)
{
	return st->is_failed;
}

/* Bytes that the log of this transaction still takes: for who makes a large one in parts. */
uint64_t state_log_room(const struct state *st);

/* Allocate @len zeroed bytes, aligned to 8, in the transaction. Until it ends, plain
 * stores to them are fine. Returns: 0 if there is no room. O(1) but for the zeroing. */
state_off_t state_alloc(struct state *st, size_t len);

/* Free what state_alloc() gave, in the transaction; 0 is fine. Its contents are gone at once. */
void state_free(struct state *st, state_off_t off);

/* Store @len bytes at @dst, inside the arena, in the transaction. */
void state_set(struct state *st, void *dst, const void *src, size_t len);

/* Store @value in the object at @ptr, which gives the type. */
#define STATE_SET(st, ptr, value) do {				\
	__typeof__(*(ptr)) state_value_ = (value);		\
	state_set(st, ptr, &state_value_, sizeof(state_value_)); \
} while (0)

/* The offset that the owner set last, 0 at first: where its structures start. */
state_off_t state_root(const struct state *st);
void state_set_root(struct state *st, state_off_t off);

static inline void *state_at(const struct state *st, state_off_t off)
{
	return off ? (char *)st->header + off : NULL;
}

static inline state_off_t state_offset(const struct state *st, const void *ptr)
{
	return ptr ? (state_off_t)((const char *)ptr - (const char *)st->header) : 0;
}

#define STATE_PTR(st, off, type) ((type *)state_at(st, off))

/* The structure whose @member is at offset @off, which is not 0. */
#define STATE_ENTRY(st, off, type, member) \
	((type *)((char *)(st)->header + (off) - offsetof(type, member)))

/* Bytes in allocated blocks, their headers included; bytes in the arena. */
uint64_t state_used_bytes(const struct state *st);
uint64_t state_size_bytes(const struct state *st);

/* Walk the heap and the free lists, outside a transaction.
 * Returns: 0; -EINVAL if they contradict each other. */
int state_check(const struct state *st);

#ifdef STATE_STORE_HOOK
/* Test builds only: called before every store to the arena. */
extern void (*state_store_hook)(void);
#endif

#endif
