/* services/devmgrd/src/kernel_calls.c: kernel.h by native calls, and messages to driverd and vfsd. */
#include "kernel.h"

#include <stdarg.h>
#include <sys/stat.h>

#include <albireo/driver.h>
#include <service/devfs.h>
#include <service/service.h>

#define DRIVERS_DEADLINE_NS 60000000000ull	/* a driver may wait long for its devices */

int kernel_list(uint32_t index, struct device_info *out)
{
	struct device_call call = { .op = DEVICE_LIST, .index = index };
	int err = nucleus_device(&call);

	*out = call.info;
	return err;
}

int kernel_forget(const struct device_info *info)
{
	struct device_call call = { .op = DEVICE_FORGET, .info = *info };

	return nucleus_device(&call);
}

int kernel_load_drivers(void)
{
	struct ipc_message msg = { .words = { DRIVERD_BOOT }, .deadline_ns = DRIVERS_DEADLINE_NS };

	return nucleus_ask(SERVICE_DRIVERD, &msg);
}

int kernel_publish(const char *name, uint32_t mode, uint32_t gid, const struct device_info *info)
{
	return service_publish(name, S_IFCHR | mode, DEVICE_NUMBER(info->major, info->minor), (uint64_t)gid << 32);
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
