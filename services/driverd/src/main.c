/* driverd: which kernel modules are loaded.
 *
 * Its registry is the bundle's. It has no state that the kernel does not have: a successor finds
 * the drivers loaded that its predecessor loaded, and goes on. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <albireo/driver.h>
#include <service/service.h>

#include "plan.h"

#define REGISTRY_PATH "system/registry/kernel/loadable-drivers.tsv"
#define LAUNCHER_PID 1
#define DEVMGRD_PID 109	/* its package.toml; others get no such number */

static char registry[64 << 10];
static struct plan plan;	/* one thread uses it */

static void log_line(const char *fmt, ...)
{
	char line[200];
	va_list args;

	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	service_log_info("driverd: %s", line);
}

static const struct plan_ops brokers = {
	.load = nucleus_driver_load,
	.probe_alias = nucleus_driver_probe_alias,
	.provider_active = nucleus_driver_provider_active,
	.log = log_line,
};

static long read_registry(void)
{
	int object = nucleus_bundle_open(REGISTRY_PATH, sizeof(REGISTRY_PATH) - 1);
	long size;

	if (object < 0)
		return object;
	size = nucleus_object_size(object);
	if (size > (long)sizeof(registry))
		size = -E2BIG;
	else if (size > 0)
		size = nucleus_object_read(object, 0, registry, (size_t)size);
	nucleus_close(object);
	return size;
}

static int run(struct service_call *call, enum driver_when when)
{
	call->reply_words[1] = plan_run(&plan, when);
	return 0;
}

static int handle(struct service_call *call)
{
	if (call->caller_pid != LAUNCHER_PID && call->caller_pid != DEVMGRD_PID && !call->is_from_kernel)
		return -EACCES;
	switch (call->words[0]) {
	case DRIVERD_BOOT:
		return run(call, DRIVER_BOOT);
	case DRIVERD_FILES_READY:
		return run(call, DRIVER_FILES_READY);
	case DRIVERD_LOAD:
		return plan_load(&plan, call->data);
	}
	return -ENOSYS;
}

/* Without a registry there is nothing to load, and that is what callers are told. */
static int start(void)
{
	long len = read_registry();

	if (len < 0)
		service_log_error("driverd: cannot read " REGISTRY_PATH ": error %ld", -len);
	plan_open(&plan, &brokers, registry, len < 0 ? 0 : (size_t)len);
	return 0;
}

static const struct service driverd = {
	.name = "driverd", .id = SERVICE_DRIVERD, .threads = 1, .max_threads = 1, .start = start, .handle = handle,
};

int main(void)
{
	return service_main(&driverd);
}
