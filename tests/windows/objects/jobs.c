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
	report_bool("assign to no handle", AssignProcessToJobObject((HANDLE)0x7ff0, child.hProcess));
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

/* A job within a job: who is in the inner one is in the outer one too. */
static void test_nested(void)
{
	HANDLE outer = CreateJobObjectW(NULL, NULL), inner = CreateJobObjectW(NULL, NULL), other = CreateJobObjectW(NULL, NULL);
	PROCESS_INFORMATION first = start(L"sleep", CREATE_SUSPENDED), second = start(L"sleep", CREATE_SUSPENDED);
	BOOL is_in = 9;

	report_bool("first into the outer", AssignProcessToJobObject(outer, first.hProcess));
	report_bool("first into the inner", AssignProcessToJobObject(inner, first.hProcess));
	report_bool("in the outer", IsProcessInJob(first.hProcess, outer, &is_in) && is_in);
	report_bool("in the inner", IsProcessInJob(first.hProcess, inner, &is_in) && is_in);
	report_bool("in any", IsProcessInJob(first.hProcess, NULL, &is_in) && is_in);
	report_bool("the second in none", IsProcessInJob(second.hProcess, NULL, &is_in) && !is_in);
	report_bool("second into another", AssignProcessToJobObject(other, second.hProcess));
	report_bool("first into that", AssignProcessToJobObject(other, first.hProcess));
	show("outer", outer);
	show("inner", inner);
	show("other", other);
	report_bool("end the outer", TerminateJobObject(outer, 21));
	join(&first);
	report("the second goes on", "%lu", WaitForSingleObject(second.hProcess, 0));
	report_bool("end the other", TerminateJobObject(other, 22));
	join(&second);
	CloseHandle(outer);
	CloseHandle(inner);
	CloseHandle(other);
}

/* What a member starts is a member; @way is what the child is told. */
static void test_children(const char *what, const wchar_t *way, DWORD limit_flags)
{
	JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {0};
	HANDLE job = CreateJobObjectW(NULL, NULL);
	PROCESS_INFORMATION child = start(way, CREATE_SUSPENDED);

	limits.BasicLimitInformation.LimitFlags = limit_flags;
	report_bool(what, SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof(limits)));
	report_bool("assign", AssignProcessToJobObject(job, child.hProcess));
	ResumeThread(child.hThread);
	join(&child);
	show("in all", job);
	CloseHandle(job);
}

static void test_process_ids(void)
{
	union {
		JOBOBJECT_BASIC_PROCESS_ID_LIST list;
		ULONG_PTR room[8];
	} ids = {0};
	HANDLE job = CreateJobObjectW(NULL, NULL);
	PROCESS_INFORMATION children[3];
	DWORD length = 0, found = 0;
	int i, k;

	for (i = 0; i < 3; i++) {
		children[i] = start(L"sleep", CREATE_SUSPENDED);
		AssignProcessToJobObject(job, children[i].hProcess);
	}
	report_bool("list", QueryInformationJobObject(job, JobObjectBasicProcessIdList, &ids, sizeof(ids), &length));
	report("ids", "%lu of %lu", ids.list.NumberOfProcessIdsInList, ids.list.NumberOfAssignedProcesses);
	for (i = 0; i < 3; i++)
		for (k = 0; k < 3; k++)
			found += ids.list.ProcessIdList[k] == children[i].dwProcessId;
	report("known ones", "%lu", found);
	report_bool("list two", QueryInformationJobObject(job, JobObjectBasicProcessIdList, &ids,
							  8 + 2 * sizeof(ULONG_PTR), &length));
	report("ids", "%lu of %lu", ids.list.NumberOfProcessIdsInList, ids.list.NumberOfAssignedProcesses);
	report_bool("list without room", QueryInformationJobObject(job, JobObjectBasicProcessIdList, &ids, 4, NULL));
	report_bool("end all", TerminateJobObject(job, 1));
	for (i = 0; i < 3; i++)
		join(&children[i]);
	CloseHandle(job);
}

static void test_limits(void)
{
	JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {0};
	JOBOBJECT_BASIC_LIMIT_INFORMATION basic = {0};
	HANDLE job = CreateJobObjectW(NULL, NULL);

	limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | JOB_OBJECT_LIMIT_BREAKAWAY_OK;
	report_bool("set", SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof(limits)));
	memset(&limits, 0, sizeof(limits));
	report_bool("query", QueryInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof(limits), NULL));
	report("flags", "%#lx", limits.BasicLimitInformation.LimitFlags);
	report_bool("query the short ones", QueryInformationJobObject(job, JobObjectBasicLimitInformation, &basic,
								      sizeof(basic), NULL));
	report_bool("query too little", QueryInformationJobObject(job, JobObjectBasicLimitInformation, &basic, 8, NULL));
	limits.BasicLimitInformation.LimitFlags = 0x80000000;
	report_bool("flags that are none", SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits,
								   sizeof(limits)));
	basic.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
	report_bool("a long one's flag", SetInformationJobObject(job, JobObjectBasicLimitInformation, &basic, sizeof(basic)));
	report_bool("a class that is none", SetInformationJobObject(job, 99, &basic, sizeof(basic)));
	report_bool("query of none", QueryInformationJobObject(job, 99, &basic, sizeof(basic), NULL));
	report_wait("a job is not signalled", WaitForSingleObject(job, 0));
	CloseHandle(job);
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

static int be_parent(const char *way)
{
	PROCESS_INFORMATION child = start(L"exit", strcmp(way, "parent") ? CREATE_BREAKAWAY_FROM_JOB : 0);
	BOOL is_in = 9;

	report_bool("asked", IsProcessInJob(child.hProcess, NULL, &is_in));
	report("the grandchild is in a job", "%d", is_in);
	join(&child);
	return 4;
}

/* A child that is in jobs before it runs. */
static void test_list(void)
{
	STARTUPINFOEXW startup = { .StartupInfo.cb = sizeof(startup) };
	HANDLE jobs[2] = { CreateJobObjectW(NULL, NULL), CreateJobObjectW(NULL, NULL) };
	PROCESS_INFORMATION child = {0};
	BOOL is_in = 9;
	char room[256];
	SIZE_T len = sizeof(room);
	wchar_t line[1024];

	startup.lpAttributeList = (void *)room;
	InitializeProcThreadAttributeList(startup.lpAttributeList, 1, 0, &len);
	report_bool("list", UpdateProcThreadAttribute(startup.lpAttributeList, 0, PROC_THREAD_ATTRIBUTE_JOB_LIST, jobs, sizeof(jobs), NULL,
						      NULL));
	swprintf(line, 1024, L"\"%ls\" sleep", self);
	report_bool("start", CreateProcessW(NULL, line, NULL, NULL, FALSE, EXTENDED_STARTUPINFO_PRESENT, NULL, NULL, &startup.StartupInfo,
					    &child));
	report_bool("in the first", IsProcessInJob(child.hProcess, jobs[0], &is_in) && is_in);
	report_bool("in the second", IsProcessInJob(child.hProcess, jobs[1], &is_in) && is_in);
	show("first", jobs[0]);
	show("second", jobs[1]);
	TerminateJobObject(jobs[0], 21);
	join(&child);
	DeleteProcThreadAttributeList(startup.lpAttributeList);
	CloseHandle(jobs[0]);
	CloseHandle(jobs[1]);
}

int main(int argc, char **argv)
{
	GetModuleFileNameW(NULL, self, MAX_PATH);
	if (argc > 1) {
		if (!strcmp(argv[1], "sleep"))
			Sleep(INFINITE);
		if (!strcmp(argv[1], "parent") || !strcmp(argv[1], "breakaway"))
			return be_parent(argv[1]);
		return 3;
	}
	test_members();
	test_kill_on_close();
	test_port();
	test_nested();
	test_children("no breakaway", L"parent", 0);
	test_children("silent breakaway", L"parent", JOB_OBJECT_LIMIT_SILENT_BREAKAWAY_OK);
	test_children("breakaway", L"breakaway", JOB_OBJECT_LIMIT_BREAKAWAY_OK);
	test_process_ids();
	test_list();
	test_limits();
	test_access();
	return 0;
}
