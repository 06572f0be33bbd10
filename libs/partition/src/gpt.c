/* libs/partition/src/gpt.c: GUID partition tables (UEFI 2.10, 5.3). */
#include <errno.h>
#include <string.h>

#include "table.h"

#define HEADER_BYTES 92u
#define MIN_ENTRY_BYTES 128u
#define MAX_ENTRIES 1024u
#define NAME_UNITS 36u

struct header {
	uint64_t backup_lba, first_usable, last_usable, entries_lba;
	uint32_t nentries, entry_bytes, entries_crc;
	uint8_t guid[16];
};

/* CRC-32 as in IEEE 802.3, continued from @crc (0 at first). */
static uint32_t crc32(uint32_t crc, const uint8_t *p, size_t n)
{
	crc = ~crc;
	while (n--) {
		crc ^= *p++;
		for (unsigned bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return ~crc;
}

/* Returns: 0; -EINVAL it is none that can be used; -EIO. */
static int read_header(struct blockdev *dev, uint64_t lba, struct header *h)
{
	uint64_t nblocks = dev->bytes / dev->block_bytes;
	uint8_t block[MAX_BLOCK_BYTES];
	uint32_t size, crc;
	int err = table_read_block(dev, lba, block);

	if (err)
		return err;
	size = get32(block + 12);
	crc = get32(block + 16);
	if (memcmp(block, "EFI PART", 8) || size < HEADER_BYTES || size > dev->block_bytes)
		return -EINVAL;
	memset(block + 16, 0, 4);
	if (crc32(0, block, size) != crc || get64(block + 24) != lba)
		return -EINVAL;
	h->backup_lba = get64(block + 32);
	h->first_usable = get64(block + 40);
	h->last_usable = get64(block + 48);
	memcpy(h->guid, block + 56, sizeof(h->guid));
	h->entries_lba = get64(block + 72);
	h->nentries = get32(block + 80);
	h->entry_bytes = get32(block + 84);
	h->entries_crc = get32(block + 88);
	if (h->first_usable > h->last_usable || h->last_usable >= nblocks || h->entry_bytes < MIN_ENTRY_BYTES ||
	    h->entry_bytes > dev->block_bytes || dev->block_bytes % h->entry_bytes || !h->nentries || h->nentries > MAX_ENTRIES ||
	    h->entries_lba < 1 || h->entries_lba >= nblocks)
		return -EINVAL;
	return 0;
}

/* Call @fn for each entry of @h. Returns: 0, -EINVAL when they reach behind the disk, -EIO. */
static int for_each_entry(struct blockdev *dev, const struct header *h,
			  void (*fn)(const uint8_t *entry, uint32_t number, void *context), void *context)
{
	uint32_t per_block = dev->block_bytes / h->entry_bytes;
	uint8_t block[MAX_BLOCK_BYTES];

	for (uint32_t i = 0; i < h->nentries; i++) {
		if (!(i % per_block)) {
			int err = table_read_block(dev, h->entries_lba + i / per_block, block);

			if (err)
				return err;
		}
		fn(block + i % per_block * h->entry_bytes, i + 1, context);
	}
	return 0;
}

struct checksum {
	uint32_t crc, entry_bytes;
};

static void add_to_checksum(const uint8_t *entry, uint32_t number, void *context)
{
	struct checksum *c = context;

	(void)number;
	c->crc = crc32(c->crc, entry, c->entry_bytes);
}

/* A header whose entries are as it says. */
static int read_sound(struct blockdev *dev, uint64_t lba, struct header *h)
{
	struct checksum sum = { 0 };
	int err = read_header(dev, lba, h);

	if (err)
		return err;
	sum.entry_bytes = h->entry_bytes;
	err = for_each_entry(dev, h, add_to_checksum, &sum);
	return err ? err : sum.crc == h->entries_crc ? 0 : -EINVAL;
}

/* UTF-16 to UTF-8; halves of pairs become U+FFFD. */
static void read_name(char *out, const uint8_t *units)
{
	for (unsigned i = 0; i < NAME_UNITS && get16(units + 2 * i); i++) {
		uint32_t c = get16(units + 2 * i), low = i + 1 < NAME_UNITS ? get16(units + 2 * i + 2) : 0;

		if (c >= 0xd800 && c < 0xdc00 && low >= 0xdc00 && low < 0xe000) {
			c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
			i++;
			*out++ = (char)(0xf0 | c >> 18);
			*out++ = (char)(0x80 | (c >> 12 & 63));
			*out++ = (char)(0x80 | (c >> 6 & 63));
			*out++ = (char)(0x80 | (c & 63));
			continue;
		}
		if (c >= 0xd800 && c < 0xe000)
			c = 0xfffd;
		if (c < 0x80) {
			*out++ = (char)c;
		} else if (c < 0x800) {
			*out++ = (char)(0xc0 | c >> 6);
			*out++ = (char)(0x80 | (c & 63));
		} else {
			*out++ = (char)(0xe0 | c >> 12);
			*out++ = (char)(0x80 | (c >> 6 & 63));
			*out++ = (char)(0x80 | (c & 63));
		}
	}
	*out = '\0';
}

struct filling {
	struct blockdev *dev;
	struct partition_table *table;
	const struct header *header;
};

static void add_partition(const uint8_t *entry, uint32_t number, void *context)
{
	static const uint8_t unused[16];
	const struct filling *f = context;
	uint64_t first = get64(entry + 32), last = get64(entry + 40);
	struct partition *p;

	if (!memcmp(entry, unused, sizeof(unused)))
		return;
	if (first > last || first < f->header->first_usable || last > f->header->last_usable) {
		f->table->nskipped++;
		return;
	}
	p = table_add(f->dev, f->table, number, first, last - first + 1);
	if (!p)
		return;
	memcpy(p->type_guid, entry, 16);
	memcpy(p->guid, entry + 16, 16);
	p->attributes = get64(entry + 48);
	p->is_bootable = p->attributes >> 2 & 1;
	read_name(p->name, entry + 56);
}

int gpt_read(struct blockdev *dev, struct partition_table *t)
{
	uint64_t last = dev->bytes / dev->block_bytes - 1;
	struct filling filling = { dev, t, NULL };
	struct header h;
	int err = read_sound(dev, 1, &h);

	/* The first one may be unreadable as well as broken. */
	if (err) {
		if (err == -ENODEV)
			return err;
		t->is_backup = true;
		err = read_sound(dev, last, &h);
	}
	if (err) {
		t->is_backup = false;
		return err == -EINVAL ? 0 : err;
	}
	t->scheme = PARTITION_GPT;
	memcpy(t->guid, h.guid, sizeof(t->guid));
	filling.header = &h;
	return for_each_entry(dev, &h, add_partition, &filling);
}
