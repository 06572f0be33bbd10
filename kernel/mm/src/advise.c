/* kernel/mm/src/advise.c: madvise(2), as far as advice changes anything. */
#include <errno.h>
#include <linux/mman.h>

#include <mm/space.h>

#include "amap.h"
#include "pagetable.h"
#include "space_internal.h"

/* Give the private pages of [start, end) up; the next touch finds zeroes or the object. */
static int drop_pages(struct mm_area *a, uint64_t start, uint64_t end, bool even_locked)
{
	int err;

	if ((a->flags & MM_AREA_LOCKED) && !even_locked)
		return -EINVAL;
	err = area_unshare(a);
	if (err)
		return err;
	pt_unmap_range(a->space, start, end);
	area_drop_pages(a, start, end);
	return 0;
}

void space_drop_private(struct mm_space *s, uint64_t address, const struct mm_object *obj, uint64_t first)
{
	struct mm_area *a;

	rwlock_write(&s->lock);
	a = area_find(s, address);
	if (a && a->start <= address && a->object == obj && !(a->flags & MM_AREA_SHARED)) {
		uint64_t index = area_object_index(a, a->start);
		uint64_t start = a->start + (first > index ? (first - index) << PAGE_SHIFT : 0);

		/* Without memory for an amap of its own it keeps what it shares with another process. */
		if (start < a->end)
			drop_pages(a, start, a->end, true);
	}
	rwlock_write_unlock(&s->lock);
}

static int remove_object_pages(struct mm_area *a, uint64_t start, uint64_t end)
{
	if (!a->object || a->object->pager || !(a->flags & MM_AREA_SHARED) || !(a->prot & MM_WRITE))
		return -EINVAL;
	mm_object_punch(a->object, area_object_index(a, start), area_object_index(a, end) - 1);
	return 0;
}

static bool is_private_anonymous(const struct mm_area *a)
{
	return !a->object && !(a->flags & MM_AREA_SHARED);
}

static int set_flag(struct mm_area *a, uint64_t start, uint64_t end, uint32_t set, uint32_t clear)
{
	struct mm_area *upper;
	int err = 0;

	if (((a->flags & ~clear) | set) == a->flags)
		return 0;
	if (a->end > end)
		err = area_split(a, end, &upper);
	if (!err && a->start < start) {
		err = area_split(a, start, &upper);
		a = upper;
	}
	if (!err)
		a->flags = (a->flags & ~clear) | set;
	return err;
}

/* One area's part [start, end) of the range. */
static int advise_area(struct mm_area *a, uint64_t start, uint64_t end, int advice)
{
	switch (advice) {
	case MADV_DONTNEED:
		return drop_pages(a, start, end, false);
	case MADV_DONTNEED_LOCKED:
		return drop_pages(a, start, end, true);
	case MADV_FREE:
		return is_private_anonymous(a) ? drop_pages(a, start, end, false) : -EINVAL;
	case MADV_REMOVE:
		return remove_object_pages(a, start, end);
	case MADV_DONTFORK:
		return set_flag(a, start, end, MM_AREA_DONTFORK, 0);
	case MADV_DOFORK:
		return set_flag(a, start, end, 0, MM_AREA_DONTFORK);
	case MADV_WIPEONFORK:
		return is_private_anonymous(a) ? set_flag(a, start, end, MM_AREA_WIPEONFORK, 0) : -EINVAL;
	case MADV_KEEPONFORK:
		return set_flag(a, start, end, 0, MM_AREA_WIPEONFORK);
	default:
		/* About when to read ahead or what to evict: nothing that a program could see. */
		return 0;
	}
}

static bool is_known(int advice)
{
	switch (advice) {
	case MADV_NORMAL:
	case MADV_RANDOM:
	case MADV_SEQUENTIAL:
	case MADV_WILLNEED:
	case MADV_DONTNEED:
	case MADV_FREE:
	case MADV_REMOVE:
	case MADV_DONTFORK:
	case MADV_DOFORK:
	case MADV_DONTDUMP:
	case MADV_DODUMP:
	case MADV_WIPEONFORK:
	case MADV_KEEPONFORK:
	case MADV_COLD:
	case MADV_PAGEOUT:
	case MADV_POPULATE_READ:
	case MADV_POPULATE_WRITE:
	case MADV_HUGEPAGE:
	case MADV_NOHUGEPAGE:
	case MADV_MERGEABLE:
	case MADV_UNMERGEABLE:
	case MADV_DONTNEED_LOCKED:
		return true;
	}
	return false;
}

static int advise_locked(struct mm_space *s, uint64_t start, uint64_t end, int advice)
{
	bool has_hole = false;
	int err = 0;

	while (start < end && !err) {
		struct mm_area *a = area_find(s, start);
		uint64_t to;

		if (!a || a->start >= end) {
			has_hole = true;
			break;
		}
		if (a->start > start)
			has_hole = true;
		start = MAX(start, a->start);
		to = MIN(end, a->end);
		err = advise_area(a, start, to, advice);
		start = to;
	}
	/* madvise(2): what is mapped is done, the hole is reported. */
	return !err && has_hole ? -ENOMEM : err;
}

int mm_advise(struct mm_space *s, uint64_t start, uint64_t bytes, int advice)
{
	uint64_t len = ALIGN_UP(bytes, PAGE_SIZE);
	int err;

	if (!is_known(advice) || (start & (PAGE_SIZE - 1)) || len < bytes)
		return -EINVAL;
	if (!len)
		return 0;
	if (!space_range_is_valid(start, len))
		return -ENOMEM;
	rwlock_write(&s->lock);
	err = advise_locked(s, start, start + len, advice);
	rwlock_write_unlock(&s->lock);
	if (!err && (advice == MADV_POPULATE_READ || advice == MADV_POPULATE_WRITE))
		err = space_populate(s, start, start + len);
	return err;
}
