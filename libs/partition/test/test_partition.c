/* libs/partition/test/test_partition.c: tables as sfdisk writes them, and broken ones. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <partition/partition.h>

#define DISK_BYTES (8u << 20)
#define ENTRIES 128u

static uint8_t *disk;
static uint64_t bad_from, bad_to;	/* bytes that cannot be read */
static unsigned nreads;

static int disk_read(struct blockdev *dev, uint64_t offset, void *buf, size_t len)
{
	assert_true(!((offset | len) % dev->block_bytes) && offset <= dev->bytes && len <= dev->bytes - offset);
	nreads++;
	if (offset < bad_to && bad_from < offset + len)
		return -EIO;
	memcpy(buf, disk + offset, len);
	return 0;
}

static const struct blockdev_ops ops = { .read = disk_read };
static struct blockdev device;
static struct partition_table table;

static int set_up(void **state)
{
	(void)state;
	disk = calloc(1, DISK_BYTES);
	device = (struct blockdev){ .ops = &ops, .bytes = DISK_BYTES, .block_bytes = 512 };
	bad_from = bad_to = 0;
	nreads = 0;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	free(disk);
	return 0;
}

static void put32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

static void put64(uint8_t *p, uint64_t v)
{
	put32(p, (uint32_t)v);
	put32(p + 4, (uint32_t)(v >> 32));
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

static void set_mbr(uint64_t lba, unsigned slot, uint8_t type, uint32_t start, uint32_t count)
{
	uint8_t *sector = disk + lba * device.block_bytes, *entry = sector + 446 + 16 * slot;

	entry[4] = type;
	put32(entry + 8, start);
	put32(entry + 12, count);
	sector[510] = 0x55;
	sector[511] = 0xaa;
}

static void set_entry(uint64_t entries_lba, unsigned slot, uint64_t first, uint64_t last, const char *name)
{
	uint8_t *entry = disk + entries_lba * device.block_bytes + 128 * slot;

	memset(entry, 0x11, 16);
	memset(entry + 16, (int)slot + 1, 16);
	put64(entry + 32, first);
	put64(entry + 40, last);
	for (unsigned i = 0; name[i]; i++)
		entry[56 + 2 * i] = (uint8_t)name[i];
}

static void set_header(uint64_t lba, uint64_t other, uint64_t entries_lba)
{
	uint8_t *h = disk + lba * device.block_bytes;
	uint64_t nblocks = device.bytes / device.block_bytes, nentry_blocks = ENTRIES * 128 / device.block_bytes;

	memcpy(h, "EFI PART", 8);
	put32(h + 8, 0x10000);
	put32(h + 12, 92);
	put64(h + 24, lba);
	put64(h + 32, other);
	put64(h + 40, 2 + nentry_blocks);
	put64(h + 48, nblocks - nentry_blocks - 2);
	memset(h + 56, 0x77, 16);
	put64(h + 72, entries_lba);
	put32(h + 80, ENTRIES);
	put32(h + 84, 128);
	put32(h + 88, crc_of(disk + entries_lba * device.block_bytes, ENTRIES * 128));
	put32(h + 16, 0);
	put32(h + 16, crc_of(h, 92));
}

/* Two partitions, in slots 0 and 2; the same in the backup. */
static void make_gpt(void)
{
	uint64_t last = device.bytes / device.block_bytes - 1, backup = last - ENTRIES * 128 / device.block_bytes;

	set_mbr(0, 0, 0xee, 1, 0xffffffff);
	set_entry(2, 0, 64, 127, "root");
	set_entry(2, 2, 128, 1023, "data");
	memcpy(disk + backup * device.block_bytes, disk + 2 * device.block_bytes, ENTRIES * 128);
	set_header(1, last, 2);
	set_header(last, 1, backup);
}

static void check_gpt(bool is_backup)
{
	assert_int_equal(partition_table_read(&device, &table), 0);
	assert_int_equal(table.scheme, PARTITION_GPT);
	assert_int_equal(table.is_backup, is_backup);
	assert_int_equal(table.count, 2);
	assert_int_equal(table.partitions[0].number, 1);
	assert_int_equal(table.partitions[0].start, 64 * device.block_bytes);
	assert_int_equal(table.partitions[0].bytes, 64 * device.block_bytes);
	assert_string_equal(table.partitions[0].name, "root");
	assert_int_equal(table.partitions[1].number, 3);
	assert_int_equal(table.partitions[1].bytes, 896 * device.block_bytes);
	assert_string_equal(table.partitions[1].name, "data");
}

static void an_empty_disk_has_no_table(void **state)
{
	assert_int_equal(partition_table_read(&device, &table), 0);
	assert_int_equal(table.scheme, PARTITION_NONE);
	assert_int_equal(table.count, 0);
}

static void a_gpt_is_read(void **state)
{
	make_gpt();
	check_gpt(false);
}

static void a_gpt_of_4_kib_blocks_is_read(void **state)
{
	device.block_bytes = 4096;
	make_gpt();
	check_gpt(false);
}

static void the_backup_serves_when_the_first_header_is_broken(void **state)
{
	make_gpt();
	disk[512 + 60] ^= 1;
	check_gpt(true);
}

static void the_backup_serves_when_the_first_entries_are_broken(void **state)
{
	make_gpt();
	disk[1024 + 200] ^= 1;
	check_gpt(true);
}

static void the_backup_serves_when_the_first_header_is_unreadable(void **state)
{
	make_gpt();
	bad_from = 512;
	bad_to = 1024;
	check_gpt(true);
}

static void two_broken_headers_are_no_table(void **state)
{
	make_gpt();
	disk[512] ^= 1;
	disk[DISK_BYTES - 512] ^= 1;
	assert_int_equal(partition_table_read(&device, &table), 0);
	assert_int_equal(table.scheme, PARTITION_NONE);
	assert_int_equal(table.count, 0);
}

static void entries_that_overlap_or_leave_the_disk_are_skipped(void **state)
{
	set_mbr(0, 0, 0xee, 1, 0xffffffff);
	set_entry(2, 0, 64, 127, "a");
	set_entry(2, 1, 100, 200, "b");
	set_entry(2, 2, 300, 299, "c");
	set_entry(2, 3, 400, 1ull << 60, "d");
	set_header(1, DISK_BYTES / 512 - 1, 2);
	assert_int_equal(partition_table_read(&device, &table), 0);
	assert_int_equal(table.count, 1);
	assert_int_equal(table.nskipped, 3);
}

static void an_unreadable_first_sector_is_an_error(void **state)
{
	bad_to = 512;
	assert_int_equal(partition_table_read(&device, &table), -EIO);
}

static void an_mbr_is_read(void **state)
{
	set_mbr(0, 0, 0x83, 64, 100);
	set_mbr(0, 3, 0x0c, 200, 50);
	disk[446] = 0x80;
	assert_int_equal(partition_table_read(&device, &table), 0);
	assert_int_equal(table.scheme, PARTITION_MBR);
	assert_int_equal(table.count, 2);
	assert_int_equal(table.partitions[0].mbr_type, 0x83);
	assert_true(table.partitions[0].is_bootable);
	assert_int_equal(table.partitions[1].number, 4);
	assert_int_equal(table.partitions[1].start, 200 * 512);
	assert_int_equal(table.partitions[1].bytes, 50 * 512);
}

static void logical_partitions_have_numbers_from_5(void **state)
{
	set_mbr(0, 0, 0x83, 64, 100);
	set_mbr(0, 1, 0x05, 1000, 1000);
	set_mbr(1000, 0, 0x83, 10, 100);
	set_mbr(1000, 1, 0x05, 200, 300);
	set_mbr(1200, 0, 0x82, 10, 200);
	assert_int_equal(partition_table_read(&device, &table), 0);
	assert_int_equal(table.count, 4);
	assert_int_equal(table.partitions[1].number, 2);
	assert_int_equal(table.partitions[1].bytes, 1024);
	assert_int_equal(table.partitions[2].number, 5);
	assert_int_equal(table.partitions[2].start, 1010 * 512);
	assert_int_equal(table.partitions[3].number, 6);
	assert_int_equal(table.partitions[3].start, 1210 * 512);
	assert_int_equal(table.partitions[3].mbr_type, 0x82);
}

static void a_chain_that_leads_in_a_circle_ends(void **state)
{
	set_mbr(0, 0, 0x0f, 1000, 1000);
	set_mbr(1000, 0, 0x83, 10, 10);
	set_mbr(1000, 1, 0x05, 100, 100);
	set_mbr(1100, 1, 0x05, 100, 100);
	assert_int_equal(partition_table_read(&device, &table), 0);
	assert_int_equal(table.count, 2);
	assert_true(nreads < 200);
}

static void a_boot_sector_of_a_filesystem_is_no_table(void **state)
{
	set_mbr(0, 0, 0x20, 0x20202020, 0x20202020);
	disk[446] = 0x4e;
	assert_int_equal(partition_table_read(&device, &table), 0);
	assert_int_equal(table.scheme, PARTITION_NONE);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(an_empty_disk_has_no_table),
		TEST(a_gpt_is_read),
		TEST(a_gpt_of_4_kib_blocks_is_read),
		TEST(the_backup_serves_when_the_first_header_is_broken),
		TEST(the_backup_serves_when_the_first_entries_are_broken),
		TEST(the_backup_serves_when_the_first_header_is_unreadable),
		TEST(two_broken_headers_are_no_table),
		TEST(entries_that_overlap_or_leave_the_disk_are_skipped),
		TEST(an_unreadable_first_sector_is_an_error),
		TEST(an_mbr_is_read),
		TEST(logical_partitions_have_numbers_from_5),
		TEST(a_chain_that_leads_in_a_circle_ends),
		TEST(a_boot_sector_of_a_filesystem_is_no_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
