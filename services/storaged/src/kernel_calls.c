/* services/storaged/src/kernel_calls.c: kernel.h by native calls, and messages to vfsd. */
#include "kernel.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <service/blockdev.h>
#include <service/service.h>

#define DEVICE_NUMBER(major, minor) ((uint64_t)(major) << 20 | (minor))

int kernel_list(uint32_t index, struct block_info *out)
{
	struct storage_call call = { .op = STORAGE_LIST, .index = index };
	int err = nucleus_storage(&call);

	*out = call.info;
	return err;
}

int kernel_partition_add(const struct block_info *info)
{
	struct storage_call call = { .op = STORAGE_PARTITION_ADD, .info = *info };

	return nucleus_storage(&call);
}

int kernel_partition_remove(uint32_t id)
{
	struct storage_call call = { .op = STORAGE_PARTITION_REMOVE, .info = { .id = id } };

	return nucleus_storage(&call);
}

int kernel_open(uint32_t id, struct blockdev *dev)
{
	return service_blockdev(id, dev);
}

static int ask_vfsd(struct ipc_message *msg, const char *data, size_t len)
{
	msg->data = (uintptr_t)data;
	msg->data_len = (uint32_t)len;
	return nucleus_ask(SERVICE_VFSD, msg);
}

int kernel_publish(const struct block_info *info, uint64_t owner)
{
	struct ipc_message msg = {
		.words = { VFS_PUBLISH, S_IFBLK | 0660, DEVICE_NUMBER(info->major, info->minor), owner },
	};

	return ask_vfsd(&msg, info->name, strlen(info->name) + 1);
}

int kernel_unpublish(const char *name)
{
	struct ipc_message msg = { .words = { VFS_UNPUBLISH } };

	return ask_vfsd(&msg, name, strlen(name) + 1);
}

void kernel_log(const char *fmt, ...)
{
	char text[200];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	service_log_warn("%s", text);
}
