/* tests/linux/sockets_errors.c: what every call on sockets refuses in the same way. */
#include "common.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

static struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "s" };
static socklen_t name_len = sizeof(name);
static char byte;
static struct iovec part = { &byte, 1 };
static struct mmsghdr several = { .msg_hdr = { .msg_iov = &part, .msg_iovlen = 1 } };
static int value, flags;
static socklen_t value_len = sizeof(value);

static long do_connect(int fd) { return connect(fd, (void *)&name, sizeof(name)); }
static long do_bind(int fd) { return bind(fd, (void *)&name, sizeof(name)); }
static long do_listen(int fd) { return listen(fd, 1); }
static long do_accept(int fd) { return accept(fd, NULL, NULL); }
static long do_accept4(int fd) { return accept4(fd, NULL, NULL, 0); }
static long do_sendto(int fd) { return sendto(fd, &byte, 1, flags, NULL, 0); }
static long do_sendmsg(int fd) { return sendmsg(fd, &several.msg_hdr, flags); }
static long do_sendmmsg(int fd) { return sendmmsg(fd, &several, 1, flags); }
static long do_recvfrom(int fd) { return recvfrom(fd, &byte, 1, flags, NULL, NULL); }
static long do_recvmsg(int fd) { return recvmsg(fd, &several.msg_hdr, flags); }
static long do_recvmmsg(int fd) { return recvmmsg(fd, &several, 1, flags, NULL); }
static long do_shutdown(int fd) { return shutdown(fd, SHUT_RD); }
static long do_getsockname(int fd) { return getsockname(fd, (void *)&name, &name_len); }
static long do_getpeername(int fd) { return getpeername(fd, (void *)&name, &name_len); }
static long do_getsockopt(int fd) { return getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, &value_len); }
static long do_setsockopt(int fd) { return setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &value, sizeof(value)); }

static const struct { const char *label; long (*call)(int fd); } calls[] = {
	{ "connect", do_connect }, { "bind", do_bind }, { "listen", do_listen }, { "accept", do_accept },
	{ "accept4", do_accept4 }, { "sendto", do_sendto }, { "sendmsg", do_sendmsg }, { "sendmmsg", do_sendmmsg },
	{ "recvfrom", do_recvfrom }, { "recvmsg", do_recvmsg }, { "recvmmsg", do_recvmmsg }, { "shutdown", do_shutdown },
	{ "getsockname", do_getsockname }, { "getpeername", do_getpeername }, { "getsockopt", do_getsockopt },
	{ "setsockopt", do_setsockopt },
};

static void report_all(int fd)
{
	for (size_t i = 0; i < COUNT_OF(calls); i++)
		report(calls[i].label, calls[i].call(fd));
}

TEST(closed_descriptor_is_bad)
{
	report_all(-1);
	report_all(NO_SUCH_PID);
}

TEST(pipe_is_no_socket)
{
	int fds[2];

	need(pipe(fds));
	report_all(fds[1]);
}

TEST(path_descriptor_is_bad)
{
	make_file("file", "");
	report_all(need(open("file", O_PATH)));
}

TEST(sockets_are_refused_without_descriptors)
{
	int listener = need(socket(AF_UNIX, SOCK_STREAM, 0)), client = need(socket(AF_UNIX, SOCK_STREAM, 0)), pair[2];
	struct rlimit limit;

	need(bind(listener, (void *)&name, sizeof(name)));
	need(listen(listener, 1));
	need(do_connect(client));
	need(getrlimit(RLIMIT_NOFILE, &limit));
	limit.rlim_cur = client + 1;
	need(setrlimit(RLIMIT_NOFILE, &limit));
	report("socket", socket(AF_UNIX, SOCK_STREAM, 0));
	report("socketpair", socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	report("accept", accept(listener, NULL, NULL));
	report("accept4", accept4(listener, NULL, NULL, SOCK_CLOEXEC));
	limit.rlim_cur++;
	need(setrlimit(RLIMIT_NOFILE, &limit));
	report("accept with one to spare", accept(listener, NULL, NULL) == client + 1);
	report("socketpair", socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
}

TEST(links_in_a_circle_are_no_names)
{
	struct sockaddr_un circle = { .sun_family = AF_UNIX, .sun_path = "a/s" };
	int fd = need(socket(AF_UNIX, SOCK_STREAM, 0)), datagram = need(socket(AF_UNIX, SOCK_DGRAM, 0));
	struct msghdr message = { .msg_name = &circle, .msg_namelen = sizeof(circle), .msg_iov = &part, .msg_iovlen = 1 };

	need(symlink("b", "a"));
	need(symlink("a", "b"));
	report("bind", bind(fd, (void *)&circle, sizeof(circle)));
	report("connect", connect(fd, (void *)&circle, sizeof(circle)));
	report("sendto", sendto(datagram, "x", 1, 0, (void *)&circle, sizeof(circle)));
	report("sendmsg", sendmsg(datagram, &message, 0));
	strcpy(circle.sun_path, "a");
	report("bind on a link", bind(fd, (void *)&circle, sizeof(circle)));
	memset(circle.sun_path, 'x', sizeof(circle.sun_path));
	circle.sun_path[0] = '/';
	report("connect to a long name", connect(fd, (void *)&circle, sizeof(circle)));
}

/* Calls that wait, on a socket that gives them nothing. */
static void report_interrupted(const char *label, long (*call)(int fd), int fd)
{
	on_signal(SIGALRM, count_signal, 0);
	tick_every_ms(20);
	report(label, call(fd));
	tick_every_ms(0);
}

TEST(signals_end_waits)
{
	int listener = need(socket(AF_UNIX, SOCK_STREAM, 0)), pair[2];
	static char block[4096];

	need(bind(listener, (void *)&name, sizeof(name)));
	need(listen(listener, 0));
	report_interrupted("accept", do_accept, listener);
	report_interrupted("accept4", do_accept4, listener);
	need(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	report_interrupted("recvfrom", do_recvfrom, pair[0]);
	report_interrupted("recvmsg", do_recvmsg, pair[0]);
	report_interrupted("recvmmsg", do_recvmmsg, pair[0]);
	while (send(pair[0], block, sizeof(block), MSG_DONTWAIT) > 0)
		;
	while (send(pair[0], block, 1, MSG_DONTWAIT) > 0)
		;
	report_interrupted("sendto", do_sendto, pair[0]);
	report_interrupted("sendmsg", do_sendmsg, pair[0]);
	report_interrupted("sendmmsg", do_sendmmsg, pair[0]);
	flags = MSG_DONTWAIT;
	report("sendto that does not wait", do_sendto(pair[0]));
	report("sendmsg that does not wait", do_sendmsg(pair[0]));
	report("sendmmsg that does not wait", do_sendmmsg(pair[0]));
	report("recvmsg that does not wait", do_recvmsg(pair[0]));
	report("recvmmsg that does not wait", do_recvmmsg(pair[0]));
	flags = 0;
	need(do_connect(need(socket(AF_UNIX, SOCK_STREAM, 0))));
	report_interrupted("connect", do_connect, need(socket(AF_UNIX, SOCK_STREAM, 0)));
}

TEST(bad_pointers_are_refused)
{
	void *bad = unmapped_address();
	int fd = need(socket(AF_UNIX, SOCK_DGRAM, 0)), pair[2];
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_name = bad, .msg_namelen = 20 };
	struct iovec bad_part = { bad, 1 };

	need(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
	report("sendmsg(bad name)", sendmsg(fd, &message, 0));
	need(send(pair[0], "x", 1, 0));
	message.msg_namelen = 0;
	report("recvmsg(bad name)", recvmsg(pair[1], &message, 0));
	message.msg_name = NULL;
	message.msg_iov = &bad_part;
	report("sendmsg(bad bytes)", sendmsg(pair[0], &message, 0));
	need(send(pair[0], "x", 1, 0));
	report("recvmsg(bad bytes)", recvmsg(pair[1], &message, 0));
	need(send(pair[0], "x", 1, 0));
	report("recvfrom(bad name length)", syscall(SYS_recvfrom, pair[1], &byte, 1, 0, &name, bad));
	need(send(pair[0], "x", 1, 0));
	name_len = -1;
	report("recvfrom(name of length -1)", recvfrom(pair[1], &byte, 1, 0, (void *)&name, &name_len));
	report("getsockname of length -1", getsockname(fd, (void *)&name, &name_len));
	report("getpeername of length -1", getpeername(pair[0], (void *)&name, &name_len));
	report("getpeername(bad length)", syscall(SYS_getpeername, pair[0], &name, bad));
	report("getpeername unconnected, bad length", syscall(SYS_getpeername, fd, &name, bad));
	report("recvmmsg(bad vector)", recvmmsg(pair[1], bad, 1, MSG_DONTWAIT, NULL));
}
