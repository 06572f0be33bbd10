#include "report.h"

/* [MS-ERREF] 2.3.1: STATUS_INVALID_PARAMETER_1 to _12 */
#define FIRST_INVALID_PARAMETER_N 0xc00000efu
#define LAST_INVALID_PARAMETER_N 0xc00000fau

bool report_bool(const char *what, BOOL ok)
{
	DWORD error = GetLastError();

	if (ok)
		printf("%s: ok\n", what);
	else
		printf("%s: error %lu\n", what, error);
	fflush(stdout);
	return ok;
}

HANDLE report_handle(const char *what, HANDLE handle)
{
	report_bool(what, handle && handle != INVALID_HANDLE_VALUE);
	return handle;
}

NTSTATUS report_status(const char *what, NTSTATUS status)
{
	unsigned long code = (unsigned long)status;

	if (code == STATUS_INVALID_PARAMETER || (code >= FIRST_INVALID_PARAMETER_N && code <= LAST_INVALID_PARAMETER_N))
		printf("%s: invalid parameter\n", what);
	else
		printf("%s: %#lx\n", what, code);
	fflush(stdout);
	return status;
}

DWORD report_wait(const char *what, DWORD result)
{
	DWORD error = GetLastError();

	if (result < WAIT_OBJECT_0 + MAXIMUM_WAIT_OBJECTS)
		printf("%s: object %lu\n", what, result);
	else if (result >= WAIT_ABANDONED_0 && result < WAIT_ABANDONED_0 + MAXIMUM_WAIT_OBJECTS)
		printf("%s: abandoned %lu\n", what, result - WAIT_ABANDONED_0);
	else if (result == WAIT_IO_COMPLETION)
		printf("%s: alerted\n", what);
	else if (result == WAIT_TIMEOUT)
		printf("%s: timeout\n", what);
	else
		printf("%s: failed with error %lu\n", what, error);
	fflush(stdout);
	return result;
}

void report(const char *what, const char *format, ...)
{
	va_list args;

	printf("%s: ", what);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
}

HANDLE start_thread(LPTHREAD_START_ROUTINE run, void *arg)
{
	HANDLE thread = CreateThread(NULL, 0, run, arg, 0, NULL);

	if (!thread) {
		report("CreateThread", "error %lu", GetLastError());
		ExitProcess(99);
	}
	return thread;
}

DWORD join_thread(HANDLE thread)
{
	DWORD code = 0;

	if (WaitForSingleObject(thread, SOON_MS) != WAIT_OBJECT_0) {
		report("a thread", "does not end");
		ExitProcess(98);
	}
	GetExitCodeThread(thread, &code);
	CloseHandle(thread);
	return code;
}

static volatile LONG waiters;

void about_to_wait(void)
{
	InterlockedIncrement(&waiters);
}

void let_threads_wait(LONG count)
{
	while (waiters < count)
		Sleep(1);
	InterlockedExchangeAdd(&waiters, -count);
	Sleep(SHORT_MS);
}

UNICODE_STRING counted(const wchar_t *text)
{
	UNICODE_STRING string;

	string.Length = (USHORT)(wcslen(text) * sizeof(wchar_t));
	string.MaximumLength = (USHORT)(string.Length + sizeof(wchar_t));
	string.Buffer = (wchar_t *)text;
	return string;
}

OBJECT_ATTRIBUTES named(UNICODE_STRING *name, HANDLE root, ULONG attributes)
{
	OBJECT_ATTRIBUTES object = {
		.Length = sizeof(object), .RootDirectory = root, .ObjectName = name, .Attributes = attributes,
	};

	return object;
}
