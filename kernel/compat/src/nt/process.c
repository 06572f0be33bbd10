/* kernel/compat/src/nt/process.c: what a process and a thread of NT have beyond those of ps. */
#include <hal/entropy.h>
#include <mm/heap.h>

#include "apc.h"
#include "memory.h"
#include "nt.h"
#include "start.h"

#include "../linux/exec_image.h"

HEAP_CACHE(process_cache, "nt-process", sizeof(struct nt_process));
HEAP_CACHE(thread_cache, "nt-thread", sizeof(struct nt_thread));

struct nt_process *nt_process_create(void)
{
	struct nt_process *p = heap_cache_alloc(&process_cache, 0);

	if (!p)
		return NULL;
	mutex_init(&p->memory_lock, LOCK_NT_MEMORY);
	spin_init(&p->async_lock, LOCK_NT_ASYNC);
	list_init(&p->asyncs);
	kernel_random_bytes(&p->cookie, sizeof(p->cookie));
	return p;
}

void nt_process_free(struct nt_process *p)
{
	if (!p)
		return;
	nt_regions_free(p);
	exec_image_put(p->ntdll);
	exec_image_put(p->image);
	heap_cache_free(&process_cache, p);
}

void nt_process_released(struct process *p)
{
	nt_process_free(p->nt);
	p->nt = NULL;
}

uint32_t nt_creator(const struct process *p)
{
	const struct nt_process *nt = p->nt;
	uint32_t pid;

	if (nt && nt->creator)
		return nt->creator;
	spin_lock(&ps_tree_lock);
	pid = p->parent ? p->parent->pid : 0;
	spin_unlock(&ps_tree_lock);
	return pid;
}

struct nt_thread *nt_thread_create(uint64_t teb)
{
	struct nt_thread *t = heap_cache_alloc(&thread_cache, 0);

	if (!t)
		return NULL;
	t->teb = teb;
	list_init(&t->mutants);
	list_init(&t->apcs);
	wait_source_init(&t->alert_source, &nt_alert_ops);
	spin_init(&t->lock, LOCK_NT_THREAD);
	return t;
}

void nt_thread_free(struct nt_thread *t)
{
	if (!t)
		return;
	nt_apcs_free(t);
	object_put(t->token);
	heap_cache_free(&thread_cache, t);
}

void nt_thread_released(struct ps_thread *t)
{
	nt_thread_free(t->nt);
	t->nt = NULL;
}
