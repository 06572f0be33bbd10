/* services/devmgrd/src/kernel.h: what devmgrd asks of the kernel and of services below it.
 *
 * kernel_calls.c makes the calls; the host test puts its own in. All return 0 or a
 * negative errno.
 */
#ifndef DEVMGRD_KERNEL_H
#define DEVMGRD_KERNEL_H

#include <stdint.h>

#include <albireo/device.h>

/* The @index-th device. -ENOENT: there are no more. */
int kernel_list(uint32_t index, struct device_info *out);
int kernel_forget(const struct device_info *info);	/* -EBUSY -ENODEV */

/* Have driverd load the drivers of devices that want for one. */
int kernel_load_drivers(void);

/* A name below /dev. -EEXIST: it is there. */
int kernel_publish(const char *name, uint32_t mode, uint32_t gid, const struct device_info *info);
int kernel_unpublish(const char *name);			/* -ENOENT */

void kernel_log(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
