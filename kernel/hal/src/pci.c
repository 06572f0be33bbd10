/* kernel/hal/src/pci.c: PCI configuration space through ports CF8h and CFCh (PCI 3.0, 3.2.2.3.2). */
#include <lowlevel/cpu.h>
#include <lowlevel/spinlock.h>
#include "internal.h"

#define PCI_ADDRESS 0xcf8
#define PCI_DATA 0xcfc

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
