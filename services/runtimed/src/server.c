/* Connections. Each client has a place with room for one request; an answer that the socket does
 * not take at once is kept until it does, and nothing more is read from that client so long. */
#define _GNU_SOURCE	/* accept4, struct ucred */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "runtimed.h"

#define MAX_CLIENTS 64
#define MAX_CLIENTS_OF_USER 16
#define BACKLOG 128

static struct client {
	int fd;			/* 0: a free place */
	uint32_t generation;	/* tells a place from its next owner */
	bool is_waiting;	/* for an answer */
	struct peer peer;
	uint64_t active_ns;
	size_t len;
	char bytes[sizeof(struct runtime_request)];
	char *answer;
	size_t answer_len, answer_done;
} clients[MAX_CLIENTS];

static int listener = -1;

static uint64_t token_of(const struct client *client)
{
	return (uint64_t)client->generation << 32 | (uint64_t)(client - clients);
}

static struct client *client_of(uint64_t token)
{
	unsigned int index = (unsigned int)token;

	if (index >= MAX_CLIENTS || !clients[index].fd || clients[index].generation != token >> 32)
		return NULL;
	return &clients[index];
}

static void drop(struct client *client)
{
	close(client->fd);
	free(client->answer);
	client->fd = 0;
	client->answer = NULL;
	client->generation++;
}

/* ---- answers ---- */

static void want(struct client *client, uint32_t events)
{
	if (rewatch(client->fd, events, SOURCE_CLIENT, (unsigned int)(client - clients)))
		drop(client);
}

/* Send what the socket takes. */
static void push(struct client *client)
{
	while (client->answer_done < client->answer_len) {
		ssize_t done = send(client->fd, client->answer + client->answer_done,
				    client->answer_len - client->answer_done, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0 && errno == EAGAIN) {
			want(client, EPOLLOUT);
			return;
		}
		if (done <= 0) {
			drop(client);
			return;
		}
		client->answer_done += (size_t)done;
	}
	free(client->answer);
	client->answer = NULL;
	client->is_waiting = false;
	want(client, EPOLLIN);
}

void server_answer(uint64_t token, const struct runtime_response *response,
		   const struct runtime_running_program *records)
{
	struct client *client = client_of(token);
	size_t records_bytes = response->nprograms * sizeof(*records);

	if (!client || client->answer)
		return;
	client->answer = malloc(sizeof(*response) + records_bytes);
	if (!client->answer) {
		drop(client);
		return;
	}
	memcpy(client->answer, response, sizeof(*response));
	if (records_bytes)
		memcpy(client->answer + sizeof(*response), records, records_bytes);
	client->answer_len = sizeof(*response) + records_bytes;
	client->answer_done = 0;
	push(client);
}

/* ---- requests ---- */

static void refuse_version(struct client *client)
{
	struct runtime_response response = {
		.magic = RUNTIME_RESPONSE_MAGIC, .version = RUNTIME_PROTOCOL_VERSION, .status = -EPROTONOSUPPORT,
	};

	memcpy(&response.operation, client->bytes + offsetof(struct runtime_request, operation), sizeof(response.operation));
	if (send(client->fd, &response, sizeof(response), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		report("a client of another version does not listen");
	drop(client);
}

static void serve(struct client *client)
{
	struct runtime_request request;
	int result = runtime_request_decode(client->bytes, client->len, &request);

	if (result == -EPROTONOSUPPORT) {
		refuse_version(client);
		return;
	}
	if (result < 0) {
		report("uid %u, pid %d sent what is no request", client->peer.uid, client->peer.pid);
		drop(client);
		return;
	}
	if (!result)
		return;
	client->len = 0;
	client->is_waiting = true;
	/* Only that it hangs up is of interest until it has its answer. */
	want(client, 0);
	if (client->fd)
		request_serve(token_of(client), &client->peer, &request);
}

static void take(struct client *client)
{
	ssize_t len = recv(client->fd, client->bytes + client->len, sizeof(client->bytes) - client->len, MSG_DONTWAIT);

	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (len <= 0) {
		drop(client);
		return;
	}
	client->active_ns = now_ns();
	client->len += (size_t)len;
	serve(client);
}

/* ---- connections ---- */

static bool is_service(pid_t pid)
{
	struct program *program = program_of_pid(pid);

	return program && program->kind == RUNTIME_SERVICE;
}

/* Make sure of a place for one more of @uid: the one of its own that has been silent for the longest goes. */
static struct client *find_place(uid_t uid)
{
	struct client *free_place = NULL, *oldest = NULL;
	unsigned int n = 0;

	for (unsigned int i = 0; i < MAX_CLIENTS; i++) {
		struct client *client = &clients[i];

		if (!client->fd) {
			free_place = client;
			continue;
		}
		if (client->peer.uid != uid)
			continue;
		n++;
		if (!client->is_waiting && (!oldest || client->active_ns < oldest->active_ns))
			oldest = client;
	}
	if (n < MAX_CLIENTS_OF_USER && free_place)
		return free_place;
	if (oldest)
		drop(oldest);
	return oldest;
}

static void admit(int fd)
{
	struct ucred ucred;
	socklen_t len = sizeof(ucred);
	struct client *client;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &ucred, &len)) {
		close(fd);
		return;
	}
	client = find_place(ucred.uid);
	if (!client) {
		close(fd);
		return;
	}
	client->fd = fd;
	client->peer = (struct peer){ .pid = ucred.pid, .uid = ucred.uid, .gid = ucred.gid, .is_service = is_service(ucred.pid) };
	client->active_ns = now_ns();
	client->len = 0;
	client->is_waiting = false;
	if (watch(fd, EPOLLIN, SOURCE_CLIENT, (unsigned int)(client - clients)))
		drop(client);
}

void server_event(enum source source, unsigned int index, uint32_t events)
{
	struct client *client = &clients[index];
	int fd;

	if (source == SOURCE_LISTENER) {
		fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd >= 0)
			admit(fd);
		return;
	}
	if (!client->fd)
		return;
	if (client->answer && events & EPOLLOUT)
		push(client);
	else if (client->is_waiting && events & (EPOLLHUP | EPOLLERR))
		drop(client);
	else if (!client->is_waiting)
		take(client);
}

int server_begin(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int err;

	if (strlen(options.run_dir) + sizeof("/runtimed.sock") > sizeof(address.sun_path)) {
		report("the path of the socket is too long");
		return -ENAMETOOLONG;
	}
	run_path(address.sun_path, sizeof(address.sun_path), "runtimed.sock");
	/* We hold the lock: what lies there is a dead predecessor's. */
	unlink(address.sun_path);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof(address)) ||
	    chmod(address.sun_path, 0666) || listen(listener, BACKLOG)) {
		err = -errno;
		report("cannot listen on %s: error %d", address.sun_path, -err);
		return err;
	}
	return watch(listener, EPOLLIN, SOURCE_LISTENER, 0);
}

void server_end(void)
{
	char path[256];

	for (unsigned int i = 0; i < MAX_CLIENTS; i++)
		if (clients[i].fd)
			drop(&clients[i]);
	unlink(run_path(path, sizeof(path), "runtimed.sock"));
	drop_fd(&listener);
}
