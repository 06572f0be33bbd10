/* libs/ext4/src/xattr.h: extended attributes: in the inode behind its fields, and in one block. */
#ifndef EXT4_SRC_XATTR_H
#define EXT4_SRC_XATTR_H

#include "inode.h"

/* The inode ends: its block has one user less. */
int xattr_free_block(struct inode *inode);

bool xattr_checksum_is_right(const struct ext4 *fs, const struct buffer *buffer);
void xattr_set_checksum(const struct ext4 *fs, struct buffer *buffer);

/* acl.c: access control lists are stored shorter than the system calls have them. @out has room for
 * ACL_ROOM(len) bytes. -EINVAL. */
#define ACL_ROOM(len) ((len) * 2 + 4)
int acl_to_disk(const uint8_t *value, size_t len, uint8_t *out, size_t *out_len);
int acl_from_disk(const uint8_t *value, size_t len, uint8_t *out, size_t *out_len);

#endif
