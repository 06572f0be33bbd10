/* errors/errors-sections.c: sections created, mapped, unmapped and queried wrongly. */
#include "errors.h"

#define COMMIT 0x8000000u
#define IMAGE 0x1000000u

static HANDLE a_file(const char *name, const char *text, DWORD access)
{
	HANDLE file = CreateFileA(name, GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
	DWORD done;

	WriteFile(file, text, (DWORD)strlen(text), &done, NULL);
	CloseHandle(file);
	return CreateFileA(name, access, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, 0, NULL);
}

static NTSTATUS create(ACCESS_MASK access, LONGLONG size, ULONG protection, ULONG attributes, HANDLE file)
{
	LARGE_INTEGER max = { .QuadPart = size };
	HANDLE section = NULL;
	NTSTATUS s = NtCreateSection(&section, access, NULL, size ? &max : NULL, protection, attributes, file);

	if (section)
		NtClose(section);
	return s;
}

static void creating(void)
{
	HANDLE text = a_file("text.txt", "not an image\n", GENERIC_READ), event = an_event();
	HANDLE nothing = a_file("empty.txt", "", GENERIC_READ | GENERIC_WRITE);
	LARGE_INTEGER page = { .QuadPart = PAGE };
	HANDLE section;

	report_status("create: no such file", create(SECTION_ALL_ACCESS, 0, PAGE_READONLY, COMMIT, NO_HANDLE));
	report_status("create: an event", create(SECTION_ALL_ACCESS, 0, PAGE_READONLY, COMMIT, event));
	report_refusal("create: neither file nor size", create(SECTION_ALL_ACCESS, 0, PAGE_READWRITE, COMMIT, NULL));
	report_status("create: no protection", create(SECTION_ALL_ACCESS, PAGE, 0, COMMIT, NULL));
	report_refusal("create: no kind", create(SECTION_ALL_ACCESS, PAGE, PAGE_READWRITE, 0, NULL));
	report_status("create: an empty file", create(SECTION_ALL_ACCESS, 0, PAGE_READONLY, COMMIT, nothing));
	report_status("create: past a file that is only read", create(SECTION_ALL_ACCESS, PAGE, PAGE_READONLY, COMMIT, text));
	report_status("create: writable of a file that is only read", create(SECTION_ALL_ACCESS, 0, PAGE_READWRITE, COMMIT,
									     text));
	report_status("create: an image of text", create(SECTION_ALL_ACCESS, 0, PAGE_EXECUTE_READ, IMAGE, text));
	report_status("create: handle nowhere", NtCreateSection(NOWHERE, SECTION_ALL_ACCESS, NULL, &page, PAGE_READWRITE,
								COMMIT, NULL));
	report_status("create: size nowhere", NtCreateSection(&section, SECTION_ALL_ACCESS, NULL, NOWHERE, PAGE_READWRITE,
							      COMMIT, NULL));
	CloseHandle(nothing);
	CloseHandle(text);
	CloseHandle(event);
	DeleteFileA("text.txt");
	DeleteFileA("empty.txt");
}

static NTSTATUS map(HANDLE section, HANDLE process, void *base, LONGLONG offset, SIZE_T size, ULONG protection)
{
	LARGE_INTEGER at = { .QuadPart = offset };
	NTSTATUS s = NtMapViewOfSection(section, process, &base, 0, 0, &at, &size, 2, 0, protection);

	if (s >= 0)
		NtUnmapViewOfSection(GetCurrentProcess(), base);
	return s;
}

static void mapping(void)
{
	HANDLE me = GetCurrentProcess(), event = an_event(), weak = process_with(PROCESS_QUERY_LIMITED_INFORMATION);
	HANDLE section = CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 2 * GRANULE, NULL), reader;
	HANDLE readonly = CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READONLY, 0, GRANULE, NULL);
	char *held = VirtualAlloc(NULL, 4 * GRANULE, MEM_RESERVE, PAGE_READWRITE);

	DuplicateHandle(me, section, me, &reader, SECTION_MAP_READ, FALSE, 0);
	report_status("map: no such section", map(NO_HANDLE, me, NULL, 0, 0, PAGE_READONLY));
	report_status("map: an event", map(event, me, NULL, 0, 0, PAGE_READONLY));
	report_status("map: no such process", map(section, NO_HANDLE, NULL, 0, 0, PAGE_READONLY));
	report_status("map: without PROCESS_VM_OPERATION", map(section, weak, NULL, 0, 0, PAGE_READONLY));
	report_status("map: writable without the right", map(reader, me, NULL, 0, 0, PAGE_READWRITE));
	report_status("map: writable, of a section that is not", map(readonly, me, NULL, 0, 0, PAGE_READWRITE));
	report_status("map: no protection", map(section, me, NULL, 0, 0, 0));
	report_status("map: an uneven offset", map(section, me, NULL, PAGE, 0, PAGE_READONLY));
	report_status("map: more than it has", map(section, me, NULL, GRANULE, 2 * GRANULE, PAGE_READONLY));
	report_status("map: an uneven base", map(section, me, held + PAGE, 0, 0, PAGE_READONLY));
	report_status("map: where memory is", map(section, me, held, 0, 0, PAGE_READONLY));
	report_status("map: base nowhere", NtMapViewOfSection(section, me, NOWHERE, 0, 0, NULL, (SIZE_T *)NOWHERE, 2, 0,
							      PAGE_READONLY));
	VirtualFree(held, 0, MEM_RELEASE);
	CloseHandle(reader);
	CloseHandle(readonly);
	CloseHandle(section);
	CloseHandle(weak);
	CloseHandle(event);
}

static void unmapping(void)
{
	HANDLE event = an_event(), weak = process_with(PROCESS_QUERY_LIMITED_INFORMATION);
	void *private = VirtualAlloc(NULL, PAGE, MEM_COMMIT, PAGE_READWRITE);

	report_status("unmap: no such process", NtUnmapViewOfSection(NO_HANDLE, private));
	report_status("unmap: an event", NtUnmapViewOfSection(event, private));
	report_status("unmap: without PROCESS_VM_OPERATION", NtUnmapViewOfSection(weak, private));
	report_status("unmap: private memory", NtUnmapViewOfSection(GetCurrentProcess(), private));
	report_status("unmap: nothing", NtUnmapViewOfSection(GetCurrentProcess(), NOWHERE));
	VirtualFree(private, 0, MEM_RELEASE);
	CloseHandle(weak);
	CloseHandle(event);
}

static void querying(void)
{
	HANDLE section = CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, PAGE, NULL), event = an_event();
	HANDLE mapper;
	char info[64];

	DuplicateHandle(GetCurrentProcess(), section, GetCurrentProcess(), &mapper, SECTION_MAP_READ, FALSE, 0);
	report_status("query: no such section", NtQuerySection(NO_HANDLE, 0, info, 24, NULL));
	report_status("query: an event", NtQuerySection(event, 0, info, 24, NULL));
	report_status("query: without SECTION_QUERY", NtQuerySection(mapper, 0, info, 24, NULL));
	report_status("query: too short", NtQuerySection(section, 0, info, 23, NULL));
	report_status("query: an image's information of one that is none", NtQuerySection(section, 1, info, 64, NULL));
	report_status("query: answer nowhere", NtQuerySection(section, 0, NOWHERE, 24, NULL));
	CloseHandle(mapper);
	CloseHandle(event);
	CloseHandle(section);
}

int main(void)
{
	creating();
	mapping();
	unmapping();
	querying();
	return 0;
}
