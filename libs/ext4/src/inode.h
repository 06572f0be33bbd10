/* libs/ext4/src/inode.h: an inode inside a transaction. */
#ifndef EXT4_SRC_INODE_H
#define EXT4_SRC_INODE_H

#include <ext4/inode.h>

#include "fs.h"

#define TYPE_MASK 0xf000u
#define TYPE_FIFO 0x1000u
#define TYPE_CHAR 0x2000u
#define TYPE_DIR 0x4000u
#define TYPE_BLOCK 0x6000u
#define TYPE_FILE 0x8000u
#define TYPE_LINK 0xa000u
#define TYPE_SOCKET 0xc000u

struct inode {
	struct txn *txn;
	struct buffer *buffer;
	struct inode_disk *raw;
	uint32_t ino;
	uint32_t seed;	/* of the checksums of its blocks */
};

/* One that users may name. -ESTALE: out of range, reserved or free. */
int inode_get(struct txn *txn, uint32_t ino, struct inode *inode);

/* As that, whatever the number and state. */
int inode_get_any(struct txn *txn, uint32_t ino, struct inode *inode);

/* An inode just allocated, zeroed but for its generation, timestamps and extra size. */
int inode_init(struct txn *txn, uint32_t ino, uint32_t mode, struct inode *inode);

/* It was changed: its checksum. */
void inode_dirty(struct inode *inode);

static inline bool inode_is(const struct inode *inode, uint32_t type)
{
	return (inode->raw->mode & TYPE_MASK) == type;
}

static inline bool inode_has_extents(const struct inode *inode)
{
	return inode->raw->flags & INODE_FLAG_EXTENTS;
}

uint64_t inode_size(const struct inode *inode);
void inode_set_size(struct inode *inode, uint64_t size);

/* Count blocks of the filesystem in or out. */
int inode_add_blocks(struct inode *inode, int64_t delta);

/* Is the field at @offset of struct inode_disk there? */
bool inode_has_field(const struct inode *inode, size_t offset, size_t len);
#define INODE_HAS(inode, field) \
	inode_has_field(inode, offsetof(struct inode_disk, field), sizeof((inode)->raw->field))

/* The bytes after the fields that are there, for extended attributes. */
uint8_t *inode_tail(const struct inode *inode, uint32_t *len);

enum inode_time {
	TIME_ACCESS,
	TIME_MODIFY,
	TIME_CHANGE,
	TIME_BIRTH,
};

void inode_set_time(struct inode *inode, enum inode_time which, struct ext4_time time);
/* Contents and attributes changed now; only attributes. */
void inode_touch(struct inode *inode);
void inode_touch_change(struct inode *inode);

/* Are changes of the contents allowed? -EPERM. */
int inode_check_writable(const struct inode *inode);

uint64_t inode_xattr_block(const struct inode *inode);
void inode_set_xattr_block(struct inode *inode, uint64_t block);

void inode_owner(const struct inode *inode, uint32_t *uid, uint32_t *gid);
void inode_set_owner(struct inode *inode, uint32_t uid, uint32_t gid);

#endif
