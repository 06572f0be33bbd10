/* kernel/mm/include/mm/object.h: memory objects.
 *
 * A memory object is a sparse run of pages that address spaces map and files
 * read: the only page cache. Where a page is absent, its pager brings it;
 * anonymous objects have no pager and start as zeroes. A page is absent, busy,
 * clean, dirty or in write-back.
 *
 * Locking: obj->lock (OBJECT, spin) guards the page tree and the area list.
 * Functions that may ask the pager sleep; the caller holds no spinlock and no
 * lock of the OBJECT class or of an address space.
 */
#ifndef MM_OBJECT_H
#define MM_OBJECT_H

#include <ds/interval_tree.h>
#include <ds/list.h>
#include <ds/radix.h>
#include <lowlevel/spinlock.h>
#include <mm/frame.h>
#include <nucleus/atomic.h>

struct mm_object;

/* Who fills and cleans the pages of an object; io-manager's inodes implement it
 * by calls to the file's owner. All may sleep. */
struct mm_pager_ops {
	/* Fill @npages absent pages from @index; they are busy and belong to the
	 * call, frames in the tree. Bytes past the end of the file must be zero.
	 * Returns: 0, or a negative errno for all of them. */
	int (*page_in)(struct mm_object *obj, uint64_t index, uint32_t npages);
	/* Write dirty bytes [offset, offset + len) back. The pages are in write-back.
	 * Returns: 0 or a negative errno. */
	int (*page_out)(struct mm_object *obj, uint64_t offset, uint64_t len);
	/* A mapping is to write the clean page @index: see that it can be written back one day. NULL: it always can.
	 * Sleeps. Returns: 0, or a negative errno: the program is told by SIGBUS. */
	int (*reserve)(struct mm_object *obj, uint64_t index);
	/* A clean page was written through a mapping or write(): account the time
	 * stamps. Never sleeps. */
	void (*dirtied)(struct mm_object *obj, uint64_t index);
	/* The last reference went. The pages are already gone. */
	void (*release)(struct mm_object *obj);
};

struct mm_object {
	refcount_t refs;
	struct spinlock lock;
	struct radix_tree pages;	/* index → struct frame *; tag: dirty */
	uint64_t size_bytes;		/* pages past it do not exist: SIGBUS, -EFAULT */
	uint64_t npages;		/* present */
	uint64_t ndirty;
	uint32_t nruns;			/* of pages that are on their way to the pager */
	uint32_t generation;		/* of the pager; a late completion is refused */
	uint32_t flags;			/* MM_OBJECT_* */
	int32_t writeback_error;	/* sticky until taken */
	const struct mm_pager_ops *pager;	/* NULL: anonymous */
	void *pager_context;
	struct interval_tree areas;	/* mm_area.object_node by page index, all spaces */
	struct list_node dirty_node;	/* on the list of objects with dirty pages */
	uint64_t dirtied_at_ns;		/* when ndirty left 0 */
	uint64_t phys;			/* MM_OBJECT_PHYSICAL: of page 0 */
	uint32_t truncations;		/* how often it was cut */
	uint32_t reclaim_pins;		/* reclaim looks at a page of it; guarded by the LRU's lock */
};
#define MM_OBJECT_SHMEM 1u	/* counts as shared memory (tmpfs, shared anonymous) */
#define MM_OBJECT_WIRED 2u	/* bundle: never reclaimed */
#define MM_OBJECT_SEALED_WRITE 4u	/* no new shared mapping that may write */
#define MM_OBJECT_PHYSICAL 8u	/* pages are computed, not in the tree */
#define MM_OBJECT_COMBINING 32u	/* a framebuffer: mapped so that writes are combined */
#define MM_OBJECT_OWN 16u	/* made by mm_object_create*(), freed by the last put */

/* Returns: 0 and a reference in *@out; -ENOMEM. */
int mm_object_create(uint64_t size_bytes, unsigned flags, struct mm_object **out);
/* For an object embedded in an inode. */
void mm_object_init(struct mm_object *obj, uint64_t size_bytes, const struct mm_pager_ops *pager, void *context);
/* A wired object over existing physical memory (bundle files). */
int mm_object_create_physical(uint64_t phys, uint64_t size_bytes, struct mm_object **out);
/* The framebuffer of boot_info. -ENODEV: there is none, or none that programs can map. */
int mm_object_create_framebuffer(struct mm_object **out);
void mm_object_get(struct mm_object *obj);
void mm_object_put(struct mm_object *obj);
/* Free every page of an embedded object (no area maps it any more). Dirty pages are dropped. */
void mm_object_destroy_pages(struct mm_object *obj);

/* Find page @index, asking the pager (with read-ahead up to @readahead pages) on a miss.
 * @flags: MM_PAGE_CREATE fills a hole of an anonymous object with zeroes;
 * without it a hole gives *out = NULL. MM_PAGE_OVERWRITE: the caller overwrites the
 * whole page; a pager is not asked. If the page was absent it comes zeroed and busy,
 * so that nobody sees it before its contents: the caller copies with faults off and
 * ends with mm_object_page_dirty() or mm_object_page_abandon().
 * Returns: 0 and a referenced, up-to-date frame; -EFAULT past the end; -EIO and
 * others from the pager; -ENOMEM; -EINTR if a fatal interrupt arrived. */
int mm_object_page_get(struct mm_object *obj, uint64_t index, unsigned flags, unsigned readahead, struct frame **out);
#define MM_PAGE_CREATE 1u
#define MM_PAGE_OVERWRITE 2u
/* The page if it is present and up to date, with a reference; else NULL. Never sleeps. */
struct frame *mm_object_page_lookup(struct mm_object *obj, uint64_t index);

/* The page if the pager is filling it or writing it back, with a reference: for the device
 * that moves its bytes. NULL otherwise. Never sleeps. */
struct frame *mm_object_page_for_io(struct mm_object *obj, uint64_t index);

/* The caller changed bytes [from, to) of a page it holds a reference to. */
void mm_object_page_dirty(struct mm_object *obj, struct frame *f, unsigned from, unsigned to);

/* The caller of MM_PAGE_OVERWRITE could not fill the page: if it is busy it is absent
 * again. The reference is still the caller's to drop. */
void mm_object_page_abandon(struct mm_object *obj, struct frame *f);

/* Wait while too many pages are dirty, in this object or in all; a writer calls it before
 * each chunk. Returns: 0; -EINTR if a fatal interrupt arrived.
 * Context: process; the caller holds no lock that page_out needs. */
int mm_object_throttle(struct mm_object *obj);

/* Change the size: pages past the end are unmapped everywhere and freed, the rest
 * of the last page is zeroed. Context: process; the inode's lock is held. */
void mm_object_truncate(struct mm_object *obj, uint64_t size_bytes);
/* Does an area of any space show a part of @obj? */
bool mm_object_is_mapped(struct mm_object *obj);
/* Free pages in [first, last]; unmapped first (fallocate's hole punch). */
void mm_object_punch(struct mm_object *obj, uint64_t first, uint64_t last);
/* Drop clean pages, e.g. when the server's file has changed. Dirty ones stay. */
void mm_object_invalidate_clean(struct mm_object *obj);
/* Write dirty bytes in [offset, offset+len) back and wait. Returns the first error. */
int mm_object_sync(struct mm_object *obj, uint64_t offset, uint64_t len);
/* No byte is dirty or on its way to the pager. */
bool mm_object_is_written(struct mm_object *obj);
/* Take the sticky write-back error and clear it. */
int mm_object_take_error(struct mm_object *obj);
/* Refuse shared mappings that could write, for ever. 0; -EBUSY there is one. */
int mm_object_seal_writes(struct mm_object *obj);
/* The next data (or hole) page index >= @index, for SEEK_DATA; ~0 when none. */
uint64_t mm_object_next_data(struct mm_object *obj, uint64_t index);
uint64_t mm_object_next_hole(struct mm_object *obj, uint64_t index);
/* Copy bytes to kernel memory; short at the end of the object. Returns bytes or errno. */
int64_t mm_object_read(struct mm_object *obj, uint64_t offset, void *buf, size_t len);

/* The pager of @obj died and came back: busy turns absent, write-back turns dirty. */
void mm_object_pager_reset(struct mm_object *obj);

/* Reclaim, called when frames are short and by the drop-caches broker. Returns pages freed. */
uint64_t mm_reclaim(uint64_t target_pages);
/* Background threads: age-based write-back and reclaim. Boot, after sched. */
void mm_start_threads(void);
/* Write back every dirty page in the machine. */
void mm_sync_all(void);

#endif
