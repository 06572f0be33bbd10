/* kernel/compat/src/nt/query_processes.c: every process and thread, for SystemProcessInformation (winternl.h;
 * Microsoft Learn, "NtQuerySystemInformation"). Linux programs are in it as Windows programs are. */
#include <io/inode.h>
#include <mm/heap.h>
#include <string.h>

#include "query.h"
#include "shared_data.h"
#include "text.h"

#define BASE_PRIORITY 8
#define THREAD_WAITS 5u

struct thread_entry {
	uint64_t kernel_time, user_time, create_time;
	uint32_t wait_time, pad;
	uint64_t start, pid, tid;
	uint32_t priority, base_priority, switches, state, wait_reason, pad2;
};
_Static_assert(sizeof(struct thread_entry) == 0x50, "SYSTEM_THREAD_INFORMATION");

struct process_entry {
	uint32_t next, nthreads;
	uint64_t reserved[3];
	uint64_t create_time, user_time, kernel_time;
	struct nt_unicode_string name;
	uint32_t base_priority, pad;
	uint64_t pid, parent;
	uint32_t handles, session;
	uint64_t key, peak_virtual, virtual;
	uint32_t faults, pad2;
	uint64_t peak_working, working, quotas[4], pagefile, peak_pagefile, private, io[6];
};
_Static_assert(sizeof(struct process_entry) == 0x100, "SYSTEM_PROCESS_INFORMATION");

struct listing {
	const struct nt_query *q;
	uint32_t used, last;	/* bytes so far, also where they do not fit; the last entry's offset */
	bool has_entry;
	ntstatus status;
};

static uint64_t nt_time(uint64_t monotonic_ns)
{
	uint64_t boot = clock_realtime_ns() - clock_monotonic_ns();

	return (boot + monotonic_ns) / NT_NS_PER_TICK + NT_EPOCH_TICKS;
}

/* The program's file name; a name that is no longer there is what /proc/PID/comm says. */
static void put_name(struct nt_text *t, struct process *p)
{
	char *path = kmalloc(VFS_PATH_MAX, HEAP_NOZERO);
	struct inode *exe = NULL;
	int64_t len = -ENOENT;

	if (path && !vfs_exe_of(p, &exe)) {
		len = vfs_path_of(exe, path, VFS_PATH_MAX);
		inode_put(exe);
	}
	if (len > 0) {
		const char *name = strrchr(path, '/') + 1;

		nt_text_utf8(t, name, strlen(name));
	} else {
		nt_text_utf8(t, p->name, strlen(p->name));
	}
	kfree(path);
}

static void describe_memory(struct process_entry *e, struct process *p)
{
	struct mm_space *s = ps_space_get(p);

	if (!s)
		return;
	e->peak_virtual = s->peak_bytes;
	e->virtual = s->total_bytes;
	e->faults = (uint32_t)(s->minor_faults + s->major_faults);
	e->peak_working = s->peak_rss_pages << PAGE_SHIFT;
	e->working = s->rss_pages << PAGE_SHIFT;
	e->pagefile = e->peak_pagefile = e->private = (s->rss_pages - s->rss_file_pages) << PAGE_SHIFT;
	mm_space_put(s);
}

static void describe(struct process_entry *e, struct process *p)
{
	struct handle_table *handles = ps_handles_get(p);
	uint64_t user_ns, system_ns;

	*e = (struct process_entry){ .base_priority = BASE_PRIORITY, .pid = p->pid * 4ull, .session = 1 };
	ps_cpu_time(p, &user_ns, &system_ns);
	e->create_time = nt_time(p->start_ns);
	e->user_time = user_ns / NT_NS_PER_TICK;
	e->kernel_time = system_ns / NT_NS_PER_TICK;
	e->parent = nt_creator(p) * 4ull;
	if (handles) {
		e->handles = handle_count(handles);
		handle_table_put(handles, ps_current());
	}
	describe_memory(e, p);
}

/* The threads of @p: kmalloc'd, *n of them; NULL: none, or no memory. */
static struct thread_entry *list_threads(struct process *p, uint32_t *n)
{
	uint32_t room = atomic_load(&p->nthreads), count = 0;
	struct thread_entry *out = room ? kmalloc(room * sizeof(*out), 0) : NULL;
	struct ps_thread *t;

	*n = 0;
	if (!out)
		return NULL;
	spin_lock(&p->signal_lock);
	LIST_FOR_EACH_ENTRY(t, &p->threads, process_node) {
		if (count == room)
			break;
		out[count++] = (struct thread_entry){ .create_time = nt_time(t->start_ns), .pid = p->pid * 4ull,
			.tid = t->thread.tid * 4ull, .priority = BASE_PRIORITY, .base_priority = BASE_PRIORITY,
			.state = THREAD_WAITS };
	}
	spin_unlock(&p->signal_lock);
	*n = count;
	return out;
}

/* An entry, its threads and its name, one behind the other, as far as there is room. */
static void put_process(struct listing *l, struct process *p)
{
	struct process_entry e;
	struct nt_text name = { 0 };
	struct thread_entry *threads = list_threads(p, &e.nthreads);
	uint32_t nthreads = e.nthreads, at = l->used, name_at = at + sizeof(e) + nthreads * sizeof(*threads), end;

	put_name(&name, p);
	nt_text_char(&name, 0);
	end = name.failed ? 0 : (uint32_t)ALIGN_UP(name_at + name.nchars * 2, 8);
	if (name.failed) {
		l->status = STATUS_NO_MEMORY;
	} else if (end <= l->q->cap && !l->status) {
		describe(&e, p);
		e.nthreads = nthreads;
		e.name = (struct nt_unicode_string){ .bytes = (uint16_t)((name.nchars - 1) * 2),
			.max_bytes = (uint16_t)(name.nchars * 2), .buffer = l->q->buffer + name_at };
		l->status = nt_put(l->q->buffer + at, &e, sizeof(e));
		if (!l->status)
			l->status = nt_put(l->q->buffer + at + sizeof(e), threads, nthreads * sizeof(*threads));
		if (!l->status)
			l->status = nt_put(l->q->buffer + name_at, name.chars, name.nchars * 2);
		if (!l->status && l->has_entry)
			l->status = nt_put32(l->q->buffer + l->last, at - l->last);
		l->last = at;
		l->has_entry = true;
	}
	l->used = end;
	nt_text_free(&name);
	kfree(threads);
}

ntstatus nt_query_processes(const struct nt_query *q)
{
	struct listing l = { .q = q };

	for (uint32_t pid = ps_next_pid(0); pid; pid = ps_next_pid(pid)) {
		struct process *p = ps_find(pid);

		if (p && p->state == PROCESS_ALIVE)
			put_process(&l, p);
		if (p)
			ps_put(p);
	}
	if (!l.status && l.used > q->cap)
		l.status = STATUS_INFO_LENGTH_MISMATCH;
	if (q->length && nt_put32(q->length, l.used))
		return STATUS_ACCESS_VIOLATION;
	return l.status;
}
