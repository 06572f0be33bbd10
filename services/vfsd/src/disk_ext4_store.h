/* services/vfsd/src/disk_ext4_store.h: an ext4 volume's changed blocks (ext4/store.h), in the arena.
 *
 * An operation's changes are part of the transaction under way, like those of nodes and
 * replies: a successor finds all of a request or nothing. A new copy is put beside the old one, so only
 * references are logged.
 *
 * What has no copy comes from the device through a cache of this process.
 *
 * Locking: the name lock, but for what ext4/store.h calls without a lock.
 */
#ifndef VFSD_DISK_EXT4_STORE_H
#define VFSD_DISK_EXT4_STORE_H

#include <ext4/store.h>

#include "arena.h"

#define STORE_BLOCKS_MAX 2048u
#define STORE_BLOCKS_DUE (STORE_BLOCKS_MAX / 2)
#define STORE_SETS 256u
#define STORE_WAYS 4u

/* In the arena. */
struct kept_store {
	ref_t blocks;		/* table of struct kept_block by number */
	uint32_t nblocks;
	uint32_t epoch;		/* copies of earlier ones are frozen */
	uint32_t pad;
};

struct frozen_block {
	uint64_t number;
	const void *data;
};

struct block_cache {
	uint64_t numbers[STORE_SETS][STORE_WAYS];	/* + 1; 0: none */
	uint8_t *data[STORE_SETS][STORE_WAYS];
	uint8_t victim[STORE_SETS];
};

struct volume_store {
	struct ext4_store base;
	struct kept_store *kept;
	struct blockdev *dev;
	uint32_t block_bytes;
	size_t nfrozen;
	struct frozen_block frozen[STORE_BLOCKS_MAX];
	struct block_cache cache;
};

/* A new store, in the transaction. 0: no room. */
ref_t store_create(void);

/* Free it and what it holds. In no transaction. */
void store_destroy(ref_t kept);

/* Begin to use the store at @kept for @dev. */
void store_attach(struct volume_store *store, ref_t kept, struct blockdev *dev, uint32_t block_bytes);

/* The library has written the device beside the store. */
void store_forget_cache(struct volume_store *store);

#endif
