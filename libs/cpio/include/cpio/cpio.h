/* cpio/cpio.h: read a newc archive (cpio -H newc) that lies in memory.
 *
 * The boot bundle is one. Its builder pads each name with NULs so that the file's
 * data starts on a page of the archive; such padding is no part of the name. Zero bytes
 * behind a file's data, up to the next page, are skipped.
 * Nothing is copied: an entry points into the archive. The archive may be hostile.
 */
#ifndef CPIO_CPIO_H
#define CPIO_CPIO_H

#include <stddef.h>
#include <stdint.h>

/* Made by cpio_open(). */
struct cpio_reader {
	const void *archive;
	size_t len;
	size_t offset; /* of the next header; a multiple of 4 */
};

struct cpio_entry {
	const char *name; /* terminated, inside the archive */
	size_t name_len;
	const void *data;
	size_t data_len;
	uint32_t ino, mode, uid, gid, nlink, mtime;
	uint32_t rdev_major, rdev_minor;
};

void cpio_open(struct cpio_reader *reader, const void *archive, size_t len);

/* Returns: 1 and the next entry; 0 at the trailer; -EINVAL if the archive is damaged or
 * ends without a trailer, and then every further call says the same. */
int cpio_next(struct cpio_reader *reader, struct cpio_entry *entry);

/* Find the entry called @name, from the archive's start.
 * Returns: 0; -ENOENT; -EINVAL if damage comes first. */
int cpio_find(const void *archive, size_t len, const char *name, struct cpio_entry *entry);

#endif
