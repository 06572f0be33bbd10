/* kernel/lowlevel/include/lowlevel/spinlock.h: spinlocks with a class each.
 *
 * A lock that an interrupt handler takes is taken with _irqsave everywhere. The
 * kernel is not preempted, so the plain form need not disable anything. No
 * spinlock is held across sleep, IPC, I/O or user copy.
 */
#ifndef LOWLEVEL_SPINLOCK_H
#define LOWLEVEL_SPINLOCK_H

#include <lowlevel/cpu.h>
#include <lowlevel/percpu.h>
#include <nucleus/compiler.h>

enum lock_class {
#define LOCK_CLASS(name, rank, kind) LOCK_##name,
#include <lowlevel/lock_classes.def>
#undef LOCK_CLASS
	LOCK_CLASS_COUNT
};

struct lock_statistics { uint64_t contended; };
extern struct lock_statistics lock_statistics[LOCK_CLASS_COUNT];
const char *lock_class_name(enum lock_class c);
uint32_t lock_class_rank(enum lock_class c);

struct spinlock {
	uint32_t held;
	uint16_t class;
	uint16_t cpu;	/* debug: who holds it */
};
#define SPINLOCK_INIT(name) { .class = LOCK_##name }

static inline void spin_init(struct spinlock *l, enum lock_class c)
{
	l->held = 0;
	l->class = (uint16_t)c;
	l->cpu = 0;
}
void spin_wait(struct spinlock *l);	/* the slow path */
#ifdef CONFIG_DEBUG
void lock_order_acquire(struct spinlock *l, bool nested);
void lock_order_release(struct spinlock *l);
#else
static inline void lock_order_acquire(struct spinlock *l, bool nested) { (void)l; (void)nested; }
static inline void lock_order_release(struct spinlock *l) { (void)l; }
#endif

static inline void spin_lock(struct spinlock *l)
{
	lock_order_acquire(l, false);
	if (unlikely(__atomic_exchange_n(&l->held, 1, __ATOMIC_ACQUIRE)))
		spin_wait(l);
}
/* A second lock of the same class; the caller goes in address order. */
static inline void spin_lock_nested(struct spinlock *l)
{
	lock_order_acquire(l, true);
	if (unlikely(__atomic_exchange_n(&l->held, 1, __ATOMIC_ACQUIRE)))
		spin_wait(l);
}
static inline void spin_unlock(struct spinlock *l)
{
	lock_order_release(l);
	__atomic_store_n(&l->held, 0, __ATOMIC_RELEASE);
}
static inline __must_check uint64_t spin_lock_irqsave(struct spinlock *l)
{
	uint64_t flags = flags_save_disable();

	spin_lock(l);
	return flags;
}
static inline void spin_unlock_irqrestore(struct spinlock *l, uint64_t flags)
{
	spin_unlock(l);
	flags_restore(flags);
}

#endif
