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

#endif
