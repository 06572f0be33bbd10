/* kernel/compat/src/nt/section_commit.c: sections made with SEC_RESERVE: pages that VirtualAlloc() commits in one view are
 * there in every view (Microsoft Learn: CreateFileMapping, SEC_RESERVE).
 *
 * Locking: nt_process.memory_lock, then commitment->lock (NT_COMMITMENT), then the spaces' own. A view is on the list
 * as long as its region is, so that its process is there.
 */
#include <mm/heap.h>

#include "memory.h"
#include "sections.h"

#define BITS_PER_WORD 64u

struct nt_commitment {
	refcount_t refs;
	struct mutex lock;
	struct list_node views;
	uint64_t npages;
	uint64_t pages[];	/* a bit each: is it there? */
};

struct nt_view {
	struct list_node node;
	struct nt_commitment *commitment;	/* a reference */
	struct process *process;
	uint64_t base, bytes, offset;
	uint32_t protect;
};

struct nt_commitment *nt_commitment_create(uint64_t npages)
{
	uint64_t words = (npages + BITS_PER_WORD - 1) / BITS_PER_WORD;
	struct nt_commitment *c = kmalloc(sizeof(*c) + words * sizeof(c->pages[0]), 0);

	if (!c)
		return NULL;
	refcount_set(&c->refs, 1);
	mutex_init(&c->lock, LOCK_NT_COMMITMENT);
	list_init(&c->views);
	c->npages = npages;
	return c;
}

void nt_commitment_put(struct nt_commitment *c)
{
	if (c && refcount_put(&c->refs))
		kfree(c);
}

static bool is_there(const struct nt_commitment *c, uint64_t page)
{
	return c->pages[page / BITS_PER_WORD] >> page % BITS_PER_WORD & 1;
}

/* Let @v show [@offset, @offset + @bytes) of the section, as far as it reaches. */
static int show(const struct nt_view *v, uint64_t offset, uint64_t bytes, uint32_t protect)
{
	uint64_t from = MAX(offset, v->offset), to = MIN(offset + bytes, v->offset + v->bytes);
	struct mm_space *s;
	int err = 0;

	if (from >= to)
		return 0;
	s = ps_space_get(v->process);
	if (!s)
		return 0;
	err = mm_protect_flags(s, v->base + from - v->offset, to - from, nt_prot_of(protect), 0, MM_AREA_RESERVED);
	mm_space_put(s);
	return err;
}

static int show_all(const struct nt_view *v)
{
	const struct nt_commitment *c = v->commitment;
	uint64_t page = v->offset / PAGE_SIZE, end = MIN(c->npages, page + v->bytes / PAGE_SIZE), first;
	int err = 0;

	while (page < end && !err) {
		for (first = page; page < end && is_there(c, page); page++)
			;
		if (page > first)
			err = show(v, first * PAGE_SIZE, (page - first) * PAGE_SIZE, v->protect);
		else
			page++;
	}
	return err;
}

struct nt_view *nt_view_begin(struct nt_commitment *c, struct process *p, uint64_t base, uint64_t bytes, uint64_t offset,
	uint32_t protect)
{
	struct nt_view *v = kmalloc(sizeof(*v), 0);
	int err;

	if (!v)
		return NULL;
	*v = (struct nt_view){ .commitment = c, .process = p, .base = base, .bytes = bytes, .offset = offset, .protect = protect };
	refcount_get(&c->refs);
	mutex_lock(&c->lock);
	list_add_tail(&v->node, &c->views);
	err = show_all(v);
	mutex_unlock(&c->lock);
	if (!err)
		return v;
	nt_view_end(v);
	return NULL;
}

void nt_view_end(struct nt_view *v)
{
	mutex_lock(&v->commitment->lock);
	list_del(&v->node);
	mutex_unlock(&v->commitment->lock);
	nt_commitment_put(v->commitment);
	kfree(v);
}

ntstatus nt_view_commit(struct nt_view *v, uint64_t start, uint64_t bytes, uint32_t protect)
{
	struct nt_commitment *c = v->commitment;
	uint64_t offset = v->offset + (start - v->base);
	struct nt_view *other;
	int err;

	if (nt_prot_of(protect) & MM_WRITE & ~nt_prot_of(v->protect))
		return STATUS_SECTION_PROTECTION;
	mutex_lock(&c->lock);
	err = show(v, offset, bytes, protect);
	if (!err) {
		for (uint64_t page = offset / PAGE_SIZE; page < (offset + bytes) / PAGE_SIZE; page++)
			c->pages[page / BITS_PER_WORD] |= 1ull << page % BITS_PER_WORD;
		/* One that cannot be changed now stays as it is: who touches it gets the fault. */
		LIST_FOR_EACH_ENTRY(other, &c->views, node)
			if (other != v)
				(void)show(other, offset, bytes, other->protect);
	}
	mutex_unlock(&c->lock);
	return err ? STATUS_NO_MEMORY : STATUS_SUCCESS;
}

void nt_views_end(struct nt_process *p)
{
	mutex_lock(&p->memory_lock);
	for (struct nt_region *r = nt_region_after(p, 0); r; r = nt_region_after(p, r->start + r->bytes)) {
		if (!r->view)
			continue;
		nt_view_end(r->view);
		r->view = NULL;
	}
	mutex_unlock(&p->memory_lock);
}
