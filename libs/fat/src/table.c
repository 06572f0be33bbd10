/* fat: the file allocation table, and the chains that it makes of clusters. */
#include <errno.h>
#include <string.h>

#include "private.h"

#define FREE 0u
#define END_MIN 0x0ffffff8u	/* in 28 bits, to which the shorter ones are widened */
#define BAD 0x0ffffff7u
#define RESERVED_MIN 0x0ffffff0u

static uint64_t entry_at(const struct fat *fs, uint32_t cluster)
{
	return fs->fat_at + (uint64_t)cluster * fs->bits / 8;
}

static int get(struct fat *fs, uint32_t cluster, uint32_t *value)
{
	uint64_t at = entry_at(fs, cluster);
	uint8_t raw[4] = { 0 };
	int err = fat_cache_read(fs, at, raw, fs->bits == 32 ? 4 : 2);

	if (fs->bits == 12)
		*value = cluster & 1 ? get16(raw) >> 4 : get16(raw) & 0xfff;
	else
		*value = get32(raw) & 0x0fffffff;
	if (fs->bits < 32 && *value >= (RESERVED_MIN & ((1u << fs->bits) - 1)))
		*value |= 0x0fffffff & ~((1u << fs->bits) - 1);
	return err;
}

static int set(struct fat *fs, uint32_t cluster, uint32_t value)
{
	uint64_t at = entry_at(fs, cluster);
	size_t len = fs->bits == 32 ? 4 : 2;
	uint8_t raw[4];
	int err = fat_cache_read(fs, at, raw, len);

	if (err)
		return err;
	if (fs->bits == 12)
		put16(raw, cluster & 1 ? (get16(raw) & 0xf) | value << 4 : (get16(raw) & 0xf000u) | (value & 0xfff));
	else if (fs->bits == 16)
		put16(raw, value);
	else
		put32(raw, (get32(raw) & 0xf0000000u) | (value & 0x0fffffff));
	return fat_cache_write(fs, at, raw, len);
}

int fat_table_mark(struct fat *fs, bool is_clean)
{
	uint32_t bit = fs->bits == 32 ? 1u << 27 : 1u << 15;
	uint32_t value;
	int err;

	if (fs->bits == 12)
		return 0;
	err = get(fs, 1, &value);
	return err ? err : set(fs, 1, is_clean ? value | bit : value & ~bit);
}

int fat_table_next(struct fat *fs, uint32_t cluster, uint32_t *next)
{
	int err = is_cluster(fs, cluster) ? get(fs, cluster, next) : -EIO;

	if (err)
		return err;
	if (*next >= END_MIN) {
		*next = CLUSTER_END;
		return 0;
	}
	return is_cluster(fs, *next) ? 0 : -EIO;
}

int fat_table_count(struct fat *fs)
{
	uint32_t value, n = 0;

	if (fs->is_count_known)
		return 0;
	for (uint32_t i = 0; i < fs->clusters; i++) {
		int err = get(fs, i + 2, &value);

		if (err)
			return err;
		n += value == FREE;
	}
	fs->nfree = n;
	fs->is_count_known = true;
	return 0;
}

/* The first free cluster from @from on, round and round. -ENOSPC. */
static int find_free(struct fat *fs, uint32_t from, uint32_t *out)
{
	uint32_t value;

	if (!is_cluster(fs, from))
		from = 2;
	for (uint32_t i = 0; i < fs->clusters; i++) {
		uint32_t cluster = (from - 2 + i) % fs->clusters + 2;
		int err = get(fs, cluster, &value);

		if (err)
			return err;
		if (value == FREE) {
			*out = cluster;
			return 0;
		}
	}
	return -ENOSPC;
}

int fat_table_take(struct fat *fs, uint32_t n, uint32_t near, uint32_t *first)
{
	uint32_t last = 0, cluster;
	int err = fat_table_count(fs);

	*first = 0;
	if (err)
		return err;
	if (n > fs->nfree || fs->nfree - n < fs->reserved)
		return -ENOSPC;
	for (cluster = near ? near : fs->next_free; n; n--) {
		err = find_free(fs, cluster, &cluster);
		if (!err)
			err = set(fs, cluster, END_MIN | 7);
		if (!err && last)
			err = set(fs, last, cluster);
		if (err)
			goto give_back;
		fs->nfree--;
		if (!*first)
			*first = cluster;
		last = cluster++;
	}
	fs->next_free = cluster;
	return 0;

give_back:
	if (err == -ENOSPC)
		fs->is_count_known = false;
	if (*first)
		fat_table_free(fs, *first);
	return err;
}

int fat_table_link(struct fat *fs, uint32_t tail, uint32_t next)
{
	return set(fs, tail, next == CLUSTER_END ? END_MIN | 7 : next);
}

bool fat_table_is_together(const struct fat *fs, uint32_t a, uint32_t b)
{
	return fs->bits != 12 && entry_at(fs, a) / UNIT_BYTES == entry_at(fs, b) / UNIT_BYTES;
}

int fat_table_free(struct fat *fs, uint32_t first)
{
	uint32_t value;
	int err = 0;

	fat_chain_forget(fs, first);
	while (is_cluster(fs, first)) {
		err = get(fs, first, &value);
		if (err || value == FREE || value == BAD)
			break;
		err = set(fs, first, FREE);
		if (err)
			break;
		fs->nfree++;
		first = value;
	}
	return err;
}

/* What of the chain is known at or before @index. */
static struct fat_trail *find_trail(struct fat *fs, uint32_t first, uint32_t index)
{
	struct fat_trail *best = NULL;

	for (unsigned int i = 0; i < FAT_TRAILS; i++) {
		struct fat_trail *trail = &fs->trails[i];

		if (trail->first == first && trail->index <= index && (!best || trail->index > best->index))
			best = trail;
	}
	return best;
}

/* Each chain has one trail at most that is moved on, and one that stays where reading began anew. */
static void keep_trail(struct fat *fs, struct fat_trail *trail, uint32_t first, uint32_t index, uint32_t cluster)
{
	if (!index)
		return;
	if (!trail) {
		trail = &fs->trails[fs->next_trail];
		fs->next_trail = (fs->next_trail + 1) % FAT_TRAILS;
	}
	*trail = (struct fat_trail){ .first = first, .index = index, .cluster = cluster };
}

void fat_chain_forget(struct fat *fs, uint32_t first)
{
	for (unsigned int i = 0; i < FAT_TRAILS; i++)
		if (fs->trails[i].first == first)
			fs->trails[i].first = 0;
}

/* Along the chain until @most or its end. */
static int follow(struct fat *fs, uint32_t first, uint32_t most, uint32_t *index, uint32_t *cluster)
{
	struct fat_trail *trail = find_trail(fs, first, most);
	uint32_t next;
	int err;

	if (!is_cluster(fs, first))
		return -EIO;
	*index = trail ? trail->index : 0;
	*cluster = trail ? trail->cluster : first;
	while (*index < most) {
		err = fat_table_next(fs, *cluster, &next);
		if (err)
			return err;
		if (next == CLUSTER_END)
			break;
		*cluster = next;
		if (++*index >= fs->clusters)
			return -EIO;
	}
	keep_trail(fs, trail, first, *index, *cluster);
	return 0;
}

int fat_chain_at(struct fat *fs, uint32_t first, uint32_t index, uint32_t *cluster)
{
	uint32_t reached;
	int err = follow(fs, first, index, &reached, cluster);

	return err ? err : reached == index ? 0 : -ENOENT;
}

int fat_chain_tail(struct fat *fs, uint32_t first, uint32_t *count, uint32_t *last)
{
	uint32_t index;
	int err = follow(fs, first, UINT32_MAX, &index, last);

	*count = index + 1;
	return err;
}
