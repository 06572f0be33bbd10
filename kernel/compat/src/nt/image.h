/* kernel/compat/src/nt/image.h: PE images in address spaces. */
#ifndef COMPAT_NT_IMAGE_H
#define COMPAT_NT_IMAGE_H

#include <mm/space.h>

#include "../linux/exec_image.h"

#define NT_GRANULARITY 65536ull		/* of allocations and views */
#define NT_IMAGE_MAX_BYTES (2ull << 30)

/* Map @image, the one of @i, with all its sections at @wanted (0: its preferred base) if that is free, else
 * anywhere. @file: io's struct file for the areas. Pages are as in the file: the process relocates them.
 * Returns: 0 and the base; -ENOEXEC -ENOMEM -EIO. */
int nt_image_map(struct mm_space *s, struct exec_image *image, struct inode *i, void *file, uint64_t wanted,
	uint64_t *base);

/* SECTION_IMAGE_INFORMATION (winternl.h). */
struct nt_image_information {
	uint64_t entry;
	uint32_t zero_bits, pad;
	uint64_t stack_reserve, stack_commit;
	uint32_t subsystem;
	uint16_t subsystem_minor, subsystem_major;
	uint16_t os_major, os_minor;
	uint16_t characteristics, dll_characteristics;
	uint16_t machine;
	uint8_t contains_code, flags;
	uint32_t loader_flags, file_bytes, checksum;
};
/* All of it but the file's size. */
void nt_describe_image(const struct exec_image *image, struct nt_image_information *out);

#endif
