/* kernel/mm/src/vmalloc.c: kernel stacks with guard pages, and device registers.
 *
 * Free stacks stay mapped on a list, which spares the TLB shootdown that unmapping
 * one would cost; reclaim unmaps them. The addresses of those are on a second list,
 * linked through their entries that are not present.
 *
 * Locking: vmalloc_lock (PAGE_TABLE) guards the kernel's page tables, the next
 * address and both lists.
 */
#include <errno.h>

#include <lowlevel/spinlock.h>
#include <mm/frame.h>
#include <nucleus/atomic.h>
#include <nucleus/log.h>
#include <sched/thread.h>

#include "frame_internal.h"
#include "kernel_map.h"
#include "shootdown.h"
#include "stack_debug.h"

#define STACK_PAGES (KERNEL_STACK_BYTES / PAGE_SIZE)
#define STACK_SLOT (2 * KERNEL_STACK_BYTES)	/* the lower half is the guard */

static struct spinlock vmalloc_lock = SPINLOCK_INIT(PAGE_TABLE);
static uint64_t next_address = VMALLOC_BASE;
static uint64_t free_stacks;	/* top of the first; the next one's is in its highest word */
static uint64_t free_slots;	/* lowest stack page of the first; the next one's is in its entry */

/* vmalloc_lock is held. */
static uint64_t address_take(uint64_t bytes, uint64_t align)
{
	uint64_t start = ALIGN_UP(next_address, align);

	if (bytes > VMALLOC_END - start)
		return 0;
	next_address = start + bytes;
	return start;
}

static uint64_t *stack_link(uint64_t top)
{
	return (uint64_t *)(uintptr_t)(top - sizeof(uint64_t));
}

static uint64_t stack_reuse(void)
{
	uint64_t top;

	spin_lock(&vmalloc_lock);
	top = free_stacks;
	if (top)
		free_stacks = *stack_link(top);
	spin_unlock(&vmalloc_lock);
	return top;
}

static void frames_give_back(struct frame **frames, unsigned n)
{
	while (n--)
		frame_put(frames[n]);
}

/* Where a stack can be mapped; vmalloc_lock is held. */
static uint64_t slot_take(void)
{
	uint64_t base = free_slots;

	if (base) {
		free_slots = *kernel_map_entry(base);
		return base;
	}
	base = address_take(STACK_SLOT, STACK_SLOT);
	return base ? base + STACK_SLOT - KERNEL_STACK_BYTES : 0;
}

static uint64_t stack_map(struct frame **frames)
{
	uint64_t base, top = 0;
	unsigned i;

	spin_lock(&vmalloc_lock);
	base = slot_take();
	if (!base)
		goto unlock;
	for (i = 0; i < STACK_PAGES; i++) {
		if (kernel_map(base + i * PAGE_SIZE, frame_phys(frames[i]), PAGE_SIZE, PTE_WRITE | PTE_NX))
			goto unlock;
	}
	top = base + KERNEL_STACK_BYTES;
unlock:
	spin_unlock(&vmalloc_lock);
	return top;
}

uint64_t mm_stack_alloc(void)
{
	struct frame *frames[STACK_PAGES];
	uint64_t top = stack_reuse();
	unsigned i;

	if (top) {
		stack_debug_paint(top);
		return top;
	}
	for (i = 0; i < STACK_PAGES; i++) {
		frames[i] = frame_alloc(0, 0);
		if (!frames[i])
			goto give_back;
	}
	top = stack_map(frames);
	if (!top)
		goto give_back;
	atomic_add(&frame_counts.kernel_stacks, STACK_PAGES);
	stack_debug_paint(top);
	return top;

give_back:
	frames_give_back(frames, i);
	return 0;
}

void mm_stack_free(uint64_t top)
{
	spin_lock(&vmalloc_lock);
	*stack_link(top) = free_stacks;
	free_stacks = top;
	spin_unlock(&vmalloc_lock);
}

static void stack_unmap(uint64_t top)
{
	uint64_t base = top - KERNEL_STACK_BYTES;
	struct frame *frames[STACK_PAGES];

	spin_lock(&vmalloc_lock);
	for (unsigned i = 0; i < STACK_PAGES; i++) {
		pte_t *entry = kernel_map_entry(base + i * PAGE_SIZE);

		frames[i] = phys_to_frame(*entry & PTE_PHYS);
		*entry = 0;
	}
	spin_unlock(&vmalloc_lock);
	tlb_flush_kernel(base, top);
	spin_lock(&vmalloc_lock);
	*kernel_map_entry(base) = free_slots;
	free_slots = base;
	spin_unlock(&vmalloc_lock);
	frames_give_back(frames, STACK_PAGES);
	atomic_sub(&frame_counts.kernel_stacks, STACK_PAGES);
}

uint64_t stacks_trim(void)
{
	uint64_t freed = 0, top;

	for (; (top = stack_reuse()); freed += STACK_PAGES)
		stack_unmap(top);
	return freed;
}

static void __iomem *map_device(uint64_t phys, size_t bytes, uint64_t flags)
{
	uint64_t offset = phys & (PAGE_SIZE - 1);
	uint64_t len = ALIGN_UP(bytes + offset, PAGE_SIZE);
	uint64_t virt;
	int err = -ENOMEM;

	spin_lock(&vmalloc_lock);
	virt = address_take(len + PAGE_SIZE, PAGE_SIZE);
	/* By single pages: a large page would drag in what lies beside the registers. */
	for (uint64_t at = 0; virt && at < len; at += PAGE_SIZE) {
		err = kernel_map(virt + at, phys - offset + at, PAGE_SIZE, PTE_WRITE | PTE_NX | flags);
		if (err)
			break;
	}
	spin_unlock(&vmalloc_lock);
	return err ? NULL : (void __iomem *)(uintptr_t)(virt + offset);
}

void __iomem *mm_map_device(uint64_t phys, size_t bytes)
{
	return map_device(phys, bytes, PTE_NO_CACHE | PTE_WRITE_THROUGH);
}

void __iomem *mm_map_framebuffer(uint64_t phys, size_t bytes)
{
	return map_device(phys, bytes, PTE_WRITE_COMBINING);
}
