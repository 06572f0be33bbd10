/* libs/partition/src/table.h: what the parts of the reader share. */
#ifndef PARTITION_TABLE_H
#define PARTITION_TABLE_H

#include <partition/partition.h>

#define MAX_BLOCK_BYTES 4096u
#define MBR_BYTES 512u
#define MBR_TYPE_PROTECTIVE 0xeeu

struct mbr_entry {
	uint8_t boot, type;
	uint32_t start, count;	/* in blocks */
};

static inline uint16_t get16(const uint8_t *p) { return (uint16_t)(p[0] | p[1] << 8); }
static inline uint32_t get32(const uint8_t *p) { return get16(p) | (uint32_t)get16(p + 2) << 16; }
static inline uint64_t get64(const uint8_t *p) { return get32(p) | (uint64_t)get32(p + 4) << 32; }

/* Entry @i of 4 in the sector @mbr. */
struct mbr_entry mbr_entry_at(const uint8_t *mbr, unsigned i);
bool mbr_has_signature(const uint8_t *mbr);

/* Read block @lba into @buf, of MAX_BLOCK_BYTES. */
int table_read_block(struct blockdev *dev, uint64_t lba, uint8_t *buf);
/* Add a partition of @count blocks. Returns: the entry to fill in, or NULL: refused, and counted. */
struct partition *table_add(struct blockdev *dev, struct partition_table *t, uint32_t number, uint64_t lba, uint64_t count);

/* Returns: 0 with t->scheme set if there is a table, or what reading gave. */
int gpt_read(struct blockdev *dev, struct partition_table *t);
int mbr_read(struct blockdev *dev, const uint8_t *mbr, struct partition_table *t);

#endif
