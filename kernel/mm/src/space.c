/* kernel/mm/src/space.c: life of address spaces, and their areas from outside. */
#include <errno.h>

#include <mm/heap.h>
#include <mm/space.h>
#include <nucleus/atomic.h>

#include "amap.h"
#include "area.h"
#include "pagetable.h"
#include "shootdown.h"
#include "space_internal.h"

#define MAX_UNMAPPED (64ull << 20)	/* at once, when areas are taken together */
#define DEFAULT_MMAP_BASE (USER_TOP - (1ull << 30))

HEAP_CACHE(space_cache, "space", sizeof(struct mm_space));

int mm_space_create(struct mm_space **out)
{
	struct mm_space *s = heap_cache_alloc(&space_cache, 0);

	if (!s)
		return -ENOMEM;
	refcount_set(&s->refs, 1);
	rwlock_init(&s->lock, LOCK_SPACE);
	spin_init(&s->table_lock, LOCK_PAGE_TABLE);
	s->limits.address_space_bytes = ~0ull;
	s->limits.data_bytes = ~0ull;
	s->limits.stack_bytes = 8ull << 20;
	s->limits.locked_bytes = 64ull << 10;
	s->limits.mmap_min_addr = 64ull << 10;
	s->mmap_base = DEFAULT_MMAP_BASE;
	s->pml4 = pt_create();
	if (!s->pml4) {
		heap_cache_free(&space_cache, s);
		return -ENOMEM;
	}
	*out = s;
	return 0;
}

void mm_space_get(struct mm_space *s)
{
	refcount_get(&s->refs);
}

/* No CPU and no thread uses the space any more, but objects still find its page
 * tables through its areas: the entries go before the areas, the tables after. */
static void unmap_everything(struct mm_space *s)
{
	struct pt_gather g;

	pt_gather_begin(&g, s);
	for (const struct mm_area *a = area_first(s), *next; a; a = next) {
		uint64_t start = a->start, end = a->end;

		/* A walk down the tables for areas side by side. */
		for (next = area_next(a); next && next->start == end && end - start < MAX_UNMAPPED; next = area_next(next))
			end = next->end;
		spin_lock(&s->table_lock);
		pt_unmap(&g, start, end);
		spin_unlock(&s->table_lock);
		sched_cond_resched();
	}
	pt_gather_finish_unloaded(&g);
}

/* From the leaves up, so that the tree need not be balanced on the way. */
static void discard_areas(struct mm_space *s)
{
	struct rb_node *node = s->areas.node, *parent;

	while (node) {
		if (node->left || node->right) {
			node = node->left ? node->left : node->right;
			continue;
		}
		parent = node->parent;
		if (parent && parent->left == node)
			parent->left = NULL;
		else if (parent)
			parent->right = NULL;
		area_discard(area_of(node));
		node = parent;
	}
}

void mm_space_put(struct mm_space *s)
{
	if (!s || !refcount_put(&s->refs))
		return;
	tlb_leave(s);
	unmap_everything(s);
	discard_areas(s);
	pt_destroy(s->pml4);
	heap_cache_free(&space_cache, s);
}

bool space_range_is_valid(uint64_t start, uint64_t bytes)
{
	return !(start & (PAGE_SIZE - 1)) && bytes <= USER_TOP && start <= USER_TOP - bytes;
}

int space_check_limits(const struct mm_space *s, uint64_t bytes, bool is_data)
{
	if (bytes > s->limits.address_space_bytes || s->total_bytes > s->limits.address_space_bytes - bytes)
		return -ENOMEM;
	if (is_data && (bytes > s->limits.data_bytes || s->data_bytes > s->limits.data_bytes - bytes))
		return -ENOMEM;
	return 0;
}

static void fill_info(struct mm_area *a, struct mm_area_info *out)
{
	out->start = a->start;
	out->end = a->end;
	out->offset = a->object ? a->object_offset : 0;
	out->prot = a->prot;
	out->flags = a->flags;
	out->file = NULL;
	out->rss_pages = out->private_pages = 0;
	if (a->amap) {
		mutex_lock(&a->amap->lock);
		out->private_pages = amap_count(a->amap, a->amap_offset, area_amap_index(a, a->end));
		mutex_unlock(&a->amap->lock);
	}
}

static void fill_costly(struct mm_area *a, struct mm_area_info *out)
{
	out->file = a->file;
	if (a->file)
		mm_area_ops.file_get(a->file);
	spin_lock(&a->space->table_lock);
	out->rss_pages = pt_count(a->space, a->start, a->end);
	spin_unlock(&a->space->table_lock);
}

bool mm_area_look(struct mm_space *s, uint64_t address, struct mm_area_info *out)
{
	struct mm_area *a;

	rwlock_read(&s->lock);
	a = area_find(s, address);
	if (a)
		fill_info(a, out);
	rwlock_read_unlock(&s->lock);
	return a;
}

bool mm_area_next(struct mm_space *s, uint64_t address, struct mm_area_info *out)
{
	struct mm_area *a;

	rwlock_read(&s->lock);
	a = area_find(s, address);
	if (a) {
		fill_info(a, out);
		fill_costly(a, out);
	}
	rwlock_read_unlock(&s->lock);
	return a;
}
