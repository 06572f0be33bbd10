/* I/O completion ports: posted packets, files and pipes behind one, many threads. */
#include "nt.h"
#include "report.h"

static void take(const char *what, HANDLE port, DWORD timeout_ms)
{
	OVERLAPPED *overlapped = (OVERLAPPED *)1;
	ULONG_PTR key = 99;
	DWORD bytes = 99;
	BOOL ok;

	SetLastError(0);
	ok = GetQueuedCompletionStatus(port, &bytes, &key, &overlapped, timeout_ms);
	if (!ok && !overlapped)
		report(what, "nothing, error %lu", GetLastError());
	else
		report(what, "%s key %lu bytes %lu%s error %lu", ok ? "ok" : "failed", (unsigned long)key, bytes,
		       overlapped ? "" : " no overlapped", ok ? 0 : GetLastError());
}

static void test_posts(void)
{
	HANDLE port = report_handle("create", CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0));
	OVERLAPPED overlapped = {0};
	LONG depth = -1;
	ULONG len;

	take("empty", port, 0);
	take("empty, with patience", port, SHORT_MS);
	report_bool("post", PostQueuedCompletionStatus(port, 1, 11, &overlapped));
	report_bool("post", PostQueuedCompletionStatus(port, 2, 22, NULL));
	report_bool("post", PostQueuedCompletionStatus(port, 3, 33, &overlapped));
	report_status("query", NtQueryIoCompletion(port, 0, &depth, sizeof(depth), &len));
	report("depth", "%ld", depth);
	take("first", port, 0);
	take("second", port, 0);
	take("third", port, SOON_MS);
	take("none", port, 0);
	CloseHandle(port);
	take("closed", port, 0);
}

static void test_many_at_once(void)
{
	HANDLE port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
	OVERLAPPED_ENTRY entries[4];
	ULONG count = 99, i;

	for (i = 0; i < 6; i++)
		PostQueuedCompletionStatus(port, i, i * 10, NULL);
	report_bool("take four", GetQueuedCompletionStatusEx(port, entries, 4, &count, 0, FALSE));
	for (i = 0; i < count; i++)
		report("entry", "key %lu bytes %lu", (unsigned long)entries[i].lpCompletionKey,
		       entries[i].dwNumberOfBytesTransferred);
	report_bool("take four more", GetQueuedCompletionStatusEx(port, entries, 4, &count, SOON_MS, FALSE));
	report("count", "%lu", count);
	report_bool("none", GetQueuedCompletionStatusEx(port, entries, 4, &count, SHORT_MS, FALSE));
	CloseHandle(port);
}

static void NTAPI apc(ULONG_PTR arg)
{
	report("apc", "%lu", (unsigned long)arg);
}

static void test_alertable(void)
{
	HANDLE port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
	OVERLAPPED_ENTRY entry;
	ULONG count = 0;

	QueueUserAPC(apc, GetCurrentThread(), 4);
	report_bool("alertable", GetQueuedCompletionStatusEx(port, &entry, 1, &count, SOON_MS, TRUE));
	CloseHandle(port);
}

static void test_native(void)
{
	LARGE_INTEGER now = { .QuadPart = 0 };
	ULONG_PTR key = 0, value = 0;
	IO_STATUS_BLOCK status;
	HANDLE port = NULL;

	report_status("create", NtCreateIoCompletion(&port, IO_COMPLETION_ALL_ACCESS, NULL, 0));
	report_status("set", NtSetIoCompletion(port, 1, 2, (NTSTATUS)0xc0000120, 4));
	report_status("remove", NtRemoveIoCompletion(port, &key, &value, &status, &now));
	report("packet", "%lu %lu %#lx %lu", (unsigned long)key, (unsigned long)value, (unsigned long)status.Status,
	       (unsigned long)status.Information);
	report_status("remove from nothing", NtRemoveIoCompletion(port, &key, &value, &status, &now));
	NtSetIoCompletion(port, 5, 0, (NTSTATUS)0xc0000120, 6);
	take("failed, without overlapped", port, 0);
	NtSetIoCompletion(port, 5, (ULONG_PTR)&status, (NTSTATUS)0xc0000120, 6);
	take("failed, with one", port, 0);
	NtClose(port);
}

static void test_file(void)
{
	HANDLE file = report_handle("file", CreateFileW(L"iocp.tmp", GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_ALWAYS,
							FILE_FLAG_OVERLAPPED | FILE_FLAG_DELETE_ON_CLOSE, NULL));
	HANDLE port = report_handle("port on it", CreateIoCompletionPort(file, NULL, 77, 0));
	OVERLAPPED overlapped = {0};
	char buf[16] = "";
	DWORD error;

	if (WriteFile(file, "completion", 10, NULL, &overlapped))
		SetLastError(ERROR_IO_PENDING);
	report("write", "%lu", GetLastError());
	take("written", port, SOON_MS);
	memset(&overlapped, 0, sizeof(overlapped));
	overlapped.Offset = 4;
	if (ReadFile(file, buf, sizeof(buf), NULL, &overlapped))
		SetLastError(ERROR_IO_PENDING);
	report("read", "%lu", GetLastError());
	take("read", port, SOON_MS);
	report("bytes", "%s", buf);
	overlapped.Offset = 100;
	/* The end of the file is told at once or by the port: both are Windows. */
	error = ReadFile(file, buf, sizeof(buf), NULL, &overlapped) ? 0 : GetLastError();
	report("read at the end", "%s", error == ERROR_HANDLE_EOF || error == ERROR_IO_PENDING ? "as it must" : "wrong");
	if (error == ERROR_IO_PENDING)
		GetQueuedCompletionStatus(port, &error, &(ULONG_PTR){0}, &(OVERLAPPED *){NULL}, SOON_MS);
	report_handle("a second port", CreateIoCompletionPort(file, NULL, 78, 0));
	CloseHandle(file);
	report_handle("a closed file", CreateIoCompletionPort(file, port, 79, 0));
	CloseHandle(port);
}

static void make_pipe(HANDLE *server, HANDLE *client)
{
	*server = CreateNamedPipeW(L"\\\\.\\pipe\\albireo-iocp", PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED, 0, 1, 4096,
				   4096, 0, NULL);
	*client = CreateFileW(L"\\\\.\\pipe\\albireo-iocp", GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
}

static void test_pipe(void)
{
	OVERLAPPED overlapped = {0};
	HANDLE server, client, port;
	char buf[16] = "";
	DWORD written;

	make_pipe(&server, &client);
	port = report_handle("port on a pipe", CreateIoCompletionPort(server, NULL, 5, 0));
	report_bool("read", ReadFile(server, buf, sizeof(buf), NULL, &overlapped));
	take("nothing yet", port, SHORT_MS);
	report_bool("write by the other end", WriteFile(client, "pipe", 4, &written, NULL));
	take("read", port, SOON_MS);
	report("bytes", "%s", buf);
	memset(&overlapped, 0, sizeof(overlapped));
	report_bool("read", ReadFile(server, buf, sizeof(buf), NULL, &overlapped));
	report_bool("cancel", CancelIoEx(server, &overlapped));
	take("cancelled", port, SOON_MS);
	report_bool("cancel what is over", CancelIoEx(server, &overlapped));
	memset(&overlapped, 0, sizeof(overlapped));
	report_bool("read", ReadFile(server, buf, sizeof(buf), NULL, &overlapped));
	CloseHandle(client);
	take("the other end is gone", port, SOON_MS);
	report_bool("read", ReadFile(server, buf, sizeof(buf), NULL, &overlapped));
	take("no packet for what failed at once", port, SHORT_MS);
	CloseHandle(server);
	CloseHandle(port);
}

struct workers {
	HANDLE port;
	volatile LONG sum, ended;
};

static DWORD WINAPI work(void *arg)
{
	struct workers *workers = arg;
	OVERLAPPED *overlapped;
	ULONG_PTR key;
	DWORD bytes;

	while (GetQueuedCompletionStatus(workers->port, &bytes, &key, &overlapped, SOON_MS) && key)
		InterlockedExchangeAdd(&workers->sum, (LONG)bytes);
	InterlockedIncrement(&workers->ended);
	return 0;
}

static void test_workers(void)
{
	struct workers workers = { CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 2), 0, 0 };
	HANDLE threads[4];
	DWORD i;

	for (i = 0; i < 4; i++)
		threads[i] = start_thread(work, &workers);
	for (i = 1; i <= 1000; i++)
		PostQueuedCompletionStatus(workers.port, i, 1, NULL);
	for (i = 0; i < 4; i++)
		PostQueuedCompletionStatus(workers.port, 0, 0, NULL);
	for (i = 0; i < 4; i++)
		join_thread(threads[i]);
	report("sum", "%ld by %ld", workers.sum, workers.ended);
	CloseHandle(workers.port);
}

/* Under Wine only the time-out ends it. */
static DWORD WINAPI wait_on_port(void *arg)
{
	about_to_wait();
	take("waiter of a closed port", arg, 1000);
	return 0;
}

static void test_close_while_waited_on(void)
{
	HANDLE port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0), thread = start_thread(wait_on_port, port);
	BOOL is_closed;

	let_threads_wait(1);
	is_closed = CloseHandle(port);
	join_thread(thread);
	report_bool("close", is_closed);
}

int main(void)
{
	test_posts();
	test_many_at_once();
	test_alertable();
	test_native();
	test_file();
	test_pipe();
	test_workers();
	test_close_while_waited_on();
	return 0;
}
