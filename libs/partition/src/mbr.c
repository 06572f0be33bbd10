/* libs/partition/src/mbr.c: the table in a disk's first sector, and the chain in its extended partition. */
#include <string.h>

#include "table.h"

#define TYPE_EXTENDED 0x05
#define TYPE_EXTENDED_LBA 0x0f
#define TYPE_EXTENDED_LINUX 0x85
#define FIRST_LOGICAL 5u
#define MAX_LINKS 128u	/* of a chain that may lead in a circle */
#define EXTENDED_BYTES 1024u

static bool is_extended(const struct mbr_entry *e)
{
	return e->count && (e->type == TYPE_EXTENDED || e->type == TYPE_EXTENDED_LBA || e->type == TYPE_EXTENDED_LINUX);
}

/* A filesystem's boot sector ends with the same signature, and has code where the table would be. */
static bool is_table(const uint8_t *mbr)
{
	for (unsigned i = 0; i < 4; i++) {
		if (mbr_entry_at(mbr, i).boot & 0x7f)
			return false;
	}
	return true;
}

static void add(struct blockdev *dev, struct partition_table *t, uint32_t number, const struct mbr_entry *e, uint64_t lba,
		uint64_t count)
{
	struct partition *p = table_add(dev, t, number, lba, count);

	if (!p)
		return;
	p->mbr_type = e->type;
	p->is_bootable = e->boot & 0x80;
}

/* The logical partitions of one link. Returns: where the next link is, relative to the first; 0: nowhere. */
static uint64_t read_link(struct blockdev *dev, struct partition_table *t, const uint8_t *link, uint64_t lba,
			  const struct mbr_entry *extended, uint32_t *number)
{
	uint64_t next = 0;

	for (unsigned i = 0; i < 4; i++) {
		const struct mbr_entry e = mbr_entry_at(link, i);
		uint64_t start = lba + e.start;

		if (is_extended(&e)) {
			if (!next)
				next = e.start;
			continue;
		}
		if (!e.count || !e.type)
			continue;
		/* Each is inside the extended partition, and so are its blocks. */
		if (start + e.count > (uint64_t)extended->start + extended->count)
			t->nskipped++;
		else
			add(dev, t, (*number)++, &e, start, e.count);
	}
	return next < extended->count ? next : 0;
}

static int read_chain(struct blockdev *dev, struct partition_table *t, const struct mbr_entry *extended)
{
	uint64_t lba = extended->start, next;
	uint32_t number = FIRST_LOGICAL;
	uint8_t link[MAX_BLOCK_BYTES];

	for (unsigned i = 0; i < MAX_LINKS; i++) {
		int err;

		if (lba >= dev->bytes / dev->block_bytes)
			return 0;
		err = table_read_block(dev, lba, link);
		if (err)
			return err;
		if (!mbr_has_signature(link))
			return 0;
		next = read_link(dev, t, link, lba, extended, &number);
		if (!next)
			return 0;
		lba = extended->start + next;
	}
	return 0;
}

int mbr_read(struct blockdev *dev, const uint8_t *mbr, struct partition_table *t)
{
	bool has_chain = false;
	int err = 0;

	if (!is_table(mbr))
		return 0;
	t->scheme = PARTITION_MBR;
	t->signature = get32(mbr + 440);
	for (unsigned i = 0; i < 4; i++) {
		const struct mbr_entry e = mbr_entry_at(mbr, i);
		uint64_t count = e.count;

		if (!e.count || !e.type)
			continue;
		/* As on Linux the extended one shows its first sectors only: it is no place for a filesystem. */
		if (is_extended(&e) && count > EXTENDED_BYTES / dev->block_bytes)
			count = dev->block_bytes < EXTENDED_BYTES ? EXTENDED_BYTES / dev->block_bytes : 1;
		add(dev, t, i + 1, &e, e.start, count);
	}
	for (unsigned i = 0; i < 4 && !err && !has_chain; i++) {
		const struct mbr_entry e = mbr_entry_at(mbr, i);

		if (!is_extended(&e) || !e.start)
			continue;
		has_chain = true;
		err = read_chain(dev, t, &e);
	}
	return err;
}
