/* kernel/mm/src/lock_range.c: mlock(2), msync(2), mincore(2). */
#include <errno.h>
#include <linux/mman.h>
#include <string.h>

#include <mm/space.h>

#include "amap.h"
#include "space_internal.h"

static uint64_t unlocked_bytes(const struct mm_space *s, uint64_t start, uint64_t end)
{
	uint64_t n = 0;

	for (const struct mm_area *a = area_find(s, start); a && a->start < end; a = area_next(a)) {
		if (!(a->flags & MM_AREA_LOCKED))
			n += MIN(a->end, end) - MAX(a->start, start);
	}
	return n;
}

/* Is every page of [start, end) in some area? */
static bool is_covered(const struct mm_space *s, uint64_t start, uint64_t end)
{
	const struct mm_area *a = area_find(s, start);

	for (; a && a->start <= start; a = area_next(a)) {
		start = a->end;
		if (start >= end)
			return true;
	}
	return false;
}

static void set_locked(struct mm_area *a, bool lock)
{
	if (!!(a->flags & MM_AREA_LOCKED) == lock)
		return;
	a->flags ^= MM_AREA_LOCKED;
	a->space->locked_bytes += lock ? area_bytes(a) : -area_bytes(a);
}

static int lock_areas(struct mm_space *s, uint64_t start, uint64_t end, bool lock)
{
	struct mm_area *a;
	int err;

	if (!is_covered(s, start, end))
		return -ENOMEM;
	if (lock && s->locked_bytes + unlocked_bytes(s, start, end) > s->limits.locked_bytes)
		return s->limits.locked_bytes ? -ENOMEM : -EPERM;
	err = area_split_at(s, start);
	if (!err)
		err = area_split_at(s, end);
	if (err)
		return err;
	for (a = area_find(s, start); a && a->start < end; a = area_next(a))
		set_locked(a, lock);
	return 0;
}

int mm_lock_range(struct mm_space *s, uint64_t start, uint64_t bytes, bool lock)
{
	uint64_t end = ALIGN_UP(start + bytes, PAGE_SIZE);
	int err;

	start = ALIGN_DOWN(start, PAGE_SIZE);
	if (end < start)
		return -EINVAL;
	if (start == end)
		return 0;
	if (!space_range_is_valid(start, end - start))
		return -ENOMEM;
	rwlock_write(&s->lock);
	err = lock_areas(s, start, end, lock);
	rwlock_write_unlock(&s->lock);
	if (!err && lock)
		err = space_populate(s, start, end) ? -ENOMEM : 0;
	return err;
}

/* The shared object behind the area at *@start, with a reference and the bytes of it
 * that lie in the range; *@start moves past the area. NULL: nothing to write back. */
static struct mm_object *sync_next(struct mm_space *s, uint64_t *start, uint64_t end, uint64_t *offset, uint64_t *len,
				   bool *has_hole)
{
	struct mm_object *obj = NULL;
	struct mm_area *a;

	rwlock_read(&s->lock);
	a = area_find_overlap(s, *start, end);
	if (!a || a->start > *start)
		*has_hole = true;
	if (!a) {
		*start = end;
	} else {
		uint64_t from = MAX(a->start, *start);

		*start = MIN(a->end, end);
		if (a->object && (a->flags & MM_AREA_SHARED)) {
			obj = a->object;
			mm_object_get(obj);
			*offset = a->object_offset + (from - a->start);
			*len = *start - from;
		}
	}
	rwlock_read_unlock(&s->lock);
	return obj;
}

int mm_sync_range(struct mm_space *s, uint64_t start, uint64_t bytes, int flags)
{
	uint64_t end = start + ALIGN_UP(bytes, PAGE_SIZE), offset, len;
	bool has_hole = false;
	int err = 0;

	if ((start & (PAGE_SIZE - 1)) || (flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC)) ||
	    (flags & (MS_ASYNC | MS_SYNC)) == (MS_ASYNC | MS_SYNC))
		return -EINVAL;
	if (end < start)
		return -ENOMEM;
	while (start < end && !err) {
		struct mm_object *obj = sync_next(s, &start, end, &offset, &len, &has_hole);

		/* MS_ASYNC: write-back by age does it. */
		if (obj && (flags & MS_SYNC))
			err = mm_object_sync(obj, offset, len);
		mm_object_put(obj);
	}
	return !err && has_hole ? -ENOMEM : err;
}

static bool page_is_resident(const struct mm_area *a, uint64_t address)
{
	struct frame *f = NULL;

	if (a->amap) {
		mutex_lock(&a->amap->lock);
		f = amap_lookup(a->amap, area_amap_index(a, address));
		mutex_unlock(&a->amap->lock);
		if (f)
			return true;
	}
	if (a->object)
		f = mm_object_page_lookup(a->object, area_object_index(a, address));
	if (f)
		frame_put(f);
	return f;
}

int mm_resident(struct mm_space *s, uint64_t start, uint64_t bytes, uint8_t *vec)
{
	uint64_t end = start + ALIGN_UP(bytes, PAGE_SIZE);
	int err = 0;

	if (start & (PAGE_SIZE - 1))
		return -EINVAL;
	if (end < start || !space_range_is_valid(start, end - start))
		return -ENOMEM;
	rwlock_read(&s->lock);
	for (uint64_t at = start; at < end && !err; at += PAGE_SIZE) {
		const struct mm_area *a = area_find(s, at);

		if (!a || a->start > at)
			err = -ENOMEM;
		else
			*vec++ = page_is_resident(a, at);
	}
	rwlock_read_unlock(&s->lock);
	return err;
}
