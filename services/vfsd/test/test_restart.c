/* services/vfsd/test/test_restart.c: vfsd dies anywhere, and nobody notices.
 *
 * vfsd is a child process. Whenever it has died a successor is made, and the request that
 * was under way is sent again, marked as a retry. A workload runs once for each
 * point at which the child is killed: before stores to the arena, and before and after
 * exchanges with the server. Every result must be as without the kill, and at the end
 * nothing may be left.
 */
#include <errno.h>
#include <linux/fs.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "dispatch.h"
#include "fake_kernel.h"
#include "state.h"

/* Not every store is a kill point, or the test would take minutes: a prime meets them all in time. */
#define STORE_STRIDE 7

extern void (*state_store_hook)(void);

static pid_t child = -1;
static int wire = -1;
static unsigned int restarts;

struct wire_request {
	struct request rq;
	char data[8192];
};

struct wire_reply {
	int status;
	uint64_t words[8];
	size_t len;
	char data[IPC_MAX_DATA];
};

static void die_at_store(void)
{
	if (fake->kill_at_store && ++fake->stores == fake->kill_at_store)
		raise(SIGKILL);
}

static void serve(int fd)
{
	static struct wire_request request;
	static struct wire_reply reply;

	state_store_hook = die_at_store;
	if (dispatch_start(0, NULL))
		_exit(1);
	while (read(fd, &request, sizeof(request)) == sizeof(request)) {
		request.rq.data = request.data;
		request.rq.reply = reply.data;
		request.rq.reply_cap = sizeof(reply.data);
		reply.status = dispatch(&request.rq);
		reply.len = request.rq.reply_len;
		memcpy(reply.words, request.rq.words, sizeof(reply.words));
		if (write(fd, &reply, sizeof(reply)) != sizeof(reply))
			break;
	}
	_exit(0);
}

static void start_child(void)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	child = fork();
	assert_int_not_equal(child, -1);
	if (!child) {
		close(fds[0]);
		serve(fds[1]);
	}
	close(fds[1]);
	wire = fds[0];
}

static void end_child(void)
{
	int status;

	close(wire);
	waitpid(child, &status, 0);
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
		assert_int_equal(status, 0);
	child = -1;
}

static bool receive(struct wire_reply *reply)
{
	size_t got = 0;
	ssize_t n;

	while (got < sizeof(*reply)) {
		n = read(wire, (char *)reply + got, sizeof(*reply) - got);
		if (n <= 0)
			return false;
		got += (size_t)n;
	}
	return true;
}

static int call_child(struct request *rq)
{
	static struct wire_request request;
	static struct wire_reply reply;

	request.rq = *rq;
	memcpy(request.data, rq->data, rq->data_len);
	request.data[rq->data_len] = '\0';
	while (write(wire, &request, sizeof(request)) != sizeof(request) || !receive(&reply)) {
		end_child();
		start_child();
		restarts++;
		request.rq.is_retry = true;
	}
	memcpy(rq->words, reply.words, sizeof(rq->words));
	memcpy(rq->reply, reply.data, reply.len);
	rq->reply_len = reply.len;
	return reply.status;
}

static uint64_t number_in(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	assert_non_null(at);
	return strtoull(at + strlen(name), NULL, 10);
}

/* Bytes in use once all is given back and old replies have run out. */
static uint64_t settled_bytes(void)
{
	uint64_t args[7] = { 0, 0, 4096 };
	struct reply *reply;
	char text[4096];
	int i;

	for (i = 0; i < 320; i++)
		root_node();
	args[0] = node_at_path("/proc/albireo/vfsd");
	args[0] = call(VFS_OPEN, args, NULL, 0)->words[1];
	reply = call(VFS_READ, args, NULL, 0);
	snprintf(text, sizeof(text), "%.*s", (int)reply->len, reply->data);
	call(VFS_CLOSE, args, NULL, 0);
	release_all();
	return number_in(text, "arena_used ") - number_in(text, "reply_bytes ");
}

static void make_things(uint64_t top)
{
	assert_int_equal(make(top, "d", S_IFDIR | 0755, VFS_CREATE_EXCL), 0);
	assert_int_equal(make(top, "d", S_IFDIR | 0755, VFS_CREATE_EXCL), -EEXIST);
	assert_int_equal(make(top, "f", S_IFREG | 0600, VFS_CREATE_EXCL), 0);
	assert_int_equal(make(top, "f", S_IFREG | 0600, VFS_CREATE_EXCL), -EEXIST);
	assert_int_equal(make(top, "f", S_IFREG | 0600, 0), 0);
	assert_int_equal(make_link(top, "l", "d/f"), 0);
	assert_string_equal(record_target(walk_to(top, "l")), "d/f");
}

static void move_things(uint64_t top, uint64_t d)
{
	uint64_t f = walk_to(top, "f")->attr.node;

	assert_int_equal(hard_link(f, d, "h"), 0);
	assert_int_equal(hard_link(f, d, "h"), -EEXIST);
	assert_int_equal(walk_to(d, "h")->attr.nlink, 2);
	assert_int_equal(rename_to(top, "l", d, "m", RENAME_NOREPLACE), 0);
	assert_int_equal(rename_to(d, "m", d, "h", RENAME_NOREPLACE), -EEXIST);
	assert_int_equal(rename_to(top, "f", d, "g", 0), 0);
	assert_int_equal(rename_to(d, "m", d, "g", RENAME_EXCHANGE), 0);
	assert_int_equal(walk_to(d, "m")->attr.node, f);
	assert_int_equal(rename_to(d, "g", d, "m", RENAME_EXCHANGE), 0);
	assert_int_equal(rename_to(d, "m", d, "g", 0), 0);
	assert_int_equal(walk_to(top, "f")->kind, VFS_REC_NEGATIVE);
	assert_int_equal(walk_to(d, "h")->attr.node, f);
}

static void remove_things(uint64_t top, uint64_t d)
{
	struct vfs_attr attr = { .mode = 0640 };
	const uint64_t args[7] = { walk_to(d, "h")->attr.node, VFS_SET_MODE };

	assert_int_equal(call(VFS_SETATTR, args, &attr, sizeof(attr))->status, 0);
	assert_int_equal(walk_to(d, "h")->attr.mode, S_IFREG | 0640);
	assert_int_equal(remove_name(top, "d", true), -ENOTEMPTY);
	assert_int_equal(remove_name(d, "g", false), 0);
	assert_int_equal(remove_name(d, "g", false), -ENOENT);
	assert_int_equal(remove_name(d, "h", false), 0);
	assert_int_equal(remove_name(top, "d", true), 0);
}

/* The same on any filesystem. Leaves nothing behind. */
static void work(const char *top_path)
{
	uint64_t top = node_at_path(top_path);
	char names[200];
	uint64_t d;

	assert_int_not_equal(top, 0);
	make_things(top);
	d = walk_to(top, "d")->attr.node;
	move_things(top, d);
	remove_things(top, d);
	list_names(top, 4096, names, sizeof(names));
	assert_string_equal(names, "");
	release_all();
}

/* Run the workload with one kill. Returns: bytes left in use; *@was_killed: the point was reached. */
static uint64_t run(const char *top, uint64_t at_store, uint64_t at_exchange, bool *was_killed)
{
	unsigned int before = restarts;
	uint64_t bytes;

	fake_reset();
	start_child();
	assert_int_equal(mount_at("9p", "test", "/mnt", 0), 0);
	fake->kill_at_store = at_store;
	fake->kill_at_exchange = at_exchange;
	work(top);
	*was_killed = restarts > before;
	fake->kill_at_store = fake->kill_at_exchange = 0;
	bytes = settled_bytes();
	end_child();
	assert_int_equal(fake_p9_kept(), 0);
	return bytes;
}

static void kill_at_stores(const char *top)
{
	bool was_killed;
	uint64_t clean = run(top, 0, 0, &was_killed);
	uint64_t at = 1;

	assert_false(was_killed);
	do {
		assert_int_equal(run(top, at, 0, &was_killed), clean);
		at += STORE_STRIDE;
	} while (was_killed);
	assert_true(at > 100);
}

static void a_kill_before_a_store_is_not_noticed_on_tmpfs(void **unused)
{
	kill_at_stores("/tmp");
}

static void a_kill_before_a_store_is_not_noticed_on_9p(void **unused)
{
	kill_at_stores("/mnt");
}

static void a_kill_around_an_exchange_is_not_noticed(void **unused)
{
	bool was_killed;
	uint64_t clean = run("/mnt", 0, 0, &was_killed);
	uint64_t at = 1;

	do
		assert_int_equal(run("/mnt", 0, at++, &was_killed), clean);
	while (was_killed);
	assert_true(at > 100);
}

static int begin(void **unused)
{
	call_transport = call_child;
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_kill_before_a_store_is_not_noticed_on_tmpfs),
		cmocka_unit_test(a_kill_before_a_store_is_not_noticed_on_9p),
		cmocka_unit_test(a_kill_around_an_exchange_is_not_noticed),
	};

	signal(SIGPIPE, SIG_IGN);
	umask(0);
	return cmocka_run_group_tests(tests, begin, fake_end);
}
