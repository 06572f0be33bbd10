/* drivers/bridges/pci/pcie-hotplug/pcie_hotplug.c: slots whose device comes and goes (PCI Express 5.0, 6.7, 7.5.3).
 *
 * Whoever wants a device presses the slot's attention button. Its drivers let it go, and then
 * the slot's power is turned off, which tells that it may be taken. What is put into a slot gets power,
 * addresses and drivers. */
#include <errno.h>
#include <pci/pci.h>

#include "windows.h"

#define EXPRESS_FLAGS 0x02
#define FLAGS_TYPE(flags) ((flags) >> 4 & 15)
#define FLAGS_SLOT 0x100u
#define TYPE_ROOT_PORT 4u
#define TYPE_DOWNSTREAM 6u

#define SLOT_CAPABILITIES 0x14
#define SLOT_CAN_HOTPLUG 0x40u
#define SLOT_CONTROL 0x18
#define CONTROL_BUTTON 0x01u
#define CONTROL_PRESENCE 0x08u
#define CONTROL_INTERRUPT 0x20u
#define CONTROL_LIGHT 0x300u
#define CONTROL_LIGHT_ON 0x100u
#define CONTROL_LIGHT_OFF 0x300u
#define CONTROL_POWER_OFF 0x400u
#define SLOT_STATUS 0x1a
#define STATUS_BUTTON 0x01u
#define STATUS_PRESENCE_CHANGED 0x08u
#define STATUS_EVENTS 0x1fu	/* cleared by writing them */
#define STATUS_PRESENT 0x40u
#define START_NS 1000000000ull	/* how long a device may take to answer (6.6.1) */

#define SECONDARY_BUS 0x19

struct slot {
	uint16_t bdf;
	uint8_t express;	/* offset of its capability */
	uint8_t bus;		/* behind it */
	bool is_on;		/* its device is in use */
	struct drv_worker *worker;
};

static uint32_t read16(const struct slot *s, unsigned r)
{
	return drv_pci_read(s->bdf, (uint16_t)(s->express + r), 2);
}

static void write16(const struct slot *s, unsigned r, uint32_t value)
{
	drv_pci_write(s->bdf, (uint16_t)(s->express + r), 2, value);
}

static void set_power(const struct slot *s, bool is_on)
{
	uint32_t control = read16(s, SLOT_CONTROL) & ~(CONTROL_LIGHT | CONTROL_POWER_OFF);

	write16(s, SLOT_CONTROL, control | (is_on ? CONTROL_LIGHT_ON : CONTROL_LIGHT_OFF | CONTROL_POWER_OFF));
}

static bool answers(const struct slot *s)
{
	return drv_pci_read((uint16_t)(s->bus << 8), 0, 2) != 0xffff;
}

static int prepare(void *context)
{
	const struct slot *s = context;
	uint64_t deadline = drv_clock_ns() + START_NS;

	set_power(s, true);
	while (!answers(s) && drv_clock_ns() < deadline)
		;
	return windows_assign(s->bdf, s->bus);
}

static void turn_on(struct slot *s)
{
	int err = drv_pci_added(s->bus, prepare, s);

	s->is_on = !err;
	if (!err) {
		drv_log("pcie-hotplug: a device came to bus %u", s->bus);
		return;
	}
	drv_log("pcie-hotplug: the device on bus %u cannot be used: error %d", s->bus, -err);
	set_power(s, false);
}

static void turn_off(struct slot *s)
{
	drv_pci_removed(s->bus);
	s->is_on = false;
	set_power(s, false);
}

static void work(void *context)
{
	struct slot *s = context;
	uint32_t status = read16(s, SLOT_STATUS);

	write16(s, SLOT_STATUS, status & STATUS_EVENTS);
	if (!s->is_on) {
		if ((status & (STATUS_BUTTON | STATUS_PRESENCE_CHANGED)) && (status & STATUS_PRESENT))
			turn_on(s);
	} else if (!(status & STATUS_PRESENT)) {
		drv_log("pcie-hotplug: the slot of bus %u is empty", s->bus);
		turn_off(s);
	} else if (status & STATUS_BUTTON) {
		drv_log("pcie-hotplug: the device on bus %u is wanted", s->bus);
		turn_off(s);
	}
}

static void interrupt(void *context)
{
	drv_worker_wake(((struct slot *)context)->worker);
}

/* The interrupt leads to the slot for ever, and so it stays. */
static void add_slot(uint16_t bdf, uint8_t express)
{
	struct slot *s = drv_alloc(sizeof(*s));
	int err;

	if (!s)
		return;
	*s = (struct slot){ .bdf = bdf, .express = express, .bus = (uint8_t)drv_pci_read(bdf, SECONDARY_BUS, 1) };
	s->is_on = read16(s, SLOT_STATUS) & STATUS_PRESENT;
	s->worker = drv_worker_create("pcie-hotplug", work, s);
	if (!s->worker) {
		drv_free(s);
		return;
	}
	pci_enable(bdf);
	err = pci_request_interrupt(bdf, interrupt, s);
	if (err) {
		drv_log("pcie-hotplug: slot of bus %u: error %d", s->bus, err);
		return;
	}
	write16(s, SLOT_STATUS, read16(s, SLOT_STATUS) & STATUS_EVENTS);
	write16(s, SLOT_CONTROL, read16(s, SLOT_CONTROL) | CONTROL_BUTTON | CONTROL_PRESENCE | CONTROL_INTERRUPT);
}

static void look_at(uint16_t bdf, void *context)
{
	uint8_t express = pci_find_capability(bdf, PCI_CAP_EXPRESS, 0);
	uint32_t flags, *found = context;

	if (!express)
		return;
	flags = drv_pci_read(bdf, (uint16_t)(express + EXPRESS_FLAGS), 2);
	if ((FLAGS_TYPE(flags) != TYPE_ROOT_PORT && FLAGS_TYPE(flags) != TYPE_DOWNSTREAM) || !(flags & FLAGS_SLOT) ||
	    !(drv_pci_read(bdf, (uint16_t)(express + SLOT_CAPABILITIES), 4) & SLOT_CAN_HOTPLUG))
		return;
	++*found;
	add_slot(bdf, express);
}

static int init(void)
{
	uint32_t found = 0;

	drv_pci_for_each(look_at, &found);
	return found ? 0 : -ENODEV;
}

DRIVER_ENTRY(pcie_hotplug, init);
