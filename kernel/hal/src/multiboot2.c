/* kernel/hal/src/multiboot2.c: boot_info from what a Multiboot2 loader left.
 *
 * Everything is copied: the loader's memory is free afterwards. What the firmware keeps, its
 * runtime services and ACPI's tables, is not of type "available" and so never becomes ours.
 */
#include <multiboot2/multiboot2.h>
#include <nucleus/log.h>
#include <string.h>
#include "boot_info_private.h"

#define RSDP_MAX 64

static uint8_t rsdp_copy[RSDP_MAX] __aligned(16);

static void add_ram(void *context, uint64_t start, uint64_t bytes)
{
	boot_info_add_ram(start, bytes);
}

static void take_framebuffer(const struct multiboot2_framebuffer *f)
{
	boot_info.framebuffer = (struct boot_framebuffer){
		.phys = f->address, .pitch = f->pitch, .width = f->width, .height = f->height,
		.red_shift = f->red_at, .green_shift = f->green_at, .blue_shift = f->blue_at,
	};
}

void multiboot2_fill_boot_info(uint64_t at)
{
	struct multiboot2_info info;

	if (multiboot2_parse(hal_direct(at), MULTIBOOT2_INFO_MAX, add_ram, NULL, &info))
		panic("Multiboot2: there is no information at %llxh", (unsigned long long)at);
	memcpy(boot_info.command_line, info.command_line, MIN(info.command_line_bytes, sizeof(boot_info.command_line) - 1));
	if (info.module_start % PAGE_SIZE == 0)
		boot_info.bundle = (struct boot_range){ info.module_start, info.module_end };
	if (info.rsdp) {
		memcpy(rsdp_copy, info.rsdp, MIN(info.rsdp_bytes, sizeof(rsdp_copy)));
		boot_info.rsdp = (uint64_t)(uintptr_t)rsdp_copy - BOOT_KERNEL_BASE;
	}
	take_framebuffer(&info.framebuffer);
}
