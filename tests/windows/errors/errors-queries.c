/* errors/errors-queries.c: system, process, thread, clocks and languages queried wrongly; handles closed wrongly. */
#include "errors.h"

NTSTATUS NTAPI NtQueryPerformanceCounter(LARGE_INTEGER *, LARGE_INTEGER *);
NTSTATUS NTAPI NtQueryDefaultLocale(BOOLEAN, LCID *);
NTSTATUS NTAPI NtQueryDefaultUILanguage(LANGID *);
NTSTATUS NTAPI NtQueryInstallUILanguage(LANGID *);
NTSTATUS NTAPI NtGetNlsSectionPtr(ULONG, ULONG, void *, void **, SIZE_T *);
NTSTATUS NTAPI NtQueryObject(HANDLE, OBJECT_INFORMATION_CLASS, void *, ULONG, ULONG *);

static void processes(void)
{
	HANDLE me = GetCurrentProcess(), event = an_event(), weak = process_with(SYNCHRONIZE);
	char info[256];

	report_status("process: no such process", NtQueryInformationProcess(NO_HANDLE, 0, info, 48, NULL));
	report_status("process: an event", NtQueryInformationProcess(event, 0, info, 48, NULL));
	report_status("process: without the right", NtQueryInformationProcess(weak, 0, info, 48, NULL));
	report_status("process: too short", NtQueryInformationProcess(me, 0, info, 47, NULL));
	report_status("process: too long", NtQueryInformationProcess(me, 0, info, 64, NULL));
	report_status("process: no such class", NtQueryInformationProcess(me, 2000, info, 48, NULL));
	report_status("process: answer nowhere", NtQueryInformationProcess(me, 0, NOWHERE, 48, NULL));
	report_status("process: end of no process", NtTerminateProcess(NO_HANDLE, 0));
	report_status("process: end of an event", NtTerminateProcess(event, 0));
	report_status("process: end without the right", NtTerminateProcess(weak, 0));
	CloseHandle(weak);
	CloseHandle(event);
}

static void threads(void)
{
	HANDLE event = an_event();
	char info[64];

	report_status("thread: no such thread", NtQueryInformationThread(NO_HANDLE, 0, info, 48, NULL));
	report_status("thread: an event", NtQueryInformationThread(event, 0, info, 48, NULL));
	CloseHandle(event);
}

static void the_system(void)
{
	LARGE_INTEGER time;
	char info[64];
	LANGID language;
	LCID locale;

	report_status("system: too short", NtQuerySystemInformation(0, info, 8, NULL));
	report_status("system: no such class", NtQuerySystemInformation(2000, info, 64, NULL));
	report_status("system: answer nowhere", NtQuerySystemInformation(0, NOWHERE, 64, NULL));
	report_status("time: nowhere", NtQuerySystemTime(NOWHERE));
	report_status("counter: nowhere", NtQueryPerformanceCounter(NOWHERE, NULL));
	report_status("counter: frequency nowhere", NtQueryPerformanceCounter(&time, NOWHERE));
	report_status("locale: nowhere", NtQueryDefaultLocale(TRUE, NOWHERE));
	report_status("locale", NtQueryDefaultLocale(TRUE, &locale));
	report_status("language: nowhere", NtQueryDefaultUILanguage(NOWHERE));
	report_status("language", NtQueryDefaultUILanguage(&language));
	report_status("installed language: nowhere", NtQueryInstallUILanguage(NOWHERE));
}

static void the_time_zone(void)
{
	DYNAMIC_TIME_ZONE_INFORMATION zone;
	ULONG length = 0;

	report_status("zone: too short", NtQuerySystemInformation(102, &zone, 4, &length));
	report("it needs", "%lu", length);
	report_status("zone", NtQuerySystemInformation(102, &zone, sizeof(zone), NULL));
	report("bias", "%ld %ld %ld", zone.Bias, zone.StandardBias, zone.DaylightBias);
	report_status("without its key: too short", NtQuerySystemInformation(44, &zone, 4, &length));
	report("it needs", "%lu", length);
}

static void tables(void)
{
	void *table;
	SIZE_T size;

	report_status("table: no such code page", NtGetNlsSectionPtr(11, 54321, NULL, &table, &size));
	report_refusal("table: no such kind", NtGetNlsSectionPtr(77, 0, NULL, &table, &size));
	report_status("table: no such form", NtGetNlsSectionPtr(12, 77, NULL, &table, &size));
}

static void handles(void)
{
	HANDLE event = an_event(), guarded = an_event();
	char info[64];

	report_status("object: no such handle", NtQueryObject(NO_HANDLE, 0, info, 56, NULL));
	report_status("object: too short", NtQueryObject(event, 0, info, 8, NULL));
	CloseHandle(event);
	report_status("close: no such handle", NtClose(NO_HANDLE));
	report_status("close: a handle that was closed", NtClose(event));
	report_status("close: nothing", NtClose(NULL));
	SetHandleInformation(guarded, HANDLE_FLAG_PROTECT_FROM_CLOSE, HANDLE_FLAG_PROTECT_FROM_CLOSE);
	report_status("close: what is protected", NtClose(guarded));
}

int main(void)
{
	processes();
	threads();
	the_system();
	the_time_zone();
	tables();
	handles();
	return 0;
}
