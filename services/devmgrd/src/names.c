/* services/devmgrd/src/names.c: see names.h. */
#include "names.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>

#include "kernel.h"

#define NAME_BYTES 32
#define GROUP_TTY 5	/* Debian's groups */
#define GROUP_VIDEO 44

static const struct rule {
	const char *format;	/* of the device's number */
	uint32_t mode, gid;
} rules[DEVICE_KIND_END] = {
	/* Who opens one of these inputd has to admit, too. */
	[DEVICE_INPUT] = { "input/event%u", 0660, 0 },
	[DEVICE_SCREEN] = { "fb%u", 0660, GROUP_VIDEO },
	[DEVICE_SERIAL] = { "ttyS%u", 0620, GROUP_TTY },
};

/* Returns: NULL: a kind without names. */
static const struct rule *name_of(const struct device_info *info, char name[NAME_BYTES])
{
	const struct rule *rule = info->kind < DEVICE_KIND_END ? &rules[info->kind] : NULL;

	if (!rule || !rule->format)
		return NULL;
	snprintf(name, NAME_BYTES, rule->format, info->number);
	return rule;
}

static void publish(const struct device_info *info)
{
	char name[NAME_BYTES];
	const struct rule *rule = name_of(info, name);
	int err = rule ? kernel_publish(name, rule->mode, rule->gid, info) : 0;

	if (err && err != -EEXIST)
		kernel_log("cannot publish /dev/%s: error %d", name, -err);
}

/* Returns: whether the inventory has lost it. */
static bool forget(const struct device_info *info)
{
	char name[NAME_BYTES];
	int err = name_of(info, name) ? kernel_unpublish(name) : 0;

	if (err && err != -ENOENT)
		kernel_log("cannot take /dev/%s back: error %d", name, -err);
	return !kernel_forget(info);
}

static void forget_gone(void)
{
	struct device_info info;
	uint32_t i = 0;

	while (!kernel_list(i, &info)) {
		if (!(info.flags & DEVICE_GONE) || !forget(&info))
			i++;
	}
}

void names_update(void)
{
	struct device_info info;
	int err;

	/* First: a number may be another device's once it is forgotten. */
	forget_gone();
	err = kernel_load_drivers();
	if (err)
		kernel_log("drivers are not loaded: error %d", -err);
	for (uint32_t i = 0; !kernel_list(i, &info); i++) {
		if (!(info.flags & DEVICE_GONE))
			publish(&info);
	}
}
