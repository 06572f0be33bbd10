/* Clocks, calendars and their conversions. */
#include <stdio.h>
#include <time.h>
#include <windows.h>

static ULONGLONG as_number(FILETIME time)
{
	return (ULONGLONG)time.dwHighDateTime << 32 | time.dwLowDateTime;
}

static void show(const char *what, const SYSTEMTIME *time)
{
	printf("%s: %u-%02u-%02u (%u) %02u:%02u:%02u.%03u\n", what, time->wYear, time->wMonth, time->wDay, time->wDayOfWeek,
	       time->wHour, time->wMinute, time->wSecond, time->wMilliseconds);
}

static void test_conversions(void)
{
	static const FILETIME times[] = { { 0, 0 }, { 0xd53e8000, 0x019db1de }, { 0x12345678, 0x01d00000 }, { 0, 0x02ffffff } };
	SYSTEMTIME system, wrong = { .wYear = 2023, .wMonth = 13, .wDay = 1 };
	FILETIME back;
	WORD date, hour;
	size_t i;

	for (i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		FileTimeToSystemTime(&times[i], &system);
		show("time", &system);
		SystemTimeToFileTime(&system, &back);
		printf("back: %d ms away\n", (int)((as_number(times[i]) - as_number(back)) / 10000));
	}
	printf("a month that is none: %d", SystemTimeToFileTime(&wrong, &back));
	printf(" error %lu\n", GetLastError());
	FileTimeToDosDateTime(&times[2], &date, &hour);
	printf("dos: %04x %04x\n", date, hour);
}

static void test_running_clocks(void)
{
	LARGE_INTEGER frequency, before, after;
	ULONGLONG ticks = GetTickCount64();
	FILETIME start, now, precise;
	time_t seconds;

	QueryPerformanceFrequency(&frequency);
	QueryPerformanceCounter(&before);
	GetSystemTimeAsFileTime(&start);
	Sleep(30);
	QueryPerformanceCounter(&after);
	GetSystemTimeAsFileTime(&now);
	GetSystemTimePreciseAsFileTime(&precise);
	time(&seconds);
	printf("performance counter: %d\n", (after.QuadPart - before.QuadPart) * 1000 / frequency.QuadPart >= 28);
	printf("system time: %d\n", as_number(now) - as_number(start) >= 280000);
	printf("ticks: %d\n", GetTickCount64() - ticks >= 15);
	printf("precise is near: %d\n", as_number(precise) + 10000000 > as_number(now));
	printf("time() agrees: %d\n", llabs((long long)seconds - (long long)(as_number(now) / 10000000 - 11644473600ull)) <= 2);
	printf("this century: %d\n", as_number(now) > 0x01c00000ull << 32);
}

static void test_c_library(void)
{
	time_t fixed = 1234567890;
	struct tm utc = *gmtime(&fixed), changed = { .tm_year = 109, .tm_mon = 13, .tm_mday = 40, .tm_hour = 25 };
	char text[64];

	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S %A %B %j %U", &utc);
	printf("%s\n", text);
	printf("asctime: %s", asctime(&utc));
	printf("normalised: %d", mktime(&changed) != -1);
	printf(" %d-%d-%d %d\n", changed.tm_year, changed.tm_mon, changed.tm_mday, changed.tm_hour);
	printf("difference: %g\n", difftime(fixed + 5, fixed));
	printf("before 1970: %d\n", gmtime(&(time_t){ -1 }) == NULL);
	printf("clock runs: %d\n", clock() >= 0);
}

static void test_formats(void)
{
	SYSTEMTIME time = { .wYear = 2009, .wMonth = 2, .wDay = 13, .wHour = 23, .wMinute = 31, .wSecond = 30 };
	char text[64];

	GetDateFormatA(LOCALE_INVARIANT, 0, &time, "dddd, d MMMM yyyy", text, sizeof(text));
	printf("date: %s\n", text);
	GetTimeFormatA(LOCALE_INVARIANT, 0, &time, "HH:mm:ss tt", text, sizeof(text));
	printf("time: %s\n", text);
}

static void test_process_times(void)
{
	FILETIME created, ended, kernel, user, now;
	volatile unsigned int work;

	for (work = 0; work < 50000000; work++)
		;
	GetSystemTimeAsFileTime(&now);
	printf("process times: %d\n", GetProcessTimes(GetCurrentProcess(), &created, &ended, &kernel, &user));
	printf("created before now: %d\n", as_number(created) <= as_number(now));
	printf("worked: %d\n", as_number(kernel) + as_number(user) > 0);
}

int main(void)
{
	test_conversions();
	test_running_clocks();
	test_c_library();
	test_formats();
	test_process_times();
	return 0;
}
