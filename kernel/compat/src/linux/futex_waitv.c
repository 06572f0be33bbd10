/* kernel/compat/src/linux/futex_waitv.c: waiting for any of several futex words. */
#include <linux/futex.h>
#include <linux/time.h>
#include <mm/heap.h>
#include <mm/usercopy.h>

#include "cpu_clock.h"
#include "futex.h"

/* linux/futex.h has it since Linux 5.16. */
struct waitv {
	uint64_t value, address;
	uint32_t flags, reserved;
};
#define WAITV_32_BIT 2u
#define WAITV_MAX 128u

static int waiters_in(uint64_t user, uint32_t n, struct waitv *v, struct futex_waiter *w)
{
	if (copy_from_user(v, user_ptr(user), n * sizeof(*v)))
		return -EFAULT;
	for (uint32_t i = 0; i < n; i++) {
		if ((v[i].flags & ~(WAITV_32_BIT | FUTEX_PRIVATE_FLAG)) || v[i].reserved || !(v[i].flags & WAITV_32_BIT))
			return -EINVAL;
		w[i] = (struct futex_waiter){ .thread = current_thread(), .bitset = FUTEX_BITSET_MATCH_ANY };
	}
	return 0;
}

/* Returns: the index of the last that was woken, or -1. */
static int64_t unqueue_all(struct futex_waiter *w, uint32_t n)
{
	int64_t woken = -1;

	for (uint32_t i = 0; i < n; i++) {
		if (futex_unqueue(&w[i]))
			woken = i;
	}
	return woken;
}

static bool is_any_woken(const struct futex_waiter *w, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		if (READ_ONCE(w[i].is_woken))
			return true;
	}
	return false;
}

static int64_t wait_for_any(const struct waitv *v, struct futex_waiter *w, uint32_t n, uint64_t deadline)
{
	int64_t woken;
	int err = 0;

	for (uint32_t i = 0; i < n; i++) {
		err = futex_key(v[i].address, !(v[i].flags & FUTEX_PRIVATE_FLAG), &w[i].key);
		if (err)
			return err;
	}
	for (uint32_t i = 0; i < n; i++) {
		err = futex_queue(&w[i], v[i].address, (uint32_t)v[i].value);
		if (err) {
			woken = unqueue_all(w, i);
			return woken >= 0 ? woken : err;
		}
	}
	while (!is_any_woken(w, n) && !err)
		err = thread_block(INTERRUPT_LINUX, deadline);
	woken = unqueue_all(w, n);
	return woken >= 0 ? woken : linux_restartable(err);
}

static int deadline_in(uint64_t user, int32_t clock, uint64_t *deadline)
{
	uint64_t ns;
	int err;

	*deadline = 0;
	if (!user)
		return 0;
	if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC)
		return -EINVAL;
	err = linux_timespec_in(user, &ns);
	if (!err)
		*deadline = linux_clock_to_monotonic(clock, ns);
	return err;
}

int64_t linux_sys_futex_waitv(const uint64_t a[6])
{
	uint32_t n = (uint32_t)a[1];
	struct futex_waiter *w;
	struct waitv *v;
	uint64_t deadline;
	int64_t ret;

	if ((uint32_t)a[2] || !n || n > WAITV_MAX || !a[0])
		return -EINVAL;
	ret = deadline_in(a[3], (int32_t)a[4], &deadline);
	if (ret)
		return ret;
	w = kmalloc(n * (sizeof(*w) + sizeof(*v)), 0);
	if (!w)
		return -ENOMEM;
	v = (struct waitv *)(w + n);
	ret = waiters_in(a[0], n, v, w);
	if (!ret)
		ret = wait_for_any(v, w, n, deadline);
	kfree(w);
	return ret;
}
