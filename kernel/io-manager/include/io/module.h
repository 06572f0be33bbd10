/* kernel/io-manager/include/io/module.h: kernel modules, and the devices they are for.
 *
 * driverd decides what is loaded and when; here a module is checked against the bundle's
 * sums, linked, and started. A loaded module stays.
 *
 * Locking: one mutex (MODULES) over the lists and over a module's start. Backtraces
 * read the list of modules without it: entries are added when they are complete, and stay.
 */
#ifndef IO_MODULE_H
#define IO_MODULE_H

#include <nucleus/compiler.h>

struct device_call;
struct driver_load;
struct input_stats;

/* DRIVER_LOAD_MODULE_BROKER (albireo/native.h). Context: process; sleeps. */
int module_load(const struct driver_load *request);

/* Between these no driver starts and no device comes or goes. Context: process; sleeps. */
void module_hold(void);
void module_resume(void);

/* DRIVER_PROVIDER_ACTIVE_BROKER. */
bool module_provider_is_active(const char *group);

/* Fill @buf with what /proc/modules shows. Returns: bytes. */
size_t module_list(char *buf, size_t cap);

/* Before the first driver. */
void module_init(void);

/* DRIVER_PROBE_ALIAS_BROKER: 1, 0, -EINVAL, -ERANGE. Context: process. */
int device_probe_alias(const char *alias);

/* INPUT_STATS_BROKER. */
int input_stats(uint32_t index, struct input_stats *out);

/* DEVICE_BROKER (albireo/device.h). Context: process; sleeps. */
int64_t io_sys_device(struct device_call __user *call);
/* Devices have come or gone. Context: any but interrupts. */
void device_changed(void);

/* Whether there are devices that devmgrd names, or that only a module could drive. */
bool device_any_spare(void);

#endif
