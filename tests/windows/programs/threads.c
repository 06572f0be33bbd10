/* What programs build on waits: locks, condition variables, pools, fibers, storage of threads. */
#include <process.h>
#include <stdio.h>
#include <stdlib.h>
#include <windows.h>

#define NTHREADS 8
#define ROUNDS 20000

static CRITICAL_SECTION section;
static SRWLOCK lock = SRWLOCK_INIT;
static CONDITION_VARIABLE is_filled = CONDITION_VARIABLE_INIT, is_emptied = CONDITION_VARIABLE_INIT;
static INIT_ONCE once = INIT_ONCE_STATIC_INIT;
static long plain, shared, made;
static __thread int own = 7;

static unsigned __stdcall add_under_section(void *arg)
{
	int i;

	for (i = 0; i < ROUNDS; i++) {
		EnterCriticalSection(&section);
		plain++;
		LeaveCriticalSection(&section);
	}
	own += (int)(INT_PTR)arg;
	return (unsigned)own;
}

static unsigned __stdcall add_under_lock(void *arg)
{
	long seen;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		if (i % 4 == 0) {
			AcquireSRWLockExclusive(&lock);
			shared++;
			ReleaseSRWLockExclusive(&lock);
		} else {
			AcquireSRWLockShared(&lock);
			seen = shared;
			ReleaseSRWLockShared(&lock);
			if (seen < 0)
				return 1;
		}
	}
	return 0;
}

static void run(const char *what, unsigned (__stdcall *body)(void *))
{
	HANDLE threads[NTHREADS];
	DWORD code, sum = 0;
	int i;

	for (i = 0; i < NTHREADS; i++)
		threads[i] = (HANDLE)_beginthreadex(NULL, 0, body, (void *)(INT_PTR)i, 0, NULL);
	WaitForMultipleObjects(NTHREADS, threads, TRUE, INFINITE);
	for (i = 0; i < NTHREADS; i++) {
		GetExitCodeThread(threads[i], &code);
		sum += code;
		CloseHandle(threads[i]);
	}
	printf("%s: sum of codes %lu\n", what, sum);
}

static int queue[4], queued, produced, consumed;

static unsigned __stdcall produce(void *arg)
{
	int i;

	for (i = 1; i <= 1000; i++) {
		EnterCriticalSection(&section);
		while (queued == 4)
			SleepConditionVariableCS(&is_emptied, &section, INFINITE);
		queue[queued++] = i;
		produced += i;
		LeaveCriticalSection(&section);
		WakeConditionVariable(&is_filled);
	}
	return 0;
}

static unsigned __stdcall consume(void *arg)
{
	int i;

	for (i = 0; i < 1000; i++) {
		EnterCriticalSection(&section);
		while (queued == 0)
			SleepConditionVariableCS(&is_filled, &section, INFINITE);
		consumed += queue[--queued];
		LeaveCriticalSection(&section);
		WakeConditionVariable(&is_emptied);
	}
	return 0;
}

static unsigned __stdcall produce_or_consume(void *arg)
{
	return (INT_PTR)arg % 2 ? consume(arg) : produce(arg);
}

static BOOL CALLBACK make_once(INIT_ONCE *init, void *parameter, void **context)
{
	InterlockedIncrement(&made);
	return TRUE;
}

static unsigned __stdcall use_once(void *arg)
{
	return InitOnceExecuteOnce(&once, make_once, NULL, NULL) ? 1 : 0;
}

static void CALLBACK work(TP_CALLBACK_INSTANCE *instance, void *arg, TP_WORK *item)
{
	InterlockedIncrement((long *)arg);
}

static void CALLBACK tick(TP_CALLBACK_INSTANCE *instance, void *arg, TP_TIMER *timer)
{
	SetEvent(arg);
}

static void use_pool(void)
{
	long count = 0;
	HANDLE event = CreateEventW(NULL, FALSE, FALSE, NULL);
	TP_WORK *item = CreateThreadpoolWork(work, &count, NULL);
	TP_TIMER *timer = CreateThreadpoolTimer(tick, event, NULL);
	FILETIME due = { (DWORD)-100000, (DWORD)-1 };
	int i;

	for (i = 0; i < 100; i++)
		SubmitThreadpoolWork(item);
	WaitForThreadpoolWorkCallbacks(item, FALSE);
	printf("pool: %ld\n", count);
	CloseThreadpoolWork(item);
	SetThreadpoolTimer(timer, &due, 0, 0);
	printf("pool's timer: %lu\n", WaitForSingleObject(event, 20000));
	WaitForThreadpoolTimerCallbacks(timer, TRUE);
	CloseThreadpoolTimer(timer);
	CloseHandle(event);
}

static void *main_fiber;

static void CALLBACK fiber(void *arg)
{
	int i;

	for (i = 0; i < 3; i++) {
		printf("fiber %s: %d\n", (const char *)arg, i);
		SwitchToFiber(main_fiber);
	}
	SwitchToFiber(main_fiber);
}

static void use_fibers(void)
{
	void *fibers[2];
	int i;

	main_fiber = ConvertThreadToFiber(NULL);
	fibers[0] = CreateFiber(0, fiber, "a");
	fibers[1] = CreateFiber(0, fiber, "b");
	for (i = 0; i < 6; i++)
		SwitchToFiber(fibers[i % 2]);
	DeleteFiber(fibers[0]);
	DeleteFiber(fibers[1]);
	printf("back to a thread: %d\n", ConvertFiberToThread());
}

static void WINAPI fls_ends(void *value)
{
	printf("fls ends with %d\n", (int)(INT_PTR)value);
}

static DWORD tls_index, fls_index;

static unsigned __stdcall use_storage(void *arg)
{
	printf("fresh: %p %p\n", TlsGetValue(tls_index), FlsGetValue(fls_index));
	TlsSetValue(tls_index, (void *)5);
	FlsSetValue(fls_index, (void *)6);
	printf("set: %d %d\n", (int)(INT_PTR)TlsGetValue(tls_index), (int)(INT_PTR)FlsGetValue(fls_index));
	fflush(stdout);
	_endthreadex(9);
	return 0;
}

static void test_storage(void)
{
	HANDLE thread;
	DWORD code;

	tls_index = TlsAlloc();
	fls_index = FlsAlloc(fls_ends);
	TlsSetValue(tls_index, (void *)1);
	thread = (HANDLE)_beginthreadex(NULL, 0, use_storage, NULL, 0, NULL);
	WaitForSingleObject(thread, INFINITE);
	GetExitCodeThread(thread, &code);
	printf("code %lu, mine is still %d\n", code, (int)(INT_PTR)TlsGetValue(tls_index));
	CloseHandle(thread);
	printf("free: %d %d %d\n", TlsFree(tls_index), FlsFree(fls_index), TlsFree(99999));
}

static void test_try(void)
{
	printf("try: %d %d\n", TryEnterCriticalSection(&section), TryAcquireSRWLockExclusive(&lock));
	printf("try what is held: %d\n", TryAcquireSRWLockShared(&lock));
	LeaveCriticalSection(&section);
	ReleaseSRWLockExclusive(&lock);
	EnterCriticalSection(&section);
	SetLastError(0);
	printf("wait in vain: %d", SleepConditionVariableCS(&is_filled, &section, 20));
	printf(" error %lu\n", GetLastError());
	LeaveCriticalSection(&section);
}

int main(void)
{
	InitializeCriticalSectionAndSpinCount(&section, 100);
	run("critical section", add_under_section);
	printf("count %ld\n", plain);
	run("srw lock", add_under_lock);
	printf("count %ld\n", shared);
	run("condition variables", produce_or_consume);
	printf("produced %d consumed %d left %d\n", produced, consumed, queued);
	run("once", use_once);
	printf("made %ld\n", made);
	use_pool();
	use_fibers();
	test_storage();
	test_try();
	DeleteCriticalSection(&section);
	return 0;
}
