/* ext4/store.h: where changed blocks wait for the journal.
 *
 * The library remembers no change. Each operation works on copies and hands all
 * blocks that it changed to apply() at its end; every read asks the store first. So
 * whoever keeps the store's memory past its own death keeps all acknowledged changes.
 *
 * A store has up to two copies of a block: an applied one, and a frozen one that a
 * commit is writing. freeze() makes all applied copies frozen; an older frozen copy
 * (of a commit that did not end) gives way to a newer one of the same block, and
 * is kept where there is none. The frozen ones stay as they are until release().
 *
 * Blocks are of ext4_block_bytes() and numbered from the start of the device. ext4_open(), ext4_close()
 * and the commit write the device beside the store: one that caches what it read must not do so over those.
 */
#ifndef EXT4_STORE_H
#define EXT4_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct blockdev;
struct ext4_store;

struct ext4_time {
	int64_t sec;
	uint32_t nsec;
};

/* One block's new contents. Without @data the block was freed: its applied copy goes, a
 * frozen one stays. */
struct ext4_change {
	uint64_t block;
	const void *data;
};

enum ext4_copy {
	EXT4_APPLIED,
	EXT4_FROZEN,
};

struct ext4_store_ops {
	/* The newest contents: applied, else frozen, else the device's. 0, -EIO, -ENOMEM. */
	int (*read)(struct ext4_store *store, uint64_t block, void *buf);
	/* Take all @n changes or none. 0, -ENOMEM, -ENOSPC (no room in the store: commit first). */
	int (*apply)(struct ext4_store *store, const struct ext4_change *changes, size_t n);
	/* That copy of @block, good until the next apply, freeze or release; NULL: none. */
	const void *(*find)(struct ext4_store *store, uint64_t block, enum ext4_copy copy);
	/* How many blocks freeze() would leave frozen. */
	size_t (*count)(struct ext4_store *store);
	void (*freeze)(struct ext4_store *store);
	/* The @index-th frozen block and its contents, good until release(). Called with no
	 * lock of the caller's (ext4_commit_write). Returns: false if there are no more. */
	bool (*frozen)(struct ext4_store *store, size_t index, uint64_t *block, const void **data);
	/* The device has the frozen blocks: drop them. */
	void (*release)(struct ext4_store *store);
	/* The time for timestamps. Called with no lock of the caller's too. */
	struct ext4_time (*now)(struct ext4_store *store);
};

struct ext4_store {
	const struct ext4_store_ops *ops;
	void *context;		/* of whoever gives the ops */
};

/* A store in plain memory: for tests, tools and whoever need not outlive itself. */
struct ext4_memory_store;

/* Returns: NULL without memory. @block_bytes: ext4_probe(). */
struct ext4_memory_store *ext4_memory_store_create(struct blockdev *dev, uint32_t block_bytes);
void ext4_memory_store_destroy(struct ext4_memory_store *store);
struct ext4_store *ext4_memory_store_ops(struct ext4_memory_store *store);

#endif
