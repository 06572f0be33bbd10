/* kernel/compat/src/linux/futex_robust.c: futexes of a thread that ends (Linux Documentation/locking/robust-futex-ABI). */
#include <linux/futex.h>
#include <mm/usercopy.h>

#include "dispatch.h"
#include "futex.h"

#define PI_BIT 1ull

struct robust_head { uint64_t next; int64_t futex_offset; uint64_t pending; };

int64_t linux_sys_set_robust_list(const uint64_t a[6])
{
	struct ps_thread *t = ps_current_thread();

	if (a[1] != sizeof(struct robust_head))
		return -EINVAL;
	t->robust_list = a[0];
	return 0;
}

int64_t linux_sys_get_robust_list(const uint64_t a[6])
{
	struct ps_thread *t = a[0] ? ps_find_thread((uint32_t)a[0]) : ps_current_thread();
	const uint64_t bytes = sizeof(struct robust_head);
	uint64_t head;

	if (!t)
		return -ESRCH;
	head = t->robust_list;
	if (a[0]) {
		bool allowed = !signal_permission(t->process, 0);

		ps_thread_put(t);
		if (!allowed)
			return -EPERM;
	}
	if (copy_to_user(user_ptr(a[2]), &bytes, sizeof(bytes)))
		return -EFAULT;
	return copy_to_user(user_ptr(a[1]), &head, sizeof(head));
}

/* If the dying thread holds the futex: mark it and wake one waiter. */
static int futex_owner_died(uint64_t address, uint32_t tid, bool is_pi, bool is_pending)
{
	uint32_t value, seen;

	if (address & 3)
		return -EINVAL;
	if (copy_from_user(&value, user_ptr(address), sizeof(value)))
		return -EFAULT;
	/* It was let go, but the waiters were not woken yet. */
	if (is_pending && !is_pi && !value) {
		linux_futex_wake(address, true, 1);
		return 0;
	}
	while ((value & FUTEX_TID_MASK) == tid) {
		seen = value;
		if (user_cmpxchg32_nofault(user_ptr(address), &seen, (value & FUTEX_WAITERS) | FUTEX_OWNER_DIED)) {
			int code;

			if (mm_fault(ps_current()->space, address, MM_WRITE, &code))
				return -EFAULT;
			continue;
		}
		if (seen == value) {
			/* One with priority inheritance is handed over, not fought for. */
			if (!is_pi && (value & FUTEX_WAITERS))
				linux_futex_wake(address, true, 1);
			return 0;
		}
		value = seen;
	}
	return 0;
}

static void walk_robust_list(struct ps_thread *t)
{
	struct robust_head head;
	uint64_t entry, next;
	uint32_t left = ROBUST_LIST_LIMIT;

	if (copy_from_user(&head, user_ptr(t->robust_list), sizeof(head)))
		return;
	for (entry = head.next; (entry & ~PI_BIT) != t->robust_list && left; left--) {
		uint64_t at = entry & ~PI_BIT;

		/* Its successor first: once woken, another thread may free the entry. */
		if (copy_from_user(&next, user_ptr(at), sizeof(next)))
			return;
		if (at != (head.pending & ~PI_BIT) &&
		    futex_owner_died(at + (uint64_t)head.futex_offset, t->thread.tid, entry & PI_BIT, false))
			return;
		entry = next;
	}
	if (head.pending & ~PI_BIT)
		futex_owner_died((head.pending & ~PI_BIT) + (uint64_t)head.futex_offset, t->thread.tid,
				 head.pending & PI_BIT, true);
}

void linux_thread_exiting(struct ps_thread *t)
{
	const uint32_t zero = 0;

	if (t->robust_list)
		walk_robust_list(t);
	t->robust_list = 0;
	futex_pi_thread_exits(t);
	if (!t->clear_child_tid)
		return;
	/* Only if somebody is left in this memory to look (man 2 set_tid_address). */
	if (t->process->nthreads > 1 || refcount_read(&t->process->space->refs) > 1) {
		if (!copy_to_user(user_ptr(t->clear_child_tid), &zero, sizeof(zero)))
			linux_futex_wake(t->clear_child_tid, true, 1);
	}
	t->clear_child_tid = 0;
}
