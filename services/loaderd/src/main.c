/* loaderd: executable files become image layouts, which the kernel keeps as leases. It has
 * no state: what it is asked, it answers from the file alone. */
#include <errno.h>
#include <string.h>

#include <nucleus/nucleus.h>
#include <service/service.h>

#include "load.h"

static long read_object(void *ctx, uint64_t offset, void *buf, size_t len)
{
	return nucleus_object_read(*(const int *)ctx, offset, buf, len);
}

static int load(struct service_call *call)
{
	struct load_file file = { .read = read_object, .ctx = &call->handles[0], .bytes = call->words[2] };
	struct image_layout layout;
	int err;

	if (!call->nhandles)
		return -EINVAL;
	err = load_layout(&file, &layout);
	if (err)
		return err;
	memcpy(call->reply, &layout, sizeof(layout));
	call->reply_len = sizeof(layout);
	return 0;
}

static int entry_points(struct service_call *call)
{
	struct load_file file = { .read = read_object, .ctx = &call->handles[0], .bytes = call->words[2] };
	struct image_entry_points points;
	int err;

	if (!call->nhandles)
		return -EINVAL;
	err = load_entry_points(&file, &points);
	if (err)
		return err;
	memcpy(call->reply, &points, sizeof(points));
	call->reply_len = sizeof(points);
	return 0;
}

static int handle(struct service_call *call)
{
	if (!call->is_from_kernel)
		return -EACCES;
	if (call->words[0] == LOADERD_LOAD)
		return load(call);
	if (call->words[0] == LOADERD_ENTRY_POINTS)
		return entry_points(call);
	service_log_warn("unknown operation %lu", (unsigned long)call->words[0]);
	return -ENOSYS;
}

/* A file on a slow filesystem holds its thread: others shall not wait behind it. */
static const struct service loaderd = {
	.name = "loaderd",
	.id = SERVICE_LOADERD,
	.threads = 1,
	.max_threads = 8,
	.accepts_handles = true,
	.handle = handle,
};

int main(void)
{
	return service_main(&loaderd);
}
