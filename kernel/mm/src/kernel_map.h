/* kernel/mm/src/kernel_map.h: the upper half, which every space shares.
 *
 * Its PML4 entries exist from boot and never change, so a space copies them once.
 */
#ifndef MM_KERNEL_MAP_H
#define MM_KERNEL_MAP_H

#include "pte.h"

/* How page tables of the kernel are allocated: returns the physical address of a zeroed
 * frame, 0 when there is none. Early boot hands out of its own range. */
extern uint64_t (*kernel_table_alloc)(void);

/* Map [virt, virt + bytes) to [phys, …) with the largest pages that fit.
 * Returns: 0; -ENOMEM, with a part possibly mapped. */
int kernel_map(uint64_t virt, uint64_t phys, uint64_t bytes, uint64_t pte_flags);
/* The entry of a small page that was mapped before. */
pte_t *kernel_map_entry(uint64_t virt);
/* Make the PML4 entries of [virt, end). */
void kernel_map_reserve(uint64_t virt, uint64_t end);
/* Give a new space the kernel's half; its PML4 is zeroed. */
void kernel_map_share(pte_t *pml4);

extern bool kernel_map_has_1g;

#endif
