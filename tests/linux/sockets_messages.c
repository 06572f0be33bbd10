/* tests/linux/sockets_messages.c: sendmsg and its kin, credentials, flags, options. */
#include "common.h"

#include <grp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

static int ends[2];

static void make_pair(int type)
{
	need(socketpair(AF_UNIX, type, 0, ends));
}

/* ---- credentials ---- */

static void pass_credentials(int fd)
{
	need(setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &(int){ 1 }, sizeof(int)));
}

static ssize_t send_as(int fd, struct ucred who)
{
	union { char room[CMSG_SPACE(sizeof(who))]; struct cmsghdr align; } control = { 0 };
	struct iovec part = { "x", 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);

	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_CREDENTIALS;
	head->cmsg_len = CMSG_LEN(sizeof(who));
	memcpy(CMSG_DATA(head), &who, sizeof(who));
	return sendmsg(fd, &message, 0);
}

static void report_received(const char *label, int fd, size_t room, int flags)
{
	union { char room[200]; struct cmsghdr align; } control;
	char buf[64];
	struct iovec part = { buf, sizeof(buf) };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = room };
	ssize_t n = recvmsg(fd, &message, flags);
	struct cmsghdr *head;
	struct ucred who;

	if (n < 0) {
		say("  %s: -1 %s", label, errno_name(errno));
		return;
	}
	say("  %s: %zd bytes, flags %#x, control %zu", label, n, message.msg_flags, message.msg_controllen);
	for (head = CMSG_FIRSTHDR(&message); head; head = CMSG_NXTHDR(&message, head)) {
		say("    level %d, type %d, length %zu", head->cmsg_level, head->cmsg_type, head->cmsg_len);
		if (head->cmsg_type != SCM_CREDENTIALS || head->cmsg_len < CMSG_LEN(sizeof(who)))
			continue;
		memcpy(&who, CMSG_DATA(head), sizeof(who));
		say("    pid %s, uid %s %d, gid %d", who.pid == getpid() ? "mine" : who.pid == getppid() ? "parent's" :
			who.pid ? "another" : "0", who.uid == getuid() ? "mine" : "other", (int)who.uid, (int)who.gid);
	}
}

TEST(credentials_come_when_they_are_asked_for)
{
	make_pair(SOCK_STREAM);
	need(write(ends[0], "before", 6));
	report_received("nobody asked", ends[1], 200, 0);
	need(write(ends[0], "before", 6));
	pass_credentials(ends[1]);
	need(write(ends[0], "after", 5));
	report_received("asked after it was sent", ends[1], 200, 0);
	report_received("asked before", ends[1], 200, 0);
	need(write(ends[0], "1", 1));
	report_received("no room", ends[1], 0, 0);
	need(write(ends[0], "1", 1));
	report_received("room for a header", ends[1], sizeof(struct cmsghdr), 0);
	need(write(ends[0], "1", 1));
	report_received("room for a part", ends[1], sizeof(struct cmsghdr) + 4, 0);
	need(write(ends[0], "1", 1));
	report_received("peek", ends[1], 200, MSG_PEEK);
	report_received("then receive", ends[1], 200, 0);
}

TEST(claims_are_checked)
{
	struct ucred me = { getpid(), getuid(), getgid() };

	make_pair(SOCK_DGRAM);
	pass_credentials(ends[1]);
	report("the truth", send_as(ends[0], me));
	report_received("received", ends[1], 200, 0);
	if (is_root()) {
		report("another uid", send_as(ends[0], (struct ucred){ me.pid, 12345, 54321 }));
		report_received("received", ends[1], 200, 0);
		report("the parent's pid", send_as(ends[0], (struct ucred){ getppid(), me.uid, me.gid }));
		report_received("received", ends[1], 200, 0);
		report("no process", send_as(ends[0], (struct ucred){ NO_SUCH_PID, me.uid, me.gid }));
	}
	void unprivileged(void)
	{
		struct ucred mine = { getpid(), getuid(), getgid() };

		report("unprivileged: the truth", send_as(ends[0], mine));
		report("unprivileged: another pid", send_as(ends[0], (struct ucred){ getppid(), mine.uid, mine.gid }));
		report("unprivileged: another uid", send_as(ends[0], (struct ucred){ mine.pid, 0, mine.gid }));
		report("unprivileged: another gid", send_as(ends[0], (struct ucred){ mine.pid, mine.uid, 0 }));
		report("unprivileged: no process", send_as(ends[0], (struct ucred){ NO_SUCH_PID, mine.uid, mine.gid }));
	}
	as_unprivileged(unprivileged);
}

TEST(stream_does_not_mix_senders)
{
	pid_t child;
	int status;

	make_pair(SOCK_STREAM);
	pass_credentials(ends[1]);
	need(write(ends[0], "ab", 2));
	need(write(ends[0], "cd", 2));
	child = need(fork());
	if (!child)
		_exit(write(ends[0], "efg", 3) != 3);
	waitpid(child, &status, 0);
	report_received("mine", ends[1], 200, 0);
	report_received("the child's", ends[1], 200, 0);
}

static int listener_named(const char *path)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int fd = need(socket(AF_UNIX, SOCK_STREAM, 0));

	strcpy(name.sun_path, path);
	need(bind(fd, (void *)&name, sizeof(name)));
	need(listen(fd, 5));
	return fd;
}

static int connected_to(const char *path)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int fd = need(socket(AF_UNIX, SOCK_STREAM, 0));

	strcpy(name.sun_path, path);
	need(connect(fd, (void *)&name, sizeof(name)));
	return fd;
}

static void report_peer(const char *label, int fd)
{
	struct ucred who;
	socklen_t len = sizeof(who);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len))
		say("  %s: -1 %s", label, errno_name(errno));
	else
		say("  %s: pid %s, uid %d, gid %d, %u bytes", label, who.pid == getpid() ? "mine" :
			who.pid ? "another" : "0", (int)who.uid, (int)who.gid, len);
}

TEST(peer_credentials_are_those_of_the_connection)
{
	gid_t groups[8] = { 0 };
	socklen_t len = sizeof(groups);
	int listener = listener_named("s"), client, server, status, fd;
	struct gate told;
	pid_t child;

	fd = need(socket(AF_UNIX, SOCK_STREAM, 0));
	report_peer("unconnected", fd);
	report("SO_PEERGROUPS unconnected", getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len));
	report_peer("listener", listener);
	need(chmod("s", 0777));
	gate_make(&told);
	child = need(fork());
	if (!child) {
		if (is_root()) {
			need(setgroups(2, (gid_t[]){ 41, 42 }));
			need(setegid(43));
			need(seteuid(44));
		}
		fd = connected_to("s");
		report_peer("client's view", fd);
		gate_open(&told);
		read(fd, &len, 1);
		_exit(0);
	}
	server = need(accept(listener, NULL, NULL));
	gate_pass(&told);
	report_peer("server's view", server);
	len = sizeof(groups);
	report("SO_PEERGROUPS", getsockopt(server, SOL_SOCKET, SO_PEERGROUPS, groups, &len));
	say("  %u bytes, %d %d", len, (int)groups[0], (int)groups[1]);
	len = 4;
	report("SO_PEERGROUPS in 4 bytes", getsockopt(server, SOL_SOCKET, SO_PEERGROUPS, groups, &len));
	say("  %u bytes wanted", len);
	close(server);
	waitpid(child, &status, 0);
	client = connected_to("s");
	report_peer("listener's process is the peer", client);
}

TEST(asking_for_credentials_binds)
{
	struct sockaddr_un name;
	socklen_t len = sizeof(name);
	int listener = listener_named("s"), fd = need(socket(AF_UNIX, SOCK_STREAM, 0)), server;
	int value = 0;

	pass_credentials(fd);
	pass_credentials(listener);
	strcpy(name.sun_path, "s");
	name.sun_family = AF_UNIX;
	need(connect(fd, (void *)&name, sizeof(name)));
	report("getsockname", getsockname(fd, (void *)&name, &len));
	say("  length %u", len);
	server = need(accept(listener, NULL, NULL));
	len = sizeof(value);
	need(getsockopt(server, SOL_SOCKET, SO_PASSCRED, &value, &len));
	report("SO_PASSCRED of what was accepted", value);
}

/* ---- flags ---- */

TEST(packets_are_cut_and_peeked)
{
	char buf[16];

	for (int type = SOCK_DGRAM; type <= SOCK_SEQPACKET; type += SOCK_SEQPACKET - SOCK_DGRAM) {
		say("  type %d", type);
		make_pair(type);
		need(send(ends[0], "0123456789", 10, 0));
		need(send(ends[0], "", 0, 0));
		need(send(ends[0], "end", 3, 0));
		report("peek 4", recv(ends[1], buf, 4, MSG_PEEK));
		report("peek 4 with MSG_TRUNC", recv(ends[1], buf, 4, MSG_PEEK | MSG_TRUNC));
		report("recv 4 with MSG_TRUNC", recv(ends[1], buf, 4, MSG_TRUNC));
		report("empty one", recv(ends[1], buf, 4, 0));
		report("read of 0 bytes", read(ends[1], buf, 0));
		report("recv of 0 bytes", recv(ends[1], buf, 0, MSG_TRUNC));
		report("nothing left", recv(ends[1], buf, 4, MSG_DONTWAIT));
		report("write of 0 bytes", write(ends[0], buf, 0));
		report("read", read(ends[1], buf, 4));
		report("bad pointer", send(ends[0], unmapped_address(), 5, 0));
		need(send(ends[0], "x", 1, 0));
		report("recv to a bad pointer", recv(ends[1], unmapped_address(), 5, 0));
		report("it is gone", recv(ends[1], buf, 4, MSG_DONTWAIT));
	}
}

TEST(broken_packets_raise_no_signal)
{
	for (int type = SOCK_STREAM; type <= SOCK_SEQPACKET; type++) {
		if (type == 3 || type == 4)
			continue;
		say("  type %d", type);
		caught = 0;
		on_signal(SIGPIPE, count_signal, 0);
		make_pair(type);
		need(shutdown(ends[0], SHUT_WR));
		report("write", write(ends[0], "x", 1));
		report("send", send(ends[0], "x", 1, 0));
		report("signals", caught);
		close(ends[0]);
		report("write to a closed one", write(ends[1], "x", 1));
		report("signals", caught);
	}
}

TEST(shut_datagram_socket_reads_as_ended)
{
	char byte;

	make_pair(SOCK_DGRAM);
	need(shutdown(ends[0], SHUT_RD));
	report("recv", recv(ends[0], &byte, 1, 0));
	report("recv, not waiting", recv(ends[0], &byte, 1, MSG_DONTWAIT));
	report("peer sends", send(ends[1], "x", 1, 0));
	make_pair(SOCK_SEQPACKET);
	need(shutdown(ends[0], SHUT_RD));
	report("packets: recv, not waiting", recv(ends[0], &byte, 1, MSG_DONTWAIT));
	report("packets: peer sends", send(ends[1], "x", 1, MSG_NOSIGNAL));
}

TEST(waitall_collects_until_the_end)
{
	char buf[8] = "";
	pid_t child;

	make_pair(SOCK_STREAM);
	child = need(fork());
	if (!child) {
		close(ends[1]);
		for (int i = 0; i < 5; i++)
			need(write(ends[0], &"vwxyz"[i], 1));
		_exit(0);
	}
	close(ends[0]);
	report("MSG_WAITALL", recv(ends[1], buf, 4, MSG_WAITALL));
	report("MSG_WAITALL at the end", recv(ends[1], buf, 4, MSG_WAITALL));
	report_exit("writer", child);
}

TEST(unconnected_sockets_say_so)
{
	char byte;

	for (int type = SOCK_STREAM; type <= SOCK_SEQPACKET; type++) {
		if (type == 3 || type == 4)
			continue;
		int fd = need(socket(AF_UNIX, type | SOCK_NONBLOCK, 0));
		struct pollfd entry = { .fd = fd, .events = POLLIN | POLLOUT };

		say("  type %d", type);
		report("recv", recv(fd, &byte, 1, 0));
		report("read of 0 bytes", read(fd, &byte, 0));
		report("send", send(fd, "x", 1, MSG_NOSIGNAL));
		report("send of nothing", send(fd, "x", 0, MSG_NOSIGNAL));
		report("shutdown", shutdown(fd, SHUT_WR));
		report("send after it", send(fd, "x", 1, MSG_NOSIGNAL));
		report("poll", poll(&entry, 1, 0));
		report("events", entry.revents);
		report("shutdown both", shutdown(fd, SHUT_RDWR));
		report("recv after it", recv(fd, &byte, 1, 0));
		report("poll", poll(&entry, 1, 0));
		report("events", entry.revents);
	}
}

TEST(low_water_mark_holds_reads_back)
{
	char buf[16];
	pid_t child;

	make_pair(SOCK_STREAM);
	need(setsockopt(ends[1], SOL_SOCKET, SO_RCVLOWAT, &(int){ 4 }, sizeof(int)));
	child = need(fork());
	if (!child) {
		close(ends[1]);
		for (int i = 0; i < 6; i++)
			need(write(ends[0], &"abcdef"[i], 1));
		_exit(0);
	}
	close(ends[0]);
	report("read of 3", read(ends[1], buf, 3));
	report("read until the end", read(ends[1], buf, 16));
	report("read at the end", read(ends[1], buf, 16));
	report_exit("writer", child);
	make_pair(SOCK_STREAM);
	need(setsockopt(ends[1], SOL_SOCKET, SO_RCVLOWAT, &(int){ 4 }, sizeof(int)));
	need(write(ends[0], "xy", 2));
	report("not waiting", recv(ends[1], buf, 16, MSG_DONTWAIT));
	need(write(ends[0], "xy", 2));
	on_signal(SIGALRM, count_signal, 0);
	tick_every_ms(20);
	report("interrupted with 2", recv(ends[1], buf, 16, 0));
	tick_every_ms(0);
}

/* ---- sendmsg, sendmmsg, recvmmsg ---- */

TEST(header_is_checked)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	struct iovec part = { "x", 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

	make_pair(SOCK_STREAM);
	message.msg_namelen = 50;
	report("length without a name", sendmsg(ends[0], &message, 0));
	message.msg_name = &name;
	report("name on a connected stream", sendmsg(ends[0], &message, 0));
	message.msg_namelen = 0;
	report("name of length 0", sendmsg(ends[0], &message, 0));
	message.msg_namelen = -1;
	report("name of length -1", sendmsg(ends[0], &message, 0));
	report("recvmsg, name of length -1", recvmsg(ends[1], &message, MSG_DONTWAIT));
	message.msg_name = NULL;
	message.msg_iov = unmapped_address();
	report("bad vector", sendmsg(ends[0], &message, 0));
	message.msg_iov = &part;
	message.msg_iovlen = 1025;
	report("1025 pieces", sendmsg(ends[0], &message, 0));
	report("recvmsg of 1025 pieces", recvmsg(ends[1], &message, MSG_DONTWAIT));
	message.msg_iovlen = 0;
	report("no pieces", sendmsg(ends[0], &message, 0));
	message.msg_iovlen = 1;
	message.msg_control = unmapped_address();
	message.msg_controllen = 32;
	report("bad control", sendmsg(ends[0], &message, 0));
	report("sendmsg(-1)", sendmsg(-1, unmapped_address(), 0));
	report("recvmsg(-1)", recvmsg(-1, unmapped_address(), 0));
	report("sendmsg(a file)", sendmsg(need(open("/", O_RDONLY)), unmapped_address(), 0));
}

TEST(control_messages_are_checked)
{
	union { char room[64]; struct cmsghdr head; } control = { 0 };
	struct iovec part = { "x", 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control };

	make_pair(SOCK_STREAM);
	control.head = (struct cmsghdr){ .cmsg_level = SOL_SOCKET, .cmsg_type = 77, .cmsg_len = CMSG_LEN(4) };
	message.msg_controllen = CMSG_SPACE(4);
	report("unknown type", sendmsg(ends[0], &message, 0));
	control.head.cmsg_level = 99;
	report("unknown level", sendmsg(ends[0], &message, 0));
	control.head.cmsg_level = SOL_SOCKET;
	control.head.cmsg_type = SCM_CREDENTIALS;
	report("credentials too short", sendmsg(ends[0], &message, 0));
	control.head.cmsg_type = SCM_RIGHTS;
	control.head.cmsg_len = 1;
	report("shorter than its header", sendmsg(ends[0], &message, 0));
	control.head.cmsg_len = 1000;
	report("longer than the buffer", sendmsg(ends[0], &message, 0));
	control.head.cmsg_len = CMSG_LEN(0);
	report("no descriptors", sendmsg(ends[0], &message, 0));
	control.head.cmsg_len = CMSG_LEN(3);
	report("a part of a descriptor", sendmsg(ends[0], &message, 0));
	message.msg_controllen = 5;
	report("less than a header", sendmsg(ends[0], &message, 0));
}

TEST(several_messages_at_once)
{
	char text[4][8] = { "first", "second", "3", "" }, in[4][8];
	struct iovec out_parts[4], in_parts[4];
	struct mmsghdr out[4] = { 0 }, got[4] = { 0 };
	struct timespec none = { 0, 0 }, bad = { 0, -1 };

	make_pair(SOCK_DGRAM);
	for (int i = 0; i < 4; i++) {
		out_parts[i] = (struct iovec){ text[i], strlen(text[i]) };
		in_parts[i] = (struct iovec){ in[i], sizeof(in[i]) };
		out[i].msg_hdr = (struct msghdr){ .msg_iov = &out_parts[i], .msg_iovlen = 1 };
		got[i].msg_hdr = (struct msghdr){ .msg_iov = &in_parts[i], .msg_iovlen = 1 };
	}
	report("sendmmsg", sendmmsg(ends[0], out, 3, 0));
	say("  lengths %u %u %u", out[0].msg_len, out[1].msg_len, out[2].msg_len);
	report("recvmmsg of 2", recvmmsg(ends[1], got, 2, 0, NULL));
	say("  lengths %u %u", got[0].msg_len, got[1].msg_len);
	report("recvmmsg, waiting for one", recvmmsg(ends[1], got, 4, MSG_WAITFORONE, NULL));
	report("recvmmsg, none", recvmmsg(ends[1], got, 4, MSG_DONTWAIT, NULL));
	report("sendmmsg of 0", sendmmsg(ends[0], out, 0, 0));
	report("sendmmsg(bad vector)", sendmmsg(ends[0], unmapped_address(), 1, 0));
	report("recvmmsg(bad time-out)", recvmmsg(ends[1], got, 1, 0, &bad));
	report("recvmmsg(bad time-out pointer)", syscall(SYS_recvmmsg, ends[1], got, 1, 0, unmapped_address()));
	report("recvmmsg(-1)", recvmmsg(-1, got, 1, 0, NULL));
	report("sendmmsg(-1)", sendmmsg(-1, out, 1, 0));
	out[2].msg_hdr.msg_iov = unmapped_address();
	report("sendmmsg, the third is bad", sendmmsg(ends[0], out, 4, 0));
	report("recvmmsg, time-out passed after one", recvmmsg(ends[1], got, 4, 0, &none));
	say("  length %u", got[0].msg_len);
}

/* ---- options ---- */

static void report_option(const char *label, int option)
{
	int value[4] = { -1, -1, -1, -1 };
	socklen_t len = sizeof(value);

	if (getsockopt(ends[0], SOL_SOCKET, option, value, &len))
		say("  %s: -1 %s", label, errno_name(errno));
	else
		say("  %s: %d, %u bytes", label, value[0], len);
}

static long set_option(int option, int value)
{
	return setsockopt(ends[0], SOL_SOCKET, option, &value, sizeof(value));
}

TEST(options_are_kept)
{
	static const struct { const char *name; int option; } all[] = {
		{ "SO_REUSEADDR", SO_REUSEADDR }, { "SO_KEEPALIVE", SO_KEEPALIVE }, { "SO_BROADCAST", SO_BROADCAST },
		{ "SO_OOBINLINE", SO_OOBINLINE }, { "SO_DONTROUTE", SO_DONTROUTE }, { "SO_PASSCRED", SO_PASSCRED },
		{ "SO_PRIORITY", SO_PRIORITY }, { "SO_RCVLOWAT", SO_RCVLOWAT },
	};

	make_pair(SOCK_STREAM);
	for (size_t i = 0; i < COUNT_OF(all); i++) {
		report_option(all[i].name, all[i].option);
		report("set 5", set_option(all[i].option, 5));
		report_option(all[i].name, all[i].option);
		report("set 0", set_option(all[i].option, 0));
		report_option(all[i].name, all[i].option);
	}
	report_option("SO_SNDLOWAT", SO_SNDLOWAT);
	report("set SO_SNDLOWAT", set_option(SO_SNDLOWAT, 5));
	report("set SO_TYPE", set_option(SO_TYPE, 5));
	report("set SO_ERROR", set_option(SO_ERROR, 5));
	report("set SO_ACCEPTCONN", set_option(SO_ACCEPTCONN, 5));
	report("set SO_PEERCRED", set_option(SO_PEERCRED, 5));
	report("set an unknown one", set_option(9999, 5));
	report_option("SO_LINGER", SO_LINGER);
	report("set SO_LINGER", setsockopt(ends[0], SOL_SOCKET, SO_LINGER, &(struct linger){ 7, 9 }, sizeof(struct linger)));
	report_option("SO_LINGER", SO_LINGER);
	report("SO_LINGER in 4 bytes", set_option(SO_LINGER, 1));
}

TEST(buffer_sizes_double_within_bounds)
{
	make_pair(SOCK_STREAM);
	report_option("SO_SNDBUF", SO_SNDBUF);
	report_option("SO_RCVBUF", SO_RCVBUF);
	for (int option = SO_SNDBUF; option <= SO_RCVBUF; option++) {
		report("set 10000", set_option(option, 10000));
		report_option("now", option);
		report("set 1", set_option(option, 1));
		report_option("now", option);
		report("set 200000", set_option(option, 200000));
		report_option("now", option);
	}
}

TEST(small_buffer_bounds_what_is_sent)
{
	static char block[300000];

	make_pair(SOCK_DGRAM | SOCK_NONBLOCK);
	report("datagram of 200000", send(ends[0], block, 200000, 0));
	report("datagram of 300000", send(ends[0], block, 300000, 0));
	need(recv(ends[1], block, sizeof(block), 0));
	need(set_option(SO_SNDBUF, 5000));
	report("datagram of 9968", send(ends[0], block, 9968, 0));
	report("datagram of 9969", send(ends[0], block, 9969, 0));
	report("datagram of 20000", send(ends[0], block, 20000, 0));
	make_pair(SOCK_STREAM | SOCK_NONBLOCK);
	need(set_option(SO_SNDBUF, 5000));
	claim("stream takes less than 30000", send(ends[0], block, 100000, 0) < 30000);
}

TEST(option_calls_check_their_arguments)
{
	socklen_t len = 4;
	int value = 1;

	make_pair(SOCK_STREAM);
	report("level IPPROTO_TCP", getsockopt(ends[0], 6, 1, &value, &len));
	report("level -1", setsockopt(ends[0], -1, 1, &value, 4));
	report("set with 3 bytes", setsockopt(ends[0], SOL_SOCKET, SO_PASSCRED, &value, 3));
	report("set with -1 bytes", setsockopt(ends[0], SOL_SOCKET, SO_PASSCRED, &value, -1));
	report("set at a bad pointer", setsockopt(ends[0], SOL_SOCKET, SO_PASSCRED, unmapped_address(), 4));
	report("get to a bad pointer", getsockopt(ends[0], SOL_SOCKET, SO_TYPE, unmapped_address(), &len));
	report("get with a bad length pointer", getsockopt(ends[0], SOL_SOCKET, SO_TYPE, &value, unmapped_address()));
	report("unknown with a bad length pointer", getsockopt(ends[0], SOL_SOCKET, 9999, &value, unmapped_address()));
	len = -1;
	report("get into -1 bytes", getsockopt(ends[0], SOL_SOCKET, SO_TYPE, &value, &len));
	len = 1;
	value = -1;
	report("get into 1 byte", getsockopt(ends[0], SOL_SOCKET, SO_TYPE, &value, &len));
	say("  %#x, %u bytes", value, len);
	report("set fd -1", setsockopt(-1, SOL_SOCKET, SO_PASSCRED, &value, -1));
	report("time-out of 8 bytes", setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &value, 4));
	report("time-out of a million microseconds",
		setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){ 0, 1000000 }, sizeof(struct timeval)));
	report("negative time-out",
		setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){ -1, 0 }, sizeof(struct timeval)));
	report("it does not wait", read(ends[0], &value, 4));
}

TEST(pending_error_is_told_once)
{
	char byte;

	make_pair(SOCK_STREAM);
	need(write(ends[0], "x", 1));
	close(ends[1]);
	report_option("SO_ERROR", SO_ERROR);
	report_option("SO_ERROR", SO_ERROR);
	report("read", read(ends[0], &byte, 1));
}

/* ---- epoll ---- */

TEST(epoll_tells_each_edge)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET };
	int ep = need(epoll_create1(0));
	char buf[4];

	make_pair(SOCK_STREAM | SOCK_NONBLOCK);
	need(epoll_ctl(ep, EPOLL_CTL_ADD, ends[0], &event));
	report("fresh", epoll_wait(ep, &event, 1, 0));
	report("events", event.events);
	report("again", epoll_wait(ep, &event, 1, 0));
	need(write(ends[1], "ab", 2));
	report("bytes came", epoll_wait(ep, &event, 1, 0));
	report("events", event.events);
	need(read(ends[0], buf, 1));
	report("one is left", epoll_wait(ep, &event, 1, 0));
	need(write(ends[1], "c", 1));
	report("one more came", epoll_wait(ep, &event, 1, 0));
	need(shutdown(ends[1], SHUT_WR));
	report("peer is done", epoll_wait(ep, &event, 1, 0));
	report("events", event.events);
	close(ends[1]);
	report("peer closed", epoll_wait(ep, &event, 1, 0));
	report("events", event.events);
}
