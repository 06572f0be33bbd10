/* kernel/mm/src/space_internal.h: what the files that implement spaces share. */
#ifndef MM_SPACE_INTERNAL_H
#define MM_SPACE_INTERNAL_H

#include <mm/space.h>

#include "area.h"

/* Take the areas of [start, end) out of the space, with their pages. space->lock is
 * written. Returns: 0; -ENOMEM, with nothing changed. */
int space_unmap(struct mm_space *s, uint64_t start, uint64_t end);
/* Would @bytes more fit the limits of the space? Returns: 0; -ENOMEM. */
int space_check_limits(const struct mm_space *s, uint64_t bytes, bool is_data);
/* Free an area that is out of the tree and unmapped, with its private pages. */
void space_release_area(struct mm_area *a);
/* Is [start, start + bytes) a page-aligned part of user memory? */
bool space_range_is_valid(uint64_t start, uint64_t bytes);

/* The area at @address is private and of @obj: give its own pages of [first, …) up. If it
 * is another by now, whoever made it so has seen the object's new size. */
void space_drop_private(struct mm_space *s, uint64_t address, const struct mm_object *obj, uint64_t first);

/* Fault in every page of [start, end) that an area covers; stops at the first that fails.
 * space->lock is not held. */
int space_populate(struct mm_space *s, uint64_t start, uint64_t end);

#endif
