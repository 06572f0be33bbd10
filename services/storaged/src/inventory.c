/* services/storaged/src/inventory.c: see inventory.h. */
#include "inventory.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <partition/partition.h>

#include "kernel.h"

#define GROUP_DISK 6	/* Debian's group `disk` */

static uint32_t last_read;	/* disks up to this id have been looked at: ids rise */
static uint64_t owner = (uint64_t)GROUP_DISK << 32;

void inventory_set_owner(uint64_t new_owner)
{
	owner = new_owner;
}

void inventory_give_to(uint64_t new_owner)
{
	struct block_info info;

	if (owner == new_owner)
		return;
	owner = new_owner;
	for (uint32_t i = 0; !kernel_list(i, &info); i++)
		(void)kernel_unpublish(info.name);
}

static void publish(const struct block_info *info)
{
	int err = kernel_publish(info, owner);

	if (err && err != -EEXIST)
		kernel_log("cannot publish /dev/%s: error %d", info->name, -err);
}

/* Returns: 0, or -EBUSY: it is in use and stays, with its name. */
static int forget(const struct block_info *info)
{
	int err = kernel_unpublish(info->name);

	if (err && err != -ENOENT)
		kernel_log("cannot take /dev/%s back: error %d", info->name, -err);
	err = kernel_partition_remove(info->id);
	if (err == -EBUSY)
		publish(info);
	return err == -EBUSY ? err : 0;
}

static bool is_in_table(const struct partition_table *table, const struct block_info *info)
{
	for (uint32_t i = 0; i < table->count; i++) {
		const struct partition *p = &table->partitions[i];

		if (p->number == info->partition && p->start == info->start && p->bytes == info->bytes)
			return true;
	}
	return false;
}

/* Partitions of @disk that @table does not hold. */
static int remove_old(uint32_t disk, const struct partition_table *table)
{
	struct block_info info;
	uint32_t i = 0;
	int err = 0;

	while (!kernel_list(i, &info)) {
		if (info.parent != disk || is_in_table(table, &info)) {
			i++;
			continue;
		}
		if (forget(&info)) {
			err = -EBUSY;
			i++;
		}
	}
	return err;
}

static void add_new(const struct block_info *disk, const struct partition_table *table)
{
	for (uint32_t i = 0; i < table->count; i++) {
		const struct partition *p = &table->partitions[i];
		const struct block_info info = { .parent = disk->id, .partition = p->number, .start = p->start, .bytes = p->bytes };
		int err = kernel_partition_add(&info);

		if (err && err != -EEXIST)
			kernel_log("%s: partition %u is refused: error %d", disk->name, p->number, -err);
	}
}

static int read_table(const struct block_info *disk, struct partition_table *table)
{
	struct blockdev dev;
	int err = kernel_open(disk->id, &dev);

	if (!err)
		err = partition_table_read(&dev, table);
	if (err) {
		kernel_log("%s: the partition table cannot be read: error %d", disk->name, -err);
		return err;
	}
	if (table->is_backup)
		kernel_log("%s: the first partition table is broken; its backup is used", disk->name);
	if (table->nskipped)
		kernel_log("%s: %u partitions lie outside the disk or over others", disk->name, table->nskipped);
	return 0;
}

static int apply_table(const struct block_info *disk)
{
	struct partition_table *table = calloc(1, sizeof(*table));
	int err = table ? 0 : -ENOMEM;

	/* A loop without a file has no table, and so no partitions. */
	if (!err && !(disk->flags & BLOCK_UNBOUND))
		err = read_table(disk, table);

	if (!err) {
		err = remove_old(disk->id, table);
		add_new(disk, table);
	}
	free(table);
	return err;
}

static void publish_all(void)
{
	struct block_info info;
	uint32_t i;

	for (i = 0; !kernel_list(i, &info); i++)
		publish(&info);
}

static void forget_gone(void)
{
	struct block_info info;
	uint32_t i = 0;

	while (!kernel_list(i, &info)) {
		if (!(info.flags & BLOCK_GONE) || forget(&info))
			i++;
	}
}

static bool next_disk(uint32_t after, struct block_info *out)
{
	uint32_t i;

	for (i = 0; !kernel_list(i, out); i++) {
		if (!out->parent && out->id > after)
			return true;
	}
	return false;
}

void inventory_update(void)
{
	struct block_info disk;

	forget_gone();
	while (next_disk(last_read, &disk)) {
		last_read = disk.id;
		/* A disk that cannot be read has a name all the same; of loops only who asks sees the table. */
		if (!(disk.flags & BLOCK_LOOP))
			(void)apply_table(&disk);
	}
	publish_all();
}

int inventory_rescan(uint32_t id)
{
	struct block_info disk;
	int err;

	if (!id || !next_disk(id - 1, &disk) || disk.id != id)
		return -ENODEV;
	err = apply_table(&disk);
	publish_all();
	return err;
}

/* ---- loops ---- */

static bool find_loop(uint32_t number, struct block_info *out)
{
	uint32_t i;

	for (i = 0; !kernel_list(i, out); i++) {
		if ((out->flags & BLOCK_LOOP) && !out->parent && out->minor == number)
			return true;
	}
	return false;
}

int inventory_loop_add(uint64_t wanted, uint32_t *number)
{
	struct block_info info;
	int err;

	*number = wanted == UINT64_MAX ? 0 : (uint32_t)wanted;
	if (wanted != UINT64_MAX && wanted >= LOOP_MAX)
		return -EINVAL;
	while (wanted == UINT64_MAX && *number < LOOP_MAX && find_loop(*number, &info))
		++*number;
	if (*number >= LOOP_MAX)
		return -ENOSPC;
	info = (struct block_info){ .minor = *number };
	err = kernel_loop_add(&info);
	if (!err)
		publish(&info);
	return err;
}

int inventory_loop_free(uint32_t *number)
{
	struct block_info info;

	for (*number = 0; *number < LOOP_MAX; ++*number) {
		if (find_loop(*number, &info) && (info.flags & BLOCK_UNBOUND))
			return 0;
	}
	return inventory_loop_add(UINT64_MAX, number);
}

int inventory_loop_remove(uint64_t number)
{
	struct block_info info;

	return number < LOOP_MAX && find_loop((uint32_t)number, &info) ? forget(&info) : -ENODEV;
}

/* ---- finding ---- */

static uint32_t number_of_type(const struct partition_table *table, const uint64_t type[2])
{
	for (uint32_t i = 0; i < table->count; i++)
		if (!memcmp(table->partitions[i].type_guid, type, sizeof(table->partitions[i].type_guid)))
			return table->partitions[i].number;
	return 0;
}

static int find_partition(uint32_t disk, uint32_t number, uint32_t *id)
{
	struct block_info info;
	uint32_t i;

	for (i = 0; !kernel_list(i, &info); i++) {
		if (info.parent == disk && info.partition == number) {
			*id = info.id;
			return 0;
		}
	}
	return -ENOENT;
}

int inventory_find(const uint64_t type[2], uint32_t *id)
{
	struct partition_table *table = malloc(sizeof(*table));
	struct block_info disk = { 0 };
	int err = -ENOENT;

	if (!table)
		return -ENOMEM;
	while (err && next_disk(disk.id, &disk)) {
		uint32_t number = read_table(&disk, table) ? 0 : number_of_type(table, type);

		if (number)
			err = find_partition(disk.id, number, id);
	}
	free(table);
	return err;
}
