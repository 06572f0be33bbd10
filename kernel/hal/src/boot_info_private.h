/* kernel/hal/src/boot_info_private.h: what fills boot_info, one function a door. */
#ifndef HAL_BOOT_INFO_PRIVATE_H
#define HAL_BOOT_INFO_PRIVATE_H

#include "internal.h"

/* Add @bytes of usable memory at @start, in any order; what lies below 1 MiB is left out. */
void boot_info_add_ram(uint64_t start, uint64_t bytes);

void pvh_fill_boot_info(uint64_t at);
void multiboot2_fill_boot_info(uint64_t at);

#endif
