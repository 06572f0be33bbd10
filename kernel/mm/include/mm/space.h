/* kernel/mm/include/mm/space.h: address spaces.
 *
 * A space is a tree of areas; an area is object + offset + an optional overlay of
 * private pages (an amap, shared copy-on-write by fork). Reserving costs nothing
 * per page. Page tables are only a cache of what areas say.
 *
 * Locking: space->lock (SPACE, sleeping rwlock) guards the tree; a fault takes it
 * for reading, drops every lock before asking a pager, and starts again.
 */
#ifndef MM_SPACE_H
#define MM_SPACE_H

#include <ds/list.h>
#include <ds/rbtree.h>
#include <mm/object.h>
#include <sched/wait.h>

#define MM_READ 1u
#define MM_WRITE 2u
#define MM_EXEC 4u

#define MM_AREA_SHARED 1u	/* writes go to the object */
#define MM_AREA_GROWSDOWN 2u	/* a stack: grows to its rlimit on a fault below */
#define MM_AREA_NORESERVE 4u	/* charge nothing until touched */
#define MM_AREA_LOCKED 8u
#define MM_AREA_HEAP 16u
#define MM_AREA_DONTFORK 32u
#define MM_AREA_WIPEONFORK 64u
#define MM_AREA_STACK 128u
#define MM_AREA_VDSO 256u
#define MM_AREA_SPARSE 32768u	/* a string of zeroes stored where no pages are makes none */
/* the NT view's; mm only keeps them apart */
#define MM_AREA_IMAGE 512u	/* of a PE image */
#define MM_AREA_RESERVED 1024u	/* not committed: no access */
#define MM_AREA_GUARD 2048u	/* the first touch of a page raises an exception; no access now … */
#define MM_AREA_GUARD_PROT_SHIFT 12	/* … and these rights afterwards */
#define MM_AREA_GUARD_MASK (MM_AREA_GUARD | 7u << MM_AREA_GUARD_PROT_SHIFT)

struct mm_amap;

struct mm_area {
	struct rb_node node;		/* by start, in the space */
	uint64_t gap;			/* free bytes below start, down to the area before */
	uint64_t max_gap;		/* greatest gap in this subtree */
	struct interval_node object_node;	/* in object->areas: pages of the object */
	struct mm_space *space;
	uint64_t start, end;		/* page-aligned, end exclusive */
	uint32_t prot;			/* MM_READ | … as now */
	uint32_t max_prot;		/* what mprotect may raise it to */
	uint32_t flags;
	bool needs_copy;		/* the amap is shared: copy it before the first write */
	struct mm_object *object;	/* NULL: zeroes */
	uint64_t object_offset;		/* bytes, page-aligned */
	struct mm_amap *amap;		/* NULL until the first private page */
	uint64_t amap_offset;		/* index of `start` in the amap; pages */
	void *file;			/* io-manager's struct file, referenced through area_ops */
	uint32_t truncation;		/* of the object: the last that has looked at this area */
	uint64_t file_bytes_end;	/* nonzero: bytes of the mapping past this address read as
					 * zero (a segment's tail in its last file page, private only) */
};

struct mm_limits {			/* filled in from the envelope by ps */
	uint64_t address_space_bytes, data_bytes, stack_bytes, locked_bytes;
	uint64_t mmap_min_addr;
};

struct mm_space {
	refcount_t refs;
	struct rwlock lock;
	struct spinlock table_lock;	/* PAGE_TABLE */
	struct rb_root areas;
	uint64_t pml4;			/* physical */
	uint64_t cpu_mask;		/* CPUs that have it loaded; atomic */
	struct mm_limits limits;
	uint64_t total_bytes, data_bytes, locked_bytes, peak_bytes;
	uint32_t nareas;
	uint64_t rss_pages, rss_file_pages, page_table_pages;	/* atomic */
	uint64_t peak_rss_pages;
	uint64_t mmap_base;		/* top of the top-down search */
	uint64_t brk_start, brk;
	uint64_t stack_top;
	uint64_t arg_start, arg_end, env_start, env_end, start_code, end_code, start_data, end_data;
	uint64_t minor_faults, major_faults;
	void *exe;			/* ps's: inode of the main image */
	uint32_t membarriers;		/* registrations of membarrier(2); atomic */
	uint64_t auxv[48];
	uint32_t auxv_words;
};

/* What io-manager does for areas that map its files; filled at boot. */
struct mm_area_ops {
	void (*file_get)(void *file);
	void (*file_put)(void *file);
};
extern struct mm_area_ops mm_area_ops;

int mm_space_create(struct mm_space **out);
void mm_space_get(struct mm_space *s);
/* The last reference unmaps everything. Context: process. */
void mm_space_put(struct mm_space *s);
/* A copy for fork: overlays shared copy-on-write under one TLB shootdown. */
int mm_space_fork(struct mm_space *parent, struct mm_space **out);
/* Load its page tables on this CPU (sched_ops.switch_space). NULL: stay. */
void mm_space_switch(void *space);
struct mm_space *mm_current_space(void);	/* of the current thread, or NULL */

struct mm_map_request {
	uint64_t address;	/* hint, or exact with MM_MAP_FIXED */
	uint64_t bytes;		/* rounded up to pages, > 0 */
	uint32_t prot, max_prot;
	uint32_t area_flags;
	uint32_t map_flags;	/* MM_MAP_* */
	struct mm_object *object;	/* a reference is taken */
	uint64_t object_offset;
	void *file;		/* a reference is taken through mm_area_ops */
	uint64_t file_bytes;	/* of the mapping; the rest of its last page reads as zero; 0: all */
	uint64_t align;		/* of the chosen address; 0: a page */
};
#define MM_MAP_FIXED 1u
#define MM_MAP_NOREPLACE 2u	/* with FIXED: -EEXIST instead of unmapping */
#define MM_MAP_POPULATE 4u
#define MM_MAP_LOW32 8u		/* below 2 GiB (MAP_32BIT) */
#define MM_MAP_BOTTOM_UP 16u	/* the lowest free address instead of the highest */
/* Returns: the address, or -ENOMEM -EINVAL -EEXIST -EPERM -EAGAIN as mmap(2). */
int64_t mm_map(struct mm_space *s, const struct mm_map_request *rq);
/* As mm_map() with @whole, whose parts are private areas of their own: .address counts from the start of the
 * whole, ascending without overlap; .bytes are whole pages. Returns as mm_map(), with all mapped or none. */
int64_t mm_map_parts(struct mm_space *s, const struct mm_map_request *whole, const struct mm_map_request *parts,
	uint32_t nparts);
/* Where mm_map() would put @bytes without a hint; 0: nowhere. Only in a space of one user does it stay free. */
uint64_t mm_find_free(struct mm_space *s, uint64_t bytes, uint64_t align);
int mm_unmap(struct mm_space *s, uint64_t start, uint64_t bytes);
int mm_protect(struct mm_space *s, uint64_t start, uint64_t bytes, uint32_t prot);
/* The same, and flags of the NT view change with it. */
int mm_protect_flags(struct mm_space *s, uint64_t start, uint64_t bytes, uint32_t prot, uint32_t set, uint32_t clear);
/* mremap(2); flags as Linux's MREMAP_*. Returns the new address or errno. */
int64_t mm_remap(struct mm_space *s, uint64_t old, uint64_t old_bytes, uint64_t new_bytes, uint32_t flags, uint64_t new_address);
/* madvise(2) advice that changes anything: DONTNEED, FREE, DONTFORK, DOFORK, WIPEONFORK … */
int mm_advise(struct mm_space *s, uint64_t start, uint64_t bytes, int advice);
int mm_sync_range(struct mm_space *s, uint64_t start, uint64_t bytes, int flags);	/* msync(2) */
int mm_lock_range(struct mm_space *s, uint64_t start, uint64_t bytes, bool lock);
int mm_resident(struct mm_space *s, uint64_t start, uint64_t bytes, uint8_t *vec);	/* mincore(2) */
uint64_t mm_brk(struct mm_space *s, uint64_t address);	/* brk(2): the break afterwards */

/* Resolve a fault of the current thread at @address in its space.
 * @access: MM_READ, MM_WRITE or MM_EXEC. Sleeps.
 * Returns: 0; -EFAULT no area or the way is denied (SIGSEGV; *code: 1 MAPERR, 2 ACCERR);
 * -EIO past the end or the pager failed (SIGBUS); -ENOMEM; -EINTR fatal. */
int mm_fault(struct mm_space *s, uint64_t address, uint32_t access, int *code);

/* The page-fault exception: user mode's, and user copies' of the kernel.
 * Returns: true to go on at the frame's address (which may be a copy's recovery).
 * False: *@errno_out 0: a bug, or a reserved bit was set; else the signal that user mode gets:
 * -EFAULT SIGSEGV, -EIO SIGBUS, both with *@code; -ENOMEM: out of memory. */
struct trap_frame;
bool mm_trap_page_fault(struct trap_frame *f, uint64_t address, uint64_t error, int *code, int *errno_out);
/* Every other CPU that runs @s (NULL: any space) has left user mode and returned to it meanwhile:
 * a full barrier there, with INTERRUPT_RETURN for threads that ask for it on a switch. */
void mm_barrier(struct mm_space *s);
/* The TRAP_SHOOTDOWN interrupt. */
void mm_shootdown_interrupt(void);

/* Areas, for /proc/PID/maps: the first area that ends after @address.
 * Returns: false when there is none. Strings are not filled in. */
struct mm_area_info {
	uint64_t start, end, offset;
	uint32_t prot, flags;
	void *file;	/* referenced; give back with mm_area_ops.file_put */
	uint64_t rss_pages, private_pages;
};
bool mm_area_next(struct mm_space *s, uint64_t address, struct mm_area_info *out);
/* The same without .file and .rss_pages, which is quicker. */
bool mm_area_look(struct mm_space *s, uint64_t address, struct mm_area_info *out);

/* Read or write another space's memory, faulting pages in (ptrace-like uses, /proc).
 * Returns bytes copied, or -EFAULT when none. */
int64_t mm_space_copy(struct mm_space *s, uint64_t address, void *buf, size_t len, bool write);
/* The physical word behind a user address, for shared futexes: key words that are
 * equal for every mapping of the same page. -EFAULT when not mapped and not mappable. */
struct mm_futex_key { uint64_t a, b; };
int mm_futex_key(struct mm_space *s, uint64_t address, bool shared, struct mm_futex_key *out);

/* Pin user pages for I/O; frames referenced. Returns: 0; -EFAULT; -ENOMEM. */
int mm_pin(struct mm_space *s, uint64_t address, size_t npages, bool write, struct frame **out);
void mm_unpin(struct frame **frames, size_t npages, bool dirtied);

/* Frames and heap short, nothing to reclaim: called to choose and kill; ps fills it in. */
extern bool (*mm_oom_kill)(void);
/* A user copy of the kernel touched a page that may not be: true when it may be tried again. The edge's. */
extern bool (*mm_usercopy_refused)(uint64_t address);

#endif
