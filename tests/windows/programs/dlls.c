/* A DLL of ours that is linked, the same by name and ordinal, and ones that are not there. */
#include <stdio.h>
#include <windows.h>

__declspec(dllimport) extern int shape_count;
__declspec(dllimport) double shape_area(double side);
__declspec(dllimport) int shape_calls(void);

static DWORD WINAPI call_it(void *arg)
{
	printf("in a thread: %g, %d calls\n", shape_area(2), shape_calls());
	fflush(stdout);
	return 0;
}

static void show_loading(const char *name)
{
	HMODULE module;

	SetErrorMode(SEM_FAILCRITICALERRORS);
	module = LoadLibraryA(name);
	printf("%s: %s, error %lu\n", name, module ? "loaded" : "not loaded", module ? 0 : GetLastError());
	fflush(stdout);
	if (module)
		FreeLibrary(module);
}

static void make_broken_dll(void)
{
	HANDLE file = CreateFileW(L"broken.dll", GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
	DWORD done;

	WriteFile(file, "MZ and no more", 14, &done, NULL);
	CloseHandle(file);
	show_loading(".\\broken.dll");
	DeleteFileW(L"broken.dll");
}

int main(void)
{
	HMODULE module = GetModuleHandleW(L"AID-SHAPES"), same;
	DWORD (WINAPI *time)(void);
	char path[MAX_PATH], *name;
	HANDLE thread;

	printf("linked: %g, %d, %d calls\n", shape_area(1.5), shape_count, shape_calls());
	shape_count++;
	printf("by name: %d\n", *(int *)GetProcAddress(module, "shape_count"));
	printf("by ordinal: %d\n", (void *)GetProcAddress(module, (LPCSTR)10) == (void *)GetProcAddress(module, "shape_area"));
	time = (DWORD (WINAPI *)(void))GetProcAddress(module, "shape_time");
	printf("forwarded: %d\n", time == GetTickCount || time() - GetTickCount() < 60000);
	printf("not there: %d", GetProcAddress(module, "shape_none") == NULL);
	printf(" error %lu\n", GetLastError());
	fflush(stdout);
	thread = CreateThread(NULL, 0, call_it, NULL, 0, NULL);
	WaitForSingleObject(thread, INFINITE);
	CloseHandle(thread);
	same = LoadLibraryW(L"aid-shapes.dll");
	printf("the same: %d\n", same == module);
	FreeLibrary(same);
	GetModuleFileNameA(module, path, sizeof(path));
	name = strrchr(path, '\\');
	printf("path ends with: %s\n", name ? name + 1 : path);
	show_loading("none.dll");
	show_loading("c:\\none\\none.dll");
	show_loading("version.dll");
	make_broken_dll();
	printf("as data: %d\n", LoadLibraryExW(L"aid-shapes.dll", NULL, LOAD_LIBRARY_AS_DATAFILE) != NULL);
	printf("no threads: %d\n", DisableThreadLibraryCalls(module));
	fflush(stdout);
	return 0;
}
