/* tests/hostile/hostile_nt_monkey.c: a Windows program that calls NT services with arguments that nobody means.
 *
 *   hostile-nt-monkey SEED WORKER FIRST PROGRESS
 *
 * Makes CALLS calls with the syscall instruction, the first ones in order from number FIRST on. A thread makes
 * them while the main one looks on: it terminates a caller that waits for ever and starts another. Only inside of a
 * call: elsewhere a thread may own locks of ntdll's, which nobody would release (Microsoft Learn: TerminateThread).
 * In a quarter of the monkeys a third thread changes memory and closes handles meanwhile. What a monkey dies of is
 * its own affair; a thread that does not end when it is terminated is not.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <windows.h>
#include <winternl.h>

#include "nt_progress.h"
#include "random.h"

#define CALLS 2000
#define MAX_ARGS 17
#define PAGE 4096u
#define WRITABLE_PAGES 4u
#define VICTIM_BYTES (1u << 20)
#define STOCK_BYTES 512u
#define MAX_HANDLES 32
#define TICK_MS 15
#define HANG_TICKS 2

static struct nt_progress *progress;
static unsigned worker;
static uint64_t random_state;
static volatile unsigned calls_made;
static volatile bool is_in_call;
static size_t first_number;

/* What the thunk of each named service has in eax. */
static uint32_t numbers[NT_NUMBERS];

/* Pieces of memory that pointers are made from. Services may release or protect only what begins at victim. */
static char *writable, *readonly, *closed, *guarded, *victim;
/* One piece for each argument's structure. */
static char stock[MAX_ARGS][STOCK_BYTES] __attribute__((aligned(64)));

static HANDLE handles[MAX_HANDLES], learnt[MAX_HANDLES];
static size_t handle_count;

static uint64_t pick(uint64_t count)
{
	return random_next(&random_state) % count;
}

static uint64_t one_of(const uint32_t *values, size_t count)
{
	return values[pick(count)];
}

#define ONE_OF(...) one_of((const uint32_t[]){ __VA_ARGS__ }, sizeof((const uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t))

/* The frame of a thunk: [rsp] is a return address, then come four homes and the arguments from the fifth on. */
uint64_t call_service(uint64_t number, const uint64_t *args);
__asm__(".text\n"
	".globl call_service\n"
	"call_service:\n"
	"	push %rbx\n"
	"	push %rsi\n"
	"	push %rdi\n"
	"	mov %rsp, %rbx\n"
	"	sub $0xb0, %rsp\n"
	"	mov %rcx, %rax\n"
	"	mov (%rdx), %r10\n"
	"	mov 16(%rdx), %r8\n"
	"	mov 24(%rdx), %r9\n"
	"	lea 32(%rdx), %rsi\n"
	"	mov 8(%rdx), %rdx\n"
	"	lea 0x28(%rsp), %rdi\n"
	"	mov $13, %ecx\n"
	"	rep movsq\n"
	"	syscall\n"
	"	mov %rbx, %rsp\n"
	"	pop %rdi\n"
	"	pop %rsi\n"
	"	pop %rbx\n"
	"	ret\n");

/* ---- Arguments ---- */

static uint64_t odd_pointer(void)
{
	switch (pick(16)) {
	case 0: return 0;
	case 1: return (uint64_t)writable + WRITABLE_PAGES * PAGE - pick(64);	/* crosses into nothing */
	case 2: return (uint64_t)readonly + pick(PAGE);
	case 3: return (uint64_t)closed;
	case 4: return (uint64_t)guarded + pick(PAGE);
	case 5: return 0xffffffff80000000ULL + pick(1 << 24);	/* the kernel's image */
	case 6: return 0xffff800000000000ULL + pick(1ULL << 30);	/* its direct map */
	case 7: return 0x0000800000000000ULL - pick(16);		/* the end of user space */
	case 8: return 0x0000800000000000ULL + pick(1 << 20);	/* not canonical */
	case 9: return ~0ULL - pick(64);
	case 10: return pick(PAGE);
	case 11: return (uint64_t)writable + 1 + 2 * pick(PAGE / 4);
	default: return (uint64_t)writable + (pick(WRITABLE_PAGES * PAGE) & ~7ULL);
	}
}

static uint64_t odd_handle(void)
{
	switch (pick(8)) {
	case 0: return 0;
	case 1: return -1 - pick(8);
	case 2: return pick(1 << 20);
	case 3: return 0x7ffffffc;
	case 4: return random_next(&random_state);
	default: return pick(64) * 4;
	}
}

static uint64_t fitting_handle(void)
{
	switch (pick(8)) {
	case 0: return odd_handle();
	case 1: case 2: return (uint64_t)learnt[pick(MAX_HANDLES)];
	default: return (uint64_t)handles[pick(handle_count)];
	}
}

static uint64_t odd_argument(void)
{
	switch (pick(12)) {
	case 0: case 1: case 2: return odd_pointer();
	case 3: return odd_handle();
	case 4: case 5: return fitting_handle();
	case 6: return random_size(&random_state);
	case 7: return random_next(&random_state);
	case 8: return 1ULL << pick(64);
	case 9: return -pick(300);
	default: return pick(64);
	}
}

/* Bytes that some service may take for a structure. */
static void fill_memory(void)
{
	uint64_t *words = (uint64_t *)writable;

	for (size_t i = 0; i < WRITABLE_PAGES * PAGE / sizeof(*words); i++)
		switch (pick(6)) {
		case 0: words[i] = odd_pointer(); break;
		case 1: words[i] = random_size(&random_state); break;
		case 2: words[i] = random_next(&random_state); break;
		case 3: words[i] = fitting_handle(); break;
		default: words[i] = pick(256); break;
		}
}

/* ---- Arguments that a service would like ---- */

enum kind {
	NONE, NUMBER, LENGTH, CLASS, RIGHTS, PROTECTION, MEMORY_TYPE, SECTION_TYPE, BITS, CONTROL, OBJECT, POINTER, NAME,
	ATTRIBUTES, CLIENT, TIME, ARRAY, IN_OUT, CONTEXT_RECORD, EXCEPTION, FUNCTION, NEW_OBJECT,
};

/* Of each service's arguments, from the table that the kernel's dispatch is made of. */
static const uint8_t kinds[NT_NUMBERS][MAX_ARGS] = {
#define SERVICE(name, run, owner, ...) [NUMBER_##name] = { __VA_ARGS__ },
#define ULONG(x) LENGTH
#define LONG(x) NUMBER
#define ULONGLONG(x) NUMBER
#define SIZE(x) LENGTH
#define BOOLEAN(x) NUMBER
#define HANDLE(x) OBJECT
#define STATUS(x) NUMBER
#define ACCESS(x) RIGHTS
#define NTCLASS(x) CLASS
#define PROTECT(x) PROTECTION
#define MEMTYPE(x) MEMORY_TYPE
#define SECTYPE(x) SECTION_TYPE
#define DISPOSITION(x) NUMBER
#define OPTIONS(x) BITS
#define SHARING(x) NUMBER
#define ATTRIBS(x) BITS
#define KEYOPTIONS(x) NUMBER
#define REGTYPE(x) NUMBER
#define EVENTTYPE(x) NUMBER
#define WAITTYPE(x) NUMBER
#define FLAGS(x) BITS
#define IOCTL(x) CONTROL
#define OBJATTR(x) ATTRIBUTES
#define USTRING(x) NAME
#define CLIENTID(x) CLIENT
#define TIMEOUT(x) TIME
#define LARGE(x) TIME
#define INBUF(x, len) POINTER
#define OUTBUF(x, len) POINTER
#define HANDLES(x, count) ARRAY
#define INOUT(x) IN_OUT
#define IOSB(x) POINTER
#define OUTHANDLE(x) NEW_OBJECT
#define OUTPTR(x) POINTER
#define OUTLARGE(x) POINTER
#define OUTULONG(x) POINTER
#define OUTUSHORT(x) POINTER
#define OUTBOOL(x) POINTER
#define CONTEXTREC(x) CONTEXT_RECORD
#define EXCEPTIONREC(x) EXCEPTION
#define APCROUTINE(x) FUNCTION
#define PTR(x) POINTER
#include <nt/syscalls.def>
#undef SERVICE
};

/* Kernel names, files of the monkey's own folder, keys and nonsense. */
static const wchar_t *const object_names[] = {
	L"", L"\\", L"f", L"d", L"d\\new", L"\\??\\Z:f", L"\\??\\Z:\\", L"\\??\\C:\\windows\\system32\\ntdll.dll",
	L"\\??\\C:\\", L"\\??\\Z:\\dev\\zero", L"\\??\\Z:\\proc\\self\\maps", L"\\??\\NUL", L"\\??\\pipe\\hostile", L"\\??\\pipe\\",
	L"\\Device\\NamedPipe\\hostile", L"\\Device\\NamedPipe", L"\\BaseNamedObjects\\hostile", L"\\BaseNamedObjects",
	L"\\KnownDlls", L"\\KnownDlls\\ntdll.dll", L"\\KernelObjects", L"\\??", L"\\ObjectTypes", L"hostile",
	L"\\Registry\\Machine\\Software\\hostile", L"\\Registry\\Machine", L"\\Registry\\User", L"\\Registry\\Machine\\System",
	L"..\\..", L"\\\\\\", L"f::$DATA", L"*?<>\"", L"\\??\\Z:\\missing\\missing",
};

static uint64_t make_name(char *at)
{
	UNICODE_STRING *s = (UNICODE_STRING *)at;

	RtlInitUnicodeString(s, object_names[pick(sizeof(object_names) / sizeof(object_names[0]))]);
	switch (pick(16)) {
	case 0: s->Length = (USHORT)random_next(&random_state); break;
	case 1: s->MaximumLength = (USHORT)random_next(&random_state); break;
	case 2: s->Buffer = (wchar_t *)odd_pointer(); break;
	case 3: s->Length = 0xfffe; s->Buffer = (wchar_t *)writable; break;
	}
	return (uint64_t)s;
}

static uint64_t make_attributes(char *at)
{
	OBJECT_ATTRIBUTES *o = (OBJECT_ATTRIBUTES *)at;

	o->Length = pick(16) ? sizeof(*o) : (ULONG)random_size(&random_state);
	o->RootDirectory = pick(3) ? NULL : (HANDLE)fitting_handle();
	o->ObjectName = pick(16) ? (UNICODE_STRING *)make_name(at + sizeof(*o)) : (UNICODE_STRING *)odd_pointer();
	o->Attributes = pick(8) ? OBJ_CASE_INSENSITIVE | (pick(2) ? 0x80 : 0) : (ULONG)random_next(&random_state);
	o->SecurityDescriptor = pick(8) ? NULL : (void *)odd_pointer();
	o->SecurityQualityOfService = pick(8) ? NULL : (void *)odd_pointer();
	return (uint64_t)o;
}

/* Of this process or of none: whoever may open others may end them. Not in the stock, which is meddled with. */
static uint64_t make_client(void)
{
	static uint64_t ids[2];

	ids[0] = pick(4) ? GetCurrentProcessId() : 0x40000000 + pick(1000);
	ids[1] = pick(4) ? GetCurrentThreadId() : 0x40000000 + pick(1000);
	return (uint64_t)ids;
}

static uint64_t make_time(char *at)
{
	int64_t *time = (int64_t *)at;

	switch (pick(8)) {
	case 0: *time = (int64_t)random_size(&random_state); break;
	case 1: *time = (int64_t)random_next(&random_state); break;
	case 2: return 0;
	case 3: *time = (int64_t)pick(3 * PAGE); break;
	default: *time = -(int64_t)pick(20000); break;
	}
	return (uint64_t)time;
}

static uint64_t make_array(char *at)
{
	HANDLE *array = (HANDLE *)at;

	for (size_t i = 0; i < STOCK_BYTES / sizeof(*array); i++)
		array[i] = (HANDLE)fitting_handle();
	return (uint64_t)array;
}

static uint64_t make_in_out(char *at)
{
	uint64_t *value = (uint64_t *)at;

	switch (pick(8)) {
	case 0: *value = random_size(&random_state); break;
	case 1: *value = 0; break;
	case 2: *value = 0x7ffff0000000ULL + pick(1 << 30); break;
	case 3: case 4: *value = pick(16 * PAGE); break;
	default: *value = (uint64_t)victim + pick(VICTIM_BYTES); break;
	}
	return (uint64_t)value;
}

static uint64_t make_context(void)
{
	/* Too large for the stock, and its alignment matters. */
	static CONTEXT record;
	uint64_t *words = (uint64_t *)&record;

	record.ContextFlags = CONTEXT_FULL;
	if (pick(4))
		RtlCaptureContext(&record);
	for (uint64_t i = pick(4); i > 0; i--)
		words[pick(sizeof(record) / sizeof(*words))] = odd_argument();
	if (pick(4) == 0)
		record.ContextFlags = (DWORD)random_next(&random_state);
	return (uint64_t)&record;
}

static uint64_t make_exception(char *at)
{
	EXCEPTION_RECORD *e = (EXCEPTION_RECORD *)at;

	e->ExceptionCode = (DWORD)ONE_OF(0xc0000005, 0xe06d7363, 0x80000003, 0x40010006, 0);
	e->ExceptionFlags = (DWORD)pick(4);
	e->ExceptionRecord = (EXCEPTION_RECORD *)(pick(4) ? 0 : odd_pointer());
	e->ExceptionAddress = (void *)odd_pointer();
	e->NumberParameters = (DWORD)(pick(4) ? pick(16) : random_size(&random_state));
	return (uint64_t)e;
}

/* Where a handle goes, which learn() looks for. */
static uint64_t make_place(char *at)
{
	*(uint64_t *)at = 0;
	return (uint64_t)at;
}

static void do_nothing(void)
{
}

static uint64_t some_bits(void)
{
	return pick(4) ? (1ULL << pick(32)) | (1ULL << pick(24)) : pick(128);
}

static uint64_t fitting_argument(enum kind kind, char *at)
{
	switch (kind) {
	case NONE: return odd_argument();
	case NUMBER: return pick(4) ? pick(8) : random_size(&random_state);
	case LENGTH: return pick(3) ? pick(2) ? pick(16) * 8 : pick(3 * PAGE) : random_size(&random_state);
	case CLASS: return pick(8) ? pick(0x68) : random_size(&random_state);
	case RIGHTS: return pick(8) ? ONE_OF(0x02000000, 0x10000000, 0x1f01ff, 0x1f0003, 0x120089, 0x120116, 0x100000, 0x1fffff, 0, 1) : some_bits();
	case PROTECTION: return pick(8) ? (1u << pick(9)) | (pick(4) ? 0 : 0x100) : random_next(&random_state);
	case MEMORY_TYPE: return pick(8) ? ONE_OF(0x1000, 0x2000, 0x3000, 0x4000, 0x8000, 0x80000, 0x103000, 0x203000, 0x1000000) : some_bits();
	case SECTION_TYPE: return pick(8) ? ONE_OF(0x8000000, 0x4000000, 0x1000000, 0x11000000, 0x400000) : some_bits();
	case BITS: return pick(4) ? pick(256) : some_bits();
	case CONTROL: return ONE_OF(0x110000, 0x110004, 0x110008, 0x11000c, 0x110018, 0x11c017, 0x900a8, 0x900c4, 0x9c040, 0x500016, 0x90018, (uint32_t)some_bits());
	case OBJECT: return fitting_handle();
	case POINTER: return pick(4) ? (uint64_t)writable + (pick(WRITABLE_PAGES * PAGE - 256) & ~7ULL) : odd_pointer();
	case NAME: return make_name(at);
	case ATTRIBUTES: return make_attributes(at);
	case CLIENT: return make_client();
	case TIME: return make_time(at);
	case ARRAY: return make_array(at);
	case IN_OUT: return make_in_out(at);
	case CONTEXT_RECORD: return make_context();
	case EXCEPTION: return make_exception(at);
	case NEW_OBJECT: return make_place(at);
	case FUNCTION: return pick(4) ? 0 : pick(4) ? (uint64_t)do_nothing : odd_pointer();
	}
	return 0;
}

/* ---- What must not happen ---- */

/* Services that end or stop the whole monkey are tried less often: a start costs more than a thousand calls. */
static bool ends_monkeys(size_t number)
{
	switch (number) {
	case NUMBER_NtTerminateProcess: case NUMBER_NtTerminateJobObject: case NUMBER_NtSuspendProcess:
	case NUMBER_NtRaiseException: case NUMBER_NtContinue: case NUMBER_NtAssignProcessToJobObject:
	case NUMBER_NtSetContextThread: case NUMBER_NtRaiseHardError: case NUMBER_NtCallbackReturn:
		return true;
	default:
		return false;
	}
}

static bool is_wild_memory(uint64_t address)
{
	return address - (uint64_t)writable < (WRITABLE_PAGES + 1) * PAGE;
}

/* Memory services would soon take away what the monkey itself stands on; other processes are nobody's here. */
static void tame(size_t number, uint64_t *args)
{
	switch (number) {
	case NUMBER_NtOpenProcess: case NUMBER_NtOpenThread:
		if (is_wild_memory(args[3]))
			args[3] = make_client();
		break;
	case NUMBER_NtFreeVirtualMemory: case NUMBER_NtProtectVirtualMemory: case NUMBER_NtAllocateVirtualMemory:
		if (pick(16))
			args[1] = make_in_out(stock[1]);
		break;
	case NUMBER_NtUnmapViewOfSection: case NUMBER_NtUnmapViewOfSectionEx:
		if (pick(16))
			args[1] = (uint64_t)victim + pick(VICTIM_BYTES);
		break;
	}
}

/* ---- The monkey ---- */

static void keep(HANDLE handle)
{
	if (handle && handle_count < MAX_HANDLES)
		handles[handle_count++] = handle;
}

static void make_memory(void)
{
	DWORD old;

	writable = VirtualAlloc(NULL, (WRITABLE_PAGES + 1) * PAGE, MEM_RESERVE, PAGE_NOACCESS);
	VirtualAlloc(writable, WRITABLE_PAGES * PAGE, MEM_COMMIT, PAGE_READWRITE);
	readonly = VirtualAlloc(NULL, PAGE, MEM_RESERVE | MEM_COMMIT, PAGE_READONLY);
	closed = VirtualAlloc(NULL, PAGE, MEM_RESERVE | MEM_COMMIT, PAGE_NOACCESS);
	guarded = VirtualAlloc(NULL, PAGE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
	VirtualProtect(guarded, PAGE, PAGE_READWRITE | PAGE_GUARD, &old);
	victim = VirtualAlloc(NULL, VICTIM_BYTES, MEM_RESERVE, PAGE_READWRITE);
	VirtualAlloc(victim, VICTIM_BYTES / 2, MEM_COMMIT, PAGE_READWRITE);
}

static DWORD WINAPI sleep_alertably(void *started)
{
	SetEvent(started);
	for (;;)
		SleepEx(INFINITE, TRUE);
	return 0;
}

static void make_files(void)
{
	DWORD all = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
	HANDLE file = CreateFileW(L"f", GENERIC_READ | GENERIC_WRITE, all, NULL, OPEN_ALWAYS, 0, NULL);
	HANDLE reader, writer;

	keep(file);
	keep(CreateFileW(L"f", GENERIC_READ | GENERIC_WRITE | DELETE, all, NULL, OPEN_ALWAYS, FILE_FLAG_OVERLAPPED, NULL));
	keep(CreateFileW(L".", GENERIC_READ, all, NULL, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL));
	keep(CreateFileW(L"NUL", GENERIC_READ | GENERIC_WRITE, all, NULL, OPEN_EXISTING, 0, NULL));
	keep(CreateFileMappingW(file, NULL, PAGE_READONLY, 0, 0, NULL));
	if (CreatePipe(&reader, &writer, NULL, PAGE)) {
		keep(reader);
		keep(writer);
	}
	keep(CreateNamedPipeW(L"\\\\.\\pipe\\hostile", PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED, PIPE_TYPE_MESSAGE,
			      PIPE_UNLIMITED_INSTANCES, PAGE, PAGE, 0, NULL));
	keep(CreateFileW(L"\\\\.\\pipe\\hostile", GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, FILE_FLAG_OVERLAPPED, NULL));
}

/* A thread that calls may terminate. It has left the loader's lock. */
static HANDLE start_sleeper(void)
{
	HANDLE started = CreateEventW(NULL, FALSE, FALSE, NULL);
	HANDLE sleeper = CreateThread(NULL, 0, sleep_alertably, started, 0, NULL);

	if (sleeper)
		WaitForSingleObject(started, INFINITE);
	CloseHandle(started);
	return sleeper;
}

static void make_objects(void)
{
	HANDLE token = NULL;
	HKEY key = NULL;

	keep(GetCurrentProcess());
	keep(GetCurrentThread());
	keep(CreateEventW(NULL, TRUE, FALSE, NULL));
	keep(CreateEventW(NULL, FALSE, TRUE, L"hostile-event"));
	keep(CreateMutexW(NULL, FALSE, NULL));
	keep(CreateSemaphoreW(NULL, 1, 9, NULL));
	keep(CreateWaitableTimerW(NULL, TRUE, NULL));
	keep(CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 1));
	keep(start_sleeper());
	keep(CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 4 * PAGE, NULL));
	keep(CreateJobObjectW(NULL, NULL));
	if (OpenProcessToken(GetCurrentProcess(), TOKEN_ALL_ACCESS, &token))
		keep(token);
	if (RegCreateKeyExW(HKEY_CURRENT_USER, L"hostile", 0, NULL, 0, KEY_ALL_ACCESS, NULL, &key, NULL) == ERROR_SUCCESS)
		keep(key);
	make_files();
}

/* Read from the thunk of each service what it puts in eax: mov r10, rcx; mov eax, imm32. */
static bool find_numbers(void)
{
	static const char *const names[NT_NAMED] = {
#define SERVICE(name, ...) #name,
#include <nt/syscalls.def>
#undef SERVICE
	};
	static const unsigned char start[] = { 0x4c, 0x8b, 0xd1, 0xb8 };
	HMODULE ntdll = GetModuleHandleW(L"ntdll.dll");
	uint32_t greatest = 0;

	for (size_t i = 0; i < NT_NAMED; i++) {
		const unsigned char *thunk = (const unsigned char *)GetProcAddress(ntdll, names[i]);

		if (!thunk || memcmp(thunk, start, sizeof(start)))
			return false;
		memcpy(&numbers[i], thunk + sizeof(start), sizeof(numbers[i]));
		if (numbers[i] > greatest)
			greatest = numbers[i];
	}
	for (size_t i = NT_NAMED; i < NT_NUMBERS; i++)
		numbers[i] = i + 1 < NT_NUMBERS ? greatest + 1 + (uint32_t)(i - NT_NAMED) : 0xffffffff;
	return true;
}

/* Later calls get the handles that this one made, in the place of others; those of the beginning stay. */
static void learn(size_t number)
{
	for (int i = 0; i < MAX_ARGS; i++) {
		uint64_t made = kinds[number][i] == NEW_OBJECT ? *(uint64_t *)stock[i] : 0;

		if (made && made < 1 << 16)
			learnt[pick(MAX_HANDLES)] = (HANDLE)made;
	}
}

static void try_number(size_t number)
{
	bool is_fitting = pick(4) != 0;
	uint64_t args[MAX_ARGS], status;

	/* Most calls get what they want in most places, so as to come far. */
	for (int i = 0; i < MAX_ARGS; i++)
		args[i] = is_fitting && pick(12) ? fitting_argument((enum kind)kinds[number][i], stock[i]) : odd_argument();
	tame(number, args);
	progress->workers[worker].number = (uint32_t)number;
	progress->workers[worker].beat++;
	__atomic_fetch_add(&progress->counts[number], 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&progress->calls, 1, __ATOMIC_RELAXED);
	is_in_call = true;
	status = call_service(numbers[number], args);
	is_in_call = false;
	if (number < NT_NAMED && (int32_t)status >= 0)
		learn(number);
}

static size_t next_number(void)
{
	size_t number = first_number + calls_made;

	if (number < NT_NUMBERS)
		return number;
	do
		number = pick(NT_NUMBERS);
	while (ends_monkeys(number) && pick(64));
	return number;
}

/* Change memory and close handles while services look at them. */
static DWORD WINAPI meddle(void *seed)
{
	uint64_t own = (uintptr_t)seed | 1, *words = (uint64_t *)writable;

	for (uint64_t i = 0;; i++) {
		words[random_next(&own) % (WRITABLE_PAGES * PAGE / sizeof(*words))] = random_size(&own);
		stock[random_next(&own) % MAX_ARGS][random_next(&own) % 64] = (char)random_next(&own);
		if (i % 4096 == 0) {
			CloseHandle((HANDLE)(uintptr_t)(random_next(&own) % 256 * 4));
			Sleep(1);
		}
	}
	return 0;
}

static DWORD WINAPI make_calls(void *unused)
{
	/* Not earlier, so that every monkey gets as far as here. */
	if (!calls_made && pick(4) == 0)
		CreateThread(NULL, 0, meddle, (void *)(uintptr_t)random_next(&random_state), 0, NULL);
	while (calls_made < CALLS) {
		size_t number = next_number();

		if (calls_made % 50 == 0)
			fill_memory();
		/* Before the call: it may be the last of this thread. */
		calls_made++;
		try_number(number);
	}
	return 0;
}

/* Wait for a caller to end. Returns: whether it waits in a call instead. */
static bool waits_for_ever(HANDLE caller)
{
	unsigned last = calls_made, still = 0;

	while (still < HANG_TICKS) {
		if (WaitForSingleObject(caller, TICK_MS) != WAIT_TIMEOUT)
			return false;
		still = is_in_call && calls_made == last ? still + 1 : 0;
		last = calls_made;
	}
	return true;
}

/* Its handle may have become another object's: calls close any. */
static void terminate(HANDLE caller, DWORD id)
{
	__atomic_fetch_add(&progress->terminated, 1, __ATOMIC_RELAXED);
	progress->workers[worker].is_ending = 1;
	if (TerminateThread(caller, 0) && WaitForSingleObject(caller, NT_END_MS) == WAIT_TIMEOUT && GetThreadId(caller) == id)
		__atomic_fetch_add(&progress->outlived, 1, __ATOMIC_RELAXED);
	progress->workers[worker].is_ending = 0;
}

/* See to it that calls are made until all are; a caller that no longer makes any is replaced. */
static void look_after_callers(void)
{
	while (calls_made < CALLS) {
		HANDLE caller;
		DWORD id;

		is_in_call = false;
		caller = CreateThread(NULL, 0, make_calls, NULL, 0, &id);
		if (!caller)
			return;
		if (waits_for_ever(caller))
			terminate(caller, id);
		CloseHandle(caller);
	}
}

static LONG WINAPI end_at_once(EXCEPTION_POINTERS *unused)
{
	TerminateProcess(GetCurrentProcess(), 1);
	return EXCEPTION_EXECUTE_HANDLER;
}

static struct nt_progress *map_progress(const char *path)
{
	HANDLE file = CreateFileA(path, GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING,
				  0, NULL);
	HANDLE section = CreateFileMappingW(file, NULL, PAGE_READWRITE, 0, sizeof(struct nt_progress), NULL);
	void *view = MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, sizeof(struct nt_progress));

	CloseHandle(section);
	CloseHandle(file);
	return view;
}

int main(int argc, char **argv)
{
	if (argc != 5)
		return 2;
	random_state = strtoull(argv[1], NULL, 10) | 1;
	worker = (unsigned)strtoul(argv[2], NULL, 10);
	first_number = strtoul(argv[3], NULL, 10);
	progress = map_progress(argv[4]);
	if (!progress || !find_numbers())
		return 2;
	SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX);
	SetUnhandledExceptionFilter(end_at_once);
	make_memory();
	make_objects();
	look_after_callers();
	TerminateProcess(GetCurrentProcess(), 0);
	return 0;
}
