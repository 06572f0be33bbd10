/* Wait for console events and tell them; the second one ends it. */
#include <stdio.h>
#include <windows.h>

static HANDLE told;

static BOOL WINAPI handle(DWORD event)
{
	printf("event %lu\n", event);
	fflush(stdout);
	SetEvent(told);
	return TRUE;
}

int main(void)
{
	told = CreateEventW(NULL, FALSE, FALSE, NULL);
	SetConsoleCtrlHandler(handle, TRUE);
	printf("ready\n");
	fflush(stdout);
	WaitForSingleObject(told, INFINITE);
	printf("once\n");
	fflush(stdout);
	WaitForSingleObject(told, INFINITE);
	return 5;
}
