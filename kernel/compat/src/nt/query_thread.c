/* kernel/compat/src/nt/query_thread.c: NtQueryInformationThread, NtSetInformationThread, contexts of other threads
 * (Microsoft Learn; winternl.h). */
#include <mm/heap.h>
#include <string.h>

#include "apc.h"
#include "context.h"
#include "query.h"
#include "shared_data.h"

enum thread_class { THREAD_BASIC = 0, THREAD_TIMES = 1, THREAD_PRIORITY = 2, THREAD_BASE_PRIORITY = 3, THREAD_AFFINITY = 4,
	THREAD_IMPERSONATION_TOKEN = 5, THREAD_START_ADDRESS = 9, THREAD_ZERO_TLS_CELL = 10, THREAD_AM_I_LAST = 12,
	THREAD_IDEAL_PROCESSOR = 13, THREAD_PRIORITY_BOOST = 14, THREAD_HIDE_FROM_DEBUGGER = 17, THREAD_IS_TERMINATED = 20,
	THREAD_GROUP_INFORMATION = 30, THREAD_SUSPEND_COUNT = 35, THREAD_DESCRIPTION = 38 };

#define THREAD_QUERY_LIMITED 0x0800u
#define THREAD_SET_LIMITED 0x0400u
#define THREAD_GET_CONTEXT 0x0008u
#define THREAD_SET_CONTEXT 0x0010u
#define STILL_ACTIVE 0x103u
#define PRIORITY_LOWEST (-2)
#define PRIORITY_HIGHEST 2
#define PRIORITY_IDLE (-15)
#define PRIORITY_TIME_CRITICAL 15
#define TEB_TLS_SLOTS 0x1480u
#define TLS_SLOTS 64u
#define COMM_BYTES 16u

struct basic_information {
	uint32_t exit_status, pad;
	uint64_t teb;
	struct nt_client_id id;
	uint64_t affinity;
	int32_t priority, base_priority;
};

static ntstatus basic(struct ps_thread *t, const struct nt_query *q)
{
	struct nt_thread *nt = t->nt;
	struct basic_information out = {
		.exit_status = t->has_ended ? t->process->group_exit ? t->process->exit_status : t->exit_code : STILL_ACTIVE,
		.teb = nt ? nt->teb : 0,
		.id = { t->process->pid * 4ull, t->thread.tid * 4ull },
		.affinity = t->thread.affinity & ((1ull << percpu_count) - 1),
		/* GetThreadPriority of libwine takes the one, programs the other. */
		.priority = nt ? nt->base_priority : 0,
		.base_priority = nt ? nt->base_priority : 0,
	};

	return nt_query_put(q, &out, sizeof(out));
}

static ntstatus times(struct ps_thread *t, const struct nt_query *q)
{
	uint64_t boot = clock_realtime_ns() - clock_monotonic_ns();
	uint64_t out[4] = {
		(boot + t->start_ns) / NT_NS_PER_TICK + NT_EPOCH_TICKS, 0,
		t->thread.system_ns / NT_NS_PER_TICK, t->thread.user_ns / NT_NS_PER_TICK,
	};

	return nt_query_put(q, out, sizeof(out));
}

static ntstatus description(struct ps_thread *t, const struct nt_query *q)
{
	struct { struct nt_unicode_string s; uint16_t chars[COMM_BYTES]; } out = { 0 };
	uint32_t n = nt_utf16(t->thread.name, strlen(t->thread.name), out.chars, COMM_BYTES);
	bool is_set = ((struct nt_thread *)t->nt)->has_description;

	n = is_set ? n * 2 : 0;
	out.s = (struct nt_unicode_string){ (uint16_t)n, (uint16_t)n, 0, q->buffer + sizeof(out.s) };
	if (q->length && nt_put32(q->length, (uint32_t)sizeof(out.s) + n))
		return STATUS_ACCESS_VIOLATION;
	return q->cap < sizeof(out.s) + n ? STATUS_BUFFER_TOO_SMALL : nt_put(q->buffer, &out, sizeof(out.s) + n);
}

static ntstatus query(struct ps_thread *t, uint32_t class, const struct nt_query *q)
{
	struct nt_thread *nt = t->nt;
	struct { uint64_t mask; uint16_t group, reserved[3]; } group = { .mask = t->thread.affinity & ((1ull << percpu_count) - 1) };
	uint32_t word;

	switch (class) {
	case THREAD_BASIC:
		return basic(t, q);
	case THREAD_TIMES:
		return times(t, q);
	case THREAD_AFFINITY:
		return nt_query_put(q, &group.mask, sizeof(group.mask));
	case THREAD_START_ADDRESS:
		return nt_query_put(q, &nt->entry, sizeof(nt->entry));
	case THREAD_AM_I_LAST:
		word = READ_ONCE(t->process->nthreads) == 1;
		return nt_query_put(q, &word, sizeof(word));
	case THREAD_PRIORITY_BOOST:
		word = nt->boost_is_disabled;
		return nt_query_put(q, &word, sizeof(word));
	case THREAD_HIDE_FROM_DEBUGGER:
		if (q->cap != 1)
			return STATUS_INFO_LENGTH_MISMATCH;
		return nt_query_put(q, &nt->is_hidden, 1);
	case THREAD_IS_TERMINATED:
		word = t->has_ended;
		return nt_query_put(q, &word, sizeof(word));
	case THREAD_GROUP_INFORMATION:
		return nt_query_put(q, &group, sizeof(group));
	case THREAD_SUSPEND_COUNT:
		return nt_query_put(q, &nt->suspend_count, sizeof(nt->suspend_count));
	case THREAD_DESCRIPTION:
		return description(t, q);
	default:
		return STATUS_INVALID_INFO_CLASS;
	}
}

ntstatus nt_sys_NtQueryInformationThread(const uint64_t *a)
{
	struct nt_query q = { a[2], (uint32_t)a[3], a[4] };
	struct ps_thread *t;
	ntstatus status = nt_thread_lookup(a[0], THREAD_QUERY_LIMITED, &t);

	if (status)
		return status;
	status = t->nt ? query(t, (uint32_t)a[1], &q) : STATUS_INVALID_HANDLE;
	ps_thread_put(t);
	return status;
}

/* ---- changes ---- */

static ntstatus set_description(struct ps_thread *t, uint64_t user)
{
	struct nt_string s;
	ntstatus status = nt_string_in(user, &s);
	char *text;

	if (status)
		return status;
	text = nt_utf8(s.chars, s.nchars);
	nt_string_free(&s);
	if (!text)
		return STATUS_NO_MEMORY;
	((struct nt_thread *)t->nt)->has_description = true;
	memset(t->thread.name, 0, sizeof(t->thread.name));
	memcpy(t->thread.name, text, MIN(strlen(text), sizeof(t->thread.name) - 1));
	kfree(text);
	return STATUS_SUCCESS;
}

static ntstatus clear_tls_cell(struct process *p, uint32_t cell)
{
	ntstatus status = STATUS_SUCCESS;

	/* The caller's threads: their TEBs are in its own memory. */
	if (cell >= TLS_SLOTS || p != ps_current())
		return STATUS_INVALID_PARAMETER;
	status = nt_put64(nt_current_thread()->teb + TEB_TLS_SLOTS + 8 * cell, 0);
	return status;
}

static ntstatus set_affinity(struct ps_thread *t, uint64_t mask)
{
	if (!mask || (mask & ~((1ull << percpu_count) - 1)))
		return STATUS_INVALID_PARAMETER;
	sched_set_affinity(&t->thread, mask);
	return STATUS_SUCCESS;
}

/* Relative to its process's (winnt.h, THREAD_BASE_PRIORITY_*). */
static ntstatus set_base_priority(struct nt_thread *nt, int32_t n)
{
	if (n != PRIORITY_IDLE && n != PRIORITY_TIME_CRITICAL && (n < PRIORITY_LOWEST || n > PRIORITY_HIGHEST))
		return STATUS_INVALID_PARAMETER;
	nt->base_priority = n;
	return STATUS_SUCCESS;
}

static ntstatus set(struct ps_thread *t, uint32_t class, uint64_t user, uint32_t bytes)
{
	struct nt_thread *nt = t->nt;
	uint64_t mask;
	uint32_t word;

	switch (class) {
	case THREAD_BASE_PRIORITY:
	case THREAD_PRIORITY:
	case THREAD_PRIORITY_BOOST:
	case THREAD_ZERO_TLS_CELL:
		if (bytes != sizeof(word))
			return STATUS_INFO_LENGTH_MISMATCH;
		if (nt_get(&word, user, sizeof(word)))
			return STATUS_ACCESS_VIOLATION;
		if (class == THREAD_ZERO_TLS_CELL)
			return clear_tls_cell(t->process, word);
		if (class != THREAD_PRIORITY_BOOST)
			return set_base_priority(nt, (int32_t)word);
		nt->boost_is_disabled = word;
		return STATUS_SUCCESS;
	case THREAD_AFFINITY:
		if (bytes != sizeof(mask))
			return STATUS_INFO_LENGTH_MISMATCH;
		return nt_get(&mask, user, sizeof(mask)) ? STATUS_ACCESS_VIOLATION : set_affinity(t, mask);
	case THREAD_HIDE_FROM_DEBUGGER:
		if (bytes)
			return STATUS_INFO_LENGTH_MISMATCH;
		nt->is_hidden = true;
		return STATUS_SUCCESS;
	case THREAD_IMPERSONATION_TOKEN:
		if (bytes != sizeof(mask))
			return STATUS_INFO_LENGTH_MISMATCH;
		if (nt_get(&mask, user, sizeof(mask)))
			return STATUS_ACCESS_VIOLATION;
		return nt_impersonate(t, mask);
	case THREAD_DESCRIPTION:
		return bytes == sizeof(struct nt_unicode_string) ? set_description(t, user) : STATUS_INFO_LENGTH_MISMATCH;
	default:
		return STATUS_INVALID_INFO_CLASS;
	}
}

ntstatus nt_sys_NtSetInformationThread(const uint64_t *a)
{
	struct ps_thread *t;
	ntstatus status = nt_thread_lookup(a[0], THREAD_SET_LIMITED, &t);

	if (status)
		return status;
	status = t->nt ? set(t, (uint32_t)a[1], a[2], (uint32_t)a[3]) : STATUS_INVALID_HANDLE;
	ps_thread_put(t);
	return status;
}

/* ---- contexts ---- */

/* Between the context at @user and the thread of @handle. */
static ntstatus move_context(uint64_t handle, uint64_t user, bool is_get)
{
	struct nt_context *c = kmalloc(sizeof(*c), 0);
	struct ps_thread *t;
	ntstatus status;

	if (!c)
		return STATUS_NO_MEMORY;
	status = nt_get(c, user, sizeof(*c));
	if (!status)
		status = nt_thread_lookup(handle, is_get ? THREAD_GET_CONTEXT : THREAD_SET_CONTEXT, &t);
	if (!status) {
		status = is_get ? nt_context_of(t, c) : nt_context_put(t, c);
		ps_thread_put(t);
	}
	if (!status && is_get)
		status = nt_put(user, c, sizeof(*c));
	kfree(c);
	return status;
}

ntstatus nt_sys_NtGetContextThread(const uint64_t *a)
{
	return move_context(a[0], a[1], true);
}

ntstatus nt_sys_NtSetContextThread(const uint64_t *a)
{
	return move_context(a[0], a[1], false);
}

ntstatus nt_sys_NtGetCurrentProcessorNumber(const uint64_t *a)
{
	return cpu_index();
}

static ntstatus open_by_id(uint64_t pid, uint64_t tid, struct object **out)
{
	struct ps_thread *t;
	struct process *p;

	if (!tid) {
		p = ps_find((uint32_t)(pid / 4));
		*out = p ? &p->object : NULL;
		return p ? STATUS_SUCCESS : STATUS_INVALID_CID;
	}
	t = ps_find_thread((uint32_t)(tid / 4));
	if (t && pid && t->process->pid != pid / 4) {
		ps_thread_put(t);
		t = NULL;
	}
	*out = t ? &t->object : NULL;
	return t ? STATUS_SUCCESS : STATUS_INVALID_CID;
}

static ntstatus open_client(const uint64_t *a, enum object_kind kind)
{
	struct nt_attributes name;
	struct nt_client_id id;
	struct object *obj;
	ntstatus status = nt_attributes_in(a[2], &name);

	if (status)
		return status;
	status = nt_get(&id, a[3], sizeof(id));
	if (!status)
		status = open_by_id(id.process, kind == OBJECT_THREAD ? id.thread : 0, &obj);
	if (!status) {
		status = obj->type->kind != kind ? STATUS_INVALID_CID :
			nt_handle_install(obj, nt_map_access(kind, (uint32_t)a[1]), name.flags, a[0]);
		object_put(obj);
	}
	nt_attributes_free(&name);
	return status;
}

ntstatus nt_sys_NtOpenThread(const uint64_t *a)
{
	return open_client(a, OBJECT_THREAD);
}

ntstatus nt_sys_NtOpenProcess(const uint64_t *a)
{
	return open_client(a, OBJECT_PROCESS);
}
