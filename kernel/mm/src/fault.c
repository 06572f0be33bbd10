/* kernel/mm/src/fault.c: what a page fault needs, found under the space's lock and done without it.
 *
 * Look up, take a reference, drop every lock, ask the pager, look up again.
 */
#include <errno.h>

#include <mm/space.h>
#include <nucleus/atomic.h>
#include <nucleus/counter.h>

#include "area.h"
#include "fault_internal.h"
#include "frame_internal.h"
#include "pagetable.h"
#include "shootdown.h"
#include "space_internal.h"

#define READAHEAD 32u	/* pages asked for together with the one that is needed */

#define SEGV_MAPERR 1
#define SEGV_ACCERR 2

int fault_install(struct fault *fl, struct frame *f, pte_t flags)
{
	struct mm_space *s = fl->space;
	bool replaced = false;
	pte_t *entry;

	spin_lock(&s->table_lock);
	entry = pt_find_or_make(s, fl->address);
	if (entry)
		replaced = pt_set(s, entry, f, flags);
	spin_unlock(&s->table_lock);
	if (unlikely(replaced))
		tlb_flush(s, fl->address, fl->address + PAGE_SIZE);
	return entry ? 0 : FAULT_MEMORY;
}

/* x86 has no page that is writable or executable but not readable. */
static bool is_allowed(uint32_t prot, uint32_t access)
{
	return access == MM_READ ? prot != 0 : prot & access;
}

static int fault_locked(struct fault *fl)
{
	struct mm_area *a = area_find(fl->space, fl->address);

	fl->code = SEGV_MAPERR;
	if (!a)
		return -EFAULT;
	if (fl->address < a->start)
		return a->flags & MM_AREA_GROWSDOWN ? FAULT_GROW : -EFAULT;
	fl->code = SEGV_ACCERR;
	if (!is_allowed(a->prot, fl->access))
		return -EFAULT;
	fl->area = a;
	return a->flags & MM_AREA_SHARED ? fault_object(fl) : fault_private(fl);
}

static int bring(struct fault *fl)
{
	struct mm_object *obj = fl->object;
	struct frame *f;
	int err;

	fl->object = NULL;
	fl->asked_pager |= obj->pager != NULL;
	err = mm_object_page_get(obj, fl->index, MM_PAGE_CREATE, READAHEAD, &f);
	mm_object_put(obj);
	if (!err) {
		if (fl->held)
			frame_put(fl->held);
		fl->held = f;
	}
	return !err || err == -ENOMEM || err == -EINTR ? err : -EIO;
}

static int reserve(struct fault *fl)
{
	struct mm_object *obj = fl->object;
	int err = obj->pager->reserve(obj, fl->index);

	fl->object = NULL;
	fl->reserved = obj;
	fl->reserved_index = fl->index;
	mm_object_put(obj);
	return !err || err == -ENOMEM || err == -EINTR ? err : -EIO;
}

static int unshare(struct fault *fl)
{
	struct mm_space *s = fl->space;
	struct mm_area *a;
	int err = 0;

	rwlock_write(&s->lock);
	a = area_find(s, fl->address);
	if (a && a->start <= fl->address && a->needs_copy)
		err = area_unshare(a);
	rwlock_write_unlock(&s->lock);
	return err;
}

static bool may_grow(const struct mm_space *s, const struct mm_area *a, uint64_t start)
{
	const struct mm_area *below = area_prev(a);

	/* The gap keeps a stack from running into what lies below. */
	return start >= s->limits.mmap_min_addr && a->end - start <= s->limits.stack_bytes &&
	       (!below || !below->prot || below->end + AREA_STACK_GUARD <= start) &&
	       !space_check_limits(s, a->start - start, false);
}

static int grow(struct fault *fl)
{
	struct mm_space *s = fl->space;
	struct mm_area *a;
	int err = 0;

	rwlock_write(&s->lock);
	a = area_find(s, fl->address);
	if (!a || !(a->flags & MM_AREA_GROWSDOWN))
		err = -EFAULT;
	else if (fl->address < a->start && !may_grow(s, a, fl->address))
		err = -EFAULT;
	else if (fl->address < a->start)
		err = area_unshare(a);	/* the amap may hold pages of others below */
	if (!err && fl->address < a->start)
		area_resize(a, fl->address, a->end);
	rwlock_write_unlock(&s->lock);
	return err;
}

/* Do what the step under the lock could not. Returns: 0 to start again; errno. */
static int resolve(struct fault *fl, int what, unsigned attempt)
{
	switch (what) {
	case FAULT_UNSHARE:
		return unshare(fl);
	case FAULT_GROW:
		return grow(fl);
	case FAULT_BRING:
		return bring(fl);
	case FAULT_RESERVE:
		return reserve(fl);
	default:
		return frames_wait(0, attempt) ? 0 : -ENOMEM;
	}
}

static int finish(struct fault *fl, int err)
{
	if (fl->held)
		frame_put(fl->held);
	if (fl->dirtied) {
		if (!err)
			err = mm_object_throttle(fl->dirtied);
		mm_object_put(fl->dirtied);
	}
	counter_inc(COUNTER_PAGE_FAULT);
	if (fl->asked_pager) {
		counter_inc(COUNTER_PAGE_FAULT_MAJOR);
		atomic_add(&fl->space->major_faults, 1);
	} else {
		atomic_add(&fl->space->minor_faults, 1);
	}
	return err;
}

int mm_fault(struct mm_space *s, uint64_t address, uint32_t access, int *code)
{
	struct fault fl = { .space = s, .address = ALIGN_DOWN(address, PAGE_SIZE), .access = access };
	int result;

	if (address >= USER_TOP) {
		*code = SEGV_MAPERR;
		return -EFAULT;
	}
	for (unsigned attempt = 0;; attempt++) {
		rwlock_read(&s->lock);
		result = fault_locked(&fl);
		rwlock_read_unlock(&s->lock);
		if (result > 0)
			result = resolve(&fl, result, attempt);
		else
			break;
		if (result)
			break;
	}
	*code = fl.code;
	return finish(&fl, result);
}

int space_populate(struct mm_space *s, uint64_t start, uint64_t end)
{
	int err = 0, code;

	while (start < end && !err) {
		const struct mm_area *a;
		uint64_t from, to;
		uint32_t prot, flags;

		rwlock_read(&s->lock);
		a = area_find_overlap(s, start, end);
		if (a) {
			from = MAX(a->start, start);
			to = MIN(a->end, end);
			prot = a->prot;
			flags = a->flags;
		}
		rwlock_read_unlock(&s->lock);
		if (!a)
			break;
		/* Private writable pages are made the process's own; a shared file stays clean. */
		for (; prot && from < to && !err; from += PAGE_SIZE)
			err = mm_fault(s, from, (prot & MM_WRITE) && !(flags & MM_AREA_SHARED) ? MM_WRITE : MM_READ, &code);
		start = to;
	}
	return err;
}
