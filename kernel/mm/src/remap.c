/* kernel/mm/src/remap.c: mremap(2): shrink, grow in place, or move an area with its pages. */
#include <errno.h>

#include <mm/space.h>

#include "amap.h"
#include "pagetable.h"
#include "space_internal.h"

#define MREMAP_MAYMOVE 1u
#define MREMAP_FIXED 2u
#define MREMAP_DONTUNMAP 4u

struct remap {
	struct mm_space *space;
	uint64_t old, old_bytes, new_bytes;
	uint32_t flags;
	uint64_t new_address;	/* MREMAP_FIXED */
};

static int check(const struct remap *r)
{
	if ((r->flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP)) || (r->old & (PAGE_SIZE - 1)) || !r->new_bytes)
		return -EINVAL;
	if (!space_range_is_valid(r->old, r->old_bytes) || r->new_bytes > USER_TOP)
		return -EINVAL;
	if ((r->flags & MREMAP_DONTUNMAP) && (!(r->flags & MREMAP_MAYMOVE) || r->old_bytes != r->new_bytes))
		return -EINVAL;
	if (!(r->flags & MREMAP_FIXED))
		return 0;
	if (!(r->flags & MREMAP_MAYMOVE) || !space_range_is_valid(r->new_address, r->new_bytes))
		return -EINVAL;
	if (r->new_address < r->old + r->old_bytes && r->old < r->new_address + r->new_bytes)
		return -EINVAL;
	return r->new_address < r->space->limits.mmap_min_addr ? -EPERM : 0;
}

static int check_growth(const struct remap *r, const struct mm_area *a)
{
	uint64_t grown = r->new_bytes - r->old_bytes;

	if (r->new_bytes <= r->old_bytes)
		return 0;
	if ((a->flags & MM_AREA_LOCKED) && r->space->locked_bytes + grown > r->space->limits.locked_bytes)
		return -EAGAIN;
	return space_check_limits(r->space, grown, area_is_data(a));
}

static bool can_grow_in_place(const struct remap *r, const struct mm_area *a)
{
	uint64_t end = r->old + r->new_bytes;

	return a->end == r->old + r->old_bytes && end <= USER_TOP && !area_find_overlap(r->space, a->end, end);
}

/* A free place for the area, other than where it is. */
static int find_place(const struct remap *r, uint64_t *out)
{
	struct mm_space *s = r->space;

	if (r->flags & MREMAP_FIXED) {
		*out = r->new_address;
		return space_unmap(s, r->new_address, r->new_address + r->new_bytes);
	}
	*out = area_find_free(s, r->new_bytes, PAGE_SIZE, s->limits.mmap_min_addr, s->mmap_base);
	if (!*out)
		*out = area_find_free(s, r->new_bytes, PAGE_SIZE, s->mmap_base, USER_TOP);
	return *out ? 0 : -ENOMEM;
}

/* Make [old, old + old_bytes) an area of its own whose amap nobody else uses. */
static int isolate(const struct remap *r, struct mm_area **out)
{
	int err = area_split_at(r->space, r->old);

	if (!err)
		err = area_split_at(r->space, r->old + r->old_bytes);
	if (err)
		return err;
	*out = area_find(r->space, r->old);
	return area_own_amap(*out);
}

/* MREMAP_DONTUNMAP: an area like @a without its pages, to stay where @a was. */
static int leave_behind(const struct remap *r, const struct mm_area *a, struct mm_area **out)
{
	*out = NULL;
	if (!(r->flags & MREMAP_DONTUNMAP))
		return 0;
	if (r->space->nareas >= AREA_MAX || space_check_limits(r->space, r->old_bytes, area_is_data(a)))
		return -ENOMEM;
	*out = area_clone(a);
	if (!*out)
		return -ENOMEM;
	amap_put((*out)->amap);
	(*out)->amap = NULL;
	(*out)->needs_copy = false;
	(*out)->flags &= ~MM_AREA_LOCKED;
	return 0;
}

static int64_t move(const struct remap *r)
{
	struct mm_area *a, *left = NULL;
	uint64_t to;
	int err = isolate(r, &a);

	if (!err)
		err = leave_behind(r, a, &left);
	if (!err)
		err = find_place(r, &to);
	if (err) {
		if (left)
			area_free(left);
		return err;
	}
	pt_unmap_range(r->space, a->start, a->end);
	area_remove(a);
	/* The area keeps its amap index, and the pages with it. */
	if (a->file_bytes_end)
		a->file_bytes_end += to - a->start;
	a->start = to;
	a->end = to + r->new_bytes;
	area_insert(r->space, a);
	if (left)
		area_insert(r->space, left);
	return (int64_t)to;
}

/* Old size zero: a second mapping of the same shared object (man 2 mremap). */
static int64_t duplicate(const struct remap *r, const struct mm_area *a)
{
	struct mm_area *copy;
	uint64_t to;
	int err;

	if (!(a->flags & MM_AREA_SHARED) || !(r->flags & MREMAP_MAYMOVE))
		return -EINVAL;
	err = find_place(r, &to);
	if (err)
		return err;
	copy = area_clone(a);
	if (!copy)
		return -ENOMEM;
	copy->object_offset += r->old - a->start;
	copy->start = to;
	copy->end = to + r->new_bytes;
	area_insert(r->space, copy);
	return (int64_t)to;
}

static struct mm_area *old_area(const struct remap *r)
{
	struct mm_area *a = area_find(r->space, r->old);

	return a && a->start <= r->old ? a : NULL;
}

static int shrink(struct remap *r)
{
	int err = 0;

	if (r->old_bytes && r->new_bytes < r->old_bytes) {
		err = space_unmap(r->space, r->old + r->new_bytes, r->old + r->old_bytes);
		r->old_bytes = r->new_bytes;
	}
	return err;
}

static int64_t remap_locked(struct remap *r)
{
	struct mm_area *a;
	int err;

	if (!old_area(r))
		return -EFAULT;
	/* As on Linux, what is cut off goes whatever comes of the rest. */
	err = shrink(r);
	if (err)
		return err;
	if (!(r->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) && r->new_bytes == r->old_bytes)
		return (int64_t)r->old;
	a = old_area(r);
	if (!a || r->old + r->old_bytes > a->end)
		return -EFAULT;
	err = check_growth(r, a);
	if (err)
		return err;
	if (!r->old_bytes)
		return duplicate(r, a);
	if (r->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP))
		return move(r);
	if (can_grow_in_place(r, a)) {
		err = area_own_amap(a);
		if (!err)
			area_resize(a, a->start, r->old + r->new_bytes);
		return err ? err : (int64_t)r->old;
	}
	return r->flags & MREMAP_MAYMOVE ? move(r) : -ENOMEM;
}

int64_t mm_remap(struct mm_space *s, uint64_t old, uint64_t old_bytes, uint64_t new_bytes, uint32_t flags,
		 uint64_t new_address)
{
	struct remap r = { s, old, ALIGN_UP(old_bytes, PAGE_SIZE), ALIGN_UP(new_bytes, PAGE_SIZE), flags, new_address };
	int64_t result;
	int err = check(&r);

	if (err)
		return err;
	rwlock_write(&s->lock);
	result = remap_locked(&r);
	rwlock_write_unlock(&s->lock);
	return result;
}
