/* Anonymous and named pipes, in both modes, blocking and overlapped. */
#include "nt.h"
#include "report.h"

#define NAME L"\\\\.\\pipe\\albireo-pipe"

static HANDLE make_server(DWORD open_mode, DWORD mode, DWORD instances)
{
	return CreateNamedPipeW(NAME, open_mode, mode, instances, 4096, 4096, 0, NULL);
}

static HANDLE make_client(DWORD access)
{
	return CreateFileW(NAME, access, 0, NULL, OPEN_EXISTING, 0, NULL);
}

static void test_anonymous(void)
{
	HANDLE reader, writer;
	char buf[32] = "";
	DWORD done, left = 99;

	report_bool("create", CreatePipe(&reader, &writer, NULL, 0));
	report("types", "%lu %lu", GetFileType(reader), GetFileType(writer));
	report_bool("write", WriteFile(writer, "first", 5, &done, NULL));
	report_bool("write", WriteFile(writer, "second", 6, &done, NULL));
	report_bool("peek", PeekNamedPipe(reader, buf, 3, &done, &left, NULL));
	report("peeked", "%lu [%.3s], %lu in all", done, buf, left);
	report_bool("read", ReadFile(reader, buf, 8, &done, NULL));
	report("read", "%lu [%.8s]", done, buf);
	report_bool("read", ReadFile(reader, buf, 8, &done, NULL));
	report("read", "%lu [%.3s]", done, buf);
	report_bool("read the writer", ReadFile(writer, buf, 8, &done, NULL));
	report_bool("write the reader", WriteFile(reader, buf, 8, &done, NULL));
	WriteFile(writer, "last", 4, &done, NULL);
	CloseHandle(writer);
	report_bool("read what was left", ReadFile(reader, buf, 8, &done, NULL));
	report_bool("read at the end", ReadFile(reader, buf, 8, &done, NULL));
	report_bool("peek at the end", PeekNamedPipe(reader, NULL, 0, NULL, &left, NULL));
	CloseHandle(reader);
	CreatePipe(&reader, &writer, NULL, 0);
	CloseHandle(reader);
	report_bool("write without reader", WriteFile(writer, "x", 1, &done, NULL));
	CloseHandle(writer);
}

static void test_instances(void)
{
	HANDLE first, second, client;

	report_handle("no server", make_client(GENERIC_READ));
	report_bool("wait for none", WaitNamedPipeW(NAME, 1));
	first = report_handle("first", make_server(PIPE_ACCESS_DUPLEX, PIPE_WAIT, 2));
	report_handle("other direction", make_server(PIPE_ACCESS_INBOUND, PIPE_WAIT, 2));
	second = report_handle("first of its name", make_server(PIPE_ACCESS_DUPLEX | FILE_FLAG_FIRST_PIPE_INSTANCE, PIPE_WAIT,
								2));
	CloseHandle(second);
	second = report_handle("second", make_server(PIPE_ACCESS_DUPLEX, PIPE_WAIT, 2));
	report_handle("third", make_server(PIPE_ACCESS_DUPLEX, PIPE_WAIT, 2));
	report_bool("wait", WaitNamedPipeW(NAME, SHORT_MS));
	client = report_handle("client", make_client(GENERIC_READ | GENERIC_WRITE));
	report_bool("connect what is connected", ConnectNamedPipe(first, NULL));
	CloseHandle(second);
	report_handle("no instance is free", make_client(GENERIC_READ));
	report_bool("wait", WaitNamedPipeW(NAME, SHORT_MS));
	CloseHandle(client);
	CloseHandle(first);
	report_handle("no direction", make_server(0, PIPE_WAIT, 1));
}

static void test_messages(void)
{
	HANDLE server = make_server(PIPE_ACCESS_DUPLEX, PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE, 1);
	HANDLE client = make_client(GENERIC_READ | GENERIC_WRITE);
	DWORD done, left, mode = PIPE_READMODE_MESSAGE;
	char buf[32] = "";

	WriteFile(client, "message", 7, &done, NULL);
	WriteFile(client, "next", 4, &done, NULL);
	report_bool("a part", ReadFile(server, buf, 3, &done, NULL));
	report("read", "%lu [%.3s]", done, buf);
	report_bool("peek", PeekNamedPipe(server, NULL, 0, NULL, &left, NULL));
	report("left", "%lu", left);
	report_bool("the rest", ReadFile(server, buf, sizeof(buf), &done, NULL));
	report("read", "%lu [%.4s]", done, buf);
	report_bool("the next", ReadFile(server, buf, sizeof(buf), &done, NULL));
	report("read", "%lu [%.4s]", done, buf);
	WriteFile(server, "one", 3, &done, NULL);
	WriteFile(server, "two", 3, &done, NULL);
	report_bool("as bytes", ReadFile(client, buf, sizeof(buf), &done, NULL));
	report("read", "%lu [%.6s]", done, buf);
	report_bool("message mode", SetNamedPipeHandleState(client, &mode, NULL, NULL));
	report_bool("state", GetNamedPipeHandleStateW(client, &mode, NULL, NULL, NULL, NULL, 0));
	report("mode", "%#lx", mode);
	CloseHandle(client);
	CloseHandle(server);
	server = make_server(PIPE_ACCESS_DUPLEX, PIPE_TYPE_BYTE, 1);
	client = make_client(GENERIC_READ | GENERIC_WRITE);
	mode = PIPE_READMODE_MESSAGE;
	report_bool("message mode on a byte pipe", SetNamedPipeHandleState(client, &mode, NULL, NULL));
	CloseHandle(client);
	CloseHandle(server);
	report_handle("read messages from bytes", make_server(PIPE_ACCESS_DUPLEX, PIPE_TYPE_BYTE | PIPE_READMODE_MESSAGE, 1));
}

static void test_directions(void)
{
	HANDLE server = make_server(PIPE_ACCESS_INBOUND, PIPE_WAIT, 1), client;
	char buf[8];
	DWORD done;

	report_handle("client that reads", make_client(GENERIC_READ));
	client = report_handle("client that writes", make_client(GENERIC_WRITE));
	report_bool("server writes", WriteFile(server, "x", 1, &done, NULL));
	report_bool("client writes", WriteFile(client, "x", 1, &done, NULL));
	report_bool("server reads", ReadFile(server, buf, 8, &done, NULL));
	CloseHandle(client);
	CloseHandle(server);
}

static void test_disconnects(void)
{
	HANDLE server = make_server(PIPE_ACCESS_DUPLEX, PIPE_WAIT, 1), client = make_client(GENERIC_READ | GENERIC_WRITE);
	char buf[8];
	DWORD done;

	WriteFile(server, "lost", 4, &done, NULL);
	report_bool("disconnect", DisconnectNamedPipe(server));
	report_bool("client reads", ReadFile(client, buf, 8, &done, NULL));
	report_bool("client writes", WriteFile(client, "x", 1, &done, NULL));
	report_bool("server reads", ReadFile(server, buf, 8, &done, NULL));
	report_bool("disconnect again", DisconnectNamedPipe(server));
	CloseHandle(client);
	client = report_handle("nobody listens", make_client(GENERIC_READ));
	CloseHandle(server);
	server = make_server(PIPE_ACCESS_DUPLEX, PIPE_WAIT, 1);
	client = make_client(GENERIC_READ | GENERIC_WRITE);
	WriteFile(client, "kept", 4, &done, NULL);
	CloseHandle(client);
	report_bool("server reads what was left", ReadFile(server, buf, 8, &done, NULL));
	report_bool("server reads at the end", ReadFile(server, buf, 8, &done, NULL));
	report_bool("server writes", WriteFile(server, "x", 1, &done, NULL));
	report_bool("connect without disconnecting", ConnectNamedPipe(server, NULL));
	report_bool("disconnect", DisconnectNamedPipe(server));
	CloseHandle(server);
}

static void test_no_wait(void)
{
	HANDLE server = make_server(PIPE_ACCESS_DUPLEX, PIPE_NOWAIT, 1), client;
	char buf[8];
	DWORD done;

	report_bool("listen", ConnectNamedPipe(server, NULL));
	report_bool("still listening", ConnectNamedPipe(server, NULL));
	client = make_client(GENERIC_READ | GENERIC_WRITE);
	report_bool("connected", ConnectNamedPipe(server, NULL));
	report_bool("nothing to read", ReadFile(server, buf, 8, &done, NULL));
	CloseHandle(client);
	report_bool("gone", ConnectNamedPipe(server, NULL));
	CloseHandle(server);
}

static DWORD WINAPI connect_later(void *arg)
{
	HANDLE client = make_client(GENERIC_READ | GENERIC_WRITE);
	DWORD done;

	WriteFile(client, "from a thread", 13, &done, NULL);
	WaitForSingleObject(arg, SOON_MS);
	CloseHandle(client);
	return 0;
}

static void test_overlapped(void)
{
	HANDLE server = make_server(PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED, PIPE_WAIT, 1);
	OVERLAPPED overlapped = { .hEvent = CreateEventW(NULL, TRUE, FALSE, NULL) };
	HANDLE leave = CreateEventW(NULL, TRUE, FALSE, NULL), thread;
	char buf[32] = "";
	DWORD done = 0;

	report_bool("connect", ConnectNamedPipe(server, &overlapped));
	report_bool("not yet", GetOverlappedResult(server, &overlapped, &done, FALSE));
	thread = start_thread(connect_later, leave);
	report_bool("connected", GetOverlappedResult(server, &overlapped, &done, TRUE));
	if (!ReadFile(server, buf, sizeof(buf), NULL, &overlapped) && GetLastError() != ERROR_IO_PENDING)
		report("read", "error %lu", GetLastError());
	report_bool("result", GetOverlappedResult(server, &overlapped, &done, TRUE));
	report("read", "%lu [%s]", done, buf);
	report_bool("read", ReadFile(server, buf, sizeof(buf), NULL, &overlapped));
	report_bool("cancel", CancelIo(server));
	report_bool("result", GetOverlappedResult(server, &overlapped, &done, TRUE));
	report_bool("read", ReadFile(server, buf, sizeof(buf), NULL, &overlapped));
	SetEvent(leave);
	report_bool("the client leaves", GetOverlappedResult(server, &overlapped, &done, TRUE));
	join_thread(thread);
	report_bool("disconnect", DisconnectNamedPipe(server));
	report_bool("connect", ConnectNamedPipe(server, &overlapped));
	report_bool("cancel", CancelIoEx(server, NULL));
	report_bool("result", GetOverlappedResult(server, &overlapped, &done, TRUE));
	CloseHandle(server);
	CloseHandle(leave);
	CloseHandle(overlapped.hEvent);
}

static DWORD WINAPI read_blocked(void *arg)
{
	char buf[8];
	DWORD done;

	about_to_wait();
	return ReadFile(arg, buf, 8, &done, NULL) ? 0 : GetLastError();
}

static void test_cancelled_synchronous_read(void)
{
	HANDLE reader, writer, thread;
	int i;

	CreatePipe(&reader, &writer, NULL, 0);
	thread = start_thread(read_blocked, reader);
	let_threads_wait(1);
	for (i = 0; i < 100 && !CancelSynchronousIo(thread); i++)
		Sleep(SHORT_MS);
	report("the blocked read", "error %lu", join_thread(thread));
	thread = start_thread(read_blocked, reader);
	let_threads_wait(1);
	CloseHandle(writer);
	report("the writer leaves", "error %lu", join_thread(thread));
	CloseHandle(reader);
}

static DWORD WINAPI write_much(void *arg)
{
	static char block[65536];
	DWORD done, total = 0;
	int i;

	for (i = 0; i < 16; i++) {
		if (!WriteFile(arg, block, sizeof(block), &done, NULL))
			break;
		total += done;
	}
	CloseHandle(arg);
	return total;
}

static void test_more_than_fits(void)
{
	HANDLE reader, writer, thread;
	DWORD done, total = 0;
	char buf[5000];

	CreatePipe(&reader, &writer, NULL, 4096);
	thread = start_thread(write_much, writer);
	while (ReadFile(reader, buf, sizeof(buf), &done, NULL))
		total += done;
	report("read", "%lu, then error %lu", total, GetLastError());
	report("written", "%lu", join_thread(thread));
	CloseHandle(reader);
}

static void test_transact(void)
{
	HANDLE server = make_server(PIPE_ACCESS_DUPLEX, PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE, 1);
	HANDLE client = make_client(GENERIC_READ | GENERIC_WRITE);
	DWORD done, mode = PIPE_READMODE_MESSAGE;
	char buf[16] = "";

	SetNamedPipeHandleState(client, &mode, NULL, NULL);
	WriteFile(server, "answer", 6, &done, NULL);
	report_bool("transact with an answer there", TransactNamedPipe(client, "question", 8, buf, 16, &done, NULL));
	ReadFile(client, buf, 16, &done, NULL);
	WriteFile(client, "q", 1, &done, NULL);
	report_bool("server", ReadFile(server, buf, 16, &done, NULL));
	CloseHandle(client);
	CloseHandle(server);
}

int main(void)
{
	test_anonymous();
	test_instances();
	test_messages();
	test_directions();
	test_disconnects();
	test_no_wait();
	test_overlapped();
	test_cancelled_synchronous_read();
	test_more_than_fits();
	test_transact();
	return 0;
}
