/* Alerts by thread id, alerts, and user APCs. */
#include "nt.h"
#include "report.h"

static HANDLE id_of(DWORD tid)
{
	return (HANDLE)(ULONG_PTR)tid;
}

static void test_own_thread(void)
{
	LARGE_INTEGER now = { .QuadPart = 0 }, soon = { .QuadPart = -10000ll * SHORT_MS };

	report_status("alert this thread", NtAlertThreadByThreadId(id_of(GetCurrentThreadId())));
	report_status("once more", NtAlertThreadByThreadId(id_of(GetCurrentThreadId())));
	report_status("wait", NtWaitForAlertByThreadId(NULL, &now));
	report_status("alerts do not add up", NtWaitForAlertByThreadId(NULL, &now));
	report_status("with patience", NtWaitForAlertByThreadId(NULL, &soon));
	report_status("alert no thread", NtAlertThreadByThreadId(id_of(0)));
	report_status("alert no thread of ours", NtAlertThreadByThreadId(id_of(0xfffffff0)));
}

static DWORD WINAPI wait_for_alert(void *arg)
{
	about_to_wait();
	return (DWORD)NtWaitForAlertByThreadId(arg, NULL);
}

static void test_other_thread(void)
{
	DWORD tid;
	HANDLE thread = CreateThread(NULL, 0, wait_for_alert, NULL, 0, &tid);

	let_threads_wait(1);
	report_status("alert it", NtAlertThreadByThreadId(id_of(tid)));
	report("it got", "%#lx", join_thread(thread));
	thread = CreateThread(NULL, 0, wait_for_alert, NULL, CREATE_SUSPENDED, &tid);
	report_status("alert before it runs", NtAlertThreadByThreadId(id_of(tid)));
	ResumeThread(thread);
	report("it got", "%#lx", join_thread(thread));
	let_threads_wait(1);
}

struct pair {
	DWORD tids[2];
	volatile LONG begun, turns;
};

static DWORD WINAPI play(void *arg)
{
	struct pair *pair = arg;
	int me = GetCurrentThreadId() == pair->tids[1], i;

	InterlockedIncrement(&pair->begun);
	for (i = 0; i < 1000; i++) {
		if (NtWaitForAlertByThreadId(NULL, NULL) != 0x101)
			return 1;
		InterlockedIncrement(&pair->turns);
		NtAlertThreadByThreadId(id_of(pair->tids[!me]));
	}
	return 0;
}

static void test_ping_pong(void)
{
	struct pair pair = {0};
	HANDLE threads[2];
	int i;

	for (i = 0; i < 2; i++)
		threads[i] = CreateThread(NULL, 0, play, &pair, CREATE_SUSPENDED, &pair.tids[i]);
	for (i = 0; i < 2; i++)
		ResumeThread(threads[i]);
	/* A thread that waits for the loader's lock takes an alert for that lock's. */
	while (pair.begun < 2)
		SwitchToThread();
	NtAlertThreadByThreadId(id_of(pair.tids[0]));
	report("codes", "%lu %lu", join_thread(threads[0]), join_thread(threads[1]));
	report("turns", "%ld", pair.turns);
}

static void NTAPI apc(ULONG_PTR a, ULONG_PTR b, ULONG_PTR c)
{
	report("apc", "%lu %lu %lu", (unsigned long)a, (unsigned long)b, (unsigned long)c);
}

static void NTAPI apc_that_queues(ULONG_PTR a, ULONG_PTR b, ULONG_PTR c)
{
	report("apc that queues", "%lu", (unsigned long)a);
	NtQueueApcThread(GetCurrentThread(), apc, a + 1, b, c);
}

static void test_apcs(void)
{
	LARGE_INTEGER now = { .QuadPart = 0 }, soon = { .QuadPart = -10000ll * SOON_MS };

	report_status("queue", NtQueueApcThread(GetCurrentThread(), apc, 1, 2, 3));
	report_status("queue", NtQueueApcThread(GetCurrentThread(), apc_that_queues, 4, 5, 6));
	report_status("a delay that is not alertable", NtDelayExecution(FALSE, &now));
	report_status("an alertable delay", NtDelayExecution(TRUE, &soon));
	report("nothing is left", "%lu", SleepEx(0, TRUE));
	report_status("queue", NtQueueApcThread(GetCurrentThread(), apc, 7, 8, 9));
	report_status("test alert", NtTestAlert());
	report_status("test alert again", NtTestAlert());
}

static void NTAPI count_up(ULONG_PTR arg)
{
	++*(LONG *)arg;
}

static void NTAPI count_up_and_queue(ULONG_PTR arg)
{
	count_up(arg);
	QueueUserAPC(count_up, GetCurrentThread(), arg);
}

static void queue_three(LONG *count)
{
	int i;

	*count = 0;
	for (i = 0; i < 2; i++)
		QueueUserAPC(count_up, GetCurrentThread(), (ULONG_PTR)count);
	QueueUserAPC(count_up_and_queue, GetCurrentThread(), (ULONG_PTR)count);
}

/* An alertable wait runs all that are queued, those that come meanwhile too, whatever its time. */
static void test_all_at_once(void)
{
	HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL), pair[2] = { event, CreateEventW(NULL, FALSE, FALSE, NULL) };
	LONG count;

	queue_three(&count);
	report("sleep for no time", "%lu", SleepEx(0, TRUE));
	report("ran", "%ld", count);
	report("sleep again", "%lu", SleepEx(0, TRUE));
	queue_three(&count);
	report("sleep without alerts", "%lu", SleepEx(0, FALSE));
	report("ran", "%ld", count);
	report_wait("wait for one", WaitForSingleObjectEx(event, 0, TRUE));
	report("ran", "%ld", count);
	queue_three(&count);
	report_wait("wait for two", WaitForMultipleObjectsEx(2, pair, FALSE, 0, TRUE));
	report("ran", "%ld", count);
	queue_three(&count);
	report_wait("wait for both", WaitForMultipleObjectsEx(2, pair, TRUE, SOON_MS, TRUE));
	report("ran", "%ld", count);
	queue_three(&count);
	report_wait("signal and wait", SignalObjectAndWait(pair[1], event, SOON_MS, TRUE));
	report("ran", "%ld", count);
	report_wait("it was signalled", WaitForSingleObject(pair[1], 0));
	CloseHandle(event);
	CloseHandle(pair[1]);
}

/* What is ready comes before an APC, which stays for the next wait. */
static void test_ready_comes_first(void)
{
	HANDLE event = CreateEventW(NULL, TRUE, TRUE, NULL);
	LONG count;

	queue_three(&count);
	report_wait("wait for what is set", WaitForSingleObjectEx(event, SOON_MS, TRUE));
	report("ran", "%ld", count);
	report("sleep", "%lu", SleepEx(SOON_MS, TRUE));
	report("ran", "%ld", count);
	CloseHandle(event);
}

static DWORD WINAPI sleep_alertable(void *arg)
{
	DWORD result;

	about_to_wait();
	result = SleepEx(SOON_MS, TRUE);
	return result + *(DWORD *)arg;
}

static void NTAPI add_hundred(ULONG_PTR arg)
{
	*(DWORD *)arg += 100;
}

static void test_apc_to_other(void)
{
	DWORD value = 1;
	HANDLE thread = start_thread(sleep_alertable, &value), dead;

	let_threads_wait(1);
	report("queue", "%lu", QueueUserAPC(add_hundred, thread, (ULONG_PTR)&value));
	DuplicateHandle(GetCurrentProcess(), thread, GetCurrentProcess(), &dead, 0, FALSE, DUPLICATE_SAME_ACCESS);
	report("code", "%lu", join_thread(thread));
	SetLastError(0);
	report("queue to a dead one", "%lu", QueueUserAPC(add_hundred, dead, (ULONG_PTR)&value));
	report("error", "%lu", GetLastError());
	CloseHandle(dead);
	value = 1;
	thread = CreateThread(NULL, 0, sleep_alertable, &value, CREATE_SUSPENDED, NULL);
	report("queue before it runs", "%lu", QueueUserAPC(add_hundred, thread, (ULONG_PTR)&value));
	ResumeThread(thread);
	/* Queued before the first instruction, it runs before the thread's function. */
	let_threads_wait(1);
	QueueUserAPC(add_hundred, thread, (ULONG_PTR)&value);
	report("code", "%lu", join_thread(thread));
}

static DWORD WINAPI wait_on_address(void *arg)
{
	LONG old = 0;

	about_to_wait();
	while (*(volatile LONG *)arg == 0)
		if (!WaitOnAddress(arg, &old, sizeof(old), SOON_MS))
			return 1;
	return 0;
}

static void test_wait_on_address(void)
{
	volatile LONG value = 0;
	LONG other = 1, same = 0;
	HANDLE threads[3];
	int i;

	report_bool("value differs", WaitOnAddress(&value, &other, sizeof(value), SOON_MS));
	report_bool("value is the same", WaitOnAddress(&value, &same, sizeof(value), SHORT_MS));
	for (i = 0; i < 3; i++)
		threads[i] = start_thread(wait_on_address, (void *)&value);
	let_threads_wait(3);
	value = 1;
	WakeByAddressAll((void *)&value);
	for (i = 0; i < 3; i++)
		report("woken", "%lu", join_thread(threads[i]));
}

int main(void)
{
	test_own_thread();
	test_other_thread();
	test_ping_pong();
	test_apcs();
	test_all_at_once();
	test_ready_comes_first();
	test_apc_to_other();
	test_wait_on_address();
	return 0;
}
