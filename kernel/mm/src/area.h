/* kernel/mm/src/area.h: the tree of areas of a space, and single areas.
 *
 * Locking: space->lock, written, for changes; read for look-ups.
 */
#ifndef MM_AREA_H
#define MM_AREA_H

#include <mm/space.h>

#define AREA_MAX 65530u	/* of one space, as Linux's vm.max_map_count */
#define AREA_STACK_GUARD (1ull << 20)	/* kept free below a stack, as Linux does */

static inline struct mm_area *area_of(const struct rb_node *node)
{
	return (struct mm_area *)(uintptr_t)rb_entry_or_null(node, struct mm_area, node);
}
static inline struct mm_area *area_first(const struct mm_space *s)
{
	return area_of(rb_first(&s->areas));
}
static inline struct mm_area *area_next(const struct mm_area *a)
{
	return area_of(rb_next(&a->node));
}
static inline struct mm_area *area_prev(const struct mm_area *a)
{
	return area_of(rb_prev(&a->node));
}
static inline uint64_t area_bytes(const struct mm_area *a)
{
	return a->end - a->start;
}
/* Index of the page at @address in the area's amap and in its object. */
static inline uint64_t area_amap_index(const struct mm_area *a, uint64_t address)
{
	return a->amap_offset + ((address - a->start) >> PAGE_SHIFT);
}
static inline uint64_t area_object_index(const struct mm_area *a, uint64_t address)
{
	return (a->object_offset + (address - a->start)) >> PAGE_SHIFT;
}
/* Counts against RLIMIT_DATA, as Linux counts it. */
static inline bool area_is_data(const struct mm_area *a)
{
	return (a->prot & MM_WRITE) && !(a->flags & (MM_AREA_SHARED | MM_AREA_STACK));
}

/* The first area that ends after @address. */
struct mm_area *area_find(const struct mm_space *s, uint64_t address);
/* The first area that overlaps [start, end). */
struct mm_area *area_find_overlap(const struct mm_space *s, uint64_t start, uint64_t end);

/* A zeroed area of no space; NULL: no memory. */
struct mm_area *area_alloc(void);
/* Drop the references to object, amap and file, and free it. Not in a tree. */
void area_free(struct mm_area *a);
/* An unlinked copy with references of its own, the amap shared with needs_copy as is. */
struct mm_area *area_clone(const struct mm_area *a);

/* Link into its space's tree and its object's; adds to the space's totals. */
void area_insert(struct mm_space *s, struct mm_area *a);
/* As area_insert(), when @below is known to be the area below it. */
void area_insert_above(struct mm_area *a, struct mm_area *below);
/* Link @upper, a copy of @a that has the upper part of its range; @a keeps the rest. */
void area_give_upper(struct mm_area *a, struct mm_area *upper);
/* Unlink @upper, which is like @a and directly above it; @a covers its range from now on. */
void area_take_upper(struct mm_area *a, struct mm_area *upper);
/* As area_insert(), for an area above all others of the space. */
void area_append(struct mm_space *s, struct mm_area *a);
void area_remove(struct mm_area *a);
/* A shared mapping that writes, or may be made to. */
static inline bool area_may_write_object(const struct mm_area *a)
{
	return (a->flags & MM_AREA_SHARED) && (a->max_prot & MM_WRITE);
}
/* Free an area with its whole tree: no neighbour is kept up to date. */
void area_discard(struct mm_area *a);
/* Move the ends; offsets follow the start. */
void area_resize(struct mm_area *a, uint64_t start, uint64_t end);
/* Split at @address, strictly inside. Returns: 0, with *@upper the new upper area; -ENOMEM. */
int area_split(struct mm_area *a, uint64_t address, struct mm_area **upper);
/* Make @address the border of areas, if it lies inside one. */
int area_split_at(struct mm_space *s, uint64_t address);
/* Merge @a with its upper neighbour where both say the same. */
void area_merge_up(struct mm_area *a);
/* Give @a an amap that no other space sees; needs_copy becomes false. Returns: 0; -ENOMEM. */
int area_unshare(struct mm_area *a);
/* As area_unshare(), and no other area sees it either, so that @a may grow or move. */
int area_own_amap(struct mm_area *a);
/* Drop the private pages of [start, end); no page table maps them. The amap is not
 * shared with another space. */
void area_drop_pages(struct mm_area *a, uint64_t start, uint64_t end);

/* The highest free range in [low, high) with the given size and alignment; 0: none. */
uint64_t area_find_free(const struct mm_space *s, uint64_t bytes, uint64_t align, uint64_t low, uint64_t high);
/* The lowest one. */
uint64_t area_find_free_low(const struct mm_space *s, uint64_t bytes, uint64_t align, uint64_t low, uint64_t high);

#endif
