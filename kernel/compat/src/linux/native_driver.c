/* kernel/compat/src/linux/native_driver.c: driverd's, devmgrd's and inputd's calls. */
#include <io/module.h>
#include <mm/usercopy.h>

#include "native.h"

#define NAME_BYTES 256

int64_t native_DRIVER_LOAD_MODULE_BROKER(const uint64_t a[4])
{
	struct driver_load request;

	if (copy_from_user(&request, user_ptr(a[0]), sizeof(request)))
		return -EFAULT;
	request.name[sizeof(request.name) - 1] = '\0';
	request.path[sizeof(request.path) - 1] = '\0';
	request.provider_group[sizeof(request.provider_group) - 1] = '\0';
	return request.flags & ~DRIVER_LOAD_ASK ? -EINVAL : module_load(&request);
}

/* @len bytes at @from with a NUL. */
static int copy_name(char name[NAME_BYTES], uint64_t from, uint64_t len)
{
	if (len >= NAME_BYTES)
		return -ERANGE;
	if (copy_from_user(name, user_ptr(from), len))
		return -EFAULT;
	name[len] = '\0';
	return 0;
}

int64_t native_DRIVER_PROBE_ALIAS_BROKER(const uint64_t a[4])
{
	char alias[NAME_BYTES];
	int err = copy_name(alias, a[0], a[1]);

	return err ? err : device_probe_alias(alias);
}

int64_t native_DRIVER_PROVIDER_ACTIVE_BROKER(const uint64_t a[4])
{
	char group[NAME_BYTES];
	int err = copy_name(group, a[0], a[1]);

	return err ? err : module_provider_is_active(group);
}

int64_t native_INPUT_STATS_BROKER(const uint64_t a[4])
{
	struct input_stats stats;
	int err = input_stats((uint32_t)a[0], &stats);

	return err ? err : copy_to_user(user_ptr(a[1]), &stats, sizeof(stats));
}

int64_t native_DEVICE_BROKER(const uint64_t a[4])
{
	return io_sys_device(user_ptr(a[0]));
}
