/* kernel/compat/src/linux/vdso.c: the vDSO's pages, once for all programs. */
#include <compat/linux.h>
#include <hal/boot_info.h>
#include <nucleus/panic.h>

extern const char vdso_image[], vdso_image_end[];

void linux_vdso_init(void)
{
	uint64_t bytes = (uint64_t)(vdso_image_end - vdso_image);
	uint64_t at = (uint64_t)(uintptr_t)vdso_image - BOOT_KERNEL_BASE;

	if (mm_object_create_physical(at, bytes, &ps_vdso.image) ||
	    mm_object_create_physical(clock_page_physical(), PAGE_SIZE, &ps_vdso.clock_page))
		panic("no memory for the vDSO");
	ps_vdso.image_bytes = bytes;
}
