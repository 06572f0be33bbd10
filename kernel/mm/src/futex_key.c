/* kernel/mm/src/futex_key.c: what names a futex word.
 *
 * A word of a shared mapping is its object and offset, the same in every space; any
 * other is the space and the address (man 2 futex, FUTEX_PRIVATE_FLAG).
 */
#include <errno.h>

#include <mm/space.h>

#include "area.h"

int mm_futex_key(struct mm_space *s, uint64_t address, bool shared, struct mm_futex_key *out)
{
	const struct mm_area *a;
	int err = 0;

	if (address >= USER_TOP)
		return -EFAULT;
	out->a = (uint64_t)(uintptr_t)s;
	out->b = address;
	if (!shared)
		return 0;
	rwlock_read(&s->lock);
	a = area_find(s, address);
	if (!a || a->start > address || !a->prot) {
		err = -EFAULT;
	} else if ((a->flags & MM_AREA_SHARED) && a->object) {
		out->a = (uint64_t)(uintptr_t)a->object;
		out->b = a->object_offset + (address - a->start);
	}
	rwlock_read_unlock(&s->lock);
	return err;
}
