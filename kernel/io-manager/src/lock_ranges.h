/* kernel/io-manager/src/lock_ranges.h: sets of byte-range locks, without waiting and without locks of their own. */
#ifndef IO_LOCK_RANGES_H
#define IO_LOCK_RANGES_H

#include <stdbool.h>
#include <stdint.h>

#include <ds/list.h>

enum range_type { RANGE_READ, RANGE_WRITE, RANGE_UNLOCK };

struct lock_range {
	struct list_node node;
	uint64_t start, last;	/* both included */
	enum range_type type;
	const void *owner;
	uint32_t pid;
};

/* The first range of @set that @wanted would have to wait for, or NULL. */
struct lock_range *range_conflict(struct list_node *set, const struct lock_range *wanted);

/* Set what @wanted says for its owner: split, trim, merge. @spare: two unused ranges; those
 * that were used become NULL, and up to the rest of what became needless is put on @freed.
 * The caller knows that nothing conflicts. */
void range_apply(struct list_node *set, const struct lock_range *wanted, struct lock_range *spare[2], struct list_node *freed);

/* Take out every range of @owner. */
void range_remove_owner(struct list_node *set, const void *owner, struct list_node *freed);

#endif
