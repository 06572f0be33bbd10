/* services/storaged/src/kernel_calls.c: kernel.h by native calls. */
#include "kernel.h"

#include <errno.h>
#include <stdarg.h>
#include <sys/stat.h>

#include <service/blockdev.h>
#include <service/devfs.h>
#include <service/service.h>

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

int kernel_loop_add(struct block_info *info)
{
	struct storage_call call = { .op = STORAGE_LOOP_ADD, .info = *info };
	int err = nucleus_storage(&call);

	*info = call.info;
	return err;
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

int kernel_publish(const struct block_info *info, uint64_t owner)
{
	return service_publish(info->name, S_IFBLK | 0660, DEVICE_NUMBER(info->major, info->minor), owner);
}

int kernel_unpublish(const char *name)
{
	return service_unpublish(name);
}

void kernel_log(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	service_vlog(NUCLEUS_LOG_WARN, fmt, args);
	va_end(args);
}
