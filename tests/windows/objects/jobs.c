/* Jobs: members, limits, ends. */
#include "nt.h"
#include "report.h"

static wchar_t self[MAX_PATH];

static PROCESS_INFORMATION start(const wchar_t *word, DWORD flags)
{
	STARTUPINFOW startup = { .cb = sizeof(startup) };
	PROCESS_INFORMATION child = {0};
	wchar_t line[1024];

	swprintf(line, 1024, L"\"%ls\" %ls", self, word);
	report_bool("start", CreateProcessW(NULL, line, NULL, NULL, FALSE, flags, NULL, NULL, &startup, &child));
	return child;
}

static void join(PROCESS_INFORMATION *child)
{
	DWORD code = 0;

	report_wait("child", WaitForSingleObject(child->hProcess, SOON_MS));
	GetExitCodeProcess(child->hProcess, &code);
	report("code", "%lu", code);
	CloseHandle(child->hProcess);
	CloseHandle(child->hThread);
}

static void show(const char *what, HANDLE job)
{
	JOBOBJECT_BASIC_ACCOUNTING_INFORMATION info = {0};

	report_bool("query", QueryInformationJobObject(job, JobObjectBasicAccountingInformation, &info, sizeof(info), NULL));
	report(what, "%lu processes, %lu active", info.TotalProcesses, info.ActiveProcesses);
}

static void test_members(void)
{
	HANDLE job = report_handle("create", CreateJobObjectW(NULL, NULL));
	PROCESS_INFORMATION child;
	BOOL is_in = 9;

	show("empty", job);
	child = start(L"sleep", CREATE_SUSPENDED);
	report_bool("not in it", IsProcessInJob(child.hProcess, job, &is_in) && !is_in);
	report_bool("assign", AssignProcessToJobObject(job, child.hProcess));
	report_bool("in it", IsProcessInJob(child.hProcess, job, &is_in) && is_in);
	show("with one", job);
	report_bool("end all", TerminateJobObject(job, 12));
	join(&child);
	show("with none", job);
	report_bool("assign what is no process", AssignProcessToJobObject(job, job));
	CloseHandle(job);
}

static void test_kill_on_close(void)
{
	JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {0};
	HANDLE job = CreateJobObjectW(NULL, NULL);
	PROCESS_INFORMATION child;

	limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
	report_bool("limit", SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof(limits)));
	report_bool("wrong length", SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, 8));
	child = start(L"sleep", 0);
	report_bool("assign", AssignProcessToJobObject(job, child.hProcess));
	report_bool("close", CloseHandle(job));
	join(&child);
}

static void test_port(void)
{
	HANDLE job = CreateJobObjectW(NULL, NULL), port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
	JOBOBJECT_ASSOCIATE_COMPLETION_PORT association = { (void *)42, port };
	PROCESS_INFORMATION child;
	OVERLAPPED *overlapped;
	ULONG_PTR key;
	DWORD message, i;

	report_bool("associate", SetInformationJobObject(job, JobObjectAssociateCompletionPortInformation, &association,
							 sizeof(association)));
	child = start(L"exit", CREATE_SUSPENDED);
	report_bool("assign", AssignProcessToJobObject(job, child.hProcess));
	ResumeThread(child.hThread);
	join(&child);
	for (i = 0; i < 3; i++) {
		if (!GetQueuedCompletionStatus(port, &message, &key, &overlapped, SOON_MS))
			break;
		report("message", "%lu key %lu", message, (unsigned long)key);
	}
	CloseHandle(job);
	CloseHandle(port);
}

static void test_access(void)
{
	HANDLE job = CreateJobObjectW(NULL, L"albireo-job"), other;

	other = report_handle("open for queries", OpenJobObjectW(JOB_OBJECT_QUERY, FALSE, L"albireo-job"));
	show("query", other);
	report_bool("assign without the right", AssignProcessToJobObject(other, GetCurrentProcess()));
	report_bool("end without the right", TerminateJobObject(other, 1));
	CloseHandle(other);
	CloseHandle(job);
	report_handle("open after the last close", OpenJobObjectW(JOB_OBJECT_QUERY, FALSE, L"albireo-job"));
	report_bool("end a closed one", TerminateJobObject(job, 1));
}

int main(int argc, char **argv)
{
	GetModuleFileNameW(NULL, self, MAX_PATH);
	if (argc > 1) {
		if (!strcmp(argv[1], "sleep"))
			Sleep(INFINITE);
		return 3;
	}
	test_members();
	test_kill_on_close();
	test_port();
	test_access();
	return 0;
}
