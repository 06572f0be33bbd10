/* services/devmgrd/src/kernel_calls.c: kernel.h by native calls, and messages to driverd and vfsd. */
#include "kernel.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <albireo/driver.h>
#include <service/service.h>

#define DEVICE_NUMBER(major, minor) ((uint64_t)(major) << 20 | (minor))
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

static int ask_vfsd(struct ipc_message *msg, const char *name)
{
	msg->data = (uintptr_t)name;
	msg->data_len = (uint32_t)strlen(name) + 1;
	return nucleus_ask(SERVICE_VFSD, msg);
}

int kernel_publish(const char *name, uint32_t mode, uint32_t gid, const struct device_info *info)
{
	struct ipc_message msg = {
		.words = { VFS_PUBLISH, S_IFCHR | mode, DEVICE_NUMBER(info->major, info->minor), (uint64_t)gid << 32 },
	};

	return ask_vfsd(&msg, name);
}

int kernel_unpublish(const char *name)
{
	struct ipc_message msg = { .words = { VFS_UNPUBLISH } };

	return ask_vfsd(&msg, name);
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
