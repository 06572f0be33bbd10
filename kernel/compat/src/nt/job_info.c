/* kernel/compat/src/nt/job_info.c: what is set for and asked of a job (Microsoft Learn: SetInformationJobObject,
 * QueryInformationJobObject; winnt.h).
 */
#include <mm/heap.h>

#include "jobs.h"
#include "query.h"
#include "shared_data.h"

enum job_class { JOB_ACCOUNTING = 1, JOB_BASIC_LIMITS, JOB_PROCESS_IDS, JOB_UI_RESTRICTIONS, JOB_PORT = 7, JOB_ACCOUNTING_AND_IO,
	JOB_EXTENDED_LIMITS, JOB_CLASS_END = 0x33 };

#define BASIC_LIMIT_FLAGS 0xffu
#define EXTENDED_LIMIT_FLAGS 0x7fffu
#define UI_FLAGS 0xffu
/* What is kept and obeyed; the others are refused, not forgotten. */
#define OUR_LIMIT_FLAGS (JOB_LIMIT_ACTIVE_PROCESS | JOB_LIMIT_PRIORITY_CLASS | JOB_LIMIT_DIE_ON_UNHANDLED_EXCEPTION | \
			 JOB_LIMIT_BREAKAWAY_OK | JOB_LIMIT_SILENT_BREAKAWAY_OK | JOB_LIMIT_KILL_ON_JOB_CLOSE)
#define HIGHEST_PRIORITY_CLASS 6u

struct basic_limits {
	int64_t process_time, job_time;
	uint32_t flags, pad;
	uint64_t min_working_set, max_working_set;
	uint32_t active_processes, pad2;
	uint64_t affinity;
	uint32_t priority_class, scheduling_class;
};
_Static_assert(sizeof(struct basic_limits) == 64, "JOBOBJECT_BASIC_LIMIT_INFORMATION");
struct io_counters { uint64_t reads, writes, others, read_bytes, written_bytes, other_bytes; };
struct extended_limits {
	struct basic_limits basic;
	struct io_counters io;
	uint64_t process_memory, job_memory, peak_process_memory, peak_job_memory;
};
_Static_assert(sizeof(struct extended_limits) == 144, "JOBOBJECT_EXTENDED_LIMIT_INFORMATION");
struct accounting {
	int64_t user, system, period_user, period_system;
	uint32_t faults, total, active, terminated;
	struct io_counters io;	/* of the longer class */
};
_Static_assert(sizeof(struct accounting) == 96, "JOBOBJECT_BASIC_AND_IO_ACCOUNTING_INFORMATION");
#define ACCOUNTING_BYTES 48u
struct process_ids { uint32_t assigned, listed; uint64_t ids[]; };
struct association { uint64_t key, port; };

/* ---- setting ---- */

static ntstatus set_limits(struct nt_job *job, const struct basic_limits *in, uint32_t allowed)
{
	if (in->flags & ~allowed)
		return STATUS_INVALID_PARAMETER;
	if (in->flags & ~OUR_LIMIT_FLAGS)
		return STATUS_NOT_SUPPORTED;
	if ((in->flags & JOB_LIMIT_PRIORITY_CLASS) && (!in->priority_class || in->priority_class > HIGHEST_PRIORITY_CLASS))
		return STATUS_INVALID_PARAMETER;
	mutex_lock(&nt_jobs_lock);
	job->limit_flags = in->flags;
	job->active_limit = in->active_processes;
	job->priority_class = in->priority_class;
	mutex_unlock(&nt_jobs_lock);
	return STATUS_SUCCESS;
}

static ntstatus set_basic(struct nt_job *job, uint64_t user, uint32_t bytes)
{
	struct basic_limits in;

	if (bytes != sizeof(in))
		return STATUS_INVALID_PARAMETER;
	if (nt_get(&in, user, sizeof(in)))
		return STATUS_ACCESS_VIOLATION;
	return set_limits(job, &in, BASIC_LIMIT_FLAGS);
}

static ntstatus set_extended(struct nt_job *job, uint64_t user, uint32_t bytes)
{
	struct extended_limits in;

	if (bytes != sizeof(in))
		return STATUS_INVALID_PARAMETER;
	if (nt_get(&in, user, sizeof(in)))
		return STATUS_ACCESS_VIOLATION;
	return set_limits(job, &in.basic, EXTENDED_LIMIT_FLAGS);
}

/* There are no windows yet that they could keep from a process. */
static ntstatus set_ui(struct nt_job *job, uint64_t user, uint32_t bytes)
{
	uint32_t in;

	if (bytes != sizeof(in))
		return STATUS_INVALID_PARAMETER;
	if (nt_get(&in, user, sizeof(in)))
		return STATUS_ACCESS_VIOLATION;
	if (in & ~UI_FLAGS)
		return STATUS_INVALID_PARAMETER;
	WRITE_ONCE(job->ui_restrictions, in);
	return STATUS_SUCCESS;
}

/* Who is in the job already is reported too. */
static ntstatus set_port(struct nt_job *job, uint64_t user, uint32_t bytes)
{
	struct nt_iocp_binding old = { 0 };
	struct nt_job_member *m;
	struct association in;
	ntstatus status = STATUS_SUCCESS;

	if (bytes != sizeof(in))
		return STATUS_INVALID_PARAMETER;
	if (nt_get(&in, user, sizeof(in)))
		return STATUS_ACCESS_VIOLATION;
	mutex_lock(&nt_jobs_lock);
	if (!in.port) {
		old = job->port;
		job->port = (struct nt_iocp_binding){ 0 };
	} else {
		status = nt_iocp_bind(&job->port, in.port, in.key);
		if (!status)
			LIST_FOR_EACH_ENTRY(m, &nt_job_members, node)
				if (nt_job_is_within(m->job, job))
					(void)nt_iocp_post(&job->port, m->process->pid * 4ull, STATUS_SUCCESS,
							   JOB_MESSAGE_NEW_PROCESS);
	}
	mutex_unlock(&nt_jobs_lock);
	nt_iocp_unbind(&old);
	return status;
}

ntstatus nt_sys_NtSetInformationJobObject(const uint64_t *a)
{
	struct object *obj;
	struct nt_job *job;
	ntstatus status;

	if ((uint32_t)a[1] >= JOB_CLASS_END)
		return STATUS_INVALID_PARAMETER;
	status = nt_handle_lookup(a[0], OBJECT_JOB, JOB_SET_ATTRIBUTES, &obj);
	if (status)
		return status;
	job = ((struct nt_job_handle *)obj)->job;
	switch ((uint32_t)a[1]) {
	case JOB_BASIC_LIMITS:
		status = set_basic(job, a[2], (uint32_t)a[3]);
		break;
	case JOB_EXTENDED_LIMITS:
		status = set_extended(job, a[2], (uint32_t)a[3]);
		break;
	case JOB_UI_RESTRICTIONS:
		status = set_ui(job, a[2], (uint32_t)a[3]);
		break;
	case JOB_PORT:
		status = set_port(job, a[2], (uint32_t)a[3]);
		break;
	default:
		status = STATUS_NOT_IMPLEMENTED;
		break;
	}
	object_put(obj);
	return status;
}

/* ---- asking: under the lock ---- */

static void add_process(struct accounting *out, struct process *p)
{
	uint64_t user_ns, system_ns;

	ps_cpu_time(p, &user_ns, &system_ns);
	out->user += (int64_t)(user_ns / NT_NS_PER_TICK);
	out->system += (int64_t)(system_ns / NT_NS_PER_TICK);
	out->faults += (uint32_t)(p->minor_faults + p->major_faults);
	out->io.reads += p->read_calls;
	out->io.writes += p->write_calls;
	out->io.read_bytes += p->read_chars;
	out->io.written_bytes += p->written_chars;
}

static void account(struct nt_job *job, struct accounting *out)
{
	struct nt_job_member *m;

	*out = (struct accounting){
		.user = (int64_t)(job->user_ns / NT_NS_PER_TICK),
		.system = (int64_t)(job->system_ns / NT_NS_PER_TICK),
		.faults = (uint32_t)job->faults,
		.total = job->ntotal,
		.active = job->nactive,
		.terminated = job->nterminated,
		.io = { job->read_calls, job->write_calls, 0, job->read_bytes, job->write_bytes, 0 },
	};
	LIST_FOR_EACH_ENTRY(m, &nt_job_members, node)
		if (nt_job_is_within(m->job, job))
			add_process(out, m->process);
	out->period_user = out->user;
	out->period_system = out->system;
}

static void limits_of(const struct nt_job *job, struct extended_limits *out)
{
	*out = (struct extended_limits){
		.basic = {
			.flags = job->limit_flags,
			.active_processes = job->limit_flags & JOB_LIMIT_ACTIVE_PROCESS ? job->active_limit : 0,
			.priority_class = job->limit_flags & JOB_LIMIT_PRIORITY_CLASS ? job->priority_class : 0,
		},
	};
}

/* As many as there is room for. The answer's memory is the caller's to free. */
static struct process_ids *list_ids(const struct nt_job *job, uint32_t cap, uint32_t *bytes)
{
	uint32_t room = (cap - (uint32_t)sizeof(struct process_ids)) / (uint32_t)sizeof(uint64_t);
	struct process_ids *out = kmalloc(sizeof(*out) + MIN(room, job->nactive) * sizeof(uint64_t), 0);
	struct nt_job_member *m;

	if (!out)
		return NULL;
	LIST_FOR_EACH_ENTRY(m, &nt_job_members, node) {
		if (!nt_job_is_within(m->job, job))
			continue;
		out->assigned++;
		if (out->listed < room)
			out->ids[out->listed++] = m->process->pid * 4ull;
	}
	*bytes = (uint32_t)(sizeof(*out) + out->listed * sizeof(uint64_t));
	return out;
}

/* ---- asking ---- */

static ntstatus tell_ids(struct nt_job *job, const struct nt_query *q)
{
	struct process_ids *out;
	uint32_t bytes;
	bool is_whole;
	ntstatus status;

	if (q->cap < sizeof(*out))
		return STATUS_INFO_LENGTH_MISMATCH;
	mutex_lock(&nt_jobs_lock);
	out = list_ids(job, q->cap, &bytes);
	mutex_unlock(&nt_jobs_lock);
	if (!out)
		return STATUS_NO_MEMORY;
	is_whole = out->listed == out->assigned;
	status = nt_put(q->buffer, out, bytes);
	kfree(out);
	if (!status && q->length)
		status = nt_put32(q->length, bytes);
	return status ? status : is_whole ? STATUS_SUCCESS : STATUS_BUFFER_OVERFLOW;
}

static ntstatus tell(struct nt_job *job, uint32_t class, const struct nt_query *q)
{
	union { struct accounting accounting; struct extended_limits limits; } out;

	mutex_lock(&nt_jobs_lock);
	if (class == JOB_ACCOUNTING || class == JOB_ACCOUNTING_AND_IO)
		account(job, &out.accounting);
	else
		limits_of(job, &out.limits);
	mutex_unlock(&nt_jobs_lock);
	switch (class) {
	case JOB_ACCOUNTING:
		return nt_query_put(q, &out, ACCOUNTING_BYTES);
	case JOB_ACCOUNTING_AND_IO:
		return nt_query_put(q, &out, sizeof(out.accounting));
	case JOB_BASIC_LIMITS:
		return nt_query_put(q, &out, sizeof(out.limits.basic));
	default:
		return nt_query_put(q, &out, sizeof(out.limits));
	}
}

static ntstatus answer(struct nt_job *job, uint32_t class, const struct nt_query *q)
{
	switch (class) {
	case JOB_ACCOUNTING:
	case JOB_ACCOUNTING_AND_IO:
	case JOB_BASIC_LIMITS:
	case JOB_EXTENDED_LIMITS:
		return tell(job, class, q);
	case JOB_PROCESS_IDS:
		return tell_ids(job, q);
	case JOB_UI_RESTRICTIONS:
		return nt_query_put(q, &job->ui_restrictions, sizeof(job->ui_restrictions));
	default:
		return STATUS_NOT_IMPLEMENTED;
	}
}

/* No handle: the job of the current process. */
ntstatus nt_sys_NtQueryInformationJobObject(const uint64_t *a)
{
	struct nt_query q = { a[2], (uint32_t)a[3], a[4] };
	struct nt_job *mine;
	struct object *obj;
	ntstatus status;

	if ((uint32_t)a[1] >= JOB_CLASS_END)
		return STATUS_INVALID_PARAMETER;
	if (!a[0]) {
		mine = nt_job_current();
		status = mine ? answer(mine, (uint32_t)a[1], &q) : STATUS_ACCESS_DENIED;
		nt_job_put(mine);
		return status;
	}
	status = nt_handle_lookup(a[0], OBJECT_JOB, JOB_QUERY, &obj);
	if (status)
		return status;
	status = answer(((struct nt_job_handle *)obj)->job, (uint32_t)a[1], &q);
	object_put(obj);
	return status;
}
