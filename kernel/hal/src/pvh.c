/* kernel/hal/src/pvh.c: boot_info from a PVH start (Xen's hvm/start_info.h ABI, as QEMU passes it). */
#include <hal/hal.h>
#include <nucleus/log.h>
#include <string.h>

#define PVH_MAGIC 0x336ec578
#define MEMMAP_RAM 1
#define LOW_MEMORY_END 0x100000

struct pvh_start_info {
	uint32_t magic, version, flags, nr_modules;
	uint64_t modlist, cmdline, rsdp, memmap;
	uint32_t memmap_entries, reserved;
};
struct pvh_module { uint64_t paddr, size, cmdline, reserved; };
struct pvh_memmap { uint64_t addr, size; uint32_t type, reserved; };

struct boot_info boot_info;
extern char __kernel_start[], __kernel_end[];

void pvh_fill_boot_info(uint64_t start_info);

static void *low(uint64_t phys)
{
	return (void *)(uintptr_t)(phys + BOOT_DIRECT_MAP_BASE);
}

static void add_ram(uint64_t start, uint64_t end)
{
	start = ALIGN_UP(MAX(start, LOW_MEMORY_END), PAGE_SIZE);
	end = ALIGN_DOWN(end, PAGE_SIZE);
	if (start < end && boot_info.nram < BOOT_MAX_RANGES)
		boot_info.ram[boot_info.nram++] = (struct boot_range){ start, end };
}

void pvh_fill_boot_info(uint64_t at)
{
	const struct pvh_start_info *si = low(at);
	const struct pvh_memmap *map = low(si->memmap);

	if (si->magic != PVH_MAGIC)
		panic("PVH: the start info at %llxh has no magic", (unsigned long long)at);
	for (uint32_t i = 0; i < si->memmap_entries; i++) {
		if (map[i].type == MEMMAP_RAM)
			add_ram(map[i].addr, map[i].addr + map[i].size);
	}
	boot_info.kernel.start = (uint64_t)(uintptr_t)__kernel_start - BOOT_KERNEL_BASE;
	boot_info.kernel.end = (uint64_t)(uintptr_t)__kernel_end - BOOT_KERNEL_BASE;
	boot_info.rsdp = si->rsdp;
	if (si->nr_modules) {
		const struct pvh_module *m = low(si->modlist);

		boot_info.bundle = (struct boot_range){ m->paddr, m->paddr + m->size };
	}
	if (si->cmdline) {
		strncpy(boot_info.command_line, low(si->cmdline), sizeof(boot_info.command_line) - 1);
	}
}
