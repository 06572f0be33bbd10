/* kernel/hal/src/pvh.c: boot_info from a PVH start (Xen's hvm/start_info.h ABI, as QEMU passes it). */
#include <nucleus/log.h>
#include <string.h>
#include "boot_info_private.h"

#define PVH_MAGIC 0x336ec578
#define MEMMAP_RAM 1

struct pvh_start_info {
	uint32_t magic, version, flags, nr_modules;
	uint64_t modlist, cmdline, rsdp, memmap;
	uint32_t memmap_entries, reserved;
};
struct pvh_module { uint64_t paddr, size, cmdline, reserved; };
struct pvh_memmap { uint64_t addr, size; uint32_t type, reserved; };

void pvh_fill_boot_info(uint64_t at)
{
	const struct pvh_start_info *si = hal_direct(at);
	const struct pvh_memmap *map = hal_direct(si->memmap);

	if (si->magic != PVH_MAGIC)
		panic("PVH: the start info at %llxh has no magic", (unsigned long long)at);
	for (uint32_t i = 0; i < si->memmap_entries; i++) {
		if (map[i].type == MEMMAP_RAM)
			boot_info_add_ram(map[i].addr, map[i].size);
	}
	boot_info.rsdp = si->rsdp;
	if (si->nr_modules) {
		const struct pvh_module *m = hal_direct(si->modlist);

		boot_info.bundle = (struct boot_range){ m->paddr, m->paddr + m->size };
	}
	if (si->cmdline) {
		strncpy(boot_info.command_line, hal_direct(si->cmdline), sizeof(boot_info.command_line) - 1);
	}
}
