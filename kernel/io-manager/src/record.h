/* kernel/io-manager/src/record.h: the records in vfsd's replies, taken apart with suspicion. */
#ifndef IO_RECORD_H
#define IO_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <albireo/vfs.h>

struct record_view {
	const struct vfs_record *record;
	const char *name;
	const char *target;
	uint32_t name_len, target_len;
	bool has_attr;
};

/* The record at *@at of @data; moves *@at behind it.
 * Returns: 1; 0 at the end; -EIO when the bytes are no record. */
int record_next(const void *data, uint32_t len, uint32_t *at, struct record_view *out);

#endif
