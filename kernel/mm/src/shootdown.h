/* kernel/mm/src/shootdown.h: making CPUs forget translations. */
#ifndef MM_SHOOTDOWN_H
#define MM_SHOOTDOWN_H

#include <mm/space.h>

/* After the page tables of @s changed in [start, end): returns when no CPU uses an
 * old translation. Context: any lock held is one that nobody takes with
 * interrupts off. */
void tlb_flush(struct mm_space *s, uint64_t start, uint64_t end);
/* All user translations of every space that the CPUs in @mask have loaded. */
void tlb_flush_cpus(uint64_t mask);
/* Small pages of the kernel's half, on every CPU. */
void tlb_flush_kernel(uint64_t start, uint64_t end);
/* @s is going: no CPU has its page tables loaded afterwards. */
void tlb_leave(struct mm_space *s);

#endif
