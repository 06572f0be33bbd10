/* Virtual memory: reserve and commit, protections, guard pages, queries, other processes. */
#include "nt.h"
#include "report.h"

static void show(const char *what, const void *at)
{
	MEMORY_BASIC_INFORMATION info = {0};

	VirtualQuery(at, &info, sizeof(info));
	report(what, "state %#lx protect %#lx allocated %#lx type %#lx size %#llx", info.State, info.Protect,
	       info.AllocationProtect, info.Type, (unsigned long long)info.RegionSize);
}

static volatile DWORD fault_code;
static volatile ULONG_PTR fault_kind;
static char *volatile fault_at;

/* A fault of touch() continues behind its access, which is three bytes long. */
static LONG WINAPI skip_fault(EXCEPTION_POINTERS *info)
{
	fault_code = info->ExceptionRecord->ExceptionCode;
	fault_kind = info->ExceptionRecord->ExceptionInformation[0];
	fault_at = (char *)info->ExceptionRecord->ExceptionInformation[1];
	info->ContextRecord->Rip += 3;
	return EXCEPTION_CONTINUE_EXECUTION;
}

static void touch(const char *what, char *at, bool is_write)
{
	fault_code = 0;
	if (is_write)
		__asm__ volatile("movb %b1, (%0); nop" : : "a"(at), "c"(1) : "memory");
	else
		__asm__ volatile("movzbl (%0), %%ecx" : : "a"(at) : "ecx", "memory");
	if (fault_code)
		report(what, "%#lx kind %lu at +%#llx", fault_code, (unsigned long)fault_kind,
		       (unsigned long long)(fault_at - at));
	else
		report(what, "works");
}

static void test_reserve_and_commit(void)
{
	char *base = VirtualAlloc(NULL, 0x50000, MEM_RESERVE, PAGE_READWRITE);
	MEMORY_BASIC_INFORMATION info;

	report("aligned to 64 KiB", "%d", ((ULONG_PTR)base & 0xffff) == 0);
	show("reserved", base);
	touch("read what is reserved", base, false);
	report_bool("commit two pages", VirtualAlloc(base + 0x1800, 0x1000, MEM_COMMIT, PAGE_READWRITE) == base + 0x1000);
	show("before", base);
	show("committed", base + 0x1000);
	show("behind", base + 0x3000);
	touch("write", base + 0x1000, true);
	report_bool("commit it again", VirtualAlloc(base + 0x1000, 0x1000, MEM_COMMIT, PAGE_READONLY) != NULL);
	report("its byte", "%d", base[0x1000]);
	show("with a new protection", base + 0x1000);
	report_bool("decommit", VirtualFree(base + 0x1000, 0x1000, MEM_DECOMMIT));
	touch("read it", base + 0x1000, false);
	report_bool("release a part", VirtualFree(base, 0x1000, MEM_RELEASE));
	report_bool("release from the middle", VirtualFree(base + 0x1000, 0, MEM_RELEASE));
	report_bool("release", VirtualFree(base, 0, MEM_RELEASE));
	report("release again", "%s", VirtualFree(base, 0, MEM_RELEASE) ? "ok" : "refused");
	VirtualQuery(base, &info, sizeof(info));
	report("free", "state %#lx protect %#lx", info.State, info.Protect);
}

static void test_arguments(void)
{
	char *base = VirtualAlloc(NULL, 0x10000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
	void *at = NULL;
	SIZE_T len = 0;

	report_bool("size 0", VirtualAlloc(NULL, 0, MEM_COMMIT, PAGE_READWRITE) != NULL);
	report_bool("no kind", VirtualAlloc(NULL, 0x1000, 0, PAGE_READWRITE) != NULL);
	report_bool("no protection", VirtualAlloc(NULL, 0x1000, MEM_COMMIT, 0) != NULL);
	report_bool("two protections", VirtualAlloc(NULL, 0x1000, MEM_COMMIT, PAGE_READONLY | PAGE_READWRITE) != NULL);
	report_bool("write-copy", VirtualAlloc(NULL, 0x1000, MEM_COMMIT, PAGE_WRITECOPY) != NULL);
	report("far too much", "%s", VirtualAlloc(NULL, 0x7fffffff0000, MEM_RESERVE, PAGE_READWRITE) ? "ok" : "refused");
	report_bool("where something is", VirtualAlloc(base, 0x1000, MEM_RESERVE, PAGE_READWRITE) != NULL);
	report_bool("commit what is not reserved", VirtualAlloc((void *)0x500000000000, 0x1000, MEM_COMMIT, PAGE_READWRITE)
		    != NULL);
	report_bool("commit beyond the end", VirtualAlloc(base + 0xf000, 0x2000, MEM_COMMIT, PAGE_READWRITE) != NULL);
	report_status("native size 0", NtAllocateVirtualMemory(GetCurrentProcess(), &at, 0, &len, MEM_COMMIT,
							       PAGE_READWRITE));
	len = 0x1800;
	report_status("native", NtAllocateVirtualMemory(GetCurrentProcess(), &at, 0, &len, MEM_COMMIT, PAGE_READWRITE));
	report("rounded up to", "%#llx", (unsigned long long)len);
	len = 0;
	report_status("native free", NtFreeVirtualMemory(GetCurrentProcess(), &at, &len, MEM_RELEASE));
	report("freed", "%#llx", (unsigned long long)len);
	len = 0x1000;
	report_status("free of no kind", NtFreeVirtualMemory(GetCurrentProcess(), (void **)&base, &len, 0));
	VirtualFree(base, 0, MEM_RELEASE);
}

static void test_protections(void)
{
	char *base = VirtualAlloc(NULL, 0x4000, MEM_COMMIT, PAGE_READWRITE);
	DWORD old = 0;

	report_bool("read-only", VirtualProtect(base + 0x1000, 0x1000, PAGE_READONLY, &old));
	report("was", "%#lx", old);
	show("first", base);
	show("second", base + 0x1000);
	show("third", base + 0x2000);
	touch("read", base + 0x1000, false);
	touch("write", base + 0x1000, true);
	report_bool("no access", VirtualProtect(base, 0x4000, PAGE_NOACCESS, &old));
	report("the first was", "%#lx", old);
	touch("read", base, false);
	touch("write", base + 0x3000, true);
	report_bool("two at once", VirtualProtect(base, 0x4000, PAGE_NOACCESS | PAGE_READONLY, &old));
	report_bool("a range that leaves", VirtualProtect(base + 0x3000, 0x20000, PAGE_READONLY, &old));
	report_bool("executable", VirtualProtect(base, 0x1000, PAGE_EXECUTE_READWRITE, &old));
	base[0] = (char)0xb8; /* mov eax,42; ret */
	base[1] = 42;
	base[2] = base[3] = base[4] = 0;
	base[5] = (char)0xc3;
	FlushInstructionCache(GetCurrentProcess(), base, 6);
	report("code says", "%d", ((int (*)(void))base)());
	VirtualFree(base, 0, MEM_RELEASE);
	report_bool("what is free", VirtualProtect(base, 0x1000, PAGE_READONLY, &old));
}

static void test_guard_pages(void)
{
	char *base = VirtualAlloc(NULL, 0x2000, MEM_COMMIT, PAGE_READWRITE | PAGE_GUARD);

	show("guarded", base);
	touch("first read", base, false);
	touch("second read", base, false);
	show("first", base);
	show("second", base + 0x1000);
	touch("first write", base + 0x1000, true);
	touch("second write", base + 0x1000, true);
	VirtualFree(base, 0, MEM_RELEASE);
}

static void test_hints_and_resets(void)
{
	char *base = VirtualAlloc((void *)0x300000000000, 0x10000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);

	report("where it was wished", "%d", base == (char *)0x300000000000);
	base[0] = 'k';
	report_bool("reset", VirtualAlloc(base, 0x1000, MEM_RESET, PAGE_READWRITE) != NULL);
	show("still there", base);
	report_bool("lock", VirtualLock(base, 0x1000));
	report_bool("unlock", VirtualUnlock(base, 0x1000));
	VirtualFree(base, 0, MEM_RELEASE);
	base = VirtualAlloc(NULL, 0x10000, MEM_RESERVE | MEM_TOP_DOWN, PAGE_NOACCESS);
	report_bool("top down", base != NULL);
	VirtualFree(base, 0, MEM_RELEASE);
	base = VirtualAlloc((void *)0x300000001234, 0x1000, MEM_RESERVE | MEM_COMMIT, PAGE_READONLY);
	report("rounded down", "%#llx", (unsigned long long)(ULONG_PTR)base);
	show("it is", base);
	VirtualFree((void *)0x300000000000, 0, MEM_RELEASE);
}

static void test_read_and_write(void)
{
	char *base = VirtualAlloc(NULL, 0x2000, MEM_COMMIT, PAGE_READWRITE), buf[32] = "bytes";
	DWORD old;
	SIZE_T done = 99;

	report_bool("write", WriteProcessMemory(GetCurrentProcess(), base, buf, 6, &done));
	report("done", "%llu", (unsigned long long)done);
	report_bool("read", ReadProcessMemory(GetCurrentProcess(), base, buf + 8, 6, &done));
	report("read", "%s", buf + 8);
	VirtualProtect(base + 0x1000, 0x1000, PAGE_NOACCESS, &old);
	report_bool("read at a hole", ReadProcessMemory(GetCurrentProcess(), base + 0x1000, buf, 6, NULL));
	report_bool("read at nothing", ReadProcessMemory(GetCurrentProcess(), (void *)0x10, buf, 6, NULL));
	VirtualFree(base, 0, MEM_RELEASE);
}

static void test_queries(void)
{
	MEMORY_BASIC_INFORMATION info;
	SYSTEM_INFO system;
	int local = 0;
	SIZE_T len = 0;

	GetSystemInfo(&system);
	report("page", "%lu granularity %lu", system.dwPageSize, system.dwAllocationGranularity);
	report("range", "%p %p", system.lpMinimumApplicationAddress, system.lpMaximumApplicationAddress);
	report("null page", "%llu bytes", (unsigned long long)VirtualQuery(NULL, &info, sizeof(info)));
	report("it is", "state %#lx base %p", info.State, info.BaseAddress);
	report("beyond the end", "%llu bytes", (unsigned long long)VirtualQuery((void *)0x7ffffffff000, &info, sizeof(info)));
	VirtualQuery(&local, &info, sizeof(info));
	report("stack", "state %#lx protect %#lx type %#lx", info.State, info.Protect, info.Type);
	VirtualQuery((void *)test_queries, &info, sizeof(info));
	report("code", "state %#lx protect %#lx allocated %#lx type %#lx", info.State, info.Protect,
	       info.AllocationProtect, info.Type);
	report("allocated at the module", "%d", info.AllocationBase == GetModuleHandleW(NULL));
	report_status("too little room", NtQueryVirtualMemory(GetCurrentProcess(), NULL, 0, &info, 8, &len));
}

int main(void)
{
	AddVectoredExceptionHandler(1, skip_fault);
	test_reserve_and_commit();
	test_arguments();
	test_protections();
	test_guard_pages();
	test_hints_and_resets();
	test_read_and_write();
	test_queries();
	return 0;
}
