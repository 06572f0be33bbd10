/* Keyed events: a wait and a release of one key meet. */
#include "nt.h"
#include "report.h"

#define KEYEDEVENT_WAIT 1u
#define KEYEDEVENT_WAKE 2u
#define KEY(n) ((void *)(ULONG_PTR)(n))

static LARGE_INTEGER now = { .QuadPart = 0 }, shortly = { .QuadPart = -10000ll * SHORT_MS },
	soon = { .QuadPart = -10000ll * SOON_MS };

struct meeting {
	HANDLE event;
	ULONG_PTR key;
	NTSTATUS status;
};

static DWORD WINAPI wait_for_key(void *arg)
{
	struct meeting *m = arg;

	about_to_wait();
	m->status = NtWaitForKeyedEvent(m->event, KEY(m->key), FALSE, &soon);
	return 0;
}

static DWORD WINAPI release_key(void *arg)
{
	struct meeting *m = arg;

	about_to_wait();
	m->status = NtReleaseKeyedEvent(m->event, KEY(m->key), FALSE, &soon);
	return 0;
}

static void test_meetings(HANDLE event)
{
	struct meeting m = { event, 8, 1 };
	HANDLE thread = start_thread(wait_for_key, &m);

	let_threads_wait(1);
	report_status("release another key", NtReleaseKeyedEvent(event, KEY(16), FALSE, &now));
	report_status("release", NtReleaseKeyedEvent(event, KEY(8), FALSE, &soon));
	join_thread(thread);
	report_status("the waiter", m.status);
	thread = start_thread(release_key, &m);
	let_threads_wait(1);
	report_status("wait", NtWaitForKeyedEvent(event, KEY(8), FALSE, &soon));
	join_thread(thread);
	report_status("the releaser", m.status);
}

/* Each release wakes one, those who came first before the others. */
static void test_many(HANDLE event)
{
	struct meeting m[6];
	HANDLE threads[6];
	int i;

	for (i = 0; i < 6; i++) {
		m[i] = (struct meeting){ event, i % 2 ? 2 : 4, 1 };
		threads[i] = start_thread(wait_for_key, &m[i]);
	}
	let_threads_wait(6);
	for (i = 0; i < 6; i++)
		report_status("release one of six", NtReleaseKeyedEvent(event, KEY(i < 3 ? 2 : 4), FALSE, &soon));
	for (i = 0; i < 6; i++) {
		join_thread(threads[i]);
		report_status("woken", m[i].status);
	}
	report_status("nobody is left", NtReleaseKeyedEvent(event, KEY(2), FALSE, &now));
}

static void NTAPI nothing(ULONG_PTR arg)
{
	report("apc", "%lu", (unsigned long)arg);
}

static void test_ends(HANDLE event)
{
	struct meeting m = { event, 8, 1 };
	HANDLE thread;

	report_status("wait for nobody", NtWaitForKeyedEvent(event, KEY(8), FALSE, &now));
	report_status("release for nobody", NtReleaseKeyedEvent(event, KEY(8), FALSE, &shortly));
	QueueUserAPC(nothing, GetCurrentThread(), 1);
	report_status("wait, alertable", NtWaitForKeyedEvent(event, KEY(8), TRUE, &soon));
	QueueUserAPC(nothing, GetCurrentThread(), 2);
	report_status("release, alertable", NtReleaseKeyedEvent(event, KEY(8), TRUE, &soon));
	thread = start_thread(wait_for_key, &m);
	let_threads_wait(1);
	report_bool("end the waiter", TerminateThread(thread, 5));
	report("its code", "%lu", join_thread(thread));
	report_status("it waits no more", NtReleaseKeyedEvent(event, KEY(8), FALSE, &now));
}

static void test_access(HANDLE event)
{
	HANDLE waits, wakes, mutex = CreateMutexW(NULL, FALSE, NULL);

	DuplicateHandle(GetCurrentProcess(), event, GetCurrentProcess(), &waits, KEYEDEVENT_WAIT, FALSE, 0);
	DuplicateHandle(GetCurrentProcess(), event, GetCurrentProcess(), &wakes, KEYEDEVENT_WAKE, FALSE, 0);
	report_status("release without the right", NtReleaseKeyedEvent(waits, KEY(8), FALSE, &now));
	report_status("wait without the right", NtWaitForKeyedEvent(wakes, KEY(8), FALSE, &now));
	report_status("release with it", NtReleaseKeyedEvent(wakes, KEY(8), FALSE, &now));
	report_status("wait with it", NtWaitForKeyedEvent(waits, KEY(8), FALSE, &now));
	report_status("an odd key", NtWaitForKeyedEvent(event, KEY(9), FALSE, &now));
	report_status("release an odd key", NtReleaseKeyedEvent(event, KEY(9), FALSE, &now));
	report_status("wait at a mutex", NtWaitForKeyedEvent(mutex, KEY(8), FALSE, &now));
	report_status("release a mutex", NtReleaseKeyedEvent(mutex, KEY(8), FALSE, &now));
	CloseHandle(waits);
	CloseHandle(wakes);
	CloseHandle(mutex);
	report_status("a closed one", NtReleaseKeyedEvent(wakes, KEY(8), FALSE, &now));
	report_status("wait at a closed one", NtWaitForKeyedEvent(wakes, KEY(8), FALSE, &now));
}

static void test_everybodys(void)
{
	struct meeting m = { NULL, 8, 1 };
	HANDLE thread = start_thread(wait_for_key, &m);

	let_threads_wait(1);
	report_status("release at the one that is always there", NtReleaseKeyedEvent(NULL, KEY(8), FALSE, &soon));
	join_thread(thread);
	report_status("the waiter", m.status);
}

static void test_names(void)
{
	UNICODE_STRING name = counted(L"\\BaseNamedObjects\\albireo-keyed"), other = counted(L"\\BaseNamedObjects\\albireo-none");
	OBJECT_ATTRIBUTES a = named(&name, NULL, 0), none = named(&other, NULL, 0);
	HANDLE first, second;

	report_status("create", NtCreateKeyedEvent(&first, GENERIC_ALL, &a, 0));
	report_status("create again", NtCreateKeyedEvent(&second, GENERIC_ALL, &a, 0));
	report_status("open", NtOpenKeyedEvent(&second, GENERIC_ALL, &a));
	report_status("open what is not there", NtOpenKeyedEvent(&second, GENERIC_ALL, &none));
	NtClose(first);
}

int main(void)
{
	HANDLE event;

	report_status("create", NtCreateKeyedEvent(&event, GENERIC_ALL, NULL, 0));
	test_meetings(event);
	test_many(event);
	test_ends(event);
	test_access(event);
	test_everybodys();
	test_names();
	NtClose(event);
	return 0;
}
