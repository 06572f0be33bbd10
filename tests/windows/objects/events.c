/* Events: both kinds, names, and all that can happen to a wait. */
#include "nt.h"
#include "report.h"

static nt_event_info query(HANDLE event)
{
	nt_event_info info = { -1, -1 };

	NtQueryEvent(event, 0, &info, sizeof(info), NULL);
	return info;
}

static void test_manual_and_auto(void)
{
	HANDLE manual = report_handle("manual", CreateEventW(NULL, TRUE, FALSE, NULL));
	HANDLE automatic = report_handle("auto", CreateEventW(NULL, FALSE, TRUE, NULL));

	report("manual is", "type %ld state %ld", query(manual).type, query(manual).state);
	report("auto is", "type %ld state %ld", query(automatic).type, query(automatic).state);
	report_wait("manual, not set", WaitForSingleObject(manual, 0));
	report_wait("auto, set at first", WaitForSingleObject(automatic, 0));
	report_wait("auto, consumed", WaitForSingleObject(automatic, 0));
	report_bool("set manual", SetEvent(manual));
	report_wait("manual", WaitForSingleObject(manual, 0));
	report_wait("manual again", WaitForSingleObject(manual, SHORT_MS));
	report_bool("reset manual", ResetEvent(manual));
	report_wait("manual after reset", WaitForSingleObject(manual, 0));
	report_bool("pulse manual", PulseEvent(manual));
	report_wait("manual after pulse", WaitForSingleObject(manual, 0));
	CloseHandle(manual);
	CloseHandle(automatic);
}

static void test_native_previous_state(void)
{
	HANDLE event = NULL;
	LONG previous = -1;

	report_status("NtCreateEvent", NtCreateEvent(&event, EVENT_ALL_ACCESS, NULL, 0, FALSE));
	report_status("NtSetEvent", NtSetEvent(event, &previous));
	report("was", "%ld", previous);
	report_status("NtSetEvent again", NtSetEvent(event, &previous));
	report("was", "%ld", previous);
	report_status("NtResetEvent", NtResetEvent(event, &previous));
	report("was", "%ld", previous);
	report_status("NtClearEvent", NtClearEvent(event));
	report_status("NtPulseEvent", NtPulseEvent(event, &previous));
	report("was", "%ld", previous);
	report_status("NtClose", NtClose(event));
	report_status("NtClose again", NtClose(event));
	report_status("NtSetEvent of a closed handle", NtSetEvent(event, NULL));
}

static void test_native_arguments(void)
{
	HANDLE event = NULL;
	nt_event_info info;
	ULONG len = 0;

	report_status("a type that is none", NtCreateEvent(&event, EVENT_ALL_ACCESS, NULL, 2, FALSE));
	report_status("no place for the handle", NtCreateEvent(NULL, EVENT_ALL_ACCESS, NULL, 0, FALSE));
	report_status("create", NtCreateEvent(&event, EVENT_ALL_ACCESS, NULL, 1, TRUE));
	report_status("query", NtQueryEvent(event, 0, &info, sizeof(info), &len));
	report("length", "%lu", len);
	report_status("query into too little", NtQueryEvent(event, 0, &info, sizeof(info) - 1, NULL));
	report_status("query of another class", NtQueryEvent(event, 1, &info, sizeof(info), NULL));
	NtClose(event);
	report_status("set of NULL", NtSetEvent(NULL, NULL));
	report_status("set of this process", NtSetEvent(GetCurrentProcess(), NULL));
}

static void test_access(void)
{
	HANDLE event = CreateEventW(NULL, TRUE, TRUE, NULL), only_wait = NULL, only_modify = NULL;
	nt_event_info info;

	report_bool("duplicate for waits", DuplicateHandle(GetCurrentProcess(), event, GetCurrentProcess(), &only_wait,
							   SYNCHRONIZE, FALSE, 0));
	report_bool("duplicate for changes", DuplicateHandle(GetCurrentProcess(), event, GetCurrentProcess(),
							     &only_modify, EVENT_MODIFY_STATE, FALSE, 0));
	report_wait("wait by the first", WaitForSingleObject(only_wait, 0));
	report_bool("set by the first", SetEvent(only_wait));
	report_status("query by the first", NtQueryEvent(only_wait, 0, &info, sizeof(info), NULL));
	report_wait("wait by the second", WaitForSingleObject(only_modify, 0));
	report_bool("reset by the second", ResetEvent(only_modify));
	report_wait("the event", WaitForSingleObject(event, 0));
	CloseHandle(only_wait);
	CloseHandle(only_modify);
	CloseHandle(event);
}

static void test_names(void)
{
	HANDLE first = report_handle("create by name", CreateEventW(NULL, TRUE, TRUE, L"albireo-event")), second, other;

	SetLastError(0);
	second = report_handle("create again", CreateEventW(NULL, FALSE, FALSE, L"albireo-event"));
	report("it said", "%lu", GetLastError());
	report("the second is", "type %ld state %ld", query(second).type, query(second).state);
	other = report_handle("open", OpenEventW(SYNCHRONIZE, FALSE, L"albireo-event"));
	report_handle("open in other letters", OpenEventW(SYNCHRONIZE, FALSE, L"ALBIREO-EVENT"));
	report_handle("open what is not there", OpenEventW(SYNCHRONIZE, FALSE, L"albireo-none"));
	report_handle("a mutant of that name", CreateMutexW(NULL, FALSE, L"albireo-event"));
	report_handle("open as a semaphore", OpenSemaphoreW(SYNCHRONIZE, FALSE, L"albireo-event"));
	CloseHandle(first);
	CloseHandle(second);
	report_wait("by the last handle", WaitForSingleObject(other, 0));
	CloseHandle(other);
	report_handle("open after the last close", OpenEventW(SYNCHRONIZE, FALSE, L"albireo-event"));
	report_handle("local name", first = CreateEventW(NULL, TRUE, FALSE, L"Local\\albireo-local"));
	report_handle("without its prefix", second = OpenEventW(SYNCHRONIZE, FALSE, L"albireo-local"));
	report_handle("a folder that is not there", CreateEventW(NULL, TRUE, FALSE, L"none\\event"));
	CloseHandle(first);
	CloseHandle(second);
}

struct waiter {
	HANDLE event;
	DWORD result;
};

static DWORD WINAPI wait_for_it(void *arg)
{
	struct waiter *waiter = arg;

	about_to_wait();
	waiter->result = WaitForSingleObject(waiter->event, SOON_MS);
	return 0;
}

static void test_set_wakes_waiters(BOOL is_manual, const char *what)
{
	struct waiter waiters[3];
	HANDLE threads[3], event = CreateEventW(NULL, is_manual, FALSE, NULL);
	int i;

	for (i = 0; i < 3; i++) {
		waiters[i].event = event;
		threads[i] = start_thread(wait_for_it, &waiters[i]);
	}
	let_threads_wait(3);
	SetEvent(event);
	if (!is_manual) {
		report_wait("one of three ends", WaitForMultipleObjects(3, threads, FALSE, SOON_MS) < 3 ? 0 : WAIT_FAILED);
		report_wait("not all", WaitForMultipleObjects(3, threads, TRUE, SHORT_MS));
		SetEvent(event);
		Sleep(SHORT_MS);
		SetEvent(event);
		while (WaitForMultipleObjects(3, threads, TRUE, SHORT_MS) == WAIT_TIMEOUT)
			SetEvent(event);
	}
	for (i = 0; i < 3; i++) {
		join_thread(threads[i]);
		report_wait(what, waiters[i].result);
	}
	CloseHandle(event);
}

static void test_close_while_waited_on(void)
{
	struct waiter waiter = { CreateEventW(NULL, TRUE, FALSE, NULL), 0 };
	HANDLE thread, keep = NULL;

	DuplicateHandle(GetCurrentProcess(), waiter.event, GetCurrentProcess(), &keep, 0, FALSE, DUPLICATE_SAME_ACCESS);
	thread = start_thread(wait_for_it, &waiter);
	let_threads_wait(1);
	report_bool("close a handle that is waited on", CloseHandle(waiter.event));
	report_bool("set by another handle", SetEvent(keep));
	join_thread(thread);
	report_wait("the waiter", waiter.result);
	CloseHandle(keep);
}

static void test_many(void)
{
	HANDLE events[3] = { CreateEventW(NULL, FALSE, FALSE, NULL), CreateEventW(NULL, FALSE, TRUE, NULL),
			     CreateEventW(NULL, FALSE, TRUE, NULL) };
	HANDLE too_many[MAXIMUM_WAIT_OBJECTS + 1];
	int i;

	report_wait("any: the lowest", WaitForMultipleObjects(3, events, FALSE, 0));
	report_wait("any: the next", WaitForMultipleObjects(3, events, FALSE, 0));
	report_wait("any: none is left", WaitForMultipleObjects(3, events, FALSE, 0));
	SetEvent(events[0]);
	SetEvent(events[1]);
	report_wait("all: one lacks", WaitForMultipleObjects(3, events, TRUE, SHORT_MS));
	report_wait("and none was consumed", WaitForMultipleObjects(2, events, TRUE, 0));
	report_wait("all but once", WaitForMultipleObjects(2, events, TRUE, 0));
	for (i = 0; i <= MAXIMUM_WAIT_OBJECTS; i++)
		too_many[i] = events[0];
	report_wait("65 objects", WaitForMultipleObjects(MAXIMUM_WAIT_OBJECTS + 1, too_many, FALSE, 0));
	report_wait("no objects", WaitForMultipleObjects(0, events, FALSE, 0));
	CloseHandle(events[2]);
	report_wait("with a closed one", WaitForMultipleObjects(3, events, FALSE, 0));
	CloseHandle(events[0]);
	CloseHandle(events[1]);
}

static void NTAPI apc(ULONG_PTR arg)
{
	report("apc", "%lu", (unsigned long)arg);
}

static void test_alertable(void)
{
	HANDLE event = CreateEventW(NULL, FALSE, FALSE, NULL);
	LARGE_INTEGER now = { .QuadPart = 0 };

	QueueUserAPC(apc, GetCurrentThread(), 1);
	QueueUserAPC(apc, GetCurrentThread(), 2);
	report_wait("not alertable", WaitForSingleObject(event, 0));
	report_wait("alertable", WaitForSingleObjectEx(event, SOON_MS, TRUE));
	report_wait("alertable, nothing queued", WaitForSingleObjectEx(event, SHORT_MS, TRUE));
	QueueUserAPC(apc, GetCurrentThread(), 3);
	SetEvent(event);
	report_wait("both", WaitForSingleObjectEx(event, SOON_MS, TRUE));
	report_wait("then", WaitForSingleObjectEx(event, 0, TRUE));
	report_status("native timeout", NtWaitForSingleObject(event, FALSE, &now));
	CloseHandle(event);
}

static void test_signal_and_wait(void)
{
	HANDLE event = CreateEventW(NULL, FALSE, FALSE, NULL), other = CreateEventW(NULL, FALSE, TRUE, NULL);

	report_wait("signal and wait", SignalObjectAndWait(event, other, SOON_MS, FALSE));
	report_wait("the first is set", WaitForSingleObject(event, 0));
	report_wait("the second was consumed", SignalObjectAndWait(event, other, 0, FALSE));
	report_wait("signal what cannot be", SignalObjectAndWait(GetCurrentThread(), other, 0, FALSE));
	CloseHandle(event);
	CloseHandle(other);
}

int main(void)
{
	test_manual_and_auto();
	test_native_previous_state();
	test_native_arguments();
	test_access();
	test_names();
	test_set_wakes_waiters(TRUE, "waiter of a manual event");
	test_set_wakes_waiters(FALSE, "waiter of an auto event");
	test_close_while_waited_on();
	test_many();
	test_alertable();
	test_signal_and_wait();
	return 0;
}
