/* services/loaderd/src/load.h: from a file to its image layout. */
#ifndef LOADERD_LOAD_H
#define LOADERD_LOAD_H

#include <stddef.h>
#include <stdint.h>

#include <albireo/exec.h>

/* Where a file's bytes come from. `read` returns how many of @len bytes at @offset it got,
 * fewer only at the end, or a negative errno. */
struct load_file {
	long (*read)(void *ctx, uint64_t offset, void *buf, size_t len);
	void *ctx;
	uint64_t bytes;
};

/* Returns: 0 and *@layout; the error that Linux' execve gives for such a file: -ENOEXEC
 * -EINVAL -EIO -ENOENT -ENAMETOOLONG. The file may be hostile and may change meanwhile. */
int load_layout(const struct load_file *file, struct image_layout *layout);

/* The same for a PE32+ file: -ENOEXEC for what Windows would not map. */
int load_pe_layout(const struct load_file *file, struct image_layout *layout);
/* What the kernel needs of an ntdll.dll. Returns: 0; -ENOEXEC -EIO -ENOMEM. */
int load_entry_points(const struct load_file *file, struct image_entry_points *out);

#endif
