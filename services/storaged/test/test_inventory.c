/* services/storaged/test/test_inventory.c: a kernel of arrays and a disk of memory. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "inventory.h"
#include "kernel.h"

#define MAX_DEVICES 16
#define DISK_BYTES (1u << 20)

static struct block_info devices[MAX_DEVICES];
static uint32_t ndevices, next_id = 1, busy_id;
static char names[MAX_DEVICES][BLOCK_NAME_MAX];
static uint32_t nnames;
static uint64_t owners[MAX_DEVICES];
static uint8_t disk[DISK_BYTES];
static bool is_unreadable;

int kernel_list(uint32_t index, struct block_info *out)
{
	if (index >= ndevices)
		return -ENOENT;
	*out = devices[index];
	return 0;
}

int kernel_loop_add(struct block_info *info)
{
	uint32_t number = info->minor;

	*info = (struct block_info){
		.id = next_id++, .minor = number, .major = 7, .block_bytes = 512, .flags = BLOCK_LOOP | BLOCK_UNBOUND,
	};
	snprintf(info->name, sizeof(info->name), "loop%u", number);
	devices[ndevices++] = *info;
	return 0;
}

static void add_device(uint32_t parent, uint32_t partition, uint64_t start, uint64_t bytes)
{
	struct block_info *d = &devices[ndevices++];

	*d = (struct block_info){ .id = next_id++, .parent = parent, .partition = partition, .start = start, .bytes = bytes,
		.block_bytes = 512 };
	strcpy(d->name, "vda");
	if (partition) {
		d->name[3] = (char)('0' + partition);
		d->name[4] = '\0';
	}
}

int kernel_partition_add(const struct block_info *info)
{
	for (uint32_t i = 0; i < ndevices; i++) {
		if (devices[i].parent == info->parent && devices[i].partition == info->partition)
			return -EEXIST;
	}
	add_device(info->parent, info->partition, info->start, info->bytes);
	return 0;
}

int kernel_partition_remove(uint32_t id)
{
	for (uint32_t i = 0; i < ndevices; i++) {
		if (devices[i].id != id)
			continue;
		if (id == busy_id)
			return -EBUSY;
		memmove(&devices[i], &devices[i + 1], (--ndevices - i) * sizeof(devices[0]));
		return 0;
	}
	return -ENODEV;
}

static int disk_read(struct blockdev *dev, uint64_t offset, void *buf, size_t len)
{
	if (is_unreadable)
		return -EIO;
	memcpy(buf, disk + offset, len);
	return 0;
}

int kernel_open(uint32_t id, struct blockdev *dev)
{
	static const struct blockdev_ops ops = { .read = disk_read };

	*dev = (struct blockdev){ .ops = &ops, .bytes = DISK_BYTES, .block_bytes = 512 };
	return 0;
}

static int name_index(const char *name)
{
	for (uint32_t i = 0; i < nnames; i++) {
		if (!strcmp(names[i], name))
			return (int)i;
	}
	return -1;
}

int kernel_publish(const struct block_info *info, uint64_t owner)
{
	if (name_index(info->name) >= 0)
		return -EEXIST;
	owners[nnames] = owner;
	strcpy(names[nnames++], info->name);
	return 0;
}

int kernel_unpublish(const char *name)
{
	int i = name_index(name);

	if (i < 0)
		return -ENOENT;
	nnames--;
	memmove(names[i], names[nnames], sizeof(names[0]));
	owners[i] = owners[nnames];
	return 0;
}

void kernel_log(const char *fmt, ...)
{
	(void)fmt;
}

static void set_partition(unsigned slot, uint32_t start, uint32_t count)
{
	uint8_t *e = disk + 446 + 16 * slot;

	e[4] = count ? 0x83 : 0;
	e[8] = (uint8_t)start;
	e[9] = (uint8_t)(start >> 8);
	e[12] = (uint8_t)count;
	e[13] = (uint8_t)(count >> 8);
	disk[510] = 0x55;
	disk[511] = 0xaa;
}

/* A new disk with partitions 1 and 2, or with what @set_partition made of it before. */
static uint32_t add_disk(void)
{
	add_device(0, 0, 0, DISK_BYTES);
	return devices[ndevices - 1].id;
}

static int set_up(void **state)
{
	memset(disk, 0, sizeof(disk));
	ndevices = nnames = busy_id = 0;
	is_unreadable = false;
	set_partition(0, 64, 100);
	set_partition(1, 200, 100);
	return 0;
}

static void a_new_disk_gets_partitions_and_names(void **state)
{
	inventory_set_owner(7);
	add_disk();
	inventory_update();
	assert_int_equal(ndevices, 3);
	assert_int_equal(nnames, 3);
	assert_true(name_index("vda") >= 0 && name_index("vda1") >= 0 && name_index("vda2") >= 0);
	assert_int_equal(owners[0], 7);
	inventory_update();
	assert_int_equal(ndevices, 3);
}

static void names_from_before_get_a_new_owner_too(void **state)
{
	inventory_set_owner(7);
	add_disk();
	inventory_update();
	inventory_give_to(8);
	inventory_update();
	assert_int_equal(nnames, 3);
	for (uint32_t i = 0; i < nnames; i++)
		assert_int_equal(owners[i], 8);
}

static void a_disk_that_cannot_be_read_has_a_name(void **state)
{
	is_unreadable = true;
	add_disk();
	inventory_update();
	assert_int_equal(ndevices, 1);
	assert_int_equal(nnames, 1);
}

static void a_rescan_takes_what_changed(void **state)
{
	uint32_t id = add_disk(), first;

	inventory_update();
	first = devices[1].id;
	set_partition(1, 400, 10);
	set_partition(2, 500, 10);
	assert_int_equal(inventory_rescan(id), 0);
	assert_int_equal(ndevices, 4);
	assert_int_equal(devices[1].id, first);
	assert_int_equal(devices[2].start, 400 * 512);
	assert_int_equal(nnames, 4);
	set_partition(2, 0, 0);
	assert_int_equal(inventory_rescan(id), 0);
	assert_int_equal(nnames, 3);
	assert_int_equal(name_index("vda3"), -1);
}

static void a_partition_in_use_stays_with_its_name(void **state)
{
	uint32_t id = add_disk();

	inventory_update();
	busy_id = devices[2].id;
	set_partition(1, 0, 0);
	assert_int_equal(inventory_rescan(id), -EBUSY);
	assert_int_equal(ndevices, 3);
	assert_true(name_index("vda2") >= 0);
}

static void an_unreadable_table_changes_nothing(void **state)
{
	uint32_t id = add_disk();

	inventory_update();
	is_unreadable = true;
	assert_int_equal(inventory_rescan(id), -EIO);
	assert_int_equal(ndevices, 3);
}

static void what_is_gone_loses_its_names(void **state)
{
	add_disk();
	inventory_update();
	for (uint32_t i = 0; i < ndevices; i++)
		devices[i].flags |= BLOCK_GONE;
	inventory_update();
	assert_int_equal(ndevices, 0);
	assert_int_equal(nnames, 0);
}

static void a_rescan_of_what_is_no_disk_is_refused(void **state)
{
	add_disk();
	inventory_update();
	assert_int_equal(inventory_rescan(devices[1].id), -ENODEV);
	assert_int_equal(inventory_rescan(0), -ENODEV);
	assert_int_equal(inventory_rescan(99), -ENODEV);
}

static void a_free_loop_is_made_once_and_has_a_name(void **unused)
{
	uint32_t first, second, third;

	(void)unused;
	assert_int_equal(inventory_loop_free(&first), 0);
	assert_int_equal(inventory_loop_free(&second), 0);
	assert_int_equal(first, second);
	assert_true(name_index("loop0") >= 0);
	devices[ndevices - 1].flags &= ~(uint32_t)BLOCK_UNBOUND;
	assert_int_equal(inventory_loop_free(&third), 0);
	assert_int_equal(third, 1);
	assert_int_equal(inventory_loop_remove(0), 0);
	assert_int_equal(name_index("loop0"), -1);
	assert_int_equal(inventory_loop_remove(0), -ENODEV);
	assert_int_equal(inventory_loop_add(LOOP_MAX, &third), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_new_disk_gets_partitions_and_names, set_up),
		cmocka_unit_test_setup(names_from_before_get_a_new_owner_too, set_up),
		cmocka_unit_test_setup(a_disk_that_cannot_be_read_has_a_name, set_up),
		cmocka_unit_test_setup(a_rescan_takes_what_changed, set_up),
		cmocka_unit_test_setup(a_partition_in_use_stays_with_its_name, set_up),
		cmocka_unit_test_setup(an_unreadable_table_changes_nothing, set_up),
		cmocka_unit_test_setup(what_is_gone_loses_its_names, set_up),
		cmocka_unit_test_setup(a_rescan_of_what_is_no_disk_is_refused, set_up),
		cmocka_unit_test_setup(a_free_loop_is_made_once_and_has_a_name, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
