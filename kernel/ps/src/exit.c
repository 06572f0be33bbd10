/* kernel/ps/src/exit.c: the end of threads and processes.
 *
 * The last thread takes the process apart while it still runs, then becomes a
 * zombie in one step under the tree lock: from there on its parent may reap it.
 */
#include <ipc/endpoint.h>

#include "internal.h"
#include "signal_rules.h"

#define MAX_EXIT_NOTES 4096
#define CLD_EXITED_CODE 1	/* asm-generic/siginfo.h */
#define CLD_KILLED_CODE 2
#define CLD_DUMPED_CODE 3
#define CLD_STOPPED_CODE 5
#define CLD_CONTINUED_CODE 6

static struct list_node service_ends = LIST_INIT(service_ends);	/* tree; process.sibling_node */
static struct wait_queue service_wait;

uint32_t ps_exit_code(const struct process *p)
{
	uint32_t low = p->exit_status & 0xff;

	return p->nt && p->exit_status && !low ? 0xff : low;
}

uint32_t ps_wait_status(const struct process *p)
{
	return p->killed_by ? p->killed_by | (p->core_dumped ? PS_STATUS_CORE : 0) : PS_STATUS_EXITED(ps_exit_code(p));
}

void signal_child_info(struct process *child, int code, int status, struct signal_info *out)
{
	*out = (struct signal_info){ .signo = SIGCHLD, .code = code };
	out->fields[0] = child->pid | (uint64_t)child->credentials.uid << 32;
	out->fields[1] = (uint32_t)status;
	out->fields[2] = child->user_ns / NSEC_PER_TICK;
	out->fields[3] = child->system_ns / NSEC_PER_TICK;
}

static struct signal_action parent_action(struct process *parent, int sig)
{
	uint64_t flags = signals_lock(parent);
	struct signal_action a = parent->actions->action[sig - 1];

	signals_unlock(parent, flags);
	return a;
}

void notify_parent_exit(struct process *p, bool *reap_itself)
{
	struct process *parent = p->parent;
	int sig = (int)p->exit_signal_to_parent;
	struct signal_info info;

	*reap_itself = !parent || p->reaps_itself;
	if (*reap_itself)
		return;
	if (sig == SIGCHLD) {
		struct signal_action a = parent_action(parent, sig);

		/* man 2 sigaction, SA_NOCLDWAIT; man 2 wait, NOTES. */
		if (a.handler == SIGNAL_IGNORE || (a.flags & SA_NOCLDWAIT))
			*reap_itself = true;
		if (a.handler == SIGNAL_IGNORE)
			sig = 0;
	}
	signal_child_info(p, !p->killed_by ? CLD_EXITED_CODE : p->core_dumped ? CLD_DUMPED_CODE : CLD_KILLED_CODE,
			  (int)(p->killed_by ? p->killed_by : p->exit_status & 0xff), &info);
	if (sig && sig <= PS_NSIG)
		signal_send_process(parent, sig, &info);
	waitq_wake_all(&parent->child_wait, 0);
}

void notify_parent_stopped(struct process *p, bool continued)
{
	struct signal_info info;
	struct process *parent;

	spin_lock(&ps_tree_lock);
	parent = p->parent;
	p->stop_unreported = !continued;
	p->continued_unreported = continued;
	if (parent) {
		struct signal_action a = parent_action(parent, SIGCHLD);

		signal_child_info(p, continued ? CLD_CONTINUED_CODE : CLD_STOPPED_CODE,
				  continued ? SIGCONT : (int)p->last_stop_signal, &info);
		if (a.handler != SIGNAL_IGNORE && !(a.flags & SA_NOCLDSTOP))
			signal_send_process(parent, SIGCHLD, &info);
		waitq_wake_all(&parent->child_wait, 0);
	}
	spin_unlock(&ps_tree_lock);
}

/* ---- children of a process that ends ---- */

static struct process *find_reaper(struct process *p)
{
	struct process *a;

	for (a = p->parent; a; a = a->parent) {
		if (a->child_subreaper && !a->is_exiting)
			return a;
	}
	return process_init != p ? process_init : NULL;
}

/* Give @child to @reaper. @dead collects what nobody will wait for. */
static void give_away(struct process *child, struct process *old, struct process *reaper, struct list_node *dead)
{
	struct ps_group *g = child->group;
	bool reap = false;

	list_del(&child->sibling_node);
	child->parent = reaper;
	child->exit_signal_to_parent = SIGCHLD;
	if (reaper)
		list_add_tail(&child->sibling_node, &reaper->children);
	if (child->pdeath_signal)
		signal_send_process(child, (int)child->pdeath_signal, NULL);
	if (g && old->group && g != old->group && g->session == old->group->session)
		group_check_orphaned(g, NULL);
	if (child->state != PROCESS_ZOMBIE)
		return;
	notify_parent_exit(child, &reap);
	if (reap) {
		process_unlink(child);
		list_add_tail(&child->sibling_node, dead);
	}
}

static void give_children_away(struct process *p, struct list_node *dead)
{
	struct process *child, *next, *reaper;

	if (list_is_empty(&p->children))
		return;
	reaper = find_reaper(p);
	LIST_FOR_EACH_ENTRY_SAFE(child, next, &p->children, sibling_node)
		give_away(child, p, reaper, dead);
}

static void put_dead(struct list_node *dead)
{
	struct process *p;

	while ((p = list_first_entry(dead, struct process, sibling_node)) != NULL) {
		list_del(&p->sibling_node);
		ps_put(p);
	}
}

/* The parent was the link to the rest of the session: its going may orphan the own group. */
static void check_own_group(struct process *p)
{
	struct process *parent = p->parent;

	if (parent && parent->group && p->group && parent->group != p->group &&
	    parent->group->session == p->group->session)
		group_check_orphaned(p->group, p);
}

static void become_zombie(struct process *p)
{
	struct list_node dead = LIST_INIT(dead);
	bool reap = false;

	spin_lock(&ps_tree_lock);
	give_children_away(p, &dead);
	check_own_group(p);
	p->state = PROCESS_ZOMBIE;
	if (p->is_supervised) {
		list_add_tail(&p->sibling_node, &service_ends);
		waitq_wake_all(&service_wait, 0);
	} else {
		notify_parent_exit(p, &reap);
	}
	if (reap) {
		process_unlink(p);
		list_add_tail(&p->sibling_node, &dead);
	}
	spin_unlock(&ps_tree_lock);
	waitq_wake_all(&p->end_wait, 1 /* POLLIN */);
	wait_source_signal(&p->ended);
	put_dead(&dead);
}

/* ---- taking a process apart ---- */

static void release_space(struct process *p)
{
	struct mm_space *s;
	void *exe;

	spin_lock(&p->lock);
	s = p->space;
	p->space = NULL;
	exe = p->exe;
	p->exe = NULL;
	spin_unlock(&p->lock);
	p->minor_faults += s->minor_faults;
	p->major_faults += s->major_faults;
	p->max_rss_pages = MAX(p->max_rss_pages, s->peak_rss_pages);
	mm_space_put(s);
	if (p->vfork_parent_waits) {
		p->vfork_parent_waits = false;
		waitq_wake_all(&p->vfork_wait, 0);
	}
	if (exe && ps_upper_ops.exe_put)
		ps_upper_ops.exe_put(exe);
}

static void release_handles(struct process *p)
{
	struct handle_table *t;

	spin_lock(&p->lock);
	t = p->handles;
	p->handles = NULL;
	spin_unlock(&p->lock);
	if (t)
		handle_table_put(t, p);
}

static void release_fs(struct process *p)
{
	void *fs;

	spin_lock(&p->lock);
	fs = p->fs;
	p->fs = NULL;
	spin_unlock(&p->lock);
	if (fs)
		ps_upper_ops.fs_put(fs);
}

static void end_session(struct process *p)
{
	struct ps_session *s = p->group ? p->group->session : NULL;

	if (s && s->sid == p->pid && ps_upper_ops.session_ended)
		ps_upper_ops.session_ended(s);
}

/* ---- procd's accounts ---- */

HEAP_CACHE(note_cache, "exit-note", sizeof(struct ipc_notification));
static uint32_t nnotes;

static void note_taken(struct ipc_notification *n)
{
	atomic_sub(&nnotes, 1);
	heap_cache_free(&note_cache, n);
}

/* Told to nobody when procd is so far behind that the notes would fill memory. */
static void tell_procd(struct process *p)
{
	struct ipc_notification *n;

	if (p->is_service || atomic_load(&nnotes) >= MAX_EXIT_NOTES)
		return;
	n = heap_cache_alloc(&note_cache, 0);
	if (!n)
		return;
	n->words[0] = PROCD_EXITED;
	n->words[1] = p->pid;
	n->words[2] = ps_wait_status(p);
	n->words[3] = p->user_ns;
	n->words[4] = p->system_ns;
	n->done = note_taken;
	atomic_add(&nnotes, 1);
	ipc_notify_service(SERVICE_PROCD, n);
}

static void end_process(struct process *p)
{
	if (p->is_hidden)
		panic("rootd ended with status 0x%x", ps_wait_status(p));
	p->is_exiting = true;
	WRITE_ONCE(p->alarm_interval_ns, 0);
	ktimer_cancel(&p->alarm_timer);
	if (ps_upper_ops.process_exiting)
		ps_upper_ops.process_exiting(p);
	release_space(p);
	release_handles(p);
	if (p->has_endpoints)
		endpoint_owner_died(p);
	end_session(p);
	/* Until here files are closed, and some go with that: who watches is told their paths. */
	release_fs(p);
	tell_procd(p);
	become_zombie(p);
}

/* Returns: whether @t was the last. */
static bool leave_process(struct ps_thread *t, uint32_t status)
{
	struct process *p = t->process;
	bool stop_is_complete, is_last;
	uint64_t flags;

	spin_lock(&ps_tree_lock);
	user_charge(p->credentials.uid, -1);
	thread_count--;
	flags = signals_lock(p);
	if (!p->group_exit)
		p->exit_status = status;	/* that of the last one stays */
	list_del(&t->process_node);
	p->user_ns += t->thread.user_ns;
	p->system_ns += t->thread.system_ns;
	p->voluntary_switches += t->thread.switches_voluntary;
	p->involuntary_switches += t->thread.switches_involuntary;
	is_last = --p->nthreads == 0;
	core_leave(p, t);
	if (p->leader == t)
		p->leader = NULL;
	signal_queue_flush(&t->pending);
	if (is_last)
		signal_queue_flush(&p->pending);
	else if (p->pending.bits)
		signal_recalc_all(p);
	stop_is_complete = !is_last && p->stop_signal && p->nstopped == p->nthreads;
	signals_unlock(p, flags);
	t->pid_node->thread = NULL;
	if (t->pid_node != p->pid_node)
		pid_unuse(t->pid_node);
	spin_unlock(&ps_tree_lock);
	if (stop_is_complete)
		notify_parent_stopped(p, false);
	waitq_wake_all(&p->stop_wait, 0);	/* an exec may wait to be alone */
	return is_last;
}

void ps_exit_thread(uint32_t status)
{
	struct ps_thread *t = ps_current_thread();
	struct process *p = t->process;
	uint64_t flags = signals_lock(p);
	bool is_last;

	t->is_exiting = true;
	t->exit_code = status;
	/* Nothing interrupts what is left to do. */
	thread_clear_interrupt(&t->thread, ~0u);
	signals_unlock(p, flags);

	if (ps_upper_ops.thread_exiting)
		ps_upper_ops.thread_exiting(t);
	t->thread.space = NULL;
	is_last = leave_process(t, status);
	WRITE_ONCE(t->has_ended, true);
	wait_source_signal(&t->ended);
	if (is_last)
		end_process(p);
	thread_exit();
}

void ps_exit_group(uint32_t status, int signal)
{
	struct process *p = ps_current();
	uint64_t flags = signals_lock(p);

	exit_threads_of(p, status, signal);
	signals_unlock(p, flags);
	ps_exit_thread(status);
}

void ps_end_process(struct process *p, uint32_t status)
{
	uint64_t flags = signals_lock(p);

	exit_threads_of(p, status, 0);
	signals_unlock(p, flags);
}

/* signals */
static void end_thread(struct ps_thread *t, uint32_t status)
{
	if (t->is_exiting || t->must_exit)
		return;
	t->must_exit = true;
	t->exit_code = status;
	thread_interrupt(&t->thread, INTERRUPT_FATAL | INTERRUPT_SIGNAL);
}

void ps_end_thread(struct ps_thread *t, uint32_t status)
{
	struct process *p = t->process;
	uint64_t flags = signals_lock(p);

	end_thread(t, status);
	signals_unlock(p, flags);
}

int ps_end_other_threads(uint32_t status)
{
	struct ps_thread *me = ps_current_thread(), *t;
	struct process *p = me->process;
	uint64_t flags = signals_lock(p);

	LIST_FOR_EACH_ENTRY(t, &p->threads, process_node) {
		if (t != me)
			end_thread(t, status);
	}
	signals_unlock(p, flags);
	return WAIT_EVENT(&p->stop_wait, READ_ONCE(p->nthreads) == 1, INTERRUPT_FATAL, 0);
}

/* ---- rootd's wait, and the end of the machine ---- */

static struct process *take_service_end(void)
{
	struct process *p;

	spin_lock(&ps_tree_lock);
	p = list_first_entry(&service_ends, struct process, sibling_node);
	if (p)
		process_unlink(p);
	spin_unlock(&ps_tree_lock);
	return p;
}

/* Ids of services that were called and have never served; atomic. */
static uint32_t wanted_services;

void ps_service_wanted(uint32_t id)
{
	__atomic_or_fetch(&wanted_services, 1u << id, __ATOMIC_RELEASE);
	waitq_wake_all(&service_wait, 0);
}

static uint32_t take_wanted(void)
{
	uint32_t wanted = atomic_load(&wanted_services), id;

	if (!wanted)
		return 0;
	id = (uint32_t)__builtin_ctz(wanted);
	__atomic_and_fetch(&wanted_services, ~(1u << id), __ATOMIC_RELEASE);
	return id;
}

int ps_wait_service(struct proc_exit *out)
{
	struct process *p = NULL;
	uint32_t wanted = 0;
	int err = WAIT_EVENT(&service_wait, (p = take_service_end()) || (wanted = take_wanted()),
			     INTERRUPT_SIGNAL | INTERRUPT_FATAL, 0);

	if (err)
		return err;
	*out = (struct proc_exit){ .wanted = wanted };
	if (p) {
		out->pid = p->pid;
		out->status = ps_wait_status(p);
		ps_put(p);
	}
	return 0;
}

void ps_exit_init(void)
{
	waitq_init(&service_wait);
}

static void kill_program(struct process *p, void *context)
{
	uint32_t *nleft = context;

	if (p->is_service || p->pid == PID_INIT || p->state != PROCESS_ALIVE)
		return;
	++*nleft;
	signal_send_process(p, SIGKILL, NULL);
}

void ps_kill_all_programs(void)
{
	uint32_t nleft;

	for (;;) {
		nleft = 0;
		ps_for_each(kill_program, &nleft);
		if (!nleft)
			return;
		thread_block(INTERRUPT_FATAL, clock_monotonic_ns() + NSEC_PER_MSEC);
	}
}
