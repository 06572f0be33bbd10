#include <stdlib.h>

#include "group.h"
#include "zone.h"

static int add_group(struct txn *txn, uint32_t number)
{
	struct ext4 *fs = txn->fs;
	struct ranges *zone = &fs->zone;
	uint64_t table = (uint64_t)fs->inodes_per_group * fs->inode_bytes;
	uint64_t gdt = (uint64_t)fs->groups * fs->desc_bytes;
	struct group group;
	int err = group_get(txn, number, &group);

	if (!err && group_has_super(fs, number))
		err = ranges_add(zone, group_start(fs, number), 1 + (uint32_t)((gdt + fs->block_bytes - 1) >> fs->block_shift));
	if (!err)
		err = ranges_add(zone, group_block_bitmap_at(fs, group.desc), 1);
	if (!err)
		err = ranges_add(zone, group_inode_bitmap_at(fs, group.desc), 1);
	if (!err)
		err = ranges_add(zone, group_inode_table(fs, group.desc),
				 (uint32_t)((table + fs->block_bytes - 1) >> fs->block_shift));
	return err;
}

/* The groups whose descriptors are in one block. */
static int add_groups(struct ext4 *fs, uint32_t first, uint32_t n)
{
	struct txn txn;
	uint32_t i;
	int err = 0;

	txn_begin(&txn, fs);
	for (i = 0; !err && i < n && first + i < fs->groups; i++)
		err = add_group(&txn, first + i);
	return txn_finish(&txn, err);
}

static int compare(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

/* In order, and those that touch as one. */
static void merge(struct ranges *zone)
{
	struct range *last = zone->at;
	size_t i;

	qsort(zone->at, zone->n, sizeof(*zone->at), compare);
	for (i = 1; i < zone->n; i++) {
		if (last->start + last->len < zone->at[i].start || last->len > UINT32_MAX / 2)
			*++last = zone->at[i];
		else if (zone->at[i].start + zone->at[i].len > last->start + last->len)
			last->len = (uint32_t)(zone->at[i].start + zone->at[i].len - last->start);
	}
	zone->n = (size_t)(last - zone->at) + 1;
}

int zone_build(struct ext4 *fs)
{
	const struct ranges *log = &fs->journal.ranges;
	uint32_t per_block = fs->block_bytes / fs->desc_bytes, first;
	size_t i;
	int err = 0;

	for (first = 0; !err && first < fs->groups; first += per_block)
		err = add_groups(fs, first, per_block);
	for (i = 0; !err && i < log->n; i++)
		err = ranges_add(&fs->zone, log->at[i].start, log->at[i].len);
	if (err) {
		ranges_free(&fs->zone);
		return err;
	}
	merge(&fs->zone);
	return 0;
}

bool zone_has(const struct ext4 *fs, uint64_t start, uint64_t len)
{
	size_t low = 0, high = fs->zone.n, middle;

	/* The first range that ends behind @start. */
	while (low < high) {
		middle = (low + high) / 2;
		if (fs->zone.at[middle].start + fs->zone.at[middle].len <= start)
			low = middle + 1;
		else
			high = middle;
	}
	return low < fs->zone.n && fs->zone.at[low].start < start + len;
}
