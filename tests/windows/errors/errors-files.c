/* errors/errors-files.c: files opened, created, read, written and queried wrongly. */
#include "errors.h"

#define DIRECTORY_FILE 0x1u
#define SYNCHRONOUS 0x20u
#define NON_DIRECTORY_FILE 0x40u
#define DELETE_ON_CLOSE 0x1000u
NTSTATUS NTAPI NtQueryAttributesFile(const OBJECT_ATTRIBUTES *, FILE_BASIC_INFORMATION *);
NTSTATUS NTAPI NtQueryFullAttributesFile(const OBJECT_ATTRIBUTES *, FILE_NETWORK_OPEN_INFORMATION *);

#define CREATE 2u

static wchar_t here[MAX_PATH];	/* \??\C:\... and a backslash */

/* Names @name in the working folder, until the next call. */
static OBJECT_ATTRIBUTES attributes_of(const wchar_t *name)
{
	static wchar_t path[2 * MAX_PATH];
	static UNICODE_STRING string;

	lstrcpyW(path, here);
	lstrcatW(path, name);
	string = counted(path);
	return named(&string, NULL, OBJ_CASE_INSENSITIVE);
}

static NTSTATUS open(const wchar_t *name, ACCESS_MASK access, ULONG share, ULONG options)
{
	OBJECT_ATTRIBUTES a = attributes_of(name);
	IO_STATUS_BLOCK io;
	HANDLE handle = NULL;
	NTSTATUS s = NtOpenFile(&handle, access | SYNCHRONIZE, &a, &io, share, options | SYNCHRONOUS);

	if (handle)
		NtClose(handle);
	return s;
}

static NTSTATUS create(const wchar_t *name, ACCESS_MASK access, ULONG disposition, ULONG options)
{
	OBJECT_ATTRIBUTES a = attributes_of(name);
	IO_STATUS_BLOCK io;
	HANDLE handle = NULL;
	NTSTATUS s = NtCreateFile(&handle, access | SYNCHRONIZE, &a, &io, NULL, FILE_ATTRIBUTE_NORMAL, 7, disposition,
				  options | SYNCHRONOUS, NULL, 0);

	if (handle)
		NtClose(handle);
	return s;
}

static void opening(void)
{
	OBJECT_ATTRIBUTES a = attributes_of(L"file.txt"), bad = a;
	IO_STATUS_BLOCK io;
	HANDLE handle, only, file;

	bad.Length = 7;
	report_refusal("open: attributes of a wrong length", NtOpenFile(&handle, FILE_READ_DATA, &bad, &io, 7, 0));
	report_status("open: attributes nowhere", NtOpenFile(&handle, FILE_READ_DATA, NOWHERE, &io, 7, 0));
	report_status("open: handle nowhere", NtOpenFile(NOWHERE, FILE_READ_DATA, &a, &io, 7, 0));
	report_status("open: no such file", open(L"none.txt", FILE_READ_DATA, 7, 0));
	report_status("open: no such folder on the way", open(L"none\\file.txt", FILE_READ_DATA, 7, 0));
	report_status("open: a file on the way", open(L"file.txt\\file.txt", FILE_READ_DATA, 7, 0));
	report_status("open: a name with a star", open(L"*.txt", FILE_READ_DATA, 7, 0));
	report_status("open: a folder as a file", open(L"folder", FILE_READ_DATA, 7, NON_DIRECTORY_FILE));
	report_status("open: a file as a folder", open(L"file.txt", FILE_READ_DATA, 7, DIRECTORY_FILE));
	only = CreateFileW(L"file.txt", GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL);
	report_status("open: what is not shared", open(L"file.txt", FILE_READ_DATA, 7, 0));
	CloseHandle(only);
	file = CreateFileW(L"file.txt", GENERIC_READ, 7, NULL, OPEN_EXISTING, 0, NULL);
	report_status("open: without sharing what is open", open(L"file.txt", FILE_READ_DATA, 0, 0));
	CloseHandle(file);
}

static void creating(void)
{
	report_status("create: what is there", create(L"file.txt", FILE_WRITE_DATA, CREATE, 0));
	report_status("create: a folder that is there", create(L"folder", FILE_READ_DATA, CREATE, DIRECTORY_FILE));
	report_refusal("create: no such disposition", create(L"file.txt", FILE_READ_DATA, 6, 0));
	report_status("create: in no folder", create(L"none\\file.txt", FILE_WRITE_DATA, CREATE, 0));
	report_refusal("create: deleted on close without DELETE", create(L"gone", FILE_WRITE_DATA, CREATE, DELETE_ON_CLOSE));
}

static void transferring(void)
{
	HANDLE file = CreateFileW(L"file.txt", GENERIC_READ, 7, NULL, OPEN_EXISTING, 0, NULL), event = an_event();
	HANDLE writer = CreateFileW(L"file.txt", FILE_WRITE_DATA | SYNCHRONIZE, 7, NULL, OPEN_EXISTING, 0, NULL);
	HANDLE folder = CreateFileW(L"folder", GENERIC_READ, 7, NULL, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
	LARGE_INTEGER end = { .QuadPart = 1000 };
	IO_STATUS_BLOCK io;
	char buf[8];

	report_status("read: no such file", NtReadFile(NO_HANDLE, NULL, NULL, NULL, &io, buf, 8, NULL, NULL));
	report_status("read: an event", NtReadFile(event, NULL, NULL, NULL, &io, buf, 8, NULL, NULL));
	report_status("read: without the right", NtReadFile(writer, NULL, NULL, NULL, &io, buf, 8, NULL, NULL));
	report_status("read: a folder", NtReadFile(folder, NULL, NULL, NULL, &io, buf, 8, NULL, NULL));
	report_status("read: at its end", NtReadFile(file, NULL, NULL, NULL, &io, buf, 8, &end, NULL));
	report_status("read: to nowhere", NtReadFile(file, NULL, NULL, NULL, &io, NOWHERE, 8, NULL, NULL));
	report_status("write: no such file", NtWriteFile(NO_HANDLE, NULL, NULL, NULL, &io, buf, 8, NULL, NULL));
	report_status("write: an event", NtWriteFile(event, NULL, NULL, NULL, &io, buf, 8, NULL, NULL));
	report_status("write: without the right", NtWriteFile(file, NULL, NULL, NULL, &io, buf, 8, NULL, NULL));
	CloseHandle(folder);
	CloseHandle(writer);
	CloseHandle(file);
	CloseHandle(event);
}

static NTSTATUS attributes(const wchar_t *name)
{
	OBJECT_ATTRIBUTES a = attributes_of(name);
	FILE_BASIC_INFORMATION info;

	return NtQueryAttributesFile(&a, &info);
}

static NTSTATUS full_attributes(const wchar_t *name)
{
	OBJECT_ATTRIBUTES a = attributes_of(name);
	FILE_NETWORK_OPEN_INFORMATION info;

	return NtQueryFullAttributesFile(&a, &info);
}

static void querying(void)
{
	HANDLE file = CreateFileW(L"file.txt", GENERIC_READ, 7, NULL, OPEN_EXISTING, 0, NULL), event = an_event();
	OBJECT_ATTRIBUTES a = attributes_of(L"file.txt");
	IO_STATUS_BLOCK io;
	char info[64];

	report_status("attributes: attributes nowhere", NtQueryAttributesFile(NOWHERE, (void *)info));
	report_status("attributes: answer nowhere", NtQueryAttributesFile(&a, NOWHERE));
	report_status("full attributes: answer nowhere", NtQueryFullAttributesFile(&a, NOWHERE));
	report_status("attributes: no such file", attributes(L"none.txt"));
	report_status("attributes: no such folder on the way", attributes(L"none\\none.txt"));
	report_status("full attributes: no such file", full_attributes(L"none.txt"));
	report_status("full attributes: no such folder on the way", full_attributes(L"none\\none.txt"));
	report_status("volume: no such file", NtQueryVolumeInformationFile(NO_HANDLE, &io, info, 8, 4));
	report_status("volume: an event", NtQueryVolumeInformationFile(event, &io, info, 8, 4));
	report_status("file: no such file", NtQueryInformationFile(NO_HANDLE, &io, info, 40, FileBasicInformation));
	report_status("file: an event", NtQueryInformationFile(event, &io, info, 40, FileBasicInformation));
	report_status("file: too short", NtQueryInformationFile(file, &io, info, 39, FileBasicInformation));
	report_status("file: no such class", NtQueryInformationFile(file, &io, info, 40, 200));
	report_status("set file: no such file", NtSetInformationFile(NO_HANDLE, &io, info, 40, FileBasicInformation));
	report_status("set file: an event", NtSetInformationFile(event, &io, info, 40, FileBasicInformation));
	CloseHandle(file);
	CloseHandle(event);
}

int main(void)
{
	HANDLE file = CreateFileW(L"file.txt", GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
	DWORD done;

	WriteFile(file, "some text\n", 10, &done, NULL);
	CloseHandle(file);
	CreateDirectoryW(L"folder", NULL);
	lstrcpyW(here, L"\\??\\");
	GetCurrentDirectoryW(MAX_PATH - 8, here + 4);
	if (here[lstrlenW(here) - 1] != L'\\')
		lstrcatW(here, L"\\");
	opening();
	creating();
	transferring();
	querying();
	RemoveDirectoryW(L"folder");
	DeleteFileW(L"file.txt");
	return 0;
}
