/* kernel/mm/src/area.c: one area: references, split, merge, growth. */
#include "area.h"

#include <errno.h>

#include <mm/heap.h>

#include "amap.h"

#define MAX_MOVED_PAGES 256u	/* for a merge; beyond, two areas are cheaper */

HEAP_CACHE(area_cache, "area", sizeof(struct mm_area));

struct mm_area_ops mm_area_ops;

struct mm_area *area_alloc(void)
{
	return heap_cache_alloc(&area_cache, 0);
}

void area_free(struct mm_area *a)
{
	amap_put(a->amap);
	mm_object_put(a->object);
	if (a->file)
		mm_area_ops.file_put(a->file);
	heap_cache_free(&area_cache, a);
}

struct mm_area *area_clone(const struct mm_area *a)
{
	struct mm_area *copy = heap_cache_alloc(&area_cache, HEAP_NOZERO);

	if (!copy)
		return NULL;
	*copy = *a;
	copy->truncation = 0;
	if (copy->amap)
		amap_get(copy->amap);
	if (copy->object)
		mm_object_get(copy->object);
	if (copy->file)
		mm_area_ops.file_get(copy->file);
	return copy;
}

int area_split(struct mm_area *a, uint64_t address, struct mm_area **upper)
{
	struct mm_area *b = a->space->nareas < AREA_MAX ? area_clone(a) : NULL;

	if (!b)
		return -ENOMEM;
	b->start = address;
	b->amap_offset = area_amap_index(a, address);
	b->object_offset += address - a->start;
	if (b->file_bytes_end && b->file_bytes_end <= address)
		b->file_bytes_end = address;
	if (a->file_bytes_end > address)
		a->file_bytes_end = 0;
	area_give_upper(a, b);
	*upper = b;
	return 0;
}

int area_split_at(struct mm_space *s, uint64_t address)
{
	struct mm_area *a = area_find(s, address), *upper;

	if (!a || a->start >= address)
		return 0;
	return area_split(a, address, &upper);
}

static void drop_outside(struct mm_area *a)
{
	amap_remove(a->amap, 0, a->amap_offset);
	amap_remove(a->amap, area_amap_index(a, a->end), ~0ull);
}

static int copy_amap(struct mm_area *a)
{
	struct mm_amap *copy = amap_copy(a->amap, a->amap_offset, area_amap_index(a, a->end));

	if (!copy)
		return -ENOMEM;
	amap_put(a->amap);
	a->amap = copy;
	return 0;
}

int area_unshare(struct mm_area *a)
{
	int err = 0;

	if (!a->needs_copy)
		return 0;
	/* Nobody else can take a reference while we hold the only one. What lies outside is
	 * left from areas that have copied their part. */
	if (refcount_read(&a->amap->refs) == 1)
		drop_outside(a);
	else
		err = copy_amap(a);
	if (!err)
		a->needs_copy = false;
	return err;
}

int area_own_amap(struct mm_area *a)
{
	struct mm_amap *shared;
	int err = area_unshare(a);

	if (err || !a->amap || refcount_read(&a->amap->refs) == 1)
		return err;
	shared = a->amap;
	amap_get(shared);
	err = copy_amap(a);
	if (!err)
		amap_remove(shared, a->amap_offset, area_amap_index(a, a->end));
	amap_put(shared);
	return err;
}

void area_drop_pages(struct mm_area *a, uint64_t start, uint64_t end)
{
	if (!a->amap)
		return;
	mutex_lock(&a->amap->lock);
	amap_remove(a->amap, area_amap_index(a, start), area_amap_index(a, end));
	mutex_unlock(&a->amap->lock);
}

/* Do both describe one run: of zeroes, of one object, of one amap? */
static bool areas_continue(const struct mm_area *a, const struct mm_area *b)
{
	if (a->end != b->start || a->prot != b->prot || a->max_prot != b->max_prot || a->flags != b->flags ||
	    a->object != b->object || a->file != b->file || a->needs_copy != b->needs_copy)
		return false;
	if (a->object && a->object_offset + area_bytes(a) != b->object_offset)
		return false;
	if (a->file_bytes_end || b->file_bytes_end)
		return false;
	return true;
}

static bool owns_amap(const struct mm_area *a)
{
	return !a->amap || (!a->needs_copy && refcount_read(&a->amap->refs) == 1);
}

/* @a has no private pages: take @b's amap, whose indices reach down over @a's range. */
static bool take_amap(struct mm_area *a, struct mm_area *b)
{
	uint64_t npages = area_bytes(a) >> PAGE_SHIFT;

	if (b->amap_offset < npages)
		return false;
	a->amap = b->amap;
	b->amap = NULL;
	a->amap_offset = b->amap_offset - npages;
	return true;
}

/* Make @a's amap hold the private pages of both. */
static bool merge_amaps(struct mm_area *a, struct mm_area *b)
{
	uint64_t first = b->amap_offset, end = area_amap_index(b, b->end);
	uint64_t follows = area_amap_index(a, a->end);

	if (a->amap == b->amap)
		return !a->amap || follows == first;
	if (!owns_amap(a) || !owns_amap(b))
		return false;
	if (!b->amap)
		return true;
	if (!a->amap)
		return take_amap(a, b);
	return b->amap->npages <= MAX_MOVED_PAGES && !amap_move(a->amap, b->amap, first, end, follows - first);
}

void area_merge_up(struct mm_area *a)
{
	struct mm_area *b = area_next(a);

	if (!b || !areas_continue(a, b) || !merge_amaps(a, b))
		return;
	area_take_upper(a, b);
	area_free(b);
}
