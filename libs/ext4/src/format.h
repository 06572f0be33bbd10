/* libs/ext4/src/format.h: ext4's structures as they lie on the disk.
 *
 * Linux Documentation/filesystems/ext4/: super.rst, group_descr.rst, inodes.rst, ifork.rst, directory.rst,
 * attributes.rst, journal.rst. All little-endian but for the journal, which is big-endian.
 */
#ifndef EXT4_SRC_FORMAT_H
#define EXT4_SRC_FORMAT_H

#include <stdint.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "fields are used as they lie");

#define SUPER_OFFSET 1024u
#define SUPER_MAGIC 0xef53u

#define COMPAT_HAS_JOURNAL 0x4u
#define COMPAT_EXT_ATTR 0x8u
#define COMPAT_DIR_INDEX 0x20u

#define INCOMPAT_FILETYPE 0x2u
#define INCOMPAT_RECOVER 0x4u
#define INCOMPAT_EXTENTS 0x40u
#define INCOMPAT_64BIT 0x80u
#define INCOMPAT_FLEX_BG 0x200u
#define INCOMPAT_KNOWN (INCOMPAT_FILETYPE | INCOMPAT_RECOVER | INCOMPAT_EXTENTS | INCOMPAT_64BIT | INCOMPAT_FLEX_BG)
#define INCOMPAT_NEEDED (INCOMPAT_FILETYPE | INCOMPAT_EXTENTS)

#define RO_SPARSE_SUPER 0x1u
#define RO_LARGE_FILE 0x2u
#define RO_HUGE_FILE 0x8u
#define RO_DIR_NLINK 0x20u
#define RO_EXTRA_ISIZE 0x40u
#define RO_METADATA_CSUM 0x400u
#define RO_KNOWN (RO_SPARSE_SUPER | RO_LARGE_FILE | RO_HUGE_FILE | RO_DIR_NLINK | RO_EXTRA_ISIZE | RO_METADATA_CSUM)

#define STATE_VALID 1u
#define STATE_ERROR 2u
#define STATE_ORPHANS 4u

#define SUPER_SIGNED_HASH 1u
#define SUPER_UNSIGNED_HASH 2u

struct super_disk {
	uint32_t inodes_count, blocks_count_lo, r_blocks_count_lo, free_blocks_count_lo;
	uint32_t free_inodes_count, first_data_block, log_block_size, log_cluster_size;
	uint32_t blocks_per_group, clusters_per_group, inodes_per_group, mtime;
	uint32_t wtime;
	uint16_t mnt_count, max_mnt_count;
	uint16_t magic, state, errors, minor_rev_level;
	uint32_t lastcheck, checkinterval, creator_os, rev_level;
	uint16_t def_resuid, def_resgid;
	uint32_t first_ino;
	uint16_t inode_size, block_group_nr;
	uint32_t feature_compat, feature_incompat, feature_ro_compat;
	uint8_t uuid[16];
	char volume_name[16];
	char last_mounted[64];
	uint32_t algorithm_usage_bitmap;
	uint8_t prealloc_blocks, prealloc_dir_blocks;
	uint16_t reserved_gdt_blocks;
	uint8_t journal_uuid[16];
	uint32_t journal_inum, journal_dev, last_orphan;
	uint32_t hash_seed[4];
	uint8_t def_hash_version, jnl_backup_type;
	uint16_t desc_size;
	uint32_t default_mount_opts, first_meta_bg, mkfs_time, jnl_blocks[17];
	uint32_t blocks_count_hi, r_blocks_count_hi, free_blocks_count_hi;
	uint16_t min_extra_isize, want_extra_isize;
	uint32_t flags;
	uint16_t raid_stride, mmp_interval;
	uint64_t mmp_block;
	uint32_t raid_stripe_width;
	uint8_t log_groups_per_flex, checksum_type, encryption_level, reserved_pad;
	uint64_t kbytes_written;
	uint32_t snapshot[5];
	uint32_t error_count, first_error_time, first_error_ino;
	uint64_t first_error_block;
	uint8_t first_error_func[32];
	uint32_t first_error_line, last_error_time, last_error_ino, last_error_line;
	uint64_t last_error_block;
	uint8_t last_error_func[32];
	uint8_t mount_opts[64];
	uint32_t usr_quota_inum, grp_quota_inum, overhead;
	uint8_t rest[432];
	uint32_t checksum;
} __attribute__((packed, aligned(4)));
_Static_assert(sizeof(struct super_disk) == 1024, "super.rst");
_Static_assert(__builtin_offsetof(struct super_disk, feature_compat) == 0x5c, "super.rst");
_Static_assert(__builtin_offsetof(struct super_disk, hash_seed) == 0xec, "super.rst");
_Static_assert(__builtin_offsetof(struct super_disk, flags) == 0x160, "super.rst");
_Static_assert(__builtin_offsetof(struct super_disk, error_count) == 0x194, "super.rst");
_Static_assert(__builtin_offsetof(struct super_disk, last_error_time) == 0x1cc, "super.rst");

#define GROUP_INODE_UNINIT 1u
#define GROUP_BLOCK_UNINIT 2u

struct group_disk {
	uint32_t block_bitmap_lo, inode_bitmap_lo, inode_table_lo;
	uint16_t free_blocks_lo, free_inodes_lo, used_dirs_lo, flags;
	uint32_t exclude_bitmap_lo;
	uint16_t block_bitmap_csum_lo, inode_bitmap_csum_lo, itable_unused_lo, checksum;
	/* With descriptors of 64 bytes. */
	uint32_t block_bitmap_hi, inode_bitmap_hi, inode_table_hi;
	uint16_t free_blocks_hi, free_inodes_hi, used_dirs_hi, itable_unused_hi;
	uint32_t exclude_bitmap_hi;
	uint16_t block_bitmap_csum_hi, inode_bitmap_csum_hi;
	uint32_t reserved;
};
_Static_assert(sizeof(struct group_disk) == 64, "group_descr.rst");

#define JOURNAL_INO_DEFAULT 8u
#define INODE_FLAG_IMMUTABLE 0x10u
#define INODE_FLAG_APPEND 0x20u
#define INODE_FLAG_INDEX 0x1000u
#define INODE_FLAG_HUGE_FILE 0x40000u
#define INODE_FLAG_TOPDIR 0x20000u
#define INODE_FLAG_EXTENTS 0x80000u
#define INODE_FLAG_INLINE 0x10000000u
/* What chattr may change: SECRM SYNC IMMUTABLE APPEND NODUMP NOATIME DIRSYNC TOPDIR PROJINHERIT. */
#define INODE_FLAGS_SETTABLE 0x200300f9u

struct inode_disk {
	uint16_t mode, uid_lo;
	uint32_t size_lo, atime, ctime, mtime, dtime;
	uint16_t gid_lo, links_count;
	uint32_t blocks_lo, flags, version;
	uint32_t block[15];
	uint32_t generation, file_acl_lo, size_hi, obso_faddr;
	uint16_t blocks_hi, file_acl_hi, uid_hi, gid_hi, checksum_lo, reserved;
	/* Beyond 128 bytes, as far as extra_isize says. */
	uint16_t extra_isize, checksum_hi;
	uint32_t ctime_extra, mtime_extra, atime_extra, crtime, crtime_extra, version_hi, projid;
};
_Static_assert(sizeof(struct inode_disk) == 160, "inodes.rst");
_Static_assert(__builtin_offsetof(struct inode_disk, checksum_lo) == 0x7c, "inodes.rst");

#define EXTENT_MAGIC 0xf30au
#define EXTENT_MAX_DEPTH 5u
#define EXTENT_MAX_LEN 32768u		/* longer: unwritten, by that much less */

struct extent_header {
	uint16_t magic, entries, max, depth;
	uint32_t generation;
};

struct extent_index {
	uint32_t block, leaf_lo;
	uint16_t leaf_hi, unused;
};

struct extent {
	uint32_t block;
	uint16_t len, start_hi;
	uint32_t start_lo;
};
_Static_assert(sizeof(struct extent) == sizeof(struct extent_index), "ifork.rst");

#define DIRENT_HEADER 8u
#define DIRENT_TAIL 12u
#define DIRENT_TAIL_TYPE 0xdeu

struct dirent_disk {
	uint32_t inode;
	uint16_t rec_len;
	uint8_t name_len, file_type;
	char name[];
};

struct dirent_tail {
	uint32_t zero;
	uint16_t rec_len;
	uint8_t zero_len, type;
	uint32_t checksum;
};

#define HASH_LEGACY 0u
#define HASH_HALF_MD4 1u
#define HASH_TEA 2u
#define HASH_UNSIGNED 3u	/* added to the version, in memory only */

struct htree_root_info {
	uint32_t reserved;
	uint8_t hash_version, info_length, indirect_levels, unused_flags;
};

struct htree_entry {
	uint32_t hash;		/* of the first: limit and count */
	uint32_t block;
};

struct htree_limit {
	uint16_t limit, count;
};

struct htree_tail {
	uint32_t reserved, checksum;
};

#define XATTR_MAGIC 0xea020000u

struct xattr_header {
	uint32_t magic, refcount, blocks, hash, checksum, reserved[3];
};

struct xattr_entry {
	uint8_t name_len, name_index;
	uint16_t value_offset;
	uint32_t value_inum, value_size, hash;
	char name[];
};
_Static_assert(sizeof(struct xattr_entry) == 16, "attributes.rst");

/* The journal: big-endian. */
#define JOURNAL_MAGIC 0xc03b3998u
#define JOURNAL_DESCRIPTOR 1u
#define JOURNAL_COMMIT 2u
#define JOURNAL_SUPER_V2 4u
#define JOURNAL_REVOKE 5u

#define JOURNAL_INCOMPAT_REVOKE 1u
#define JOURNAL_INCOMPAT_64BIT 2u
#define JOURNAL_INCOMPAT_CSUM_V2 8u
#define JOURNAL_INCOMPAT_CSUM_V3 16u
#define JOURNAL_INCOMPAT_KNOWN (JOURNAL_INCOMPAT_REVOKE | JOURNAL_INCOMPAT_64BIT | JOURNAL_INCOMPAT_CSUM_V2 | \
				JOURNAL_INCOMPAT_CSUM_V3)
#define JOURNAL_CRC32C 4u

struct journal_header {
	uint32_t magic, type, sequence;
};

struct journal_super {
	struct journal_header header;
	uint32_t block_bytes, max_len, first;
	uint32_t sequence, start, error;
	uint32_t feature_compat, feature_incompat, feature_ro_compat;
	uint8_t uuid[16];
	uint32_t nr_users, dynsuper, max_transaction, max_trans_data;
	uint8_t checksum_type, padding[3];
	uint32_t num_fc_blocks, head, padding2[40], checksum;
	uint8_t users[768];
};
_Static_assert(sizeof(struct journal_super) == 1024, "journal.rst");
_Static_assert(__builtin_offsetof(struct journal_super, checksum) == 0xfc, "journal.rst");

#define TAG_ESCAPED 1u
#define TAG_SAME_UUID 2u
#define TAG_LAST 8u

struct journal_tag3 {
	uint32_t block_lo, flags, block_hi, checksum;
};

struct journal_tag {
	uint32_t block_lo;
	uint16_t checksum, flags;
	uint32_t block_hi;	/* 64BIT only; CSUM_V2 has two bytes more */
};

struct journal_commit {
	struct journal_header header;
	uint8_t checksum_type, checksum_size, padding[2];
	uint32_t checksum[8];
	uint64_t sec;
	uint32_t nsec;
} __attribute__((packed, aligned(4)));

struct journal_revoke {
	struct journal_header header;
	uint32_t bytes;
};

static inline uint32_t be32(uint32_t value)
{
	return __builtin_bswap32(value);
}

static inline uint16_t be16(uint16_t value)
{
	return __builtin_bswap16(value);
}

#endif
