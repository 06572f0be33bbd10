#define _GNU_SOURCE	/* SOCK_CLOEXEC */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <runtime-control/client.h>

struct runtime_client {
	int fd;
};

static int connect_to(const char *path)
{
	struct timeval timeout = { .tv_sec = RUNTIME_CLIENT_TIMEOUT_SECONDS };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd, err;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) ||
	    connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

int runtime_client_open(const char *path, struct runtime_client **client)
{
	int fd = connect_to(path ? path : DEFAULT_RUNTIME_SOCKET_PATH);

	if (fd < 0)
		return fd;
	*client = malloc(sizeof(**client));
	if (!*client) {
		close(fd);
		return -ENOMEM;
	}
	(*client)->fd = fd;
	return 0;
}

void runtime_client_close(struct runtime_client *client)
{
	if (client)
		close(client->fd);
	free(client);
}

/* What errno says after a transfer; a time limit comes as EAGAIN. */
static int transfer_error(void)
{
	return errno == EAGAIN ? -ETIMEDOUT : -errno;
}

static int send_all(int fd, const void *bytes, size_t len)
{
	const char *at = bytes;

	while (len) {
		ssize_t sent = send(fd, at, len, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return transfer_error();
		at += sent;
		len -= (size_t)sent;
	}
	return 0;
}

static int receive_all(int fd, void *bytes, size_t len)
{
	char *at = bytes;

	while (len) {
		ssize_t got = recv(fd, at, len, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return transfer_error();
		if (!got)
			return -ECONNRESET;
		at += got;
		len -= (size_t)got;
	}
	return 0;
}

static int ask(struct runtime_client *client, enum runtime_operation operation, uint64_t argument, const char *text,
	       struct runtime_response *response)
{
	struct runtime_request request;
	int err = runtime_request_encode(&request, operation, argument, text);

	if (!err)
		err = send_all(client->fd, &request, sizeof(request));
	if (!err)
		err = receive_all(client->fd, response, sizeof(*response));
	if (err)
		return err;
	if (response->magic != RUNTIME_RESPONSE_MAGIC || response->operation != operation || response->status > 0 ||
	    response->nprograms > RUNTIME_MAX_PROGRAMS)
		return -EPROTO;
	if (!response->status && response->version != RUNTIME_PROTOCOL_VERSION)
		return -EPROTO;
	return response->status;
}

int snapshot_running_programs(struct runtime_client *client, struct runtime_running_program **programs,
			      size_t *nprograms)
{
	struct runtime_response response;
	struct runtime_running_program *records;
	int err = ask(client, RUNTIME_SNAPSHOT, 0, NULL, &response);

	if (err)
		return err;
	records = calloc(response.nprograms + 1u, sizeof(*records));
	if (!records)
		return -ENOMEM;
	err = receive_all(client->fd, records, response.nprograms * sizeof(*records));
	if (err) {
		free(records);
		return err;
	}
	for (uint32_t i = 0; i < response.nprograms; i++) {
		records[i].desktop_id[RUNTIME_ID_BYTES - 1] = '\0';
		records[i].name[RUNTIME_NAME_BYTES - 1] = '\0';
	}
	*programs = records;
	*nprograms = response.nprograms;
	return 0;
}

static int launch(struct runtime_client *client, enum runtime_operation operation, const char *text,
		  struct runtime_launched *launched)
{
	struct runtime_response response;
	int err = ask(client, operation, 0, text, &response);

	if (!err && launched)
		*launched = (struct runtime_launched){ response.session, response.pid };
	return err;
}

int request_launch_program_new_session(struct runtime_client *client, const char *desktop_file_id,
				       struct runtime_launched *launched)
{
	return launch(client, RUNTIME_LAUNCH_PROGRAM, desktop_file_id, launched);
}

int request_launch_path_new_session(struct runtime_client *client, const char *exec_path,
				    struct runtime_launched *launched)
{
	return launch(client, RUNTIME_LAUNCH_PATH, exec_path, launched);
}

int request_terminate_session(struct runtime_client *client, uint64_t session_handle)
{
	struct runtime_response response;

	return ask(client, RUNTIME_TERMINATE_SESSION, session_handle, NULL, &response);
}

int request_terminate_pid(struct runtime_client *client, uint32_t pid)
{
	struct runtime_response response;

	return ask(client, RUNTIME_TERMINATE_PID, pid, NULL, &response);
}

int notify_ui_ready(struct runtime_client *client)
{
	struct runtime_response response;

	return ask(client, RUNTIME_UI_READY, 0, NULL, &response);
}
