/* Mutants: recursion, owners that die, wrong owners. */
#include "nt.h"
#include "report.h"

typedef struct {
	LONG count;
	BOOLEAN is_owned_by_caller;
	BOOLEAN is_abandoned;
} mutant_info;

static void show(const char *what, HANDLE mutant)
{
	mutant_info info = {0};
	NTSTATUS status = NtQueryMutant(mutant, 0, &info, sizeof(info), NULL);

	report(what, "%#lx count %ld mine %d abandoned %d", (unsigned long)status, info.count, info.is_owned_by_caller,
	       info.is_abandoned);
}

static void test_recursion(void)
{
	HANDLE mutant = report_handle("create, owned", CreateMutexW(NULL, TRUE, NULL));
	LONG previous = 99;

	show("owned once", mutant);
	report_wait("again", WaitForSingleObject(mutant, 0));
	report_wait("and again", WaitForSingleObject(mutant, 0));
	show("owned thrice", mutant);
	report_status("native release", NtReleaseMutant(mutant, &previous));
	report("was", "%ld", previous);
	report_bool("release", ReleaseMutex(mutant));
	report_bool("release", ReleaseMutex(mutant));
	show("free", mutant);
	report_bool("release of what is free", ReleaseMutex(mutant));
	report_status("native release of what is free", NtReleaseMutant(mutant, NULL));
	CloseHandle(mutant);
}

static DWORD WINAPI release_it(void *arg)
{
	report_bool("release by another thread", ReleaseMutex(arg));
	report_wait("wait by another thread", WaitForSingleObject(arg, SHORT_MS));
	show("seen by another thread", arg);
	return 0;
}

static DWORD WINAPI take_and_die(void *arg)
{
	report_wait("take", WaitForSingleObject(arg, SOON_MS));
	report_wait("take", WaitForSingleObject(arg, SOON_MS));
	return 7;
}

static void test_owners(void)
{
	HANDLE mutant = CreateMutexW(NULL, TRUE, NULL);

	join_thread(start_thread(release_it, mutant));
	ReleaseMutex(mutant);
	report("owner's code", "%lu", join_thread(start_thread(take_and_die, mutant)));
	show("its owner died", mutant);
	report_wait("after its owner's death", WaitForSingleObject(mutant, 0));
	show("taken over", mutant);
	report_wait("again", WaitForSingleObject(mutant, 0));
	report_bool("release", ReleaseMutex(mutant));
	report_bool("release", ReleaseMutex(mutant));
	show("free", mutant);
	CloseHandle(mutant);
}

static void test_abandoned_among_many(void)
{
	HANDLE objects[2] = { CreateEventW(NULL, TRUE, FALSE, NULL), CreateMutexW(NULL, FALSE, NULL) };

	join_thread(start_thread(take_and_die, objects[1]));
	report_wait("any", WaitForMultipleObjects(2, objects, FALSE, 0));
	ReleaseMutex(objects[1]);
	join_thread(start_thread(take_and_die, objects[1]));
	report_wait("all, one lacks", WaitForMultipleObjects(2, objects, TRUE, SHORT_MS));
	SetEvent(objects[0]);
	report_wait("all", WaitForMultipleObjects(2, objects, TRUE, 0));
	report_wait("all, not abandoned now", WaitForMultipleObjects(2, objects, TRUE, 0));
	ReleaseMutex(objects[1]);
	ReleaseMutex(objects[1]);
	CloseHandle(objects[0]);
	CloseHandle(objects[1]);
}

static DWORD WINAPI take_and_wait(void *arg)
{
	HANDLE *objects = arg;

	WaitForSingleObject(objects[0], SOON_MS);
	SetEvent(objects[1]);
	WaitForSingleObject(objects[2], INFINITE);
	return 0;
}

static void test_killed_owner(void)
{
	HANDLE objects[3] = { CreateMutexW(NULL, FALSE, NULL), CreateEventW(NULL, FALSE, FALSE, NULL),
			      CreateEventW(NULL, FALSE, FALSE, NULL) };
	HANDLE thread = start_thread(take_and_wait, objects);

	report_wait("the thread took it", WaitForSingleObject(objects[1], SOON_MS));
	report_wait("it is not free", WaitForSingleObject(objects[0], SHORT_MS));
	report_bool("kill the owner", TerminateThread(thread, 5));
	report("owner's code", "%lu", join_thread(thread));
	report_wait("after the kill", WaitForSingleObject(objects[0], SOON_MS));
	ReleaseMutex(objects[0]);
	CloseHandle(objects[0]);
	CloseHandle(objects[1]);
	CloseHandle(objects[2]);
}

static void test_names_and_access(void)
{
	HANDLE first = report_handle("create", CreateMutexW(NULL, TRUE, L"albireo-mutant")), second;

	SetLastError(0);
	second = report_handle("create again, owned", CreateMutexW(NULL, TRUE, L"albireo-mutant"));
	report("it said", "%lu", GetLastError());
	show("still owned once", first);
	CloseHandle(second);
	second = report_handle("open for waits", OpenMutexW(SYNCHRONIZE, FALSE, L"albireo-mutant"));
	report_wait("wait", WaitForSingleObject(second, 0));
	report_bool("release needs no right", ReleaseMutex(second));
	show("query needs one", second);
	CloseHandle(second);
	second = report_handle("open for queries", OpenMutexW(MUTANT_QUERY_STATE, FALSE, L"albireo-mutant"));
	report_wait("wait", WaitForSingleObject(second, 0));
	CloseHandle(second);
	report_handle("open what is not there", OpenMutexW(SYNCHRONIZE, FALSE, L"albireo-no-mutant"));
	report_handle("an event of that name", CreateEventW(NULL, FALSE, FALSE, L"albireo-mutant"));
	CloseHandle(first);
}

static void test_arguments(void)
{
	HANDLE mutant = CreateMutexW(NULL, FALSE, NULL), event = CreateEventW(NULL, FALSE, FALSE, NULL);
	mutant_info info;

	report_status("query into too little", NtQueryMutant(mutant, 0, &info, 4, NULL));
	report_status("query of another class", NtQueryMutant(mutant, 9, &info, sizeof(info), NULL));
	report_status("release an event", NtReleaseMutant(event, NULL));
	report_status("release nothing", NtReleaseMutant(NULL, NULL));
	CloseHandle(event);
	report_bool("close while owned", WaitForSingleObject(mutant, 0) == WAIT_OBJECT_0 && CloseHandle(mutant));
	report_bool("release a closed one", ReleaseMutex(mutant));
}

int main(void)
{
	test_recursion();
	test_owners();
	test_abandoned_among_many();
	test_killed_owner();
	test_names_and_access();
	test_arguments();
	return 0;
}
