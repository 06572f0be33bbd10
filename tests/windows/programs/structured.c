/* Structured handlers as compilers for Windows emit them: filters, termination, nesting.
 * Compiled by clang, since gcc has no __try. */
#include <setjmp.h>
#include <stdio.h>
#include <windows.h>

static volatile int zero;
static int order;

static void say(const char *what)
{
	printf("%d: %s\n", ++order, what);
}

static int filter(DWORD code, int answer)
{
	printf("filter sees %#lx\n", code);
	return answer;
}

/* clang guards calls, not accesses. */
static void __attribute__((noinline)) store(volatile void *at)
{
	*(volatile char *)at = 1;
}

static int __attribute__((noinline)) divide(int by)
{
	volatile int one = 1;

	return one / by;
}

static void test_simple(void)
{
	__try {
		store((volatile void *)16);
		say("not reached");
	} __except (filter(GetExceptionCode(), EXCEPTION_EXECUTE_HANDLER)) {
		say("a write of nothing");
	}
	__try {
		printf("%d\n", divide(zero));
	} __except (EXCEPTION_EXECUTE_HANDLER) {
		say("division");
	}
}

static void test_finally(void)
{
	__try {
		__try {
			RaiseException(0xe0000001, 0, 0, NULL);
		} __finally {
			printf("finally, abnormal %d\n", !!AbnormalTermination());
		}
	} __except (filter(GetExceptionCode(), EXCEPTION_EXECUTE_HANDLER)) {
		say("handler after finally");
	}
	__try {
		say("nothing happens");
	} __finally {
		printf("finally, abnormal %d\n", !!AbnormalTermination());
	}
}

static void __attribute__((noinline)) raise_deep(int depth)
{
	__try {
		if (depth == 0)
			RaiseException(0xe0000002, 0, 0, NULL);
		else
			raise_deep(depth - 1);
	} __finally {
		printf("leaving depth %d\n", depth);
	}
}

static void test_frames(void)
{
	__try {
		__try {
			raise_deep(3);
		} __except (filter(GetExceptionCode(), EXCEPTION_CONTINUE_SEARCH)) {
			say("not for this one");
		}
	} __except (filter(GetExceptionCode(), EXCEPTION_EXECUTE_HANDLER)) {
		say("for that one");
	}
}

static int repair(EXCEPTION_POINTERS *info, int *value)
{
	*value = 9;
	printf("repaired, flags %#lx\n", info->ExceptionRecord->ExceptionFlags);
	return EXCEPTION_CONTINUE_EXECUTION;
}

static void test_continue(void)
{
	int value = 0;

	__try {
		RaiseException(0xe0000003, 0, 0, NULL);
		printf("continued with %d\n", value);
	} __except (repair(GetExceptionInformation(), &value)) {
		say("not reached");
	}
}

static void test_nested(void)
{
	__try {
		__try {
			RaiseException(0xe0000004, 0, 0, NULL);
		} __except (EXCEPTION_EXECUTE_HANDLER) {
			say("inner handler raises");
			RaiseException(0xe0000005, 0, 0, NULL);
		}
	} __except (filter(GetExceptionCode(), EXCEPTION_EXECUTE_HANDLER)) {
		say("outer handler");
	}
}

static void test_long_jump(void)
{
	jmp_buf place;
	volatile int round = 0;

	if (setjmp(place) == 0) {
		round++;
		longjmp(place, 1);
	}
	printf("jumped after %d\n", round);
}

static void test_page_by_page(void)
{
	char *base = VirtualAlloc(NULL, 0x10000, MEM_RESERVE, PAGE_NOACCESS);
	int pages = 0, i;

	for (i = 0; i < 16; i++) {
		__try {
			store(base + i * 0x1000);
		} __except (VirtualAlloc(base + i * 0x1000, 0x1000, MEM_COMMIT, PAGE_READWRITE) ?
			    EXCEPTION_CONTINUE_EXECUTION : EXCEPTION_EXECUTE_HANDLER) {
			say("no memory");
		}
		pages += base[i * 0x1000];
	}
	printf("committed %d pages on demand\n", pages);
	VirtualFree(base, 0, MEM_RELEASE);
}

static void test_many(void)
{
	volatile int caught = 0;
	int i;

	for (i = 0; i < 5000; i++) {
		__try {
			RaiseException(0xe0000006, 0, 0, NULL);
		} __except (EXCEPTION_EXECUTE_HANDLER) {
			caught++;
		}
	}
	printf("caught %d\n", caught);
}

static void test_back_trace(void)
{
	void *frames[32];

	printf("frames: %d\n", RtlCaptureStackBackTrace(0, 32, frames, NULL) > 2);
}

static __thread int native = 5;

static DWORD WINAPI use_native(void *arg)
{
	native += *(int *)arg;
	return (DWORD)native;
}

/* Storage by the file's TLS directory: gcc for Windows emulates it, clang does not. */
static void test_native_storage(void)
{
	DWORD code = 0;
	HANDLE thread;
	int add = 2;

	native = 100;
	thread = CreateThread(NULL, 0, use_native, &add, 0, NULL);
	WaitForSingleObject(thread, INFINITE);
	GetExitCodeThread(thread, &code);
	printf("theirs %lu mine %d\n", code, native);
	CloseHandle(thread);
}

int main(void)
{
	test_simple();
	test_finally();
	test_frames();
	test_continue();
	test_nested();
	test_long_jump();
	test_page_by_page();
	test_many();
	test_back_trace();
	test_native_storage();
	return 0;
}
