/* tests/linux/sockets.c: pairs of connected AF_UNIX stream sockets. */
#include "common.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

static int ends[2];
static void make_pair(int type)
{
	need(socketpair(AF_UNIX, type, 0, ends));
}

static void report_poll(const char *label, int fd)
{
	struct pollfd entry = { .fd = fd, .events = POLLIN | POLLOUT | POLLRDHUP };
	int ready = poll(&entry, 1, 0);

	say("  %s: poll = %d, events %#x", label, ready, entry.revents);
}

TEST(socketpair_checks_its_arguments)
{
	int fds[2];
	struct stat st;

	report("stream", socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
	say("  fds %d %d", fds[0], fds[1]);
	need(fstat(fds[0], &st));
	claim("is a socket", S_ISSOCK(st.st_mode));
	report("cloexec and nonblock", socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds));
	say("  F_GETFD %d, F_GETFL %#o", fcntl(fds[0], F_GETFD), fcntl(fds[0], F_GETFL));
	report("unknown family", socketpair(99, SOCK_STREAM, 0, fds));
	report("unknown type", socketpair(AF_UNIX, 99, 0, fds));
	report("unknown protocol", socketpair(AF_UNIX, SOCK_STREAM, 99, fds));
	report("bad pointer", syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, unmapped_address()));
	report("next descriptor", dup(0));
}

TEST(bytes_flow_both_ways)
{
	char buf[16];

	make_pair(SOCK_STREAM);
	report("write", write(ends[0], "hello ", 6));
	report("send", send(ends[0], "world", 5, 0));
	report("write back", write(ends[1], "answer", 6));
	report("read 4", read(ends[1], buf, 4));
	say_bytes("got", buf, 4);
	report("recv 16", recv(ends[1], buf, 16, 0));
	say_bytes("got", buf, 7);
	report("read at the other end", read(ends[0], buf, 16));
	say_bytes("got", buf, 6);
	report("lseek", lseek(ends[0], 0, SEEK_SET));
	report("pread", pread(ends[0], buf, 1, 0));
	report("send 0 bytes", send(ends[0], "", 0, 0));
	report("read of 0 bytes", read(ends[1], buf, 0));
	report("send on a pipe", (need(pipe(ends)), send(ends[1], "x", 1, 0)));
	report("recv on -1", recv(-1, buf, 1, 0));
}

TEST(peek_and_dontwait_are_honoured)
{
	char buf[8];

	make_pair(SOCK_STREAM);
	report("MSG_DONTWAIT on nothing", recv(ends[0], buf, 8, MSG_DONTWAIT));
	need(write(ends[1], "abcd", 4));
	report("MSG_PEEK", recv(ends[0], buf, 2, MSG_PEEK));
	say_bytes("got", buf, 2);
	report("MSG_PEEK", recv(ends[0], buf, 8, MSG_PEEK));
	report("recv", recv(ends[0], buf, 8, 0));
	say_bytes("got", buf, 4);
	need(write(ends[1], "ef", 2));
	need(write(ends[1], "gh", 2));
	report("MSG_WAITALL", recv(ends[0], buf, 4, MSG_WAITALL));
	say_bytes("got", buf, 4);
}

TEST(closed_peer_ends_reading_and_breaks_writing)
{
	char buf[8];

	make_pair(SOCK_STREAM);
	need(write(ends[1], "last", 4));
	close(ends[1]);
	report_poll("bytes left", ends[0]);
	report("read", read(ends[0], buf, 8));
	report("read", read(ends[0], buf, 8));
	report_poll("empty", ends[0]);
	on_signal(SIGPIPE, count_signal, 0);
	report("write", write(ends[0], "x", 1));
	report("SIGPIPE caught", caught);
	report("send with MSG_NOSIGNAL", send(ends[0], "x", 1, MSG_NOSIGNAL));
	report("SIGPIPE caught", caught);
}

TEST(unread_bytes_reset_the_peer)
{
	char buf[8];

	make_pair(SOCK_STREAM);
	need(write(ends[0], "never read", 10));
	close(ends[1]);
	report("read", read(ends[0], buf, 8));
	report("read again", read(ends[0], buf, 8));
}

TEST(shutdown_closes_one_direction)
{
	char buf[8];

	signal(SIGPIPE, SIG_IGN);
	make_pair(SOCK_STREAM);
	report("shutdown(SHUT_WR)", shutdown(ends[0], SHUT_WR));
	report("write", write(ends[0], "x", 1));
	report_poll("peer", ends[1]);
	report("peer reads", read(ends[1], buf, 8));
	report("peer writes", write(ends[1], "back", 4));
	report("read", read(ends[0], buf, 8));
	report("shutdown(SHUT_RD)", shutdown(ends[0], SHUT_RD));
	report("read", read(ends[0], buf, 8));
	report("peer writes", write(ends[1], "x", 1));
	report_poll("both shut", ends[0]);
	report_poll("its peer", ends[1]);
	report("shutdown(9)", shutdown(ends[0], 9));
	report("shutdown of a pipe", (need(pipe(ends)), shutdown(ends[0], SHUT_RD)));
	report("shutdown(-1)", shutdown(-1, SHUT_RD));
}

TEST(poll_shows_the_state_of_each_end)
{
	static char block[4096];

	make_pair(SOCK_STREAM | SOCK_NONBLOCK);
	report_poll("fresh", ends[0]);
	need(write(ends[1], "x", 1));
	report_poll("one byte", ends[0]);
	while (write(ends[0], block, sizeof(block)) > 0)
		;
	report_poll("sent all that fits", ends[0]);
	report("send", send(ends[0], block, 1, 0));
	while (read(ends[1], block, sizeof(block)) > 0)
		;
	report_poll("peer read all", ends[0]);
}

TEST(messages_gather_and_scatter)
{
	char a[4] = "", b[8] = "";
	struct iovec out[] = { { "abc", 3 }, { "", 0 }, { "defg", 4 } }, in[] = { { a, 2 }, { b, 8 } };
	struct msghdr send_header = { .msg_iov = out, .msg_iovlen = 3 }, receive_header = { .msg_iov = in, .msg_iovlen = 2 };

	make_pair(SOCK_STREAM);
	report("sendmsg", sendmsg(ends[0], &send_header, 0));
	report("recvmsg", recvmsg(ends[1], &receive_header, 0));
	say_bytes("first", a, 2);
	say_bytes("second", b, 5);
	say("  flags %#x, name length %d, control length %zu", receive_header.msg_flags, receive_header.msg_namelen,
		receive_header.msg_controllen);
	report("writev", writev(ends[0], out, 3));
	report("readv", readv(ends[1], in, 2));
	report("sendmsg(bad header)", syscall(SYS_sendmsg, ends[0], unmapped_address(), 0));
	report("recvmsg(bad header)", syscall(SYS_recvmsg, ends[0], unmapped_address(), 0));
	out[0].iov_base = unmapped_address();
	report("sendmsg(bad vector)", sendmsg(ends[0], &send_header, 0));
	send_header.msg_iovlen = 2000;
	report("sendmsg(2000 vectors)", sendmsg(ends[0], &send_header, 0));
	report("send(bad pointer)", send(ends[0], unmapped_address(), 5, 0));
	need(write(ends[0], "x", 1));
	report("recv(bad pointer)", recv(ends[1], unmapped_address(), 5, 0));
}

TEST(blocked_writer_goes_on_when_read)
{
	static char block[1000000], back[1000000];
	size_t total = 0;
	pid_t child;
	ssize_t len;

	for (size_t i = 0; i < sizeof(block); i++)
		block[i] = i * 13 + i / 777;
	make_pair(SOCK_STREAM);
	child = need(fork());
	if (child == 0) {
		close(ends[0]);
		_exit(write(ends[1], block, sizeof(block)) == sizeof(block) ? 5 : 6);
	}
	close(ends[1]);
	while (total < sizeof(back) && (len = read(ends[0], back + total, sizeof(back) - total)) > 0)
		total += len;
	report_exit("writer", child);
	report("total", total);
	claim("same bytes", !memcmp(block, back, sizeof(block)));
}

TEST(blocked_reader_is_interrupted)
{
	char byte;

	make_pair(SOCK_STREAM);
	on_signal(SIGALRM, count_signal, 0);
	tick_every_ms(20);
	report("read", read(ends[0], &byte, 1));
	tick_every_ms(0);
}

TEST(processes_talk_over_a_pair)
{
	char request[8] = "", reply[8];
	pid_t child;

	make_pair(SOCK_STREAM);
	child = need(fork());
	if (child == 0) {
		close(ends[0]);
		while (read(ends[1], request, 1) == 1) {
			request[0]++;
			need(write(ends[1], request, 1));
		}
		_exit(3);
	}
	close(ends[1]);
	for (int i = 0; i < 5; i++) {
		need(write(ends[0], &"aceg!"[i], 1));
		need(read(ends[0], &reply[i], 1));
	}
	say_bytes("replies", reply, 5);
	close(ends[0]);
	report_exit("child", child);
}

TEST(pair_has_no_names)
{
	struct sockaddr_un name;
	socklen_t len = sizeof(name);

	make_pair(SOCK_STREAM);
	report("getsockname", getsockname(ends[0], (void *)&name, &len));
	say("  family %d, length %u", name.sun_family, len);
	len = sizeof(name);
	report("getpeername", getpeername(ends[0], (void *)&name, &len));
	say("  family %d, length %u", name.sun_family, len);
	report("getsockname of a pipe", (need(pipe(ends)), getsockname(ends[0], (void *)&name, &len)));
	report("getsockname(bad pointer)", (make_pair(SOCK_STREAM), syscall(SYS_getsockname, ends[0], unmapped_address(), &len)));
}

static void report_option(const char *label, int option)
{
	int value = -1;
	socklen_t len = sizeof(value);

	if (getsockopt(ends[0], SOL_SOCKET, option, &value, &len))
		say("  %s: -1 %s", label, errno_name(errno));
	else
		say("  %s: %d, %u bytes", label, value, len);
}

TEST(socket_options_answer)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	make_pair(SOCK_STREAM);
	report_option("SO_TYPE", SO_TYPE);
	report_option("SO_DOMAIN", SO_DOMAIN);
	report_option("SO_PROTOCOL", SO_PROTOCOL);
	report_option("SO_ERROR", SO_ERROR);
	report_option("SO_ACCEPTCONN", SO_ACCEPTCONN);
	report_option("SO_PASSCRED", SO_PASSCRED);
	report_option("unknown", 9999);
	report("SO_PEERCRED", getsockopt(ends[0], SOL_SOCKET, SO_PEERCRED, &peer, &len));
	claim("peer is me", peer.pid == getpid() && peer.uid == getuid() && peer.gid == getgid());
	report("of a pipe", (need(pipe(ends)), getsockopt(ends[0], SOL_SOCKET, SO_TYPE, &peer, &len)));
}

TEST(receive_timeout_is_honoured)
{
	struct timeval timeout = { 0, 30000 };
	int64_t start;
	char byte;

	make_pair(SOCK_STREAM);
	report("SO_RCVTIMEO", setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)));
	start = now_ns();
	report("read", read(ends[0], &byte, 1));
	claim("waited", now_ns() - start >= 30000000);
}

TEST(fionread_counts_waiting_bytes)
{
	int count = -1;

	make_pair(SOCK_STREAM);
	need(write(ends[0], "12345", 5));
	report("FIONREAD", ioctl(ends[1], FIONREAD, &count));
	report("count", count);
	report("TCGETS", ioctl(ends[1], 0x5401, &count));
	report("FIONBIO", ioctl(ends[1], FIONBIO, &(int){ 1 }));
	say("  F_GETFL %#o", fcntl(ends[1], F_GETFL));
}

TEST(connected_pair_refuses_to_listen_and_connect)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "x" };

	make_pair(SOCK_STREAM);
	report("sendto with a name", sendto(ends[0], "x", 1, 0, (void *)&name, sizeof(name)));
	report("recvfrom", (need(write(ends[1], "y", 1)), recvfrom(ends[0], &name, 1, 0, NULL, NULL)));
}
