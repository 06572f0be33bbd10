/* kernel/ps/src/process.c: the table of processes and what belongs to each.
 *
 * A process is referenced by the tree until it is reaped, by each of its threads
 * until it is off its stack, and by whoever looked it up.
 */
#include <ipc/endpoint.h>

#include "internal.h"

HEAP_CACHE(process_cache, "process", sizeof(struct process));

struct spinlock ps_tree_lock = SPINLOCK_INIT(PS_TREE);
struct ps_upper_ops ps_upper_ops;
struct list_node process_list = LIST_INIT(process_list);
struct process *process_init;
uint32_t process_count, thread_count;

static void process_release(struct object *obj)
{
	struct process *p = (struct process *)obj;

	sigactions_put(p->actions);
	if (ps_upper_ops.process_released)
		ps_upper_ops.process_released(p);
	heap_cache_free(&process_cache, p);
}

static struct wait_source *process_wait_source(struct object *obj)
{
	return &((struct process *)obj)->ended;
}

static const struct object_type process_type = {
	.name = "process",
	.kind = OBJECT_PROCESS,
	.release = process_release,
	.wait_source = process_wait_source,
};

static bool has_ended(struct wait_source *s, struct thread *t)
{
	return READ_ONCE(container_of(s, struct process, ended)->state) != PROCESS_ALIVE;
}

static bool nothing_to_take(struct wait_source *s, struct thread *t)
{
	return false;
}

static const struct wait_source_ops ended_ops = { has_ended, nothing_to_take };

struct process *process_alloc(void)
{
	struct process *p = heap_cache_alloc(&process_cache, 0);

	if (!p)
		return NULL;
	object_init(&p->object, &process_type);
	wait_source_init(&p->ended, &ended_ops);
	list_init(&p->children);
	list_init(&p->sibling_node);
	list_init(&p->all_node);
	list_init(&p->group_node);
	list_init(&p->threads);
	spin_init(&p->lock, LOCK_PROCESS);
	spin_init(&p->signal_lock, LOCK_SIGNAL);
	signal_queue_init(&p->pending);
	waitq_init(&p->signal_wait);
	waitq_init(&p->end_wait);
	waitq_init(&p->stop_wait);
	waitq_init(&p->child_wait);
	waitq_init(&p->vfork_wait);
	waitq_init(&p->policy_wait);
	p->dumpable = true;
	p->core_filter = CORE_FILTER_DEFAULT;
	p->start_ns = clock_monotonic_ns();
	return p;
}

void process_link(struct process *p, struct process *parent)
{
	p->parent = parent;
	if (parent)
		list_add_tail(&p->sibling_node, &parent->children);
	list_add_tail(&p->all_node, &process_list);
	p->pid_node->process = p;
	process_count++;
	if (p->pid == PID_INIT)
		process_init = p;
}

void process_unlink(struct process *p)
{
	p->state = PROCESS_DEAD;
	list_del(&p->sibling_node);
	list_del(&p->all_node);
	group_leave(p);
	p->pid_node->process = NULL;
	pid_unuse(p->pid_node);
	process_count--;
	if (p == process_init)
		process_init = NULL;
}

void process_apply_limits(struct process *p)
{
	struct mm_space *s = p->space;
	const struct envelope *e = &p->envelope;

	if (!s)
		return;
	s->limits = (struct mm_limits){
		.address_space_bytes = e->limits[LIMIT_AS].cur,
		.data_bytes = e->limits[LIMIT_DATA].cur,
		.stack_bytes = e->limits[LIMIT_STACK].cur,
		.locked_bytes = e->limits[LIMIT_MEMLOCK].cur,
		.mmap_min_addr = e->mmap_min_addr,
	};
}

void process_add_child_usage(struct process *parent, struct process *child)
{
	parent->children_user_ns += child->user_ns + child->children_user_ns;
	parent->children_system_ns += child->system_ns + child->children_system_ns;
	parent->children_minor_faults += child->minor_faults + child->children_minor_faults;
	parent->children_major_faults += child->major_faults + child->children_major_faults;
	parent->children_max_rss_pages = MAX(parent->children_max_rss_pages,
					     MAX(child->max_rss_pages, child->children_max_rss_pages));
}

bool ps_current_is_process(void)
{
	struct thread *t = current_thread();

	return t && !t->is_kernel && !t->is_idle;
}

bool ps_in_group(uint32_t own, uint32_t gid)
{
	const struct credentials *c = ps_credentials();

	if (own == gid)
		return true;
	for (uint32_t g = 0; g < c->ngroups; g++) {
		if (c->groups[g] == gid)
			return true;
	}
	return false;
}

bool ps_capable(unsigned linux_capability)
{
	return ps_credentials()->cap_effective >> linux_capability & 1;
}

struct process *ps_find(uint32_t pid)
{
	struct process *p = NULL;
	struct ps_pid *node;

	spin_lock(&ps_tree_lock);
	node = pid_lookup(pid);
	if (node && node->process && !node->process->is_hidden) {
		p = node->process;
		object_get(&p->object);
	}
	spin_unlock(&ps_tree_lock);
	return p;
}

struct ps_thread *ps_find_thread(uint32_t tid)
{
	struct ps_thread *t = NULL;
	struct ps_pid *node;

	spin_lock(&ps_tree_lock);
	node = pid_lookup(tid);
	if (node && node->thread && !node->thread->process->is_hidden) {
		t = node->thread;
		object_get(&t->object);
	}
	spin_unlock(&ps_tree_lock);
	return t;
}

void ps_put(struct process *p)
{
	if (p)
		object_put(&p->object);
}

uint32_t ps_next_pid(uint32_t after)
{
	struct ps_pid *node;
	uint32_t nr = after;

	spin_lock(&ps_tree_lock);
	while ((nr = pid_next(nr)) != 0) {
		node = pid_lookup(nr);
		if (node->process && !node->process->is_hidden)
			break;
	}
	spin_unlock(&ps_tree_lock);
	return nr;
}

uint32_t ps_process_count(void)
{
	return atomic_load(&process_count);
}

uint32_t ps_thread_count(void)
{
	return atomic_load(&thread_count);
}

void ps_for_each(void (*fn)(struct process *p, void *context), void *context)
{
	struct process *p;

	spin_lock(&ps_tree_lock);
	LIST_FOR_EACH_ENTRY(p, &process_list, all_node) {
		if (!p->is_hidden)
			fn(p, context);
	}
	spin_unlock(&ps_tree_lock);
}

struct threads_call {
	void (*fn)(struct ps_thread *t, void *context);
	void *context;
};

static void for_threads_of(struct process *p, void *context)
{
	struct threads_call *c = context;
	struct ps_thread *t;
	uint64_t flags = signals_lock(p);

	LIST_FOR_EACH_ENTRY(t, &p->threads, process_node)
		c->fn(t, c->context);
	signals_unlock(p, flags);
}

void ps_for_each_thread(void (*fn)(struct ps_thread *t, void *context), void *context)
{
	struct threads_call c = { fn, context };

	ps_for_each(for_threads_of, &c);
}

struct mm_space *ps_space_get(struct process *p)
{
	struct mm_space *s;

	spin_lock(&p->lock);
	s = p->space;
	if (s)
		mm_space_get(s);
	spin_unlock(&p->lock);
	return s;
}

struct handle_table *ps_handles_get(struct process *p)
{
	struct handle_table *t;

	spin_lock(&p->lock);
	t = p->handles;
	if (t)
		handle_table_get(t);
	spin_unlock(&p->lock);
	return t;
}

void ps_cpu_time(struct process *p, uint64_t *user_ns, uint64_t *system_ns)
{
	struct ps_thread *t;
	uint64_t flags;

	if (p == ps_current())
		sched_account_current();
	flags = signals_lock(p);
	*user_ns = p->user_ns;
	*system_ns = p->system_ns;
	LIST_FOR_EACH_ENTRY(t, &p->threads, process_node) {
		*user_ns += READ_ONCE(t->thread.user_ns);
		*system_ns += READ_ONCE(t->thread.system_ns);
	}
	signals_unlock(p, flags);
}

int ps_policy_begin(struct process *p)
{
	int err;

	for (;;) {
		spin_lock(&p->lock);
		if (!p->policy_is_busy) {
			p->policy_is_busy = true;
			spin_unlock(&p->lock);
			return 0;
		}
		spin_unlock(&p->lock);
		err = WAIT_EVENT(&p->policy_wait, !READ_ONCE(p->policy_is_busy), INTERRUPT_FATAL, 0);
		if (err)
			return err;
	}
}

void ps_policy_end(struct process *p)
{
	spin_lock(&p->lock);
	p->policy_is_busy = false;
	spin_unlock(&p->lock);
	waitq_wake_all(&p->policy_wait, 0);
}

void ps_stage_credentials(struct process *p, struct credentials *to)
{
	spin_lock(&p->lock);
	p->staged_credentials = to;
	spin_unlock(&p->lock);
}

static bool take_staged(struct process *p, const struct credentials *c)
{
	bool is_staged;

	spin_lock(&p->lock);
	is_staged = p->staged_credentials;
	if (is_staged)
		*p->staged_credentials = *c;
	spin_unlock(&p->lock);
	return is_staged;
}

int ps_set_credentials(uint32_t pid, const struct credentials *c)
{
	struct process *p = ps_find(pid);

	if (!p)
		return -ESRCH;
	if (c->ngroups > CRED_MAX_GROUPS) {
		ps_put(p);
		return -EINVAL;
	}
	if (take_staged(p, c)) {
		ps_put(p);
		return 0;
	}
	spin_lock(&ps_tree_lock);
	if (p->state == PROCESS_ALIVE && p->credentials.uid != c->uid) {
		user_charge(p->credentials.uid, -(int)p->nthreads);
		user_charge(c->uid, (int)p->nthreads);
	}
	spin_lock(&p->lock);
	/* A set-id change makes the process's memory private to root (man 2 prctl, PR_SET_DUMPABLE). */
	if (p->credentials.euid != c->euid || p->credentials.egid != c->egid)
		p->dumpable = false;
	p->credentials = *c;
	spin_unlock(&p->lock);
	spin_unlock(&ps_tree_lock);
	ps_put(p);
	return 0;
}

int ps_grant_envelope(uint32_t pid, const struct envelope *e)
{
	struct process *p = ps_find(pid);

	if (!p)
		return -ESRCH;
	spin_lock(&p->lock);
	p->envelope = *e;
	process_apply_limits(p);
	spin_unlock(&p->lock);
	if (ps_upper_ops.limits_changed && p->state == PROCESS_ALIVE)
		ps_upper_ops.limits_changed(p);
	ps_put(p);
	counter_inc(COUNTER_LEASE_ENVELOPE_GRANT);
	return 0;
}

static void *ipc_current(void)
{
	return ps_current_is_process() ? ps_current() : NULL;
}

static struct handle_table *ipc_handles(void *process)
{
	return ((struct process *)process)->handles;
}

static uint32_t ipc_pid(void *process)
{
	return ((struct process *)process)->pid;
}

static uint32_t ipc_rank(void *process)
{
	return ((struct process *)process)->rank;
}

static uint32_t ipc_capabilities(void *process)
{
	return ((struct process *)process)->capabilities;
}

static const char *ipc_name(void *process)
{
	return ((struct process *)process)->name;
}

void ps_init(void)
{
	ipc_process_ops = (struct ipc_process_ops){
		.current = ipc_current,
		.handles = ipc_handles,
		.pid = ipc_pid,
		.rank = ipc_rank,
		.capabilities = ipc_capabilities,
		.name = ipc_name,
		.service_wanted = ps_service_wanted,
	};
	sched_ops.thread_dead = ps_thread_dead;
	ps_threads_init();
	signal_watch_init();
	ps_exit_init();
	ps_machine_init();
	mm_oom_kill = ps_oom_kill;
}
