/* Waitable timers and timeouts. */
#include "nt.h"
#include "report.h"

typedef struct {
	LARGE_INTEGER remaining;
	BOOLEAN is_signalled;
} timer_info;

static LARGE_INTEGER in_ms(int ms)
{
	return (LARGE_INTEGER){ .QuadPart = -10000ll * ms };
}

static void CALLBACK apc(void *arg, DWORD low, DWORD high)
{
	report("timer's apc", "%d has a time: %d", *(int *)arg, low || high);
}

static void test_kinds(void)
{
	HANDLE manual = report_handle("manual", CreateWaitableTimerW(NULL, TRUE, NULL));
	HANDLE automatic = report_handle("auto", CreateWaitableTimerW(NULL, FALSE, NULL));
	LARGE_INTEGER soon = in_ms(10);

	report_wait("not set", WaitForSingleObject(manual, SHORT_MS));
	report_bool("set manual", SetWaitableTimer(manual, &soon, 0, NULL, NULL, FALSE));
	report_wait("manual", WaitForSingleObject(manual, SOON_MS));
	report_wait("manual again", WaitForSingleObject(manual, 0));
	report_bool("set auto", SetWaitableTimer(automatic, &soon, 0, NULL, NULL, FALSE));
	report_wait("auto", WaitForSingleObject(automatic, SOON_MS));
	report_wait("auto again", WaitForSingleObject(automatic, SHORT_MS * 2));
	soon = in_ms(SOON_MS);
	report_bool("set manual far away", SetWaitableTimer(manual, &soon, 0, NULL, NULL, FALSE));
	report_wait("that resets it", WaitForSingleObject(manual, 0));
	report_bool("cancel", CancelWaitableTimer(manual));
	report_bool("cancel again", CancelWaitableTimer(manual));
	report_wait("cancelled", WaitForSingleObject(manual, SHORT_MS));
	CloseHandle(manual);
	CloseHandle(automatic);
}

static void test_period(void)
{
	HANDLE timer = CreateWaitableTimerW(NULL, FALSE, NULL);
	LARGE_INTEGER soon = in_ms(5);
	int i;

	report_bool("set with a period", SetWaitableTimer(timer, &soon, 5, NULL, NULL, FALSE));
	for (i = 0; i < 4; i++)
		report_wait("tick", WaitForSingleObject(timer, SOON_MS));
	report_bool("cancel", CancelWaitableTimer(timer));
	WaitForSingleObject(timer, 0);
	report_wait("no tick", WaitForSingleObject(timer, SHORT_MS * 2));
	report("negative period", "%s", SetWaitableTimer(timer, &soon, -1, NULL, NULL, FALSE) ? "ok" : "refused");
	CloseHandle(timer);
}

static void test_absolute_times(void)
{
	HANDLE timer = CreateWaitableTimerW(NULL, TRUE, NULL);
	LARGE_INTEGER at;
	FILETIME now;

	GetSystemTimeAsFileTime(&now);
	at.QuadPart = ((LONGLONG)now.dwHighDateTime << 32 | now.dwLowDateTime) + 20 * 10000;
	report_bool("in 20 ms", SetWaitableTimer(timer, &at, 0, NULL, NULL, FALSE));
	report_wait("it comes", WaitForSingleObject(timer, SOON_MS));
	at.QuadPart = 1;
	report_bool("in 1601", SetWaitableTimer(timer, &at, 0, NULL, NULL, FALSE));
	report_wait("it has come", WaitForSingleObject(timer, SOON_MS));
	at.QuadPart = 0;
	report_bool("at once", SetWaitableTimer(timer, &at, 0, NULL, NULL, FALSE));
	report_wait("it has come", WaitForSingleObject(timer, SOON_MS));
	CloseHandle(timer);
}

static void test_apcs(void)
{
	HANDLE timer = CreateWaitableTimerW(NULL, FALSE, NULL);
	LARGE_INTEGER soon = in_ms(5);
	int first = 1, second = 2;

	report_bool("with an apc", SetWaitableTimer(timer, &soon, 0, apc, &first, FALSE));
	report("sleep", "%lu", SleepEx(SOON_MS, TRUE));
	report_wait("it is signalled too", WaitForSingleObject(timer, 0));
	report_bool("again", SetWaitableTimer(timer, &soon, 0, apc, &second, FALSE));
	report_wait("a plain wait runs no apc", WaitForSingleObject(timer, SOON_MS));
	report("sleep", "%lu", SleepEx(0, TRUE));
	report_bool("again", SetWaitableTimer(timer, &soon, 0, apc, &first, FALSE));
	report_bool("cancel", CancelWaitableTimer(timer));
	report("sleep", "%lu", SleepEx(SHORT_MS * 2, TRUE));
	CloseHandle(timer);
}

static void test_native(void)
{
	LARGE_INTEGER far_away = in_ms(SOON_MS);
	HANDLE timer = NULL;
	BOOLEAN was = 9;
	timer_info info;
	ULONG len = 0;

	report_status("a type that is none", NtCreateTimer(&timer, TIMER_ALL_ACCESS, NULL, 7));
	report_status("create", NtCreateTimer(&timer, TIMER_ALL_ACCESS, NULL, 0));
	report_status("set", NtSetTimer(timer, &far_away, NULL, NULL, FALSE, 0, &was));
	report("was", "%d", was);
	report_status("query", NtQueryTimer(timer, 0, &info, sizeof(info), &len));
	report("query", "%lu bytes, signalled %d, time left %d", len, info.is_signalled, info.remaining.QuadPart > 0);
	report_status("query into too little", NtQueryTimer(timer, 0, &info, 4, &len));
	report_status("another class", NtQueryTimer(timer, 3, &info, sizeof(info), &len));
	was = 9;
	report_status("cancel", NtCancelTimer(timer, &was));
	report("was", "%d", was);
	report_status("no time", NtSetTimer(timer, NULL, NULL, NULL, FALSE, 0, &was));
	NtClose(timer);
	report_status("cancel a closed one", NtCancelTimer(timer, NULL));
}

static void test_names_and_access(void)
{
	HANDLE timer = report_handle("create", CreateWaitableTimerW(NULL, TRUE, L"albireo-timer")), other;
	LARGE_INTEGER soon = in_ms(1);

	other = report_handle("open for waits", OpenWaitableTimerW(SYNCHRONIZE, FALSE, L"albireo-timer"));
	report_bool("set", SetWaitableTimer(other, &soon, 0, NULL, NULL, FALSE));
	report_bool("cancel", CancelWaitableTimer(other));
	CloseHandle(other);
	other = report_handle("open for changes", OpenWaitableTimerW(TIMER_MODIFY_STATE, FALSE, L"albireo-timer"));
	report_bool("set", SetWaitableTimer(other, &soon, 0, NULL, NULL, FALSE));
	report_wait("wait", WaitForSingleObject(other, 0));
	CloseHandle(other);
	report_wait("wait by the first", WaitForSingleObject(timer, SOON_MS));
	report_handle("an event of that name", CreateEventW(NULL, FALSE, FALSE, L"albireo-timer"));
	CloseHandle(timer);
}

static void test_delays(void)
{
	LARGE_INTEGER delay = in_ms(SHORT_MS), before, after, frequency;
	LONGLONG ms;

	QueryPerformanceFrequency(&frequency);
	QueryPerformanceCounter(&before);
	report_status("delay", NtDelayExecution(FALSE, &delay));
	QueryPerformanceCounter(&after);
	ms = (after.QuadPart - before.QuadPart) * 1000 / frequency.QuadPart;
	report("long enough", "%d", ms + 1 >= (LONGLONG)SHORT_MS);
	report("not much too long", "%d", ms < SOON_MS);
	Sleep(0);
	report("sleep, alertable", "%lu", SleepEx(1, TRUE));
	report("frequency", "%d", frequency.QuadPart > 0);
	report("ticks go on", "%d", GetTickCount64() > 0);
}

int main(void)
{
	test_kinds();
	test_period();
	test_absolute_times();
	test_apcs();
	test_native();
	test_names_and_access();
	test_delays();
	return 0;
}
