/* kernel/hal/src/boot_info.c: what both doors have in common. */
#include <nucleus/log.h>
#include <string.h>
#include "boot_info_private.h"

#define LOW_MEMORY_END 0x100000
#define PHYSICAL_END (1ull << 46)	/* the direct map's room */

struct boot_info boot_info;
extern char __kernel_start[], __kernel_end[];

/* Keep the ranges ascending and apart: what touches becomes one. */
void boot_info_add_ram(uint64_t start, uint64_t bytes)
{
	struct boot_range *ram = boot_info.ram;
	uint32_t first = 0, last;
	uint64_t end;

	if (start >= PHYSICAL_END)
		return;
	end = ALIGN_DOWN(start + MIN(bytes, PHYSICAL_END - start), PAGE_SIZE);
	start = ALIGN_UP(MAX(start, LOW_MEMORY_END), PAGE_SIZE);
	if (start >= end)
		return;
	while (first < boot_info.nram && ram[first].end < start)
		first++;
	for (last = first; last < boot_info.nram && ram[last].start <= end; last++) {
		start = MIN(start, ram[last].start);
		end = MAX(end, ram[last].end);
	}
	if (first == last && boot_info.nram == BOOT_MAX_RANGES)
		return;
	memmove(ram + first + 1, ram + last, (boot_info.nram - last) * sizeof(*ram));
	boot_info.nram = boot_info.nram + 1 + first - last;
	ram[first] = (struct boot_range){ start, end };
}

void hal_boot_info_init(uint64_t at, enum boot_door door)
{
	boot_info.kernel.start = (uint64_t)(uintptr_t)__kernel_start - BOOT_KERNEL_BASE;
	boot_info.kernel.end = (uint64_t)(uintptr_t)__kernel_end - BOOT_KERNEL_BASE;
	if (door == BOOT_DOOR_MULTIBOOT2)
		multiboot2_fill_boot_info(at);
	else
		pvh_fill_boot_info(at);
}
