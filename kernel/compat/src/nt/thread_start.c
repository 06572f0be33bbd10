/* kernel/compat/src/nt/thread_start.c: new threads (NtCreateThreadEx; Microsoft Learn, "CreateRemoteThread"). */
#include <lowlevel/cpu.h>
#include <mm/heap.h>

#include "apc.h"
#include "console.h"
#include "memory.h"
#include "start.h"

#define PROCESS_CREATE_THREAD 0x0002u
#define CREATE_SUSPENDED 1u
#define PS_ATTRIBUTE_CLIENT_ID 0x10003u
#define PS_ATTRIBUTE_TEB_ADDRESS 0x10004u
#define MAX_ATTRIBUTES 32u

struct attribute { uint64_t id, bytes, value, return_length; };

struct new_thread {
	uint64_t entry, argument, stack_reserve, stack_commit;
	bool is_suspended, is_console_event;
	struct nt_stack stack;
	struct ps_start start;
	struct ps_thread *thread;	/* out: a reference */
};

static void drop_stack(struct nt_process *nt, struct mm_space *s, uint64_t at)
{
	struct nt_region *r = at ? nt_region_find(nt, at) : NULL;

	if (!r)
		return;
	mm_unmap(s, r->start, r->bytes);
	nt_region_remove(nt, r);
}

/* Its memory: stack, TEB, first context. Locked. */
static int build(struct nt_process *nt, struct mm_space *s, struct new_thread *n, uint64_t pid, uint64_t tid)
{
	const struct image_pe *pe = nt->image_facts;
	uint64_t teb = 0;
	int err;

	err = nt_map_stack(nt, s, n->stack_reserve ? n->stack_reserve : pe->stack_reserve, n->stack_commit, &n->stack);
	if (!err)
		err = nt_write_teb(nt, s, &n->stack, pid, tid, &teb);
	if (!err)
		err = nt_write_first_context(nt, s, &n->stack, n->entry, n->argument, &n->start);
	n->start.gs_base = teb;
	if (err) {
		drop_stack(nt, s, teb);
		drop_stack(nt, s, n->stack.allocation);
	}
	return err;
}

static int prepare(struct ps_thread *t, void *context)
{
	struct new_thread *n = context;
	struct process *p = t->process;
	struct nt_process *nt = p->nt;
	struct trap_frame *f = (struct trap_frame *)(uintptr_t)t->thread.kernel_stack_top - 1;
	struct nt_thread *mine = nt_thread_create(0);
	int err;

	if (!mine)
		return -ENOMEM;
	mutex_lock(&nt->memory_lock);
	err = build(nt, p->space, n, p->pid, t->thread.tid);
	mutex_unlock(&nt->memory_lock);
	if (err) {
		nt_thread_free(mine);
		return err;
	}
	mine->teb = n->start.gs_base;
	mine->entry = n->entry;
	mine->runs_console_event = n->is_console_event;
	mine->suspend_count = n->is_suspended ? 1 : 0;
	t->nt = mine;
	t->thread.personality = PERSONALITY_NT;
	t->thread.gs_base = n->start.gs_base;
	t->thread.fs_base = 0;
	ps_frame_init_user(f, n->start.entry, n->start.rsp);
	f->rcx = n->start.rcx;
	if (n->is_suspended)
		t->thread.interrupts |= INTERRUPT_SUSPEND;
	object_get(&t->object);
	n->thread = t;
	return 0;
}

/* Tell the creator what it asked for in the attribute list. */
static ntstatus put_attributes(uint64_t user_list, const struct new_thread *n)
{
	struct nt_client_id id = { n->thread->process->pid * 4ull, n->thread->thread.tid * 4ull };
	struct attribute attribute;
	uint64_t bytes;
	ntstatus status;

	if (!user_list)
		return STATUS_SUCCESS;
	status = nt_get(&bytes, user_list, sizeof(bytes));
	for (uint64_t at = sizeof(bytes); !status && at + sizeof(attribute) <= MIN(bytes, MAX_ATTRIBUTES * sizeof(attribute));
	     at += sizeof(attribute)) {
		status = nt_get(&attribute, user_list + at, sizeof(attribute));
		if (status)
			break;
		if (attribute.id == PS_ATTRIBUTE_CLIENT_ID)
			status = nt_put(attribute.value, &id, MIN(attribute.bytes, sizeof(id)));
		else if (attribute.id == PS_ATTRIBUTE_TEB_ADDRESS)
			status = nt_put64(attribute.value, n->start.gs_base);
	}
	return status;
}

int nt_run_console_event(uint64_t entry, uint64_t event)
{
	struct new_thread n = { .entry = entry, .argument = event, .is_console_event = true };
	int err = ps_create_thread(ps_current(), prepare, &n);

	if (!err)
		ps_thread_put(n.thread);
	return err;
}

ntstatus nt_sys_NtCreateThreadEx(const uint64_t *a)
{
	struct new_thread n = {
		.entry = a[4],
		.argument = a[5],
		.is_suspended = a[6] & CREATE_SUSPENDED,
		.stack_commit = a[8],
		.stack_reserve = a[9],
	};
	struct nt_attributes name;
	struct process *p;
	ntstatus status = nt_attributes_in(a[2], &name);
	int err;

	if (!status)
		status = nt_process_lookup(a[3], PROCESS_CREATE_THREAD, &p);
	if (status) {
		nt_attributes_free(&name);
		return status;
	}
	err = p->nt ? ps_create_thread(p, prepare, &n) : -EPERM;
	status = nt_status(err);
	if (!err) {
		status = put_attributes(a[10], &n);
		if (!status)
			status = nt_handle_install(&n.thread->object, nt_map_access(OBJECT_THREAD, (uint32_t)a[1]), name.flags,
						   a[0]);
	}
	ps_thread_put(n.thread);
	ps_put(p);
	nt_attributes_free(&name);
	return status;
}
