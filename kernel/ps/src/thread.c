/* kernel/ps/src/thread.c: threads: stack, FPU areas, first return to user mode.
 *
 * A thread's user frame stands at the top of its kernel stack from the start, so
 * that trap_user_frame() is right before its first trap.
 */
#include "internal.h"

#define FPU_ALIGN 64u	/* XSAVE's (Intel SDM 1, 13.4) */

HEAP_CACHE(thread_cache, "thread", sizeof(struct ps_thread));

static void thread_first_return(void *arg)
{
	trap_return(trap_user_frame());
}

static bool alloc_fpu(struct ps_thread *t)
{
	uint64_t bytes = ALIGN_UP(fpu_state_bytes, FPU_ALIGN);
	char *area;

	t->fpu_memory = kmalloc(2 * bytes + FPU_ALIGN, 0);
	if (!t->fpu_memory)
		return false;
	area = (char *)ALIGN_UP((uint64_t)t->fpu_memory, FPU_ALIGN);
	t->thread.fpu = area;
	t->fpu_scratch = area + bytes;
	fpu_init_state(area);
	return true;
}

struct ps_thread *ps_thread_alloc(struct process *p, const char *name, const struct trap_frame *frame)
{
	struct ps_thread *t = heap_cache_alloc(&thread_cache, 0);
	struct trap_frame *top;
	uint64_t stack;
	void *fpu;

	if (!t)
		return NULL;
	stack = mm_stack_alloc();
	if (!stack)
		goto free_thread;
	if (!alloc_fpu(t))
		goto free_stack;
	fpu = t->thread.fpu;
	top = (struct trap_frame *)stack - 1;
	*top = *frame;
	thread_init(&t->thread, name, (uint64_t)top, thread_first_return, NULL);
	t->thread.kernel_stack_top = stack;
	t->thread.fpu = fpu;
	t->thread.space = p->space;
	t->thread.is_kernel = false;
	t->thread.personality = p->is_service ? PERSONALITY_SERVICE : PERSONALITY_LINUX;
	t->thread.weight = ps_nice_weight(p->nice);
	refcount_set(&t->refs, 1);
	t->process = p;
	object_get(&p->object);
	list_init(&t->process_node);
	signal_queue_init(&t->pending);
	return t;

free_stack:
	mm_stack_free(stack);
free_thread:
	heap_cache_free(&thread_cache, t);
	return NULL;
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

	mm_stack_free(thread->kernel_stack_top);
	kfree(t->fpu_memory);
	t->fpu_memory = NULL;
	thread->fpu = NULL;
	ps_thread_put(t);
}

void ps_thread_put(struct ps_thread *t)
{
	struct process *p;

	if (!t || !refcount_put(&t->refs))
		return;
	p = t->process;
	heap_cache_free(&thread_cache, t);
	ps_put(p);
}

void ps_start(struct process *p)
{
	thread_start(&p->leader->thread);
}
