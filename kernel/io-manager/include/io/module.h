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

struct driver_load;
struct input_stats;

/* DRIVER_LOAD_MODULE_BROKER (albireo/native.h). Context: process; sleeps. */
int module_load(const struct driver_load *request);

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

/* Whether there are devices that only a module could drive. */
bool device_any_spare(void);

#endif
