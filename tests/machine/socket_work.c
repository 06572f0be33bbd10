/* tests/machine/socket_work.c: see socket_work.h. */
#include "socket_work.h"

#include "counters.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <albireo/net.h>
#include <albireo/services.h>
#include <nucleus/nucleus.h>

#define PATH_AT offsetof(struct sockaddr_un, sun_path)

struct name {
	struct sockaddr_un address;
	socklen_t len;
};

static struct name path_name(const char *path)
{
	struct name n = { .address.sun_family = AF_UNIX };

	n.len = (socklen_t)(PATH_AT + (size_t)snprintf(n.address.sun_path, sizeof(n.address.sun_path), "%s", path) + 1);
	return n;
}

static struct name abstract_name(const char *text)
{
	struct name n = { .address.sun_family = AF_UNIX };

	n.len = (socklen_t)(PATH_AT + 1 + (size_t)snprintf(n.address.sun_path + 1, 64, "%d-%s", getpid(), text));
	return n;
}

static int make_socket(int type)
{
	return (int)need(socket(AF_UNIX, type, 0));
}

static void expect_error(const char *what, int result, int error)
{
	if (result != -1 || errno != error)
		die("%s: got %d (%s), expected %s", what, result, strerror(errno), strerror(error));
}

static int bind_to(int fd, const struct name *n)
{
	return bind(fd, (const struct sockaddr *)&n->address, n->len);
}

static int connect_to(int fd, const struct name *n)
{
	return connect(fd, (const struct sockaddr *)&n->address, n->len);
}

static void expect_refused(const struct name *n, int error)
{
	int fd = make_socket(SOCK_STREAM);

	expect_error("connect to nobody", connect_to(fd, n), error);
	close(fd);
}

static void expect_in_use(const struct name *n)
{
	int fd = make_socket(SOCK_STREAM);

	expect_error("bind of a name in use", bind_to(fd, n), EADDRINUSE);
	close(fd);
}

/* A client speaks to whoever listens at @n, which must be @listener. */
static void talk(int listener, const struct name *n)
{
	int client = make_socket(SOCK_STREAM), server;
	char buf[8] = { 0 };

	need(connect_to(client, n));
	if (need(write(client, "ask", 3)) != 3)
		die("write to a connection");
	server = (int)need(accept(listener, NULL, NULL));
	if (need(read(server, buf, sizeof(buf))) != 3 || strcmp(buf, "ask"))
		die("a connection brought '%s'", buf);
	close(server);
	if (need(read(client, buf, sizeof(buf))))
		die("a closed connection does not end");
	close(client);
}

static int listen_at(const struct name *n)
{
	int fd = make_socket(SOCK_STREAM);

	need(bind_to(fd, n));
	need(listen(fd, 4));
	return fd;
}

static void use_path(void)
{
	const struct name n = path_name("socket");
	struct stat st;
	int fd = listen_at(&n);

	need(stat("socket", &st));
	if (!S_ISSOCK(st.st_mode))
		die("a bound name has mode %o", st.st_mode);
	expect_in_use(&n);
	talk(fd, &n);
	close(fd);
	expect_in_use(&n);
	expect_refused(&n, ECONNREFUSED);
	need(unlink("socket"));
	expect_refused(&n, ENOENT);
}

static void use_abstract(void)
{
	const struct name n = abstract_name("a");

	expect_refused(&n, ECONNREFUSED);
	for (int i = 0; i < 3; i++) {
		int fd = listen_at(&n);

		expect_in_use(&n);
		talk(fd, &n);
		close(fd);
		expect_refused(&n, ECONNREFUSED);
	}
}

static void use_datagrams(void)
{
	struct sockaddr_un any = { .sun_family = AF_UNIX }, from;
	const struct name n = abstract_name("d");
	int fd = make_socket(SOCK_DGRAM), sender = make_socket(SOCK_DGRAM);
	struct sockaddr_un mine;
	socklen_t len = sizeof(mine), from_len = sizeof(from);
	char byte;

	need(bind_to(fd, &n));
	need(bind(sender, (struct sockaddr *)&any, PATH_AT));
	need(getsockname(sender, (struct sockaddr *)&mine, &len));
	if (need(sendto(sender, "x", 1, 0, (const struct sockaddr *)&n.address, n.len)) != 1)
		die("a datagram was cut");
	need(recvfrom(fd, &byte, 1, 0, (struct sockaddr *)&from, &from_len));
	if (len != PATH_AT + 6 || from_len != len || memcmp(&from, &mine, len))
		die("a datagram came from another name of %u bytes", from_len);
	need(sendto(fd, "y", 1, 0, (struct sockaddr *)&from, from_len));
	need(read(sender, &byte, 1));
	close(fd);
	expect_error("sendto nobody", (int)sendto(sender, "x", 1, 0, (const struct sockaddr *)&n.address, n.len), ECONNREFUSED);
	close(sender);
}

void use_sockets(void)
{
	use_path();
	use_abstract();
	use_datagrams();
}

uint64_t count_socket_names(void)
{
	struct ipc_message m = { .words = { NETD_STATUS } };
	int netd = (int)need(nucleus_lookup_service(SERVICE_NETD)), err = nucleus_ipc_call(netd, &m);

	nucleus_close(netd);
	if (err || m.words[0])
		die("netd does not tell: error %d, %ld", err, (long)m.words[0]);
	return m.words[1];
}
