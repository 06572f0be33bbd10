/* libs/ext4/src/hash.h: the hashes that order an indexed directory. */
#ifndef EXT4_SRC_HASH_H
#define EXT4_SRC_HASH_H

#include "fs.h"

struct name_hash {
	uint32_t major;		/* even: the low bit of an index's key means "goes on from the leaf before" */
	uint32_t minor;
};

/* @version: HASH_*, HASH_UNSIGNED added. */
struct name_hash name_hash(const struct ext4 *fs, uint32_t version, const char *name, size_t len);

#endif
