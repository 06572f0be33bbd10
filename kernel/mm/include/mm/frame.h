/* kernel/mm/include/mm/frame.h: physical frames and the direct map.
 *
 * One 64-byte descriptor a frame in one virtual array; flags at 0 and the
 * reference count at 52, where Linux modules look for them.
 */
#ifndef MM_FRAME_H
#define MM_FRAME_H

#include <ds/list.h>
#include <nucleus/compiler.h>

struct boot_info;
struct heap_cache;
struct mm_object;

#ifndef FRAME_ARRAY_BASE	/* host tests lay both over ordinary memory */
#define DIRECT_MAP_BASE 0xffff888000000000ull
#define FRAME_ARRAY_BASE 0xffffea0000000000ull
#endif
#define VMALLOC_BASE 0xffffc90000000000ull
#define VMALLOC_END 0xffffc9ffffffffffull
#define KERNEL_IMAGE_BASE 0xffffffff80000000ull
#define USER_TOP 0x00007ffffffff000ull

struct frame {
	uint64_t flags;			/* 00h FRAME_* ; atomic */
	struct list_node lru;		/* 08h free list, LRU */
	union {
		struct mm_object *object;	/* 18h whose page; NULL: anonymous, kernel */
		struct heap_cache *cache;	/* first frame of a slab */
	};
	union {
		uint64_t index;		/* 20h page index in the object */
		void *free_objects;	/* slab: its free objects, linked */
	};
	union {
		struct {
			uint16_t dirty_from, dirty_to;	/* 28h dirty bytes [from, to) of a pager's page */
		};
		uint32_t pins;		/* anonymous: references that are mm_pin()'s; atomic */
		struct {
			uint16_t slab_used, slab_capacity;
		};
	};
	uint32_t order;			/* 2ch of a free block or a kernel allocation */
	uint32_t mapcount;		/* 30h page-table entries that map it; atomic. Of a page table:
					 * its present entries */
	int32_t refcount;		/* 34h atomic */
	void *private;			/* 38h heap: first frame of the slab */
};
_Static_assert(sizeof(struct frame) == 64, "frame descriptors are 64 bytes");
_Static_assert(offsetof(struct frame, refcount) == 52, "as Linux modules expect");

#define FRAME_BUSY (1u << 0)	/* being filled; waiters sleep on it */
#define FRAME_DIRTY (1u << 1)
#define FRAME_WRITEBACK (1u << 2)
#define FRAME_UPTODATE (1u << 3)
#define FRAME_RESERVED (1u << 4)	/* firmware's, kernel image */
#define FRAME_FREE (1u << 5)
#define FRAME_SLAB (1u << 6)
#define FRAME_ON_LRU (1u << 7)
#define FRAME_REFERENCED (1u << 8)
#define FRAME_PINNED (1u << 9)	/* wired: bundle, DMA */
#define FRAME_ERROR (1u << 10)	/* the last write-back failed */
#define FRAME_WAITERS (1u << 11)
#define FRAME_ANON (1u << 12)
#define FRAME_OVERWRITE (1u << 13)	/* busy because a writer fills it, not a pager */

#define FRAME_ZERO 1u		/* alloc: filled with zeroes */
#define FRAME_RESERVE 2u	/* alloc: may use the pager path's reserve */
#define FRAME_NO_RECLAIM 4u	/* alloc: never sleeps, never reclaims */

/* Returns: 2^order contiguous frames with one reference, or NULL. May reclaim and
 * sleep unless FRAME_NO_RECLAIM (required in interrupts and under spinlocks). */
struct frame *frame_alloc(unsigned order, unsigned flags);
void frame_get(struct frame *f);
void frame_put(struct frame *f);	/* frees at zero */

static inline uint64_t frame_number(const struct frame *f) { return ((uint64_t)(uintptr_t)f - FRAME_ARRAY_BASE) / 64; }
static inline uint64_t frame_phys(const struct frame *f) { return frame_number(f) << PAGE_SHIFT; }
static inline void *phys_to_virt(uint64_t phys) { return (void *)(uintptr_t)(phys + DIRECT_MAP_BASE); }
static inline void *frame_virt(const struct frame *f) { return phys_to_virt(frame_phys(f)); }
static inline struct frame *phys_to_frame(uint64_t phys) { return (struct frame *)(uintptr_t)(FRAME_ARRAY_BASE + (phys >> PAGE_SHIFT) * 64); }
/* Of a direct-map or kernel-image address. */
uint64_t virt_to_phys(const void *p);

/* Boot, in this order. */
void mm_early_init(const struct boot_info *bi);	/* direct map, frame array, kernel W^X mapping, heap */
void mm_init_cpu(void);
/* The kernel's own PML4 (physical); its upper half is copied into each space. */
extern uint64_t mm_kernel_pml4;

/* Map device registers uncached. Returns NULL when there is no room. */
void __iomem *mm_map_device(uint64_t phys, size_t bytes);
/* The same for memory that a screen shows: writes are combined. */
void __iomem *mm_map_framebuffer(uint64_t phys, size_t bytes);
/* Kernel stack with a guard page below; returns the top, 0 when there is no memory. */
uint64_t mm_stack_alloc(void);
void mm_stack_free(uint64_t top);

/* Debug builds: @name's kernel stack ends at @top. The log tells if ever less than MM_STACK_RESERVE of it was left,
 * which is what an interrupt takes at most; the deepest use of any is kept. Context: any. */
#define MM_STACK_RESERVE 2048u
#ifdef CONFIG_DEBUG
void mm_stack_check(uint64_t top, const char *name);
uint64_t mm_stack_deepest(void);	/* bytes */
#else
static inline void mm_stack_check(uint64_t top, const char *name) { }
#endif

struct mm_statistics {
	uint64_t total_pages, free_pages, cached_pages, dirty_pages, writeback_pages, anon_pages, mapped_pages,
		slab_pages, shmem_pages, page_table_pages, kernel_stack_pages;
};
void mm_statistics(struct mm_statistics *out);

void mm_zero_page(void *page);
void mm_copy_page(void *dst, const void *src);

#endif
