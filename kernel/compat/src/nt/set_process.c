/* kernel/compat/src/nt/set_process.c: NtSetInformationProcess, and other processes' memory (Microsoft Learn; winternl.h). */
#include <mm/heap.h>

#include "nt.h"
#include "memory.h"

enum process_class { PROCESS_BASE_PRIORITY = 5, PROCESS_ERROR_MODE = 12, PROCESS_PRIORITY_CLASS = 18,
	PROCESS_AFFINITY_MASK = 21, PROCESS_PRIORITY_BOOST = 22, PROCESS_EXECUTE_FLAGS = 34, PROCESS_STACK = 41 };

#define PROCESS_VM_READ 0x0010u
#define PROCESS_VM_WRITE 0x0020u
#define PROCESS_SET_INFORMATION 0x0200u
#define PIECE_BYTES 65536u

static ntstatus word_in(uint64_t user, uint32_t bytes, uint32_t *out)
{
	if (bytes != sizeof(*out))
		return STATUS_INFO_LENGTH_MISMATCH;
	return nt_get(out, user, sizeof(*out));
}

static ntstatus set_class(struct nt_process *nt, uint64_t user, uint32_t bytes)
{
	struct { uint8_t foreground, class; } in;

	if (bytes != sizeof(in))
		return STATUS_INFO_LENGTH_MISMATCH;
	if (nt_get(&in, user, sizeof(in)))
		return STATUS_ACCESS_VIOLATION;
	if (in.class < 1 || in.class > 6)
		return STATUS_INVALID_PARAMETER;
	nt->priority_class = in.class;
	return STATUS_SUCCESS;
}

static ntstatus set(struct nt_process *nt, uint32_t class, uint64_t user, uint32_t bytes)
{
	uint32_t word;
	ntstatus status;

	switch (class) {
	case PROCESS_ERROR_MODE:
		status = word_in(user, bytes, &word);
		if (!status)
			nt->hard_error_mode = word;
		return status;
	case PROCESS_PRIORITY_BOOST:
		status = word_in(user, bytes, &word);
		if (!status)
			nt->boost_is_disabled = word;
		return status;
	case PROCESS_PRIORITY_CLASS:
		return set_class(nt, user, bytes);
	case PROCESS_EXECUTE_FLAGS:
		/* Execution of data is off for good. */
		return STATUS_ACCESS_DENIED;
	default:
		return STATUS_INVALID_INFO_CLASS;
	}
}

struct stack_allocation { uint64_t bytes, zero_bits, base; };

/* PROCESS_STACK_ALLOCATION_INFORMATION: reserve a stack (of a fiber, say); the caller commits it. */
static ntstatus reserve_stack(uint64_t process, uint64_t user, uint32_t bytes)
{
	const uint64_t base_at = user + offsetof(struct stack_allocation, base);
	struct stack_allocation in;
	ntstatus status;

	if (bytes != sizeof(in))
		return STATUS_INFO_LENGTH_MISMATCH;
	status = nt_get(&in, user, sizeof(in));
	if (!status)
		status = nt_put64(base_at, 0);
	if (status)
		return status;
	return nt_sys_NtAllocateVirtualMemory((const uint64_t[]){ process, base_at, in.zero_bits, user, MEM_RESERVE,
		PAGE_READWRITE });
}

ntstatus nt_sys_NtSetInformationProcess(const uint64_t *a)
{
	struct process *p;
	ntstatus status = nt_process_lookup(a[0], PROCESS_SET_INFORMATION, &p);

	if (status)
		return status;
	if ((uint32_t)a[1] == PROCESS_STACK) {
		ps_put(p);
		return reserve_stack(a[0], a[2], (uint32_t)a[3]);
	}
	status = p->nt ? set(p->nt, (uint32_t)a[1], a[2], (uint32_t)a[3]) : STATUS_INVALID_PARAMETER;
	ps_put(p);
	return status;
}

/* ---- other processes' memory ---- */

struct transfer {
	struct mm_space *space;
	uint64_t there, here, bytes, done;
	bool is_write;
};

static ntstatus transfer_piece(struct transfer *t, char *piece)
{
	uint64_t n = MIN(t->bytes - t->done, PIECE_BYTES);
	int64_t got;

	if (t->is_write && nt_get(piece, t->here + t->done, n))
		return STATUS_PARTIAL_COPY;
	got = mm_space_copy(t->space, t->there + t->done, piece, n, t->is_write);
	if (got <= 0)
		return STATUS_PARTIAL_COPY;
	if (!t->is_write && nt_put(t->here + t->done, piece, (uint64_t)got))
		return STATUS_ACCESS_VIOLATION;
	t->done += (uint64_t)got;
	return (uint64_t)got < n ? STATUS_PARTIAL_COPY : STATUS_SUCCESS;
}

static ntstatus transfer(const uint64_t *a, bool is_write)
{
	struct transfer t = { .there = a[1], .here = a[2], .bytes = a[3], .is_write = is_write };
	char *piece = kmalloc(PIECE_BYTES, HEAP_NOZERO);
	struct process *p;
	ntstatus status = piece ? nt_process_lookup(a[0], is_write ? PROCESS_VM_WRITE : PROCESS_VM_READ, &p) : STATUS_NO_MEMORY;

	if (status) {
		kfree(piece);
		return status;
	}
	t.space = ps_space_get(p);
	if (!t.space)
		status = STATUS_PROCESS_IS_TERMINATING;
	else if (t.there > NT_HIGHEST_ADDRESS || t.bytes > NT_HIGHEST_ADDRESS - t.there)
		status = STATUS_ACCESS_VIOLATION;
	while (!status && t.done < t.bytes)
		status = transfer_piece(&t, piece);
	if (t.space)
		mm_space_put(t.space);
	ps_put(p);
	kfree(piece);
	if (a[4] && nt_put64(a[4], t.done))
		return STATUS_ACCESS_VIOLATION;
	return status;
}

ntstatus nt_sys_NtReadVirtualMemory(const uint64_t *a)
{
	return transfer(a, false);
}

ntstatus nt_sys_NtWriteVirtualMemory(const uint64_t *a)
{
	return transfer(a, true);
}

/* x86 keeps its instruction caches right by itself. */
ntstatus nt_sys_NtFlushInstructionCache(const uint64_t *a)
{
	struct process *p;
	ntstatus status = nt_process_lookup(a[0], PROCESS_VM_WRITE, &p);

	if (!status)
		ps_put(p);
	return status;
}
