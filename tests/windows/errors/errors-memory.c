/* errors/errors-memory.c: virtual memory asked for, freed, protected and queried wrongly. */
#include "errors.h"

static NTSTATUS allocate(HANDLE process, void *base, SIZE_T size, ULONG type, ULONG protect)
{
	return NtAllocateVirtualMemory(process, &base, 0, &size, type, protect);
}

static NTSTATUS give_back(HANDLE process, void *base, SIZE_T size, ULONG type)
{
	return NtFreeVirtualMemory(process, &base, &size, type);
}

static NTSTATUS protect(HANDLE process, void *base, SIZE_T size, ULONG protection)
{
	ULONG old;

	return NtProtectVirtualMemory(process, &base, &size, protection, &old);
}

static NTSTATUS query(HANDLE process, void *base, LONG class, SIZE_T size)
{
	MEMORY_BASIC_INFORMATION info;

	return NtQueryVirtualMemory(process, base, class, &info, size, NULL);
}

static void allocating(void)
{
	HANDLE me = GetCurrentProcess(), event = an_event(), weak = process_with(PROCESS_QUERY_LIMITED_INFORMATION);
	char *held = VirtualAlloc(NULL, 4 * GRANULE, MEM_RESERVE, PAGE_READWRITE);
	void *base = NULL;
	SIZE_T size = PAGE;

	report_status("allocate: no such process", allocate(NO_HANDLE, NULL, PAGE, MEM_COMMIT, PAGE_READWRITE));
	report_status("allocate: an event", allocate(event, NULL, PAGE, MEM_COMMIT, PAGE_READWRITE));
	report_status("allocate: without PROCESS_VM_OPERATION", allocate(weak, NULL, PAGE, MEM_COMMIT, PAGE_READWRITE));
	report_refusal("allocate: no size", allocate(me, NULL, 0, MEM_COMMIT, PAGE_READWRITE));
	report_refusal("allocate: no type", allocate(me, NULL, PAGE, 0, PAGE_READWRITE));
	report_refusal("allocate: a type that frees", allocate(me, NULL, PAGE, MEM_RELEASE, PAGE_READWRITE));
	report_status("allocate: no protection", allocate(me, NULL, PAGE, MEM_COMMIT, 0));
	report_status("allocate: two protections", allocate(me, NULL, PAGE, MEM_COMMIT, PAGE_READONLY | PAGE_READWRITE));
	report_status("allocate: copy on write", allocate(me, NULL, PAGE, MEM_COMMIT, PAGE_WRITECOPY));
	report_status("allocate: more than there can be", allocate(me, NULL, 0x7ffffff00000, MEM_RESERVE, PAGE_READWRITE));
	report_status("allocate: what is reserved", allocate(me, held, PAGE, MEM_RESERVE, PAGE_READWRITE));
	report_refusal("allocate: too many zero bits", NtAllocateVirtualMemory(me, &base, 22, &size, MEM_RESERVE,
									       PAGE_READWRITE));
	report_status("allocate: base nowhere", NtAllocateVirtualMemory(me, NOWHERE, 0, &size, MEM_COMMIT, PAGE_READWRITE));
	report_status("allocate: size nowhere", NtAllocateVirtualMemory(me, &base, 0, NOWHERE, MEM_COMMIT, PAGE_READWRITE));
	VirtualFree(held, 0, MEM_RELEASE);
	CloseHandle(weak);
	CloseHandle(event);
}

static void freeing(void)
{
	HANDLE me = GetCurrentProcess(), event = an_event(), weak = process_with(PROCESS_QUERY_LIMITED_INFORMATION);
	char *held = VirtualAlloc(NULL, 4 * GRANULE, MEM_RESERVE, PAGE_READWRITE);
	SIZE_T size = 0;

	report_status("free: no such process", give_back(NO_HANDLE, held, 0, MEM_RELEASE));
	report_status("free: an event", give_back(event, held, 0, MEM_RELEASE));
	report_status("free: without PROCESS_VM_OPERATION", give_back(weak, held, 0, MEM_RELEASE));
	report_refusal("free: no type", give_back(me, held, 0, 0));
	report_refusal("free: two types", give_back(me, held, 0, MEM_RELEASE | MEM_DECOMMIT));
	report_status("free: not from its start", give_back(me, held + GRANULE, 0, MEM_RELEASE));
	report_status("free: base nowhere", NtFreeVirtualMemory(me, NOWHERE, &size, MEM_RELEASE));
	VirtualFree(held, 0, MEM_RELEASE);
	CloseHandle(weak);
	CloseHandle(event);
}

static void protecting(void)
{
	HANDLE me = GetCurrentProcess(), event = an_event(), weak = process_with(PROCESS_QUERY_LIMITED_INFORMATION);
	char *held = VirtualAlloc(NULL, 2 * GRANULE, MEM_RESERVE, PAGE_READWRITE);
	char *page = VirtualAlloc(held, PAGE, MEM_COMMIT, PAGE_READWRITE);
	void *base = page;
	SIZE_T size = PAGE;

	report_status("protect: no such process", protect(NO_HANDLE, page, PAGE, PAGE_READONLY));
	report_status("protect: an event", protect(event, page, PAGE, PAGE_READONLY));
	report_status("protect: without PROCESS_VM_OPERATION", protect(weak, page, PAGE, PAGE_READONLY));
	report_status("protect: no protection", protect(me, page, PAGE, 0));
	report_status("protect: two protections", protect(me, page, PAGE, PAGE_READONLY | PAGE_EXECUTE));
	report_status("protect: private memory copied on write", protect(me, page, PAGE, PAGE_WRITECOPY));
	report_status("protect: what is only reserved", protect(me, held + GRANULE, PAGE, PAGE_READONLY));
	report_status("protect: partly reserved", protect(me, page, 2 * PAGE, PAGE_READONLY));
	report_status("protect: old protection nowhere", NtProtectVirtualMemory(me, &base, &size, PAGE_READONLY, NOWHERE));
	report_status("protect: base nowhere", NtProtectVirtualMemory(me, NOWHERE, &size, PAGE_READONLY, NULL));
	VirtualFree(held, 0, MEM_RELEASE);
	CloseHandle(weak);
	CloseHandle(event);
}

static void querying(void)
{
	HANDLE me = GetCurrentProcess(), event = an_event();
	MEMORY_BASIC_INFORMATION info;

	report_status("query: no such process", query(NO_HANDLE, &info, 0, sizeof(info)));
	report_status("query: an event", query(event, &info, 0, sizeof(info)));
	report_status("query: too short", query(me, &info, 0, sizeof(info) - 1));
	report_refusal("query: in the kernel", query(me, (void *)~(ULONG_PTR)0xffff, 0, sizeof(info)));
	report_status("query: no such class", query(me, &info, 77, sizeof(info)));
	report_status("query: answer nowhere", NtQueryVirtualMemory(me, &info, 0, NOWHERE, sizeof(info), NULL));
	CloseHandle(event);
}

static void reading(void)
{
	HANDLE me = GetCurrentProcess();
	char from[8] = "bytes";

	report_status("read: buffer nowhere", NtReadVirtualMemory(me, from, NOWHERE, sizeof(from), NULL));
}

int main(void)
{
	allocating();
	freeing();
	protecting();
	querying();
	reading();
	return 0;
}
