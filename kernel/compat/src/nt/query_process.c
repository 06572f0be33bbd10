/* kernel/compat/src/nt/query_process.c: NtQueryInformationProcess (Microsoft Learn; winternl.h). */
#include <asm/signal.h>

#include "image.h"
#include "query.h"
#include "shared_data.h"

enum process_class { PROCESS_BASIC = 0, PROCESS_QUOTA_LIMITS = 1, PROCESS_IO_COUNTERS = 2, PROCESS_VM_COUNTERS = 3,
	PROCESS_TIMES = 4, PROCESS_DEBUG_PORT = 7, PROCESS_ERROR_MODE = 12, PROCESS_PRIORITY_CLASS = 18,
	PROCESS_HANDLE_COUNT = 20, PROCESS_SESSION = 24, PROCESS_WOW64 = 26, PROCESS_DEBUG_FLAGS = 31,
	PROCESS_EXECUTE_FLAGS = 34, PROCESS_COOKIE = 36, PROCESS_IMAGE_INFORMATION = 37 };

#define NORMAL_PRIORITY_CLASS 2u

#define PROCESS_QUERY_LIMITED 0x1000u
#define STILL_ACTIVE 0x103u

ntstatus nt_query_begin(const uint64_t *a, enum object_kind kind, uint32_t access, uint32_t last, uint32_t bytes,
			struct nt_query *q, struct object **obj)
{
	*q = (struct nt_query){ a[2], (uint32_t)a[3], a[4] };
	if ((uint32_t)a[1] > last)
		return STATUS_INVALID_INFO_CLASS;
	if (q->cap != bytes)
		return STATUS_INFO_LENGTH_MISMATCH;
	return nt_handle_lookup(a[0], kind, access, obj);
}

ntstatus nt_query_put_min(const struct nt_query *q, const void *data, uint32_t n)
{
	ntstatus status;

	if (q->length) {
		status = nt_put32(q->length, n);
		if (status)
			return status;
	}
	return q->cap < n ? STATUS_INFO_LENGTH_MISMATCH : nt_put(q->buffer, data, n);
}

ntstatus nt_query_put(const struct nt_query *q, const void *data, uint32_t n)
{
	return q->cap > n ? STATUS_INFO_LENGTH_MISMATCH : nt_query_put_min(q, data, n);
}

struct basic_information {
	uint32_t exit_status, pad;
	uint64_t peb, affinity;
	uint32_t base_priority, pad2;
	uint64_t pid, parent;
};

/* Death by a signal as the exception that would have ended a Windows program (DECISIONS 51). */
static uint32_t nt_exit_status(const struct process *p)
{
	switch (p->killed_by) {
	case 0:
		return p->exit_status;
	case SIGINT:
	case SIGQUIT:
		return STATUS_CONTROL_C_EXIT;
	case SIGSEGV:
	case SIGBUS:
		return STATUS_ACCESS_VIOLATION;
	case SIGILL:
		return STATUS_ILLEGAL_INSTRUCTION;
	case SIGFPE:
		return STATUS_INTEGER_DIVIDE_BY_ZERO;
	case SIGTRAP:
		return STATUS_BREAKPOINT;
	default:
		return 128 + p->killed_by;
	}
}

static uint32_t priority_class(const struct nt_process *nt)
{
	return nt && nt->priority_class ? nt->priority_class : NORMAL_PRIORITY_CLASS;
}

static ntstatus basic(struct process *p, const struct nt_query *q)
{
	struct nt_process *nt = p->nt;
	struct basic_information out = {
		.exit_status = p->state == PROCESS_ALIVE ? STILL_ACTIVE : nt_exit_status(p),
		.peb = nt ? nt->peb : 0,
		.affinity = (1ull << percpu_count) - 1,
		/* GetPriorityClass of libwine takes the class from here. */
		.base_priority = priority_class(nt),
		.pid = p->pid * 4ull,
		.parent = nt_creator(p) * 4ull,
	};

	return nt_query_put(q, &out, sizeof(out));
}

static ntstatus times(struct process *p, const struct nt_query *q)
{
	uint64_t boot = clock_realtime_ns() - clock_monotonic_ns(), user_ns, system_ns;
	uint64_t out[4];

	ps_cpu_time(p, &user_ns, &system_ns);
	out[0] = (boot + p->start_ns) / NT_NS_PER_TICK + NT_EPOCH_TICKS;
	out[1] = p->state == PROCESS_ALIVE ? 0 : clock_realtime_ns() / NT_NS_PER_TICK + NT_EPOCH_TICKS;
	out[2] = system_ns / NT_NS_PER_TICK;
	out[3] = user_ns / NT_NS_PER_TICK;
	return nt_query_put(q, out, sizeof(out));
}

static ntstatus vm_counters(struct process *p, const struct nt_query *q)
{
	struct { uint64_t peak_virtual, virtual; uint32_t faults, pad; uint64_t peak_working, working, quota[4], pagefile,
		peak_pagefile, private; } out = { 0 };
	struct mm_space *s = ps_space_get(p);
	uint32_t without_private = sizeof(out) - sizeof(out.private);

	if (s) {
		out.peak_virtual = s->peak_bytes;
		out.virtual = s->total_bytes;
		out.faults = (uint32_t)(s->minor_faults + s->major_faults);
		out.peak_working = s->peak_rss_pages << PAGE_SHIFT;
		out.working = s->rss_pages << PAGE_SHIFT;
		out.pagefile = out.peak_pagefile = out.private = (s->rss_pages - s->rss_file_pages) << PAGE_SHIFT;
		mm_space_put(s);
	}
	return nt_query_put(q, &out, q->cap == without_private ? without_private : (uint32_t)sizeof(out));
}

static ntstatus image_information(const struct nt_process *nt, const struct nt_query *q)
{
	struct nt_image_information out;

	nt_describe_image(nt->image, &out);
	return nt_query_put(q, &out, sizeof(out));
}

static ntstatus query(struct process *p, uint32_t class, const struct nt_query *q)
{
	struct nt_process *nt = p->nt;
	uint64_t none = 0;
	uint32_t flags;

	switch (class) {
	case PROCESS_BASIC:
		return basic(p, q);
	case PROCESS_DEBUG_PORT:
	case PROCESS_WOW64:
		return nt_query_put(q, &none, sizeof(none));
	case PROCESS_PRIORITY_CLASS:
		flags = priority_class(nt) << 8;
		return nt_query_put(q, &flags, 2);
	case PROCESS_HANDLE_COUNT:
		flags = p->handles ? handle_count(p->handles) : 0;
		return nt_query_put(q, &flags, sizeof(flags));
	case PROCESS_SESSION:
		flags = 1;
		return nt_query_put(q, &flags, sizeof(flags));
	case PROCESS_DEBUG_FLAGS:
		flags = 1;	/* not debugged */
		return nt_query_put(q, &flags, sizeof(flags));
	case PROCESS_TIMES:
		return times(p, q);
	case PROCESS_VM_COUNTERS:
		return vm_counters(p, q);
	case PROCESS_IMAGE_INFORMATION:
		return nt ? image_information(nt, q) : STATUS_INVALID_PARAMETER;
	case PROCESS_COOKIE:
		if (!nt)
			return STATUS_INVALID_PARAMETER;
		return nt_query_put(q, &nt->cookie, sizeof(nt->cookie));
	case PROCESS_ERROR_MODE:
		flags = nt ? nt->hard_error_mode : 0;
		return nt_query_put(q, &flags, sizeof(flags));
	case PROCESS_EXECUTE_FLAGS:
		flags = 0x0d;	/* DEP on, for good */
		return nt_query_put(q, &flags, sizeof(flags));
	default:
		return STATUS_INVALID_INFO_CLASS;
	}
}

ntstatus nt_sys_NtQueryInformationProcess(const uint64_t *a)
{
	struct nt_query q = { a[2], (uint32_t)a[3], a[4] };
	struct process *p;
	ntstatus status = nt_process_lookup(a[0], PROCESS_QUERY_LIMITED, &p);

	if (status)
		return status;
	status = query(p, (uint32_t)a[1], &q);
	ps_put(p);
	return status;
}
