/* kernel/lowlevel/include/lowlevel/percpu.h: the block that GS points to in ring 0.
 *
 * Offsets are known to the entry code and to the compiler (the canary, 28h).
 */
#ifndef LOWLEVEL_PERCPU_H
#define LOWLEVEL_PERCPU_H

#include <nucleus/compiler.h>

#define MAX_CPUS 64
#define MAX_HELD_SPINLOCKS 16
#define EXCEPTION_STACKS_BYTES (32u << 10)	/* of a CPU, for what must not trust the current stack */

struct thread;

struct percpu {
	struct percpu *self;		/* 00h */
	struct thread *current;		/* 08h */
	uint64_t kernel_stack;		/* 10h: top of the current thread's stack */
	uint64_t scratch;		/* 18h: user RSP during syscall entry */
	uint32_t cpu;			/* 20h: index, 0 is the boot CPU */
	uint32_t interrupt_depth;	/* 24h */
	uint64_t stack_canary;		/* 28h: the same on every CPU; threads migrate */
	uint32_t need_resched;		/* 30h */
	uint32_t apic_id;
	uint64_t interrupts;
	uint32_t nheld;			/* debug: spinlocks held by this CPU */
	uint32_t held_base;		/* debug: of these, so many belong to what an interrupt interrupted */
	uint16_t held_classes[MAX_HELD_SPINLOCKS];
	void *run_queue;		/* sched's */
	void *timers;			/* sched's */
	void *frame_cache;		/* mm's */
	void *active_space;		/* mm's: whose page tables are loaded */
	void *arch;			/* lowlevel's GDT and TSS */
	void *exception_stacks;		/* EXCEPTION_STACKS_BYTES, aligned likewise */
};

extern struct percpu *percpu_blocks[MAX_CPUS];
extern uint32_t percpu_count;	/* CPUs that run */

static inline struct percpu *this_cpu(void)
{
	struct percpu *p;

	__asm__ volatile("mov %%gs:0, %0" : "=r"(p));
	return p;
}
static inline struct thread *current_thread(void)
{
	struct thread *t;

	__asm__ volatile("mov %%gs:8, %0" : "=r"(t));
	return t;
}
static inline uint32_t cpu_index(void)
{
	uint32_t i;

	__asm__ volatile("mov %%gs:0x20, %0" : "=r"(i));
	return i;
}

#endif
