/* tests/linux/rights.c: descriptors sent through sockets, and packets. */
#include "common.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#define MANY 20

static int ends[2];

static void make_pair(int type)
{
	need(socketpair(AF_UNIX, type, 0, ends));
}

/* Send @text with the @count descriptors of @fds. */
static ssize_t send_with(int socket, const char *text, const int *fds, int count)
{
	char control[CMSG_SPACE(sizeof(int) * 300)] = { 0 };
	struct iovec part = { (void *)text, strlen(text) };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	struct cmsghdr *head;

	if (count) {
		message.msg_control = control;
		message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
		head = CMSG_FIRSTHDR(&message);
		head->cmsg_level = SOL_SOCKET;
		head->cmsg_type = SCM_RIGHTS;
		head->cmsg_len = CMSG_LEN(sizeof(int) * count);
		memcpy(CMSG_DATA(head), fds, sizeof(int) * count);
	}
	return sendmsg(socket, &message, MSG_NOSIGNAL);
}

/* Receive into @buf; say what came. Returns: the first descriptor, or -1. */
static int receive(const char *label, int socket, char *buf, size_t room, size_t control_room, int flags)
{
	char control[CMSG_SPACE(sizeof(int) * 300)];
	struct iovec part = { buf, room };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = control_room };
	ssize_t len = recvmsg(socket, &message, flags);
	struct cmsghdr *head;
	int count = 0, first = -1;

	if (len < 0) {
		say("  %s: -1 %s", label, errno_name(errno));
		return -1;
	}
	head = CMSG_FIRSTHDR(&message);
	if (head && head->cmsg_type == SCM_RIGHTS) {
		count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(&first, CMSG_DATA(head), sizeof(first));
	}
	say("  %s: %zd bytes, %d descriptors, flags %#x", label, len, count, message.msg_flags & (MSG_TRUNC | MSG_CTRUNC));
	return first;
}

TEST(descriptor_arrives_with_its_bytes)
{
	char buf[16], byte = '?';
	int fds[2], got;

	make_pair(SOCK_STREAM);
	need(pipe(fds));
	report("sendmsg", send_with(ends[0], "take", &fds[0], 1));
	close(fds[0]);
	need(write(fds[1], "x", 1));
	got = receive("recvmsg", ends[1], buf, sizeof(buf), 256, 0);
	report("read from what came", read(got, &byte, 1));
	say_bytes("got", &byte, 1);
	report("F_GETFD", fcntl(got, F_GETFD));
	need(send_with(ends[0], "t", &fds[1], 1));
	got = receive("recvmsg(MSG_CMSG_CLOEXEC)", ends[1], buf, sizeof(buf), 256, MSG_CMSG_CLOEXEC);
	report("F_GETFD", fcntl(got, F_GETFD));
}

TEST(descriptors_in_flight_keep_files_open)
{
	char buf[16], byte;
	int fds[2];

	make_pair(SOCK_STREAM);
	need(pipe2(fds, O_NONBLOCK));
	need(send_with(ends[0], "w", &fds[1], 1));
	close(fds[1]);
	report("read while the writer is in flight", read(fds[0], &byte, 1));
	report("read(2) drops it", read(ends[1], buf, sizeof(buf)));
	report("read after", read(fds[0], &byte, 1));
	need(pipe2(fds, O_NONBLOCK));
	need(send_with(ends[0], "w", &fds[1], 1));
	close(fds[1]);
	close(ends[1]);
	report("read after the receiver closed", read(fds[0], &byte, 1));
}

TEST(bytes_stop_behind_descriptors)
{
	char buf[32];
	int fds[2];

	make_pair(SOCK_STREAM);
	need(pipe(fds));
	need(send_with(ends[0], "one", NULL, 0));
	need(send_with(ends[0], "two", fds, 2));
	need(send_with(ends[0], "three", fds, 1));
	receive("first", ends[1], buf, sizeof(buf), 256, 0);
	receive("second", ends[1], buf, sizeof(buf), 256, 0);
	need(send_with(ends[0], "four", fds, 2));
	receive("peek", ends[1], buf, sizeof(buf), 256, MSG_PEEK);
	receive("two bytes", ends[1], buf, 2, 256, 0);
	receive("the rest", ends[1], buf, sizeof(buf), 256, 0);
}

TEST(small_control_buffer_cuts)
{
	char buf[32];
	int fds[MANY];

	make_pair(SOCK_STREAM);
	for (int i = 0; i < MANY; i++)
		fds[i] = ends[0];
	need(send_with(ends[0], "x", fds, MANY));
	receive("room for two", ends[1], buf, sizeof(buf), CMSG_SPACE(sizeof(int) * 2), 0);
	need(send_with(ends[0], "x", fds, 1));
	receive("no room", ends[1], buf, sizeof(buf), 0, 0);
}

TEST(bad_rights_are_refused)
{
	int fds[300], bad = 777;

	make_pair(SOCK_STREAM);
	for (int i = 0; i < 300; i++)
		fds[i] = ends[0];
	report("closed descriptor", send_with(ends[0], "x", &bad, 1));
	report("254 descriptors", send_with(ends[0], "x", fds, 254));
	report("253 descriptors", send_with(ends[0], "x", fds, 253));
	close(ends[1]);
	report("to a closed peer", send_with(ends[0], "x", fds, 1));
}

/* Sockets that only lie in each other's queues: the pipe that they hold must end. */
TEST(cycles_of_sockets_are_collected)
{
	int fds[2], sides[2];
	char byte;

	need(pipe(fds));
	make_pair(SOCK_STREAM);
	need(socketpair(AF_UNIX, SOCK_STREAM, 0, sides));
	need(send_with(ends[0], "a", &ends[1], 1));
	need(send_with(ends[0], "p", &fds[1], 1));
	need(send_with(sides[0], "b", &ends[0], 1));
	need(send_with(sides[0], "c", &sides[1], 1));
	close(ends[0]);
	close(ends[1]);
	close(sides[0]);
	close(sides[1]);
	close(fds[1]);
	/* The host collects in the background. */
	need(socketpair(AF_UNIX, SOCK_STREAM, 0, sides));
	close(sides[0]);
	close(sides[1]);
	struct pollfd entry = { .fd = fds[0], .events = POLLIN };
	report("poll", poll(&entry, 1, 5000));
	report("the pipe has ended", read(fds[0], &byte, 1));
}

/* A listener that only the queue of a connection refers to, which it has never accepted. */
TEST(listener_in_its_own_queue_is_collected)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "s" };
	int listener = need(socket(AF_UNIX, SOCK_STREAM, 0)), client = need(socket(AF_UNIX, SOCK_STREAM, 0)), fds[2], other[2];
	char byte;

	need(pipe(fds));
	need(bind(listener, (void *)&name, sizeof(name)));
	need(listen(listener, 1));
	need(connect(client, (void *)&name, sizeof(name)));
	need(send_with(client, "l", &listener, 1));
	need(send_with(client, "c", &client, 1));
	need(send_with(client, "p", &fds[1], 1));
	close(fds[1]);
	close(client);
	close(listener);
	need(socketpair(AF_UNIX, SOCK_STREAM, 0, other));
	close(other[0]);
	close(other[1]);
	struct pollfd entry = { .fd = fds[0], .events = POLLIN };
	report("poll", poll(&entry, 1, 5000));
	report("the pipe has ended", read(fds[0], &byte, 1));
	/* The host ends the pipe before the listener, which then hangs up on whoever still connects. */
	client = need(socket(AF_UNIX, SOCK_STREAM, 0));
	if (!connect(client, (void *)&name, sizeof(name))) {
		struct pollfd waiting = { .fd = client };

		need(poll(&waiting, 1, 5000));
		client = need(socket(AF_UNIX, SOCK_STREAM, 0));
	}
	report("connect", connect(client, (void *)&name, sizeof(name)));
}

TEST(sockets_nested_deep_are_freed)
{
	int inner[2], outer[2], fds[2];
	char byte;

	need(pipe(fds));
	need(socketpair(AF_UNIX, SOCK_STREAM, 0, inner));
	need(send_with(inner[0], "p", &fds[1], 1));
	close(fds[1]);
	for (int i = 0; i < 4; i++) {
		need(socketpair(AF_UNIX, SOCK_STREAM, 0, outer));
		need(send_with(outer[0], "n", inner, 2));
		close(inner[0]);
		close(inner[1]);
		memcpy(inner, outer, sizeof(inner));
	}
	close(inner[0]);
	close(inner[1]);
	struct pollfd entry = { .fd = fds[0], .events = POLLIN };
	report("poll", poll(&entry, 1, 5000));
	report("the pipe has ended", read(fds[0], &byte, 1));
}

static void send_packets(int type)
{
	char buf[16] = { 0 };

	make_pair(type);
	report("send", send(ends[0], "first", 5, 0));
	report("send", send(ends[0], "second packet", 13, 0));
	report("send of nothing", send(ends[0], "", 0, 0));
	report("send", send(ends[0], "x", 1, 0));
	report("recv", recv(ends[1], buf, sizeof(buf), 0));
	say_bytes("got", buf, 5);
	report("recv of 6", recv(ends[1], buf, 6, 0));
	say_bytes("got", buf, 6);
	report("recv", recv(ends[1], buf, sizeof(buf), 0));
	report("peek", recv(ends[1], buf, sizeof(buf), MSG_PEEK));
	report("recv", recv(ends[1], buf, sizeof(buf), 0));
	report("recv without waiting", recv(ends[1], buf, sizeof(buf), MSG_DONTWAIT));
	need(send(ends[0], "longer", 6, 0));
	receive("recvmsg", ends[1], buf, 3, 0, 0);
	need(send(ends[0], "longer", 6, 0));
	report("MSG_TRUNC", recv(ends[1], buf, 3, MSG_TRUNC));
}

static void report_poll(const char *label, int fd)
{
	struct pollfd entry = { .fd = fd, .events = POLLIN | POLLOUT | POLLRDHUP };

	poll(&entry, 1, 0);
	say("  %s: events %#x", label, entry.revents);
}

TEST(sequenced_packets_keep_their_bounds)
{
	char byte;

	send_packets(SOCK_SEQPACKET);
	close(ends[0]);
	report_poll("peer closed", ends[1]);
	report("recv", recv(ends[1], &byte, 1, 0));
	report("send", send(ends[1], "x", 1, MSG_NOSIGNAL));
}

TEST(datagrams_keep_their_bounds)
{
	char byte;

	send_packets(SOCK_DGRAM);
	report("shutdown(SHUT_WR)", shutdown(ends[1], SHUT_WR));
	report("send", send(ends[1], "x", 1, MSG_NOSIGNAL));
	report("peer still sends", send(ends[0], "x", 1, 0));
	report("recv", recv(ends[1], &byte, 1, 0));
	make_pair(SOCK_DGRAM);
	close(ends[0]);
	report("recv without waiting", recv(ends[1], &byte, 1, MSG_DONTWAIT));
	report("send", send(ends[1], "x", 1, MSG_NOSIGNAL));
}

TEST(too_many_datagrams_wait)
{
	int sent = 0;

	make_pair(SOCK_DGRAM);
	while (sent < 100000 && send(ends[0], "d", 1, MSG_DONTWAIT) == 1)
		sent++;
	claim("some were taken", sent > 100 && sent < 100000);
	report("one more", send(ends[0], "d", 1, MSG_DONTWAIT));
}
