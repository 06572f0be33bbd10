/* services/vfsd/src/disk_ext4_store.c: see disk_ext4_store.h. */
#include "disk_ext4_store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <blockdev/blockdev.h>
#include <state/table.h>

#include "kernel.h"

/* What one changed block takes of the undo log, at most, and what must be left for the request's own. */
#define LOG_BYTES_EACH 512u
#define LOG_BYTES_KEPT (48u << 10)
#define RELEASE_AT_ONCE 128u

struct kept_block {
	struct state_table_node by_number;
	ref_t newest;		/* contents; applied if `epoch` is the store's, else frozen */
	ref_t older;		/* frozen contents that lie under an applied copy */
	uint32_t epoch;
	uint32_t pad;
};

static struct volume_store *volume_of(struct ext4_store *store)
{
	return store->context;
}

static const struct hash_key seed;

/* ---- the cache ---- */

static unsigned int set_of(uint64_t number)
{
	return (unsigned int)((number ^ number / STORE_SETS) % STORE_SETS);
}

static uint8_t *cache_find(struct block_cache *cache, uint64_t number)
{
	unsigned int set = set_of(number);

	for (unsigned int way = 0; way < STORE_WAYS; way++)
		if (cache->numbers[set][way] == number + 1)
			return cache->data[set][way];
	return NULL;
}

static void cache_drop(struct block_cache *cache, uint64_t number)
{
	unsigned int set = set_of(number);

	for (unsigned int way = 0; way < STORE_WAYS; way++)
		if (cache->numbers[set][way] == number + 1)
			cache->numbers[set][way] = 0;
}

static void cache_put(struct block_cache *cache, uint64_t number, const void *data, uint32_t len)
{
	unsigned int set = set_of(number), way;
	uint8_t *place = cache_find(cache, number);

	if (!place) {
		way = cache->victim[set]++ % STORE_WAYS;
		if (!cache->data[set][way])
			cache->data[set][way] = malloc(len);
		place = cache->data[set][way];
		if (!place)
			return;
		cache->numbers[set][way] = number + 1;
	}
	memcpy(place, data, len);
}

void store_forget_cache(struct volume_store *store)
{
	struct block_cache *cache = &store->cache;

	for (unsigned int set = 0; set < STORE_SETS; set++) {
		for (unsigned int way = 0; way < STORE_WAYS; way++) {
			free(cache->data[set][way]);
			cache->data[set][way] = NULL;
			cache->numbers[set][way] = 0;
		}
	}
}

/* ---- copies ---- */

static struct kept_block *find_block(const struct kept_store *kept, uint64_t number)
{
	return arena_at((ref_t)state_table_find(&arena, kept->blocks, number, NULL, 0));
}

static bool is_applied(const struct kept_store *kept, const struct kept_block *block)
{
	return block->newest && block->epoch == kept->epoch;
}

static ref_t copy_of(const struct kept_store *kept, const struct kept_block *block, enum ext4_copy copy)
{
	if (copy == EXT4_APPLIED)
		return is_applied(kept, block) ? block->newest : 0;
	return is_applied(kept, block) ? block->older : block->newest;
}

static const void *store_find(struct ext4_store *store, uint64_t number, enum ext4_copy copy)
{
	const struct kept_store *kept = volume_of(store)->kept;
	const struct kept_block *block = find_block(kept, number);

	return block ? arena_at(copy_of(kept, block, copy)) : NULL;
}

static int store_read(struct ext4_store *store, uint64_t number, void *buf)
{
	struct volume_store *volume = volume_of(store);
	const struct kept_block *block = find_block(volume->kept, number);
	const void *data = block ? arena_at(block->newest) : NULL;
	int err;

	if (!data)
		data = cache_find(&volume->cache, number);
	if (data) {
		memcpy(buf, data, volume->block_bytes);
		return 0;
	}
	err = volume->dev->ops->read(volume->dev, number * volume->block_bytes, buf, volume->block_bytes);
	if (!err)
		cache_put(&volume->cache, number, buf, volume->block_bytes);
	return err;
}

static struct kept_block *add_block(struct kept_store *kept, uint64_t number)
{
	ref_t ref = arena_alloc(sizeof(struct kept_block));
	struct kept_block *block = arena_at(ref);

	if (!ref)
		return NULL;
	block->by_number.key = number;
	if (state_table_insert(&arena, kept->blocks, ref))
		return NULL;
	ARENA_SET(kept->nblocks, kept->nblocks + 1);
	return block;
}

static void drop_if_empty(struct kept_store *kept, struct kept_block *block)
{
	if (block->newest || block->older)
		return;
	state_table_remove(&arena, kept->blocks, arena_ref(block));
	arena_free(arena_ref(block));
	ARENA_SET(kept->nblocks, kept->nblocks - 1);
}

static int apply_one(struct volume_store *volume, const struct ext4_change *change)
{
	struct kept_store *kept = volume->kept;
	struct kept_block *block = find_block(kept, change->block);
	ref_t data = arena_alloc(volume->block_bytes);

	if (!block)
		block = add_block(kept, change->block);
	if (!block || !data)
		return -ENOMEM;
	memcpy(arena_at(data), change->data, volume->block_bytes);
	if (is_applied(kept, block)) {
		arena_free(block->newest);
	} else if (block->newest) {
		arena_free(block->older);
		ARENA_SET(block->older, block->newest);
	}
	ARENA_SET(block->newest, data);
	ARENA_SET(block->epoch, kept->epoch);
	return 0;
}

static void apply_free(struct volume_store *volume, uint64_t number)
{
	struct kept_store *kept = volume->kept;
	struct kept_block *block = find_block(kept, number);

	cache_drop(&volume->cache, number);
	if (!block || !is_applied(kept, block))
		return;
	arena_free(block->newest);
	ARENA_SET(block->newest, block->older);
	ARENA_SET(block->older, 0);
	ARENA_SET(block->epoch, kept->epoch - 1);
	drop_if_empty(kept, block);
}

/* Changes of a transaction that cannot take them all are for the next one, after a commit. On an error the
 * caller's transaction is undone. */
static int store_apply(struct ext4_store *store, const struct ext4_change *changes, size_t n)
{
	struct volume_store *volume = volume_of(store);
	int err = 0;

	if (volume->kept->nblocks + n > STORE_BLOCKS_MAX || arena_log_room() < LOG_BYTES_KEPT + n * LOG_BYTES_EACH)
		return -ENOSPC;
	for (size_t i = 0; !err && i < n; i++) {
		if (changes[i].data)
			err = apply_one(volume, &changes[i]);
		else
			apply_free(volume, changes[i].block);
	}
	return err;
}

static size_t store_count(struct ext4_store *store)
{
	return volume_of(store)->kept->nblocks;
}

/* ---- freezing ---- */

static void store_freeze(struct ext4_store *store)
{
	struct volume_store *volume = volume_of(store);
	struct kept_store *kept = volume->kept;
	bool is_ours = !arena_is_changing();
	state_off_t at;

	if (is_ours)
		arena_begin();
	ARENA_SET(kept->epoch, kept->epoch + 1);
	if (is_ours)
		arena_commit();
	volume->nfrozen = 0;
	for (at = state_table_next(&arena, kept->blocks, 0); at; at = state_table_next(&arena, kept->blocks, at)) {
		const struct kept_block *block = arena_at((ref_t)at);

		volume->frozen[volume->nfrozen++] = (struct frozen_block){
			.number = block->by_number.key, .data = arena_at(block->newest),
		};
	}
}

static bool store_frozen(struct ext4_store *store, size_t index, uint64_t *number, const void **data)
{
	const struct volume_store *volume = volume_of(store);

	if (index >= volume->nfrozen)
		return false;
	*number = volume->frozen[index].number;
	*data = volume->frozen[index].data;
	return true;
}

static void release_one(struct volume_store *volume, const struct frozen_block *frozen)
{
	struct kept_store *kept = volume->kept;
	struct kept_block *block = find_block(kept, frozen->number);

	if (!block)
		return;
	cache_put(&volume->cache, frozen->number, frozen->data, volume->block_bytes);
	arena_free(block->older);
	ARENA_SET(block->older, 0);
	if (!is_applied(kept, block)) {
		arena_free(block->newest);
		ARENA_SET(block->newest, 0);
	}
	drop_if_empty(kept, block);
}

static void store_release(struct ext4_store *store)
{
	struct volume_store *volume = volume_of(store);
	bool is_ours = !arena_is_changing();

	for (size_t i = 0; i < volume->nfrozen; i += RELEASE_AT_ONCE) {
		if (is_ours)
			arena_begin();
		for (size_t j = i; j < volume->nfrozen && j < i + RELEASE_AT_ONCE; j++)
			release_one(volume, &volume->frozen[j]);
		if (is_ours)
			arena_commit();
	}
	volume->nfrozen = 0;
}

static struct ext4_time store_now(struct ext4_store *store)
{
	struct vfs_time now;

	(void)store;
	kernel_now(&now);
	return (struct ext4_time){ .sec = now.sec, .nsec = now.nsec };
}

static const struct ext4_store_ops ops = {
	.read = store_read, .apply = store_apply, .find = store_find, .count = store_count, .freeze = store_freeze,
	.frozen = store_frozen, .release = store_release, .now = store_now,
};

/* ---- life ---- */

ref_t store_create(void)
{
	ref_t ref = arena_alloc(sizeof(struct kept_store));
	struct kept_store *kept = arena_at(ref);

	if (!ref)
		return 0;
	kept->epoch = 1;
	kept->blocks = (ref_t)state_table_create(&arena, &seed);
	return kept->blocks ? ref : 0;
}

/* Returns: false when nothing is left. */
static bool free_some(struct kept_store *kept)
{
	state_off_t at;

	for (unsigned int i = 0; i < RELEASE_AT_ONCE && (at = state_table_next(&arena, kept->blocks, 0)); i++) {
		struct kept_block *block = arena_at((ref_t)at);

		arena_free(block->newest);
		arena_free(block->older);
		ARENA_SET(block->newest, 0);
		ARENA_SET(block->older, 0);
		drop_if_empty(kept, block);
	}
	return kept->nblocks;
}

void store_destroy(ref_t ref)
{
	struct kept_store *kept = arena_at(ref);
	bool has_more = true;

	while (has_more) {
		arena_begin();
		has_more = free_some(kept);
		arena_commit();
	}
	arena_begin();
	state_table_destroy(&arena, kept->blocks);
	arena_free(ref);
	arena_commit();
}

void store_attach(struct volume_store *store, ref_t kept, struct blockdev *dev, uint32_t block_bytes)
{
	store->base = (struct ext4_store){ .ops = &ops, .context = store };
	store->kept = arena_at(kept);
	store->dev = dev;
	store->block_bytes = block_bytes;
	store->nfrozen = 0;
}
