/* kernel/hal/include/hal/boot_info.h: what the way in (PVH or Multiboot2) hands over. */
#ifndef HAL_BOOT_INFO_H
#define HAL_BOOT_INFO_H

#include <nucleus/compiler.h>

enum boot_door { BOOT_DOOR_PVH, BOOT_DOOR_MULTIBOOT2 };	/* boot.S knows the values */

#define BOOT_MAX_RANGES 64
#define BOOT_DIRECT_MAP_BASE 0xffff888000000000ull	/* at least the first 4 GiB, from the first C line on */
#define BOOT_KERNEL_BASE 0xffffffff80000000ull

struct boot_range { uint64_t start, end; };	/* bytes, end exclusive */

/* Linear, as the firmware left it; pixels of 32 bits, or width 0: there is none. */
struct boot_framebuffer {
	uint64_t phys;
	uint32_t pitch;			/* bytes from one line to the next */
	uint32_t width, height;		/* pixels */
	uint8_t red_shift, green_shift, blue_shift;	/* 8 bits each */
};

struct boot_info {
	struct boot_range ram[BOOT_MAX_RANGES];	/* usable, page-aligned, ascending */
	uint32_t nram;
	struct boot_range kernel;	/* physical, of the image */
	struct boot_range bundle;	/* physical, of the boot bundle; empty: none */
	uint64_t rsdp;			/* physical; 0: search */
	struct boot_framebuffer framebuffer;
	char command_line[256];
};
extern struct boot_info boot_info;

/* Fill boot_info from what the loader left at physical @at. Panics where that is not what @door
 * promises. Context: boot, on the boot page tables. */
void hal_boot_info_init(uint64_t at, enum boot_door door);

#endif
