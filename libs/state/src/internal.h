/* The arena's layout: header, undo log, heap. */
#ifndef STATE_INTERNAL_H
#define STATE_INTERNAL_H

#include <state/state.h>

#define STATE_NCLASSES 144

struct state_header {
	uint64_t magic;
	uint64_t size;        /* of the region; only grows */
	uint64_t log_start;
	uint64_t log_bytes;
	uint64_t log_len;     /* the commit word: 0 between transactions */
	uint64_t heap_start;
	uint64_t heap_end;    /* blocks lie between the two, end to end */
	uint64_t used_bytes;
	uint64_t root;
	uint64_t results;     /* table of request results, 0 until the first */
	uint64_t free_blocks[STATE_NCLASSES];
};

#define STATE_BUG_ON(condition) do {	\
	if (condition)			\
		__builtin_trap();	\
} while (0)

/* Stores take effect in program order, for whoever maps the arena next. */
static inline void state_order_stores(void)
{
	__asm__ volatile("" ::: "memory");
}

/* One store that is seen whole or not at all. */
void state_store_word(uint64_t *dst, uint64_t value);

/* Save what is in the range, unless that has been done. Returns: false if the log is full. */
bool state_log(struct state *st, const void *start, size_t len);

/* The range was allocated in this transaction: it needs no logging. */
void state_add_recent(struct state *st, uint64_t start, uint64_t end);

/* Put the blocks that the transaction freed on their lists: the last thing before commit. */
void state_release_pending(struct state *st);

#endif
