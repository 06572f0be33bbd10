/* kernel/mm/src/zero_store.c: strings of zeroes that are stored where zeroes are read anyway.
 *
 * At each thread's start Windows' ntdll clears what lies below in its stack, 960 KiB of which most is
 * never used. To give it pages would cost more than all else that a small program does.
 */
#include <lowlevel/trap.h>
#include <mm/space.h>
#include <mm/usercopy.h>
#include <nucleus/counter.h>

#include "amap.h"
#include "area.h"
#include "fault_internal.h"

#define RFLAGS_TF 0x100u
#define RFLAGS_DF 0x400u
#define MIN_ELEMENTS 64u	/* fewer are not worth a look at the code */

static bool may_be_zero_store(const struct trap_frame *f, uint64_t address)
{
	return !f->rax && f->rcx >= MIN_ELEMENTS && ALIGN_DOWN(f->rdi, PAGE_SIZE) == ALIGN_DOWN(address, PAGE_SIZE) &&
	       f->cs == SEL_USER_CODE && !(f->rflags & (RFLAGS_TF | RFLAGS_DF));
}

/* Returns: bytes of an element of the `rep stos` at @rip (Intel SDM 2B, STOS); 0: it is another instruction. */
static unsigned element_bytes(uint64_t rip)
{
	uint8_t code[3];

	if (copy_from_user_nofault(code, (const void __user *)rip, sizeof(code)) || code[0] != 0xf3)
		return 0;
	if (code[1] == 0x48)
		return code[2] == 0xab ? 8 : 0;
	return code[1] == 0xab ? 4 : code[1] == 0xaa ? 1 : 0;
}

static uint64_t amap_empty_pages(struct mm_amap *amap, uint64_t index, uint64_t max)
{
	uint64_t total = 0;
	unsigned n;

	mutex_lock(&amap->lock);
	do {
		n = amap_run_empty(amap, index + total, (unsigned)MIN(max - total, AMAP_CHUNK));
		total += n;
	} while (n && total < max);
	mutex_unlock(&amap->lock);
	return total;
}

/* Where the pages end that a write at @address would make one by one. space->lock is held. */
static uint64_t end_of_absent(struct mm_space *s, uint64_t address, uint64_t last)
{
	uint64_t page = ALIGN_DOWN(address, PAGE_SIZE);
	struct mm_area *a = area_find(s, address);
	struct mm_amap *amap;
	uint64_t npages;

	if (!a || a->start > address || !(a->flags & MM_AREA_SPARSE) || !(a->prot & MM_WRITE) || a->object)
		return 0;
	npages = (MIN(a->end, ALIGN_UP(last, PAGE_SIZE)) - page) >> PAGE_SHIFT;
	/* Another thread's fault may give the area its amap now. */
	amap = atomic_load(&a->amap);
	if (amap)
		npages = amap_empty_pages(amap, area_amap_index(a, page), npages);
	return page + (npages << PAGE_SHIFT);
}

bool fault_pass_zero_store(struct mm_space *s, struct trap_frame *f, uint64_t address)
{
	uint64_t bytes, end, n;

	if (!may_be_zero_store(f, address))
		return false;
	bytes = element_bytes(f->rip);
	if (!bytes || f->rcx > (USER_TOP - f->rdi) / bytes)
		return false;
	rwlock_read(&s->lock);
	end = end_of_absent(s, f->rdi, f->rdi + f->rcx * bytes);
	rwlock_read_unlock(&s->lock);
	if (end <= f->rdi)
		return false;
	n = MIN(f->rcx, (end - f->rdi) / bytes);
	if (!n)
		return false;
	f->rdi += n * bytes;
	f->rcx -= n;
	counter_inc(COUNTER_ZERO_STORE);
	return true;
}
