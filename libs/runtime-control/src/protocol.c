#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <runtime-control/protocol.h>

#define HEADER_BYTES offsetof(struct runtime_request, text)

static bool is_text_clean(const char *text)
{
	size_t len = strnlen(text, MAX_REQUEST_PATH_BYTES);

	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return false;
	for (size_t i = len; i < MAX_REQUEST_PATH_BYTES; i++)
		if (text[i])
			return false;
	return len < MAX_REQUEST_PATH_BYTES;
}

static bool has_what_it_needs(const struct runtime_request *request)
{
	switch (request->operation) {
	case RUNTIME_SNAPSHOT:
	case RUNTIME_UI_READY:
		return !request->argument && !*request->text;
	case RUNTIME_LAUNCH_PROGRAM:
	case RUNTIME_LAUNCH_PATH:
		return !request->argument && *request->text;
	case RUNTIME_TERMINATE_SESSION:
	case RUNTIME_TERMINATE_PID:
		return request->argument && !*request->text;
	}
	return false;
}

/* The magic is compared byte by byte as it comes: a stranger need not send a whole request
 * before it is known for one. */
int runtime_request_decode(const void *bytes, size_t len, struct runtime_request *request)
{
	static const uint32_t magic = RUNTIME_REQUEST_MAGIC;
	struct runtime_request copy;

	if (memcmp(bytes, &magic, len < sizeof(magic) ? len : sizeof(magic)) != 0 || len > sizeof(copy))
		return -EPROTO;
	if (len < HEADER_BYTES)
		return 0;
	memset(&copy, 0, sizeof(copy));
	memcpy(&copy, bytes, len);
	if (copy.version != RUNTIME_PROTOCOL_VERSION)
		return -EPROTONOSUPPORT;
	if (copy.reserved)
		return -EPROTO;
	if (len < sizeof(copy))
		return 0;
	if (!is_text_clean(copy.text) || !has_what_it_needs(&copy))
		return -EPROTO;
	*request = copy;
	return 1;
}

int runtime_request_encode(struct runtime_request *request, enum runtime_operation operation, uint64_t argument,
			   const char *text)
{
	size_t len = text ? strlen(text) : 0;

	if (len >= sizeof(request->text))
		return -ENAMETOOLONG;
	memset(request, 0, sizeof(*request));
	request->magic = RUNTIME_REQUEST_MAGIC;
	request->version = RUNTIME_PROTOCOL_VERSION;
	request->operation = operation;
	request->argument = argument;
	if (len)
		memcpy(request->text, text, len);
	return 0;
}

const char *runtime_state_name(uint32_t state)
{
	static const char *const names[] = {
		[RUNTIME_STARTING] = "starting", [RUNTIME_RUNNING] = "running", [RUNTIME_STOPPING] = "stopping",
		[RUNTIME_PAUSING] = "pausing", [RUNTIME_GIVEN_UP] = "given-up", [RUNTIME_WAITING] = "waiting",
	};

	if (state >= sizeof(names) / sizeof(names[0]) || !names[state])
		return "unknown";
	return names[state];
}
