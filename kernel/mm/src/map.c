/* kernel/mm/src/map.c: mmap, munmap, mprotect and brk as the kernel means them. */
#include <errno.h>

#include <mm/space.h>

#include "amap.h"
#include "frame_internal.h"
#include "pagetable.h"
#include "space_internal.h"

#define LOW_END (2ull << 30)

void space_release_area(struct mm_area *a)
{
	/* Another area of this space goes on with the amap: our part of it is garbage now. An
	 * amap that other spaces see is theirs to look after. */
	if (a->amap && !a->needs_copy && refcount_read(&a->amap->refs) > 1)
		area_drop_pages(a, a->start, a->end);
	area_free(a);
}

int space_unmap(struct mm_space *s, uint64_t start, uint64_t end)
{
	struct mm_area *a = area_find_overlap(s, start, end);
	int err;

	if (!a)
		return 0;
	err = a->start < start ? area_split_at(s, start) : 0;
	if (!err)
		err = area_split_at(s, end);
	if (err)
		return err;
	/* The entries go while objects can still find them through the areas. */
	pt_unmap_range(s, start, end);
	while ((a = area_find_overlap(s, start, end))) {
		area_remove(a);
		space_release_area(a);
	}
	return 0;
}

static int check_request(const struct mm_space *s, const struct mm_map_request *rq, uint64_t bytes)
{
	bool is_private_data = (rq->prot & MM_WRITE) && !(rq->area_flags & MM_AREA_SHARED);
	uint64_t locked = rq->area_flags & MM_AREA_LOCKED ? bytes : 0;

	if (!rq->bytes || (rq->object_offset & (PAGE_SIZE - 1)))
		return -EINVAL;
	if (!bytes || bytes > USER_TOP || s->nareas >= AREA_MAX)
		return -ENOMEM;
	/* Heuristic overcommit: only what can never be there is refused. */
	if (is_private_data && !(rq->area_flags & MM_AREA_NORESERVE) && bytes >> PAGE_SHIFT > frames_total())
		return -ENOMEM;
	if (locked && s->locked_bytes + locked > s->limits.locked_bytes)
		return -EAGAIN;
	return space_check_limits(s, bytes, is_private_data && !(rq->area_flags & MM_AREA_STACK));
}

/* An address the caller insists on. */
static int place_fixed(struct mm_space *s, const struct mm_map_request *rq, uint64_t bytes, uint64_t *out)
{
	if (rq->address & (PAGE_SIZE - 1))
		return -EINVAL;
	if (!space_range_is_valid(rq->address, bytes))
		return -ENOMEM;
	if (rq->address < s->limits.mmap_min_addr)
		return -EPERM;
	*out = rq->address;
	if ((rq->map_flags & MM_MAP_NOREPLACE) && area_find_overlap(s, rq->address, rq->address + bytes))
		return -EEXIST;
	return space_unmap(s, rq->address, rq->address + bytes);
}

static bool hint_is_free(const struct mm_space *s, uint64_t hint, uint64_t bytes, uint64_t align, uint64_t high)
{
	return hint >= s->limits.mmap_min_addr && !(hint & (align - 1)) && bytes <= high && hint <= high - bytes &&
	       area_find_free(s, bytes, align, hint, hint + bytes) == hint;
}

static int place(struct mm_space *s, const struct mm_map_request *rq, uint64_t bytes, uint64_t *out)
{
	uint64_t align = MAX(rq->align, PAGE_SIZE), low = MAX(s->limits.mmap_min_addr, PAGE_SIZE);
	uint64_t high = rq->map_flags & MM_MAP_LOW32 ? LOW_END : USER_TOP;
	uint64_t hint = ALIGN_UP(rq->address, PAGE_SIZE);

	if (hint && hint_is_free(s, hint, bytes, align, high)) {
		*out = hint;
		return 0;
	}
	if (rq->map_flags & MM_MAP_BOTTOM_UP) {
		*out = area_find_free_low(s, bytes, align, MAX(low, align), high);
		return *out ? 0 : -ENOMEM;
	}
	*out = area_find_free(s, bytes, align, low, MIN(high, s->mmap_base));
	if (!*out && high > s->mmap_base)
		*out = area_find_free(s, bytes, align, s->mmap_base, high);
	return *out ? 0 : -ENOMEM;
}

uint64_t mm_find_free(struct mm_space *s, uint64_t bytes, uint64_t align)
{
	struct mm_map_request rq = { .align = align };
	uint64_t start;
	int err;

	rwlock_read(&s->lock);
	err = place(s, &rq, ALIGN_UP(bytes, PAGE_SIZE), &start);
	rwlock_read_unlock(&s->lock);
	return err ? 0 : start;
}

static struct mm_area *area_make(const struct mm_map_request *rq, uint64_t start, uint64_t bytes)
{
	struct mm_area *a = area_alloc();

	if (!a)
		return NULL;
	a->start = start;
	a->end = start + bytes;
	a->prot = rq->prot;
	a->max_prot = rq->max_prot;
	a->flags = rq->area_flags;
	a->object_offset = rq->object_offset;
	/* Large enough for the area to grow at either end. */
	a->amap_offset = start >> PAGE_SHIFT;
	if (rq->file_bytes && rq->file_bytes < bytes)
		a->file_bytes_end = start + rq->file_bytes;
	a->object = rq->object;
	if (a->object)
		mm_object_get(a->object);
	a->file = rq->file;
	if (a->file)
		mm_area_ops.file_get(a->file);
	return a;
}

/* Merge @a with its neighbours; it may be gone afterwards. */
static void merge_neighbours(struct mm_area *a)
{
	struct mm_area *below = area_prev(a);

	area_merge_up(a);
	if (below)
		area_merge_up(below);
}

/* Whoever seals an object looks for areas like this one, which is in, and we for the seal, both
 * under the object's lock: one of us finds the other. */
static bool is_refused(const struct mm_area *a)
{
	bool refused;

	if (!a->object || !area_may_write_object(a))
		return false;
	spin_lock(&a->object->lock);
	refused = a->object->flags & MM_OBJECT_SEALED_WRITE;
	spin_unlock(&a->object->lock);
	return refused;
}

static int place_as_wanted(struct mm_space *s, const struct mm_map_request *rq, uint64_t bytes, uint64_t *out)
{
	return rq->map_flags & MM_MAP_FIXED ? place_fixed(s, rq, bytes, out) : place(s, rq, bytes, out);
}

static int64_t map_locked(struct mm_space *s, const struct mm_map_request *rq, uint64_t bytes)
{
	struct mm_area *a;
	uint64_t start;
	int err = check_request(s, rq, bytes);

	if (!err)
		err = place_as_wanted(s, rq, bytes, &start);
	if (err)
		return err;
	a = area_make(rq, start, bytes);
	if (!a)
		return -ENOMEM;
	area_insert(s, a);
	if (is_refused(a)) {
		area_remove(a);
		area_free(a);
		return -EPERM;
	}
	merge_neighbours(a);
	return (int64_t)start;
}

int64_t mm_map(struct mm_space *s, const struct mm_map_request *rq)
{
	uint64_t bytes = ALIGN_UP(rq->bytes, PAGE_SIZE);
	int64_t start;

	rwlock_write(&s->lock);
	start = map_locked(s, rq, bytes);
	rwlock_write_unlock(&s->lock);
	/* mmap(2): the call succeeds even if a page cannot be brought in. */
	if (start >= 0 && ((rq->map_flags & MM_MAP_POPULATE) || (rq->area_flags & MM_AREA_LOCKED)))
		space_populate(s, (uint64_t)start, (uint64_t)start + bytes);
	return start;
}

/* Areas of a place that is free, from below upwards. */
struct filling {
	struct mm_space *space;
	struct mm_area *last;	/* NULL: none yet */
};

static int fill(struct filling *f, const struct mm_map_request *rq, uint64_t start, uint64_t end)
{
	struct mm_area *a = start < end ? area_make(rq, start, end - start) : NULL;

	if (start >= end)
		return 0;
	if (!a)
		return -ENOMEM;
	if (f->last)
		area_insert_above(a, f->last);
	else
		area_insert(f->space, a);
	f->last = a;
	return 0;
}

static int fill_parts(struct mm_space *s, const struct mm_map_request *whole, uint64_t base,
		      const struct mm_map_request *parts, uint32_t nparts)
{
	struct filling f = { .space = s };
	uint64_t at = base;
	int err = 0;

	for (uint32_t i = 0; i < nparts && !err; i++) {
		uint64_t start = base + parts[i].address;

		err = fill(&f, whole, at, start);
		at = start + parts[i].bytes;
		if (!err)
			err = fill(&f, &parts[i], start, at);
	}
	return err ? err : fill(&f, whole, at, base + whole->bytes);
}

static int64_t map_parts_locked(struct mm_space *s, const struct mm_map_request *whole, const struct mm_map_request *parts,
				uint32_t nparts)
{
	uint64_t base;
	int err = s->nareas + 2 * nparts < AREA_MAX ? check_request(s, whole, whole->bytes) : -ENOMEM;

	for (uint32_t i = 0; i < nparts && !err; i++)
		err = check_request(s, &parts[i], parts[i].bytes);
	if (!err)
		err = place_as_wanted(s, whole, whole->bytes, &base);
	if (err)
		return err;
	err = fill_parts(s, whole, base, parts, nparts);
	if (err)
		(void)space_unmap(s, base, base + whole->bytes);
	return err ? err : (int64_t)base;
}

int64_t mm_map_parts(struct mm_space *s, const struct mm_map_request *whole, const struct mm_map_request *parts,
		     uint32_t nparts)
{
	int64_t base;

	rwlock_write(&s->lock);
	base = map_parts_locked(s, whole, parts, nparts);
	rwlock_write_unlock(&s->lock);
	return base;
}

int mm_unmap(struct mm_space *s, uint64_t start, uint64_t bytes)
{
	uint64_t len = ALIGN_UP(bytes, PAGE_SIZE);
	int err;

	if (!len || !space_range_is_valid(start, len))
		return -EINVAL;
	rwlock_write(&s->lock);
	err = space_unmap(s, start, start + len);
	rwlock_write_unlock(&s->lock);
	return err;
}

/* How far from @start on the change is possible; *@err says what stops it. */
static uint64_t protect_limit(const struct mm_space *s, uint64_t start, uint64_t end, uint32_t prot, int *err)
{
	const struct mm_area *a = area_find(s, start);

	*err = 0;
	for (; start < end; start = a->end, a = area_next(a)) {
		if (!a || a->start > start)
			*err = -ENOMEM;
		else if (prot & ~a->max_prot)
			*err = -EACCES;
		if (*err)
			return start;
	}
	return end;
}

static void set_prot(struct mm_area *a, uint32_t prot)
{
	struct mm_space *s = a->space;

	if (area_is_data(a))
		s->data_bytes -= area_bytes(a);
	a->prot = prot;
	if (area_is_data(a))
		s->data_bytes += area_bytes(a);
}

static void protect_range(struct mm_space *s, uint64_t start, uint64_t end, uint32_t prot)
{
	struct mm_area *a;
	struct pt_gather g;

	for (a = area_find(s, start); a && a->start < end; a = area_next(a))
		set_prot(a, prot);
	pt_gather_begin(&g, s);
	spin_lock(&s->table_lock);
	if (prot)
		pt_protect(&g, start, end, prot);
	else
		pt_unmap(&g, start, end);
	spin_unlock(&s->table_lock);
	pt_gather_finish(&g);
}

/* Merge what became alike among the areas that touch [start, end]. */
static void merge_range(struct mm_space *s, uint64_t start, uint64_t end)
{
	struct mm_area *a = area_find(s, start ? start - 1 : 0);

	while (a && a->start < end) {
		uint64_t before = a->end;

		area_merge_up(a);
		if (a->end == before)
			a = area_next(a);
	}
}

struct flag_change { uint32_t set, clear; };

static void change_flags(struct mm_space *s, uint64_t start, uint64_t end, const struct flag_change *flags)
{
	struct mm_area *a;

	for (a = area_find(s, start); a && a->start < end; a = area_next(a))
		a->flags = (a->flags & ~flags->clear) | flags->set;
}

/* Does one area say all of it already? */
static bool is_as_wanted(const struct mm_area *a, uint64_t start, uint64_t end, uint32_t prot, const struct flag_change *flags)
{
	return a && a->start <= start && end <= a->end && a->prot == prot && ((a->flags & ~flags->clear) | flags->set) == a->flags;
}

/* As on Linux, what lies before a hole or a refusal is changed. */
static int protect_locked(struct mm_space *s, uint64_t start, uint64_t end, uint32_t prot, const struct flag_change *flags)
{
	int refused, err;

	if (is_as_wanted(area_find(s, start), start, end, prot, flags))
		return 0;
	end = protect_limit(s, start, end, prot, &refused);
	if (start >= end)
		return refused;
	err = area_split_at(s, start);
	if (!err)
		err = area_split_at(s, end);
	if (err)
		return err;
	change_flags(s, start, end, flags);
	protect_range(s, start, end, prot);
	merge_range(s, start, end);
	return refused;
}

int mm_protect(struct mm_space *s, uint64_t start, uint64_t bytes, uint32_t prot)
{
	return mm_protect_flags(s, start, bytes, prot, 0, 0);
}

int mm_protect_flags(struct mm_space *s, uint64_t start, uint64_t bytes, uint32_t prot, uint32_t set, uint32_t clear)
{
	const struct flag_change flags = { set, clear };
	uint64_t end = start + ALIGN_UP(bytes, PAGE_SIZE);
	int err;

	if (start & (PAGE_SIZE - 1))
		return -EINVAL;
	if (!bytes)
		return 0;
	if (!space_range_is_valid(start, end - start) || end <= start)
		return -ENOMEM;
	rwlock_write(&s->lock);
	err = protect_locked(s, start, end, prot, &flags);
	rwlock_write_unlock(&s->lock);
	return err;
}

static bool brk_may_grow(const struct mm_space *s, uint64_t old, uint64_t end, uint64_t address)
{
	uint64_t data = address - s->brk_start + (s->end_data - s->start_data);

	return end > old && end < USER_TOP && data <= s->limits.data_bytes && !area_find_overlap(s, old, end) &&
	       end - old <= frames_total() << PAGE_SHIFT && !space_check_limits(s, end - old, true);
}

static bool brk_grow(struct mm_space *s, uint64_t old, uint64_t end, uint64_t address)
{
	struct mm_map_request rq = { .prot = MM_READ | MM_WRITE, .max_prot = MM_READ | MM_WRITE | MM_EXEC,
				     .area_flags = MM_AREA_HEAP };
	struct mm_area *a;

	if (!brk_may_grow(s, old, end, address))
		return false;
	a = area_make(&rq, old, end - old);
	if (!a)
		return false;
	area_insert(s, a);
	merge_neighbours(a);
	return true;
}

uint64_t mm_brk(struct mm_space *s, uint64_t address)
{
	uint64_t old, end, brk;
	bool done = true;

	rwlock_write(&s->lock);
	old = ALIGN_UP(s->brk, PAGE_SIZE);
	end = ALIGN_UP(address, PAGE_SIZE);
	if (address < s->brk_start || address >= USER_TOP)
		done = false;
	else if (end < old)
		done = !space_unmap(s, end, old);
	else if (end > old)
		done = brk_grow(s, old, end, address);
	if (done)
		s->brk = address;
	brk = s->brk;
	rwlock_write_unlock(&s->lock);
	return brk;
}
