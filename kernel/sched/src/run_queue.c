/* kernel/sched/src/run_queue.c: waking, blocking, and the switch to the next thread. */
#include <hal/hal.h>
#include <lowlevel/cpu.h>
#include <nucleus/counter.h>
#include "internal.h"

struct run_queue run_queues[MAX_CPUS];
struct sched_ops sched_ops;

static struct thread *thread_of(struct rb_node *n)
{
	return container_of(n, struct thread, run_node);
}

struct run_queue *run_queue_of(struct thread *t, uint64_t *flags)
{
	for (;;) {
		uint32_t cpu = READ_ONCE(t->cpu);
		struct run_queue *rq = &run_queues[cpu];

		*flags = spin_lock_irqsave(&rq->lock);
		if (t->cpu == cpu)
			return rq;
		spin_unlock_irqrestore(&rq->lock, *flags);
	}
}

/* The user's FS and GS base and vector registers; ring 0 uses neither but GS, whose user
 * value waits in KERNEL_GS_BASE. */
static void save_user_state(struct thread *t)
{
	if (!t->fpu)
		return;
	if (t->interrupts_on_switch)
		__atomic_fetch_or(&t->interrupts, t->interrupts_on_switch, __ATOMIC_RELAXED);
	t->fs_base = rdfsbase();
	t->gs_base = rdmsr(MSR_KERNEL_GS_BASE);
	fpu_save(t->fpu);
}

static void restore_user_state(struct thread *t)
{
	if (!t->fpu)
		return;
	wrfsbase(t->fs_base);
	wrmsr(MSR_KERNEL_GS_BASE, t->gs_base);
	fpu_restore(t->fpu);
}

static void finish_switch(void)
{
	struct run_queue *rq = &run_queues[cpu_index()];
	struct thread *dead = rq->dead, *migrant = rq->migrant;

	rq->dead = NULL;
	rq->migrant = NULL;
	spin_unlock(&rq->lock);
	if (dead)
		sched_ops.thread_dead(dead);
	if (migrant)
		make_runnable(migrant, balance_choose_cpu(migrant));
}

void thread_begin(void);
/* First code of every thread, on its own stack with the run queue still locked. */
void thread_begin(void)
{
	finish_switch();
	interrupts_enable();
}

void schedule_locked(struct run_queue *rq)
{
	struct thread *prev = rq->current, *next;
	struct percpu *cpu = this_cpu();

	cpu->need_resched = 0;
	/* One that is queued again was accounted before: its key must not change in the tree. */
	if (!prev->is_queued)
		run_queue_account(rq, false);
	next = run_queue_pick(rq);
	if (next == prev) {
		prev->state = THREAD_RUNNING;
		spin_unlock(&rq->lock);
		return;
	}
	counter_inc(COUNTER_CONTEXT_SWITCH);
	next->state = THREAD_RUNNING;
	next->accounted_at_ns = prev->accounted_at_ns;
	rq->current = next;
	rq->is_idle = next->is_idle;
	rq->running_priority = next->priority;
	if (prev->state == THREAD_DEAD)
		rq->dead = prev;
	else
		save_user_state(prev);
	cpu->current = next;
	lowlevel_set_kernel_stack(next->kernel_stack_top);
	if (next->space && next->space != cpu->active_space)
		sched_ops.switch_space(next->space);
	restore_user_state(next);
	timer_rearm();
	switch_context(prev, next);
	finish_switch();
}

void sched_yield(void)
{
	uint64_t flags = flags_save_disable();
	struct run_queue *rq = &run_queues[cpu_index()];
	struct thread *t = current_thread();

	spin_lock(&rq->lock);
	if (!t->is_idle) {
		run_queue_account(rq, false);
		if (rq->leftmost && (int64_t)(thread_of(rq->leftmost)->vruntime - t->vruntime) > 0)
			t->vruntime = thread_of(rq->leftmost)->vruntime;
		t->state = THREAD_RUNNABLE;
		run_queue_enqueue(rq, t);
	}
	schedule_locked(rq);
	flags_restore(flags);
}

static void preempt(void)
{
	uint64_t flags = flags_save_disable();
	struct run_queue *rq = &run_queues[cpu_index()];
	struct thread *t = current_thread();

	spin_lock(&rq->lock);
	if (!t->is_idle) {
		run_queue_account(rq, false);
		t->switches_involuntary++;
		t->state = THREAD_RUNNABLE;
		if (t->affinity >> rq->cpu & 1)
			run_queue_requeue(rq, t);
		else
			rq->migrant = t;
	}
	schedule_locked(rq);
	flags_restore(flags);
}

void sched_cond_resched(void)
{
	if (this_cpu()->need_resched)
		preempt();
}

void make_runnable(struct thread *t, uint32_t cpu)
{
	struct run_queue *rq = &run_queues[cpu];
	bool poke;

	spin_lock(&rq->lock);
	run_queue_enqueue(rq, t);
	if (cpu == cpu_index())
		run_queue_account(rq, false);
	poke = run_queue_should_preempt(rq, t);
	if (poke)
		percpu_blocks[cpu]->need_resched = 1;
	spin_unlock(&rq->lock);
	if (poke && cpu != cpu_index())
		hal_send_ipi(cpu, TRAP_RESCHEDULE);
}

void thread_wake(struct thread *t)
{
	uint64_t flags;
	struct run_queue *rq = run_queue_of(t, &flags);

	if (t->state == THREAD_BLOCKED) {
		t->state = THREAD_RUNNABLE;
		spin_unlock(&rq->lock);
		make_runnable(t, balance_choose_cpu(t));
		flags_restore(flags);
		return;
	}
	if (t->state == THREAD_RUNNING)
		t->wake_pending = 1;
	spin_unlock_irqrestore(&rq->lock, flags);
}

void thread_interrupt(struct thread *t, uint32_t bits)
{
	uint64_t flags;
	struct run_queue *rq;

	__atomic_fetch_or(&t->interrupts, bits, __ATOMIC_ACQ_REL);
	rq = run_queue_of(t, &flags);
	if (t->state == THREAD_BLOCKED && (t->interrupt_mask & bits)) {
		t->state = THREAD_RUNNABLE;
		spin_unlock(&rq->lock);
		make_runnable(t, balance_choose_cpu(t));
		flags_restore(flags);
		return;
	}
	if (t->state == THREAD_RUNNING && t->cpu != cpu_index())
		hal_send_ipi(t->cpu, TRAP_RESCHEDULE);
	spin_unlock_irqrestore(&rq->lock, flags);
}

void thread_start(struct thread *t)
{
	uint64_t flags = flags_save_disable();
	uint32_t cpu = balance_choose_cpu(t);

	t->state = THREAD_RUNNABLE;
	t->vruntime = run_queues[cpu].min_vruntime;
	make_runnable(t, cpu);
	flags_restore(flags);
}

static void block_timeout(struct ktimer *timer)
{
	thread_wake(timer->context);
}

int thread_block(uint32_t mask, uint64_t deadline_ns)
{
	struct thread *t = current_thread();
	struct run_queue *rq;
	struct ktimer timer;
	uint64_t flags;
	int err = 0;

	if (deadline_ns && hal_clock_ns() >= deadline_ns)
		return -110;	/* ETIMEDOUT */
	if (deadline_ns) {
		ktimer_init(&timer, block_timeout, t);
		ktimer_start(&timer, deadline_ns);
	}
	flags = flags_save_disable();
	rq = &run_queues[cpu_index()];
	spin_lock(&rq->lock);
	if (t->wake_pending) {
		t->wake_pending = 0;
		spin_unlock(&rq->lock);
	} else if (__atomic_load_n(&t->interrupts, __ATOMIC_ACQUIRE) & mask) {
		spin_unlock(&rq->lock);
		err = -4;	/* EINTR */
	} else {
		t->interrupt_mask = mask;
		t->state = THREAD_BLOCKED;
		t->switches_voluntary++;
		schedule_locked(rq);
		t->interrupt_mask = 0;
		t->wake_pending = 0;
		if (__atomic_load_n(&t->interrupts, __ATOMIC_ACQUIRE) & mask)
			err = -4;
	}
	flags_restore(flags);
	if (deadline_ns && !ktimer_cancel(&timer) && !err)
		err = -110;
	return err;
}

int thread_block_handoff(struct thread *next, uint32_t mask, uint64_t deadline_ns)
{
	/* The woken thread goes to this CPU's queue with the least run time of all, so
	 * that blocking switches straight to it. */
	thread_wake_here(next);
	return thread_block(mask, deadline_ns);
}

void thread_wake_here(struct thread *t)
{
	uint64_t flags;
	struct run_queue *rq = run_queue_of(t, &flags);

	if (t->state == THREAD_RUNNING)
		t->wake_pending = 1;
	if (t->state != THREAD_BLOCKED || !(t->affinity >> cpu_index() & 1)) {
		spin_unlock_irqrestore(&rq->lock, flags);
		if (t->state == THREAD_BLOCKED)
			thread_wake(t);
		return;
	}
	t->state = THREAD_RUNNABLE;
	spin_unlock(&rq->lock);
	rq = &run_queues[cpu_index()];
	spin_lock(&rq->lock);
	/* bounded hand-off credit: ahead of the others, but not of its own past */
	if ((int64_t)(t->vruntime - (rq->min_vruntime - WAKEUP_GRANULARITY_NS)) > (int64_t)SLEEPER_CREDIT_NS)
		t->vruntime = rq->min_vruntime;
	run_queue_enqueue(rq, t);
	spin_unlock(&rq->lock);
	flags_restore(flags);
}

void thread_exit(void)
{
	struct run_queue *rq;

	interrupts_disable();
	rq = &run_queues[cpu_index()];
	spin_lock(&rq->lock);
	current_thread()->state = THREAD_DEAD;
	schedule_locked(rq);
	__builtin_unreachable();
}

void sched_tick(bool from_user)
{
	struct run_queue *rq = &run_queues[cpu_index()];

	spin_lock(&rq->lock);
	run_queue_account(rq, from_user);
	if (run_queue_tick(rq))
		this_cpu()->need_resched = 1;
	spin_unlock(&rq->lock);
	if (percpu_count > 1 && hal_clock_ns() > rq->next_balance_ns) {
		rq->next_balance_ns = hal_clock_ns() + BALANCE_PERIOD_NS;
		(void)balance_pull(rq, 2);
	}
}

void sched_account_current(void)
{
	uint64_t flags = flags_save_disable();
	struct run_queue *rq = &run_queues[cpu_index()];

	spin_lock(&rq->lock);
	if (!rq->current->is_queued)
		run_queue_account(rq, true);
	spin_unlock(&rq->lock);
	flags_restore(flags);
}

/* Change what orders @t in its queue, wherever it is, and let its CPU choose anew. */
static void reorder(struct thread *t, uint8_t policy, uint8_t own, uint8_t inherited, uint32_t weight)
{
	uint64_t flags;
	struct run_queue *rq = run_queue_of(t, &flags);
	bool was_queued = t->is_queued, must_look;

	if (was_queued)
		run_queue_dequeue(rq, t);
	t->policy = policy;
	t->own_priority = own;
	t->inherited_priority = inherited;
	t->priority = MAX(own, inherited);
	t->weight = weight;
	if (was_queued)
		run_queue_enqueue(rq, t);
	must_look = t->state == THREAD_RUNNING ? rq->nqueued > 0 : was_queued && run_queue_should_preempt(rq, t);
	if (must_look)
		percpu_blocks[rq->cpu]->need_resched = 1;
	if (must_look && rq->cpu != cpu_index())
		hal_send_ipi(rq->cpu, TRAP_RESCHEDULE);
	spin_unlock_irqrestore(&rq->lock, flags);
}

void sched_set_policy(struct thread *t, uint8_t policy, uint8_t priority, uint32_t weight)
{
	reorder(t, policy, priority, READ_ONCE(t->inherited_priority), weight);
}

void sched_set_inherited(struct thread *t, uint8_t priority)
{
	if (READ_ONCE(t->inherited_priority) != priority)
		reorder(t, READ_ONCE(t->policy), READ_ONCE(t->own_priority), priority, READ_ONCE(t->weight));
}

void sched_set_affinity(struct thread *t, uint64_t mask)
{
	uint64_t flags;
	struct run_queue *rq = run_queue_of(t, &flags);
	bool must_move;

	t->affinity = mask;
	must_move = !(mask >> t->cpu & 1);
	if (must_move && t->is_queued) {
		run_queue_dequeue(rq, t);
		spin_unlock(&rq->lock);
		make_runnable(t, balance_choose_cpu(t));
		flags_restore(flags);
		return;
	}
	if (must_move && t->state == THREAD_RUNNING) {
		percpu_blocks[t->cpu]->need_resched = 1;
		if (t->cpu != cpu_index())
			hal_send_ipi(t->cpu, TRAP_RESCHEDULE);
	}
	spin_unlock_irqrestore(&rq->lock, flags);
}

void sched_init_cpu(struct percpu *cpu, struct thread *idle)
{
	struct run_queue *rq = &run_queues[cpu->cpu];

	spin_init(&rq->lock, LOCK_RUN_QUEUE);
	spin_init(&timer_queues[cpu->cpu].lock, LOCK_TIMER);
	rq->cpu = cpu->cpu;
	rq->idle = rq->current = idle;
	rq->is_idle = true;
	idle->is_idle = idle->is_kernel = true;
	idle->weight = WEIGHT_NICE_0;
	idle->cpu = cpu->cpu;
	idle->state = THREAD_RUNNING;
	idle->kernel_stack_top = cpu->kernel_stack;
	idle->accounted_at_ns = hal_clock_ns();
	cpu->current = idle;
	cpu->run_queue = rq;
}

void sched_start_cpu(void)
{
	struct run_queue *rq = &run_queues[cpu_index()];

	for (;;) {
		interrupts_disable();
		if (!this_cpu()->need_resched && !rq->nqueued && !balance_pull(rq, 1)) {
			timer_rearm();
			sched_idle_wait();
			continue;
		}
		spin_lock(&rq->lock);
		schedule_locked(rq);
		interrupts_enable();
	}
}

uint64_t sched_idle_ns(uint32_t cpu)
{
	return run_queues[cpu].idle_ns;
}

uint64_t sched_user_ns(uint32_t cpu)
{
	return run_queues[cpu].user_ns;
}

uint64_t sched_system_ns(uint32_t cpu)
{
	return run_queues[cpu].system_ns;
}

uint32_t sched_running_count(void)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < percpu_count; i++)
		n += run_queues[i].nqueued + !run_queues[i].is_idle;
	return n;
}
