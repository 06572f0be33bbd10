/* kernel/io-manager/src/inventory.c: which devices are there, for the aliases of drivers.
 *
 * PCI functions are looked for each time that somebody asks, for they come and go; other devices
 * are announced by the driver of their bus.
 */
#include <alias/alias.h>
#include <driver/api.h>
#include <errno.h>
#include <hal/hal.h>
#include <io/module.h>
#include <lowlevel/cpu.h>
#include <mm/heap.h>
#include <nucleus/atomic.h>
#include <nucleus/log.h>
#include <string.h>

#include "device.h"

#define PCI_CLASS 0x08
#define PCI_HEADER_TYPE 0x0e
#define PCI_SUBSYSTEM 0x2c
#define I8042_STATUS 0x64
#define NO_DEVICE 0xff	/* what an empty port reads as */

struct announced {
	char modalias[ALIAS_BYTES];
	const bool *is_taken;
	struct announced *next;
};
static struct announced *devices;	/* added to at boot only, and by modules, one after the other */

struct question {
	const char *pattern;
	bool is_there;
};

void drv_device_announce(const char *modalias, const bool *is_taken)
{
	struct announced *d = strlen(modalias) < ALIAS_BYTES ? kmalloc(sizeof(*d), 0) : NULL;

	if (!d) {
		log_warn(DRIVER, "%s is not announced", modalias);
		return;
	}
	memcpy(d->modalias, modalias, strlen(modalias) + 1);
	d->is_taken = is_taken;
	d->next = devices;
	atomic_store(&devices, d);
	device_changed();
}

static void ask(struct question *q, const char *modalias)
{
	q->is_there |= alias_matches(q->pattern, modalias);
}

static void ask_function(uint16_t bdf, void *context)
{
	struct alias_pci id = {
		.vendor = (uint16_t)hal_pci_read(bdf, 0, 2),
		.device = (uint16_t)hal_pci_read(bdf, 2, 2),
		.class = hal_pci_read(bdf, PCI_CLASS, 4) >> 8,
	};
	char modalias[ALIAS_BYTES];

	if (!(hal_pci_read(bdf, PCI_HEADER_TYPE, 1) & 0x7f)) {
		uint32_t subsystem = hal_pci_read(bdf, PCI_SUBSYSTEM, 4);

		id.subvendor = (uint16_t)subsystem;
		id.subdevice = (uint16_t)(subsystem >> 16);
	}
	alias_of_pci(&id, modalias);
	ask(context, modalias);
}

int device_probe_alias(const char *alias)
{
	char pattern[ALIAS_BYTES];
	struct question q = { .pattern = pattern };
	int err = alias_pattern(alias, pattern);

	if (err)
		return err;
	for (const struct announced *d = atomic_load(&devices); d; d = d->next)
		ask(&q, d->modalias);
	if (!strncmp(pattern, "pci:", 4) && hal_pci_present())
		hal_pci_for_each(ask_function, &q);
	if (!strncmp(pattern, "platform:", 9) && inb(I8042_STATUS) != NO_DEVICE)
		ask(&q, "platform:i8042");
	return q.is_there;
}

bool device_any_spare(void)
{
	for (const struct announced *d = atomic_load(&devices); d; d = d->next) {
		if (!*d->is_taken)
			return true;
	}
	return hal_pci_present() || device_any_named();
}
