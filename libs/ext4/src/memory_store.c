#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <blockdev/blockdev.h>
#include <ext4/store.h>

#define BUCKETS 1024u

struct copies {
	struct copies *next;
	uint64_t block;
	uint8_t *data[2];	/* by enum ext4_copy; NULL: none */
};

struct ext4_memory_store {
	struct ext4_store store;
	struct blockdev *dev;
	uint32_t block_bytes;
	size_t count;		/* blocks with a copy */
	struct copies *buckets[BUCKETS];
	/* The frozen ones, for giving them by index. */
	struct copies **frozen;
	size_t nfrozen;
};

static struct ext4_memory_store *memory_of(struct ext4_store *store)
{
	return store->context;
}

static struct copies *find_copies(struct ext4_memory_store *memory, uint64_t block)
{
	struct copies *copies = memory->buckets[block % BUCKETS];

	while (copies && copies->block != block)
		copies = copies->next;
	return copies;
}

static struct copies *get_copies(struct ext4_memory_store *memory, uint64_t block)
{
	struct copies *copies = find_copies(memory, block);

	if (copies)
		return copies;
	copies = calloc(1, sizeof(*copies));
	if (!copies)
		return NULL;
	copies->block = block;
	copies->next = memory->buckets[block % BUCKETS];
	memory->buckets[block % BUCKETS] = copies;
	return copies;
}

static const void *store_find(struct ext4_store *store, uint64_t block, enum ext4_copy copy)
{
	struct copies *copies = find_copies(memory_of(store), block);

	return copies ? copies->data[copy] : NULL;
}

static int store_read(struct ext4_store *store, uint64_t block, void *buf)
{
	struct ext4_memory_store *memory = memory_of(store);
	const void *data = store_find(store, block, EXT4_APPLIED);

	if (!data)
		data = store_find(store, block, EXT4_FROZEN);
	if (!data)
		return memory->dev->ops->read(memory->dev, block * memory->block_bytes, buf, memory->block_bytes);
	memcpy(buf, data, memory->block_bytes);
	return 0;
}

static bool is_counted(const struct copies *copies)
{
	return copies->data[EXT4_APPLIED] || copies->data[EXT4_FROZEN];
}

static void set_applied(struct ext4_memory_store *memory, struct copies *copies, uint8_t *data)
{
	memory->count -= is_counted(copies);
	free(copies->data[EXT4_APPLIED]);
	copies->data[EXT4_APPLIED] = data;
	memory->count += is_counted(copies);
}

/* Copies of all first, so that nothing fails after the first change. */
static int store_apply(struct ext4_store *store, const struct ext4_change *changes, size_t n)
{
	struct ext4_memory_store *memory = memory_of(store);
	uint8_t **copies = calloc(n, sizeof(*copies));
	int err = copies ? 0 : -ENOMEM;
	size_t i;

	for (i = 0; !err && i < n; i++) {
		copies[i] = changes[i].data ? malloc(memory->block_bytes) : NULL;
		if ((changes[i].data && !copies[i]) || !get_copies(memory, changes[i].block))
			err = -ENOMEM;
		else if (changes[i].data)
			memcpy(copies[i], changes[i].data, memory->block_bytes);
	}
	for (i = 0; copies && i < n; i++) {
		if (err)
			free(copies[i]);
		else
			set_applied(memory, find_copies(memory, changes[i].block), copies[i]);
	}
	free(copies);
	return err;
}

static size_t store_count(struct ext4_store *store)
{
	return memory_of(store)->count;
}

static void store_freeze(struct ext4_store *store)
{
	struct ext4_memory_store *memory = memory_of(store);
	struct copies *copies;
	unsigned int i;

	free(memory->frozen);
	memory->frozen = malloc((memory->count + 1) * sizeof(*memory->frozen));
	memory->nfrozen = 0;
	if (!memory->frozen)
		abort();
	for (i = 0; i < BUCKETS; i++) {
		for (copies = memory->buckets[i]; copies; copies = copies->next) {
			if (copies->data[EXT4_APPLIED]) {
				free(copies->data[EXT4_FROZEN]);
				copies->data[EXT4_FROZEN] = copies->data[EXT4_APPLIED];
				copies->data[EXT4_APPLIED] = NULL;
			}
			if (copies->data[EXT4_FROZEN])
				memory->frozen[memory->nfrozen++] = copies;
		}
	}
}

static bool store_frozen(struct ext4_store *store, size_t index, uint64_t *block, const void **data)
{
	struct ext4_memory_store *memory = memory_of(store);

	if (index >= memory->nfrozen)
		return false;
	*block = memory->frozen[index]->block;
	*data = memory->frozen[index]->data[EXT4_FROZEN];
	return true;
}

static void store_release(struct ext4_store *store)
{
	struct ext4_memory_store *memory = memory_of(store);
	struct copies *copies;
	size_t i;

	for (i = 0; i < memory->nfrozen; i++) {
		copies = memory->frozen[i];
		free(copies->data[EXT4_FROZEN]);
		copies->data[EXT4_FROZEN] = NULL;
		memory->count -= !is_counted(copies);
	}
	memory->nfrozen = 0;
}

static struct ext4_time store_now(struct ext4_store *store)
{
	struct timespec now;

	(void)store;
	clock_gettime(CLOCK_REALTIME, &now);
	return (struct ext4_time){ now.tv_sec, (uint32_t)now.tv_nsec };
}

static const struct ext4_store_ops ops = {
	.read = store_read, .apply = store_apply, .find = store_find, .count = store_count, .freeze = store_freeze,
	.frozen = store_frozen, .release = store_release, .now = store_now,
};

struct ext4_memory_store *ext4_memory_store_create(struct blockdev *dev, uint32_t block_bytes)
{
	struct ext4_memory_store *memory = calloc(1, sizeof(*memory));

	if (!memory)
		return NULL;
	memory->store = (struct ext4_store){ &ops, memory };
	memory->dev = dev;
	memory->block_bytes = block_bytes;
	return memory;
}

void ext4_memory_store_destroy(struct ext4_memory_store *memory)
{
	struct copies *copies, *next;
	unsigned int i;

	for (i = 0; i < BUCKETS; i++) {
		for (copies = memory->buckets[i]; copies; copies = next) {
			next = copies->next;
			free(copies->data[EXT4_APPLIED]);
			free(copies->data[EXT4_FROZEN]);
			free(copies);
		}
	}
	free(memory->frozen);
	free(memory);
}

struct ext4_store *ext4_memory_store_ops(struct ext4_memory_store *memory)
{
	return &memory->store;
}
