/* kernel/mm/src/fault_private.c: pages of private areas: zeroes, copies, and the object's own while only read. */
#include <errno.h>
#include <string.h>

#include <nucleus/atomic.h>
#include <nucleus/counter.h>

#include "amap.h"
#include "area.h"
#include "fault_internal.h"
#include "frame_internal.h"
#include "pagetable.h"

#define MIN_RUN 4u
#define MAX_AHEAD (AMAP_CHUNK - 1)

static bool is_write(const struct fault *fl)
{
	return fl->access == MM_WRITE;
}

static pte_t flags_read_only(const struct fault *fl)
{
	return pt_flags(fl->area->prot & ~MM_WRITE);
}

static pte_t flags_own(const struct fault *fl)
{
	pte_t flags = pt_flags(fl->area->prot);

	/* The CPU need not come back to note the first write. */
	return flags & PTE_WRITE ? flags | PTE_DIRTY : flags;
}

/* The area's amap, made when there is none. Threads that fault side by side agree on one. */
static struct mm_amap *amap_of(struct mm_area *a)
{
	struct mm_amap *amap = atomic_load(&a->amap), *expected = NULL;

	if (amap)
		return amap;
	amap = amap_create();
	if (!amap || __atomic_compare_exchange_n(&a->amap, &expected, amap, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return amap;
	amap_put(amap);
	return expected;
}

static struct frame *anon_frame(unsigned flags)
{
	struct frame *f = frame_alloc(0, flags);

	if (f) {
		f->flags = FRAME_ANON | FRAME_UPTODATE;
		atomic_add(&frame_counts.anon, 1);
	}
	return f;
}

/* Replace @old, which others use too, by a copy. amap->lock is held. */
static int copy_page(struct fault *fl, struct mm_amap *amap, uint64_t index, struct frame *old)
{
	struct frame *f = anon_frame(0);
	int err;

	if (!f)
		return -ENOMEM;
	mm_copy_page(frame_virt(f), frame_virt(old));
	/* The entry first: once it points elsewhere the old frame may go. */
	err = fault_install(fl, f, flags_own(fl));
	if (err) {
		frame_put(f);
		return err;
	}
	frame_put(amap_replace(amap, index, f));
	counter_inc(COUNTER_PAGE_COW);
	return 0;
}

/* The area has a page of its own. amap->lock is held. */
static int fault_own(struct fault *fl, struct mm_amap *amap, uint64_t index, struct frame *f)
{
	struct mm_area *a = fl->area;

	if (!a->needs_copy && amap_frame_is_exclusive(f))
		return fault_install(fl, f, flags_own(fl));
	if (!is_write(fl))
		return fault_install(fl, f, flags_read_only(fl));
	return a->needs_copy ? FAULT_UNSHARE : copy_page(fl, amap, index, f);
}

/* Zero pages that are worth making with the one at @index: who wrote MIN_RUN pages or more one after
 * the other will go on, and gets as many ahead as are below, within one page table. */
static unsigned pages_ahead(const struct fault *fl, struct mm_amap *amap, uint64_t index)
{
	unsigned run = amap_run_below(amap, index);
	uint64_t end, left;

	if (run < MIN_RUN || frames_are_low())
		return 0;
	end = MIN(fl->area->end, ALIGN_DOWN(fl->address, pte_span(1)) + pte_span(1));
	left = ((end - fl->address) >> PAGE_SHIFT) - 1;
	return left ? amap_run_empty(amap, index + 1, (unsigned)MIN(left, MIN(run, MAX_AHEAD))) : 0;
}

/* Fill up to @npages empty slots of the amap from @index on. Returns: how many. amap->lock is held. */
static unsigned insert_zero_pages(struct mm_amap *amap, uint64_t index, unsigned npages, struct frame **pages)
{
	unsigned n = 0;

	while (n < npages && (pages[n] = anon_frame(FRAME_ZERO | FRAME_NO_RECLAIM)))
		n++;
	if (n && amap_insert_run(amap, index, pages, n)) {
		while (n)
			frame_put(pages[--n]);
	}
	return n;
}

/* The page at fl->address is there now: see to those above it. amap->lock is held. */
static void make_ahead(struct fault *fl, struct mm_amap *amap, uint64_t index)
{
	struct frame *pages[MAX_AHEAD];
	unsigned npages = insert_zero_pages(amap, index + 1, pages_ahead(fl, amap, index), pages);
	pte_t flags = flags_own(fl) & ~PTE_ACCESSED;
	struct mm_space *s = fl->space;
	struct pt_run run = { 0, 0 };
	pte_t *entry;

	if (!npages)
		return;
	spin_lock(&s->table_lock);
	entry = pt_find(s, fl->address);
	/* What is mapped there, a zero page that was only read, the fault of a write replaces. */
	for (unsigned i = 0; entry && i < npages; i++) {
		if (!entry[i + 1])
			pt_run_add(&run, &entry[i + 1], pages[i], flags);
	}
	if (run.nentries)
		pt_run_end_own(&run, s, entry);
	spin_unlock(&s->table_lock);
}

/* Make @f the page, unless another thread was faster. Takes over the reference. */
static int add_own(struct fault *fl, struct frame *f)
{
	struct mm_area *a = fl->area;
	uint64_t index = area_amap_index(a, fl->address);
	struct mm_amap *amap = amap_of(a);
	struct frame *other;
	int err;

	if (!amap) {
		frame_put(f);
		return -ENOMEM;
	}
	mutex_lock(&amap->lock);
	other = amap_lookup(amap, index);
	if (other) {
		frame_put(f);
		err = fault_own(fl, amap, index, other);
	} else if (amap_insert(amap, index, f)) {
		frame_put(f);
		err = -ENOMEM;
	} else {
		err = fault_install(fl, f, flags_own(fl));
		if (!err && !a->object)
			make_ahead(fl, amap, index);
	}
	mutex_unlock(&amap->lock);
	return err;
}

static int fault_zero(struct fault *fl)
{
	struct frame *f;

	if (!is_write(fl))
		return fault_install(fl, zero_frame, flags_read_only(fl));
	if (fl->area->needs_copy)
		return FAULT_UNSHARE;
	f = anon_frame(FRAME_ZERO);
	return f ? add_own(fl, f) : -ENOMEM;
}

/* Bytes of the page that come from the object; the rest reads as zeroes. */
static uint64_t object_bytes_in_page(const struct fault *fl)
{
	uint64_t end = fl->area->file_bytes_end;

	if (!end || end >= fl->address + PAGE_SIZE)
		return PAGE_SIZE;
	return end > fl->address ? end - fl->address : 0;
}

static int copy_object_page(struct fault *fl, uint64_t len)
{
	struct frame *from, *f;
	int err;

	if (fl->area->needs_copy)
		return FAULT_UNSHARE;
	err = fault_object_page(fl, &from);
	if (err)
		return err;
	f = anon_frame(0);
	if (!f) {
		frame_put(from);
		return -ENOMEM;
	}
	if (len == PAGE_SIZE) {
		mm_copy_page(frame_virt(f), frame_virt(from));
	} else {
		memcpy(frame_virt(f), frame_virt(from), len);
		memset((char *)frame_virt(f) + len, 0, PAGE_SIZE - len);
	}
	frame_put(from);
	counter_inc(COUNTER_PAGE_COW);
	return add_own(fl, f);
}

/* No page of its own yet. */
static int fault_below(struct fault *fl)
{
	struct mm_area *a = fl->area;
	struct mm_amap *amap = a->amap;
	uint64_t len;
	int err;

	if (!a->object)
		return fault_zero(fl);
	len = object_bytes_in_page(fl);
	if (!len)
		return fault_zero(fl);
	if (is_write(fl) || len < PAGE_SIZE)
		return copy_object_page(fl, len);
	/* Neighbours with pages of their own are left out. */
	if (amap)
		mutex_lock(&amap->lock);
	err = fault_object(fl);
	if (amap)
		mutex_unlock(&amap->lock);
	return err;
}

static bool is_past_end(const struct fault *fl)
{
	const struct mm_object *obj = fl->area->object;

	return obj && object_bytes_in_page(fl) && (area_object_index(fl->area, fl->address) << PAGE_SHIFT) >= READ_ONCE(obj->size_bytes);
}

int fault_private(struct fault *fl)
{
	struct mm_area *a = fl->area;
	struct mm_amap *amap = atomic_load(&a->amap);
	uint64_t index = area_amap_index(a, fl->address);
	struct frame *f;
	int err;

	if (is_past_end(fl))
		return -EIO;
	if (!amap)
		return fault_below(fl);
	mutex_lock(&amap->lock);
	f = amap_lookup(amap, index);
	err = f ? fault_own(fl, amap, index, f) : 0;
	mutex_unlock(&amap->lock);
	return f ? err : fault_below(fl);
}
