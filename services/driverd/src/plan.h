/* services/driverd/src/plan.h: which drivers are loaded, and in which order.
 *
 * The registry lists drivers best first; those that are a last resort come last. One is loaded
 * when a device of one of its aliases is there, no other driver of its provider group is active,
 * and all that it depends on could be loaded; what it would merely like to have (softdeps) is
 * tried first. What is not loaded is logged with the reason.
 *
 * Nothing is remembered but the answer for each driver: after a restart the kernel tells
 * again what is loaded.
 */
#ifndef DRIVERD_PLAN_H
#define DRIVERD_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include <albireo/native.h>
#include <registry/registry.h>

#define PLAN_MAX_DRIVERS 128
#define PLAN_MAX_DEPTH 8

enum driver_when { DRIVER_BOOT, DRIVER_FILES_READY, DRIVER_DEMAND };
enum driver_state { DRIVER_UNDECIDED, DRIVER_DECIDING, DRIVER_LOADED, DRIVER_SKIPPED };

struct driver {
	char name[32];
	char path[128];
	char provider_group[32];
	enum driver_when when;
	struct registry_text aliases, deps, softdeps;	/* in the registry's text */
	enum driver_state state;
	int error;		/* of one that was skipped */
};

/* The brokers. Each returns what nucleus.h says. */
struct plan_ops {
	int (*load)(const struct driver_load *request);
	int (*probe_alias)(const char *alias, size_t len);
	int (*provider_active)(const char *group, size_t len);
	void (*log)(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
};

struct plan {
	const struct plan_ops *ops;
	struct driver drivers[PLAN_MAX_DRIVERS];
	unsigned int ndrivers;
};

/* Read the registry's @text, which must stay. A line that is damaged is logged and left out. */
void plan_open(struct plan *plan, const struct plan_ops *ops, const char *text, size_t len);

/* Load all drivers for @when that can be. Returns: how many were loaded now. */
unsigned int plan_run(struct plan *plan, enum driver_when when);

/* Load one driver, whatever its time. Returns: as DRIVERD_LOAD. */
int plan_load(struct plan *plan, const char *name);

#endif
