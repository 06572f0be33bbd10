/* tests/linux/sockets_names.c: names of AF_UNIX sockets: bind, connect, listen, accept. */
#include "common.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#define PATH_AT offsetof(struct sockaddr_un, sun_path)

static socklen_t path_name(struct sockaddr_un *name, const char *path)
{
	memset(name, 0, sizeof(*name));
	name->sun_family = AF_UNIX;
	strncpy(name->sun_path, path, sizeof(name->sun_path));
	return PATH_AT + strlen(path) + 1;
}

/* An abstract name that no other program of this machine has. */
static socklen_t abstract_name(struct sockaddr_un *name, const char *text)
{
	memset(name, 0, sizeof(*name));
	name->sun_family = AF_UNIX;
	return PATH_AT + 1 + snprintf(name->sun_path + 1, sizeof(name->sun_path) - 1, "albireo-%d-%s", getsid(0), text);
}

static long bind_path(int fd, const char *path)
{
	struct sockaddr_un name;
	socklen_t len = path_name(&name, path);

	return bind(fd, (void *)&name, len);
}

static long connect_path(int fd, const char *path)
{
	struct sockaddr_un name;
	socklen_t len = path_name(&name, path);

	return connect(fd, (void *)&name, len);
}

static int make_socket(int type)
{
	return need(socket(AF_UNIX, type, 0));
}

static int make_listener(const char *path, int type, int backlog)
{
	int fd = make_socket(type);

	need(bind_path(fd, path));
	need(listen(fd, backlog));
	return fd;
}

typedef int (*name_call)(int fd, struct sockaddr *name, socklen_t *len);

static void report_name(const char *label, name_call call, int fd)
{
	struct sockaddr_un name;
	socklen_t len = sizeof(name);

	memset(&name, '~', sizeof(name));
	if (call(fd, (void *)&name, &len)) {
		say("  %s: -1 %s", label, errno_name(errno));
		return;
	}
	say("  %s: family %d, length %u", label, name.sun_family, len);
	if (len > PATH_AT && name.sun_path[0])
		say_bytes("    path", name.sun_path, len - PATH_AT);
}

static void report_poll(const char *label, int fd)
{
	struct pollfd entry = { .fd = fd, .events = POLLIN | POLLOUT | POLLRDHUP };
	int ready = poll(&entry, 1, 0);

	say("  %s: poll = %d, events %#x", label, ready, entry.revents);
}

static long close_result(int fd)
{
	return fd < 0 ? fd : close(fd);
}

TEST(socket_checks_its_arguments)
{
	report("stream", close_result(socket(AF_UNIX, SOCK_STREAM, 0)));
	report("datagram", close_result(socket(AF_UNIX, SOCK_DGRAM, 0)));
	report("seqpacket", close_result(socket(AF_UNIX, SOCK_SEQPACKET, 0)));
	report("raw", close_result(socket(AF_UNIX, SOCK_RAW, 0)));
	report("protocol PF_UNIX", close_result(socket(AF_UNIX, SOCK_STREAM, PF_UNIX)));
	report("protocol 2", close_result(socket(AF_UNIX, SOCK_STREAM, 2)));
	report("protocol -1", close_result(socket(AF_UNIX, SOCK_STREAM, -1)));
	report("type 4", close_result(socket(AF_UNIX, SOCK_RDM, 0)));
	report("type 0", close_result(socket(AF_UNIX, 0, 0)));
	report("type 10", close_result(socket(AF_UNIX, SOCK_PACKET, 0)));
	report("type 11", close_result(socket(AF_UNIX, 11, 0)));
	report("unknown flag", close_result(socket(AF_UNIX, SOCK_STREAM | 0x100, 0)));
	report("family 99", close_result(socket(99, SOCK_STREAM, 0)));
	report("family 0", close_result(socket(0, SOCK_STREAM, 0)));
	report("family -1", close_result(socket(-1, SOCK_STREAM, 0)));
	report("family -1, type 11", close_result(socket(-1, 11, 0)));
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	say("  F_GETFD %d, F_GETFL %#o", fcntl(fd, F_GETFD), fcntl(fd, F_GETFL));
}

TEST(path_is_bound_once)
{
	int fd = make_socket(SOCK_STREAM), other = make_socket(SOCK_STREAM);
	struct stat st;

	umask(027);
	report("bind", bind_path(fd, "name"));
	need(stat("name", &st));
	say("  mode %#o, size %lld, nlink %lu", st.st_mode, (long long)st.st_size, (unsigned long)st.st_nlink);
	report_name("getsockname", getsockname, fd);
	report("bind of another", bind_path(other, "name"));
	report("bind again", bind_path(fd, "name2"));
	report("second file", access("name2", F_OK));
	report("bind again, same path", bind_path(fd, "name"));
	report("open", open("name", O_RDWR));
	report("open(O_PATH)", open("name", O_PATH) >= 0 ? 0 : -1);
	report("unlink", unlink("name"));
	report("bind of another", bind_path(other, "name"));
	report_name("getsockname of the first", getsockname, fd);
	close(fd);
	report("name of the other", access("name", F_OK));
	close(other);
	report("name stays", access("name", F_OK));
	fd = make_socket(SOCK_STREAM);
	report("bind on what is left", bind_path(fd, "name"));
}

TEST(bind_checks_path_and_address)
{
	struct sockaddr_un name;
	socklen_t len = path_name(&name, "x");
	int fd = make_socket(SOCK_STREAM);

	report("no folder", bind_path(fd, "none/x"));
	make_file("file", "x");
	report("through a file", bind_path(fd, "file/x"));
	report("existing file", bind_path(fd, "file"));
	report("trailing slash", bind_path(fd, "new/"));
	report("folder", bind_path(fd, "."));
	report("length 2 bytes too few", bind(fd, (void *)&name, 1));
	report("length 0", bind(fd, (void *)&name, 0));
	report("length 111", bind(fd, (void *)&name, 111));
	report("length 128", bind(fd, (void *)&name, 128));
	report("length 129", bind(fd, (void *)&name, 129));
	report("length -1", bind(fd, (void *)&name, -1));
	report("bad pointer", syscall(SYS_bind, fd, unmapped_address(), len));
	name.sun_family = AF_INET;
	report("wrong family", bind(fd, (void *)&name, len));
	name.sun_family = AF_UNSPEC;
	report("no family", bind(fd, (void *)&name, len));
	name.sun_family = AF_UNIX;
	report("fd -1", bind(-1, (void *)&name, len));
	report("not a socket", bind(need(open("file", O_RDONLY)), (void *)&name, len));
	report("pipe", (need(pipe((int[2]){ 0 })), bind(0, (void *)&name, 1)) ? -1 : 0);
	name.sun_path[1] = 'y';
	report("no NUL in its length", bind(fd, (void *)&name, PATH_AT + 1));
	report_name("getsockname", getsockname, fd);
	report("the name", access("x", F_OK));
}

TEST(longest_path_needs_no_nul)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	socklen_t len = 200;
	char room[200];
	int fd = make_socket(SOCK_STREAM), client = make_socket(SOCK_STREAM);

	memset(name.sun_path, 'n', sizeof(name.sun_path));
	report("bind", bind(fd, (void *)&name, sizeof(name)));
	report("getsockname", getsockname(fd, (void *)room, &len));
	report("length", len);
	need(listen(fd, 1));
	report("connect", connect(client, (void *)&name, sizeof(name)));
	len = 5;
	memset(room, 0, sizeof(room));
	report("getpeername in 5 bytes", getpeername(client, (void *)room, &len));
	report("length", len);
	say_bytes("got", room + 2, 4);
}

TEST(unprivileged_need_write_permission)
{
	static void (*body)(void);
	int fd;

	fd = make_listener("private", SOCK_STREAM, 5);
	need(chmod("private", 0644));
	make_listener("open", SOCK_STREAM, 5);
	need(chmod("open", 0666));
	need(chmod(".", 0711));
	void unprivileged(void)
	{
		report("connect without w", connect_path(make_socket(SOCK_STREAM), "private"));
		report("connect with w", connect_path(make_socket(SOCK_STREAM), "open"));
		report("bind in a folder without w", bind_path(make_socket(SOCK_STREAM), "mine"));
	}
	body = unprivileged;
	as_unprivileged(body);
	(void)fd;
}

TEST(abstract_names_live_with_their_socket)
{
	struct sockaddr_un name;
	socklen_t len = abstract_name(&name, "a");
	int fd = make_socket(SOCK_STREAM), other = make_socket(SOCK_STREAM), datagram = make_socket(SOCK_DGRAM);

	report("bind", bind(fd, (void *)&name, len));
	report("bind of another", bind(other, (void *)&name, len));
	report("bind of another type", bind(datagram, (void *)&name, len));
	report("bind again", bind(fd, (void *)&name, len));
	report("longer by a NUL", bind(other, (void *)&name, len + 1));
	report("connect before listen", connect(make_socket(SOCK_STREAM), (void *)&name, len));
	need(listen(fd, 5));
	report("connect", connect(make_socket(SOCK_STREAM), (void *)&name, len));
	report("connect as datagram", connect(make_socket(SOCK_DGRAM), (void *)&name, len));
	close(datagram);
	report("connect as datagram, closed", connect(make_socket(SOCK_DGRAM), (void *)&name, len));
	close(fd);
	report("connect after close", connect(make_socket(SOCK_STREAM), (void *)&name, len));
	fd = make_socket(SOCK_STREAM);
	report("bind after close", bind(fd, (void *)&name, len));
	for (int i = 0; i < 200; i++) {
		close(fd);
		fd = make_socket(SOCK_STREAM);
		need(bind(fd, (void *)&name, len));
	}
	need(listen(fd, 1));
	report("connect to the last of many", connect(make_socket(SOCK_STREAM), (void *)&name, len));
}

TEST(autobind_gives_five_digits)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX }, got;
	socklen_t len = sizeof(got);
	int fd = make_socket(SOCK_STREAM), client = make_socket(SOCK_STREAM);

	report("bind", bind(fd, (void *)&name, PATH_AT));
	report("getsockname", getsockname(fd, (void *)&got, &len));
	say("  length %u, first byte %d", len, got.sun_path[0]);
	claim("hexadecimal", strspn(got.sun_path + 1, "0123456789abcdef") >= 5);
	report("bind again", bind(fd, (void *)&name, PATH_AT));
	need(listen(fd, 1));
	report("connect", connect(client, (void *)&got, len));
	report_name("getpeername", getpeername, client);
	report("bind of the client", bind(client, (void *)&name, PATH_AT));
}

TEST(connect_finds_its_errors)
{
	struct sockaddr_un name;
	socklen_t len = path_name(&name, "stream");
	int fd = make_socket(SOCK_STREAM), listener;

	report("no such name", connect_path(fd, "none"));
	report("no folder", connect_path(fd, "none/x"));
	make_file("file", "");
	report("a file", connect_path(fd, "file"));
	report("through a file", connect_path(fd, "file/x"));
	report("a folder", connect_path(fd, "."));
	need(mknod("dead", S_IFSOCK | 0777, 0));
	report("a dead socket", connect_path(fd, "dead"));
	listener = make_socket(SOCK_STREAM);
	need(bind(listener, (void *)&name, len));
	report("not listening", connect_path(fd, "stream"));
	report("to itself", connect_path(listener, "stream"));
	need(listen(listener, 5));
	report("listener to itself", connect_path(listener, "stream"));
	report("seqpacket to stream", connect_path(make_socket(SOCK_SEQPACKET), "stream"));
	report("datagram to stream", connect_path(make_socket(SOCK_DGRAM), "stream"));
	report("length 1", connect(fd, (void *)&name, 1));
	report("length 2", connect(fd, (void *)&name, 2));
	report("length 111", connect(fd, (void *)&name, 111));
	report("bad pointer", syscall(SYS_connect, fd, unmapped_address(), len));
	name.sun_family = AF_UNSPEC;
	report("AF_UNSPEC", connect(fd, (void *)&name, len));
	report("fd -1", connect(-1, (void *)&name, len));
	report("not a socket", connect(need(open("file", O_RDONLY)), (void *)&name, len));
	need(symlink("stream", "link"));
	report("through a link", connect_path(fd, "link"));
	report("connected already", connect_path(fd, "stream"));
	report("connected already, to nothing", connect_path(fd, "none"));
	need(rename("stream", "moved"));
	report("renamed", connect_path(make_socket(SOCK_STREAM), "moved"));
	need(link("moved", "again"));
	report("by another link", connect_path(make_socket(SOCK_STREAM), "again"));
	unlink("moved");
	unlink("again");
	report("unlinked", connect_path(make_socket(SOCK_STREAM), "again"));
}

TEST(listen_and_accept_check_their_socket)
{
	int fd = make_socket(SOCK_STREAM), datagram = make_socket(SOCK_DGRAM), pair[2];
	struct sockaddr_un name;
	socklen_t len = sizeof(name);

	report("listen without a name", listen(fd, 5));
	report("accept without listen", accept(fd, NULL, NULL));
	report("listen on a datagram socket", listen(datagram, 5));
	report("accept on a datagram socket", accept(datagram, NULL, NULL));
	report("listen on -1", listen(-1, 5));
	report("accept on -1", accept(-1, NULL, NULL));
	need(bind_path(fd, "s"));
	report("listen", listen(fd, 5));
	report("listen again", listen(fd, -1));
	report("accept4 with unknown flags", accept4(fd, NULL, NULL, 1));
	need(fcntl(fd, F_SETFL, O_NONBLOCK));
	report("accept of nobody", accept(fd, NULL, NULL));
	need(connect_path(make_socket(SOCK_STREAM), "s"));
	report("accept(bad length pointer)", syscall(SYS_accept, fd, &name, unmapped_address()));
	report("accept after that", accept(fd, NULL, NULL));
	need(connect_path(make_socket(SOCK_STREAM), "s"));
	report_ok("accept(no pointer, bad length pointer)", syscall(SYS_accept, fd, NULL, unmapped_address()));
	need(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	report("accept on a pair", accept(pair[0], NULL, NULL));
	report("listen on a pair", listen(pair[0], 1));
	need(bind_path(pair[1], "pair"));
	report("listen on a named pair", listen(pair[1], 1));
	report("read of a listener", read(fd, &name, 1));
	report("write to a listener", write(fd, &name, 1));
	report("getpeername of a listener", getpeername(fd, (void *)&name, &len));
	report("shutdown of a listener", shutdown(fd, SHUT_RD));
	report("accept after it", accept(fd, NULL, NULL));
	need(fcntl(fd, F_SETFL, 0));
	report("blocking accept after it", accept(fd, NULL, NULL));
	report("connect after it", connect_path(make_socket(SOCK_STREAM), "s"));
}

TEST(connection_carries_bytes_and_names)
{
	int listener = make_listener("server", SOCK_STREAM, 5), client = make_socket(SOCK_STREAM), server;
	struct sockaddr_un name;
	socklen_t len = sizeof(name);
	char buf[32];

	report_poll("listener", listener);
	report_poll("fresh socket", client);
	need(bind_path(client, "client"));
	report("connect", connect_path(client, "server"));
	report_poll("listener with one", listener);
	report_poll("client before accept", client);
	report("write before accept", write(client, "early", 5));
	server = accept4(listener, (void *)&name, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
	report("accepted", server >= 0);
	say("  its client: length %u, %s", len, name.sun_path);
	say("  F_GETFD %d, F_GETFL %#o", fcntl(server, F_GETFD), fcntl(server, F_GETFL));
	report_name("server's own", getsockname, server);
	report_name("server's peer", getpeername, server);
	report_name("client's own", getsockname, client);
	report_name("client's peer", getpeername, client);
	report("read", read(server, buf, sizeof(buf)));
	say_bytes("got", buf, 5);
	report("write back", write(server, "late", 4));
	len = sizeof(name);
	memset(&name, 0, sizeof(name));
	report("recvfrom", recvfrom(client, buf, sizeof(buf), 0, (void *)&name, &len));
	say("  from: length %u, %s", len, name.sun_path);
	close(server);
	report("read at the end", read(client, buf, sizeof(buf)));
	report_name("name of the peer that is gone", getpeername, client);
	report_name("of the listener", getpeername, listener);
}

TEST(backlog_fills_up)
{
	int listener = make_listener("s", SOCK_STREAM, 2), fds[8], n = 0;

	for (int i = 0; i < 8; i++) {
		fds[i] = make_socket(SOCK_STREAM | SOCK_NONBLOCK);
		if (connect_path(fds[i], "s"))
			break;
		n++;
	}
	report("connected", n);
	report("one more", connect_path(fds[n], "s"));
	report("again", connect_path(fds[n], "s"));
	report_poll("the one that waits", fds[n]);
	close(need(accept(listener, NULL, NULL)));
	report("after an accept", connect_path(fds[n], "s"));
	report("listen(0)", listen(listener, 0));
	while (n-- > 0)
		close(need(accept(listener, NULL, NULL)));
	report("first", connect_path(make_socket(SOCK_STREAM | SOCK_NONBLOCK), "s"));
	report("second", connect_path(make_socket(SOCK_STREAM | SOCK_NONBLOCK), "s"));
}

TEST(blocked_connect_goes_on_with_an_accept)
{
	int listener = make_listener("s", SOCK_STREAM, 0);
	struct timeval timeout = { 0, 30000 };
	pid_t child;
	int fd;

	need(connect_path(make_socket(SOCK_STREAM), "s"));
	child = need(fork());
	if (!child)
		_exit(connect_path(make_socket(SOCK_STREAM), "s") ? errno : 7);
	close(need(accept(listener, NULL, NULL)));
	close(need(accept(listener, NULL, NULL)));
	report_exit("connector", child);
	need(connect_path(make_socket(SOCK_STREAM), "s"));
	fd = make_socket(SOCK_STREAM);
	need(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)));
	report("connect with a time-out", connect_path(fd, "s"));
	on_signal(SIGALRM, count_signal, 0);
	tick_every_ms(20);
	report("interrupted connect", connect_path(make_socket(SOCK_STREAM), "s"));
	tick_every_ms(0);
	child = need(fork());
	if (!child) {
		close(listener);
		_exit(connect_path(make_socket(SOCK_STREAM), "s") && errno == ECONNREFUSED ? 8 : 9);
	}
	close(listener);
	report_exit("connector whose listener closes", child);
}

TEST(accept_waits_for_a_connection)
{
	int listener = make_listener("s", SOCK_SEQPACKET, 3);
	struct timeval timeout = { 0, 30000 };
	pid_t child = need(fork());

	if (!child) {
		int fd = make_socket(SOCK_SEQPACKET);

		need(connect_path(fd, "s"));
		need(send(fd, "packet", 6, 0));
		_exit(0);
	}
	int fd = need(accept(listener, NULL, NULL));
	char buf[10];

	report("recv", recv(fd, buf, sizeof(buf), 0));
	report("recv at the end", recv(fd, buf, sizeof(buf), 0));
	report_exit("client", child);
	need(setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)));
	report("accept with a time-out", accept(listener, NULL, NULL));
	on_signal(SIGALRM, count_signal, SA_RESTART);
	timeout.tv_sec = 10;
	need(setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)));
	tick_every_ms(20);
	report("interrupted accept with a time-out", accept(listener, NULL, NULL));
	tick_every_ms(0);
}

TEST(connections_nobody_accepts_are_reset)
{
	int listener = make_listener("s", SOCK_STREAM, 3), client = make_socket(SOCK_STREAM);
	char byte;

	signal(SIGPIPE, SIG_IGN);
	need(connect_path(client, "s"));
	need(write(client, "x", 1));
	close(listener);
	report_poll("client", client);
	report("read", read(client, &byte, 1));
	report("read again", read(client, &byte, 1));
	report("write", write(client, "x", 1));
}

TEST(datagrams_find_their_receiver)
{
	int a = make_socket(SOCK_DGRAM), b = make_socket(SOCK_DGRAM), c = make_socket(SOCK_DGRAM);
	struct sockaddr_un to, from;
	socklen_t len = path_name(&to, "b"), from_len = sizeof(from);
	char buf[16];

	need(bind_path(b, "b"));
	report("send without a peer", send(a, "x", 1, 0));
	report("sendto", sendto(a, "one", 3, 0, (void *)&to, len));
	report("recvfrom", recvfrom(b, buf, sizeof(buf), 0, (void *)&from, &from_len));
	say("  from length %u", from_len);
	need(bind_path(a, "a"));
	report("sendto", sendto(a, "two", 3, 0, (void *)&to, len));
	from_len = sizeof(from);
	memset(&from, 0, sizeof(from));
	report("recvfrom", recvfrom(b, buf, sizeof(buf), 0, (void *)&from, &from_len));
	say("  from length %u %s", from_len, from.sun_path);
	report("answer", sendto(b, "back", 4, 0, (void *)&from, from_len));
	report("recv", recv(a, buf, sizeof(buf), 0));
	report("connect", connect_path(a, "b"));
	report_name("getpeername", getpeername, a);
	report("send", send(a, "three", 5, 0));
	report("sendto elsewhere", sendto(a, "x", 1, 0, (void *)&from, from_len));
	report("recv", recv(b, buf, sizeof(buf), 0));
	report("connect of b to a", connect_path(b, "a"));
	report("sendto b from c", sendto(c, "x", 1, 0, (void *)&to, len));
	report("connect c to b", connect_path(c, "b"));
	to.sun_family = AF_UNSPEC;
	report("disconnect", connect(b, (void *)&to, sizeof(to.sun_family)));
	report_name("getpeername", getpeername, b);
	to.sun_family = AF_UNIX;
	report("sendto b from c", sendto(c, "x", 1, 0, (void *)&to, len));
	report("disconnect of who is not connected", (to.sun_family = AF_UNSPEC, connect(c, (void *)&to, 2)));
	report("connect of length 1", connect(c, (void *)&to, 1));
	report("to no name", (to.sun_family = AF_UNIX, path_name(&to, "none"), sendto(c, "x", 1, 0, (void *)&to, 7)));
	report("to a short address", sendto(c, "x", 1, 0, (void *)&to, 2));
	report("to an address of length 0", sendto(c, "x", 1, 0, (void *)&to, 0));
	report("to a bad pointer", sendto(c, "x", 1, 0, unmapped_address(), 10));
	report("write", write(c, "x", 1));
}

TEST(datagram_peer_that_closes_refuses)
{
	int a = make_socket(SOCK_DGRAM), b = make_socket(SOCK_DGRAM), pair[2];

	need(bind_path(b, "b"));
	need(connect_path(a, "b"));
	need(send(a, "x", 1, 0));
	close(b);
	report_poll("closed peer", a);
	report("send", send(a, "x", 1, 0));
	report("send again", send(a, "x", 1, 0));
	report_name("getpeername", getpeername, a);
	report("connect to the dead name", connect_path(a, "b"));
	need(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
	close(pair[1]);
	report("write to half a pair", write(pair[0], "x", 1));
	report("write again", write(pair[0], "x", 1));
}

TEST(parting_datagram_pair_loses_what_was_said)
{
	struct sockaddr none = { .sa_family = AF_UNSPEC };
	char buf[8];
	int pair[2];

	need(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair));
	need(send(pair[0], "lost", 4, 0));
	report("disconnect", connect(pair[1], &none, sizeof(none)));
	report("recv", recv(pair[1], buf, sizeof(buf), 0));
	report_poll("the other", pair[0]);
	report("send of the other", send(pair[0], "x", 1, 0));
	report("send again", send(pair[0], "x", 1, 0));
	report("recv", recv(pair[1], buf, sizeof(buf), 0));
}

TEST(full_queue_of_datagrams_blocks)
{
	int to = make_socket(SOCK_DGRAM), from = make_socket(SOCK_DGRAM | SOCK_NONBLOCK);
	struct sockaddr_un name;
	socklen_t len = path_name(&name, "to");
	char byte;
	int n = 0;
	pid_t child;

	need(bind_path(to, "to"));
	while (sendto(from, "x", 1, 0, (void *)&name, len) == 1)
		n++;
	say("  %d fit, then %s", n, errno_name(errno));
	report_poll("unconnected sender", from);
	need(connect_path(from, "to"));
	report_poll("connected sender", from);
	report("send", send(from, "x", 1, 0));
	need(recv(to, &byte, 1, 0));
	report_poll("one was read", from);
	report("send", send(from, "x", 1, 0));
	report("send", send(from, "x", 1, 0));
	child = need(fork());
	if (!child) {
		int mine = make_socket(SOCK_DGRAM);

		_exit(sendto(mine, "y", 1, 0, (void *)&name, len) == 1 ? 4 : errno);
	}
	for (int i = 0; i < 12; i++)
		need(recv(to, &byte, 1, 0));
	say_bytes("last", &byte, 1);
	report_exit("blocked sender", child);
	while (send(from, "x", 1, 0) == 1)
		;
	struct pollfd entry = { .fd = from, .events = POLLOUT };

	child = need(fork());
	if (!child) {
		recv(to, &byte, 1, 0);
		_exit(0);
	}
	report("poll until there is room", poll(&entry, 1, 5000));
	report_exit("reader", child);
	while (send(from, "x", 1, 0) == 1)
		;
	child = need(fork());
	if (!child) {
		close(to);
		need(fcntl(from, F_SETFL, 0));
		_exit(send(from, "x", 1, 0) < 0 ? errno : 0);
	}
	close(to);
	waitpid(child, &n, 0);
	say("  sender whose receiver closes: %s", errno_name(WEXITSTATUS(n)));
}

TEST(ioctl_tells_of_queues)
{
	int listener = make_listener("s", SOCK_STREAM, 5), client = make_socket(SOCK_STREAM), server, value = -1;
	int to = make_socket(SOCK_DGRAM);

	report("FIONREAD of a listener", ioctl(listener, FIONREAD, &value));
	need(connect_path(client, "s"));
	server = need(accept(listener, NULL, NULL));
	need(write(client, "12345", 5));
	need(write(client, "678", 3));
	report("FIONREAD", ioctl(server, FIONREAD, &value));
	report("bytes", value);
	report("SIOCOUTQ", ioctl(client, TIOCOUTQ, &value));
	claim("something is on its way", value > 0);
	need(read(server, &(char[10]){ 0 }, 10));
	report("SIOCOUTQ", ioctl(client, TIOCOUTQ, &value));
	report("bytes", value);
	report("FIONREAD(bad pointer)", ioctl(client, FIONREAD, unmapped_address()));
	need(bind_path(to, "d"));
	need(connect_path(to, "d"));
	need(send(to, "first", 5, 0));
	need(send(to, "2", 1, 0));
	report("FIONREAD of datagrams", ioctl(to, FIONREAD, &value));
	report("bytes", value);
}

TEST(names_survive_fork_and_exec_of_nothing)
{
	int listener = make_listener("s", SOCK_STREAM, 5), status;
	pid_t child = need(fork());

	if (!child)
		_exit(0);
	waitpid(child, &status, 0);
	report("connect after the child closed its copy", connect_path(make_socket(SOCK_STREAM), "s"));
	int copy = dup(listener);

	close(listener);
	report("connect to a duplicate", connect_path(make_socket(SOCK_STREAM), "s"));
	close(copy);
	report("connect when all are closed", connect_path(make_socket(SOCK_STREAM), "s"));
}

/* The line of /proc/net/unix that ends with @name. */
static void report_table(const char *label, const char *name, int fd)
{
	unsigned int refs, protocol, flags, type, state;
	unsigned long inode;
	char line[512];
	struct stat st;
	FILE *table = fopen("/proc/net/unix", "r");
	bool found = false;

	if (!table) {
		say("  %s: no table", label);
		return;
	}
	fgets(line, sizeof(line), table);
	if (!strcmp(label, "header"))
		say_bytes(label, line, strlen(line));
	while (!found && fgets(line, sizeof(line), table)) {
		size_t len = strlen(line), name_len = strlen(name);

		found = len > name_len + 1 && line[len - 1] == '\n' && line[len - name_len - 2] == ' ' &&
			!memcmp(line + len - name_len - 1, name, name_len);
	}
	fclose(table);
	if (!found) {
		say("  %s: not there", label);
		return;
	}
	sscanf(line, "%*[^:]: %x %x %x %x %x %lu", &refs, &protocol, &flags, &type, &state, &inode);
	need(fstat(fd, &st));
	say("  %s: protocol %u, flags %#x, type %u, state %u, inode %s", label, protocol, flags, type, state,
		inode == st.st_ino ? "its own" : inode ? "another" : "0");
}

TEST(table_shows_every_name)
{
	char path[64], shown[128];
	struct sockaddr_un name;
	socklen_t len = abstract_name(&name, "table");
	int fd = make_socket(SOCK_STREAM), other = make_socket(SOCK_DGRAM), client = make_socket(SOCK_STREAM);

	snprintf(path, sizeof(path), "table-%d", getpid());
	need(bind_path(fd, path));
	report_table("bound", path, fd);
	need(listen(fd, 5));
	report_table("header", path, fd);
	need(bind(other, (void *)&name, len));
	snprintf(shown, sizeof(shown), "@%s", name.sun_path + 1);
	report_table("abstract", shown, other);
	need(connect_path(client, path));
	close(fd);
	report_table("closed", path, client);
	snprintf(path, sizeof(path), "mine-%d", getpid());
	need(bind_path(client, path));
	report_table("connected once", path, client);
}
