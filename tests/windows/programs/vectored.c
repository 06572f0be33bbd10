/* Hardware and software exceptions through vectored handlers, and those that end a process. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

static int skip_bytes;

static LONG CALLBACK tell_and_skip(EXCEPTION_POINTERS *info)
{
	const EXCEPTION_RECORD *record = info->ExceptionRecord;

	printf("exception %#lx flags %#lx, %lu parameters", record->ExceptionCode, record->ExceptionFlags,
	       record->NumberParameters);
	if (record->ExceptionCode == EXCEPTION_ACCESS_VIOLATION)
		printf(": %lu at %#llx", (unsigned long)record->ExceptionInformation[0],
		       (unsigned long long)record->ExceptionInformation[1]);
	printf(", address is rip %d\n", record->ExceptionAddress == (void *)info->ContextRecord->Rip);
	if (record->ExceptionCode == EXCEPTION_SINGLE_STEP)
		info->ContextRecord->EFlags &= ~0x100u;
	info->ContextRecord->Rip += (DWORD64)skip_bytes;
	return EXCEPTION_CONTINUE_EXECUTION;
}

static LONG CALLBACK tell_name(EXCEPTION_POINTERS *info)
{
	puts("first in line");
	return EXCEPTION_CONTINUE_SEARCH;
}

static void test_hardware(void)
{
	puts("read of nothing");
	skip_bytes = 3;
	__asm__ volatile("xorl %%eax, %%eax; movzbl (%%rax), %%ecx" : : : "rax", "rcx", "memory");
	puts("write of nothing");
	__asm__ volatile("movl $16, %%eax; movb %%cl, 8(%%rax)" : : : "rax", "memory");
	puts("address that is none");
	__asm__ volatile("movabsq $0x8000000000000000, %%rax; movzbl (%%rax), %%ecx" : : : "rax", "rcx", "memory");
	puts("division by zero");
	skip_bytes = 2;
	__asm__ volatile("xorl %%ecx, %%ecx; xorl %%edx, %%edx; movl $1, %%eax; divl %%ecx" : : : "rax", "rcx", "rdx");
	puts("illegal instruction");
	__asm__ volatile("ud2");
	puts("breakpoint");
	skip_bytes = 1;
	__asm__ volatile("int3");
	puts("privileged instruction");
	__asm__ volatile("hlt");
	puts("single step");
	skip_bytes = 0;
	__asm__ volatile("pushfq; orl $0x100, (%%rsp); popfq; nop; nop" : : : "memory", "cc");
}


static void test_handlers(void)
{
	void *first = AddVectoredExceptionHandler(1, tell_name);

	RaiseException(0xe0001236, 0, 0, NULL);
	printf("remove: %lu\n", RemoveVectoredExceptionHandler(first));
	printf("remove again: %lu\n", RemoveVectoredExceptionHandler(first));
	RaiseException(0xe0001237, 0, 0, NULL);
}

static volatile int depth, overflows;
static void *place[5];
static DWORD64 upper_stack;

static void __attribute__((noreturn)) go_back(void)
{
	__builtin_longjmp(place, 1);
}

/* There is little stack left here: go on where there is more. */
static LONG CALLBACK leave_depth(EXCEPTION_POINTERS *info)
{
	if (info->ExceptionRecord->ExceptionCode != EXCEPTION_STACK_OVERFLOW)
		return EXCEPTION_CONTINUE_SEARCH;
	overflows++;
	info->ContextRecord->Rsp = upper_stack;
	info->ContextRecord->Rip = (DWORD64)go_back;
	return EXCEPTION_CONTINUE_EXECUTION;
}

static int __attribute__((noinline)) dive(int n)
{
	volatile char room[256];

	depth = n;
	room[0] = (char)n;
	return dive(n + 1) + room[0];
}

static DWORD WINAPI overflow(void *arg)
{
	upper_stack = (((DWORD64)__builtin_frame_address(0) - 0x2000) & ~15ull) - 8;
	if (__builtin_setjmp(place) == 0)
		return (DWORD)dive(0);
	printf("overflows: %d, deep enough: %d\n", overflows, depth > 500);
	printf("made whole: %d\n", _resetstkoflw());
	return 55;
}

static void test_stack_overflow(void)
{
	void *handler = AddVectoredExceptionHandler(1, leave_depth);
	HANDLE thread = CreateThread(NULL, 0x40000, overflow, NULL, STACK_SIZE_PARAM_IS_A_RESERVATION, NULL);
	DWORD code = 0;

	WaitForSingleObject(thread, 20000);
	GetExitCodeThread(thread, &code);
	printf("the thread's code: %lu\n", code);
	RemoveVectoredExceptionHandler(handler);
}

static LONG WINAPI last_filter(EXCEPTION_POINTERS *info)
{
	printf("last filter: %#lx\n", info->ExceptionRecord->ExceptionCode);
	fflush(stdout);
	return EXCEPTION_EXECUTE_HANDLER;
}

static int die(const char *how)
{
	SetErrorMode(SEM_NOGPFAULTERRORBOX | SEM_FAILCRITICALERRORS);
	if (!strcmp(how, "read"))
		return *(volatile char *)1;
	if (!strcmp(how, "raise"))
		RaiseException(0xe0004321, 0, 0, NULL);
	if (!strcmp(how, "filter")) {
		SetUnhandledExceptionFilter(last_filter);
		RaiseException(0xe0004322, 0, 0, NULL);
	}
	if (!strcmp(how, "abort"))
		abort();
	if (!strcmp(how, "illegal"))
		__asm__ volatile("ud2");
	return 0;
}

static void test_deaths(const char *self)
{
	static const char *const ways[] = { "read", "raise", "filter", "illegal", "abort" };
	STARTUPINFOA startup = { .cb = sizeof(startup) };
	PROCESS_INFORMATION child;
	char line[512];
	DWORD code;
	size_t i;

	for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		snprintf(line, sizeof(line), "\"%s\" %s", self, ways[i]);
		fflush(stdout);
		CreateProcessA(NULL, line, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &child);
		WaitForSingleObject(child.hProcess, INFINITE);
		GetExitCodeProcess(child.hProcess, &code);
		printf("death by %s: %#lx\n", ways[i], code);
		CloseHandle(child.hProcess);
		CloseHandle(child.hThread);
	}
}

int main(int argc, char **argv)
{
	void *handler;

	setvbuf(stdout, NULL, _IONBF, 0);
	if (argc > 1)
		return die(argv[1]);
	handler = AddVectoredExceptionHandler(0, tell_and_skip);
	test_hardware();
	test_handlers();
	RemoveVectoredExceptionHandler(handler);
	test_stack_overflow();
	test_deaths(argv[0]);
	return 0;
}
