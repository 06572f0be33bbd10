/* kernel/mm/src/pagetable.c: walk, change and free page tables.
 *
 * A table's frame counts its present entries in `mapcount`; a table that becomes
 * empty is taken out at once and freed after the flush. Being empty it is all
 * zeroes, so it is kept for reuse without clearing.
 */
#include "pagetable.h"

#include <errno.h>

#include <lowlevel/percpu.h>
#include <nucleus/atomic.h>
#include <nucleus/log.h>

#include "amap.h"
#include "frame_internal.h"
#include "kernel_map.h"
#include "shootdown.h"

#define ZEROED_TABLES 16u

/* Empty tables of this CPU. Used by threads only, which are not preempted. */
static struct zeroed_tables {
	uint32_t count;
	struct frame *tables[ZEROED_TABLES];
} zeroed_tables[MAX_CPUS] __aligned(64);

uint64_t pt_spare_tables(void)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < MAX_CPUS; i++)
		n += READ_ONCE(zeroed_tables[i].count);
	return n;
}

static struct frame *table_alloc(void)
{
	struct zeroed_tables *z = &zeroed_tables[cpu_index()];
	struct frame *f = z->count ? z->tables[--z->count] : frame_alloc(0, FRAME_ZERO | FRAME_NO_RECLAIM);

	if (f)
		atomic_add(&frame_counts.page_tables, 1);
	return f;
}

/* @f is all zeroes. */
static void table_free(struct frame *f)
{
	struct zeroed_tables *z = &zeroed_tables[cpu_index()];

	atomic_sub(&frame_counts.page_tables, 1);
	if (z->count < ZEROED_TABLES)
		z->tables[z->count++] = f;
	else
		frame_put(f);
}

void pt_gather_begin(struct pt_gather *g, struct mm_space *s)
{
	g->space = s;
	g->start = ~0ull;
	g->end = 0;
	g->tables = NULL;
}

static void gather_range(struct pt_gather *g, uint64_t start, uint64_t end)
{
	g->start = MIN(g->start, start);
	g->end = MAX(g->end, end);
}

void pt_gather_finish_unloaded(struct pt_gather *g)
{
	while (g->tables) {
		struct frame *f = list_entry(g->tables, struct frame, lru);

		g->tables = f->lru.next;
		table_free(f);
	}
}

void pt_gather_finish(struct pt_gather *g)
{
	/* Upper-level entries are cached too, and invlpg drops those of its address. */
	if (g->start < g->end)
		tlb_flush(g->space, g->start, g->end);
	pt_gather_finish_unloaded(g);
}

uint64_t pt_create(void)
{
	struct frame *f = table_alloc();

	if (!f)
		return 0;
	kernel_map_share(frame_virt(f));
	return frame_phys(f);
}

void pt_destroy(uint64_t pml4)
{
	DEBUG_ASSERT(!phys_to_frame(pml4)->mapcount);
	atomic_sub(&frame_counts.page_tables, 1);
	frame_put(phys_to_frame(pml4));
}

pte_t *pt_find(const struct mm_space *s, uint64_t address)
{
	pte_t *table = phys_to_virt(s->pml4);

	for (unsigned level = 3; level; level--) {
		pte_t entry = table[pte_index(address, level)];

		if (!entry)
			return NULL;
		table = pte_table(entry);
	}
	return &table[pte_index(address, 0)];
}

static bool table_add(struct mm_space *s, pte_t *entry)
{
	struct frame *f = table_alloc();

	if (!f)
		return false;
	*entry = frame_phys(f) | PTE_PRESENT | PTE_WRITE | PTE_USER;
	phys_to_frame(virt_to_phys(entry))->mapcount++;
	atomic_add(&s->page_table_pages, 1);
	return true;
}

pte_t *pt_find_or_make(struct mm_space *s, uint64_t address)
{
	pte_t *table = phys_to_virt(s->pml4);

	for (unsigned level = 3; level; level--) {
		pte_t *entry = &table[pte_index(address, level)];

		if (unlikely(!*entry) && !table_add(s, entry))
			return NULL;
		table = pte_table(*entry);
	}
	return &table[pte_index(address, 0)];
}

pte_t pt_flags(uint32_t prot)
{
	return PTE_PRESENT | PTE_USER | PTE_ACCESSED | (prot & MM_WRITE ? PTE_WRITE : 0) |
	       (prot & MM_EXEC ? 0 : PTE_NX);
}

/* Pages that an entry's frame adds to the space's counts, and to which. */
static void account(struct mm_space *s, struct frame *f, int n)
{
	if (f->flags & FRAME_RESERVED)
		return;
	atomic_add(&f->mapcount, (uint32_t)n);
	atomic_add(&s->rss_pages, (uint64_t)(int64_t)n);
	if (f->flags & FRAME_ANON)
		return;
	atomic_add(&s->rss_file_pages, (uint64_t)(int64_t)n);
	atomic_add(&frame_counts.mapped, (uint64_t)(int64_t)n);
}

bool pt_set(struct mm_space *s, pte_t *entry, struct frame *f, pte_t flags)
{
	pte_t old = *entry;

	if (old && (old & PTE_PHYS) == frame_phys(f)) {
		*entry = old | flags;
		if (!(flags & PTE_NX))
			*entry &= ~PTE_NX;
		return false;
	}
	if (old)
		account(s, phys_to_frame(old & PTE_PHYS), -1);
	else
		phys_to_frame(virt_to_phys(entry))->mapcount++;
	account(s, f, 1);
	*entry = frame_phys(f) | flags;
	if (s->rss_pages > s->peak_rss_pages)
		s->peak_rss_pages = s->rss_pages;
	return old != 0;
}

void pt_run_end_own(struct pt_run *run, struct mm_space *s, pte_t *entry)
{
	phys_to_frame(virt_to_phys(entry))->mapcount += run->nentries;
	atomic_add(&s->rss_pages, run->nframes);
	s->peak_rss_pages = MAX(s->peak_rss_pages, s->rss_pages);
}

void pt_run_end(struct pt_run *run, struct mm_space *s, pte_t *entry)
{
	pt_run_end_own(run, s, entry);
	atomic_add(&s->rss_file_pages, run->nframes);
	atomic_add(&frame_counts.mapped, run->nframes);
}

void pt_clear(struct mm_space *s, pte_t *entry)
{
	account(s, phys_to_frame(*entry & PTE_PHYS), -1);
	phys_to_frame(virt_to_phys(entry))->mapcount--;
	*entry = 0;
}

struct unmap_counts { uint64_t entries, rss, file; };

static void unmap_pages(pte_t *entry, pte_t *end, struct frame *table, struct unmap_counts *n)
{
	uint32_t left = table->mapcount;
	uint64_t rss = 0, file = 0;

	for (; entry < end && left; entry++) {
		pte_t old = *entry;
		struct frame *f;

		if (!old) {
			/* Most of a table is empty. */
			while (end - entry > 4 && !(entry[1] | entry[2] | entry[3] | entry[4]))
				entry += 4;
			continue;
		}
		*entry = 0;
		left--;
		f = phys_to_frame(old & PTE_PHYS);
		if (f->flags & FRAME_RESERVED)
			continue;
		atomic_sub(&f->mapcount, 1);
		rss++;
		file += !(f->flags & FRAME_ANON);
	}
	n->rss += rss;
	n->file += file;
	n->entries += table->mapcount - left;
	table->mapcount = left;
}

static void unmap_table(struct pt_gather *g, struct frame *table, unsigned level, uint64_t start, uint64_t end,
			struct unmap_counts *n)
{
	pte_t *entries = frame_virt(table);

	if (!level) {
		entries += pte_index(start, 0);
		unmap_pages(entries, entries + ((end - start) >> PAGE_SHIFT), table, n);
		return;
	}
	while (start < end && table->mapcount) {
		uint64_t next = MIN(end, ALIGN_DOWN(start, pte_span(level)) + pte_span(level));
		pte_t *entry = &entries[pte_index(start, level)];

		if (*entry) {
			struct frame *below = phys_to_frame(*entry & PTE_PHYS);

			unmap_table(g, below, level - 1, start, next, n);
			if (!below->mapcount) {
				*entry = 0;
				table->mapcount--;
				below->lru.next = g->tables;
				g->tables = &below->lru;
				atomic_sub(&g->space->page_table_pages, 1);
			}
		}
		start = next;
	}
}

void pt_unmap(struct pt_gather *g, uint64_t start, uint64_t end)
{
	struct mm_space *s = g->space;
	struct unmap_counts n = { 0, 0, 0 };
	struct frame *root = phys_to_frame(s->pml4);

	if (!root->mapcount)
		return;
	unmap_table(g, root, 3, start, end, &n);
	if (n.rss) {
		atomic_sub(&s->rss_pages, n.rss);
		atomic_sub(&s->rss_file_pages, n.file);
		atomic_sub(&frame_counts.mapped, n.file);
	}
	if (n.entries || g->tables)
		gather_range(g, start, end);
}

void pt_unmap_range(struct mm_space *s, uint64_t start, uint64_t end)
{
	struct pt_gather g;

	pt_gather_begin(&g, s);
	spin_lock(&s->table_lock);
	pt_unmap(&g, start, end);
	spin_unlock(&s->table_lock);
	pt_gather_finish(&g);
}

/* Call @fn with each run of entries of one bottom table in [start, end) that has any. */
static int for_each_table(struct mm_space *s, uint64_t start, uint64_t end,
			  int (*fn)(pte_t *entry, uint64_t start, uint64_t end, void *ctx), void *ctx)
{
	int err = 0;

	while (start < end && !err) {
		pte_t *table = phys_to_virt(s->pml4);
		unsigned level = 3;
		uint64_t next;

		while (level && table[pte_index(start, level)]) {
			table = pte_table(table[pte_index(start, level)]);
			level--;
		}
		next = MIN(end, ALIGN_DOWN(start, pte_span(MAX(level, 1u))) + pte_span(MAX(level, 1u)));
		if (!level)
			err = fn(&table[pte_index(start, 0)], start, next, ctx);
		start = next;
	}
	return err;
}

struct protect { struct pt_gather *g; uint32_t prot; };

static int protect_entries(pte_t *entry, uint64_t start, uint64_t end, void *ctx)
{
	struct protect *p = ctx;

	for (; start < end; start += PAGE_SIZE, entry++) {
		pte_t old = *entry, new = old;

		if (!old)
			continue;
		if (!(p->prot & MM_WRITE))
			new &= ~PTE_WRITE;
		new = p->prot & MM_EXEC ? new & ~PTE_NX : new | PTE_NX;
		if (new == old)
			continue;
		*entry = new;
		gather_range(p->g, start, start + PAGE_SIZE);
	}
	return 0;
}

void pt_protect(struct pt_gather *g, uint64_t start, uint64_t end, uint32_t prot)
{
	struct protect p = { g, prot };

	for_each_table(g->space, start, end, protect_entries, &p);
}

static int count_entries(pte_t *entry, uint64_t start, uint64_t end, void *ctx)
{
	uint64_t *n = ctx;

	for (; start < end; start += PAGE_SIZE, entry++)
		*n += *entry && !(phys_to_frame(*entry & PTE_PHYS)->flags & FRAME_RESERVED);
	return 0;
}

uint64_t pt_count(struct mm_space *s, uint64_t start, uint64_t end)
{
	uint64_t n = 0;

	for_each_table(s, start, end, count_entries, &n);
	return n;
}

struct share {
	struct pt_gather *g;
	struct mm_space *child;
	bool with_object_pages;
	bool *found_pinned;
	uint64_t rss, file;
};

/* The child's table for @start; NULL: no memory. */
static pte_t *child_table(struct share *sh, uint64_t start)
{
	pte_t *entry = pt_find_or_make(sh->child, start);

	return entry ? entry - pte_index(start, 0) : NULL;
}

/* May the child get @f's entry, and as what does it count? */
static bool share_frame(struct share *sh, struct frame *f)
{
	if (f->flags & FRAME_ANON) {
		if (unlikely(READ_ONCE(f->pins))) {
			*sh->found_pinned = true;
			return false;
		}
	} else if (!sh->with_object_pages) {
		return false;
	} else if (!(f->flags & FRAME_RESERVED)) {
		sh->file++;
	} else {
		return true;
	}
	atomic_add(&f->mapcount, 1);
	sh->rss++;
	return true;
}

static int share_entries(pte_t *entry, uint64_t start, uint64_t end, void *ctx)
{
	struct share *sh = ctx;
	pte_t *to = NULL, *last = entry + ((end - start) >> PAGE_SHIFT);
	unsigned at = pte_index(start, 0);
	uint32_t n = 0;

	for (; entry < last; entry++, at++) {
		pte_t old = *entry;

		if (!old)
			continue;
		if (!to) {
			to = child_table(sh, start);
			if (!to)
				return -ENOMEM;
		}
		if (!share_frame(sh, phys_to_frame(old & PTE_PHYS)))
			continue;
		if (old & PTE_WRITE) {
			old &= ~PTE_WRITE;
			*entry = old;
			gather_range(sh->g, start, end);
		}
		to[at] = old & ~PTE_DIRTY;
		n++;
	}
	if (n)
		phys_to_frame(virt_to_phys(to))->mapcount += n;
	return 0;
}

int pt_share(struct pt_gather *g, struct mm_space *child, uint64_t start, uint64_t end, bool with_object_pages,
	     bool *found_pinned)
{
	struct share sh = { .g = g, .child = child, .with_object_pages = with_object_pages, .found_pinned = found_pinned };
	int err = for_each_table(g->space, start, end, share_entries, &sh);

	atomic_add(&child->rss_pages, sh.rss);
	atomic_add(&child->rss_file_pages, sh.file);
	atomic_add(&frame_counts.mapped, sh.file);
	return err;
}
