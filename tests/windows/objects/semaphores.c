/* Semaphores: counts, limits, many waiters. */
#include "nt.h"
#include "report.h"

typedef struct {
	ULONG count;
	ULONG limit;
} semaphore_info;

static void show(const char *what, HANDLE semaphore)
{
	semaphore_info info = {0};
	NTSTATUS status = NtQuerySemaphore(semaphore, 0, &info, sizeof(info), NULL);

	report(what, "%#lx %lu of %lu", (unsigned long)status, info.count, info.limit);
}

static void test_counts(void)
{
	HANDLE semaphore = report_handle("create 2 of 3", CreateSemaphoreW(NULL, 2, 3, NULL));
	LONG previous = -1;
	ULONG native = 99;

	show("at first", semaphore);
	report_wait("one", WaitForSingleObject(semaphore, 0));
	report_wait("two", WaitForSingleObject(semaphore, 0));
	report_wait("three", WaitForSingleObject(semaphore, SHORT_MS));
	report_bool("release 2", ReleaseSemaphore(semaphore, 2, &previous));
	report("was", "%ld", previous);
	report_bool("release 2 beyond the limit", ReleaseSemaphore(semaphore, 2, &previous));
	report("still", "%ld", previous);
	report_status("the same natively", NtReleaseSemaphore(semaphore, 2, &native));
	report("release 0", "%s", ReleaseSemaphore(semaphore, 0, &previous) ? "ok" : "refused");
	report("release -1", "%s", ReleaseSemaphore(semaphore, -1, &previous) ? "ok" : "refused");
	report_status("native release", NtReleaseSemaphore(semaphore, 1, &native));
	report("was", "%lu", native);
	show("at last", semaphore);
	CloseHandle(semaphore);
}

static void test_arguments(void)
{
	HANDLE semaphore = NULL;

	report_handle("limit 0", CreateSemaphoreW(NULL, 0, 0, NULL));
	report_handle("more than the limit", CreateSemaphoreW(NULL, 2, 1, NULL));
	report_handle("negative count", CreateSemaphoreW(NULL, -1, 1, NULL));
	report_handle("negative limit", CreateSemaphoreW(NULL, 0, -1, NULL));
	report_status("native limit 0", NtCreateSemaphore(&semaphore, SEMAPHORE_ALL_ACCESS, NULL, 0, 0));
	report_status("native", NtCreateSemaphore(&semaphore, SEMAPHORE_ALL_ACCESS, NULL, 0x7fffffff, 0x7fffffff));
	report_status("release one more", NtReleaseSemaphore(semaphore, 1, NULL));
	show("the greatest", semaphore);
	report_status("another class", NtQuerySemaphore(semaphore, 1, &semaphore, 8, NULL));
	NtClose(semaphore);
	report_status("release a closed one", NtReleaseSemaphore(semaphore, 1, NULL));
}

static void test_access(void)
{
	HANDLE semaphore = CreateSemaphoreW(NULL, 0, 9, L"albireo-semaphore"), other;

	other = report_handle("open for waits", OpenSemaphoreW(SYNCHRONIZE, FALSE, L"albireo-semaphore"));
	report_bool("release", ReleaseSemaphore(other, 1, NULL));
	CloseHandle(other);
	other = report_handle("open for releases", OpenSemaphoreW(SEMAPHORE_MODIFY_STATE, FALSE, L"albireo-semaphore"));
	report_bool("release", ReleaseSemaphore(other, 1, NULL));
	report_wait("wait", WaitForSingleObject(other, 0));
	show("query", other);
	CloseHandle(other);
	report_wait("the first handle", WaitForSingleObject(semaphore, 0));
	CloseHandle(semaphore);
	report_handle("open after the last close", OpenSemaphoreW(SYNCHRONIZE, FALSE, L"albireo-semaphore"));
}

struct shared {
	HANDLE semaphore;
	volatile LONG taken;
};

static DWORD WINAPI take(void *arg)
{
	struct shared *shared = arg;

	about_to_wait();
	if (WaitForSingleObject(shared->semaphore, SOON_MS) == WAIT_OBJECT_0)
		InterlockedIncrement(&shared->taken);
	return 0;
}

static void test_release_of_many_wakes_as_many(void)
{
	struct shared shared = { CreateSemaphoreW(NULL, 0, 100, NULL), 0 };
	HANDLE threads[8];
	int i;

	for (i = 0; i < 8; i++)
		threads[i] = start_thread(take, &shared);
	let_threads_wait(8);
	report_bool("release 5", ReleaseSemaphore(shared.semaphore, 5, NULL));
	while (shared.taken < 5)
		Sleep(1);
	Sleep(SHORT_MS);
	report("taken", "%ld", shared.taken);
	report_bool("release 4", ReleaseSemaphore(shared.semaphore, 4, NULL));
	for (i = 0; i < 8; i++)
		join_thread(threads[i]);
	report("taken", "%ld", shared.taken);
	show("left", shared.semaphore);
	CloseHandle(shared.semaphore);
}

static void test_with_others(void)
{
	HANDLE objects[2] = { CreateSemaphoreW(NULL, 1, 2, NULL), CreateEventW(NULL, TRUE, FALSE, NULL) };

	report_wait("all, the event lacks", WaitForMultipleObjects(2, objects, TRUE, SHORT_MS));
	show("nothing taken", objects[0]);
	report_wait("any", WaitForMultipleObjects(2, objects, FALSE, 0));
	SetEvent(objects[1]);
	report_wait("all, the semaphore lacks", WaitForMultipleObjects(2, objects, TRUE, SHORT_MS));
	report_wait("signal it and wait", SignalObjectAndWait(objects[0], objects[1], 0, FALSE));
	report_wait("all", WaitForMultipleObjects(2, objects, TRUE, 0));
	show("taken", objects[0]);
	CloseHandle(objects[0]);
	CloseHandle(objects[1]);
}

int main(void)
{
	test_counts();
	test_arguments();
	test_access();
	test_release_of_many_wakes_as_many();
	test_with_others();
	return 0;
}
