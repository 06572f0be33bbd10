/* kernel/mm/src/shootdown.c: TLB shootdown by interrupt.
 *
 * One request at a time: its sender fills in `request`, sets a bit per target in
 * `pending`, interrupts them and waits until all bits are gone. Senders that wait
 * for their turn answer requests meanwhile, so two senders never wait for each other.
 */
#include "shootdown.h"

#include <hal/hal.h>
#include <lowlevel/cpu.h>
#include <lowlevel/percpu.h>
#include <nucleus/atomic.h>
#include <nucleus/counter.h>
#include <sched/thread.h>

#define MAX_SINGLE_PAGES 32u	/* beyond, reloading CR3 is cheaper */

enum shootdown_kind { SHOOTDOWN_RANGE, SHOOTDOWN_ALL, SHOOTDOWN_KERNEL, SHOOTDOWN_LEAVE, SHOOTDOWN_BARRIER };

static struct {
	enum shootdown_kind kind;
	struct mm_space *space;
	uint64_t start, end;
} request;
static uint64_t pending;	/* bit per CPU that has not answered */
static uint32_t busy;		/* a request is under way */

static void flush_here(uint64_t start, uint64_t end)
{
	if ((end - start) >> PAGE_SHIFT > MAX_SINGLE_PAGES) {
		write_cr3(read_cr3());
		return;
	}
	for (; start < end; start += PAGE_SIZE)
		invlpg(start);
}

/* Global translations survive a reload of CR3. */
static void flush_kernel_here(uint64_t start, uint64_t end)
{
	for (; start < end; start += PAGE_SIZE)
		invlpg(start);
}

static void leave_here(struct mm_space *s)
{
	struct percpu *cpu = this_cpu();

	if (cpu->active_space != s)
		return;
	write_cr3(mm_kernel_pml4);
	cpu->active_space = NULL;
	__atomic_fetch_and(&s->cpu_mask, ~(1ull << cpu->cpu), __ATOMIC_RELEASE);
}

/* The interrupt itself is the barrier. */
static void barrier_here(void)
{
	struct thread *t = current_thread();

	if (t && t->interrupts_on_switch)
		__atomic_fetch_or(&t->interrupts, t->interrupts_on_switch, __ATOMIC_RELAXED);
}

static void carry_out(void)
{
	switch (request.kind) {
	case SHOOTDOWN_RANGE:
		if (this_cpu()->active_space == request.space)
			flush_here(request.start, request.end);
		break;
	case SHOOTDOWN_ALL:
		flush_here(0, USER_TOP);
		break;
	case SHOOTDOWN_KERNEL:
		flush_kernel_here(request.start, request.end);
		break;
	case SHOOTDOWN_LEAVE:
		leave_here(request.space);
		break;
	case SHOOTDOWN_BARRIER:
		barrier_here();
		break;
	}
}

static void answer(void)
{
	uint64_t self = 1ull << cpu_index();

	if (!(atomic_load(&pending) & self))
		return;
	carry_out();
	__atomic_fetch_and(&pending, ~self, __ATOMIC_RELEASE);
}

void mm_shootdown_interrupt(void)
{
	answer();
}

static void turn_take(void)
{
	while (__atomic_exchange_n(&busy, 1, __ATOMIC_ACQUIRE)) {
		answer();
		cpu_pause();
	}
}

static void ask(uint64_t mask, enum shootdown_kind kind, struct mm_space *s, uint64_t start, uint64_t end)
{
	if (!mask)
		return;
	turn_take();
	request.kind = kind;
	request.space = s;
	request.start = start;
	request.end = end;
	atomic_store(&pending, mask);
	for (uint64_t bits = mask; bits; bits &= bits - 1)
		hal_send_ipi((uint32_t)__builtin_ctzll(bits), TRAP_SHOOTDOWN);
	while (atomic_load(&pending))
		cpu_pause();
	atomic_store(&busy, 0);
	counter_inc(COUNTER_TLB_SHOOTDOWN);
}

static uint64_t other_cpus(uint64_t mask)
{
	return mask & ~(1ull << cpu_index());
}

void tlb_flush(struct mm_space *s, uint64_t start, uint64_t end)
{
	/* A CPU that loads the tables later sets its bit first: either we see the bit or it
	 * sees the changed entries. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (this_cpu()->active_space == s)
		flush_here(start, end);
	ask(other_cpus(atomic_load(&s->cpu_mask)), SHOOTDOWN_RANGE, s, start, end);
}

void tlb_flush_cpus(uint64_t mask)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (mask & 1ull << cpu_index())
		flush_here(0, USER_TOP);
	ask(other_cpus(mask), SHOOTDOWN_ALL, NULL, 0, 0);
}

static uint64_t all_cpus(void)
{
	uint32_t n = atomic_load(&percpu_count);

	return n < 64 ? (1ull << n) - 1 : ~0ull;
}

void tlb_flush_kernel(uint64_t start, uint64_t end)
{
	flush_kernel_here(start, end);
	ask(other_cpus(all_cpus()), SHOOTDOWN_KERNEL, NULL, start, end);
}

void mm_barrier(struct mm_space *s)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	ask(other_cpus(s ? atomic_load(&s->cpu_mask) : all_cpus()), SHOOTDOWN_BARRIER, s, 0, 0);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void tlb_leave(struct mm_space *s)
{
	uint64_t irq = flags_save_disable();

	leave_here(s);
	flags_restore(irq);
	ask(other_cpus(atomic_load(&s->cpu_mask)), SHOOTDOWN_LEAVE, s, 0, 0);
}

void mm_space_switch(void *space)
{
	struct percpu *cpu = this_cpu();
	struct mm_space *to = space, *from = cpu->active_space;
	uint64_t irq;

	if (!to || to == from)
		return;
	irq = flags_save_disable();
	__atomic_fetch_or(&to->cpu_mask, 1ull << cpu->cpu, __ATOMIC_SEQ_CST);
	write_cr3(to->pml4);
	cpu->active_space = to;
	if (from)
		__atomic_fetch_and(&from->cpu_mask, ~(1ull << cpu->cpu), __ATOMIC_RELEASE);
	flags_restore(irq);
}

struct mm_space *mm_current_space(void)
{
	struct thread *t = current_thread();

	return t ? t->space : NULL;
}
