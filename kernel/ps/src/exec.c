/* kernel/ps/src/exec.c: a new program in an old process (man 2 execve). */
#include <ipc/endpoint.h>
#include <lowlevel/cpu.h>

#include "internal.h"

/* What is made before the point of no return. */
struct exec_parts {
	struct mm_space *space;
	struct sigactions *actions;	/* NULL: the process's own stay */
	struct handle_table *handles;	/* NULL: likewise */
	struct ps_start start;
};

int exec_build_space(struct ps_exec *e, const struct mm_limits *limits, struct mm_space **space, struct ps_start *start)
{
	struct stack_request rq = {
		.prefix = e->prefix.count ? &e->prefix : NULL,
		.argv = &e->argv,
		.envp = &e->envp,
		.skip_argv = e->prefix.count && e->argv.count ? 1 : 0,
		.path = e->path,
		.layout = e->image.layout,
		.credentials = e->credentials,
		.is_secure = e->is_secure,
		.is_fixed = e->is_fixed,
	};
	int err = mm_space_create(space);

	if (err)
		return err;
	(*space)->limits = *limits;
	if (e->build)
		return e->build(e, *space, start);
	err = image_map(*space, &e->image, &e->interpreter, e->is_fixed, &rq.placement);
	e->is_unmappable = err;
	if (!err)
		err = stack_build(*space, &rq, &start->rsp);
	start->entry = rq.placement.start;
	return err;
}

static void drop_parts(struct exec_parts *parts)
{
	struct process *p = ps_current();

	if (parts->space)
		mm_space_put(parts->space);
	sigactions_put(parts->actions);
	if (parts->handles)
		handle_table_put(parts->handles, p);
}

/* What is shared with another process by CLONE_SIGHAND or CLONE_FILES is this one's own afterwards. */
static int unshare(struct process *p, struct exec_parts *parts)
{
	if (refcount_read(&p->actions->refs) > 1) {
		parts->actions = sigactions_copy(p);
		if (!parts->actions)
			return -ENOMEM;
	}
	return handle_table_is_shared(p->handles) ? handle_table_clone(p->handles, &parts->handles) : 0;
}

/* End the other threads; the caller becomes the leader and takes its number. */
static int become_single(struct process *p, struct ps_thread *me)
{
	struct ps_thread *t;
	uint64_t flags = signals_lock(p);
	int err;

	if (p->group_exit || me->must_exit) {
		signals_unlock(p, flags);
		return -EINTR;
	}
	LIST_FOR_EACH_ENTRY(t, &p->threads, process_node) {
		if (t == me)
			continue;
		t->must_exit = true;
		thread_interrupt(&t->thread, INTERRUPT_FATAL | INTERRUPT_SIGNAL);
	}
	signals_unlock(p, flags);
	err = WAIT_EVENT(&p->stop_wait, READ_ONCE(p->nthreads) == 1, INTERRUPT_FATAL, 0);
	if (err)
		return err;

	spin_lock(&ps_tree_lock);
	if (me->pid_node != p->pid_node) {
		me->pid_node->thread = NULL;
		pid_unuse(me->pid_node);
		me->pid_node = p->pid_node;
		p->pid_node->thread = me;
		me->thread.tid = p->pid;
	}
	p->leader = me;
	spin_unlock(&ps_tree_lock);
	return 0;
}

static void switch_space(struct process *p, struct ps_thread *me, struct mm_space *new)
{
	struct mm_space *old = p->space;
	uint64_t flags;

	p->minor_faults += old->minor_faults;
	p->major_faults += old->major_faults;
	p->max_rss_pages = MAX(p->max_rss_pages, old->peak_rss_pages);
	flags = flags_save_disable();
	spin_lock(&p->lock);
	p->space = new;
	me->thread.space = new;
	spin_unlock(&p->lock);
	mm_space_switch(new);
	flags_restore(flags);
	mm_space_put(old);
	if (p->vfork_parent_waits) {
		p->vfork_parent_waits = false;
		waitq_wake_all(&p->vfork_wait, 0);
	}
}

static void switch_exe(struct process *p, const struct ps_exec *e)
{
	void *old = p->exe;

	if (e->exe && ps_upper_ops.exe_get)
		ps_upper_ops.exe_get(e->exe);
	spin_lock(&p->lock);
	p->exe = e->exe;
	spin_unlock(&p->lock);
	p->exe_node = e->exe_node;
	p->space->exe = e->exe;
	if (old && ps_upper_ops.exe_put)
		ps_upper_ops.exe_put(old);
}

static void switch_tables(struct process *p, struct exec_parts *parts)
{
	struct sigactions *old_actions = p->actions;
	struct handle_table *old_handles = p->handles;
	uint64_t flags;

	if (parts->actions) {
		flags = signals_lock(p);
		p->actions = parts->actions;
		signals_unlock(p, flags);
		sigactions_put(old_actions);
	}
	if (parts->handles) {
		spin_lock(&p->lock);
		p->handles = parts->handles;
		spin_unlock(&p->lock);
		handle_table_put(old_handles, p);
	}
	handle_table_close_cloexec(p->handles, p);
	signal_reset_for_exec(p);
}

static void reset_thread(struct ps_thread *me, const struct ps_start *start, const struct ps_exec *e)
{
	struct thread *t = &me->thread;

	me->altstack_base = me->altstack_bytes = 0;
	me->altstack_flags = 0;
	me->clear_child_tid = 0;
	me->robust_list = 0;
	me->rseq = 0;
	if (e->is_secure)
		me->persona = 0;
	t->interrupts_on_switch = 0;
	me->restart.fn = NULL;
	memset(t->name, 0, sizeof(t->name));
	memcpy(t->name, e->comm, MIN(strlen(e->comm), sizeof(t->name) - 1));
	memcpy(me->process->name, t->name, sizeof(t->name));
	t->fs_base = 0;
	t->gs_base = start->gs_base;
	wrfsbase(0);
	wrmsr(MSR_KERNEL_GS_BASE, start->gs_base);
	fpu_init_state(me->fpu_scratch);
	fpu_restore(me->fpu_scratch);
	t->personality = start->personality;
}

/* A program has none of what its service or launcher was trusted with. */
static void drop_privileges(struct process *p, const struct ps_exec *e)
{
	spin_lock(&p->lock);
	p->credentials = *e->credentials;
	p->capabilities = 0;
	memset(p->service_ids, 0, sizeof(p->service_ids));
	p->rank = SERVICE_RANK_PROGRAM;
	spin_unlock(&p->lock);
	p->dumpable = !e->is_secure;
	if (e->is_secure)
		p->pdeath_signal = 0;
	p->exit_signal_to_parent = SIGCHLD;
	p->has_execed = true;
}

int ps_exec(struct ps_exec *e, struct trap_frame *frame)
{
	struct ps_thread *me = ps_current_thread();
	struct process *p = me->process;
	struct exec_parts parts = { 0 };
	int err;

	e->pid = p->pid;
	err = exec_build_space(e, &p->space->limits, &parts.space, &parts.start);
	if (!err)
		err = unshare(p, &parts);
	if (!err)
		err = become_single(p, me);
	if (err) {
		drop_parts(&parts);
		return err;
	}

	if (ps_upper_ops.thread_exiting)
		ps_upper_ops.thread_exiting(me);
	if (ps_upper_ops.process_execs)
		ps_upper_ops.process_execs(p);
	switch_space(p, me, parts.space);
	switch_exe(p, e);
	switch_tables(p, &parts);
	drop_privileges(p, e);
	reset_thread(me, &parts.start, e);
	ps_frame_init_user(frame, parts.start.entry, parts.start.rsp);
	if (e->started) {
		e->started(e, me);
		/* Not sysret's way: rcx is an argument. */
		frame->rcx = parts.start.rcx;
	}
	counter_inc(COUNTER_EXEC);
	return 0;
}
