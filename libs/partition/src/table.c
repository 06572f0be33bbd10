/* libs/partition/src/table.c: which table a disk has. */
#include <errno.h>
#include <string.h>

#include "table.h"

struct mbr_entry mbr_entry_at(const uint8_t *mbr, unsigned i)
{
	const uint8_t *p = mbr + 446 + 16 * i;

	return (struct mbr_entry){ .boot = p[0], .type = p[4], .start = get32(p + 8), .count = get32(p + 12) };
}

bool mbr_has_signature(const uint8_t *mbr)
{
	return mbr[510] == 0x55 && mbr[511] == 0xaa;
}

int table_read_block(struct blockdev *dev, uint64_t lba, uint8_t *buf)
{
	if (lba >= dev->bytes / dev->block_bytes)
		return -EINVAL;
	return dev->ops->read(dev, lba * dev->block_bytes, buf, dev->block_bytes);
}

static bool overlaps(const struct partition_table *t, uint64_t start, uint64_t bytes)
{
	for (uint32_t i = 0; i < t->count; i++) {
		const struct partition *p = &t->partitions[i];

		if (p->start < start + bytes && start < p->start + p->bytes)
			return true;
	}
	return false;
}

struct partition *table_add(struct blockdev *dev, struct partition_table *t, uint32_t number, uint64_t lba, uint64_t count)
{
	uint64_t nblocks = dev->bytes / dev->block_bytes;
	struct partition *p = &t->partitions[t->count];

	if (t->count == PARTITION_MAX || !lba || !count || lba >= nblocks || count > nblocks - lba ||
	    overlaps(t, lba * dev->block_bytes, count * dev->block_bytes)) {
		t->nskipped++;
		return NULL;
	}
	t->count++;
	memset(p, 0, sizeof(*p));
	p->number = number;
	p->start = lba * dev->block_bytes;
	p->bytes = count * dev->block_bytes;
	return p;
}

static bool is_protective(const uint8_t *mbr)
{
	for (unsigned i = 0; i < 4; i++) {
		if (mbr_entry_at(mbr, i).type == MBR_TYPE_PROTECTIVE)
			return true;
	}
	return false;
}

int partition_table_read(struct blockdev *dev, struct partition_table *out)
{
	uint8_t mbr[MAX_BLOCK_BYTES];
	int err;

	memset(out, 0, sizeof(*out));
	if (dev->block_bytes < MBR_BYTES || dev->block_bytes > MAX_BLOCK_BYTES || dev->bytes < dev->block_bytes)
		return 0;
	err = table_read_block(dev, 0, mbr);
	if (err || !mbr_has_signature(mbr))
		return err;
	if (!is_protective(mbr))
		return mbr_read(dev, mbr, out);
	return gpt_read(dev, out);
}
