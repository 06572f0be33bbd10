/* libs/partition/include/partition/partition.h: the partition tables of a disk.
 *
 * GPT (UEFI 2.10, 5.3) behind a protective MBR, from the backup when the first header or its
 * entries are broken; else an MBR with its chain of extended partitions. What a table says is
 * not trusted: every partition that comes out lies within the disk, on whole blocks,
 * and overlaps no other.
 */
#ifndef PARTITION_PARTITION_H
#define PARTITION_PARTITION_H

#include <blockdev/blockdev.h>

#define PARTITION_MAX 128
#define PARTITION_NAME_BYTES 109	/* 36 UTF-16 units as UTF-8, and a NUL */

enum partition_scheme { PARTITION_NONE, PARTITION_MBR, PARTITION_GPT };

struct partition {
	uint32_t number;		/* from 1; logical ones from 5 */
	uint64_t start, bytes;
	uint8_t mbr_type;		/* MBR: the type byte */
	bool is_bootable;
	uint64_t attributes;		/* GPT */
	uint8_t type_guid[16], guid[16];	/* GPT: as on the disk */
	char name[PARTITION_NAME_BYTES];	/* GPT */
};

struct partition_table {
	enum partition_scheme scheme;
	bool is_backup;			/* GPT: the first header or its entries were broken */
	uint32_t nskipped;		/* entries that were refused */
	uint32_t signature;		/* MBR: the disk's */
	uint8_t guid[16];		/* GPT: the disk's */
	uint32_t count;
	struct partition partitions[PARTITION_MAX];	/* in the table's order */
};

/* Read the table of @dev. A disk without one, or with one that is broken beyond use, has no partitions
 * (PARTITION_NONE), which is no error. Returns: 0; what reading gave: -EIO, -ENODEV. */
int partition_table_read(struct blockdev *dev, struct partition_table *out);

#endif
