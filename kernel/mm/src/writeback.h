/* kernel/mm/src/writeback.h: which dirty bytes go out together. */
#ifndef MM_WRITEBACK_H
#define MM_WRITEBACK_H

#include <mm/object.h>

#define WRITEBACK_RUN 120u	/* pages of one request; 9p carries 504 KiB */

struct writeback_run {
	uint64_t first;		/* page index */
	uint32_t npages;
	uint64_t offset, len;	/* bytes */
	struct frame *pages[WRITEBACK_RUN];
};

/* The first dirty bytes of @obj in pages [first, last] that are not in write-back already,
 * and all that continue them without a clean byte between. obj->lock is held.
 * Returns: false when there are none. */
bool writeback_find_run(struct mm_object *obj, uint64_t first, uint64_t last, struct writeback_run *run);

#endif
