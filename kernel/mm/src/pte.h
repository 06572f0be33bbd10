/* kernel/mm/src/pte.h: x86_64 page-table entries (Intel SDM 3A 4.5). */
#ifndef MM_PTE_H
#define MM_PTE_H

#include <mm/frame.h>

typedef uint64_t pte_t;

#define PTE_PRESENT (1ull << 0)
#define PTE_WRITE (1ull << 1)
#define PTE_USER (1ull << 2)
#define PTE_WRITE_THROUGH (1ull << 3)
#define PTE_WRITE_COMBINING PTE_WRITE_THROUGH	/* alone it selects PAT entry 1: lowlevel's cpu_init.c */
#define PTE_NO_CACHE (1ull << 4)
#define PTE_ACCESSED (1ull << 5)
#define PTE_DIRTY (1ull << 6)
#define PTE_LARGE (1ull << 7)
#define PTE_GLOBAL (1ull << 8)
#define PTE_NX (1ull << 63)
#define PTE_PHYS 0x000ffffffffff000ull

#define PTES 512u

static inline pte_t *pte_table(pte_t entry)
{
	return phys_to_virt(entry & PTE_PHYS);
}
/* Index of @address in a table of @level; level 0 holds pages. */
static inline unsigned pte_index(uint64_t address, unsigned level)
{
	return (address >> (PAGE_SHIFT + 9 * level)) & (PTES - 1);
}
/* Bytes that one entry of @level spans. */
static inline uint64_t pte_span(unsigned level)
{
	return PAGE_SIZE << (9 * level);
}

#endif
