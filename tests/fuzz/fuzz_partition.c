/* The input is the start and the end of a disk; its first byte says which block size and whether checksums
 * are put right, which no mutation would find. */
#include <errno.h>

#include <blockdev/blockdev.h>
#include <partition/partition.h>

#include "fuzz_support.h"

#define DISK_BYTES (1u << 20)
#define HEADER_BYTES 92u

static uint8_t disk[DISK_BYTES];
static unsigned nreads;

static int disk_read(struct blockdev *dev, uint64_t offset, void *buf, size_t len)
{
	REQUIRE(!((offset | len) % dev->block_bytes) && offset <= dev->bytes && len <= dev->bytes - offset);
	REQUIRE(++nreads < 10000);
	memcpy(buf, disk + offset, len);
	return 0;
}

static uint32_t crc_of(const uint8_t *p, size_t n)
{
	uint32_t crc = ~0u;

	while (n--) {
		crc ^= *p++;
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return ~crc;
}

static void put_right(uint8_t *header, uint32_t block_bytes)
{
	uint64_t lba;
	uint32_t crc, count, size;

	memcpy(&lba, header + 72, 8);
	memcpy(&count, header + 80, 4);
	memcpy(&size, header + 84, 4);
	if (lba < DISK_BYTES / block_bytes && size <= 4096 && count <= 1024 &&
	    (uint64_t)count * size <= DISK_BYTES - lba * block_bytes) {
		crc = crc_of(disk + lba * block_bytes, (size_t)count * size);
		memcpy(header + 88, &crc, 4);
	}
	size = HEADER_BYTES;
	memcpy(header + 12, &size, 4);
	memset(header + 16, 0, 4);
	crc = crc_of(header, HEADER_BYTES);
	memcpy(header + 16, &crc, 4);
}

static void check(const struct partition_table *t, const struct blockdev *dev)
{
	REQUIRE(t->count <= PARTITION_MAX && (t->scheme != PARTITION_NONE || !t->count));
	for (uint32_t i = 0; i < t->count; i++) {
		const struct partition *p = &t->partitions[i];

		REQUIRE(p->number && p->start && p->bytes && !((p->start | p->bytes) % dev->block_bytes));
		REQUIRE(p->start < dev->bytes && p->bytes <= dev->bytes - p->start);
		REQUIRE(strnlen(p->name, sizeof(p->name)) < sizeof(p->name));
		for (uint32_t j = 0; j < i; j++) {
			const struct partition *q = &t->partitions[j];

			REQUIRE(p->number != q->number);
			REQUIRE(p->start >= q->start + q->bytes || q->start >= p->start + p->bytes);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct blockdev_ops ops = { .read = disk_read };
	static struct partition_table table;
	struct blockdev dev = { .ops = &ops, .bytes = DISK_BYTES, .block_bytes = 512 };
	size_t half;

	if (!size)
		return 0;
	dev.block_bytes <<= data[0] & 3;
	half = size - 1 < DISK_BYTES / 2 ? size - 1 : DISK_BYTES / 2;
	memset(disk, 0, sizeof(disk));
	memcpy(disk, data + 1, half);
	memcpy(disk + DISK_BYTES - half, data + 1, half);
	if (data[0] & 4) {
		put_right(disk + dev.block_bytes, dev.block_bytes);
		put_right(disk + DISK_BYTES - dev.block_bytes, dev.block_bytes);
	}
	nreads = 0;
	REQUIRE(partition_table_read(&dev, &table) == 0);
	check(&table, &dev);
	return 0;
}
