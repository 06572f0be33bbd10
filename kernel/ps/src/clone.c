/* kernel/ps/src/clone.c: fork, vfork and threads (man 2 clone).
 *
 * Everything that may fail is made before the child is linked into the tree; what
 * is half made is undone in reverse.
 */
#include <asm/prctl.h>
#include <linux/sched.h>
#include <lowlevel/cpu.h>
#include <mm/usercopy.h>
#include <nucleus/fault.h>

#include "internal.h"

#define NAMESPACE_FLAGS (CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | \
	CLONE_NEWCGROUP)
#define MIN_THREADS 128u
#define CAP_LINUX_CHECKPOINT_RESTORE 40
#define THREAD_FLAGS (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND)

static int check_flags(uint64_t flags)
{
	if (flags & NAMESPACE_FLAGS)
		return -EINVAL;
	if ((flags & CLONE_THREAD) && !(flags & CLONE_SIGHAND))
		return -EINVAL;
	if ((flags & CLONE_SIGHAND) && !(flags & CLONE_VM))
		return -EINVAL;
	if ((flags & CLONE_SIGHAND) && (flags & CLONE_CLEAR_SIGHAND))
		return -EINVAL;
	/* A process has one handle table and one fs context. */
	if ((flags & CLONE_THREAD) && (flags & THREAD_FLAGS) != THREAD_FLAGS)
		return -EINVAL;
	if ((flags & CLONE_PARENT) && ps_current()->pid == PID_INIT)
		return -EINVAL;
	return 0;
}

/* What threads cost the kernel may take an eighth of memory (man 5 proc, threads-max). */
static uint32_t max_threads(void)
{
	static uint32_t max;
	struct mm_statistics mm;

	if (!max) {
		mm_statistics(&mm);
		max = (uint32_t)MAX(mm.total_pages * PAGE_SIZE / (8 * KERNEL_STACK_BYTES), MIN_THREADS);
	}
	return max;
}

/* man 2 clone, set_tid. */
static int check_wanted(uint32_t tid)
{
	if (tid >= PID_LIMIT)
		return -EINVAL;
	return !tid || ps_capable(CAP_LINUX_SYS_ADMIN) || ps_capable(CAP_LINUX_CHECKPOINT_RESTORE) ? 0 : -EPERM;
}

/* RLIMIT_NPROC binds everybody but root's (man 2 getrlimit). */
int process_check_limit(struct process *me)
{
	uint64_t limit = me->envelope.limits[LIMIT_NPROC].cur;
	bool is_over;

	if (fault_should_fail(FAULT_PROCESS_SPAWN) || ps_thread_count() >= max_threads())
		return -EAGAIN;
	if (!me->credentials.uid || ps_capable(CAP_LINUX_SYS_RESOURCE) || ps_capable(CAP_LINUX_SYS_ADMIN))
		return 0;
	spin_lock(&ps_tree_lock);
	is_over = user_processes(me->credentials.uid) >= limit;
	spin_unlock(&ps_tree_lock);
	return is_over ? -EAGAIN : 0;
}

static void copy_thread_state(struct ps_thread *child, const struct ps_clone *c)
{
	struct ps_thread *me = ps_current_thread();

	fpu_save(child->thread.fpu);
	child->thread.user_fpu_live = me->thread.user_fpu_live;
	child->thread.fs_base = c->flags & CLONE_SETTLS ? c->tls : rdfsbase();
	child->thread.gs_base = rdmsr(MSR_KERNEL_GS_BASE);
	child->thread.affinity = me->thread.affinity;
	child->thread.personality = me->thread.personality;
	schedule_inherit(child, me);
	child->blocked = me->blocked;
	child->timer_slack_ns = me->timer_slack_ns;
	child->persona = me->persona;
	/* A thread registers its own; a process has a copy of the one that called (man 2 rseq). */
	if (!(c->flags & CLONE_VM)) {
		child->rseq = me->rseq;
		child->rseq_bytes = me->rseq_bytes;
		child->rseq_signature = me->rseq_signature;
		child->rseq_cpu = me->rseq_cpu;
		child->thread.interrupts_on_switch = me->thread.interrupts_on_switch;
		child->thread.interrupts |= me->thread.interrupts_on_switch;
	}
	memcpy(child->thread.name, me->thread.name, sizeof(child->thread.name));
	if (c->flags & CLONE_CHILD_CLEARTID)
		child->clear_child_tid = c->child_tid;
	/* The alternate stack goes along unless both run in the same memory (man 2 sigaltstack). */
	if (!(c->flags & CLONE_VM) || (c->flags & CLONE_VFORK)) {
		child->altstack_base = me->altstack_base;
		child->altstack_bytes = me->altstack_bytes;
		child->altstack_flags = me->altstack_flags;
	}
}

static bool is_dying(void)
{
	return atomic_load(&current_thread()->interrupts) & INTERRUPT_FATAL;
}

static struct trap_frame child_frame(const struct ps_clone *c, const struct trap_frame *frame)
{
	struct trap_frame f = *frame;

	f.rax = 0;
	f.error = ~0ull;	/* in no system call: nothing is restarted */
	if (c->stack)
		f.rsp = c->stack;
	return f;
}

/* A bad address is ignored, as on Linux: the thread is made all the same. */
static void put_tid(uint64_t address, uint32_t tid)
{
	if (put_user(tid, (uint32_t __user *)address))
		return;
}

/* ---- a thread of the same process ---- */

static int64_t clone_thread(const struct ps_clone *c, const struct trap_frame *frame)
{
	struct process *p = ps_current();
	struct trap_frame f = child_frame(c, frame);
	struct ps_thread *t;
	struct ps_pid *pid;
	uint32_t tid;

	t = ps_thread_alloc(p, p->name, &f);
	if (!t)
		return -ENOMEM;
	pid = pid_alloc(c->wanted_tid);
	if (!pid) {
		ps_thread_free_unused(t);
		return c->wanted_tid ? -EEXIST : -EAGAIN;
	}
	tid = pid->nr;
	copy_thread_state(t, c);
	if (c->flags & CLONE_PARENT_SETTID)
		put_tid(c->parent_tid, tid);
	if (c->flags & CLONE_CHILD_SETTID)
		put_tid(c->child_tid, tid);
	spin_lock(&ps_tree_lock);
	if (is_dying()) {
		pid_unuse(pid);
		spin_unlock(&ps_tree_lock);
		ps_thread_free_unused(t);
		return -EINTR;
	}
	ps_thread_attach(t, p, pid);
	spin_unlock(&ps_tree_lock);
	thread_start(&t->thread);
	return tid;
}

int ps_create_thread(struct process *p, int (*prepare)(struct ps_thread *t, void *context), void *context)
{
	struct trap_frame f = { 0 };
	struct ps_thread *t;
	struct ps_pid *pid;
	int err;

	t = ps_thread_alloc(p, p->name, &f);
	if (!t)
		return -ENOMEM;
	pid = pid_alloc(0);
	err = pid ? 0 : -EAGAIN;
	if (!err) {
		t->thread.tid = pid->nr;
		t->thread.affinity = current_thread()->affinity;
		err = prepare(t, context);
	}
	spin_lock(&ps_tree_lock);
	if (!err && (p->group_exit || p->is_exiting))
		err = -ESRCH;
	if (!err)
		ps_thread_attach(t, p, pid);
	else if (pid)
		pid_unuse(pid);
	spin_unlock(&ps_tree_lock);
	if (err)
		ps_thread_free_unused(t);
	else
		thread_start(&t->thread);
	return err;
}

/* ---- a process ---- */

static int share_or_copy_space(struct process *child, struct process *me, uint64_t flags)
{
	if (!(flags & CLONE_VM))
		return mm_space_fork(me->space, &child->space);
	mm_space_get(me->space);
	child->space = me->space;
	return 0;
}

static int share_or_copy_handles(struct process *child, struct process *me, uint64_t flags)
{
	if (!(flags & CLONE_FILES))
		return handle_table_clone(me->handles, &child->handles);
	handle_table_get(me->handles);
	child->handles = me->handles;
	return 0;
}

static int share_or_copy_fs(struct process *child, struct process *me, uint64_t flags)
{
	if (!me->fs)
		return 0;
	if (!(flags & CLONE_FS))
		return ps_upper_ops.fs_clone(me->fs, &child->fs);
	ps_upper_ops.fs_get(me->fs);
	child->fs = me->fs;
	return 0;
}

static void clear_handlers(struct sigactions *a)
{
	for (int i = 0; i < PS_NSIG; i++) {
		if (a->action[i].handler != SIGNAL_IGNORE)
			a->action[i] = (struct signal_action){ 0 };
	}
}

static int share_or_copy_actions(struct process *child, struct process *me, uint64_t flags)
{
	if (flags & CLONE_SIGHAND) {
		refcount_get(&me->actions->refs);
		child->actions = me->actions;
		return 0;
	}
	child->actions = sigactions_copy(me);
	if (!child->actions)
		return -ENOMEM;
	if (flags & CLONE_CLEAR_SIGHAND)
		clear_handlers(child->actions);
	return 0;
}

void process_inherit(struct process *child, struct process *me, const struct ps_clone *c)
{
	memcpy(child->name, me->name, sizeof(child->name));
	spin_lock(&me->lock);
	child->envelope = me->envelope;
	child->credentials = me->credentials;
	spin_unlock(&me->lock);
	child->has_envelope = true;
	child->capabilities = me->capabilities;
	child->rank = me->rank;
	child->strace = me->strace;
	child->dumpable = me->dumpable;
	child->core_filter = me->core_filter;
	child->has_no_huge_pages = me->has_no_huge_pages;
	child->has_left_tty = me->has_left_tty;
	child->oom_score_adj = me->oom_score_adj;
	child->oom_score_floor = me->oom_score_floor;
	child->exit_signal_to_parent = c->flags & CLONE_PARENT ? me->exit_signal_to_parent : c->exit_signal;
	child->exe_node = me->exe_node;
	child->exe = me->exe;
	if (child->exe && ps_upper_ops.exe_get)
		ps_upper_ops.exe_get(child->exe);
	child->vfork_parent_waits = c->flags & CLONE_VFORK;
}

/* What a child that never ran holds. The process itself is the caller's. */
void process_drop_parts(struct process *child)
{
	if (child->fs)
		ps_upper_ops.fs_put(child->fs);
	if (child->handles)
		handle_table_put(child->handles, child);
	if (child->space)
		mm_space_put(child->space);
	if (child->exe && ps_upper_ops.exe_put)
		ps_upper_ops.exe_put(child->exe);
}

static int copy_parts(struct process *child, struct process *me, const struct ps_clone *c)
{
	int err;

	process_inherit(child, me, c);
	err = share_or_copy_actions(child, me, c->flags);
	if (!err)
		err = share_or_copy_handles(child, me, c->flags);
	if (!err)
		err = share_or_copy_fs(child, me, c->flags);
	if (!err)
		err = share_or_copy_space(child, me, c->flags);
	return err;
}

/* A SIGKILL to the group that came before the child was in the tree must not miss it. 0, -EINTR. */
int process_link_child(struct process *child, struct ps_thread *t, uint64_t flags)
{
	struct process *me = ps_current();
	struct process *parent;
	int err = 0;

	spin_lock(&ps_tree_lock);
	if (is_dying()) {
		err = -EINTR;
	} else {
		parent = flags & CLONE_PARENT ? me->parent : me;
		process_link(child, parent);
		group_join(child, me->group);
		ps_thread_attach(t, child, child->pid_node);
	}
	spin_unlock(&ps_tree_lock);
	if (!err && ps_upper_ops.process_born)
		ps_upper_ops.process_born(child);
	return err;
}

static void wait_for_vfork(struct process *child)
{
	(void)WAIT_EVENT(&child->vfork_wait, !READ_ONCE(child->vfork_parent_waits), INTERRUPT_FATAL, 0);
}

void pid_put(struct ps_pid *pid)
{
	spin_lock(&ps_tree_lock);
	pid_unuse(pid);
	spin_unlock(&ps_tree_lock);
}

static void write_tids(struct process *child, const struct ps_clone *c)
{
	uint32_t tid = child->pid;

	if (c->flags & CLONE_PARENT_SETTID)
		put_tid(c->parent_tid, tid);
	/* In the child's memory, which may be a copy by now. */
	if (c->flags & CLONE_CHILD_SETTID)
		mm_space_copy(child->space, c->child_tid, &tid, sizeof(tid), true);
}

static int64_t clone_process(const struct ps_clone *c, const struct trap_frame *frame)
{
	struct process *me = ps_current(), *child;
	struct trap_frame f = child_frame(c, frame);
	struct ps_thread *t = NULL;
	int err;

	child = process_alloc();
	if (!child)
		return -ENOMEM;
	err = c->wanted_tid ? -EEXIST : -EAGAIN;
	child->pid_node = pid_alloc(c->wanted_tid);
	if (!child->pid_node)
		goto free_child;
	child->pid = child->pid_node->nr;
	ktimer_init(&child->alarm_timer, NULL, NULL);
	err = copy_parts(child, me, c);
	if (err)
		goto drop;
	err = -ENOMEM;
	t = ps_thread_alloc(child, me->name, &f);
	if (!t)
		goto drop;
	copy_thread_state(t, c);
	write_tids(child, c);
	object_get(&child->object);	/* ours, over the start: the child may end at once */
	err = process_link_child(child, t, c->flags);
	if (err) {
		ps_put(child);
		goto free_thread;
	}
	counter_inc(COUNTER_FORK);
	if (child->envelope.limits[LIMIT_CPU].cur != ~0ull && ps_upper_ops.limits_changed)
		ps_upper_ops.limits_changed(child);
	thread_start(&t->thread);
	if (c->flags & CLONE_VFORK)
		wait_for_vfork(child);
	err = (int)child->pid;
	ps_put(child);
	return err;

free_thread:
	ps_thread_free_unused(t);
drop:
	process_drop_parts(child);
	pid_put(child->pid_node);
free_child:
	ps_put(child);
	return err;
}

int64_t ps_clone(const struct ps_clone *c, const struct trap_frame *frame)
{
	int err = check_flags(c->flags);

	if (!err)
		err = check_wanted(c->wanted_tid);
	if (!err)
		err = envelope_ensure(ps_current());
	if (!err)
		err = process_check_limit(ps_current());
	if (err)
		return err;
	return c->flags & CLONE_THREAD ? clone_thread(c, frame) : clone_process(c, frame);
}
