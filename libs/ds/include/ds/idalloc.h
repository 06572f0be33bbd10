/* ds/idalloc.h: the lowest free number at or above a hint, for fds and pids.
 *
 * A bitmap with a summary of full words above it, so that a search costs a few
 * words however many ids are taken. It grows by doubling up to a limit; it does
 * not shrink. Locking is the caller's; idalloc_get() and idalloc_claim() may
 * allocate.
 */
#ifndef DS_IDALLOC_H
#define DS_IDALLOC_H

#include <stdbool.h>
#include <stdint.h>

#include <ds/alloc.h>

#define IDALLOC_LEVELS 5 /* 64^5 ids, more than 2^30 */
#define IDALLOC_MAX_LIMIT (1u << 30)

struct idalloc {
	uint64_t *level[IDALLOC_LEVELS]; /* [0]: one bit an id; [n]: one bit a full word of [n-1] */
	uint32_t capacity; /* ids that the bitmap has room for */
	uint32_t limit;
	uint32_t nused;
	const struct ds_alloc_ops *ops;
	void *ctx;
};

/* Ids are 0 to @limit - 1; @limit is at most IDALLOC_MAX_LIMIT. Allocates nothing yet. */
void idalloc_init(struct idalloc *ids, uint32_t limit, const struct ds_alloc_ops *ops, void *ctx);
void idalloc_destroy(struct idalloc *ids);

/* Take the lowest free id that is at least @hint.
 * Returns: 0 and the id in *@out; -ENOSPC if there is none below the limit; -ENOMEM. */
int idalloc_get(struct idalloc *ids, uint32_t hint, uint32_t *out);

/* Take @id itself. Returns: 0; -EBUSY if taken; -ERANGE beyond the limit; -ENOMEM. */
int idalloc_claim(struct idalloc *ids, uint32_t id);

/* Give back @id; one that is free already is ignored. */
void idalloc_put(struct idalloc *ids, uint32_t id);

bool idalloc_is_used(const struct idalloc *ids, uint32_t id);

/* The first taken id at or after *@id. Returns: false if there is none. */
bool idalloc_next_used(const struct idalloc *ids, uint32_t *id);

/* Make @to, which is initialised and empty, a copy. Returns: 0; -ENOMEM; -ERANGE if an
 * id taken in @from is beyond the limit of @to. */
int idalloc_copy(struct idalloc *to, const struct idalloc *from);

#endif
