/* kernel/mm/src/code.c: memory for modules.
 *
 * Locking: code_lock (PAGE_TABLE) guards the page tables of the range and the next address.
 */
#include <mm/code.h>

#include <lowlevel/spinlock.h>
#include <mm/frame.h>

#include "kernel_map.h"
#include "shootdown.h"

static struct spinlock code_lock = SPINLOCK_INIT(PAGE_TABLE);
static uint64_t next_address = MM_CODE_BASE;

static uint64_t address_take(uint64_t bytes)
{
	uint64_t start = 0;

	spin_lock(&code_lock);
	if (bytes + PAGE_SIZE <= MM_CODE_END - next_address) {
		start = next_address;
		next_address += bytes + PAGE_SIZE;
	}
	spin_unlock(&code_lock);
	return start;
}

static bool map_one(uint64_t address)
{
	struct frame *f = frame_alloc(0, FRAME_ZERO);
	int err;

	if (!f)
		return false;
	spin_lock(&code_lock);
	err = kernel_map(address, frame_phys(f), PAGE_SIZE, PTE_WRITE | PTE_NX);
	spin_unlock(&code_lock);
	if (err)
		frame_put(f);
	return !err;
}

uint64_t mm_code_alloc(size_t npages)
{
	uint64_t start = npages <= (MM_CODE_END - MM_CODE_BASE) / PAGE_SIZE ? address_take(npages * PAGE_SIZE) : 0;

	for (size_t i = 0; start && i < npages; i++) {
		if (!map_one(start + i * PAGE_SIZE)) {
			mm_code_free(start, i);
			return 0;
		}
	}
	return start;
}

static uint64_t flags_of(enum mm_code_access access)
{
	switch (access) {
	case MM_CODE_EXECUTE:
		return 0;
	case MM_CODE_WRITE:
		return PTE_WRITE | PTE_NX;
	default:
		return PTE_NX;
	}
}

void mm_code_protect(uint64_t address, size_t npages, enum mm_code_access access)
{
	spin_lock(&code_lock);
	for (size_t i = 0; i < npages; i++) {
		pte_t *entry = kernel_map_entry(address + i * PAGE_SIZE);

		*entry = (*entry & ~(PTE_WRITE | PTE_NX)) | flags_of(access);
	}
	spin_unlock(&code_lock);
	tlb_flush_kernel(address, address + npages * PAGE_SIZE);
}

/* Returns: the frame that was mapped at @address. */
static struct frame *unmap_one(uint64_t address)
{
	pte_t *entry;
	uint64_t phys;

	spin_lock(&code_lock);
	entry = kernel_map_entry(address);
	phys = *entry & PTE_PHYS;
	*entry = 0;
	spin_unlock(&code_lock);
	tlb_flush_kernel(address, address + PAGE_SIZE);
	return phys_to_frame(phys);
}

void mm_code_free(uint64_t address, size_t npages)
{
	for (size_t i = 0; i < npages; i++)
		frame_put(unmap_one(address + i * PAGE_SIZE));
}
