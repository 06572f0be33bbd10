#include <stdlib.h>

#include "alloc.h"
#include "crc32c.h"
#include "journal.h"
#include "zone.h"

#define PROBE_BYTES 4096u
#define CRC32C_TYPE 1u
#define MIN_EXTRA 28u
#define DEFAULT_EXTRA 32u

static const struct {
	uint32_t bit;
	const char *name;
} incompat_names[] = {
	{ 0x1, "compression" }, { 0x8, "journal_dev" }, { 0x10, "meta_bg" }, { 0x100, "mmp" },
	{ 0x400, "ea_inode" }, { 0x1000, "dirdata" }, { 0x2000, "metadata_csum_seed" }, { 0x4000, "large_dir" },
	{ 0x8000, "inline_data" }, { 0x10000, "encrypt" }, { 0x20000, "casefold" },
};

static void say(char out[32], const char *text)
{
	size_t i;

	for (i = 0; text[i] && i < 31; i++)
		out[i] = text[i];
	out[i] = '\0';
}

static void name_incompat(uint32_t bits, char out[32])
{
	size_t i;

	for (i = 0; i < sizeof(incompat_names) / sizeof(incompat_names[0]); i++) {
		if (bits & incompat_names[i].bit) {
			say(out, incompat_names[i].name);
			return;
		}
	}
	say(out, "an unknown one");
}

static uint64_t blocks_of(const struct super_disk *super)
{
	uint64_t hi = super->feature_incompat & INCOMPAT_64BIT ? super->blocks_count_hi : 0;

	return super->blocks_count_lo | hi << 32;
}

static int read_super(struct blockdev *dev, struct super_disk *super)
{
	uint8_t *block;
	int err;

	if (dev->bytes < PROBE_BYTES)
		return -EINVAL;
	block = malloc(PROBE_BYTES);
	if (!block)
		return -ENOMEM;
	err = dev->ops->read(dev, 0, block, PROBE_BYTES);
	memcpy(super, block + SUPER_OFFSET, sizeof(*super));
	free(block);
	return err;
}

/* Which features we do not know. */
static int check_features(const struct super_disk *super, char unsupported[32])
{
	uint32_t unknown = super->feature_incompat & ~INCOMPAT_KNOWN;

	if (unknown) {
		name_incompat(unknown, unsupported);
		return -EOPNOTSUPP;
	}
	if (super->rev_level == 0 || (super->feature_incompat & INCOMPAT_NEEDED) != INCOMPAT_NEEDED) {
		say(unsupported, "no extents or file types");
		return -EOPNOTSUPP;
	}
	if (super->log_block_size > 2) {
		say(unsupported, "blocks of more than 4 KiB");
		return -EOPNOTSUPP;
	}
	return 0;
}

static bool is_power_of_2(uint32_t value)
{
	return value && (value & (value - 1)) == 0;
}

static bool sizes_make_sense(const struct super_disk *super)
{
	uint32_t block_bytes = 1024u << super->log_block_size;
	bool is_64bit = super->feature_incompat & INCOMPAT_64BIT;

	if (!is_power_of_2(super->inode_size) || super->inode_size < 128 || super->inode_size > block_bytes)
		return false;
	if (is_64bit && (!is_power_of_2(super->desc_size) || super->desc_size < sizeof(struct group_disk) ||
			 super->desc_size > block_bytes))
		return false;
	return super->blocks_per_group && super->blocks_per_group <= block_bytes * 8 && super->blocks_per_group % 8 == 0 &&
	       super->inodes_per_group && super->inodes_per_group <= block_bytes * 8 && super->inodes_per_group % 8 == 0 &&
	       super->first_data_block == (block_bytes == 1024) && super->def_hash_version <= HASH_TEA;
}

static bool counts_make_sense(const struct blockdev *dev, const struct super_disk *super)
{
	uint32_t block_bytes = 1024u << super->log_block_size;
	uint64_t blocks = blocks_of(super), groups;

	if (blocks > dev->bytes / block_bytes || blocks < 16)
		return false;
	groups = (blocks - super->first_data_block + super->blocks_per_group - 1) / super->blocks_per_group;
	return groups * super->inodes_per_group == super->inodes_count && super->first_ino > JOURNAL_INO_DEFAULT &&
	       super->first_ino <= super->inodes_per_group && groups * sizeof(struct group_disk) < blocks * block_bytes / 4 &&
	       super_free_blocks(super) <= blocks && super->free_inodes_count <= super->inodes_count;
}

static int check(const struct blockdev *dev, const struct super_disk *super, char unsupported[32])
{
	int err;

	if (super->magic != SUPER_MAGIC)
		return -EINVAL;
	err = check_features(super, unsupported);
	if (err)
		return err;
	if (1024u << super->log_block_size < dev->block_bytes) {
		say(unsupported, "blocks smaller than the disk's");
		return -EOPNOTSUPP;
	}
	if (super->feature_ro_compat & RO_METADATA_CSUM &&
	    (super->checksum_type != CRC32C_TYPE ||
	     super->checksum != crc32c(~0u, super, offsetof(struct super_disk, checksum))))
		return -EUCLEAN;
	return sizes_make_sense(super) && counts_make_sense(dev, super) ? 0 : -EUCLEAN;
}

static bool has_own_journal(const struct super_disk *super)
{
	return super->feature_compat & COMPAT_HAS_JOURNAL && super->journal_inum && !super->journal_dev;
}

static bool must_be_read_only(const struct super_disk *super)
{
	return super->feature_ro_compat & ~RO_KNOWN || !has_own_journal(super);
}

int ext4_probe(struct blockdev *dev, struct ext4_info *info)
{
	struct super_disk super;
	int err = read_super(dev, &super);

	memset(info, 0, sizeof(*info));
	if (!err)
		err = check(dev, &super, info->unsupported);
	if (err)
		return err;
	info->block_bytes = 1024u << super.log_block_size;
	info->blocks = blocks_of(&super);
	memcpy(info->uuid, super.uuid, sizeof(info->uuid));
	memcpy(info->label, super.volume_name, sizeof(super.volume_name));
	info->is_read_only = must_be_read_only(&super);
	info->needs_recovery = super.feature_incompat & INCOMPAT_RECOVER;
	return 0;
}

static void set_geometry(struct ext4 *fs, const struct super_disk *super)
{
	fs->block_shift = 10 + super->log_block_size;
	fs->block_bytes = 1u << fs->block_shift;
	fs->blocks = blocks_of(super);
	fs->first_data_block = super->first_data_block;
	fs->blocks_per_group = super->blocks_per_group;
	fs->inodes_per_group = super->inodes_per_group;
	fs->inodes = super->inodes_count;
	fs->groups = fs->inodes / fs->inodes_per_group;
	fs->desc_bytes = super->feature_incompat & INCOMPAT_64BIT ? super->desc_size : 32;
	fs->inode_bytes = super->inode_size;
	fs->first_ino = super->first_ino;
	fs->reserved_gdt = super->reserved_gdt_blocks;
	fs->journal_ino = super->journal_inum;
	fs->super_block = SUPER_OFFSET >> fs->block_shift;
	fs->super_offset = fs->super_block ? 0 : SUPER_OFFSET;
}

static void set_features(struct ext4 *fs, const struct super_disk *super)
{
	fs->compat = super->feature_compat;
	fs->ro_compat = super->feature_ro_compat;
	fs->has_checksums = fs->ro_compat & RO_METADATA_CSUM;
	fs->seed = crc32c(~0u, super->uuid, sizeof(super->uuid));
	memcpy(fs->uuid, super->uuid, sizeof(fs->uuid));
	memcpy(fs->hash_seed, super->hash_seed, sizeof(fs->hash_seed));
	fs->hash_version = super->def_hash_version + (super->flags & SUPER_UNSIGNED_HASH ? HASH_UNSIGNED : 0);
	fs->want_extra = super->want_extra_isize;
	if (fs->want_extra < MIN_EXTRA || fs->want_extra % 4 || 128 + fs->want_extra > fs->inode_bytes)
		fs->want_extra = fs->inode_bytes >= 128 + DEFAULT_EXTRA ? DEFAULT_EXTRA : 0;
}

static int load_super(struct ext4 *fs, struct super_disk *super)
{
	char unsupported[32];
	int err = read_super(fs->dev, super);

	if (!err)
		err = check(fs->dev, super, unsupported);
	if (err)
		return err;
	set_geometry(fs, super);
	set_features(fs, super);
	if (must_be_read_only(super))
		fs->is_read_only = true;
	return 0;
}

/* Change the superblock on the device, outside the journal: only of what has no copy in the store. */
static int mark_in_use(struct ext4 *fs, bool is_in_use)
{
	struct super_disk *super;
	uint8_t *block = malloc(fs->block_bytes);
	int err;

	if (!block)
		return -ENOMEM;
	err = device_read(fs, fs->super_block, block);
	super = (void *)(block + fs->super_offset);
	if (!err && !(super->feature_incompat & INCOMPAT_RECOVER) == is_in_use) {
		super->feature_incompat ^= INCOMPAT_RECOVER;
		super->wtime = (uint32_t)fs_now(fs).sec;
		if (is_in_use) {
			super->mtime = super->wtime;
			super->mnt_count++;
		}
		super_checksum(fs, super);
		err = device_write(fs, fs->super_block, block);
		if (!err)
			err = fs->dev->ops->flush(fs->dev);
	}
	free(block);
	return err;
}

static int open_journal(struct ext4 *fs, const struct super_disk *super)
{
	struct super_disk reloaded;
	int err;

	if (!has_own_journal(super))
		return 0;
	err = journal_open(fs);
	if (!err && super->feature_incompat & INCOMPAT_RECOVER && !journal_is_empty(fs))
		err = journal_replay(fs);
	if (err || fs->is_read_only)
		return err;
	err = load_super(fs, &reloaded);
	if (!err)
		err = journal_start(fs);
	return err ? err : mark_in_use(fs, true);
}

int ext4_open(struct blockdev *dev, struct ext4_store *store, unsigned int flags, struct ext4 **out)
{
	struct ext4 *fs = calloc(1, sizeof(*fs));
	struct super_disk super;
	int err;

	if (!fs)
		return -ENOMEM;
	fs->dev = dev;
	fs->store = store;
	fs->is_read_only = flags & EXT4_OPEN_READ_ONLY || dev->is_read_only;
	err = load_super(fs, &super);
	if (!err)
		err = open_journal(fs, &super);
	if (!err)
		err = zone_build(fs);
	if (err) {
		ext4_abandon(fs);
		return err;
	}
	*out = fs;
	return 0;
}

void ext4_abandon(struct ext4 *fs)
{
	unsigned int i;

	for (i = 0; i < COMMITTED_CACHE; i++)
		free(fs->committed[i].data);
	ranges_free(&fs->inflight);
	ranges_free(&fs->zone);
	ranges_free(&fs->journal.ranges);
	free(fs->overlay);
	free(fs);
}

static int close_clean(struct ext4 *fs)
{
	int err = ext4_commit(fs);

	if (!err)
		err = fs->dev->ops->flush(fs->dev);
	if (!err)
		err = journal_empty(fs);
	return err ? err : mark_in_use(fs, false);
}

int ext4_close(struct ext4 *fs)
{
	int err = fs->is_read_only ? 0 : close_clean(fs);

	ext4_abandon(fs);
	return err;
}

void ext4_stop_writing(struct ext4 *fs)
{
	fs->is_read_only = true;
}

bool ext4_is_read_only(const struct ext4 *fs)
{
	return fs->is_read_only;
}

uint32_t ext4_block_bytes(const struct ext4 *fs)
{
	return fs->block_bytes;
}

static int read_overlay(struct ext4 *fs, const struct overlay_block *overlay, void *buf)
{
	uint32_t magic = be32(JOURNAL_MAGIC);
	int err = device_read(fs, overlay->copy, buf);

	if (!err && overlay->is_escaped)
		memcpy(buf, &magic, sizeof(magic));
	return err;
}

int fs_read(struct ext4 *fs, uint64_t block, void *buf)
{
	size_t i;

	for (i = 0; i < fs->noverlay; i++)
		if (fs->overlay[i].block == block)
			return read_overlay(fs, &fs->overlay[i], buf);
	return fs->store->ops->read(fs->store, block, buf);
}

int ext4_commit_begin(struct ext4 *fs)
{
	if (fs->is_read_only)
		return fs->store->ops->count(fs->store) ? -EROFS : 1;
	if (fs->store->ops->count(fs->store) == 0)
		return 1;
	fs->store->ops->freeze(fs->store);
	return 0;
}

int ext4_commit_end(struct ext4 *fs, int err)
{
	committed_forget(fs);
	if (err) {
		fs->is_read_only = true;
		return err;
	}
	fs->journal.sequence++;
	fs->store->ops->release(fs->store);
	return 0;
}

int ext4_commit(struct ext4 *fs)
{
	int err = ext4_commit_begin(fs);

	if (err)
		return err == 1 ? 0 : err;
	return ext4_commit_end(fs, ext4_commit_write(fs));
}

bool ext4_commit_is_due(struct ext4 *fs)
{
	return !fs->is_read_only && fs->store->ops->count(fs->store) > journal_max_blocks(fs) / 2;
}

int ext4_statfs(struct ext4 *fs, struct ext4_statfs *out)
{
	struct super_disk *super;
	struct buffer *buffer;
	struct txn txn;
	uint64_t kept;
	int err;

	txn_begin(&txn, fs);
	err = super_get(&txn, &buffer, &super);
	if (!err) {
		*out = (struct ext4_statfs){ .blocks = fs->blocks - super->overhead, .free_blocks = super_free_blocks(super),
					     .inodes = fs->inodes, .free_inodes = super->free_inodes_count,
					     .block_bytes = fs->block_bytes };
		out->free_blocks -= fs->reserved < out->free_blocks ? fs->reserved : out->free_blocks;
		kept = super_root_blocks(super);
		out->available_blocks = out->free_blocks > kept ? out->free_blocks - kept : 0;
		memcpy(out->uuid, fs->uuid, sizeof(out->uuid));
	}
	return txn_finish(&txn, err);
}
