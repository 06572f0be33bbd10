/* drivers/bridges/pci/pcie-hotplug/windows.c: see windows.h. */
#include "windows.h"

#include <errno.h>

#define REG_COMMAND 0x04
#define REG_HEADER_TYPE 0x0e
#define REG_BAR 0x10
#define COMMAND_DECODE 3u	/* I/O and memory */
#define HEADER_TYPE 0x7fu
#define BAR_IO 1u
#define BAR_WIDE(low) (((low) & 6) == 4)
#define BAR_PREFETCHABLE 8u
#define BAR_FLAGS 15u

#define BRIDGE_MEMORY 0x20
#define BRIDGE_PREFETCHABLE 0x24
#define BRIDGE_PREFETCHABLE_HIGH 0x28	/* of base, then of limit */
#define WINDOW_WIDE 1u

#define NFUNCTIONS 8u
#define NBARS 6u
#define MAX_BARS (NFUNCTIONS * NBARS)

struct window {
	uint64_t at, end;	/* the first free byte; the first behind it */
};

struct bar {
	uint16_t bdf, reg;
	bool is_wide, is_prefetchable;
	uint64_t bytes;
};

struct slot_bars {
	struct bar bars[MAX_BARS];
	unsigned n;
};

/* Base and limit count mebibytes in the upper 12 bits of each half. An end below its start is no window. */
static struct window window_at(uint16_t bridge, uint16_t reg)
{
	uint32_t value = drv_pci_read(bridge, reg, 4);
	uint64_t base = (value & 0xfff0) << 16, limit = value & 0xfff00000;

	if (reg == BRIDGE_PREFETCHABLE && (value & 15) == WINDOW_WIDE) {
		base |= (uint64_t)drv_pci_read(bridge, BRIDGE_PREFETCHABLE_HIGH, 4) << 32;
		limit |= (uint64_t)drv_pci_read(bridge, BRIDGE_PREFETCHABLE_HIGH + 4, 4) << 32;
	}
	return limit < base || !base ? (struct window){ 0, 0 } : (struct window){ base, limit + (1 << 20) };
}

/* How many bytes a BAR decodes: the bits that cannot be set (PCI 3.0, 6.2.5.1). */
static uint64_t measure(uint16_t bdf, uint16_t reg, bool is_wide)
{
	uint64_t mask = 0xffffffff00000000;

	drv_pci_write(bdf, reg, 4, 0xffffffff);
	mask |= drv_pci_read(bdf, reg, 4) & ~BAR_FLAGS;
	drv_pci_write(bdf, reg, 4, 0);
	if (!(uint32_t)mask && !is_wide)
		return 0;
	if (is_wide) {
		drv_pci_write(bdf, (uint16_t)(reg + 4), 4, 0xffffffff);
		mask = (uint32_t)mask | (uint64_t)drv_pci_read(bdf, (uint16_t)(reg + 4), 4) << 32;
		drv_pci_write(bdf, (uint16_t)(reg + 4), 4, 0);
	}
	return -mask;
}

/* Largest first: then nothing is lost to alignment. */
static void insert(struct slot_bars *s, struct bar bar)
{
	unsigned i = s->n++;

	for (; i && s->bars[i - 1].bytes < bar.bytes; i--)
		s->bars[i] = s->bars[i - 1];
	s->bars[i] = bar;
}

static void read_bars(struct slot_bars *s, uint16_t bdf)
{
	for (unsigned i = 0; i < NBARS; i++) {
		uint16_t reg = (uint16_t)(REG_BAR + 4 * i);
		uint32_t low = drv_pci_read(bdf, reg, 4);
		struct bar bar = { .bdf = bdf, .reg = reg, .is_wide = BAR_WIDE(low), .is_prefetchable = low & BAR_PREFETCHABLE };

		if (low & BAR_IO)
			continue;
		bar.bytes = measure(bdf, reg, bar.is_wide);
		if (bar.bytes)
			insert(s, bar);
		i += bar.is_wide;
	}
}

static int read_functions(struct slot_bars *s, uint8_t bus)
{
	bool is_any = false;

	for (uint16_t bdf = (uint16_t)(bus << 8); bdf < (bus << 8) + NFUNCTIONS; bdf++) {
		if ((drv_pci_read(bdf, 0, 4) & 0xffff) == 0xffff)
			continue;
		if (drv_pci_read(bdf, REG_HEADER_TYPE, 1) & HEADER_TYPE)
			return -EOPNOTSUPP;
		is_any = true;
		drv_pci_write(bdf, REG_COMMAND, 2, drv_pci_read(bdf, REG_COMMAND, 2) & ~COMMAND_DECODE);
		read_bars(s, bdf);
	}
	return is_any ? 0 : -ENODEV;
}

static bool place(const struct bar *bar, struct window *w)
{
	uint64_t at = (w->at + bar->bytes - 1) & -bar->bytes;

	if (at < w->at || at >= w->end || bar->bytes > w->end - at || (!bar->is_wide && (at + bar->bytes - 1) >> 32))
		return false;
	drv_pci_write(bar->bdf, bar->reg, 4, (uint32_t)at);
	if (bar->is_wide)
		drv_pci_write(bar->bdf, (uint16_t)(bar->reg + 4), 4, (uint32_t)(at >> 32));
	w->at = at + bar->bytes;
	return true;
}

int windows_assign(uint16_t bridge, uint8_t bus)
{
	struct window memory = window_at(bridge, BRIDGE_MEMORY), prefetchable = window_at(bridge, BRIDGE_PREFETCHABLE);
	struct slot_bars *s = drv_alloc(sizeof(*s));
	int err = s ? read_functions(s, bus) : -ENOMEM;

	for (unsigned i = 0; !err && i < s->n; i++) {
		const struct bar *bar = &s->bars[i];

		if (!(bar->is_prefetchable && place(bar, &prefetchable)) && !place(bar, &memory))
			err = -ENOSPC;
	}
	drv_free(s);
	return err;
}
