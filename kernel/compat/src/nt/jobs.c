/* kernel/compat/src/nt/jobs.c: jobs and their processes (Microsoft Learn, "Job Objects", "Nested Jobs"). */
#include "jobs.h"

#include <mm/heap.h>

#include "sync.h"

HEAP_CACHE(handle_cache, "nt-job", sizeof(struct nt_job_handle));

#define PROCESS_TERMINATE 0x0001u
#define PROCESS_SET_QUOTA 0x0100u
#define PROCESS_QUERY_LIMITED_INFORMATION 0x1000u

struct mutex nt_jobs_lock;
struct list_node nt_job_members = LIST_INIT(nt_job_members);

void nt_jobs_init(void)
{
	mutex_init(&nt_jobs_lock, LOCK_NT_JOBS);
}

/* ---- under the lock ---- */

static void put_job(struct nt_job *job)
{
	while (job && !--job->refs) {
		struct nt_job *parent = job->parent;

		nt_iocp_unbind(&job->port);
		kfree(job);
		job = parent;
	}
}

bool nt_job_is_within(const struct nt_job *job, const struct nt_job *outer)
{
	while (job && job != outer)
		job = job->parent;
	return job;
}

static struct nt_job *job_of(const struct process *p)
{
	const struct nt_job_member *m = p->job;

	return m ? m->job : NULL;
}

void nt_job_tell(struct nt_job *job, uint32_t message, uint32_t pid)
{
	for (; job; job = job->parent) {
		/* What a full machine cannot report is lost, as the page of the port says. */
		if (job->port.port)
			(void)nt_iocp_post(&job->port, pid * 4ull, STATUS_SUCCESS, message);
	}
}

struct nt_job *nt_job_current(void)
{
	struct nt_job *job;

	mutex_lock(&nt_jobs_lock);
	job = job_of(ps_current());
	if (job)
		job->refs++;
	mutex_unlock(&nt_jobs_lock);
	return job;
}

void nt_job_put(struct nt_job *job)
{
	mutex_lock(&nt_jobs_lock);
	put_job(job);
	mutex_unlock(&nt_jobs_lock);
}

static void end_all(struct nt_job *job, uint32_t status)
{
	struct nt_job_member *m;

	LIST_FOR_EACH_ENTRY(m, &nt_job_members, node)
		if (nt_job_is_within(m->job, job))
			ps_end_process(m->process, status);
}

static bool is_full(const struct nt_job *job)
{
	for (; job; job = job->parent)
		if ((job->limit_flags & JOB_LIMIT_ACTIVE_PROCESS) && job->nactive >= job->active_limit)
			return true;
	return false;
}

/* A message for each job that has processes no more. */
static void count_active(struct nt_job *job, const struct nt_job *up_to, int change)
{
	for (; job != up_to; job = job->parent) {
		job->nactive += (uint32_t)change;
		if (change > 0)
			job->ntotal++;
		if (!job->nactive && job->port.port)
			(void)nt_iocp_post(&job->port, 0, STATUS_SUCCESS, JOB_MESSAGE_NO_PROCESS);
	}
}

/* @p is in @m->job from now on; before it was in @from, which is outside that, or NULL. */
static void enter(struct nt_job_member *m, struct nt_job *from)
{
	m->job->refs++;
	count_active(m->job, from, 1);
	for (struct nt_job *job = m->job; job != from; job = job->parent) {
		if (job->port.port)
			(void)nt_iocp_post(&job->port, m->process->pid * 4ull, STATUS_SUCCESS, JOB_MESSAGE_NEW_PROCESS);
		if ((job->limit_flags & JOB_LIMIT_PRIORITY_CLASS) && m->process->nt)
			((struct nt_process *)m->process->nt)->priority_class = (uint8_t)job->priority_class;
	}
}

static ntstatus make_member(struct process *p, struct nt_job *job)
{
	struct nt_job_member *m = kmalloc(sizeof(*m), 0);

	if (!m)
		return STATUS_NO_MEMORY;
	m->process = p;
	m->job = job;
	list_add_tail(&m->node, &nt_job_members);
	p->job = m;
	enter(m, NULL);
	return STATUS_SUCCESS;
}

/* ---- processes that begin and end ---- */

ntstatus nt_job_allows_child(const struct process *parent, bool breaks_away)
{
	struct nt_job *job;
	ntstatus status = STATUS_SUCCESS;

	mutex_lock(&nt_jobs_lock);
	job = job_of(parent);
	if (job && breaks_away && !(job->limit_flags & (JOB_LIMIT_BREAKAWAY_OK | JOB_LIMIT_SILENT_BREAKAWAY_OK)))
		status = STATUS_ACCESS_DENIED;
	else if (!breaks_away && is_full(job)) {
		status = STATUS_QUOTA_EXCEEDED;
		nt_job_tell(job, JOB_MESSAGE_ACTIVE_PROCESS_LIMIT, 0);
	}
	mutex_unlock(&nt_jobs_lock);
	return status;
}

static const struct process *parent_of_child(void)
{
	const struct nt_thread *nt = nt_current_thread();

	return nt && nt->child_parent ? nt->child_parent : ps_current();
}

/* The job that a child that the current thread makes is in. */
static struct nt_job *job_for_child(void)
{
	const struct nt_thread *nt = nt_current_thread();
	struct nt_job *job = job_of(parent_of_child());

	while (job && ((job->limit_flags & JOB_LIMIT_SILENT_BREAKAWAY_OK) ||
		       (nt && nt->breaks_away && (job->limit_flags & JOB_LIMIT_BREAKAWAY_OK))))
		job = job->parent;
	return job;
}

void nt_job_born(struct process *child)
{
	struct nt_job *job;
	bool may_live;

	if (!READ_ONCE(parent_of_child()->job))
		return;
	mutex_lock(&nt_jobs_lock);
	job = job_for_child();
	if (job) {
		may_live = !is_full(job) && !make_member(child, job);
		/* The job may have been ended after its parent was looked at. */
		if (!may_live || (job->is_closed && (job->limit_flags & JOB_LIMIT_KILL_ON_JOB_CLOSE)) ||
		    (READ_ONCE(current_thread()->interrupts) & INTERRUPT_FATAL)) {
			job->nterminated++;
			ps_end_process(child, STATUS_QUOTA_EXCEEDED);
		}
	}
	mutex_unlock(&nt_jobs_lock);
}

/* The codes that the page of JOBOBJECT_ASSOCIATE_COMPLETION_PORT calls abnormal. */
static bool is_abnormal(uint32_t code)
{
	switch (code) {
	case STATUS_ACCESS_VIOLATION:
	case STATUS_ARRAY_BOUNDS_EXCEEDED:
	case STATUS_BREAKPOINT:
	case STATUS_CONTROL_C_EXIT:
	case STATUS_DATATYPE_MISALIGNMENT:
	case STATUS_FLOAT_DENORMAL_OPERAND:
	case STATUS_FLOAT_DIVIDE_BY_ZERO:
	case STATUS_FLOAT_INEXACT_RESULT:
	case STATUS_FLOAT_INVALID_OPERATION:
	case STATUS_FLOAT_OVERFLOW:
	case STATUS_FLOAT_STACK_CHECK:
	case STATUS_FLOAT_UNDERFLOW:
	case STATUS_GUARD_PAGE_VIOLATION:
	case STATUS_ILLEGAL_INSTRUCTION:
	case STATUS_IN_PAGE_ERROR:
	case STATUS_INTEGER_DIVIDE_BY_ZERO:
	case STATUS_INTEGER_OVERFLOW:
	case STATUS_NONCONTINUABLE_EXCEPTION:
	case STATUS_PRIVILEGED_INSTRUCTION:
	case STATUS_SINGLE_STEP:
	case STATUS_STACK_OVERFLOW:
		return true;
	default:
		return false;
	}
}

static void add_costs(struct nt_job *job, struct process *p)
{
	uint64_t user_ns, system_ns;

	ps_cpu_time(p, &user_ns, &system_ns);
	for (; job; job = job->parent) {
		job->user_ns += user_ns;
		job->system_ns += system_ns;
		job->faults += p->minor_faults + p->major_faults;
		job->read_calls += p->read_calls;
		job->write_calls += p->write_calls;
		job->read_bytes += p->read_chars;
		job->write_bytes += p->written_chars;
	}
}

void nt_job_process_exiting(struct process *p)
{
	struct nt_job_member *m;

	if (!READ_ONCE(p->job))
		return;
	mutex_lock(&nt_jobs_lock);
	m = p->job;
	p->job = NULL;
	list_del(&m->node);
	add_costs(m->job, p);
	nt_job_tell(m->job, is_abnormal(p->exit_status) ? JOB_MESSAGE_ABNORMAL_EXIT : JOB_MESSAGE_EXIT, p->pid);
	count_active(m->job, NULL, -1);
	put_job(m->job);
	mutex_unlock(&nt_jobs_lock);
	kfree(m);
}

/* ---- handles ---- */

static void handle_release(struct object *obj)
{
	struct nt_job_handle *h = (struct nt_job_handle *)obj;

	nt_name_ended(obj);
	mutex_lock(&nt_jobs_lock);
	h->job->is_closed = true;
	if (h->job->limit_flags & JOB_LIMIT_KILL_ON_JOB_CLOSE)
		end_all(h->job, 0);
	put_job(h->job);
	mutex_unlock(&nt_jobs_lock);
	heap_cache_free(&handle_cache, h);
}

static struct wait_source *handle_source(struct object *obj)
{
	return &((struct nt_job_handle *)obj)->source;
}

static const struct object_type job_type = {
	.name = "job",
	.kind = OBJECT_JOB,
	.release = handle_release,
	.wait_source = handle_source,
};

/* Only the end of a job's time signals it, and jobs have no such limit here. */
static bool never(struct wait_source *s, struct thread *t)
{
	return false;
}

static const struct wait_source_ops job_ops = { never, never };

static ntstatus make(void *arg, struct object **out)
{
	struct nt_job_handle *h = heap_cache_alloc(&handle_cache, 0);

	if (!h)
		return STATUS_NO_MEMORY;
	h->job = kmalloc(sizeof(*h->job), 0);
	if (!h->job) {
		heap_cache_free(&handle_cache, h);
		return STATUS_NO_MEMORY;
	}
	object_init(&h->object, &job_type);
	wait_source_init(&h->source, &job_ops);
	h->job->refs = 1;
	*out = &h->object;
	return STATUS_SUCCESS;
}

ntstatus nt_sys_NtCreateJobObject(const uint64_t *a)
{
	return nt_create_object(a[0], (uint32_t)a[1], a[2], OBJECT_JOB, make, NULL);
}

ntstatus nt_sys_NtOpenJobObject(const uint64_t *a)
{
	return nt_open_object(a[0], (uint32_t)a[1], a[2], OBJECT_JOB);
}

/* ---- processes that are put into a job ---- */

/* @p has a job already: @job must lie within that, or become so. Under the lock. */
static ntstatus move(struct nt_job_member *m, struct nt_job *job)
{
	struct nt_job *from = m->job;

	if (nt_job_is_within(from, job))
		return STATUS_SUCCESS;
	if (!nt_job_is_within(job, from)) {
		if (job->parent || job->ntotal)
			return STATUS_ACCESS_DENIED;
		job->parent = from;
		from->refs++;
	}
	m->job = job;
	enter(m, from);
	put_job(from);
	return STATUS_SUCCESS;
}

static ntstatus assign(struct nt_job *job, struct process *p)
{
	ntstatus status;

	mutex_lock(&nt_jobs_lock);
	if (p->is_exiting || p->state != PROCESS_ALIVE) {
		status = STATUS_PROCESS_IS_TERMINATING;
	} else if (is_full(job) && !nt_job_is_within(job_of(p), job)) {
		nt_job_tell(job, JOB_MESSAGE_ACTIVE_PROCESS_LIMIT, 0);
		status = STATUS_QUOTA_EXCEEDED;
	} else {
		status = p->job ? move(p->job, job) : make_member(p, job);
	}
	mutex_unlock(&nt_jobs_lock);
	return status;
}

ntstatus nt_job_assign(uint64_t job_handle, struct process *p)
{
	struct object *obj;
	ntstatus status = nt_handle_lookup(job_handle, OBJECT_JOB, JOB_ASSIGN_PROCESS, &obj);

	if (status)
		return status;
	status = assign(((struct nt_job_handle *)obj)->job, p);
	object_put(obj);
	return status;
}

ntstatus nt_sys_NtAssignProcessToJobObject(const uint64_t *a)
{
	struct process *p;
	ntstatus status = nt_process_lookup(a[1], PROCESS_SET_QUOTA | PROCESS_TERMINATE, &p);

	if (status)
		return status;
	status = nt_job_assign(a[0], p);
	ps_put(p);
	return status;
}

ntstatus nt_sys_NtTerminateJobObject(const uint64_t *a)
{
	struct object *obj;
	ntstatus status = nt_handle_lookup(a[0], OBJECT_JOB, JOB_TERMINATE, &obj);

	if (status)
		return status;
	mutex_lock(&nt_jobs_lock);
	end_all(((struct nt_job_handle *)obj)->job, (uint32_t)a[1]);
	mutex_unlock(&nt_jobs_lock);
	object_put(obj);
	return STATUS_SUCCESS;
}

/* No job: is it in any? */
ntstatus nt_sys_NtIsProcessInJob(const uint64_t *a)
{
	struct object *obj = NULL;
	struct process *p;
	const struct nt_job *job;
	bool is_in;
	ntstatus status = nt_process_lookup(a[0], PROCESS_QUERY_LIMITED_INFORMATION, &p);

	if (status)
		return status;
	if (a[1])
		status = nt_handle_lookup(a[1], OBJECT_JOB, JOB_QUERY, &obj);
	if (!status) {
		mutex_lock(&nt_jobs_lock);
		job = job_of(p);
		is_in = job && (!obj || nt_job_is_within(job, ((struct nt_job_handle *)obj)->job));
		mutex_unlock(&nt_jobs_lock);
		status = is_in ? STATUS_PROCESS_IN_JOB : STATUS_PROCESS_NOT_IN_JOB;
	}
	object_put(obj);
	ps_put(p);
	return status;
}
