/* kernel/ps/src/spawn_program.c: a child that starts with a program of its own: CreateProcess without fork. */
#include "internal.h"

static int make_parts(struct process *child, struct process *me, struct ps_exec *e, struct ps_child *c, struct ps_start *start)
{
	static const struct ps_clone plain = { .exit_signal = SIGCHLD };
	uint32_t flag = c->inherits ? HANDLE_INHERIT : 0;
	int err;

	process_inherit(child, me, &plain);
	child->capabilities = 0;
	child->rank = SERVICE_RANK_PROGRAM;
	child->has_execed = true;
	child->reaps_itself = me->nt != NULL;
	child->fs = c->fs;
	c->fs = NULL;
	child->actions = sigactions_create();
	if (!child->actions)
		return -ENOMEM;
	err = handle_table_clone_marked(c->handles ? c->handles : me->handles, flag, c->keep, c->nkeep, &child->handles);
	return err ? err : exec_build_space(e, &me->space->limits, &child->space, start);
}

static void name_it(struct process *child, struct ps_thread *t, const struct ps_exec *e)
{
	memset(t->thread.name, 0, sizeof(t->thread.name));
	memcpy(t->thread.name, e->comm, MIN(strlen(e->comm), sizeof(t->thread.name) - 1));
	memcpy(child->name, t->thread.name, sizeof(child->name));
}

static void take_exe(struct process *child, const struct ps_exec *e)
{
	if (child->exe && ps_upper_ops.exe_put)
		ps_upper_ops.exe_put(child->exe);
	child->exe = e->exe;
	child->exe_node = e->exe_node;
	if (child->exe && ps_upper_ops.exe_get)
		ps_upper_ops.exe_get(child->exe);
	if (child->space)
		child->space->exe = e->exe;
}

static struct ps_thread *make_thread(struct process *child, struct ps_exec *e, const struct ps_start *start)
{
	struct trap_frame f;
	struct ps_thread *t;

	ps_frame_init_user(&f, start->entry, start->rsp);
	if (start->personality != PERSONALITY_LINUX)
		f.rcx = start->rcx;
	t = ps_thread_alloc(child, e->comm, &f);
	if (!t)
		return NULL;
	t->thread.personality = start->personality;
	t->thread.gs_base = start->gs_base;
	t->thread.affinity = current_thread()->affinity;
	t->nice = ps_current_thread()->nice;
	name_it(child, t, e);
	return t;
}

static int spawn(struct process *child, struct ps_exec *e, struct ps_child *c)
{
	struct process *me = ps_current();
	struct ps_start start = { 0 };
	struct ps_thread *t;
	int err = make_parts(child, me, e, c, &start);

	if (err)
		return err;
	take_exe(child, e);
	t = make_thread(child, e, &start);
	if (!t)
		return -ENOMEM;
	if (e->started)
		e->started(e, t);
	object_get(&child->object);
	object_get(&t->object);
	err = process_link_child(child, t, 0);
	if (err) {
		ps_put(child);
		ps_thread_put(t);
		ps_thread_free_unused(t);
		return err;
	}
	c->process = child;
	c->thread = t;
	counter_inc(COUNTER_EXEC);
	return 0;
}

int ps_spawn_program(struct ps_exec *e, struct ps_child *c)
{
	struct process *child = NULL;
	int err = envelope_ensure(ps_current());

	if (!err)
		err = process_check_limit(ps_current());
	if (!err) {
		child = process_alloc();
		err = child ? 0 : -ENOMEM;
	}
	if (!err) {
		child->pid_node = pid_alloc(0);
		err = child->pid_node ? 0 : -EAGAIN;
	}
	if (!err) {
		child->pid = child->pid_node->nr;
		e->pid = child->pid;
		ktimer_init(&child->alarm_timer, NULL, NULL);
		err = spawn(child, e, c);
		if (err) {
			process_drop_parts(child);
			pid_put(child->pid_node);
		}
	}
	if (c->fs)
		ps_upper_ops.fs_put(c->fs);
	if (err)
		ps_put(child);
	return err;
}
