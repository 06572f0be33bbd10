/* kernel/mm/src/fault_internal.h: one page fault on its way.
 *
 * The steps run under space->lock (read). What needs more than that ends the step
 * with a FAULT_ code; mm_fault() drops the lock, does it, and starts again.
 */
#ifndef MM_FAULT_INTERNAL_H
#define MM_FAULT_INTERNAL_H

#include <mm/space.h>

#include "pte.h"

enum {
	FAULT_UNSHARE = 1,	/* the area's amap is to be copied */
	FAULT_GROW,		/* the stack above is to grow down to the address */
	FAULT_BRING,		/* fault.object lacks page fault.index */
	FAULT_RESERVE,		/* fault.object's pager is to say whether page fault.index may become dirty */
	FAULT_MEMORY,		/* nothing left for a page table, which cannot be waited for here */
};

struct fault {
	struct mm_space *space;
	struct mm_area *area;
	uint64_t address;	/* of the page */
	uint32_t access;	/* MM_READ, MM_WRITE or MM_EXEC */
	int code;
	struct mm_object *object;	/* FAULT_BRING, FAULT_RESERVE: referenced */
	uint64_t index;
	struct mm_object *dirtied;	/* referenced: its pager gained a dirty page */
	struct frame *held;	/* brought; kept from reclaim until the fault is over */
	bool asked_pager;
	const struct mm_object *reserved;	/* whose page reserved_index may become dirty; only compared */
	uint64_t reserved_index;
};

/* A page of an area without MM_AREA_SHARED. */
int fault_private(struct fault *fl);
/* Map page @fl->address from the area's object, its neighbours too on a read.
 * A private area's amap is locked. Returns: 0; -EIO past the end; FAULT_BRING; FAULT_RESERVE; FAULT_MEMORY. */
int fault_object(struct fault *fl);
/* A copy of the object's page for writing, with a reference; NULL in *@out when it
 * is absent. Returns: 0; -EIO; FAULT_BRING. */
int fault_object_page(struct fault *fl, struct frame **out);
/* User mode faulted at @address while it stored a string of zeroes (`rep stos`), in an area with MM_AREA_SPARSE
 * and where no page is: what it is to store is there already. Moves the registers on past what lacks pages.
 * Returns: false when it is something else. */
bool fault_pass_zero_store(struct mm_space *s, struct trap_frame *f, uint64_t address);
/* Set the page-table entry, flushing a different old one. Returns: 0; FAULT_MEMORY. */
int fault_install(struct fault *fl, struct frame *f, pte_t flags);

#endif
