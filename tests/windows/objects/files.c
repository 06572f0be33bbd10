/* Files: dispositions, sharing, deletion, attributes, times, directories, overlapped I/O. */
#include "nt.h"
#include "report.h"

#define ALL_SHARED (FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)

static HANDLE open_file(const wchar_t *name, DWORD access, DWORD share, DWORD how, DWORD flags)
{
	return CreateFileW(name, access, share, NULL, how, flags, NULL);
}

static void put(const wchar_t *name, const char *text)
{
	HANDLE file = open_file(name, GENERIC_WRITE, 0, CREATE_ALWAYS, 0);
	DWORD done;

	WriteFile(file, text, (DWORD)strlen(text), &done, NULL);
	CloseHandle(file);
}

static void show_text(const char *what, const wchar_t *name)
{
	HANDLE file = open_file(name, GENERIC_READ, ALL_SHARED, OPEN_EXISTING, 0);
	char text[64] = "";
	DWORD got = 0;

	if (file == INVALID_HANDLE_VALUE) {
		report(what, "error %lu", GetLastError());
		return;
	}
	ReadFile(file, text, sizeof(text) - 1, &got, NULL);
	report(what, "[%s]", text);
	CloseHandle(file);
}

static void test_dispositions(void)
{
	static const struct {
		const char *name;
		DWORD how;
	} ways[] = {
		{ "CREATE_NEW", CREATE_NEW }, { "CREATE_ALWAYS", CREATE_ALWAYS }, { "OPEN_EXISTING", OPEN_EXISTING },
		{ "OPEN_ALWAYS", OPEN_ALWAYS }, { "TRUNCATE_EXISTING", TRUNCATE_EXISTING },
	};
	int exists;
	size_t i;

	for (exists = 0; exists < 2; exists++) {
		for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
			HANDLE file;

			DeleteFileW(L"way.tmp");
			if (exists)
				put(L"way.tmp", "old text");
			SetLastError(0);
			file = open_file(L"way.tmp", GENERIC_READ | GENERIC_WRITE, 0, ways[i].how, 0);
			report(ways[i].name, "%s: %s, error %lu, %lu bytes", exists ? "there" : "not there",
			       file != INVALID_HANDLE_VALUE ? "opened" : "refused", GetLastError(),
			       file != INVALID_HANDLE_VALUE ? GetFileSize(file, NULL) : 0);
			CloseHandle(file);
		}
	}
	report_handle("way 9", open_file(L"way.tmp", GENERIC_READ, 0, 9, 0));
	DeleteFileW(L"way.tmp");
}

static void test_names_that_cannot_be(void)
{
	report_handle("empty", open_file(L"", GENERIC_READ, 0, OPEN_EXISTING, 0));
	report_handle("star", open_file(L"a*b", GENERIC_READ, 0, CREATE_ALWAYS, 0));
	report_handle("question mark", open_file(L"a?b", GENERIC_READ, 0, CREATE_ALWAYS, 0));
	report_handle("bar", open_file(L"a|b", GENERIC_READ, 0, CREATE_ALWAYS, 0));
	report_handle("no folder", open_file(L"none\\file", GENERIC_READ, 0, CREATE_ALWAYS, 0));
	report_handle("a folder", open_file(L".", GENERIC_READ, ALL_SHARED, OPEN_EXISTING, 0));
	report_handle("trailing backslash", open_file(L"none\\", GENERIC_READ, 0, CREATE_ALWAYS, 0));
}

/* Behind "\\?\" a name is taken as it is. */
static void test_names_as_they_are(void)
{
	static const wchar_t *const names[] = {
		L"deep", L"deep\\sub", L"deep\\sub\\", L"deep\\sub\\\\", L"deep\\\\sub", L"deep/sub", L".", L"..", L"deep\\.", L"deep\\..",
		L".\\deep", L"deep\\.\\sub", L"deep\\..\\deep", L"none\\..\\deep", L"none\\.", L"deep\\...", L"deep\\.sub", L"deep\\sub.",
		L"deep\\sub ",
	};
	wchar_t path[2 * MAX_PATH] = L"\\\\?\\";
	DWORD len = GetCurrentDirectoryW(MAX_PATH, path + 4) + 4;
	char what[64];

	path[len++] = '\\';
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		CreateDirectoryW(L"deep", NULL);
		CreateDirectoryW(L"deep\\sub", NULL);
		wcscpy(path + len, names[i]);
		snprintf(what, sizeof(what), "%ls", names[i]);
		CloseHandle(report_handle(what, open_file(path, GENERIC_READ, ALL_SHARED, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS)));
		report_bool("made", CreateDirectoryW(path, NULL));
		RemoveDirectoryW(path);
	}
	RemoveDirectoryW(L"deep\\sub");
	RemoveDirectoryW(L"deep");
}

static void test_sharing(void)
{
	static const DWORD accesses[] = { GENERIC_READ, GENERIC_WRITE, DELETE };
	static const DWORD shares[] = { 0, FILE_SHARE_READ, FILE_SHARE_WRITE, FILE_SHARE_DELETE, ALL_SHARED };
	HANDLE first, second;
	size_t a, b, c, d;

	put(L"shared.tmp", "text");
	for (a = 0; a < 3; a++) {
		for (b = 0; b < 5; b++) {
			printf("held for %lx, shared %lx:", accesses[a], shares[b]);
			first = open_file(L"shared.tmp", accesses[a], shares[b], OPEN_EXISTING, 0);
			for (c = 0; c < 3; c++) {
				for (d = 0; d < 5; d++) {
					second = open_file(L"shared.tmp", accesses[c], shares[d], OPEN_EXISTING, 0);
					printf(" %lu", second == INVALID_HANDLE_VALUE ? GetLastError() : 0);
					CloseHandle(second);
				}
			}
			printf("\n");
			CloseHandle(first);
		}
	}
	first = open_file(L"shared.tmp", 0, 0, OPEN_EXISTING, 0);
	second = report_handle("held for nothing", open_file(L"shared.tmp", GENERIC_ALL, 0, OPEN_EXISTING, 0));
	CloseHandle(first);
	CloseHandle(second);
	DeleteFileW(L"shared.tmp");
}

static void test_deletion(void)
{
	HANDLE file, other;

	put(L"gone.tmp", "text");
	file = open_file(L"gone.tmp", GENERIC_READ | DELETE, ALL_SHARED, OPEN_EXISTING, FILE_FLAG_DELETE_ON_CLOSE);
	report_handle("open without sharing deletion", open_file(L"gone.tmp", GENERIC_READ, FILE_SHARE_READ, OPEN_EXISTING, 0));
	other = report_handle("open with it", open_file(L"gone.tmp", GENERIC_READ, ALL_SHARED, OPEN_EXISTING, 0));
	CloseHandle(other);
	report_bool("close", CloseHandle(file));
	report_handle("it is gone", open_file(L"gone.tmp", GENERIC_READ, ALL_SHARED, OPEN_EXISTING, 0));
	put(L"gone.tmp", "text");
	file = open_file(L"gone.tmp", GENERIC_READ, FILE_SHARE_READ, OPEN_EXISTING, 0);
	report_bool("delete what is open", DeleteFileW(L"gone.tmp"));
	CloseHandle(file);
	report_bool("delete", DeleteFileW(L"gone.tmp"));
	report_bool("delete again", DeleteFileW(L"gone.tmp"));
	put(L"gone.tmp", "text");
	SetFileAttributesW(L"gone.tmp", FILE_ATTRIBUTE_READONLY);
	report_bool("delete what is read-only", DeleteFileW(L"gone.tmp"));
	SetFileAttributesW(L"gone.tmp", FILE_ATTRIBUTE_NORMAL);
	report_bool("delete what no longer is", DeleteFileW(L"gone.tmp"));
	report_bool("delete a folder as a file", CreateDirectoryW(L"gone.dir", NULL) && DeleteFileW(L"gone.dir"));
	RemoveDirectoryW(L"gone.dir");
}

static void test_disposition_information(void)
{
	HANDLE file;
	FILE_DISPOSITION_INFO info = { TRUE };

	put(L"gone.tmp", "text");
	file = open_file(L"gone.tmp", GENERIC_READ | DELETE, ALL_SHARED, OPEN_EXISTING, 0);
	report_bool("mark", SetFileInformationByHandle(file, FileDispositionInfo, &info, sizeof(info)));
	info.DeleteFile = FALSE;
	report_bool("unmark", SetFileInformationByHandle(file, FileDispositionInfo, &info, sizeof(info)));
	CloseHandle(file);
	show_text("still there", L"gone.tmp");
	file = open_file(L"gone.tmp", GENERIC_READ, ALL_SHARED, OPEN_EXISTING, 0);
	info.DeleteFile = TRUE;
	report_bool("mark without the right", SetFileInformationByHandle(file, FileDispositionInfo, &info, sizeof(info)));
	CloseHandle(file);
	DeleteFileW(L"gone.tmp");
}

static void test_moves(void)
{
	put(L"from.tmp", "from");
	put(L"to.tmp", "to");
	report_bool("onto another", MoveFileExW(L"from.tmp", L"to.tmp", 0));
	report_bool("replace", MoveFileExW(L"from.tmp", L"to.tmp", MOVEFILE_REPLACE_EXISTING));
	show_text("the new", L"to.tmp");
	show_text("the old", L"from.tmp");
	report_bool("in other letters", MoveFileExW(L"to.tmp", L"TO.TMP", 0));
	show_text("either way", L"to.tmp");
	report_bool("what is not there", MoveFileExW(L"from.tmp", L"x.tmp", 0));
	report_bool("copy", CopyFileW(L"to.tmp", L"copy.tmp", TRUE));
	report_bool("copy again", CopyFileW(L"to.tmp", L"copy.tmp", TRUE));
	report_bool("copy over", CopyFileW(L"to.tmp", L"copy.tmp", FALSE));
	DeleteFileW(L"to.tmp");
	DeleteFileW(L"copy.tmp");
}

static void test_positions(void)
{
	HANDLE file = open_file(L"seek.tmp", GENERIC_READ | GENERIC_WRITE, 0, CREATE_ALWAYS, FILE_FLAG_DELETE_ON_CLOSE);
	LARGE_INTEGER at, zero = { .QuadPart = 0 };
	OVERLAPPED there = { .Offset = 2 };
	char buf[16] = "";
	DWORD done;

	WriteFile(file, "0123456789", 10, &done, NULL);
	SetFilePointerEx(file, zero, &at, FILE_CURRENT);
	report("behind what was written", "%lld", at.QuadPart);
	at.QuadPart = -3;
	report_bool("before the start", SetFilePointerEx(file, at, NULL, FILE_BEGIN));
	report_bool("from the end", SetFilePointerEx(file, at, &at, FILE_END));
	ReadFile(file, buf, sizeof(buf), &done, NULL);
	report("read", "%lu [%s]", done, buf);
	report_bool("read at the end", ReadFile(file, buf, sizeof(buf), &done, NULL));
	report("read", "%lu", done);
	memset(buf, 0, sizeof(buf));
	report_bool("read elsewhere", ReadFile(file, buf, 3, &done, &there));
	report("read", "%lu [%s]", done, buf);
	SetFilePointerEx(file, zero, &at, FILE_CURRENT);
	report("the position moved with it", "%lld", at.QuadPart);
	there.Offset = 99;
	report_bool("read beyond", ReadFile(file, buf, 3, &done, &there));
	at.QuadPart = 20;
	SetFilePointerEx(file, at, NULL, FILE_BEGIN);
	report_bool("longer", SetEndOfFile(file));
	report("size", "%lu", GetFileSize(file, NULL));
	report_bool("zero bytes", WriteFile(file, buf, 0, &done, NULL));
	report_bool("to nowhere", WriteFile(file, NULL, 5, &done, NULL));
	CloseHandle(file);
}

static void test_append(void)
{
	HANDLE file, other;
	DWORD done;

	put(L"append.tmp", "one");
	file = open_file(L"append.tmp", FILE_APPEND_DATA, FILE_SHARE_READ | FILE_SHARE_WRITE, OPEN_EXISTING, 0);
	other = open_file(L"append.tmp", FILE_APPEND_DATA, FILE_SHARE_READ | FILE_SHARE_WRITE, OPEN_EXISTING, 0);
	SetFilePointer(file, 0, NULL, FILE_BEGIN);
	report_bool("append", WriteFile(file, " two", 4, &done, NULL));
	report_bool("append", WriteFile(other, " three", 6, &done, NULL));
	report_bool("append", WriteFile(file, " four", 5, &done, NULL));
	CloseHandle(file);
	CloseHandle(other);
	show_text("all", L"append.tmp");
	file = open_file(L"append.tmp", GENERIC_READ, 0, OPEN_EXISTING, 0);
	report_bool("write without the right", WriteFile(file, "x", 1, &done, NULL));
	CloseHandle(file);
	DeleteFileW(L"append.tmp");
}

static void test_attributes(void)
{
	WIN32_FILE_ATTRIBUTE_DATA data;
	BY_HANDLE_FILE_INFORMATION info;
	FILETIME time = { 0x12345680, 0x01d00000 };
	HANDLE file;

	put(L"attrs.tmp", "12345");
	report_bool("hide", SetFileAttributesW(L"attrs.tmp", FILE_ATTRIBUTE_READONLY));
	report("attributes", "%#lx", GetFileAttributesW(L"attrs.tmp") & FILE_ATTRIBUTE_READONLY);
	SetFileAttributesW(L"attrs.tmp", FILE_ATTRIBUTE_NORMAL);
	report("attributes", "%#lx", GetFileAttributesW(L"attrs.tmp") & FILE_ATTRIBUTE_READONLY);
	file = open_file(L"attrs.tmp", FILE_WRITE_ATTRIBUTES | FILE_READ_ATTRIBUTES, 0, OPEN_EXISTING, 0);
	report_bool("set times", SetFileTime(file, NULL, &time, &time));
	report_bool("information", GetFileInformationByHandle(file, &info));
	report("written", "%lx%08lx", info.ftLastWriteTime.dwHighDateTime, info.ftLastWriteTime.dwLowDateTime);
	report("links", "%lu size %lu", info.nNumberOfLinks, info.nFileSizeLow);
	report("type", "%lu", GetFileType(file));
	CloseHandle(file);
	report_bool("by name", GetFileAttributesExW(L"ATTRS.TMP", GetFileExInfoStandard, &data));
	report("size", "%lu", data.nFileSizeLow);
	report("not there", "%#lx", GetFileAttributesW(L"none.tmp"));
	report("error", "%lu", GetLastError());
	report("no folder", "%#lx", GetFileAttributesW(L"none\\none.tmp"));
	report("error", "%lu", GetLastError());
	report_bool("hard link", CreateHardLinkW(L"link.tmp", L"attrs.tmp", NULL));
	show_text("linked", L"link.tmp");
	DeleteFileW(L"attrs.tmp");
	show_text("the other lives on", L"link.tmp");
	DeleteFileW(L"link.tmp");
}

static void list(const wchar_t *pattern)
{
	WIN32_FIND_DATAW found;
	HANDLE search = FindFirstFileW(pattern, &found);
	int names = 0, bytes = 0;

	if (search == INVALID_HANDLE_VALUE) {
		report("list", "%ls: error %lu", pattern, GetLastError());
		return;
	}
	do {
		names++;
		bytes += (int)found.nFileSizeLow;
	} while (FindNextFileW(search, &found));
	report("list", "%ls: %d names, %d bytes, error %lu", pattern, names, bytes, GetLastError());
	report_bool("close", FindClose(search));
}

static void test_directories(void)
{
	wchar_t name[32];
	int i;

	report_bool("make", CreateDirectoryW(L"folder.tmp", NULL));
	report_bool("make again", CreateDirectoryW(L"folder.tmp", NULL));
	report_bool("make below nothing", CreateDirectoryW(L"none\\folder", NULL));
	list(L"folder.tmp\\*");
	for (i = 0; i < 300; i++) {
		swprintf(name, 32, L"folder.tmp\\File%03d.%ls", i, i % 3 ? L"txt" : L"c");
		put(name, "12");
	}
	list(L"folder.tmp\\*");
	list(L"folder.tmp\\*.c");
	list(L"folder.tmp\\file00?.TXT");
	list(L"folder.tmp\\File299.txt");
	list(L"folder.tmp\\*.*");
	list(L"folder.tmp\\none*");
	list(L"none\\*");
	report_bool("remove what is full", RemoveDirectoryW(L"folder.tmp"));
	for (i = 0; i < 300; i++) {
		swprintf(name, 32, L"FOLDER.TMP\\file%03d.%ls", i, i % 3 ? L"TXT" : L"C");
		if (!DeleteFileW(name))
			report("delete", "%ls: error %lu", name, GetLastError());
	}
	report_bool("remove", RemoveDirectoryW(L"folder.tmp"));
	report_bool("remove again", RemoveDirectoryW(L"folder.tmp"));
	put(L"folder.tmp", "text");
	report_bool("remove a file", RemoveDirectoryW(L"folder.tmp"));
	report_bool("make where a file is", CreateDirectoryW(L"folder.tmp", NULL));
	report_handle("below a file", open_file(L"folder.tmp\\x", GENERIC_READ, 0, OPEN_EXISTING, 0));
	DeleteFileW(L"folder.tmp");
}

static void test_overlapped(void)
{
	HANDLE file = open_file(L"over.tmp", GENERIC_READ | GENERIC_WRITE, 0, CREATE_ALWAYS,
				FILE_FLAG_OVERLAPPED | FILE_FLAG_DELETE_ON_CLOSE);
	OVERLAPPED overlapped = { .hEvent = CreateEventW(NULL, TRUE, FALSE, NULL) };
	char buf[16] = "";
	DWORD done = 0;

	report_bool("without overlapped", WriteFile(file, "x", 1, &done, NULL));
	if (!WriteFile(file, "overlapped", 10, NULL, &overlapped) && GetLastError() != ERROR_IO_PENDING)
		report("write", "error %lu", GetLastError());
	report_bool("result", GetOverlappedResult(file, &overlapped, &done, TRUE));
	report("written", "%lu", done);
	report_wait("event", WaitForSingleObject(overlapped.hEvent, 0));
	overlapped.Offset = 4;
	if (!ReadFile(file, buf, sizeof(buf), NULL, &overlapped) && GetLastError() != ERROR_IO_PENDING)
		report("read", "error %lu", GetLastError());
	report_bool("result", GetOverlappedResult(file, &overlapped, &done, TRUE));
	report("read", "%lu [%s]", done, buf);
	CloseHandle(overlapped.hEvent);
	CloseHandle(file);
}

static void test_locks(void)
{
	HANDLE first, second;
	char buf[8];
	DWORD done;

	put(L"lock.tmp", "0123456789");
	first = open_file(L"lock.tmp", GENERIC_READ | GENERIC_WRITE, ALL_SHARED, OPEN_EXISTING, 0);
	second = open_file(L"lock.tmp", GENERIC_READ | GENERIC_WRITE, ALL_SHARED, OPEN_EXISTING, 0);
	report_bool("lock", LockFile(first, 2, 0, 4, 0));
	report_bool("lock what overlaps", LockFile(second, 4, 0, 4, 0));
	report_bool("lock beside it", LockFile(second, 6, 0, 4, 0));
	report_bool("read it by the owner", ReadFile(first, buf, 4, &done, NULL));
	report("unlock a part of it", "%s", UnlockFile(first, 2, 0, 2, 0) ? "ok" : "refused");
	report_bool("unlock", UnlockFile(first, 2, 0, 4, 0));
	report("unlock again", "%s", UnlockFile(first, 2, 0, 4, 0) ? "ok" : "refused");
	report_bool("lock now", LockFile(second, 2, 0, 4, 0));
	CloseHandle(second);
	report_bool("its close unlocks", LockFile(first, 2, 0, 8, 0));
	CloseHandle(first);
	DeleteFileW(L"lock.tmp");
}

static void test_native(void)
{
	UNICODE_STRING name = counted(L"native.tmp");
	OBJECT_ATTRIBUTES attributes;
	IO_STATUS_BLOCK io = {0};
	HANDLE folder, file = NULL, other = NULL;
	LARGE_INTEGER at = { .QuadPart = 0 };
	char buf[8];

	folder = open_file(L".", FILE_LIST_DIRECTORY | FILE_TRAVERSE | SYNCHRONIZE, ALL_SHARED, OPEN_EXISTING,
			   FILE_FLAG_BACKUP_SEMANTICS);
	report_handle("folder", folder);
	attributes = named(&name, folder, OBJ_CASE_INSENSITIVE);
	report_status("open what is not there", NtOpenFile(&file, GENERIC_READ | SYNCHRONIZE, &attributes, &io, 0, 0x20));
	report_status("create", NtCreateFile(&file, GENERIC_WRITE | SYNCHRONIZE | DELETE, &attributes, &io, NULL, 0, 0,
					     FILE_CREATE, FILE_SYNCHRONOUS_IO_NONALERT | FILE_DELETE_ON_CLOSE, NULL, 0));
	report("information", "%lu", (unsigned long)io.Information);
	report_status("write", NtWriteFile(file, NULL, NULL, NULL, &io, "native", 6, &at, NULL));
	report("written", "%lu", (unsigned long)io.Information);
	report_status("read without the right", NtReadFile(file, NULL, NULL, NULL, &io, buf, 6, &at, NULL));
	report_status("create again", NtCreateFile(&other, GENERIC_WRITE, &attributes, &io, NULL, 0, 0, FILE_CREATE, 0, NULL, 0));
	report_status("close", NtClose(file));
	put(L"native.tmp", "text");
	report_status("as a folder", NtCreateFile(&file, FILE_LIST_DIRECTORY | SYNCHRONIZE, &attributes, &io, NULL, 0, 0,
						  FILE_OPEN, FILE_DIRECTORY_FILE, NULL, 0));
	DeleteFileW(L"native.tmp");
	name = counted(L"none\\native.tmp");
	report_status("below nothing", NtOpenFile(&file, GENERIC_READ, &attributes, &io, 0, 0));
	name = counted(L"\\??\\nowhere:\\x");
	attributes = named(&name, NULL, OBJ_CASE_INSENSITIVE);
	report_status("no device", NtOpenFile(&file, GENERIC_READ, &attributes, &io, 0, 0));
	name = counted(L"relative.tmp");
	report_status("relative to nothing", NtOpenFile(&file, GENERIC_READ, &attributes, &io, 0, 0));
	CloseHandle(folder);
}

int main(void)
{
	test_dispositions();
	test_names_that_cannot_be();
	test_names_as_they_are();
	test_sharing();
	test_deletion();
	test_disposition_information();
	test_moves();
	test_positions();
	test_append();
	test_attributes();
	test_directories();
	test_overlapped();
	test_locks();
	test_native();
	return 0;
}
