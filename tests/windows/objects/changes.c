/* Changes in folders: ReadDirectoryChangesW. */
#include "nt.h"
#include "report.h"

#define NAMES (FILE_NOTIFY_CHANGE_FILE_NAME | FILE_NOTIFY_CHANGE_DIR_NAME)

NTSTATUS NTAPI NtNotifyChangeDirectoryFile(HANDLE, HANDLE, PIO_APC_ROUTINE, void *, IO_STATUS_BLOCK *, void *, ULONG, ULONG,
					   BOOLEAN);

struct watch {
	HANDLE folder;
	DWORD filter, patience_ms;
	BOOL tree, is_asked;
	OVERLAPPED overlapped;
	DWORD_PTR room[512];
	DWORD bytes, at;
};

static bool start(struct watch *w, const wchar_t *path, DWORD filter, BOOL tree)
{
	memset(w, 0, sizeof(*w));
	w->folder = CreateFileW(path, FILE_LIST_DIRECTORY, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
				OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OVERLAPPED, NULL);
	w->filter = filter;
	w->tree = tree;
	w->patience_ms = SOON_MS;
	w->overlapped.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
	w->is_asked = ReadDirectoryChangesW(w->folder, w->room, sizeof(w->room), tree, filter, NULL, &w->overlapped, NULL);
	return report_bool("watch", w->is_asked);
}

static void stop(struct watch *w)
{
	CancelIo(w->folder);
	if (w->is_asked)
		WaitForSingleObject(w->overlapped.hEvent, SOON_MS);
	CloseHandle(w->overlapped.hEvent);
	CloseHandle(w->folder);
}

/* The next entry; NULL: none comes. */
static FILE_NOTIFY_INFORMATION *next(struct watch *w)
{
	FILE_NOTIFY_INFORMATION *entry;

	if (!w->bytes) {
		if (!w->is_asked)
			w->is_asked = ReadDirectoryChangesW(w->folder, w->room, sizeof(w->room), w->tree, w->filter, NULL,
							    &w->overlapped, NULL);
		if (!w->is_asked || WaitForSingleObject(w->overlapped.hEvent, w->patience_ms) != WAIT_OBJECT_0)
			return NULL;
		w->is_asked = FALSE;
		w->at = 0;
		if (!GetOverlappedResult(w->folder, &w->overlapped, &w->bytes, FALSE) || !w->bytes)
			return NULL;
	}
	entry = (FILE_NOTIFY_INFORMATION *)((char *)w->room + w->at);
	w->at += entry->NextEntryOffset;
	if (!entry->NextEntryOffset)
		w->bytes = 0;
	return entry;
}

/* Others may come before it, the same twice among them: how changes are told apart differs. */
static void expect(struct watch *w, const char *what, DWORD action, const wchar_t *name)
{
	FILE_NOTIFY_INFORMATION *entry;
	size_t bytes = wcslen(name) * sizeof(wchar_t);

	while ((entry = next(w)))
		if (entry->Action == action && entry->FileNameLength == bytes && !memcmp(entry->FileName, name, bytes))
			break;
	report(what, "%s", entry ? "told" : "not told");
}

static void make(const wchar_t *path)
{
	CloseHandle(CreateFileW(path, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL));
}

static void write_to(const wchar_t *path)
{
	HANDLE file = CreateFileW(path, GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
	DWORD written;

	WriteFile(file, "text", 4, &written, NULL);
	CloseHandle(file);
}

static void test_names(void)
{
	struct watch w;

	if (!start(&w, L"changes.tmp", NAMES, FALSE))
		return;
	make(L"changes.tmp\\new.txt");
	expect(&w, "a new file", FILE_ACTION_ADDED, L"new.txt");
	CreateDirectoryW(L"changes.tmp\\folder", NULL);
	expect(&w, "a new folder", FILE_ACTION_ADDED, L"folder");
	MoveFileW(L"changes.tmp\\new.txt", L"changes.tmp\\old.txt");
	expect(&w, "its old name", FILE_ACTION_RENAMED_OLD_NAME, L"new.txt");
	expect(&w, "its new name", FILE_ACTION_RENAMED_NEW_NAME, L"old.txt");
	make(L"changes.tmp\\folder\\deeper.txt");
	MoveFileW(L"changes.tmp\\old.txt", L"changes.tmp\\folder\\old.txt");
	expect(&w, "moved away", FILE_ACTION_REMOVED, L"old.txt");
	MoveFileW(L"changes.tmp\\folder\\old.txt", L"changes.tmp\\back.txt");
	expect(&w, "moved back", FILE_ACTION_ADDED, L"back.txt");
	DeleteFileW(L"changes.tmp\\back.txt");
	expect(&w, "a file that goes", FILE_ACTION_REMOVED, L"back.txt");
	DeleteFileW(L"changes.tmp\\folder\\deeper.txt");
	RemoveDirectoryW(L"changes.tmp\\folder");
	expect(&w, "a folder that goes", FILE_ACTION_REMOVED, L"folder");
	stop(&w);
}

static void test_contents(void)
{
	struct watch w;

	make(L"changes.tmp\\file.txt");
	if (!start(&w, L"changes.tmp", FILE_NOTIFY_CHANGE_LAST_WRITE | FILE_NOTIFY_CHANGE_SIZE, FALSE))
		return;
	write_to(L"changes.tmp\\file.txt");
	expect(&w, "a file that is written", FILE_ACTION_MODIFIED, L"file.txt");
	stop(&w);
	DeleteFileW(L"changes.tmp\\file.txt");
}

static void test_tree(void)
{
	struct watch w;

	CreateDirectoryW(L"changes.tmp\\a", NULL);
	CreateDirectoryW(L"changes.tmp\\a\\b", NULL);
	if (!start(&w, L"changes.tmp", NAMES, TRUE))
		return;
	/* Wine tells nothing. */
	w.patience_ms = 2000;
	make(L"changes.tmp\\a\\b\\deep.txt");
	expect(&w, "a file far below", FILE_ACTION_ADDED, L"a\\b\\deep.txt");
	DeleteFileW(L"changes.tmp\\a\\b\\deep.txt");
	expect(&w, "that goes", FILE_ACTION_REMOVED, L"a\\b\\deep.txt");
	stop(&w);
	RemoveDirectoryW(L"changes.tmp\\a\\b");
	RemoveDirectoryW(L"changes.tmp\\a");
}

static void test_waiting(void)
{
	HANDLE change = FindFirstChangeNotificationW(L"changes.tmp", FALSE, NAMES);

	report_bool("watch", change != INVALID_HANDLE_VALUE);
	report_wait("no change", WaitForSingleObject(change, 0));
	make(L"changes.tmp\\one.txt");
	report_wait("one", WaitForSingleObject(change, SOON_MS));
	report_bool("once more", FindNextChangeNotification(change));
	DeleteFileW(L"changes.tmp\\one.txt");
	report_wait("another", WaitForSingleObject(change, SOON_MS));
	report_bool("close", FindCloseChangeNotification(change));
}

static void test_ends(void)
{
	struct watch w;
	DWORD bytes;
	BOOL ok;

	if (!start(&w, L"changes.tmp", NAMES, FALSE))
		return;
	report_bool("cancel", CancelIo(w.folder));
	report_wait("the event", WaitForSingleObject(w.overlapped.hEvent, SOON_MS));
	ok = GetOverlappedResult(w.folder, &w.overlapped, &bytes, FALSE);
	report_bool("result", ok);
	w.is_asked = FALSE;
	stop(&w);
}

/* The file goes with the program's handle, which it does not close. */
static int leave_a_file(void)
{
	HANDLE file = CreateFileW(L"changes.tmp\\leaving.txt", GENERIC_WRITE | DELETE, FILE_SHARE_DELETE, NULL, CREATE_ALWAYS,
				  FILE_FLAG_DELETE_ON_CLOSE, NULL);

	return file == INVALID_HANDLE_VALUE;
}

static void test_end_of_a_program(void)
{
	wchar_t self[MAX_PATH], command[MAX_PATH + 16];
	STARTUPINFOW startup = { .cb = sizeof(startup) };
	PROCESS_INFORMATION child;
	DWORD code = 99;
	struct watch w;

	if (!start(&w, L"changes.tmp", NAMES, TRUE))
		return;
	GetModuleFileNameW(NULL, self, MAX_PATH);
	wsprintfW(command, L"\"%s\" leave", self);
	if (report_bool("child", CreateProcessW(self, command, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &child))) {
		report_wait("its end", WaitForSingleObject(child.hProcess, 20000));
		GetExitCodeProcess(child.hProcess, &code);
		report("its exit code", "%lu", code);
		CloseHandle(child.hProcess);
		CloseHandle(child.hThread);
	}
	expect(&w, "its file", FILE_ACTION_ADDED, L"leaving.txt");
	expect(&w, "its file goes with it", FILE_ACTION_REMOVED, L"leaving.txt");
	stop(&w);
}

static void test_arguments(void)
{
	HANDLE folder = CreateFileW(L"changes.tmp", FILE_LIST_DIRECTORY, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING,
				    FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OVERLAPPED, NULL);
	HANDLE event = CreateEventW(NULL, FALSE, FALSE, NULL);
	IO_STATUS_BLOCK io;
	char buf[256];

	report_status("no filter", NtNotifyChangeDirectoryFile(folder, NULL, NULL, NULL, &io, buf, sizeof(buf), 0, FALSE));
	report_status("an event", NtNotifyChangeDirectoryFile(event, NULL, NULL, NULL, &io, buf, sizeof(buf), NAMES, FALSE));
	report_status("nothing", NtNotifyChangeDirectoryFile(NULL, NULL, NULL, NULL, &io, buf, sizeof(buf), NAMES, FALSE));
	CloseHandle(folder);
	CloseHandle(event);
	report_status("a closed one", NtNotifyChangeDirectoryFile(folder, NULL, NULL, NULL, &io, buf, sizeof(buf), NAMES, FALSE));
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return leave_a_file();
	CreateDirectoryW(L"changes.tmp", NULL);
	test_names();
	test_contents();
	test_tree();
	test_waiting();
	test_ends();
	test_end_of_a_program();
	test_arguments();
	report_bool("remove", RemoveDirectoryW(L"changes.tmp"));
	return 0;
}
