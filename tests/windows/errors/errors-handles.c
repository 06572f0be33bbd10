/* errors/errors-handles.c: every service that takes a handle of one kind, with no handle, one of another kind and
 * one that was opened without rights. */
#include "errors.h"

#include <stdint.h>

enum kind { EVENT, MUTANT, SEMAPHORE, TIMER, PORT, KEYED_EVENT, FILE_KIND, PROCESS, THREAD, TOKEN, KINDS };

/* One letter an argument: h the handle, b a zeroed buffer, n the number, 0 nothing. */
struct service {
	const char *name;
	enum kind kind;
	const char *arguments;
	uint64_t number;
	bool needs_rights;
};

static const struct service services[] = {
	{ "NtSetEvent", EVENT, "hb", 0, true },
	{ "NtResetEvent", EVENT, "hb", 0, true },
	{ "NtClearEvent", EVENT, "h", 0, true },
	{ "NtPulseEvent", EVENT, "hb", 0, true },
	{ "NtQueryEvent", EVENT, "h0bnb", 8, true },
	{ "NtReleaseMutant", MUTANT, "hb", 0, false },
	{ "NtQueryMutant", MUTANT, "h0bnb", 8, true },
	{ "NtReleaseSemaphore", SEMAPHORE, "hnb", 1, true },
	{ "NtQuerySemaphore", SEMAPHORE, "h0bnb", 8, true },
	{ "NtSetTimer", TIMER, "hb00000", 0, true },
	{ "NtCancelTimer", TIMER, "hb", 0, true },
	{ "NtQueryTimer", TIMER, "h0bnb", 16, true },
	{ "NtSetIoCompletion", PORT, "h0000", 0, true },
	{ "NtRemoveIoCompletion", PORT, "hbbbb", 0, true },
	{ "NtRemoveIoCompletionEx", PORT, "hbnbb0", 1, true },
	{ "NtQueryIoCompletion", PORT, "h0bnb", 4, true },
	{ "NtReleaseKeyedEvent", KEYED_EVENT, "hb0b", 0, true },
	{ "NtWaitForKeyedEvent", KEYED_EVENT, "hb0b", 0, true },
	{ "NtFlushBuffersFile", FILE_KIND, "hb", 0, false },
	{ "NtSuspendProcess", PROCESS, "h", 0, true },
	{ "NtResumeProcess", PROCESS, "h", 0, true },
	{ "NtReadVirtualMemory", PROCESS, "hbbnb", 8, true },
	{ "NtWriteVirtualMemory", PROCESS, "hbbnb", 8, true },
	{ "NtOpenProcessToken", PROCESS, "hnb", 8, false },
	{ "NtOpenProcessTokenEx", PROCESS, "hn0b", 8, false },
	{ "NtSuspendThread", THREAD, "hb", 0, true },
	{ "NtResumeThread", THREAD, "hb", 0, true },
	{ "NtAlertResumeThread", THREAD, "hb", 0, true },
	{ "NtTerminateThread", THREAD, "h0", 0, true },
	{ "NtQueueApcThread", THREAD, "hb000", 0, true },
	{ "NtGetContextThread", THREAD, "hb", 0, true },
	{ "NtOpenThreadToken", THREAD, "hn0b", 8, false },
	{ "NtOpenThreadTokenEx", THREAD, "hn00b", 8, false },
	{ "NtQueryInformationToken", TOKEN, "hnbnb", 8, true },
	{ "NtAdjustPrivilegesToken", TOKEN, "hnbnbb", 1, true },
	{ "NtDuplicateToken", TOKEN, "hn00nb", 1, true },
};

static HANDLE objects[KINDS];
/* As a CONTEXT wants it. */
static char buffer[2048] __attribute__((aligned(16)));

static DWORD WINAPI sleep_on(void *event)
{
	return WaitForSingleObject(event, INFINITE);
}

static void make_objects(HANDLE end)
{
	objects[EVENT] = CreateEventW(NULL, TRUE, FALSE, NULL);
	objects[MUTANT] = CreateMutexW(NULL, FALSE, NULL);
	objects[SEMAPHORE] = CreateSemaphoreW(NULL, 0, 9, NULL);
	objects[TIMER] = CreateWaitableTimerW(NULL, TRUE, NULL);
	objects[PORT] = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 1);
	objects[FILE_KIND] = CreateFileW(L"file.txt", GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_ALWAYS,
					 FILE_FLAG_DELETE_ON_CLOSE, NULL);
	objects[PROCESS] = process_with(PROCESS_ALL_ACCESS);
	objects[THREAD] = start_thread(sleep_on, end);
	OpenProcessToken(GetCurrentProcess(), TOKEN_ALL_ACCESS, &objects[TOKEN]);
}

static NTSTATUS call(const struct service *s, HANDLE handle)
{
	NTSTATUS (NTAPI *service)(uint64_t, ...) = (void *)GetProcAddress(GetModuleHandleW(L"ntdll.dll"), s->name);
	uint64_t a[7] = { 0 };

	memset(buffer, 0, sizeof(buffer));
	for (int i = 0; s->arguments[i]; i++) {
		switch (s->arguments[i]) {
		case 'h':
			a[i] = (uint64_t)handle;
			break;
		case 'b':
			a[i] = (uint64_t)buffer;
			break;
		case 'n':
			a[i] = s->number;
			break;
		default:
			break;
		}
	}
	return service(a[0], a[1], a[2], a[3], a[4], a[5], a[6]);
}

static void try(const struct service *s)
{
	HANDLE other = objects[s->kind == EVENT ? MUTANT : EVENT], weak = NULL;
	char what[80];

	snprintf(what, sizeof(what), "%s: no handle", s->name);
	report_status(what, call(s, NO_HANDLE));
	snprintf(what, sizeof(what), "%s: another kind", s->name);
	report_status(what, call(s, other));
	if (!s->needs_rights || !objects[s->kind])
		return;
	DuplicateHandle(GetCurrentProcess(), objects[s->kind], GetCurrentProcess(), &weak, READ_CONTROL, FALSE, 0);
	snprintf(what, sizeof(what), "%s: no rights", s->name);
	report_status(what, call(s, weak));
	CloseHandle(weak);
}

static void waits(void)
{
	HANDLE weak = NULL, pair[2] = { objects[EVENT], NO_HANDLE };
	LARGE_INTEGER now = { .QuadPart = 0 };

	DuplicateHandle(GetCurrentProcess(), objects[EVENT], GetCurrentProcess(), &weak, READ_CONTROL, FALSE, 0);
	report_status("NtWaitForSingleObject: no handle", NtWaitForSingleObject(NO_HANDLE, FALSE, &now));
	report_status("NtWaitForSingleObject: no rights", NtWaitForSingleObject(weak, FALSE, &now));
	report_status("NtWaitForSingleObject: timeout nowhere", NtWaitForSingleObject(objects[EVENT], FALSE, NOWHERE));
	report_status("NtWaitForMultipleObjects: no handle", NtWaitForMultipleObjects(2, pair, 1, FALSE, &now));
	report_status("NtWaitForMultipleObjects: too many", NtWaitForMultipleObjects(65, pair, 1, FALSE, &now));
	report_status("NtWaitForMultipleObjects: none", NtWaitForMultipleObjects(0, pair, 1, FALSE, &now));
	report_status("NtSignalAndWaitForSingleObject: nothing to signal",
		      NtSignalAndWaitForSingleObject(NO_HANDLE, objects[EVENT], FALSE, &now));
	report_status("NtSignalAndWaitForSingleObject: nothing to wait for",
		      NtSignalAndWaitForSingleObject(objects[EVENT], NO_HANDLE, FALSE, &now));
	report_status("NtDelayExecution: nowhere", NtDelayExecution(FALSE, NOWHERE));
	CloseHandle(weak);
}

static void duplicates(void)
{
	HANDLE copy, me = GetCurrentProcess(), weak = process_with(PROCESS_QUERY_LIMITED_INFORMATION), event = objects[EVENT];

	report_status("NtDuplicateObject: no handle", NtDuplicateObject(me, NO_HANDLE, me, &copy, 0, 0, 2));
	report_status("NtDuplicateObject: no source process", NtDuplicateObject(NO_HANDLE, event, me, &copy, 0, 0, 2));
	report_status("NtDuplicateObject: no target process", NtDuplicateObject(me, event, NO_HANDLE, &copy, 0, 0, 2));
	report_status("NtDuplicateObject: a process that is an event", NtDuplicateObject(event, event, me, &copy, 0, 0, 2));
	report_status("NtDuplicateObject: without PROCESS_DUP_HANDLE", NtDuplicateObject(weak, event, me, &copy, 0, 0, 2));
	report_status("NtDuplicateObject: to nowhere", NtDuplicateObject(me, event, me, NOWHERE, 0, 0, 2));
	CloseHandle(weak);
}

int main(void)
{
	HANDLE end = an_event();

	make_objects(end);
	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
		try(&services[i]);
	waits();
	duplicates();
	SetEvent(end);
	join_thread(objects[THREAD]);
	return 0;
}
