/* kernel/nucleus-core/include/nucleus/atomic.h: reference counts and counters. */
#ifndef NUCLEUS_ATOMIC_H
#define NUCLEUS_ATOMIC_H

#include <nucleus/log.h>

typedef struct { int value; } refcount_t;
#define REFCOUNT_INIT(n) { (n) }

static inline void refcount_set(refcount_t *r, int n) { __atomic_store_n(&r->value, n, __ATOMIC_RELAXED); }
static inline int refcount_read(const refcount_t *r) { return __atomic_load_n(&r->value, __ATOMIC_RELAXED); }
static inline void refcount_get(refcount_t *r)
{
	int old = __atomic_fetch_add(&r->value, 1, __ATOMIC_RELAXED);

	DEBUG_ASSERT(old > 0);
	(void)old;
}
/* Returns: true if the count was not zero and one was taken. */
static inline bool refcount_get_unless_zero(refcount_t *r)
{
	int old = refcount_read(r);

	while (old > 0) {
		if (__atomic_compare_exchange_n(&r->value, &old, old + 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return true;
	}
	return false;
}
/* Returns: true when this was the last reference. */
static inline bool refcount_put(refcount_t *r)
{
	int old = __atomic_fetch_sub(&r->value, 1, __ATOMIC_ACQ_REL);

	DEBUG_ASSERT(old > 0);
	return old == 1;
}

#define atomic_add(p, n) __atomic_fetch_add(p, n, __ATOMIC_RELAXED)
#define atomic_sub(p, n) __atomic_fetch_sub(p, n, __ATOMIC_RELAXED)
#define atomic_load(p) __atomic_load_n(p, __ATOMIC_ACQUIRE)
#define atomic_store(p, v) __atomic_store_n(p, v, __ATOMIC_RELEASE)
#define atomic_xchg(p, v) __atomic_exchange_n(p, v, __ATOMIC_ACQ_REL)

#endif
