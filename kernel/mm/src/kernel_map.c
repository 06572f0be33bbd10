/* kernel/mm/src/kernel_map.c: page tables of the kernel's half.
 *
 * Locking: none here; early boot is alone, later vmalloc.c holds its lock.
 */
#include "kernel_map.h"

#include <errno.h>

#include <nucleus/atomic.h>
#include <nucleus/log.h>

#include "frame_internal.h"

uint64_t mm_kernel_pml4;
bool kernel_map_has_1g;

static uint8_t shared_entries[16];	/* PML4 indices that are in use */
static unsigned nshared;

static uint64_t table_from_frames(void)
{
	struct frame *f = frame_alloc(0, FRAME_ZERO | FRAME_NO_RECLAIM);

	if (!f)
		return 0;
	atomic_add(&frame_counts.page_tables, 1);
	return frame_phys(f);
}

uint64_t (*kernel_table_alloc)(void) = table_from_frames;

static bool large_fits(uint64_t virt, uint64_t phys, uint64_t bytes, unsigned level)
{
	uint64_t span = pte_span(level);

	if (level == 0)
		return true;
	if (level > 2 || (level == 2 && !kernel_map_has_1g))
		return false;
	return bytes >= span && ((virt | phys) & (span - 1)) == 0;
}

/* The entry for @virt at @level, making tables on the way. NULL: no memory. */
static pte_t *entry_at(uint64_t virt, unsigned level)
{
	pte_t *table = phys_to_virt(mm_kernel_pml4);

	for (unsigned at = 3; at > level; at--) {
		pte_t *entry = &table[pte_index(virt, at)];

		if (!(*entry & PTE_PRESENT)) {
			uint64_t phys = kernel_table_alloc();

			if (!phys)
				return NULL;
			*entry = phys | PTE_PRESENT | PTE_WRITE;
		}
		table = pte_table(*entry);
	}
	return &table[pte_index(virt, level)];
}

int kernel_map(uint64_t virt, uint64_t phys, uint64_t bytes, uint64_t pte_flags)
{
	while (bytes) {
		unsigned level = 2;
		pte_t *entry;

		while (!large_fits(virt, phys, bytes, level))
			level--;
		entry = entry_at(virt, level);
		if (!entry)
			return -ENOMEM;
		*entry = phys | pte_flags | PTE_PRESENT | PTE_GLOBAL | (level ? PTE_LARGE : 0);
		virt += pte_span(level);
		phys += pte_span(level);
		bytes -= pte_span(level);
	}
	return 0;
}

pte_t *kernel_map_entry(uint64_t virt)
{
	return entry_at(virt, 0);
}

void kernel_map_reserve(uint64_t virt, uint64_t end)
{
	pte_t *pml4 = phys_to_virt(mm_kernel_pml4);

	for (unsigned i = pte_index(virt, 3); i <= pte_index(end - 1, 3); i++) {
		uint64_t phys = kernel_table_alloc();

		if (!phys || nshared == ARRAY_SIZE(shared_entries))
			panic("no room for the kernel's page tables");
		pml4[i] = phys | PTE_PRESENT | PTE_WRITE;
		shared_entries[nshared++] = (uint8_t)(i - PTES / 2);
	}
}

void kernel_map_share(pte_t *pml4)
{
	const pte_t *kernel = phys_to_virt(mm_kernel_pml4);

	for (unsigned i = 0; i < nshared; i++)
		pml4[PTES / 2 + shared_entries[i]] = kernel[PTES / 2 + shared_entries[i]];
}
