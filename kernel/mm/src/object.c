/* kernel/mm/src/object.c: life of memory objects, and their tree of pages.
 *
 * Locking: obj->lock (OBJECT) guards pages, flags of pages, areas, counts.
 */
#include <errno.h>
#include <string.h>

#include <mm/heap.h>
#include <mm/object.h>
#include <sched/wait.h>

#include "object_internal.h"

#define PAGE_QUEUES 64u

HEAP_CACHE(object_cache, "memory-object", sizeof(struct mm_object));
HEAP_CACHE(tree_cache, "page-tree-node", 544);

static void *tree_alloc(void *ctx, size_t bytes)
{
	ASSERT(bytes <= tree_cache.size);
	return heap_cache_alloc(&tree_cache, HEAP_ATOMIC | HEAP_NOZERO);
}

static void tree_free(void *ctx, void *p)
{
	heap_cache_free(&tree_cache, p);
}

static const struct ds_alloc_ops tree_alloc_ops = { tree_alloc, tree_free };

/* Waiters for busy pages, by frame. Set up by the first object. */
static struct wait_queue page_queues[PAGE_QUEUES];
static bool page_queues_ready;

static struct wait_queue *page_queue(const struct frame *f)
{
	return &page_queues[frame_number(f) % PAGE_QUEUES];
}

static void page_queues_init(void)
{
	/* The first object is made at boot by the one CPU that runs. */
	if (page_queues_ready)
		return;
	for (unsigned i = 0; i < PAGE_QUEUES; i++)
		waitq_init(&page_queues[i]);
	page_queues_ready = true;
}

void mm_object_init(struct mm_object *obj, uint64_t size_bytes, const struct mm_pager_ops *pager, void *context)
{
	page_queues_init();
	memset(obj, 0, sizeof(*obj));
	refcount_set(&obj->refs, 1);
	spin_init(&obj->lock, LOCK_OBJECT);
	radix_init(&obj->pages, &tree_alloc_ops, NULL);
	obj->size_bytes = size_bytes;
	obj->pager = pager;
	obj->pager_context = context;
	list_init(&obj->dirty_node);
}

int mm_object_create(uint64_t size_bytes, unsigned flags, struct mm_object **out)
{
	struct mm_object *obj = heap_cache_alloc(&object_cache, 0);

	if (!obj)
		return -ENOMEM;
	mm_object_init(obj, size_bytes, NULL, NULL);
	obj->flags = flags | MM_OBJECT_OWN;
	*out = obj;
	return 0;
}

int mm_object_create_physical(uint64_t phys, uint64_t size_bytes, struct mm_object **out)
{
	int err = mm_object_create(size_bytes, MM_OBJECT_WIRED | MM_OBJECT_PHYSICAL, out);

	if (!err)
		(*out)->phys = phys;
	return err;
}

int mm_object_create_framebuffer(struct mm_object **out)
{
	uint64_t start = mm_framebuffer_start, end = mm_framebuffer_end;
	int err = end ? mm_object_create_physical(start, end - start, out) : -ENODEV;

	if (!err)
		(*out)->flags |= MM_OBJECT_COMBINING;
	return err;
}

void mm_object_get(struct mm_object *obj)
{
	refcount_get(&obj->refs);
}

void mm_object_put(struct mm_object *obj)
{
	if (!obj || !refcount_put(&obj->refs))
		return;
	mm_object_destroy_pages(obj);
	if (obj->pager && obj->pager->release)
		obj->pager->release(obj);
	else if (obj->flags & MM_OBJECT_OWN)
		heap_cache_free(&object_cache, obj);
}

static bool is_shmem(const struct mm_object *obj)
{
	return obj->flags & MM_OBJECT_SHMEM;
}

static struct frame *if_up_to_date(struct frame *f)
{
	return f && (f->flags & (FRAME_UPTODATE | FRAME_BUSY)) == FRAME_UPTODATE ? f : NULL;
}

struct frame *object_page(struct mm_object *obj, uint64_t index)
{
	if (index >= object_npages(obj))
		return NULL;
	if (obj->flags & MM_OBJECT_PHYSICAL)
		return phys_to_frame(obj->phys + (index << PAGE_SHIFT));
	return if_up_to_date(radix_lookup(&obj->pages, index));
}

unsigned object_pages(struct mm_object *obj, uint64_t index, unsigned max, struct frame **out)
{
	uint64_t npages = object_npages(obj);
	void *const *slots;
	unsigned n;

	if (index >= npages)
		return 0;
	max = (unsigned)MIN(max, npages - index);
	if (obj->flags & MM_OBJECT_PHYSICAL) {
		for (n = 0; n < max; n++)
			out[n] = phys_to_frame(obj->phys + ((index + n) << PAGE_SHIFT));
		return max;
	}
	slots = radix_slots(&obj->pages, index, &n);
	n = MIN(n, max);
	for (unsigned i = 0; i < n; i++)
		out[i] = slots ? if_up_to_date(slots[i]) : NULL;
	return n;
}

struct frame *mm_object_page_lookup(struct mm_object *obj, uint64_t index)
{
	struct frame *f;

	spin_lock(&obj->lock);
	f = object_page(obj, index);
	if (f)
		frame_get(f);
	spin_unlock(&obj->lock);
	if (f && !(f->flags & FRAME_REFERENCED))
		frame_set_flags(f, FRAME_REFERENCED);
	return f;
}

struct frame *mm_object_page_for_io(struct mm_object *obj, uint64_t index)
{
	struct frame *f;

	if (obj->flags & MM_OBJECT_PHYSICAL)
		return NULL;
	spin_lock(&obj->lock);
	f = radix_lookup(&obj->pages, index);
	if (f && ((f->flags & FRAME_WRITEBACK) || (f->flags & (FRAME_BUSY | FRAME_OVERWRITE)) == FRAME_BUSY))
		frame_get(f);
	else
		f = NULL;
	spin_unlock(&obj->lock);
	return f;
}

int object_insert(struct mm_object *obj, uint64_t index, struct frame *f, uint64_t flags)
{
	int err = radix_insert(&obj->pages, index, f);

	if (err)
		return err;
	frame_get(f);
	f->object = obj;
	f->index = index;
	f->flags = flags;
	obj->npages++;
	if (obj->pager)
		atomic_add(&frame_counts.cached, 1);
	else if (is_shmem(obj))
		atomic_add(&frame_counts.shmem, 1);
	return 0;
}

void object_drop(struct mm_object *obj, struct frame *f)
{
	radix_remove(&obj->pages, f->index);
	object_clean(obj, f);
	if (f->flags & FRAME_ON_LRU)
		lru_remove(f);
	f->object = NULL;
	obj->npages--;
	if (obj->pager)
		atomic_sub(&frame_counts.cached, 1);
	else if (is_shmem(obj))
		atomic_sub(&frame_counts.shmem, 1);
	frame_put(f);
}

void object_dirty_again(struct mm_object *obj, struct frame *f)
{
	if (f->flags & FRAME_DIRTY)
		return;
	frame_set_flags(f, FRAME_DIRTY);
	radix_tag_set(&obj->pages, f->index);
	atomic_add(&frame_counts.dirty, 1);
	if (obj->ndirty++ == 0)
		writeback_object_dirty(obj);
}

void object_dirty(struct mm_object *obj, struct frame *f, unsigned from, unsigned to)
{
	bool has_range = f->flags & (FRAME_DIRTY | FRAME_WRITEBACK);

	/* While an older range goes out it is kept, for the case that the pager dies. */
	f->dirty_from = (uint16_t)(has_range ? MIN(f->dirty_from, from) : from);
	f->dirty_to = (uint16_t)(has_range ? MAX(f->dirty_to, to) : to);
	if (f->flags & FRAME_DIRTY)
		return;
	object_dirty_again(obj, f);
	if (obj->pager->dirtied)
		obj->pager->dirtied(obj, f->index);
}

void object_clean(struct mm_object *obj, struct frame *f)
{
	if (!(f->flags & FRAME_DIRTY))
		return;
	frame_clear_flags(f, FRAME_DIRTY);
	radix_tag_clear(&obj->pages, f->index);
	atomic_sub(&frame_counts.dirty, 1);
	if (--obj->ndirty == 0)
		writeback_object_clean(obj);
}

void mm_object_page_dirty(struct mm_object *obj, struct frame *f, unsigned from, unsigned to)
{
	if (!obj->pager)
		return;
	spin_lock(&obj->lock);
	/* Truncated away meanwhile: the bytes are nobody's. */
	if (f->object == obj && from < to)
		object_dirty(obj, f, from, to);
	if (f->flags & FRAME_OVERWRITE) {
		frame_set_flags(f, FRAME_UPTODATE);
		lru_add(f);
		object_page_ready(f, FRAME_BUSY | FRAME_OVERWRITE);
	}
	spin_unlock(&obj->lock);
}

void mm_object_page_abandon(struct mm_object *obj, struct frame *f)
{
	spin_lock(&obj->lock);
	if (f->flags & FRAME_OVERWRITE) {
		object_drop(obj, f);
		object_page_ready(f, FRAME_BUSY | FRAME_OVERWRITE);
	}
	spin_unlock(&obj->lock);
}

/* The flag WAITERS tells whoever ends the wait to wake us; it is set in the same
 * word that is tested, so neither can miss the other. */
static bool page_is_ready(struct frame *f, uint64_t flags)
{
	return !(__atomic_fetch_or(&f->flags, FRAME_WAITERS, __ATOMIC_ACQ_REL) & flags);
}

int object_page_wait(struct frame *f, uint64_t flags, uint32_t mask)
{
	return WAIT_EVENT(page_queue(f), page_is_ready(f, flags), mask, 0);
}

void object_page_ready(struct frame *f, uint64_t flags)
{
	uint64_t old = __atomic_fetch_and(&f->flags, ~(flags | FRAME_WAITERS), __ATOMIC_ACQ_REL);

	if (old & FRAME_WAITERS)
		waitq_wake_all(page_queue(f), 0);
}
