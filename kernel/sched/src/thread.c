/* kernel/sched/src/thread.c: the first stack of a thread. */
#include <sched/thread.h>
#include <string.h>

#define WEIGHT_NICE_0 1024

extern char thread_first_switch[];

void thread_init(struct thread *t, const char *name, uint64_t stack_top, void (*entry)(void *), void *arg)
{
	/* switch_context() pops r15 r14 r13 r12 rbx rbp and returns; the word above is the
	 * alignment a call would have left. */
	uint64_t *sp = (uint64_t *)(uintptr_t)stack_top - 2 - sizeof(struct trap_frame) / 8 - 8;

	sp = (uint64_t *)((uintptr_t)sp & ~15ull);
	memset(sp, 0, 8 * sizeof(*sp));
	sp[2] = (uint64_t)(uintptr_t)arg;	/* r13 */
	sp[3] = (uint64_t)(uintptr_t)entry;	/* r12 */
	sp[6] = (uint64_t)(uintptr_t)thread_first_switch;
	t->saved_rsp = (uint64_t)(uintptr_t)sp;
	t->kernel_stack_top = stack_top;
	t->weight = WEIGHT_NICE_0;
	t->affinity = ~0ull;
	t->cpu = cpu_index();
	t->state = THREAD_NEW;
	list_init(&t->all_node);
	strncpy(t->name, name, sizeof(t->name) - 1);
}

struct thread *kthread_create(const char *name, void (*entry)(void *), void *arg)
{
	uint64_t stack_top;
	struct thread *t = sched_ops.kthread_alloc(&stack_top);

	if (!t)
		return NULL;
	thread_init(t, name, stack_top, entry, arg);
	t->is_kernel = true;
	thread_start(t);
	return t;
}
