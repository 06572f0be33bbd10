/* kernel/compat/src/nt/lock_memory.c: pages that stay in memory (Microsoft Learn: VirtualLock, VirtualUnlock). */
#include "memory.h"

#define PROCESS_VM_OPERATION 0x0008u
#define MAP_PROCESS 1u	/* into the working set; 2: into memory, for which it is the same here */
#define MAP_SYSTEM 2u

static ntstatus lock_in(struct process *p, uint64_t start, uint64_t bytes, bool lock)
{
	struct mm_space *s = ps_space_get(p);
	int err;

	if (!s)
		return STATUS_PROCESS_IS_TERMINATING;
	err = mm_lock_range(s, start, bytes, lock);
	mm_space_put(s);
	return nt_status(err);
}

static ntstatus lock(const uint64_t *a, bool lock)
{
	uint64_t base, bytes, start, end;
	struct process *p;
	ntstatus status = nt_get(&base, a[1], sizeof(base));

	if (!status)
		status = nt_get(&bytes, a[2], sizeof(bytes));
	if (status)
		return status;
	if (!(uint32_t)a[3] || ((uint32_t)a[3] & ~(MAP_PROCESS | MAP_SYSTEM)))
		return STATUS_INVALID_PARAMETER;
	if (!bytes || base > NT_HIGHEST_ADDRESS || bytes > NT_HIGHEST_ADDRESS - base)
		return STATUS_INVALID_PARAMETER;
	status = nt_process_lookup(a[0], PROCESS_VM_OPERATION, &p);
	if (status)
		return status;
	start = ALIGN_DOWN(base, PAGE_SIZE);
	end = ALIGN_UP(base + bytes, PAGE_SIZE);
	status = lock_in(p, start, end - start, lock);
	ps_put(p);
	if (!status)
		status = nt_put64(a[1], start);
	return status ? status : nt_put64(a[2], end - start);
}

ntstatus nt_sys_NtLockVirtualMemory(const uint64_t *a) { return lock(a, true); }
ntstatus nt_sys_NtUnlockVirtualMemory(const uint64_t *a) { return lock(a, false); }
