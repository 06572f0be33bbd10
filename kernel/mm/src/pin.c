/* kernel/mm/src/pin.c: holding user pages, for I/O and for the memory of other spaces. */
#include <errno.h>
#include <string.h>

#include <mm/space.h>
#include <nucleus/atomic.h>

#include "amap.h"
#include "frame_internal.h"
#include "pagetable.h"

/* The page that the tables map at @address, pinned; NULL: a fault is needed. The entry
 * keeps the frame alive while table_lock is held. */
static struct frame *pin_mapped(struct mm_space *s, uint64_t address, bool write)
{
	pte_t *entry;
	struct frame *f = NULL;

	spin_lock(&s->table_lock);
	entry = pt_find(s, address);
	if (entry && *entry && (!write || (*entry & PTE_WRITE))) {
		f = phys_to_frame(*entry & PTE_PHYS);
		frame_get(f);
		if (f->flags & FRAME_ANON)
			atomic_add(&f->pins, 1);
	}
	spin_unlock(&s->table_lock);
	return f;
}

static int pin_page(struct mm_space *s, uint64_t address, bool write, struct frame **out)
{
	int err, code;

	for (;;) {
		*out = pin_mapped(s, address, write);
		if (*out)
			return 0;
		err = mm_fault(s, address, write ? MM_WRITE : MM_READ, &code);
		if (err)
			return err == -ENOMEM || err == -EINTR ? err : -EFAULT;
	}
}

int mm_pin(struct mm_space *s, uint64_t address, size_t npages, bool write, struct frame **out)
{
	address = ALIGN_DOWN(address, PAGE_SIZE);
	if (npages > USER_TOP >> PAGE_SHIFT || address > USER_TOP - npages * PAGE_SIZE)
		return -EFAULT;
	for (size_t i = 0; i < npages; i++) {
		int err = pin_page(s, address + i * PAGE_SIZE, write, &out[i]);

		if (err) {
			mm_unpin(out, i, false);
			return err;
		}
	}
	return 0;
}

/* A page of a file that was written behind its back. */
static void note_written(struct frame *f)
{
	struct mm_object *obj = f->object;

	if (obj && obj->pager)
		mm_object_page_dirty(obj, f, 0, PAGE_SIZE);
}

void mm_unpin(struct frame **frames, size_t npages, bool dirtied)
{
	for (size_t i = 0; i < npages; i++) {
		struct frame *f = frames[i];

		if (f->flags & FRAME_ANON)
			atomic_sub(&f->pins, 1);
		else if (dirtied && !(f->flags & FRAME_RESERVED))
			note_written(f);
		frame_put(f);
	}
}

int64_t mm_space_copy(struct mm_space *s, uint64_t address, void *buf, size_t len, bool write)
{
	size_t done = 0;

	while (done < len) {
		uint64_t at = address + done, in_page = at & (PAGE_SIZE - 1);
		size_t n = MIN(len - done, PAGE_SIZE - in_page);
		struct frame *f;
		char *page;

		if (mm_pin(s, at, 1, write, &f))
			break;
		page = (char *)frame_virt(f) + in_page;
		if (write)
			memcpy(page, (char *)buf + done, n);
		else
			memcpy((char *)buf + done, page, n);
		mm_unpin(&f, 1, write);
		done += n;
	}
	return done || !len ? (int64_t)done : -EFAULT;
}
