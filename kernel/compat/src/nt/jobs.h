/* kernel/compat/src/nt/jobs.h: jobs: groups of processes that are counted, limited and ended together.
 *
 * What handles refer to is a `struct nt_job_handle`; it goes with the last of them. The job itself stays as long as
 * processes are in it. A job may have a parent: who is in it is in that too.
 *
 * Locking: nt_jobs_lock (NT_JOBS) guards all jobs and who is in which.
 */
#ifndef COMPAT_NT_JOBS_H
#define COMPAT_NT_JOBS_H

#include "iocp.h"

/* winnt.h */
#define JOB_LIMIT_ACTIVE_PROCESS 0x0008u
#define JOB_LIMIT_PRIORITY_CLASS 0x0020u
#define JOB_LIMIT_DIE_ON_UNHANDLED_EXCEPTION 0x0400u
#define JOB_LIMIT_BREAKAWAY_OK 0x0800u
#define JOB_LIMIT_SILENT_BREAKAWAY_OK 0x1000u
#define JOB_LIMIT_KILL_ON_JOB_CLOSE 0x2000u

#define JOB_ASSIGN_PROCESS 1u
#define JOB_SET_ATTRIBUTES 2u
#define JOB_QUERY 4u
#define JOB_TERMINATE 8u

struct nt_job {
	uint32_t refs;			/* its handle object, its processes, its children: nt_jobs_lock */
	bool is_closed;			/* no handle refers to it any more */
	struct nt_job *parent;		/* a reference */
	uint32_t limit_flags, active_limit, priority_class, ui_restrictions;
	uint32_t nactive, ntotal, nterminated;
	uint64_t user_ns, system_ns, faults;	/* of those that ended */
	uint64_t read_calls, write_calls, read_bytes, write_bytes;
	struct nt_iocp_binding port;
};

struct nt_job_handle {
	struct object object;	/* first */
	struct wait_source source;
	struct nt_job *job;	/* a reference */
};

/* One process in its job: process->job. */
struct nt_job_member {
	struct list_node node;	/* of nt_job_members */
	struct process *process;	/* no reference: it leaves when it ends */
	struct nt_job *job;	/* a reference */
};

extern struct mutex nt_jobs_lock;
extern struct list_node nt_job_members;

void nt_jobs_init(void);
/* The current thread makes @child, which does not run yet: it is in its parent's job. Context: process, no locks. */
void nt_job_born(struct process *child);
/* @p is past its last user instruction. */
void nt_job_process_exiting(struct process *p);
/* May @parent have another child, outside its job if it @breaks_away? STATUS_SUCCESS; STATUS_ACCESS_DENIED;
 * STATUS_QUOTA_EXCEEDED. */
ntstatus nt_job_allows_child(const struct process *parent, bool breaks_away);
/* NtAssignProcessToJobObject() for @p, which the caller may put there. */
ntstatus nt_job_assign(uint64_t job_handle, struct process *p);

/* The job that the current process is in, a reference: nt_job_put(). NULL: none. */
struct nt_job *nt_job_current(void);
void nt_job_put(struct nt_job *job);	/* not under the lock; NULL is fine */

/* Under the lock: */
bool nt_job_is_within(const struct nt_job *job, const struct nt_job *outer);
/* Tell the ports of @job and its parents what happened to @pid: JOB_OBJECT_MSG_*. */
void nt_job_tell(struct nt_job *job, uint32_t message, uint32_t pid);
#define JOB_MESSAGE_ACTIVE_PROCESS_LIMIT 3u
#define JOB_MESSAGE_NO_PROCESS 4u
#define JOB_MESSAGE_NEW_PROCESS 6u
#define JOB_MESSAGE_EXIT 7u
#define JOB_MESSAGE_ABNORMAL_EXIT 8u

#endif
