/* kernel/ps/src/query.c: what /proc shows (PROC_QUERY_BROKER). */
#include <hal/hal.h>
#include <lowlevel/cpu.h>

#include "internal.h"
#include "signal_rules.h"

#define PRIORITY_OF_NICE_0 20

typedef int64_t (*query_fn)(struct process *p, uint64_t arg, void *buf, size_t cap);

static int64_t put_u32(void *buf, size_t cap, uint32_t v)
{
	if (cap < sizeof(v))
		return -EINVAL;
	memcpy(buf, &v, sizeof(v));
	return sizeof(v);
}

static char thread_letter(const struct ps_thread *t)
{
	switch (READ_ONCE(t->thread.state)) {
	case THREAD_BLOCKED:
		if (t->is_stopped)
			return 'T';
		if (READ_ONCE(t->thread.interrupt_mask) & INTERRUPT_SIGNAL)
			return 'S';
		/* Nothing ends the wait for a service's answer: its work is the caller's own, as on a
		 * system where the kernel does it. */
		return READ_ONCE(t->thread.interrupt_mask) ? 'D' : 'R';
	case THREAD_DEAD:
		return 'X';
	default:
		return 'R';
	}
}

/* tree */
static void stat_of_tree(struct process *p, struct proc_stat *st)
{
	st->pid = p->pid;
	st->ppid = p->parent ? p->parent->pid : 0;
	st->tpgid = -1;
	st->exit_signal = (int32_t)p->exit_signal_to_parent;
	if (p->group) {
		st->pgid = p->group->pgid;
		st->sid = p->group->session->sid;
		if (p->group->session->tty && ps_upper_ops.tty_describe)
			ps_upper_ops.tty_describe(p->group->session->tty, st);
	}
	st->user_ns = p->user_ns;
	st->system_ns = p->system_ns;
	st->children_user_ns = p->children_user_ns;
	st->children_system_ns = p->children_system_ns;
	st->state = p->state == PROCESS_ZOMBIE ? 'Z' : 'R';
}

/* The first thread has ended and stays, as a zombie, until the others have. */
static bool has_dead_leader(const struct process *p)
{
	return !p->leader && p->nthreads;
}

/* signals */
static void stat_of_process(struct process *p, struct proc_stat *st)
{
	struct ps_thread *t;

	st->voluntary_switches = p->voluntary_switches;
	st->involuntary_switches = p->involuntary_switches;
	LIST_FOR_EACH_ENTRY(t, &p->threads, process_node) {
		st->user_ns += t->thread.user_ns;
		st->system_ns += t->thread.system_ns;
		st->voluntary_switches += t->thread.switches_voluntary;
		st->involuntary_switches += t->thread.switches_involuntary;
	}
	st->nthreads = p->nthreads + has_dead_leader(p);
	st->sig_shared_pending = p->pending.bits;
	for (int i = 0; i < PS_NSIG; i++) {
		uint64_t handler = p->actions->action[i].handler;

		if (handler == SIGNAL_IGNORE)
			st->sig_ignored |= 1ull << i;
		else if (handler != SIGNAL_DEFAULT)
			st->sig_caught |= 1ull << i;
	}
}

/* signals */
static struct ps_thread *thread_numbered(struct process *p, uint32_t tid)
{
	struct ps_thread *t;

	LIST_FOR_EACH_ENTRY(t, &p->threads, process_node) {
		if (t->thread.tid == tid)
			return t;
	}
	return NULL;
}

/* signals; @alone: times of this thread and not of its process */
static void stat_of_thread(const struct ps_thread *t, bool alone, struct proc_stat *st)
{
	const struct thread *s = &t->thread;

	st->sig_pending = t->pending.bits;
	st->sig_blocked = t->blocked;
	st->last_cpu = s->cpu;
	st->nice = t->nice;
	st->policy = s->policy;
	st->rt_priority = s->own_priority;
	st->affinity = s->affinity;
	/* As Linux shows it: real-time below zero, the others about 20 (man 5 proc). */
	st->priority = s->own_priority ? -1 - s->own_priority : PRIORITY_OF_NICE_0 + t->nice;
	if (st->state != 'Z')
		st->state = thread_letter(t);
	if (alone) {
		st->user_ns = s->user_ns;
		st->system_ns = s->system_ns;
		st->voluntary_switches = s->switches_voluntary;
		st->involuntary_switches = s->switches_involuntary;
		st->start_ns = t->start_ns;
	}
	memcpy(st->comm, s->name, sizeof(st->comm));
}

static void stat_of_space(struct mm_space *s, struct proc_stat *st)
{
	struct mm_area_info info;
	uint64_t at = 0;

	st->vsize_bytes = s->total_bytes;
	st->peak_vsize_bytes = s->peak_bytes;
	st->rss_pages = s->rss_pages;
	st->peak_rss_pages = MAX(s->peak_rss_pages, s->rss_pages);
	st->rss_file_pages = s->rss_file_pages;
	st->rss_anon_pages = s->rss_pages - MIN(s->rss_file_pages, s->rss_pages);
	st->locked_bytes = s->locked_bytes;
	st->data_bytes = s->data_bytes;
	st->start_code = s->start_code;
	st->end_code = s->end_code;
	st->exe_bytes = s->end_code - s->start_code;
	st->start_stack = s->arg_start;
	st->brk_start = s->brk_start;
	st->brk_end = s->brk;
	st->arg_start = s->arg_start;
	st->arg_end = s->arg_end;
	st->env_start = s->env_start;
	st->env_end = s->env_end;
	while (mm_area_next(s, at, &info)) {
		if (info.file)
			mm_area_ops.file_put(info.file);
		if (info.flags & MM_AREA_STACK)
			st->stack_bytes += info.end - info.start;
		at = info.end;
	}
}

static void *fs_reference(struct process *p)
{
	void *fs;

	spin_lock(&p->lock);
	fs = p->fs;
	if (fs)
		ps_upper_ops.fs_get(fs);
	spin_unlock(&p->lock);
	return fs;
}

static int64_t query_stat(struct process *p, uint64_t arg, void *buf, size_t cap)
{
	struct proc_stat *st = buf;
	struct handle_table *handles;
	struct mm_space *space;
	struct ps_thread *t;
	uint64_t flags;
	void *fs;

	if (cap < sizeof(*st))
		return -EINVAL;
	memset(st, 0, sizeof(*st));
	memcpy(st->comm, p->name, sizeof(st->comm));
	st->start_ns = p->start_ns;
	st->priority = PRIORITY_OF_NICE_0;
	spin_lock(&ps_tree_lock);
	stat_of_tree(p, st);
	flags = signals_lock(p);
	stat_of_process(p, st);
	t = thread_numbered(p, (uint32_t)arg);
	if (t)
		stat_of_thread(t, arg & PROC_QUERY_ONE_THREAD || t->thread.tid != p->pid, st);
	else
		st->state = 'Z';
	signals_unlock(p, flags);
	spin_unlock(&ps_tree_lock);

	st->flags = p->is_service ? PROC_STAT_SERVICE : 0;
	st->minor_faults = p->minor_faults;
	st->major_faults = p->major_faults;
	st->read_chars = p->read_chars;
	st->written_chars = p->written_chars;
	st->syscalls_read = p->read_calls;
	st->syscalls_written = p->write_calls;
	st->exe_node = p->exe_node;
	space = ps_space_get(p);
	if (space) {
		st->minor_faults += space->minor_faults;
		st->major_faults += space->major_faults;
		stat_of_space(space, st);
		mm_space_put(space);
	}
	handles = ps_handles_get(p);
	if (handles) {
		st->fd_table_size = handle_capacity(handles);
		handle_table_put(handles, p);
	}
	fs = fs_reference(p);
	if (fs) {
		if (ps_upper_ops.fs_describe)
			ps_upper_ops.fs_describe(fs, st);
		ps_upper_ops.fs_put(fs);
	}
	return sizeof(*st);
}

static int64_t copy_range(struct process *p, bool environment, void *buf, size_t cap)
{
	struct mm_space *s = ps_space_get(p);
	uint64_t start, end;
	int64_t ret;

	if (!s)
		return 0;
	start = environment ? s->env_start : s->arg_start;
	end = environment ? s->env_end : s->arg_end;
	ret = end > start ? mm_space_copy(s, start, buf, MIN(cap, end - start), false) : 0;
	mm_space_put(s);
	return ret;
}

static int64_t query_cmdline(struct process *p, uint64_t arg, void *buf, size_t cap)
{
	return copy_range(p, false, buf, cap);
}

static int64_t query_environ(struct process *p, uint64_t arg, void *buf, size_t cap)
{
	return copy_range(p, true, buf, cap);
}

static uint32_t special_of(const struct mm_area_info *info)
{
	if (info->flags & MM_AREA_HEAP)
		return 1;
	if (info->flags & MM_AREA_STACK)
		return 2;
	if (info->flags & MM_AREA_VDSO)
		return info->prot & MM_EXEC ? 3 : 4;
	return 0;
}

static int64_t query_maps(struct process *p, uint64_t arg, void *buf, size_t cap)
{
	struct mm_space *s = ps_space_get(p);
	struct proc_map *map = buf;
	struct mm_area_info info;
	size_t n = 0;
	uint64_t at = 0;

	if (!s)
		return 0;
	while ((n + 1) * sizeof(*map) <= cap && mm_area_next(s, at, &info)) {
		map[n] = (struct proc_map){
			.start = info.start,
			.end = info.end,
			.offset = info.file ? info.offset : 0,
			.prot = info.prot,
			.shared = !!(info.flags & MM_AREA_SHARED),
			.special = special_of(&info),
			.rss_pages = info.rss_pages,
			.private_pages = info.private_pages,
		};
		if (info.file) {
			if (ps_upper_ops.file_describe)
				ps_upper_ops.file_describe(info.file, &map[n]);
			mm_area_ops.file_put(info.file);
		}
		at = info.end;
		n++;
	}
	mm_space_put(s);
	return (int64_t)(n * sizeof(*map));
}

static int64_t query_fds(struct process *p, uint64_t arg, void *buf, size_t cap)
{
	struct handle_table *t = ps_handles_get(p);
	uint32_t *fds = buf;
	size_t n = 0;
	int h = 0;

	if (!t)
		return 0;
	while ((n + 1) * sizeof(*fds) <= cap && (h = handle_next(t, h)) >= 0)
		fds[n++] = (uint32_t)h++;
	handle_table_put(t, p);
	return (int64_t)(n * sizeof(*fds));
}

static int64_t query_threads(struct process *p, uint64_t arg, void *buf, size_t cap)
{
	uint32_t *tids = buf;
	struct ps_thread *t;
	size_t n = 0;
	uint64_t flags = signals_lock(p);

	if (has_dead_leader(p) && cap >= sizeof(*tids))
		tids[n++] = p->pid;
	LIST_FOR_EACH_ENTRY(t, &p->threads, process_node) {
		if ((n + 1) * sizeof(*tids) > cap)
			break;
		tids[n++] = t->thread.tid;
	}
	signals_unlock(p, flags);
	if (!n && cap >= sizeof(*tids))
		tids[n++] = p->pid;	/* a zombie still shows its first */
	return (int64_t)(n * sizeof(*tids));
}

static int64_t query_credentials(struct process *p, uint64_t arg, void *buf, size_t cap)
{
	if (cap < sizeof(struct credentials))
		return -EINVAL;
	spin_lock(&p->lock);
	memcpy(buf, &p->credentials, sizeof(struct credentials));
	spin_unlock(&p->lock);
	return sizeof(struct credentials);
}

static int64_t query_capabilities(struct process *p, uint64_t arg, void *buf, size_t cap)
{
	if (cap < sizeof(p->capabilities))
		return -EINVAL;
	memcpy(buf, &p->capabilities, sizeof(p->capabilities));
	return sizeof(p->capabilities);
}

static int64_t query_limits(struct process *p, uint64_t arg, void *buf, size_t cap)
{
	if (cap < sizeof(struct envelope))
		return -EINVAL;
	spin_lock(&p->lock);
	memcpy(buf, &p->envelope, sizeof(struct envelope));
	spin_unlock(&p->lock);
	return sizeof(struct envelope);
}

static int64_t query_fd_text(struct process *p, uint64_t arg, void *buf, size_t cap)
{
	struct handle_table *t = ps_handles_get(p);
	struct object *object;
	int64_t ret;

	if (!t)
		return -ENOENT;
	ret = handle_lookup(t, (int)(arg >> 32), 0, 0, &object);
	handle_table_put(t, p);
	if (ret)
		return -ENOENT;
	ret = ps_upper_ops.handle_describe ? ps_upper_ops.handle_describe(object, buf, cap) : -ENOENT;
	object_put(object);
	return ret;
}

/* O_CLOEXEC is the descriptor's, the other flags are the file's (man 5 proc). */
#define FD_INFO_CLOEXEC 02000000u

static int64_t query_fd_info(struct process *p, uint64_t arg, void *buf, size_t cap)
{
	struct handle_table *t = ps_handles_get(p);
	struct proc_fd *out = buf;
	struct object *object;
	uint32_t flags = 0, rights;
	int64_t ret;

	if (!t)
		return -ENOENT;
	ret = handle_lookup(t, (int)(arg >> 32), 0, 0, &object);
	if (!ret && handle_get_flags(t, (int)(arg >> 32), &flags, &rights))
		flags = 0;
	handle_table_put(t, p);
	if (ret)
		return -ENOENT;
	ret = cap < sizeof(*out) || !ps_upper_ops.handle_inform ? -EINVAL : (int64_t)sizeof(*out);
	if (ret > 0) {
		memset(out, 0, sizeof(*out));
		ps_upper_ops.handle_inform(object, out);
		if (flags & HANDLE_CLOEXEC)
			out->flags |= FD_INFO_CLOEXEC;
	}
	object_put(object);
	return ret;
}

static int64_t query_auxv(struct process *p, uint64_t arg, void *buf, size_t cap)
{
	struct mm_space *s = ps_space_get(p);
	size_t n;

	if (!s)
		return 0;
	n = MIN(cap, s->auxv_words * sizeof(s->auxv[0]));
	memcpy(buf, s->auxv, n);
	mm_space_put(s);
	return (int64_t)n;
}

static int64_t query_self(struct process *p, uint64_t arg, void *buf, size_t cap)
{
	return put_u32(buf, cap, p->pid);
}

/* ---- of the machine ---- */

static int64_t query_next(uint64_t after, void *buf, size_t cap)
{
	uint32_t pid = ps_next_pid((uint32_t)after);

	return pid ? put_u32(buf, cap, pid) : -ENOENT;
}

static int64_t query_machine(void *buf, size_t cap)
{
	struct proc_machine *m = buf;
	struct mm_statistics mm;

	if (cap < sizeof(*m))
		return -EINVAL;
	memset(m, 0, sizeof(*m));
	mm_statistics(&mm);
	m->uptime_ns = clock_monotonic_ns();
	m->boot_realtime_sec = (clock_realtime_ns() - m->uptime_ns) / NSEC_PER_SEC;
	m->total_pages = mm.total_pages;
	m->free_pages = mm.free_pages;
	m->cached_pages = mm.cached_pages;
	m->dirty_pages = mm.dirty_pages;
	m->writeback_pages = mm.writeback_pages;
	m->anon_pages = mm.anon_pages;
	m->mapped_pages = mm.mapped_pages;
	m->slab_pages = mm.slab_pages;
	m->shmem_pages = mm.shmem_pages;
	m->page_table_pages = mm.page_table_pages;
	m->kernel_stack_pages = mm.kernel_stack_pages;
	m->ncpus = percpu_count;
	m->nprocs = ps_process_count();
	m->nrunning = sched_running_count();
	m->last_pid = READ_ONCE(pid_last);
	m->nthreads = ps_thread_count();
	m->forks = counter_values[COUNTER_FORK];
	m->context_switches = counter_values[COUNTER_CONTEXT_SWITCH];
	m->interrupts = counter_values[COUNTER_INTERRUPT];
	for (uint32_t i = 0; i < percpu_count; i++) {
		m->cpu_user_ns[i] = sched_user_ns(i);
		m->cpu_system_ns[i] = sched_system_ns(i);
		m->cpu_idle_ns[i] = sched_idle_ns(i);
		m->idle_ns += m->cpu_idle_ns[i];
	}
	ps_load_averages(m->load_1000);
	ps_get_machine_name(false, m->hostname);
	ps_get_machine_name(true, m->domainname);
	return sizeof(*m);
}

static void name_of_cpu(struct proc_cpu *c)
{
	uint32_t r[4];

	cpuid(0, 0, &r[0], &r[1], &r[2], &r[3]);
	memcpy(c->vendor, &r[1], 4);
	memcpy(c->vendor + 4, &r[3], 4);
	memcpy(c->vendor + 8, &r[2], 4);
	for (uint32_t i = 0; i < 3; i++) {
		cpuid(0x80000002 + i, 0, &r[0], &r[1], &r[2], &r[3]);
		memcpy(c->model_name + 16 * i, r, sizeof(r));
	}
}

static void features_of_cpu(struct proc_cpu *c)
{
	uint32_t a, b;

	cpuid(1, 0, &a, &b, &c->features[0], &c->features[1]);
	c->stepping = a & 15;
	c->model = (a >> 4 & 15) | (a >> 12 & 0xf0);
	c->family = a >> 8 & 15;
	if (c->family == 15)
		c->family += a >> 20 & 0xff;
	cpuid(7, 0, &a, &c->features[2], &c->features[3], &c->features[4]);
	cpuid(0x80000001, 0, &a, &b, &c->features[5], &c->features[6]);
	cpuid(0xd, 1, &c->features[7], &a, &b, &c->cache_kib);
	cpuid(0x80000006, 0, &a, &b, &c->cache_kib, &a);
	c->cache_kib >>= 16;
}

static int64_t query_cpuinfo(void *buf, size_t cap)
{
	struct proc_cpu *cpus = buf;
	uint32_t n = (uint32_t)MIN(percpu_count, cap / sizeof(*cpus));

	for (uint32_t i = 0; i < n; i++) {
		memset(&cpus[i], 0, sizeof(cpus[i]));
		name_of_cpu(&cpus[i]);
		features_of_cpu(&cpus[i]);
		cpus[i].apic_id = percpu_blocks[i]->apic_id;
		cpus[i].mhz = (uint32_t)(hal_tsc_hz() / 1000000);
	}
	return (int64_t)(n * sizeof(*cpus));
}

static const query_fn process_queries[] = {
	[PROC_QUERY_STAT] = query_stat,
	[PROC_QUERY_CMDLINE] = query_cmdline,
	[PROC_QUERY_ENVIRON] = query_environ,
	[PROC_QUERY_MAPS] = query_maps,
	[PROC_QUERY_FDS] = query_fds,
	[PROC_QUERY_THREADS] = query_threads,
	[PROC_QUERY_CREDENTIALS] = query_credentials,
	[PROC_QUERY_CAPABILITIES] = query_capabilities,
	[PROC_QUERY_LIMITS] = query_limits,
	[PROC_QUERY_FD_TEXT] = query_fd_text,
	[PROC_QUERY_AUXV] = query_auxv,
	[PROC_QUERY_FD_INFO] = query_fd_info,
	[PROC_QUERY_SELF] = query_self,
};

struct process *ps_find_any(uint32_t id)
{
	struct process *p = ps_find(id);
	struct ps_thread *t;

	if (p)
		return p;
	t = ps_find_thread(id);
	if (!t)
		return NULL;
	p = t->process;
	object_get(&p->object);
	ps_thread_put(t);
	return p;
}

int64_t ps_query(uint32_t op, uint64_t pid, void *buf, size_t cap)
{
	struct process *p;
	int64_t ret;

	if (op == PROC_QUERY_NEXT)
		return query_next(pid, buf, cap);
	if (op == PROC_QUERY_MACHINE)
		return query_machine(buf, cap);
	if (op == PROC_QUERY_CPUINFO)
		return query_cpuinfo(buf, cap);
	if (op >= ARRAY_SIZE(process_queries) || !process_queries[op])
		return -EINVAL;
	p = ps_find_any((uint32_t)pid);
	if (!p)
		return -ESRCH;
	ret = process_queries[op](p, pid, buf, cap);
	ps_put(p);
	return ret;
}
