/* kernel/compat/src/nt/memory.h: allocations of an NT process.
 *
 * A region is what one call reserved or mapped: it begins at a multiple of 64 KiB and is freed as a
 * whole. Below it are mm's areas, which say what is committed (no MM_AREA_RESERVED) and how it may be
 * touched.
 *
 * Locking: nt_process.memory_lock, held over every step that looks at regions and changes areas.
 */
#ifndef COMPAT_NT_MEMORY_H
#define COMPAT_NT_MEMORY_H

#include <ds/rbtree.h>
#include <mm/space.h>

#include "nt.h"

#define NT_LOWEST_ADDRESS 0x10000ull
#define NT_HIGHEST_ADDRESS 0x7ffffffeffffull

#define MEM_COMMIT 0x1000u
#define MEM_RESERVE 0x2000u
#define MEM_DECOMMIT 0x4000u
#define MEM_RELEASE 0x8000u
#define MEM_FREE 0x10000u
#define MEM_PRIVATE 0x20000u
#define MEM_MAPPED 0x40000u
#define MEM_RESET 0x80000u
#define MEM_TOP_DOWN 0x100000u
#define MEM_WRITE_WATCH 0x200000u
#define MEM_PHYSICAL 0x400000u
#define MEM_RESET_UNDO 0x1000000u
#define MEM_IMAGE 0x1000000u		/* a type, where that is an allocation flag */
#define MEM_LARGE_PAGES 0x20000000u

#define PAGE_NOACCESS 0x01u
#define PAGE_READONLY 0x02u
#define PAGE_READWRITE 0x04u
#define PAGE_WRITECOPY 0x08u
#define PAGE_EXECUTE 0x10u
#define PAGE_EXECUTE_READ 0x20u
#define PAGE_EXECUTE_READWRITE 0x40u
#define PAGE_EXECUTE_WRITECOPY 0x80u
#define PAGE_GUARD 0x100u
#define PAGE_NOCACHE 0x200u
#define PAGE_WRITECOMBINE 0x400u

struct nt_view;

struct nt_region {
	struct rb_node node;	/* by start */
	uint64_t start, bytes;
	uint32_t type;		/* MEM_PRIVATE, MEM_MAPPED, MEM_IMAGE */
	uint32_t protect;	/* PAGE_* it was made with */
	struct nt_view *view;	/* of a section whose pages are committed one by one, else NULL: sections.h */
};

/* Note a region. Returns: 0; -ENOMEM. Locked, or nobody else knows @p. */
int nt_region_add(struct nt_process *p, uint64_t start, uint64_t bytes, uint32_t type, uint32_t protect);
/* The region that holds @address; NULL: none. Locked. */
struct nt_region *nt_region_find(struct nt_process *p, uint64_t address);
/* The first region that ends above @address; NULL: none. Locked. */
struct nt_region *nt_region_after(struct nt_process *p, uint64_t address);
void nt_region_remove(struct nt_process *p, struct nt_region *r);	/* locked; frees @r */
void nt_regions_free(struct nt_process *p);

/* A touch of @address failed. Returns: 0 try again (a guard page of the stack grew it); else the exception: an access
 * violation, STATUS_GUARD_PAGE_VIOLATION, STATUS_STACK_OVERFLOW. */
ntstatus nt_memory_fault(uint64_t address, uint64_t error);

/* PAGE_* to mm's rights. Returns: false for a value that is none. */
bool nt_protect_is_valid(uint32_t protect);
/* Writing makes a private copy: no use for memory that is private. */
static inline bool nt_protect_copies(uint32_t protect)
{
	return (protect & 0xff) == PAGE_WRITECOPY || (protect & 0xff) == PAGE_EXECUTE_WRITECOPY;
}
uint32_t nt_prot_of(uint32_t protect);

/* Area flags of memory that programs allocate: it has no promise that pages are there once they were cleared. */
#define NT_AREA_MEMORY (MM_AREA_NORESERVE | MM_AREA_SPARSE)

#endif
