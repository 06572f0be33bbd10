/* The life of a service: see feigned.h. */
#include <errno.h>
#include <string.h>

#include "data.h"
#include "feigned.h"

#define DEATH 0xff
#define EVENT 0xfe
#define STRANGE_OPERATION 0xfd
#define MAX_MESSAGES 400
#define MAX_ERRNO 4095

static const struct service *service;
static char reply[IPC_MAX_DATA];
static uint64_t next_request_id;

/* What the last request was, for the one that comes again. */
static struct service_call last;
static char *last_data;

int service_main(const struct service *new_service)
{
	service = new_service;
	return 0;
}

static void forget_static_data(void)
{
	feigned_data_restore();
	feigned_memory_reset();
}

/* Returns: whether the service serves. */
static bool start(void)
{
	char *argv[32] = { "service" };
	int argc = 1;

	for (const char *const *argument = feigned.arguments; argument && *argument; argument++)
		argv[argc++] = (char *)*argument;
	feigned_main(argc, argv);
	return feigned.has_no_start || !service->start || service->start() == 0;
}

static void take_reply(const struct service_call *call, int status)
{
	REQUIRE(status <= 0 && status >= -MAX_ERRNO);
	REQUIRE(call->reply_len <= IPC_MAX_DATA);
	if (feigned.take_reply && !status)
		feigned.take_reply(call);
	else if (!status)
		for (int i = 1; i <= 3; i++)
			feigned_give(call->reply_words[i]);
	if (feigned.check)
		feigned.check();
}

/* Serve @call; its data lie in a block of their own, with the NUL behind them that the frame promises. */
static void serve(struct service_call *call)
{
	int status;

	memset(call->reply_words, 0, sizeof(call->reply_words));
	call->reply = reply;
	call->reply_len = 0;
	status = service->handle(call);
	take_reply(call, status);
}

static void take_who(struct service_call *call)
{
	unsigned int who = feigned_byte();

	/* Mostly the kernel for a program; else pid 1, or a program itself. */
	call->is_from_kernel = (who & 3) != 3;
	call->caller_pid = call->is_from_kernel ? 2 + (who >> 4) : 1 + (who >> 6);
	call->is_async = (who & 12) == 12;
}

static void take_data(struct service_call *call)
{
	uint16_t len = 0;
	char *data;

	/* One byte is a short text's length; 255 says that two follow. */
	len = (uint16_t)feigned_byte();
	if (len == 255)
		feigned_bytes(&len, sizeof(len));
	data = malloc(len + 1u);
	REQUIRE(data);
	feigned_bytes(data, len);
	data[len] = '\0';
	free(last_data);
	last_data = data;
	call->data = data;
	call->data_len = len;
}

static void take_handles(struct service_call *call)
{
	call->nhandles = service->accepts_handles ? feigned_byte() % (IPC_MAX_TRANSFER_HANDLES + 1) : 0;
	for (unsigned int i = 0; i < IPC_MAX_TRANSFER_HANDLES; i++)
		call->handles[i] = i < call->nhandles ? 3 + (int)i : -1;
}

static void serve_message(unsigned int operation)
{
	struct service_call call = { .request_id = ++next_request_id };

	take_who(&call);
	call.words[0] = operation == STRANGE_OPERATION ? feigned_word() : 1 + operation % feigned.last_operation;
	for (int i = 1; i < IPC_WORDS; i++)
		call.words[i] = feigned_word();
	take_data(&call);
	take_handles(&call);
	last = call;
	serve(&call);
}

/* Returns: whether there is a successor. */
static bool die(void)
{
	struct service_call again = last;

	forget_static_data();
	if (!start())
		return false;
	if (again.request_id) {
		again.is_retry = true;
		serve(&again);
	}
	return true;
}

static void live(void)
{
	for (unsigned int n = 0; feigned_has_input() && n < MAX_MESSAGES; n++) {
		unsigned int what = feigned_byte();

		if (what == DEATH && !die())
			return;
		if (what == EVENT && feigned.event)
			feigned.event(feigned_byte());
		else if (what != DEATH)
			serve_message(what);
	}
	if (service->thread_end)
		service->thread_end();
}

/* What a death frees is not LeakSanitizer's to judge. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	forget_static_data();
	feigned_open_input(data, size);
	feigned_kernel_reset();
	memset(&last, 0, sizeof(last));
	next_request_id = 0;
	if (start())
		live();
	return 0;
}
