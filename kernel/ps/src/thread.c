/* kernel/ps/src/thread.c: threads: stack, FPU areas, first return to user mode.
 *
 * A thread's user frame stands at the top of its kernel stack from the start, so
 * that trap_user_frame() is right before its first trap.
 *
 * A dead thread is handed over with interrupts off, where its stack cannot be given
 * back. The few that the next threads will need anyway are kept; the rest go to a
 * thread of their own that may sleep.
 *
 * Locking: spares_lock (PROCESS, interrupts off) guards both lists.
 */
#include "internal.h"

#define FPU_ALIGN 64u	/* XSAVE's (Intel SDM 1, 13.4) */
#define SPARES_KEPT 16u

HEAP_CACHE(thread_cache, "thread", sizeof(struct ps_thread));

/* Interrupts may be off. */
static void thread_release(struct object *obj)
{
	struct ps_thread *t = ps_thread_from_object(obj);
	struct process *p = t->process;

	if (ps_upper_ops.thread_released)
		ps_upper_ops.thread_released(t);
	heap_cache_free(&thread_cache, t);
	ps_put(p);
}

static struct wait_source *thread_wait_source(struct object *obj)
{
	return &ps_thread_from_object(obj)->ended;
}

static const struct object_type thread_type = {
	.name = "thread",
	.kind = OBJECT_THREAD,
	.release = thread_release,
	.wait_source = thread_wait_source,
};

static bool has_ended(struct wait_source *s, struct thread *t)
{
	return READ_ONCE(container_of(s, struct ps_thread, ended)->has_ended);
}

static bool nothing_to_take(struct wait_source *s, struct thread *t)
{
	return false;
}

static const struct wait_source_ops ended_ops = { has_ended, nothing_to_take };

/* A stack nobody runs on, with the FPU areas of its last thread; lies at its top. */
struct spare {
	struct spare *next;
	void *fpu_memory;
};
static struct spinlock spares_lock = SPINLOCK_INIT(PROCESS);
static struct spare *kept, *to_free;
static uint32_t nkept;
static struct wait_queue reaper_wait;

static void thread_first_return(void *arg)
{
	trap_return(trap_user_frame());
}

static uint64_t stack_of(struct spare *s)
{
	return (uint64_t)(s + 1);
}

static struct spare *take(struct spare **list)
{
	uint64_t flags = spin_lock_irqsave(&spares_lock);
	struct spare *s = *list;

	if (s) {
		*list = s->next;
		if (list == &kept)
			nkept--;
	}
	spin_unlock_irqrestore(&spares_lock, flags);
	return s;
}

static void give(uint64_t stack, void *fpu_memory)
{
	struct spare *s = (struct spare *)stack - 1;
	uint64_t flags = spin_lock_irqsave(&spares_lock);
	bool keep = nkept < SPARES_KEPT;
	struct spare **list = keep ? &kept : &to_free;

	s->fpu_memory = fpu_memory;
	s->next = *list;
	*list = s;
	nkept += keep;
	spin_unlock_irqrestore(&spares_lock, flags);
	if (!keep)
		waitq_wake_all(&reaper_wait, 0);
}

void ps_drop_spares(void)
{
	uint64_t flags = spin_lock_irqsave(&spares_lock);
	struct spare *s;

	while ((s = kept)) {
		kept = s->next;
		s->next = to_free;
		to_free = s;
	}
	nkept = 0;
	spin_unlock_irqrestore(&spares_lock, flags);
	waitq_wake_all(&reaper_wait, 0);
}

static void reaper(void *arg)
{
	struct spare *s;

	for (;;) {
		(void)WAIT_EVENT(&reaper_wait, READ_ONCE(to_free), 0, 0);
		while ((s = take(&to_free)) != NULL) {
			kfree(s->fpu_memory);
			mm_stack_free(stack_of(s));
		}
	}
}

void ps_threads_init(void)
{
	waitq_init(&reaper_wait);
	if (!kthread_create("thread-reaper", reaper, NULL))
		panic("no memory for the thread reaper");
}

static bool alloc_stack(uint64_t *stack, void **fpu_memory)
{
	struct spare *s = take(&kept);

	if (s) {
		*stack = stack_of(s);
		*fpu_memory = s->fpu_memory;
		return true;
	}
	*fpu_memory = kmalloc(2 * ALIGN_UP(fpu_state_bytes, FPU_ALIGN) + FPU_ALIGN, 0);
	if (!*fpu_memory)
		return false;
	*stack = mm_stack_alloc();
	if (!*stack)
		kfree(*fpu_memory);
	return *stack;
}

struct ps_thread *ps_thread_alloc(struct process *p, const char *name, const struct trap_frame *frame)
{
	struct ps_thread *t = heap_cache_alloc(&thread_cache, 0);
	uint64_t stack;
	char *area;

	if (!t)
		return NULL;
	if (!alloc_stack(&stack, &t->fpu_memory)) {
		heap_cache_free(&thread_cache, t);
		return NULL;
	}
	*((struct trap_frame *)stack - 1) = *frame;
	thread_init(&t->thread, name, stack, thread_first_return, NULL);
	area = (char *)ALIGN_UP((uint64_t)t->fpu_memory, FPU_ALIGN);
	fpu_init_state(area);
	t->thread.fpu = area;
	t->fpu_scratch = area + ALIGN_UP(fpu_state_bytes, FPU_ALIGN);
	t->thread.space = p->space;
	t->thread.personality = p->is_service ? PERSONALITY_SERVICE : PERSONALITY_LINUX;
	object_init(&t->object, &thread_type);
	wait_source_init(&t->ended, &ended_ops);
	t->start_ns = clock_monotonic_ns();
	t->process = p;
	object_get(&p->object);
	list_init(&t->process_node);
	list_init(&t->pi_owned);
	signal_queue_init(&t->pending);
	return t;
}

void ps_thread_attach(struct ps_thread *t, struct process *p, struct ps_pid *pid)
{
	uint64_t flags;

	t->pid_node = pid;
	t->thread.tid = pid->nr;
	pid->thread = t;
	flags = signals_lock(p);
	list_add_tail(&t->process_node, &p->threads);
	p->nthreads++;
	if (!p->leader)
		p->leader = t;
	/* Born into a process that is ending or stopping: it follows on its first return. */
	if (p->group_exit)
		t->thread.interrupts |= INTERRUPT_FATAL | INTERRUPT_SIGNAL;
	else if (p->stop_signal)
		t->thread.interrupts |= INTERRUPT_SIGNAL;
	signals_unlock(p, flags);
	thread_count++;
	user_charge(p->credentials.uid, 1);
}

void ps_thread_free_unused(struct ps_thread *t)
{
	ps_thread_dead(&t->thread);
}

void ps_thread_dead(struct thread *thread)
{
	struct ps_thread *t = (struct ps_thread *)thread;

	mm_stack_check(thread->kernel_stack_top, thread->name);
	give(thread->kernel_stack_top, t->fpu_memory);
	t->fpu_memory = NULL;
	thread->fpu = NULL;
	ps_thread_put(t);
}

void ps_thread_put(struct ps_thread *t)
{
	if (t)
		object_put(&t->object);
}

struct ps_thread *ps_thread_from_object(struct object *obj)
{
	return container_of(obj, struct ps_thread, object);
}

void ps_start(struct process *p)
{
	thread_start(&p->leader->thread);
}
