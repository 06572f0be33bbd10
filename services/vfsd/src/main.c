/* services/vfsd/src/main.c: vfsd's frame. Arguments: the boot bundle's files in order of the
 * kernel's index, each "path:size". */
#include <string.h>

#include <service/service.h>

#include "dispatch.h"

static unsigned int nfiles;
static char *const *files;

static int start(void)
{
	int err = dispatch_start(nfiles, files);

	if (err)
		service_log_error("no namespace: error %d", -err);
	return err;
}

static int handle(struct service_call *call)
{
	struct request rq = {
		.op = call->words[0],
		.data = call->data,
		.data_len = call->data_len,
		.id = call->request_id,
		.pid = call->caller_pid,
		.is_from_kernel = call->is_from_kernel,
		.is_retry = call->is_retry,
		.is_async = call->is_async,
		.reply = call->reply,
		.reply_cap = IPC_MAX_DATA,
	};
	int status;

	memcpy(rq.args, call->words + 1, sizeof(rq.args));
	status = dispatch(&rq);
	memcpy(call->reply_words, rq.words, sizeof(call->reply_words));
	call->reply_len = (uint32_t)rq.reply_len;
	return status;
}

/* Requests of the pager must find a thread while others wait for the name lock. */
static const struct service service = {
	.name = "vfsd",
	.id = SERVICE_VFSD,
	.threads = 2,
	.max_threads = 24,
	.start = start,
	.handle = handle,
	.thread_end = dispatch_thread_end,
};

int main(int argc, char **argv)
{
	if (argc > 1) {
		nfiles = (unsigned int)argc - 1;
		files = argv + 1;
	}
	return service_main(&service);
}
