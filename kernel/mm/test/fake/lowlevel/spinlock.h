/* kernel/mm/test/fake/lowlevel/spinlock.h: locks that only notice being taken twice. */
#ifndef LOWLEVEL_SPINLOCK_H
#define LOWLEVEL_SPINLOCK_H

#include <lowlevel/percpu.h>
#include <nucleus/log.h>

enum lock_class {
#define LOCK_CLASS(name, rank, kind) LOCK_##name,
#include <lowlevel/lock_classes.def>
#undef LOCK_CLASS
};

struct spinlock {
	uint32_t held;
	uint16_t class;
};
#define SPINLOCK_INIT(name) { .class = LOCK_##name }

static inline void spin_init(struct spinlock *l, enum lock_class c)
{
	l->held = 0;
	l->class = (uint16_t)c;
}
static inline void spin_lock(struct spinlock *l)
{
	ASSERT(!l->held);
	l->held = 1;
}
static inline void spin_unlock(struct spinlock *l)
{
	ASSERT(l->held);
	l->held = 0;
}
static inline uint64_t spin_lock_irqsave(struct spinlock *l)
{
	spin_lock(l);
	return 0;
}
static inline void spin_unlock_irqrestore(struct spinlock *l, uint64_t flags)
{
	spin_unlock(l);
}
static inline uint64_t flags_save_disable(void) { return 0; }
static inline void flags_restore(uint64_t flags) { }

#endif
