/* drivers/bridges/pci/pcie-hotplug/windows.h: addresses for what is put into a slot.
 *
 * Firmware gives the bridge above a slot windows of the address space (PCI-to-PCI Bridge 1.2, 3.2.5), also
 * when the slot is empty. What comes to an empty slot has all of them.
 */
#ifndef PCIE_HOTPLUG_WINDOWS_H
#define PCIE_HOTPLUG_WINDOWS_H

#include <driver/api.h>

/* Give the functions on @bus, behind @bridge, addresses in its windows. Memory only: I/O ports and expansion
 * ROMs stay off. Returns: 0; -ENODEV there is none; -ENOSPC they do not fit; -EOPNOTSUPP a bridge. */
int windows_assign(uint16_t bridge, uint8_t bus);

#endif
