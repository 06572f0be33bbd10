#include "alloc.h"
#include "crc32c.h"
#include "extents.h"
#include "inode.h"

#define BASE_BYTES 128u
#define EPOCH_BITS 3u

static uint32_t inode_checksum(const struct inode *inode)
{
	const struct ext4 *fs = inode->txn->fs;
	const uint8_t *raw = (const uint8_t *)inode->raw;
	const uint32_t lo = offsetof(struct inode_disk, checksum_lo), hi = offsetof(struct inode_disk, checksum_hi);
	static const uint8_t zero[2];
	uint32_t crc, at = lo + 2;

	crc = crc32c(inode->seed, raw, lo);
	crc = crc32c(crc, zero, sizeof(zero));
	if (INODE_HAS(inode, checksum_hi)) {
		crc = crc32c(crc, raw + at, hi - at);
		crc = crc32c(crc, zero, sizeof(zero));
		at = hi + 2;
	}
	return crc32c(crc, raw + at, fs->inode_bytes - at);
}

static bool checksum_is_right(const struct inode *inode)
{
	uint32_t crc = inode_checksum(inode);

	if ((uint16_t)crc != inode->raw->checksum_lo)
		return false;
	return !INODE_HAS(inode, checksum_hi) || crc >> 16 == inode->raw->checksum_hi;
}

bool inode_has_field(const struct inode *inode, size_t offset, size_t len)
{
	if (offset + len <= BASE_BYTES)
		return true;
	return inode->txn->fs->inode_bytes > BASE_BYTES && offset + len <= BASE_BYTES + inode->raw->extra_isize;
}

static uint32_t make_seed(const struct ext4 *fs, uint32_t ino, uint32_t generation)
{
	uint32_t crc = crc32c(fs->seed, &ino, sizeof(ino));

	return crc32c(crc, &generation, sizeof(generation));
}

/* Find where it lies. */
static int locate(struct txn *txn, uint32_t ino, struct inode *inode)
{
	struct ext4 *fs = txn->fs;
	struct group group;
	uint64_t at;
	int err;

	if (ino == 0 || ino > fs->inodes)
		return -ESTALE;
	err = group_get(txn, (ino - 1) / fs->inodes_per_group, &group);
	if (err)
		return err;
	at = (uint64_t)((ino - 1) % fs->inodes_per_group) * fs->inode_bytes;
	err = txn_get(txn, group_inode_table(fs, group.desc) + (at >> fs->block_shift), BUFFER_INODES, 0,
		      &inode->buffer);
	if (err)
		return err;
	inode->txn = txn;
	inode->ino = ino;
	inode->raw = (void *)(inode->buffer->data + at % fs->block_bytes);
	return 0;
}

static bool makes_sense(const struct inode *inode)
{
	const struct ext4 *fs = inode->txn->fs;

	if (fs->inode_bytes > BASE_BYTES &&
	    (inode->raw->extra_isize > fs->inode_bytes - BASE_BYTES || inode->raw->extra_isize % 4 != 0))
		return false;
	return !fs->has_checksums || checksum_is_right(inode);
}

int inode_get_any(struct txn *txn, uint32_t ino, struct inode *inode)
{
	int err = locate(txn, ino, inode);

	if (err)
		return err;
	inode->seed = make_seed(txn->fs, ino, inode->raw->generation);
	return makes_sense(inode) ? 0 : corrupt(txn->fs);
}

int inode_get(struct txn *txn, uint32_t ino, struct inode *inode)
{
	struct ext4 *fs = txn->fs;
	bool is_taken = true;
	int err;

	if (ino > fs->inodes || (ino < fs->first_ino && ino != EXT4_ROOT_INO))
		return -ESTALE;
	err = locate(txn, ino, inode);
	if (err)
		return err;
	inode->seed = make_seed(fs, ino, inode->raw->generation);
	/* Without links it is free, or an orphan; one that was never used may be anything. */
	if (inode->raw->links_count == 0 || inode->raw->mode == 0 || !makes_sense(inode))
		err = inode_is_taken(txn, ino, &is_taken);
	if (err)
		return err;
	if (!is_taken)
		return -ESTALE;
	if (!makes_sense(inode) || inode->raw->mode == 0 || (inode_is(inode, TYPE_DIR) && inode->raw->size_hi))
		return corrupt(fs);
	return inode->raw->flags & INODE_FLAG_INLINE ? -EOPNOTSUPP : 0;
}

/* A generation tells a number's users apart; 0 is one too. */
static uint32_t next_generation(const struct ext4 *fs, uint32_t old, struct ext4_time now)
{
	uint32_t mixed[3] = { old, (uint32_t)now.sec, now.nsec };

	return crc32c(fs->seed, mixed, sizeof(mixed));
}

int inode_init(struct txn *txn, uint32_t ino, uint32_t mode, struct inode *inode)
{
	struct ext4 *fs = txn->fs;
	struct ext4_time now = fs_now(fs);
	uint32_t generation;
	int err = locate(txn, ino, inode);

	if (err)
		return err;
	generation = next_generation(fs, inode->raw->generation, now);
	memset(inode->raw, 0, fs->inode_bytes);
	inode->raw->mode = (uint16_t)mode;
	inode->raw->generation = generation;
	if (fs->inode_bytes > BASE_BYTES)
		inode->raw->extra_isize = (uint16_t)fs->want_extra;
	inode->seed = make_seed(fs, ino, generation);
	inode_set_time(inode, TIME_ACCESS, now);
	inode_set_time(inode, TIME_MODIFY, now);
	inode_set_time(inode, TIME_CHANGE, now);
	inode_set_time(inode, TIME_BIRTH, now);
	inode_dirty(inode);
	return 0;
}

void inode_dirty(struct inode *inode)
{
	uint32_t crc;

	if (inode->txn->fs->has_checksums) {
		crc = inode_checksum(inode);
		inode->raw->checksum_lo = (uint16_t)crc;
		if (INODE_HAS(inode, checksum_hi))
			inode->raw->checksum_hi = (uint16_t)(crc >> 16);
	}
	txn_dirty(inode->txn, inode->buffer);
}

uint64_t inode_size(const struct inode *inode)
{
	return inode->raw->size_lo | (uint64_t)inode->raw->size_hi << 32;
}

void inode_set_size(struct inode *inode, uint64_t size)
{
	inode->raw->size_lo = (uint32_t)size;
	inode->raw->size_hi = (uint32_t)(size >> 32);
}

static uint64_t blocks_of_512(const struct inode *inode)
{
	uint64_t blocks = inode->raw->blocks_lo | (uint64_t)inode->raw->blocks_hi << 32;

	return inode->raw->flags & INODE_FLAG_HUGE_FILE ? blocks << (inode->txn->fs->block_shift - 9) : blocks;
}

int inode_add_blocks(struct inode *inode, int64_t delta)
{
	unsigned int shift = inode->txn->fs->block_shift - 9;
	int64_t blocks = (int64_t)blocks_of_512(inode) + delta * (1ll << shift);

	if (blocks < 0)
		return corrupt(inode->txn->fs);
	inode->raw->flags &= ~INODE_FLAG_HUGE_FILE;
	if (blocks >> 48) {
		inode->raw->flags |= INODE_FLAG_HUGE_FILE;
		blocks >>= shift;
	}
	inode->raw->blocks_lo = (uint32_t)blocks;
	inode->raw->blocks_hi = (uint16_t)(blocks >> 32);
	return 0;
}

uint8_t *inode_tail(const struct inode *inode, uint32_t *len)
{
	uint32_t used = BASE_BYTES + inode->raw->extra_isize;

	*len = 0;
	if (inode->txn->fs->inode_bytes <= BASE_BYTES || inode->txn->fs->inode_bytes < used + 8)
		return NULL;
	*len = inode->txn->fs->inode_bytes - used;
	return (uint8_t *)inode->raw + used;
}

/* Seconds are 34 bits: the signed 32 of the field, and two more above them. */
static struct ext4_time decode_time(uint32_t sec, uint32_t extra, bool has_extra)
{
	struct ext4_time time = { (int32_t)sec, 0 };

	if (has_extra) {
		time.sec += (int64_t)(extra & EPOCH_BITS) << 32;
		time.nsec = extra >> 2;
	}
	return time;
}

static uint32_t *time_fields(const struct inode *inode, enum inode_time which, uint32_t **extra)
{
	struct inode_disk *raw = inode->raw;

	*extra = NULL;
	switch (which) {
	case TIME_ACCESS:
		*extra = INODE_HAS(inode, atime_extra) ? &raw->atime_extra : NULL;
		return &raw->atime;
	case TIME_MODIFY:
		*extra = INODE_HAS(inode, mtime_extra) ? &raw->mtime_extra : NULL;
		return &raw->mtime;
	case TIME_CHANGE:
		*extra = INODE_HAS(inode, ctime_extra) ? &raw->ctime_extra : NULL;
		return &raw->ctime;
	default:
		*extra = INODE_HAS(inode, crtime_extra) ? &raw->crtime_extra : NULL;
		return INODE_HAS(inode, crtime) ? &raw->crtime : NULL;
	}
}

void inode_set_time(struct inode *inode, enum inode_time which, struct ext4_time time)
{
	uint32_t *extra, *sec = time_fields(inode, which, &extra);
	int64_t last = extra ? ((int64_t)EPOCH_BITS << 32) + INT32_MAX : INT32_MAX;

	if (time.sec < INT32_MIN)
		time = (struct ext4_time){ INT32_MIN, 0 };
	if (time.sec > last)
		time = (struct ext4_time){ last, 0 };
	if (sec)
		*sec = (uint32_t)time.sec;
	if (extra)
		*extra = (uint32_t)((time.sec - (int32_t)time.sec) >> 32 & EPOCH_BITS) | time.nsec << 2;
}

static struct ext4_time get_time(const struct inode *inode, enum inode_time which)
{
	uint32_t *extra, *sec = time_fields(inode, which, &extra);

	return sec ? decode_time(*sec, extra ? *extra : 0, extra) : (struct ext4_time){ 0, 0 };
}

void inode_touch_change(struct inode *inode)
{
	inode_set_time(inode, TIME_CHANGE, fs_now(inode->txn->fs));
}

void inode_touch(struct inode *inode)
{
	inode_set_time(inode, TIME_MODIFY, fs_now(inode->txn->fs));
	inode_touch_change(inode);
}

int inode_check_writable(const struct inode *inode)
{
	return inode->raw->flags & INODE_FLAG_IMMUTABLE ? -EPERM : 0;
}

uint64_t inode_xattr_block(const struct inode *inode)
{
	return inode->raw->file_acl_lo | (uint64_t)inode->raw->file_acl_hi << 32;
}

void inode_set_xattr_block(struct inode *inode, uint64_t block)
{
	inode->raw->file_acl_lo = (uint32_t)block;
	inode->raw->file_acl_hi = (uint16_t)(block >> 32);
}

void inode_owner(const struct inode *inode, uint32_t *uid, uint32_t *gid)
{
	*uid = inode->raw->uid_lo | (uint32_t)inode->raw->uid_hi << 16;
	*gid = inode->raw->gid_lo | (uint32_t)inode->raw->gid_hi << 16;
}

void inode_set_owner(struct inode *inode, uint32_t uid, uint32_t gid)
{
	inode->raw->uid_lo = (uint16_t)uid;
	inode->raw->uid_hi = (uint16_t)(uid >> 16);
	inode->raw->gid_lo = (uint16_t)gid;
	inode->raw->gid_hi = (uint16_t)(gid >> 16);
}

/* block[0] has an old number of 8 and 8 bits, block[1] a new one, as stat's. */
static uint32_t device_number(const struct inode *inode)
{
	uint32_t old = inode->raw->block[0];

	if (!inode_is(inode, TYPE_CHAR) && !inode_is(inode, TYPE_BLOCK))
		return 0;
	return old ? old & 0xffff : inode->raw->block[1];
}

int ext4_getattr(struct ext4 *fs, uint32_t ino, struct ext4_attr *attr)
{
	struct inode inode;
	struct txn txn;
	int err;

	txn_begin(&txn, fs);
	err = inode_get(&txn, ino, &inode);
	if (!err) {
		*attr = (struct ext4_attr){
			.ino = ino, .generation = inode.raw->generation, .mode = inode.raw->mode,
			.nlink = inode.raw->links_count, .rdev = device_number(&inode), .flags = inode.raw->flags,
			.size = inode_size(&inode), .blocks = blocks_of_512(&inode),
			.atime = get_time(&inode, TIME_ACCESS), .mtime = get_time(&inode, TIME_MODIFY),
			.ctime = get_time(&inode, TIME_CHANGE), .btime = get_time(&inode, TIME_BIRTH),
		};
		inode_owner(&inode, &attr->uid, &attr->gid);
	}
	return txn_finish(&txn, err);
}

static void change_owner(struct inode *inode, uint32_t mask, const struct ext4_attr *attr)
{
	uint32_t uid, gid;

	inode_owner(inode, &uid, &gid);
	inode_set_owner(inode, mask & EXT4_ATTR_UID ? attr->uid : uid, mask & EXT4_ATTR_GID ? attr->gid : gid);
}

static void change_times(struct inode *inode, uint32_t mask, const struct ext4_attr *attr)
{
	if (mask & EXT4_ATTR_ATIME)
		inode_set_time(inode, TIME_ACCESS, attr->atime);
	if (mask & EXT4_ATTR_MTIME)
		inode_set_time(inode, TIME_MODIFY, attr->mtime);
	if (mask & EXT4_ATTR_BTIME)
		inode_set_time(inode, TIME_BIRTH, attr->btime);
	if (mask & EXT4_ATTR_CTIME)
		inode_set_time(inode, TIME_CHANGE, attr->ctime);
	else if (mask & ~EXT4_ATTR_ATIME)
		inode_touch_change(inode);
}

static int change_attributes(struct inode *inode, uint32_t mask, const struct ext4_attr *attr)
{
	struct inode_disk *raw = inode->raw;

	if ((raw->flags & (INODE_FLAG_IMMUTABLE | INODE_FLAG_APPEND)) &&
	    (mask & (EXT4_ATTR_MODE | EXT4_ATTR_UID | EXT4_ATTR_GID)))
		return -EPERM;
	if (mask & EXT4_ATTR_SIZE) {
		if (!inode_is(inode, TYPE_FILE) || attr->size < inode_size(inode))
			return -EINVAL;
		if (attr->size > extents_max_size(inode->txn->fs))
			return -EFBIG;
		inode_set_size(inode, attr->size);
	}
	if (mask & EXT4_ATTR_MODE)
		raw->mode = (uint16_t)((raw->mode & TYPE_MASK) | (attr->mode & 07777));
	if (mask & EXT4_ATTR_FLAGS)
		raw->flags = (raw->flags & ~INODE_FLAGS_SETTABLE) | (attr->flags & INODE_FLAGS_SETTABLE);
	change_owner(inode, mask, attr);
	change_times(inode, mask, attr);
	inode_dirty(inode);
	return 0;
}

int ext4_setattr(struct ext4 *fs, uint32_t ino, uint32_t mask, const struct ext4_attr *attr)
{
	struct inode inode;
	struct txn txn;
	int err;

	txn_begin(&txn, fs);
	err = inode_get(&txn, ino, &inode);
	if (!err)
		err = change_attributes(&inode, mask, attr);
	return txn_finish(&txn, err);
}

static int read_slow_link(struct inode *inode, char *buf, size_t len)
{
	struct buffer *buffer;
	uint64_t disk;
	int err;

	if (len >= inode->txn->fs->block_bytes)
		return corrupt(inode->txn->fs);
	err = extents_block(inode, 0, &disk);
	if (!err)
		err = txn_get(inode->txn, disk, BUFFER_SYMLINK, 0, &buffer);
	if (!err)
		memcpy(buf, buffer->data, len);
	return err;
}

static int read_link(struct inode *inode, char *buf, size_t *len)
{
	uint64_t size = inode_size(inode);

	if (!inode_is(inode, TYPE_LINK))
		return -EINVAL;
	if (size == 0)
		return corrupt(inode->txn->fs);
	if (size > *len)
		return -ERANGE;
	*len = (size_t)size;
	if (inode_has_extents(inode))
		return read_slow_link(inode, buf, *len);
	if (size >= sizeof(inode->raw->block))
		return corrupt(inode->txn->fs);
	memcpy(buf, inode->raw->block, *len);
	return 0;
}

int ext4_readlink(struct ext4 *fs, uint32_t ino, char *buf, size_t *len)
{
	struct inode inode;
	struct txn txn;
	int err;

	txn_begin(&txn, fs);
	err = inode_get(&txn, ino, &inode);
	if (!err)
		err = read_link(&inode, buf, len);
	return txn_finish(&txn, err);
}
