/* kernel/lowlevel/src/locks.c: the contended path of spinlocks, statistics, and order checks. */
#include <lowlevel/spinlock.h>
#include <nucleus/log.h>

struct percpu *percpu_blocks[MAX_CPUS];
uint32_t percpu_count;
struct lock_statistics lock_statistics[LOCK_CLASS_COUNT];

static const struct { const char *name; uint32_t rank; char kind; } classes[LOCK_CLASS_COUNT] = {
#define S 'S'
#define P 'P'
#define LOCK_CLASS(label, order, type) [LOCK_##label] = { #label, order, type },
#include <lowlevel/lock_classes.def>
#undef LOCK_CLASS
#undef S
#undef P
};

const char *lock_class_name(enum lock_class c)
{
	return classes[c].name;
}

uint32_t lock_class_rank(enum lock_class c)
{
	return classes[c].rank;
}

void spin_wait(struct spinlock *l)
{
	__atomic_fetch_add(&lock_statistics[l->class].contended, 1, __ATOMIC_RELAXED);
	do {
		while (__atomic_load_n(&l->held, __ATOMIC_RELAXED))
			cpu_pause();
	} while (__atomic_exchange_n(&l->held, 1, __ATOMIC_ACQUIRE));
}

#ifdef CONFIG_DEBUG
void lock_order_acquire(struct spinlock *l, bool nested)
{
	uint64_t flags = flags_save_disable();
	struct percpu *cpu = this_cpu();

	for (uint32_t i = cpu->held_base; i < cpu->nheld; i++) {
		uint32_t held = classes[cpu->held_classes[i]].rank, wanted = classes[l->class].rank;

		if (held > wanted || (held == wanted && !nested))
			panic("lock order: %s (rank %u) taken while %s (rank %u) is held", classes[l->class].name, wanted,
			      classes[cpu->held_classes[i]].name, held);
	}
	ASSERT(cpu->nheld < MAX_HELD_SPINLOCKS);
	cpu->held_classes[cpu->nheld++] = l->class;
	flags_restore(flags);
}

void lock_order_release(struct spinlock *l)
{
	uint64_t flags = flags_save_disable();
	struct percpu *cpu = this_cpu();
	uint32_t i = cpu->nheld;

	while (i && cpu->held_classes[i - 1] != l->class)
		i--;
	if (!i)
		panic("lock order: %s released by a CPU that does not hold it", classes[l->class].name);
	for (; i < cpu->nheld; i++)
		cpu->held_classes[i - 1] = cpu->held_classes[i];
	cpu->nheld--;
	flags_restore(flags);
}
#endif
