/* Sections: of the paging file, of files, of images; views and their protections. */
#include "nt.h"
#include "report.h"

#ifndef SEC_RESERVE
#define SEC_RESERVE 0x4000000
#endif
#define MAP_EXECUTABLE 0x1000000 /* SEC_IMAGE */

typedef struct {
	void *base;
	ULONG attributes;
	LARGE_INTEGER size;
} section_info;

static void show(const char *what, HANDLE section)
{
	section_info info = {0};
	NTSTATUS status = NtQuerySection(section, 0, &info, sizeof(info), NULL);

	report(what, "%#lx attributes %#lx size %#llx", (unsigned long)status, info.attributes,
	       (unsigned long long)info.size.QuadPart);
}

static void test_paging_file(void)
{
	HANDLE section = report_handle("create", CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 0x12345,
								    NULL));
	char *first, *second, *part;

	show("it is", section);
	first = MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, 0);
	second = MapViewOfFile(section, FILE_MAP_READ, 0, 0, 0);
	part = MapViewOfFile(section, FILE_MAP_READ, 0, 0x10000, 0x1000);
	report_bool("three views", first && second && part);
	report("fresh bytes", "%d %d", first[0], first[0x12344]);
	first[0] = 'a';
	first[0x10000] = 'b';
	report("seen by the others", "%c %c", second[0], part[0]);
	report_bool("closed", CloseHandle(section));
	report("views live on", "%c", second[0]);
	report_bool("unmap", UnmapViewOfFile(first));
	report_bool("unmap again", UnmapViewOfFile(first));
	report_bool("unmap by an inner address", UnmapViewOfFile(second + 0x1234));
	report_bool("unmap the part", UnmapViewOfFile(part));
}

static void test_arguments(void)
{
	HANDLE section;

	report_handle("size 0", CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 0, NULL));
	report_handle("no protection", CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, 0, 0, 0x1000, NULL));
	report_handle("two protections", CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READONLY | PAGE_READWRITE, 0,
							    0x1000, NULL));
	section = report_handle("read-only", CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READONLY, 0, 0x1000, NULL));
	report_bool("view for writes", MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, 0) != NULL);
	report_bool("view at an odd offset", MapViewOfFile(section, FILE_MAP_READ, 0, 0x800, 0) != NULL);
	report("view beyond the end", "%s", MapViewOfFile(section, FILE_MAP_READ, 0, 0x10000, 0) ? "ok" : "refused");
	report_bool("view that is too long", MapViewOfFile(section, FILE_MAP_READ, 0, 0, 0x2000) != NULL);
	CloseHandle(section);
	report_bool("view of a closed one", MapViewOfFile(section, FILE_MAP_READ, 0, 0, 0) != NULL);
}

static void test_names_and_access(void)
{
	HANDLE section = CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 0x2000, L"albireo-section");
	HANDLE other;
	char *view, *other_view;

	SetLastError(0);
	other = report_handle("create again, larger", CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0,
									 0x9000, L"albireo-section"));
	report("it said", "%lu", GetLastError());
	show("as it was", other);
	CloseHandle(other);
	other = report_handle("open for reads", OpenFileMappingW(FILE_MAP_READ, FALSE, L"albireo-section"));
	report_bool("view for writes", MapViewOfFile(other, FILE_MAP_WRITE, 0, 0, 0) != NULL);
	view = MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, 0);
	other_view = MapViewOfFile(other, FILE_MAP_READ, 0, 0, 0);
	view[5] = 'x';
	report("seen through the name", "%c", other_view[5]);
	UnmapViewOfFile(view);
	UnmapViewOfFile(other_view);
	CloseHandle(section);
	CloseHandle(other);
	report_handle("open after the last close", OpenFileMappingW(FILE_MAP_READ, FALSE, L"albireo-section"));
}

static wchar_t self[MAX_PATH];

/* Run this program again with @word and the number of @handle. */
static void run_child(const wchar_t *word, HANDLE handle)
{
	STARTUPINFOW startup = { .cb = sizeof(startup) };
	PROCESS_INFORMATION child = {0};
	wchar_t line[1024];
	DWORD code = 0;

	swprintf(line, 1024, L"\"%ls\" %ls %lu", self, word, (unsigned long)(ULONG_PTR)handle);
	report_bool("start", CreateProcessW(NULL, line, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &child));
	report_wait("child", WaitForSingleObject(child.hProcess, SOON_MS));
	GetExitCodeProcess(child.hProcess, &code);
	report("code", "%lu", code);
	CloseHandle(child.hProcess);
	CloseHandle(child.hThread);
}

static int be_child(const char *word, HANDLE handle)
{
	bool is_named = !strcmp(word, "named");
	HANDLE section = is_named ? OpenFileMappingW(FILE_MAP_WRITE, FALSE, L"albireo-shared") : handle;
	char *view = MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, 0);

	if (!view)
		return is_named ? 1 : 2;
	report("the child sees", "%s", view);
	strcpy(view, is_named ? "by name" : "by handle");
	return 0;
}

/* The same memory in two processes. */
static void test_sharing(void)
{
	SECURITY_ATTRIBUTES inherited = { sizeof(inherited), NULL, TRUE };
	HANDLE section = CreateFileMappingW(INVALID_HANDLE_VALUE, &inherited, PAGE_READWRITE, 0, 0x3000, L"albireo-shared");
	HANDLE private = CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 0x3000, NULL);
	char *view = MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, 0);

	strcpy(view, "from the parent");
	run_child(L"named", NULL);
	report("the parent sees", "%s", view);
	run_child(L"inherited", section);
	report("the parent sees", "%s", view);
	run_child(L"inherited", private);
	CloseHandle(section);
	report_handle("the name lives no longer than the handles", OpenFileMappingW(FILE_MAP_READ, FALSE, L"albireo-shared"));
	report("the view does", "%s", view);
	UnmapViewOfFile(view);
	CloseHandle(private);
}

static void test_flush(void)
{
	HANDLE section = CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 0x3000, NULL);
	char *view = MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, 0);

	report_bool("flush", FlushViewOfFile(view, 0));
	report_bool("flush a part", FlushViewOfFile(view + 0x1000, 0x1000));
	UnmapViewOfFile(view);
	report("flush what is no view", "%s", FlushViewOfFile(view, 0x1000) ? "ok" : "refused");
	CloseHandle(section);
}

static HANDLE make_file(const char *text)
{
	HANDLE file = CreateFileW(L"section.tmp", GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
				  CREATE_ALWAYS, FILE_FLAG_DELETE_ON_CLOSE, NULL);
	DWORD written;

	WriteFile(file, text, (DWORD)strlen(text), &written, NULL);
	return file;
}

static void test_file(void)
{
	HANDLE file = make_file("some bytes of a file"), section;
	char buf[32] = "", *view, *copy;
	DWORD got;

	section = report_handle("section of a file", CreateFileMappingW(file, NULL, PAGE_READWRITE, 0, 0, NULL));
	show("as long as the file", section);
	view = MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, 0);
	copy = MapViewOfFile(section, FILE_MAP_COPY, 0, 0, 0);
	report("view", "%.20s", view);
	report("behind the end", "%d", view[20]);
	copy[0] = 'C';
	report("a copy is private", "%.4s %.4s", view, copy);
	view[0] = 'S';
	report_bool("flush", FlushViewOfFile(view, 0));
	SetFilePointer(file, 0, NULL, FILE_BEGIN);
	report_bool("read", ReadFile(file, buf, 20, &got, NULL));
	report("file", "%s", buf);
	report_bool("cut the file", SetFilePointer(file, 5, NULL, FILE_BEGIN) == 5 && SetEndOfFile(file));
	UnmapViewOfFile(view);
	UnmapViewOfFile(copy);
	CloseHandle(section);
	report_bool("cut it without views", SetEndOfFile(file));
	CloseHandle(file);
}

static void test_file_sizes(void)
{
	HANDLE file = make_file(""), section;
	LARGE_INTEGER size;

	report_handle("section of an empty file", CreateFileMappingW(file, NULL, PAGE_READWRITE, 0, 0, NULL));
	section = report_handle("that makes it longer", CreateFileMappingW(file, NULL, PAGE_READWRITE, 0, 5000, NULL));
	GetFileSizeEx(file, &size);
	report("file", "%lld", size.QuadPart);
	CloseHandle(section);
	report_handle("read-only, too long", CreateFileMappingW(file, NULL, PAGE_READONLY, 0, 9000, NULL));
	CloseHandle(file);
	file = CreateFileW(L"section2.tmp", GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, FILE_FLAG_DELETE_ON_CLOSE, NULL);
	report_handle("of a file that cannot be read", CreateFileMappingW(file, NULL, PAGE_READWRITE, 0, 100, NULL));
	CloseHandle(file);
}

static void test_native_views(void)
{
	LARGE_INTEGER size = { .QuadPart = 0x30000 }, offset = { .QuadPart = 0x10000 };
	HANDLE section = NULL;
	void *base = NULL, *wrong = (void *)0x12345;
	SIZE_T len = 0;

	report_status("create", NtCreateSection(&section, SECTION_ALL_ACCESS, NULL, &size, PAGE_READWRITE, SEC_COMMIT, NULL));
	report_status("map", NtMapViewOfSection(section, GetCurrentProcess(), &base, 0, 0, &offset, &len, 2, 0,
						PAGE_READONLY));
	report("length", "%#llx", (unsigned long long)len);
	report_status("map there again", NtMapViewOfSection(section, GetCurrentProcess(), &base, 0, 0, &offset, &len, 2, 0,
							    PAGE_READONLY));
	len = 0;
	report_status("map at an odd address", NtMapViewOfSection(section, GetCurrentProcess(), &wrong, 0, 0, NULL, &len, 2,
								  0, PAGE_READONLY));
	report_status("unmap", NtUnmapViewOfSection(GetCurrentProcess(), base));
	report_status("unmap again", NtUnmapViewOfSection(GetCurrentProcess(), base));
	NtClose(section);
	report_status("no size", NtCreateSection(&section, SECTION_ALL_ACCESS, NULL, NULL, PAGE_READWRITE, SEC_COMMIT, NULL));
	report_status("no kind", NtCreateSection(&section, SECTION_ALL_ACCESS, NULL, &size, PAGE_READWRITE, 0, NULL));
}

static void test_reserved_section(void)
{
	HANDLE section = report_handle("reserved", CreateFileMappingW(INVALID_HANDLE_VALUE, NULL,
								      PAGE_READWRITE | SEC_RESERVE, 0, 0x40000, NULL));
	char *view = MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, 0), *other = MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, 0);
	MEMORY_BASIC_INFORMATION info;

	VirtualQuery(view, &info, sizeof(info));
	report("state", "%#lx type %#lx", info.State, info.Type);
	report_bool("commit a part", VirtualAlloc(view + 0x10000, 0x1000, MEM_COMMIT, PAGE_READWRITE) != NULL);
	view[0x10000] = 'r';
	report("the other view", "%c", other[0x10000]);
	VirtualQuery(view + 0x10000, &info, sizeof(info));
	report("state", "%#lx size %#llx", info.State, (unsigned long long)info.RegionSize);
	UnmapViewOfFile(view);
	UnmapViewOfFile(other);
	CloseHandle(section);
}

static void test_image(void)
{
	wchar_t path[MAX_PATH];
	HANDLE file, section;
	MEMORY_BASIC_INFORMATION info;
	const IMAGE_DOS_HEADER *view;

	GetModuleFileNameW(NULL, path, MAX_PATH);
	file = report_handle("this program", CreateFileW(path, GENERIC_READ | GENERIC_EXECUTE, FILE_SHARE_READ, NULL,
							 OPEN_EXISTING, 0, NULL));
	section = report_handle("as an image", CreateFileMappingW(file, NULL, PAGE_READONLY | MAP_EXECUTABLE, 0, 0, NULL));
	view = MapViewOfFile(section, FILE_MAP_READ, 0, 0, 0);
	report("starts with", "%.2s", (const char *)view);
	VirtualQuery(view, &info, sizeof(info));
	report("memory", "type %#lx protect %#lx", info.Type, info.Protect);
	report_bool("delete it", DeleteFileW(path));
	UnmapViewOfFile(view);
	CloseHandle(section);
	CloseHandle(file);
	file = make_file("this is no image");
	report_handle("text as an image", CreateFileMappingW(file, NULL, PAGE_READONLY | MAP_EXECUTABLE, 0, 0, NULL));
	CloseHandle(file);
}

int main(int argc, char **argv)
{
	GetModuleFileNameW(NULL, self, MAX_PATH);
	if (argc > 2)
		return be_child(argv[1], (HANDLE)(ULONG_PTR)strtoul(argv[2], NULL, 10));
	test_paging_file();
	test_arguments();
	test_names_and_access();
	test_sharing();
	test_flush();
	test_file();
	test_file_sizes();
	test_native_views();
	test_reserved_section();
	test_image();
	return 0;
}
