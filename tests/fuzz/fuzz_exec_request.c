/* The input is the request that initd finds in the firmware's configuration, and, after a byte 1, what
 * comes over the control port in pieces. */
#include <errno.h>

#include "control.h"
#include "request.h"

#include "fuzz_support.h"

static void check_request(const struct exec_request *request)
{
	REQUIRE(request->argv && request->argv[0] && request->envp && request->cwd && request->id && request->host);
	for (char **word = request->argv; *word; word++)
		touch(*word, strlen(*word));
	for (char **word = request->envp; *word; word++)
		touch(*word, strlen(*word));
	REQUIRE(request->ngroups <= REQUEST_MAX_GROUPS && request->nmounts <= REQUEST_MAX_MOUNTS);
	REQUIRE(strlen(request->host) <= REQUEST_MAX_HOST);
	for (unsigned int i = 0; i < request->nmounts; i++)
		touch(request->mounts[i].target, strlen(request->mounts[i].target));
}

static void parse_request(const uint8_t *data, size_t size)
{
	char *bytes = malloc(size ? size : 1);
	struct exec_request request = { 0 };
	int err;

	REQUIRE(bytes);
	memcpy(bytes, data, size);
	err = request_parse(bytes, size, &request);
	REQUIRE(err == 0 || err == -EINVAL || err == -ENOMEM);
	if (!err) {
		check_request(&request);
		request_free(&request);
	} else if (err == -EINVAL) {
		REQUIRE(memchr(request.why, 0, sizeof(request.why)));
	}
	free(bytes);
}

/* Each piece is as long as its first byte says, as far as there is room. */
static void take_lines(const uint8_t *data, size_t size)
{
	struct control_input *input = calloc(1, sizeof(*input));
	struct control_command command;

	REQUIRE(input);
	while (size) {
		size_t room, len = *data++;
		char *space = control_input_space(input, &room);

		size--;
		REQUIRE(room > 0);
		len = len < size ? len : size;
		len = len < room ? len : room;
		memcpy(space, data, len);
		control_input_add(input, len);
		data += len;
		size -= len;
		while (control_next(input, &command))
			REQUIRE(command.kind <= CONTROL_ACK);
	}
	free(input);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size && data[0] == 1)
		take_lines(data + 1, size - 1);
	else
		parse_request(data, size);
	return 0;
}
