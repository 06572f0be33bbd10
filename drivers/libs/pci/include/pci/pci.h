/* drivers/libs/pci/include/pci/pci.h: what drivers of PCI functions have in common (PCI 3.0, 6). */
#ifndef PCI_PCI_H
#define PCI_PCI_H

#include <driver/api.h>

#define PCI_NO_FUNCTION 0xffffu

/* Base class, subclass and programming interface, as 0xCCSSPP. */
uint32_t pci_class(uint16_t bdf);
/* Let it decode memory and be bus master. */
void pci_enable(uint16_t bdf);
/* The first @bytes behind BAR @i, where firmware has placed it. NULL: it is none of memory. */
volatile void *pci_map_bar(uint16_t bdf, unsigned i, size_t bytes);
#define PCI_CAP_VENDOR 0x09
#define PCI_CAP_EXPRESS 0x10
/* Capability @id, the first behind @after (0: of all). Returns: its offset; 0: none. */
uint8_t pci_find_capability(uint16_t bdf, uint8_t id, uint8_t after);
/* One interrupt for all that the function tells, by MSI-X or MSI. Returns: 0; -ENODEV it has neither; others.
 * Context: init, and calls of those that drv_pci_listen() named. */
int pci_request_interrupt(uint16_t bdf, void (*handler)(void *), void *context);

#endif
