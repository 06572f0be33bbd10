/* kernel/mm/src/object_page.c: finding a page, and bringing it when it is absent.
 *
 * Whoever finds a page absent makes it busy, asks the pager without any lock, and
 * makes it up to date; others wait for the busy page. If the pager is replaced
 * meanwhile its pages have left the tree, and what the old one brought is dropped.
 */
#include <errno.h>
#include <string.h>

#include <mm/object.h>
#include <nucleus/counter.h>
#include <nucleus/fault.h>
#include <sched/thread.h>

#include "object_internal.h"

#define MAX_RUN 64u	/* pages asked for at once */

/* Insert a new frame, waiting for memory. Returns: 0, a reference in *@out; -EEXIST;
 * -EFAULT past the end; -ENOMEM. */
static int page_add(struct mm_object *obj, uint64_t index, unsigned alloc_flags, uint64_t flags, struct frame **out)
{
	struct frame *f = frame_alloc(0, alloc_flags);
	int err;

	if (!f)
		return -ENOMEM;
	for (unsigned attempt = 0;; attempt++) {
		spin_lock(&obj->lock);
		err = index < object_npages(obj) ? object_insert(obj, index, f, flags) : -EFAULT;
		spin_unlock(&obj->lock);
		if (err != -ENOMEM || (alloc_flags & FRAME_NO_RECLAIM) || !frames_wait(0, attempt))
			break;
	}
	if (err) {
		frame_put(f);
		return err;
	}
	*out = f;
	return 0;
}

/* Make busy pages from @index on, until one is there already. Returns: their count, or errno. */
static int run_claim(struct mm_object *obj, uint64_t index, unsigned max, struct frame **run)
{
	unsigned n = 0;
	int err;

	do {
		/* Pages beyond the one that is needed are welcome, not worth waiting for. */
		err = page_add(obj, index + n, n ? FRAME_NO_RECLAIM : 0, FRAME_BUSY, &run[n]);
		if (!err)
			n++;
	} while (!err && n < max);
	return n ? (int)n : err;
}

static void run_complete(struct mm_object *obj, uint32_t generation, struct frame **run, unsigned n, int err)
{
	spin_lock(&obj->lock);
	for (unsigned i = 0; i < n; i++) {
		struct frame *f = run[i];

		if (f->object != obj || obj->generation != generation)
			continue;
		if (err) {
			object_drop(obj, f);
		} else {
			frame_set_flags(f, FRAME_UPTODATE);
			lru_add(f);
		}
		object_page_ready(f, FRAME_BUSY);
	}
	spin_unlock(&obj->lock);
	for (unsigned i = 0; i < n; i++)
		frame_put(run[i]);
}

static int page_in(struct mm_object *obj, uint64_t index, unsigned readahead)
{
	struct frame *run[MAX_RUN];
	uint32_t generation = READ_ONCE(obj->generation);
	int n = run_claim(obj, index, MIN(MAX(readahead, 1u), MAX_RUN), run);
	bool is_injected = fault_should_fail(FAULT_PAGER_IN);
	int err = -EIO;

	if (n < 0)
		return n;
	counter_add(COUNTER_PAGE_IN, (uint64_t)n);
	if (!is_injected)
		err = obj->pager->page_in(obj, index, (uint32_t)n);
	/* The page that is needed may be sound where those behind it are not. */
	if (err == -EIO && n > 1 && !is_injected) {
		run_complete(obj, generation, run + 1, (unsigned)n - 1, err);
		n = 1;
		err = obj->pager->page_in(obj, index, 1);
	}
	run_complete(obj, generation, run, (unsigned)n, err);
	return err;
}

static int page_create(struct mm_object *obj, uint64_t index)
{
	struct frame *f;
	int err = page_add(obj, index, FRAME_ZERO, FRAME_UPTODATE, &f);

	if (!err)
		frame_put(f);
	return err;
}

/* The page in any state, with a reference, or NULL. Returns: 0; -EFAULT past the end. */
static int page_find(struct mm_object *obj, uint64_t index, struct frame **out)
{
	struct frame *f = NULL;
	int err = 0;

	spin_lock(&obj->lock);
	if (index >= object_npages(obj))
		err = -EFAULT;
	else if (obj->flags & MM_OBJECT_PHYSICAL)
		f = object_page(obj, index);
	else
		f = radix_lookup(&obj->pages, index);
	if (f)
		frame_get(f);
	spin_unlock(&obj->lock);
	*out = f;
	return err;
}

/* Returns: -EEXIST: look again. */
static int page_bring(struct mm_object *obj, uint64_t index, unsigned flags, unsigned readahead, struct frame **out)
{
	*out = NULL;
	if (!obj->pager)
		return page_create(obj, index);
	if (flags & MM_PAGE_OVERWRITE)
		return page_add(obj, index, FRAME_ZERO, FRAME_BUSY | FRAME_OVERWRITE, out);
	return page_in(obj, index, readahead);
}

int mm_object_page_get(struct mm_object *obj, uint64_t index, unsigned flags, unsigned readahead, struct frame **out)
{
	for (;;) {
		struct frame *f;
		int err = page_find(obj, index, &f);

		if (err)
			return err;
		if (f && !(f->flags & FRAME_BUSY)) {
			if (!(f->flags & FRAME_REFERENCED))
				frame_set_flags(f, FRAME_REFERENCED);
			*out = f;
			return 0;
		}
		if (f) {
			err = object_page_wait(f, FRAME_BUSY, INTERRUPT_FATAL);
			frame_put(f);
		} else if (!obj->pager && !(flags & (MM_PAGE_CREATE | MM_PAGE_OVERWRITE))) {
			*out = NULL;
			return 0;
		} else {
			err = page_bring(obj, index, flags, readahead, out);
			if (!err && *out)
				return 0;
		}
		if (err && err != -EEXIST)
			return err;
	}
}

int64_t mm_object_read(struct mm_object *obj, uint64_t offset, void *buf, size_t len)
{
	uint64_t size = READ_ONCE(obj->size_bytes);
	size_t done = 0;

	if (offset >= size)
		return 0;
	len = MIN(len, size - offset);
	while (done < len) {
		uint64_t at = offset + done;
		size_t in_page = at & (PAGE_SIZE - 1), n = MIN(len - done, PAGE_SIZE - in_page);
		struct frame *f;
		int err = mm_object_page_get(obj, at >> PAGE_SHIFT, 0, (unsigned)MIN((len - done) >> PAGE_SHIFT, MAX_RUN), &f);

		if (err)
			return done ? (int64_t)done : err;
		if (f) {
			memcpy((char *)buf + done, (char *)frame_virt(f) + in_page, n);
			frame_put(f);
		} else {
			memset((char *)buf + done, 0, n);
		}
		done += n;
	}
	return (int64_t)done;
}

uint64_t mm_object_next_data(struct mm_object *obj, uint64_t index)
{
	void *found;

	/* What a pager has, the kernel need not hold: for it everything is data. */
	if (obj->pager || (obj->flags & MM_OBJECT_PHYSICAL))
		return index < object_npages(obj) ? index : ~0ull;
	spin_lock(&obj->lock);
	found = radix_next(&obj->pages, &index);
	spin_unlock(&obj->lock);
	return found ? index : ~0ull;
}

uint64_t mm_object_next_hole(struct mm_object *obj, uint64_t index)
{
	uint64_t npages = object_npages(obj);

	if (obj->pager || (obj->flags & MM_OBJECT_PHYSICAL))
		return MAX(index, npages);
	spin_lock(&obj->lock);
	while (index < npages && radix_lookup(&obj->pages, index))
		index++;
	spin_unlock(&obj->lock);
	return index;
}
