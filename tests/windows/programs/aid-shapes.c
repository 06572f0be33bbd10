/* A DLL of ours: data, functions, a forwarder, and it tells what happens to it. */
#include <stdio.h>
#include <windows.h>

__declspec(dllexport) int shape_count = 3;
static __thread int calls;

__declspec(dllexport) double shape_area(double side);
__declspec(dllexport) int shape_calls(void);

double shape_area(double side)
{
	calls++;
	return side * side;
}

int shape_calls(void)
{
	return calls;
}

static void WINAPI tls_callback(void *module, DWORD reason, void *reserved)
{
	printf("tls callback: %lu\n", reason);
	fflush(stdout);
}

__attribute__((section(".CRT$XLC"), used)) static const PIMAGE_TLS_CALLBACK entry = tls_callback;

BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, void *reserved);

BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, void *reserved)
{
	static const char *const names[] = { "process detach", "process attach", "thread attach", "thread detach" };

	printf("shapes: %s%s\n", names[reason], reserved ? " (static)" : "");
	fflush(stdout);
	return TRUE;
}
