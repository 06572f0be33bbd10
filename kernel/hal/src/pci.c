/* kernel/hal/src/pci.c: PCI configuration space through ports CF8h and CFCh (PCI 3.0, 3.2.2.3.2). */
#include <lowlevel/cpu.h>
#include <lowlevel/spinlock.h>
#include "internal.h"

#define PCI_ADDRESS 0xcf8
#define PCI_DATA 0xcfc
#define PCI_HEADER_TYPE 0x0e
#define PCI_SECONDARY_BUS 0x19
#define HEADER_BRIDGE 1
#define HEADER_MULTI_FUNCTION 0x80

static struct spinlock pci_lock = SPINLOCK_INIT(IRQ_TABLE);

static void select(uint16_t bdf, uint16_t offset)
{
	outl(PCI_ADDRESS, 0x80000000u | (uint32_t)bdf << 8 | (offset & 0xfcu));
}

uint32_t hal_pci_read(uint16_t bdf, uint16_t offset, unsigned bytes)
{
	uint64_t flags = spin_lock_irqsave(&pci_lock);
	uint32_t v;

	select(bdf, offset);
	if (bytes == 1)
		v = inb((uint16_t)(PCI_DATA + (offset & 3)));
	else if (bytes == 2)
		v = inw((uint16_t)(PCI_DATA + (offset & 2)));
	else
		v = inl(PCI_DATA);
	spin_unlock_irqrestore(&pci_lock, flags);
	return v;
}

void hal_pci_write(uint16_t bdf, uint16_t offset, unsigned bytes, uint32_t value)
{
	uint64_t flags = spin_lock_irqsave(&pci_lock);

	select(bdf, offset);
	if (bytes == 1)
		outb((uint16_t)(PCI_DATA + (offset & 3)), (uint8_t)value);
	else if (bytes == 2)
		outw((uint16_t)(PCI_DATA + (offset & 2)), (uint16_t)value);
	else
		outl(PCI_DATA, value);
	spin_unlock_irqrestore(&pci_lock, flags);
}

bool hal_pci_present(void)
{
	return hal_pci_read(0, 0, 4) != 0xffffffffu;
}

struct bus_walk {
	void (*fn)(uint16_t bdf, void *context);
	void *context;
	uint64_t seen[256 / 64];	/* bridges that firmware left without numbers lead back to bus 0 */
	uint8_t queue[256];
	unsigned nqueued;
};

static void queue_bus(struct bus_walk *w, uint8_t bus)
{
	if (w->seen[bus / 64] & 1ull << bus % 64)
		return;
	w->seen[bus / 64] |= 1ull << bus % 64;
	w->queue[w->nqueued++] = bus;
}

/* Returns: whether the function is one of several. */
static bool visit(struct bus_walk *w, uint16_t bdf)
{
	uint8_t type = (uint8_t)hal_pci_read(bdf, PCI_HEADER_TYPE, 1);

	if ((type & 0x7f) == HEADER_BRIDGE)
		queue_bus(w, (uint8_t)hal_pci_read(bdf, PCI_SECONDARY_BUS, 1));
	w->fn(bdf, w->context);
	return type & HEADER_MULTI_FUNCTION;
}

static void walk_slot(struct bus_walk *w, uint16_t slot)
{
	bool is_multi = false;

	for (uint16_t bdf = slot; bdf < slot + 8; bdf++) {
		if ((hal_pci_read(bdf, 0, 4) & 0xffff) != 0xffff)
			is_multi |= visit(w, bdf);
		if (!is_multi)
			return;
	}
}

void hal_pci_for_each(void (*fn)(uint16_t bdf, void *context), void *context)
{
	struct bus_walk w = { .fn = fn, .context = context };

	queue_bus(&w, 0);
	for (unsigned i = 0; i < w.nqueued; i++) {
		for (unsigned device = 0; device < 32; device++)
			walk_slot(&w, (uint16_t)(w.queue[i] << 8 | device << 3));
	}
}
