/* Processes and threads: exit codes, inheritance, termination, suspension. The program
 * starts itself with a word that says what to be. */
#include "nt.h"
#include "report.h"

static wchar_t self[MAX_PATH];

static BOOL start(const wchar_t *words, BOOL inherits, DWORD flags, PROCESS_INFORMATION *out)
{
	STARTUPINFOW startup = { .cb = sizeof(startup) };
	wchar_t line[1024];

	swprintf(line, 1024, L"\"%ls\" %ls", self, words);
	return CreateProcessW(NULL, line, NULL, NULL, inherits, flags, NULL, NULL, &startup, out);
}

static DWORD join(PROCESS_INFORMATION *process)
{
	DWORD code = 0;

	report_wait("child", WaitForSingleObject(process->hProcess, SOON_MS));
	GetExitCodeProcess(process->hProcess, &code);
	CloseHandle(process->hProcess);
	CloseHandle(process->hThread);
	return code;
}

static void test_exit_codes(void)
{
	static const wchar_t *const codes[] = { L"0", L"1", L"255", L"256", L"4294967295", L"259" };
	PROCESS_INFORMATION child;
	wchar_t words[64];
	size_t i;

	for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		swprintf(words, 64, L"exit %ls", codes[i]);
		report_bool("start", start(words, FALSE, 0, &child));
		report("code", "%lu", join(&child));
	}
}

static void test_what_cannot_start(void)
{
	STARTUPINFOW startup = { .cb = sizeof(startup) };
	PROCESS_INFORMATION child;
	wchar_t line[64] = L"none.exe";
	HANDLE file;
	DWORD done;

	report_bool("not there", CreateProcessW(NULL, line, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &child));
	report_bool("not there by path", CreateProcessW(L"none\\none.exe", NULL, NULL, NULL, FALSE, 0, NULL, NULL, &startup,
							&child));
	report_bool("not there in a folder", CreateProcessW(L".\\none.exe", NULL, NULL, NULL, FALSE, 0, NULL, NULL, &startup,
							    &child));
	file = CreateFileW(L"text.exe", GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
	WriteFile(file, "this is text, no program\r\n", 26, &done, NULL);
	CloseHandle(file);
	wcscpy(line, L"text.exe");
	report_bool("text", CreateProcessW(NULL, line, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &child));
	DeleteFileW(L"text.exe");
	report_bool("a folder that is not there", CreateProcessW(self, NULL, NULL, NULL, FALSE, 0, NULL, L"none", &startup,
								 &child));
}

static void test_killed(void)
{
	PROCESS_INFORMATION child;
	DWORD code = 0;

	report_bool("start", start(L"sleep", FALSE, 0, &child));
	report_wait("it runs", WaitForSingleObject(child.hProcess, SHORT_MS));
	GetExitCodeProcess(child.hProcess, &code);
	report("code while it runs", "%lu", code);
	report_bool("kill", TerminateProcess(child.hProcess, 77));
	report_wait("ended", WaitForSingleObject(child.hProcess, SOON_MS));
	report_bool("kill again", TerminateProcess(child.hProcess, 78));
	report_wait("its thread", WaitForSingleObject(child.hThread, SOON_MS));
	GetExitCodeThread(child.hThread, &code);
	report("the thread's code", "%lu", code);
	report("code", "%lu", join(&child));
}

static void test_suspended(void)
{
	PROCESS_INFORMATION child;

	report_bool("start suspended", start(L"exit 5", FALSE, CREATE_SUSPENDED, &child));
	report_wait("it does not run", WaitForSingleObject(child.hProcess, SHORT_MS));
	report("resume", "%lu", ResumeThread(child.hThread));
	report("code", "%lu", join(&child));
	report_bool("start suspended", start(L"exit 5", FALSE, CREATE_SUSPENDED, &child));
	report("suspend too", "%lu", SuspendThread(child.hThread));
	report("resume", "%lu", ResumeThread(child.hThread));
	report_bool("kill what never ran", TerminateProcess(child.hProcess, 6));
	report("code", "%lu", join(&child));
}

static void test_inheritance(void)
{
	SECURITY_ATTRIBUTES inherited = { sizeof(inherited), NULL, TRUE };
	HANDLE event = CreateEventW(&inherited, TRUE, FALSE, NULL), private = CreateEventW(NULL, TRUE, FALSE, NULL);
	PROCESS_INFORMATION child;
	wchar_t words[64];
	DWORD flags = 0;

	GetHandleInformation(event, &flags);
	report("flags", "%lu", flags);
	swprintf(words, 64, L"set %llu %llu", (unsigned long long)(ULONG_PTR)event, (unsigned long long)(ULONG_PTR)private);
	report_bool("start", start(words, TRUE, 0, &child));
	report("code", "%lu", join(&child));
	report_wait("the inherited event", WaitForSingleObject(event, 0));
	report_wait("the private event", WaitForSingleObject(private, 0));
	ResetEvent(event);
	report_bool("start without inheritance", start(words, FALSE, 0, &child));
	report("code", "%lu", join(&child));
	report_wait("the event", WaitForSingleObject(event, 0));
	report_bool("make it private", SetHandleInformation(event, HANDLE_FLAG_INHERIT, 0));
	report_bool("start", start(words, TRUE, 0, &child));
	report("code", "%lu", join(&child));
	report_bool("protect", SetHandleInformation(event, HANDLE_FLAG_PROTECT_FROM_CLOSE, HANDLE_FLAG_PROTECT_FROM_CLOSE));
	report_status("close what is protected", NtClose(event));
	SetHandleInformation(event, HANDLE_FLAG_PROTECT_FROM_CLOSE, 0);
	CloseHandle(event);
	CloseHandle(private);
}

/* As start(), as a child of @parent, with the handle @listed, unless NULL, alone. */
static BOOL start_under(HANDLE parent, HANDLE listed, const wchar_t *words, PROCESS_INFORMATION *out)
{
	STARTUPINFOEXW startup = { .StartupInfo.cb = sizeof(startup) };
	char room[256];
	SIZE_T len = sizeof(room);
	wchar_t line[1024];
	BOOL is_done;

	startup.lpAttributeList = (void *)room;
	InitializeProcThreadAttributeList(startup.lpAttributeList, 2, 0, &len);
	if (listed)
		UpdateProcThreadAttribute(startup.lpAttributeList, 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST, &listed, sizeof(listed), NULL, NULL);
	UpdateProcThreadAttribute(startup.lpAttributeList, 0, PROC_THREAD_ATTRIBUTE_PARENT_PROCESS, &parent, sizeof(parent), NULL, NULL);
	swprintf(line, 1024, L"\"%ls\" %ls", self, words);
	is_done = CreateProcessW(NULL, line, NULL, NULL, TRUE, EXTENDED_STARTUPINFO_PRESENT, NULL, NULL, &startup.StartupInfo, out);
	DeleteProcThreadAttributeList(startup.lpAttributeList);
	return is_done;
}

static ULONG_PTR parent_of(HANDLE process)
{
	PROCESS_BASIC_INFORMATION info = {0};

	NtQueryInformationProcess(process, ProcessBasicInformation, &info, sizeof(info), NULL);
	return info.InheritedFromUniqueProcessId;
}

static void test_another_parent(void)
{
	HANDLE ours = CreateEventW(NULL, TRUE, FALSE, NULL), listed = CreateEventW(NULL, TRUE, FALSE, NULL), theirs, theirs_listed, weak;
	PROCESS_INFORMATION parent, child;
	wchar_t words[64];

	report_bool("parent", start(L"sleep", FALSE, 0, &parent));
	report("is ours", "%d", parent_of(parent.hProcess) == GetCurrentProcessId());
	DuplicateHandle(GetCurrentProcess(), ours, parent.hProcess, &theirs, 0, TRUE, DUPLICATE_SAME_ACCESS);
	DuplicateHandle(GetCurrentProcess(), listed, parent.hProcess, &theirs_listed, 0, TRUE, DUPLICATE_SAME_ACCESS);
	swprintf(words, 64, L"set %llu %llu", (unsigned long long)(ULONG_PTR)theirs, (unsigned long long)(ULONG_PTR)theirs_listed);
	report_bool("child of it", start_under(parent.hProcess, NULL, words, &child));
	report("is its", "%d", parent_of(child.hProcess) == parent.dwProcessId);
	report("code", "%lu", join(&child));
	report_wait("an event", WaitForSingleObject(ours, 0));
	report_wait("another", WaitForSingleObject(listed, 0));
	ResetEvent(ours);
	ResetEvent(listed);
	report_bool("child with a list", start_under(parent.hProcess, theirs_listed, words, &child));
	report("code", "%lu", join(&child));
	report_wait("the one not listed", WaitForSingleObject(ours, 0));
	report_wait("the one listed", WaitForSingleObject(listed, 0));
	weak = OpenProcess(SYNCHRONIZE, FALSE, parent.dwProcessId);
	report_bool("child without the right", start_under(weak, NULL, words, &child));
	report_bool("child of an event", start_under(ours, NULL, words, &child));
	report_bool("child of no handle", start_under((HANDLE)0x7ff0, NULL, words, &child));
	CloseHandle(weak);
	TerminateProcess(parent.hProcess, 0);
	join(&parent);
	CloseHandle(ours);
	CloseHandle(listed);
}

static void test_standard_handles(void)
{
	SECURITY_ATTRIBUTES inherited = { sizeof(inherited), NULL, TRUE };
	STARTUPINFOW startup = { .cb = sizeof(startup), .dwFlags = STARTF_USESTDHANDLES };
	PROCESS_INFORMATION child;
	HANDLE reader, writer;
	wchar_t line[1024];
	char buf[64] = "";
	DWORD done, total = 0;

	CreatePipe(&reader, &writer, &inherited, 0);
	SetHandleInformation(reader, HANDLE_FLAG_INHERIT, 0);
	startup.hStdOutput = startup.hStdError = writer;
	startup.hStdInput = GetStdHandle(STD_INPUT_HANDLE);
	swprintf(line, 1024, L"\"%ls\" say something", self);
	report_bool("start", CreateProcessW(NULL, line, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &child));
	CloseHandle(writer);
	while (total < sizeof(buf) - 1 && ReadFile(reader, buf + total, sizeof(buf) - 1 - total, &done, NULL))
		total += done;
	buf[strcspn(buf, "\r\n")] = '\0';
	report("it said", "%s", buf);
	report("code", "%lu", join(&child));
	CloseHandle(reader);
}

static void test_environment_and_folder(void)
{
	static wchar_t environment[] = L"ALPHA=1\0BETA=two\0SystemRoot=C:\\windows\0";
	STARTUPINFOW startup = { .cb = sizeof(startup) };
	PROCESS_INFORMATION child;
	wchar_t line[1024];

	CreateDirectoryW(L"child.dir", NULL);
	swprintf(line, 1024, L"\"%ls\" environment", self);
	report_bool("start", CreateProcessW(NULL, line, NULL, NULL, FALSE, CREATE_UNICODE_ENVIRONMENT, environment, L"child.dir",
					    &startup, &child));
	report("code", "%lu", join(&child));
	RemoveDirectoryW(L"child.dir");
}

static void test_mutant_of_dead_process(void)
{
	HANDLE mutant = CreateMutexW(NULL, FALSE, L"albireo-of-the-dead");
	PROCESS_INFORMATION child;

	report_bool("start", start(L"own", FALSE, 0, &child));
	report("code", "%lu", join(&child));
	report_wait("its mutant", WaitForSingleObject(mutant, SOON_MS));
	CloseHandle(mutant);
}

static void test_other_process(void)
{
	PROCESS_INFORMATION child;
	HANDLE weak, event = CreateEventW(NULL, TRUE, FALSE, NULL), theirs = NULL;
	char bytes[4] = "abc";
	void *memory;
	SIZE_T done;

	report_bool("start", start(L"sleep", FALSE, CREATE_SUSPENDED, &child));
	memory = VirtualAllocEx(child.hProcess, NULL, 0x1000, MEM_COMMIT, PAGE_READWRITE);
	report_bool("allocate in it", memory != NULL);
	report_bool("write into it", WriteProcessMemory(child.hProcess, memory, bytes, 4, &done));
	memset(bytes, 0, 4);
	report_bool("read from it", ReadProcessMemory(child.hProcess, memory, bytes, 4, &done));
	report("bytes", "%s", bytes);
	report_bool("duplicate into it", DuplicateHandle(GetCurrentProcess(), event, child.hProcess, &theirs, 0, FALSE,
							 DUPLICATE_SAME_ACCESS));
	report_bool("close it there", DuplicateHandle(child.hProcess, theirs, NULL, NULL, 0, FALSE, DUPLICATE_CLOSE_SOURCE));
	report_bool("close it there again", DuplicateHandle(child.hProcess, theirs, NULL, NULL, 0, FALSE,
							    DUPLICATE_CLOSE_SOURCE));
	weak = report_handle("open for queries", OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, child.dwProcessId));
	report_bool("kill by it", TerminateProcess(weak, 1));
	report_bool("write by it", WriteProcessMemory(weak, memory, bytes, 4, &done));
	report_wait("wait by it", WaitForSingleObject(weak, 0));
	report("id", "%d", GetProcessId(weak) == child.dwProcessId);
	CloseHandle(weak);
	report_bool("kill", TerminateProcess(child.hProcess, 9));
	report("code", "%lu", join(&child));
	report_handle("open nobody", OpenProcess(PROCESS_ALL_ACCESS, FALSE, 0));
	report_handle("open no process", OpenProcess(PROCESS_ALL_ACCESS, FALSE, 0xfffffff0));
	CloseHandle(event);
}

static DWORD WINAPI count(void *arg)
{
	for (;;)
		InterlockedIncrement(arg);
	return 0;
}

static void test_threads(void)
{
	volatile LONG counter = 0;
	HANDLE thread = CreateThread(NULL, 0, count, (void *)&counter, CREATE_SUSPENDED, NULL), weak;
	CONTEXT context = { .ContextFlags = CONTEXT_FULL };
	LONG before;
	DWORD code = 0;

	Sleep(SHORT_MS);
	report("suspended from the start", "%ld", counter);
	report("resume", "%lu", ResumeThread(thread));
	while (!counter)
		Sleep(1);
	report("suspend", "%lu", SuspendThread(thread));
	report_bool("context", GetThreadContext(thread, &context));
	report("it is in user space", "%d", context.Rip > 0x10000 && context.Rip < 0x7fffffff0000);
	before = counter;
	Sleep(SHORT_MS);
	report("it stands still", "%d", counter == before);
	report("suspend again", "%lu", SuspendThread(thread));
	report("resume", "%lu", ResumeThread(thread));
	Sleep(SHORT_MS);
	report("it still stands", "%d", counter == before);
	report("resume", "%lu", ResumeThread(thread));
	report("resume what runs", "%lu", ResumeThread(thread));
	while (counter == before)
		Sleep(1);
	GetExitCodeThread(thread, &code);
	report("code while it runs", "%lu", code);
	weak = OpenThread(SYNCHRONIZE, FALSE, GetThreadId(thread));
	report_bool("kill without the right", TerminateThread(weak, 1));
	report("suspend without the right", "%#lx", SuspendThread(weak));
	CloseHandle(weak);
	report_bool("kill", TerminateThread(thread, 33));
	report("code", "%lu", join_thread(thread));
	report_handle("open no thread", OpenThread(SYNCHRONIZE, FALSE, 0xfffffff0));
}

#define KILLED 8u

static DWORD WINAPI sleep_for_ever(void *started)
{
	SetEvent(started);
	Sleep(INFINITE);
	return 0;
}

static DWORD WINAPI add_one(void *counter)
{
	InterlockedIncrement(counter);
	return 0;
}

/* Those that were killed told nobody of their end, and yet others can start. */
static void test_threads_after_killed_ones(void)
{
	HANDLE threads[KILLED], started = CreateEventW(NULL, FALSE, FALSE, NULL);
	volatile LONG counter = 0;

	for (unsigned i = 0; i < KILLED; i++) {
		threads[i] = CreateThread(NULL, 0, sleep_for_ever, started, 0, NULL);
		WaitForSingleObject(started, SOON_MS);
	}
	for (unsigned i = KILLED; i > 0; i--) {
		unsigned victim = i * 3 % KILLED;

		report_bool("kill", TerminateThread(threads[victim], victim));
		report("code", "%lu", join_thread(threads[victim]));
	}
	for (unsigned i = 0; i < KILLED; i++)
		join_thread(CreateThread(NULL, 0, add_one, (void *)&counter, 0, NULL));
	report("started after them", "%ld", counter);
	CloseHandle(started);
}

static void test_priorities(void)
{
	report("class", "%#lx", GetPriorityClass(GetCurrentProcess()));
	report("priority", "%d", GetThreadPriority(GetCurrentThread()));
	report_bool("above normal", SetThreadPriority(GetCurrentThread(), THREAD_PRIORITY_ABOVE_NORMAL));
	report("priority", "%d", GetThreadPriority(GetCurrentThread()));
	report_bool("a priority that is none", SetThreadPriority(GetCurrentThread(), 100));
	SetThreadPriority(GetCurrentThread(), THREAD_PRIORITY_NORMAL);
}

static int be_child(int argc, char **argv)
{
	if (!strcmp(argv[1], "exit"))
		ExitProcess((UINT)_strtoui64(argv[2], NULL, 10));
	if (!strcmp(argv[1], "sleep"))
		Sleep(INFINITE);
	if (!strcmp(argv[1], "say"))
		printf("%s\n", argv[2]);
	if (!strcmp(argv[1], "set"))
		return (SetEvent((HANDLE)(ULONG_PTR)_strtoui64(argv[2], NULL, 10)) ? 1 : 0) +
		       (SetEvent((HANDLE)(ULONG_PTR)_strtoui64(argv[3], NULL, 10)) ? 2 : 0);
	if (!strcmp(argv[1], "own"))
		WaitForSingleObject(OpenMutexW(SYNCHRONIZE, FALSE, L"albireo-of-the-dead"), 0);
	if (!strcmp(argv[1], "environment")) {
		wchar_t folder[MAX_PATH], value[16] = L"";
		DWORD len = GetCurrentDirectoryW(MAX_PATH, folder);

		report("folder", "%ls", len > 9 ? folder + len - 9 : folder);
		GetEnvironmentVariableW(L"beta", value, 16);
		report("BETA", "%ls", value);
		report("PATH", "%lu", GetEnvironmentVariableW(L"PATH", value, 16));
	}
	return 0;
}

int main(int argc, char **argv)
{
	GetModuleFileNameW(NULL, self, MAX_PATH);
	if (argc > 1)
		return be_child(argc, argv);
	test_exit_codes();
	test_what_cannot_start();
	test_killed();
	test_suspended();
	test_inheritance();
	test_another_parent();
	test_standard_handles();
	test_environment_and_folder();
	test_mutant_of_dead_process();
	test_other_process();
	test_threads();
	test_threads_after_killed_ones();
	test_priorities();
	return 0;
}
