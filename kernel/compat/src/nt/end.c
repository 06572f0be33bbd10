/* kernel/compat/src/nt/end.c: the end of processes and threads (Microsoft Learn: NtTerminateProcess). */
#include <asm/signal.h>
#include <nucleus/log.h>

#include "async.h"
#include "console.h"
#include "jobs.h"
#include "memory.h"
#include "sections.h"
#include "sync.h"

#define PROCESS_TERMINATE 0x0001u
#define THREAD_TERMINATE 0x0001u
#define ALL_THREADS_BUT_MINE 0ull

/* To a Linux parent Ctrl-C's end is that by the signal (DECISIONS 51). */
static void __noreturn end_current(uint32_t code)
{
	if (!code && nt_console_event_ends())
		code = STATUS_CONTROL_C_EXIT;
	ps_exit_group(code, code == STATUS_CONTROL_C_EXIT ? SIGINT : 0);
}

ntstatus nt_sys_NtTerminateProcess(const uint64_t *a)
{
	struct process *p;
	ntstatus status;

	if (a[0] == NT_CURRENT_PROCESS)
		end_current((uint32_t)a[1]);
	if (a[0] == ALL_THREADS_BUT_MINE)
		return nt_status(ps_end_other_threads((uint32_t)a[1]));
	status = nt_process_lookup(a[0], PROCESS_TERMINATE, &p);
	if (status)
		return status;
	if (p == ps_current()) {
		ps_put(p);
		end_current((uint32_t)a[1]);
	}
	if (p->state != PROCESS_ALIVE)
		status = STATUS_PROCESS_IS_TERMINATING;
	else
		ps_end_process(p, (uint32_t)a[1]);
	ps_put(p);
	return status;
}

ntstatus nt_sys_NtTerminateThread(const uint64_t *a)
{
	struct ps_thread *t;
	ntstatus status;

	if (a[0] == NT_CURRENT_THREAD || !a[0])
		ps_exit_thread((uint32_t)a[1]);
	status = nt_thread_lookup(a[0], THREAD_TERMINATE, &t);
	if (status)
		return status;
	if (t == ps_current_thread()) {
		ps_thread_put(t);
		ps_exit_thread((uint32_t)a[1]);
	}
	if (t->has_ended)
		status = STATUS_THREAD_IS_TERMINATING;
	else
		ps_end_thread(t, (uint32_t)a[1]);
	ps_thread_put(t);
	return status;
}

/* Is @t's TEB in ntdll's list of them? A thread leaves it when it ends by itself, not when it is terminated, and
 * who enters it next would write to what was there. */
static bool is_teb_listed(const struct nt_thread *t)
{
	uint64_t links = t->teb + TEB_TLS_LINKS, next, back;

	return !nt_get(&next, links, sizeof(next)) && next && !nt_get(&back, next + sizeof(next), sizeof(back)) && back == links;
}

static void free_region(struct nt_process *p, uint64_t start)
{
	struct nt_region *r;

	mutex_lock(&p->memory_lock);
	r = nt_region_find(p, start);
	if (r && r->start == start) {
		mm_unmap(ps_current()->space, r->start, r->bytes);
		nt_region_remove(p, r);
	}
	mutex_unlock(&p->memory_lock);
}

/* The thread's stack and TEB are nobody's any more. */
static void free_memory(struct nt_process *p, struct nt_thread *t)
{
	uint64_t stack;
	bool stays = is_teb_listed(t);

	if (!nt_get(&stack, t->teb + TEB_DEALLOCATION_STACK, sizeof(stack)))
		free_region(p, stack);
	if (!stays)
		free_region(p, t->teb);
}

void nt_process_born(struct process *child)
{
	nt_job_born(child);
}

void nt_process_exiting(struct process *p)
{
	nt_job_process_exiting(p);
	if (p->nt)
		nt_views_end(p->nt);
}

void nt_thread_exiting(struct ps_thread *t)
{
	if (!t->nt)
		return;
	nt_mutants_abandon(t);
	nt_async_cancel(t->process, &(struct nt_async_match){ .thread = t });
	if (t->process->nthreads > 1 && t->process->space)
		free_memory(t->process->nt, t->nt);
}
