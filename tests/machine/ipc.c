/* tests/machine/ipc.c: what native IPC and brokers give to a plain process, one line each.
 *
 * Every answer is that of `name = value`; errors by their names. Endpoints reach the other
 * process by fork(), which hands handles down.
 */
#include "counters.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <albireo/services.h>
#include <nucleus/nucleus.h>

#define SECOND_NS 1000000000ull
#define SOON_NS (SECOND_NS / 5)
#define TOO_LATE_NS (4 * SECOND_NS)	/* even on a busy host */
#define MANY_TIMES 3

static void say(const char *what, long value)
{
	if (value < 0)
		printf("%s = %s\n", what, strerrorname_np((int)-value));
	else
		printf("%s = %ld\n", what, value);
	fflush(stdout);
}

static pid_t start(void (*body)(int), int handle)
{
	pid_t child;

	fflush(stdout);
	child = (pid_t)need(fork());
	if (child)
		return child;
	body(handle);
	_exit(0);
}

static void end(pid_t child)
{
	int status;

	kill(child, SIGKILL);
	need(waitpid(child, &status, 0));
}

/* ---- brokers ---- */

static const struct { const char *name; uint32_t number, capability; } calls[] = {
#define NATIVE(offset, name, capability, summary) { #name, SYS_NUCLEUS_##name, capability },
#include "native_calls.def"
#undef NATIVE
};

static void call_brokers(void)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		size_t len = strlen(calls[i].name);
		bool is_broker = calls[i].capability || (len > 7 && !strcmp(calls[i].name + len - 7, "_BROKER"));

		/* More than once: the log tells it once. */
		for (int n = 0; is_broker && n < MANY_TIMES; n++) {
			long ret = nucleus_syscall4(calls[i].number, 1, 0, 0, 0);

			if (!n || ret != -EACCES)
				say(calls[i].name, ret);
		}
	}
}

static void serve_services(void)
{
	int endpoint = nucleus_ipc_create();

	for (uint32_t id = 1; id <= SERVICE_HIVED; id++)
		say("IPC_REGISTER_SERVICE_ENDPOINT", nucleus_register_service(id, endpoint));
	say("IPC_REGISTER_SERVICE_ENDPOINT of no service", nucleus_register_service(77, endpoint));
	nucleus_close(endpoint);
}

/* A service is the kernel's to ask: what a program asks of it is refused by the service. */
static void call_services(void)
{
	static const uint32_t ids[] = { SERVICE_SYSCALLD, SERVICE_PROCD, SERVICE_VFSD, SERVICE_LOADERD };

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		struct ipc_message m = { .words = { 1 } };
		int handle = nucleus_lookup_service(ids[i]);

		say("call of a service", nucleus_ipc_call(handle, &m));
		say("its answer", (long)m.words[0]);
		nucleus_close(handle);
	}
}

/* ---- messages ---- */

/* Answer every message with the sum of its first two words, and its data in capitals. */
static void serve_sums(int endpoint)
{
	char data[64];

	for (;;) {
		struct ipc_message m = { .data = (uintptr_t)data, .data_len = sizeof(data) };
		int err = nucleus_ipc_recv(endpoint, &m, 0);

		if (err)
			_exit(err == -EPIPE ? 0 : 1);
		m.words[0] += m.words[1];
		for (uint32_t i = 0; i < m.data_len; i++)
			data[i] = (char)(data[i] - 'a' + 'A');
		m.nhandles = 0;
		nucleus_ipc_reply(m.token, &m);
	}
}

static long sum_by(int endpoint)
{
	struct ipc_message m = { .words = { 3, 4 } };
	int err = nucleus_ipc_call(endpoint, &m);

	return err ? err : (long)m.words[0];
}

static void call_and_reply(int endpoint)
{
	char reply[64] = { 0 }, big[128] = { 0 };
	struct ipc_message m = { .words = { 3, 4 }, .data = (uintptr_t)"albireo", .data_len = 7,
		.reply_data = (uintptr_t)reply, .reply_cap = sizeof(reply) };

	say("call", nucleus_ipc_call(endpoint, &m));
	say("sum in the reply", (long)m.words[0]);
	printf("data in the reply = %s\n", reply);
	m = (struct ipc_message){ .data = (uintptr_t)big, .data_len = sizeof(big) };
	say("call with more data than the receiver takes", nucleus_ipc_call(endpoint, &m));
	m = (struct ipc_message){ .data = (uintptr_t)big, .data_len = IPC_MAX_DATA + 1 };
	say("call with more data than a message holds", nucleus_ipc_call(endpoint, &m));
	m = (struct ipc_message){ .data = 1, .data_len = 8 };
	say("call with data at a bad address", nucleus_ipc_call(endpoint, &m));
	say("call with a message at a bad address", nucleus_syscall2(SYS_NUCLEUS_IPC_CALL, (unsigned)endpoint, 1));
	say("call of a closed handle", sum_by(900));
	say("reply to a stale token", nucleus_ipc_reply(123456789, &m));
}

static void send_handles(int endpoint)
{
	int own = nucleus_ipc_create(), service = nucleus_lookup_service(SERVICE_VFSD);
	struct ipc_message m = { .nhandles = 1, .handles = { own } };

	say("handle to a byte-only receiver", nucleus_ipc_call(endpoint, &m));
	say("the receiver goes on", sum_by(endpoint));
	m = (struct ipc_message){ .nhandles = 1, .handles = { service } };
	say("handle without the right to be sent", nucleus_ipc_call(endpoint, &m));
	m = (struct ipc_message){ .nhandles = 1, .handles = { 900 } };
	say("handle that is closed", nucleus_ipc_call(endpoint, &m));
	m = (struct ipc_message){ .nhandles = IPC_MAX_TRANSFER_HANDLES + 1 };
	say("too many handles", nucleus_ipc_call(endpoint, &m));
	nucleus_close(own);
	nucleus_close(service);
}

/* Take an endpoint out of a message and call it; then answer with one of our own. */
static void take_handle(int endpoint)
{
	struct ipc_message m = { 0 };
	int own;

	if (nucleus_ipc_recv(endpoint, &m, IPC_ACCEPT_HANDLES))
		_exit(1);
	own = nucleus_ipc_create();
	m.words[0] = m.nhandles;
	m.nhandles = 1;
	m.handles[0] = own;
	nucleus_ipc_reply(m.token, &m);
	serve_sums(own);
}

static void pass_handles(void)
{
	int endpoint = nucleus_ipc_create(), own = nucleus_ipc_create();
	pid_t child = start(take_handle, endpoint);
	struct ipc_message m = { .nhandles = 1, .handles = { own }, .flags = IPC_ACCEPT_HANDLES };

	say("handle to a receiver that wants it", nucleus_ipc_call(endpoint, &m));
	say("handles it got", (long)m.words[0]);
	say("handles it sent", m.nhandles);
	say("call of the handle that it sent", sum_by(m.handles[0]));
	end(child);
	say("call of the dead one's handle", sum_by(m.handles[0]));
	nucleus_close(m.handles[0]);
	nucleus_close(endpoint);
	nucleus_close(own);
}

/* ---- death and deadlines ---- */

static void die_with_a_request(int endpoint)
{
	struct ipc_message m = { 0 };

	nucleus_ipc_recv(endpoint, &m, 0);
}

static void receive_and_sleep(int endpoint)
{
	struct ipc_message m = { 0 };

	nucleus_ipc_recv(endpoint, &m, 0);
	pause();
}

static void say_in_time(const char *what, long value, uint64_t since_ns, uint64_t limit_ns)
{
	uint64_t ns = now_ns() - since_ns;

	say(what, value);
	if (ns > limit_ns)
		printf("%s took %llu ms\n", what, (unsigned long long)(ns / 1000000));
}

static void call_the_dying(void)
{
	int endpoint = nucleus_ipc_create();
	pid_t child = start(die_with_a_request, endpoint);
	uint64_t since = now_ns();

	say_in_time("call of a server that dies with it", sum_by(endpoint), since, TOO_LATE_NS);
	since = now_ns();
	say_in_time("call of a dead server", sum_by(endpoint), since, TOO_LATE_NS);
	end(child);
	nucleus_close(endpoint);
}

static void call_with_a_deadline(void)
{
	int endpoint = nucleus_ipc_create();
	pid_t child = start(receive_and_sleep, endpoint);
	struct ipc_message m = { .deadline_ns = SOON_NS };
	uint64_t since = now_ns();

	say_in_time("call with a deadline", nucleus_ipc_call(endpoint, &m), since, TOO_LATE_NS);
	if (now_ns() - since < SOON_NS)
		printf("the deadline came too early\n");
	end(child);
	nucleus_close(endpoint);
}

static void on_alarm(int sig)
{
}

static void interrupt_a_call(void)
{
	const struct sigaction action = { .sa_handler = on_alarm };
	int endpoint = nucleus_ipc_create();
	pid_t child = start(receive_and_sleep, endpoint);

	sigaction(SIGALRM, &action, NULL);
	alarm(1);
	say("call that a signal interrupts", sum_by(endpoint));
	end(child);
	nucleus_close(endpoint);
}

int main(void)
{
	int endpoint = nucleus_ipc_create();
	pid_t child = start(serve_sums, endpoint);

	call_brokers();
	serve_services();
	call_services();
	call_and_reply(endpoint);
	send_handles(endpoint);
	end(child);
	nucleus_close(endpoint);
	pass_handles();
	call_the_dying();
	call_with_a_deadline();
	interrupt_a_call();
	return 0;
}
