/* Id bitmaps. Level 0 has a bit for each id; a bit of level n says that a word of
 * level n-1 is all ones. Bits of the upper levels that stand for no word are set,
 * so that a search never descends there. */
#include <errno.h>
#include <string.h>

#include <ds/idalloc.h>

#define WORD_BITS 64u
#define FULL (~(uint64_t)0)
#define NO_ID UINT32_MAX

static uint64_t bit_of(uint32_t index)
{
	return (uint64_t)1 << (index % WORD_BITS);
}

static uint32_t level_words(uint32_t capacity, unsigned int level)
{
	uint32_t nwords = capacity;
	unsigned int i;

	for (i = 0; i <= level; i++)
		nwords = (nwords + WORD_BITS - 1) / WORD_BITS;
	return nwords;
}

static void build_summary(uint64_t *const level[], uint32_t capacity)
{
	unsigned int n;
	uint32_t i;

	for (n = 1; n < IDALLOC_LEVELS; n++) {
		memset(level[n], 0xff, level_words(capacity, n) * sizeof(uint64_t));
		for (i = 0; i < level_words(capacity, n - 1); i++)
			if (level[n - 1][i] != FULL)
				level[n][i / WORD_BITS] &= ~bit_of(i);
	}
}

/* Make room for @id, which is below the limit. */
static int grow_to(struct idalloc *ids, uint32_t id)
{
	uint64_t *level[IDALLOC_LEVELS];
	uint32_t capacity = ids->capacity ? ids->capacity : WORD_BITS;
	uint32_t nwords = 0, old_words = ids->capacity / WORD_BITS;
	unsigned int n;

	while (capacity <= id)
		capacity *= 2;
	if (capacity == ids->capacity)
		return 0;
	for (n = 0; n < IDALLOC_LEVELS; n++)
		nwords += level_words(capacity, n);
	level[0] = ids->ops->alloc(ids->ctx, nwords * sizeof(uint64_t));
	if (!level[0])
		return -ENOMEM;
	for (n = 1; n < IDALLOC_LEVELS; n++)
		level[n] = level[n - 1] + level_words(capacity, n - 1);

	memset(level[0], 0, level_words(capacity, 0) * sizeof(uint64_t));
	if (old_words) {
		memcpy(level[0], ids->level[0], old_words * sizeof(uint64_t));
		ids->ops->free(ids->ctx, ids->level[0]);
	}
	build_summary(level, capacity);
	memcpy(ids->level, level, sizeof(level));
	ids->capacity = capacity;
	return 0;
}

/* The lowest clear bit at or after @from; NO_ID if all are set. */
static uint32_t find_free(const struct idalloc *ids, uint32_t from)
{
	unsigned int n = 0;
	uint32_t pos = from;

	if (from >= ids->capacity)
		return NO_ID;
	for (;;) {
		uint64_t clear = 0;

		if (pos / WORD_BITS < level_words(ids->capacity, n))
			clear = ~ids->level[n][pos / WORD_BITS] & (FULL << (pos % WORD_BITS));
		if (clear) {
			pos = pos / WORD_BITS * WORD_BITS + __builtin_ctzll(clear);
			if (n == 0)
				return pos;
			n--;
			pos *= WORD_BITS;
			continue;
		}
		if (++n == IDALLOC_LEVELS)
			return NO_ID;
		pos = pos / WORD_BITS + 1;
	}
}

static void mark_used(struct idalloc *ids, uint32_t id)
{
	unsigned int n;

	ids->nused++;
	for (n = 0; n < IDALLOC_LEVELS; n++) {
		ids->level[n][id / WORD_BITS] |= bit_of(id);
		if (ids->level[n][id / WORD_BITS] != FULL)
			return;
		id /= WORD_BITS;
	}
}

void idalloc_init(struct idalloc *ids, uint32_t limit, const struct ds_alloc_ops *ops, void *ctx)
{
	memset(ids, 0, sizeof(*ids));
	ids->limit = limit < IDALLOC_MAX_LIMIT ? limit : IDALLOC_MAX_LIMIT;
	ids->ops = ops;
	ids->ctx = ctx;
}

void idalloc_destroy(struct idalloc *ids)
{
	if (ids->capacity)
		ids->ops->free(ids->ctx, ids->level[0]);
	idalloc_init(ids, ids->limit, ids->ops, ids->ctx);
}

int idalloc_get(struct idalloc *ids, uint32_t hint, uint32_t *out)
{
	uint32_t id = find_free(ids, hint);
	int err;

	if (id == NO_ID)
		id = hint > ids->capacity ? hint : ids->capacity;
	if (id >= ids->limit)
		return -ENOSPC;
	err = grow_to(ids, id);
	if (err)
		return err;
	mark_used(ids, id);
	*out = id;
	return 0;
}

int idalloc_claim(struct idalloc *ids, uint32_t id)
{
	int err;

	if (id >= ids->limit)
		return -ERANGE;
	if (idalloc_is_used(ids, id))
		return -EBUSY;
	err = grow_to(ids, id);
	if (err)
		return err;
	mark_used(ids, id);
	return 0;
}

void idalloc_put(struct idalloc *ids, uint32_t id)
{
	unsigned int n;

	if (!idalloc_is_used(ids, id))
		return;
	ids->nused--;
	for (n = 0; n < IDALLOC_LEVELS; n++) {
		ids->level[n][id / WORD_BITS] &= ~bit_of(id);
		id /= WORD_BITS;
	}
}

bool idalloc_is_used(const struct idalloc *ids, uint32_t id)
{
	return id < ids->capacity && (ids->level[0][id / WORD_BITS] & bit_of(id));
}

bool idalloc_next_used(const struct idalloc *ids, uint32_t *id)
{
	uint32_t word = *id / WORD_BITS;
	uint64_t used;

	if (*id >= ids->capacity)
		return false;
	used = ids->level[0][word] & (FULL << (*id % WORD_BITS));
	while (!used) {
		if (++word >= ids->capacity / WORD_BITS)
			return false;
		used = ids->level[0][word];
	}
	*id = word * WORD_BITS + __builtin_ctzll(used);
	return true;
}

int idalloc_copy(struct idalloc *to, const struct idalloc *from)
{
	uint32_t id = 0, last = 0;
	int err;

	if (!from->nused)
		return 0;
	for (; idalloc_next_used(from, &id); id++)
		last = id;
	if (last >= to->limit)
		return -ERANGE;
	err = grow_to(to, last);
	if (err)
		return err;
	for (id = 0; idalloc_next_used(from, &id); id++)
		mark_used(to, id);
	return 0;
}
