#include "crc32c.h"
#include "group.h"

uint64_t group_start(const struct ext4 *fs, uint32_t number)
{
	return fs->first_data_block + (uint64_t)number * fs->blocks_per_group;
}

uint32_t group_blocks(const struct ext4 *fs, uint32_t number)
{
	uint64_t left = fs->blocks - group_start(fs, number);

	return left < fs->blocks_per_group ? (uint32_t)left : fs->blocks_per_group;
}

uint64_t group_desc_block(const struct ext4 *fs, uint32_t number, uint32_t *offset)
{
	uint64_t at = (uint64_t)number * fs->desc_bytes;

	*offset = (uint32_t)(at % fs->block_bytes);
	return fs->super_block + 1 + at / fs->block_bytes;
}

static uint16_t desc_checksum(const struct ext4 *fs, uint32_t number, const struct group_disk *desc)
{
	const uint32_t at = offsetof(struct group_disk, checksum), after = at + sizeof(desc->checksum);
	static const uint16_t zero;
	uint32_t crc = crc32c(fs->seed, &number, sizeof(number));

	crc = crc32c(crc, desc, at);
	crc = crc32c(crc, &zero, sizeof(zero));
	return (uint16_t)crc32c(crc, (const uint8_t *)desc + after, fs->desc_bytes - after);
}

int group_get(struct txn *txn, uint32_t number, struct group *group)
{
	struct ext4 *fs = txn->fs;
	uint32_t offset;
	uint64_t block;
	int err;

	if (number >= fs->groups)
		return corrupt(fs);
	block = group_desc_block(fs, number, &offset);
	err = txn_get(txn, block, BUFFER_GROUPS, 0, &group->buffer);
	if (err)
		return err;
	group->number = number;
	group->desc = (void *)(group->buffer->data + offset);
	if (fs->has_checksums && group->desc->checksum != desc_checksum(fs, number, group->desc))
		return corrupt(fs);
	if (!is_block_range(fs, group_inode_table(fs, group->desc),
			    ((uint64_t)fs->inodes_per_group * fs->inode_bytes + fs->block_bytes - 1) >> fs->block_shift))
		return corrupt(fs);
	return 0;
}

void group_dirty(struct txn *txn, struct group *group)
{
	if (txn->fs->has_checksums)
		group->desc->checksum = desc_checksum(txn->fs, group->number, group->desc);
	txn_dirty(txn, group->buffer);
}

static bool is_wide(const struct ext4 *fs)
{
	return fs->desc_bytes >= sizeof(struct group_disk);
}

static uint64_t join64(const struct ext4 *fs, uint32_t lo, const uint32_t *hi)
{
	return is_wide(fs) ? lo | (uint64_t)*hi << 32 : lo;
}

static uint32_t join32(const struct ext4 *fs, uint16_t lo, const uint16_t *hi)
{
	return is_wide(fs) ? lo | (uint32_t)*hi << 16 : lo;
}

static void part32(const struct ext4 *fs, uint16_t *lo, uint16_t *hi, uint32_t value)
{
	*lo = (uint16_t)value;
	if (is_wide(fs))
		*hi = (uint16_t)(value >> 16);
}

uint64_t group_inode_table(const struct ext4 *fs, const struct group_disk *desc)
{
	return join64(fs, desc->inode_table_lo, &desc->inode_table_hi);
}

uint64_t group_block_bitmap_at(const struct ext4 *fs, const struct group_disk *desc)
{
	return join64(fs, desc->block_bitmap_lo, &desc->block_bitmap_hi);
}

uint64_t group_inode_bitmap_at(const struct ext4 *fs, const struct group_disk *desc)
{
	return join64(fs, desc->inode_bitmap_lo, &desc->inode_bitmap_hi);
}

uint32_t group_free_blocks(const struct ext4 *fs, const struct group_disk *desc)
{
	return join32(fs, desc->free_blocks_lo, &desc->free_blocks_hi);
}

uint32_t group_free_inodes(const struct ext4 *fs, const struct group_disk *desc)
{
	return join32(fs, desc->free_inodes_lo, &desc->free_inodes_hi);
}

uint32_t group_used_dirs(const struct ext4 *fs, const struct group_disk *desc)
{
	return join32(fs, desc->used_dirs_lo, &desc->used_dirs_hi);
}

uint32_t group_unused_inodes(const struct ext4 *fs, const struct group_disk *desc)
{
	return join32(fs, desc->itable_unused_lo, &desc->itable_unused_hi);
}

void group_set_free_blocks(const struct ext4 *fs, struct group_disk *desc, uint32_t value)
{
	part32(fs, &desc->free_blocks_lo, &desc->free_blocks_hi, value);
}

void group_set_free_inodes(const struct ext4 *fs, struct group_disk *desc, uint32_t value)
{
	part32(fs, &desc->free_inodes_lo, &desc->free_inodes_hi, value);
}

void group_set_used_dirs(const struct ext4 *fs, struct group_disk *desc, uint32_t value)
{
	part32(fs, &desc->used_dirs_lo, &desc->used_dirs_hi, value);
}

void group_set_unused_inodes(const struct ext4 *fs, struct group_disk *desc, uint32_t value)
{
	part32(fs, &desc->itable_unused_lo, &desc->itable_unused_hi, value);
}

static uint32_t bitmap_checksum(const struct ext4 *fs, const struct buffer *bitmap, uint32_t bits)
{
	return crc32c(fs->seed, bitmap->data, bits / 8);
}

static bool checksum_is_right(const struct ext4 *fs, uint32_t crc, uint16_t lo, const uint16_t *hi)
{
	return is_wide(fs) ? crc == (lo | (uint32_t)*hi << 16) : (uint16_t)crc == lo;
}

static void set_bits(uint8_t *bitmap, uint32_t from, uint32_t end)
{
	for (; from < end; from++)
		bit_set(bitmap, from);
}

static bool is_power_of(uint32_t value, uint32_t base)
{
	while (value % base == 0)
		value /= base;
	return value == 1;
}

bool group_has_super(const struct ext4 *fs, uint32_t number)
{
	if (number <= 1 || !(fs->ro_compat & RO_SPARSE_SUPER))
		return true;
	return is_power_of(number, 3) || is_power_of(number, 5) || is_power_of(number, 7);
}

static void set_own(const struct ext4 *fs, uint32_t number, uint8_t *bitmap, uint64_t block, uint64_t len)
{
	uint64_t start = group_start(fs, number), end = start + group_blocks(fs, number);

	for (; len; len--, block++)
		if (block >= start && block < end)
			bit_set(bitmap, (uint32_t)(block - start));
}

/* A group whose bitmap was never written holds only metadata that has a fixed place. */
static void make_block_bitmap(const struct ext4 *fs, const struct group *group, uint8_t *bitmap)
{
	uint64_t gdt_blocks = ((uint64_t)fs->groups * fs->desc_bytes + fs->block_bytes - 1) >> fs->block_shift;
	uint64_t table = ((uint64_t)fs->inodes_per_group * fs->inode_bytes + fs->block_bytes - 1) >> fs->block_shift;

	memset(bitmap, 0, fs->block_bytes);
	if (group_has_super(fs, group->number))
		set_own(fs, group->number, bitmap, group_start(fs, group->number), 1 + gdt_blocks + fs->reserved_gdt);
	set_own(fs, group->number, bitmap, group_block_bitmap_at(fs, group->desc), 1);
	set_own(fs, group->number, bitmap, group_inode_bitmap_at(fs, group->desc), 1);
	set_own(fs, group->number, bitmap, group_inode_table(fs, group->desc), table);
	set_bits(bitmap, group_blocks(fs, group->number), fs->block_bytes * 8);
}

int group_block_bitmap(struct txn *txn, const struct group *group, struct buffer **bitmap)
{
	uint64_t block = group_block_bitmap_at(txn->fs, group->desc);
	const struct group_disk *desc = group->desc;
	struct ext4 *fs = txn->fs;
	int err;

	if (!is_block_range(fs, block, 1))
		return corrupt(fs);
	err = txn_get(txn, block, BUFFER_BLOCK_BITMAP, group->number, bitmap);
	if (err || (*bitmap)->is_checked)
		return err;
	if (desc->flags & GROUP_BLOCK_UNINIT)
		make_block_bitmap(fs, group, (*bitmap)->data);
	else if (fs->has_checksums && !checksum_is_right(fs, bitmap_checksum(fs, *bitmap, fs->blocks_per_group),
							 desc->block_bitmap_csum_lo, &desc->block_bitmap_csum_hi))
		return corrupt(fs);
	(*bitmap)->is_checked = true;
	return 0;
}

int group_inode_bitmap(struct txn *txn, const struct group *group, struct buffer **bitmap)
{
	uint64_t block = group_inode_bitmap_at(txn->fs, group->desc);
	const struct group_disk *desc = group->desc;
	struct ext4 *fs = txn->fs;
	int err;

	if (!is_block_range(fs, block, 1))
		return corrupt(fs);
	err = txn_get(txn, block, BUFFER_INODE_BITMAP, group->number, bitmap);
	if (err || (*bitmap)->is_checked)
		return err;
	if (desc->flags & GROUP_INODE_UNINIT) {
		memset((*bitmap)->data, 0, fs->block_bytes);
		set_bits((*bitmap)->data, fs->inodes_per_group, fs->block_bytes * 8);
	} else if (fs->has_checksums && !checksum_is_right(fs, bitmap_checksum(fs, *bitmap, fs->inodes_per_group),
							   desc->inode_bitmap_csum_lo, &desc->inode_bitmap_csum_hi)) {
		return corrupt(fs);
	}
	(*bitmap)->is_checked = true;
	return 0;
}

void group_block_bitmap_dirty(struct txn *txn, struct group *group, struct buffer *bitmap)
{
	uint32_t crc = bitmap_checksum(txn->fs, bitmap, txn->fs->blocks_per_group);

	group->desc->flags &= (uint16_t)~GROUP_BLOCK_UNINIT;
	if (txn->fs->has_checksums)
		part32(txn->fs, &group->desc->block_bitmap_csum_lo, &group->desc->block_bitmap_csum_hi, crc);
	txn_dirty(txn, bitmap);
}

void group_inode_bitmap_dirty(struct txn *txn, struct group *group, struct buffer *bitmap)
{
	uint32_t crc = bitmap_checksum(txn->fs, bitmap, txn->fs->inodes_per_group);

	group->desc->flags &= (uint16_t)~GROUP_INODE_UNINIT;
	if (txn->fs->has_checksums)
		part32(txn->fs, &group->desc->inode_bitmap_csum_lo, &group->desc->inode_bitmap_csum_hi, crc);
	txn_dirty(txn, bitmap);
}

uint32_t bit_next(const uint8_t *bitmap, uint32_t from, uint32_t end, bool value)
{
	uint64_t word;
	uint32_t bit;

	while (from < end) {
		memcpy(&word, bitmap + from / 64 * 8, sizeof(word));
		word = (value ? word : ~word) >> from % 64;
		if (word) {
			bit = from + (uint32_t)__builtin_ctzll(word);
			return bit < end ? bit : end;
		}
		from = (from | 63) + 1;
	}
	return end;
}
