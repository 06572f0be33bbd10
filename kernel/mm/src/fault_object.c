/* kernel/mm/src/fault_object.c: mapping pages of memory objects.
 *
 * An entry is set with obj->lock held, after looking that the page is still in the
 * object: whoever takes it out clears the entries under the same lock.
 */
#include <errno.h>

#include "amap.h"
#include "area.h"
#include "fault_internal.h"
#include "object_internal.h"
#include "pagetable.h"
#include "shootdown.h"

#define AROUND_PAGES 32u

static int ask_for(struct fault *fl, struct mm_object *obj, uint64_t index, int what)
{
	mm_object_get(obj);
	fl->object = obj;
	fl->index = index;
	return what;
}

static int absent(struct fault *fl, struct mm_object *obj, uint64_t index)
{
	return index >= object_npages(obj) ? -EIO : ask_for(fl, obj, index, FAULT_BRING);
}

/* Is this the first write to a clean page, for which nobody has asked the pager yet? obj->lock is held. */
static bool needs_room(const struct fault *fl, const struct mm_object *obj, uint64_t index, const struct frame *f)
{
	if (fl->access != MM_WRITE || !(fl->area->flags & MM_AREA_SHARED) || !obj->pager || !obj->pager->reserve)
		return false;
	return !(f->flags & FRAME_DIRTY) && (fl->reserved != obj || fl->reserved_index != index);
}

int fault_object_page(struct fault *fl, struct frame **out)
{
	struct mm_object *obj = fl->area->object;
	uint64_t index = area_object_index(fl->area, fl->address);
	int err = 0;

	spin_lock(&obj->lock);
	*out = object_page(obj, index);
	if (*out)
		frame_get(*out);
	else
		err = absent(fl, obj, index);
	spin_unlock(&obj->lock);
	return err;
}

/* A shared mapping may write a pager's page only while it is dirty, so that the first
 * write to a clean one is seen. @f: the page, or NULL for any. obj->lock is held. */
static pte_t entry_flags(const struct fault *fl, const struct frame *f)
{
	const struct mm_area *a = fl->area;
	uint32_t prot = a->prot;

	if (!(a->flags & MM_AREA_SHARED) || (a->object->pager && !(f && (f->flags & FRAME_DIRTY))))
		prot &= ~MM_WRITE;
	return pt_flags(prot) | (a->object->flags & MM_OBJECT_COMBINING ? PTE_WRITE_COMBINING : 0);
}

static void note_use(struct fault *fl, struct mm_object *obj, struct frame *f)
{
	if (!(f->flags & FRAME_REFERENCED))
		frame_set_flags(f, FRAME_REFERENCED);
	if (fl->access != MM_WRITE || !obj->pager || (f->flags & FRAME_DIRTY))
		return;
	object_dirty(obj, f, 0, PAGE_SIZE);
	if (!fl->dirtied) {
		mm_object_get(obj);
		fl->dirtied = obj;
	}
}

/* The window of pages around the address that lies in the area, whole pages of the object only. */
static void around_window(const struct fault *fl, uint64_t *start, uint64_t *end)
{
	const struct mm_area *a = fl->area;
	uint64_t bytes = AROUND_PAGES * PAGE_SIZE;

	*start = MAX(ALIGN_DOWN(fl->address, bytes), a->start);
	*end = MIN(ALIGN_DOWN(fl->address, bytes) + bytes, a->end);
	if (a->file_bytes_end)
		*end = MIN(*end, ALIGN_DOWN(a->file_bytes_end, PAGE_SIZE));
}

/* Set the absent ones of @n entries from @entry on, but for pages of the process's own. */
static void map_pages(struct fault *fl, struct frame **pages, unsigned n, pte_t *entry, uint64_t start)
{
	struct mm_area *a = fl->area;
	pte_t flags = entry_flags(fl, NULL) & ~PTE_ACCESSED;
	struct pt_run run = { 0, 0 };

	for (unsigned i = 0; i < n; i++) {
		if (!pages[i] || entry[i])
			continue;
		if (!a->amap || !amap_lookup(a->amap, area_amap_index(a, start + i * PAGE_SIZE)))
			pt_run_add(&run, &entry[i], pages[i], flags);
	}
	if (run.nentries)
		pt_run_end(&run, fl->space, entry);
}

/* obj->lock and table_lock are held; @entry is that of the faulting page. */
static void map_around(struct fault *fl, struct mm_object *obj, pte_t *entry)
{
	struct frame *pages[AROUND_PAGES];
	uint64_t start, end;

	around_window(fl, &start, &end);
	entry -= (fl->address - start) >> PAGE_SHIFT;
	while (start < end) {
		unsigned max = (unsigned)((end - start) >> PAGE_SHIFT);
		unsigned n = object_pages(obj, area_object_index(fl->area, start), max, pages);

		if (!n)
			return;
		map_pages(fl, pages, n, entry, start);
		entry += n;
		start += n * PAGE_SIZE;
	}
}

/* obj->lock is held. */
static int map_page(struct fault *fl, struct mm_object *obj, struct frame *f, bool *replaced)
{
	struct mm_space *s = fl->space;
	pte_t *entry;

	note_use(fl, obj, f);
	spin_lock(&s->table_lock);
	entry = pt_find_or_make(s, fl->address);
	if (entry) {
		*replaced = pt_set(s, entry, f, entry_flags(fl, f));
		if (fl->access != MM_WRITE)
			map_around(fl, obj, entry);
	}
	spin_unlock(&s->table_lock);
	return entry ? 0 : FAULT_MEMORY;
}

int fault_object(struct fault *fl)
{
	struct mm_object *obj = fl->area->object;
	uint64_t index = area_object_index(fl->area, fl->address);
	bool replaced = false;
	struct frame *f;
	int err;

	spin_lock(&obj->lock);
	f = object_page(obj, index);
	if (!f)
		err = absent(fl, obj, index);
	else if (needs_room(fl, obj, index, f))
		err = ask_for(fl, obj, index, FAULT_RESERVE);
	else
		err = map_page(fl, obj, f, &replaced);
	spin_unlock(&obj->lock);
	if (replaced)
		tlb_flush(fl->space, fl->address, fl->address + PAGE_SIZE);
	return err;
}
