/* ext4/inode.h: inodes: attributes, extended attributes, and their end.
 *
 * An inode is named by its number. A number that is out of range or free gives -ESTALE.
 * Permission is the caller's business; immutable and append-only flags are respected (-EPERM).
 */
#ifndef EXT4_INODE_H
#define EXT4_INODE_H

#include <ext4/ext4.h>

/* Values of EXT4_ATTR_FLAGS that are FS_*_FL of <linux/fs.h>. */
#define EXT4_FLAG_IMMUTABLE 0x10u
#define EXT4_FLAG_APPEND 0x20u

struct ext4_attr {
	uint32_t ino, generation;
	uint32_t mode, nlink, uid, gid;
	uint32_t rdev;		/* as stat's: minor bits 0-7 and 20-31, major bits 8-19 */
	uint32_t flags;		/* FS_*_FL */
	uint64_t size;
	uint64_t blocks;	/* of 512 bytes */
	struct ext4_time atime, mtime, ctime, btime;
};

#define EXT4_ATTR_MODE 1u	/* the type stays */
#define EXT4_ATTR_UID 2u
#define EXT4_ATTR_GID 4u
#define EXT4_ATTR_ATIME 8u
#define EXT4_ATTR_MTIME 16u
#define EXT4_ATTR_CTIME 32u	/* else any other bit but atime sets it to now */
#define EXT4_ATTR_FLAGS 64u	/* those a user may change */
#define EXT4_ATTR_BTIME 128u
#define EXT4_ATTR_SIZE 256u	/* only more than it was, without blocks; else ext4_truncate() */

int ext4_getattr(struct ext4 *fs, uint32_t ino, struct ext4_attr *attr);
int ext4_setattr(struct ext4 *fs, uint32_t ino, uint32_t mask, const struct ext4_attr *attr);

/* The target of a symbolic link, at most *@len bytes, without a NUL; its length in *@len. -EINVAL: not one. */
int ext4_readlink(struct ext4 *fs, uint32_t ino, char *buf, size_t *len);

/* Call @each with every inode that has no name but is not freed yet, or whose truncation was
 * interrupted. After a crash: ext4_evict() each. A resuming caller: those that nobody has open.
 * @each must not change the filesystem. Its result other than 0 ends the walk and is returned. */
int ext4_orphans(struct ext4 *fs, int (*each)(void *ctx, uint32_t ino), void *ctx);

/* Nobody has @ino open any more: free it if it has no name, else finish its truncation if that was interrupted.
 * Works in steps: after -EAGAIN call it again. */
int ext4_evict(struct ext4 *fs, uint32_t ino);

#define EXT4_XATTR_CREATE 1u	/* as XATTR_CREATE and XATTR_REPLACE */
#define EXT4_XATTR_REPLACE 2u

/* Names are whole ("user.x", "system.posix_acl_access"), values as the system calls have them;
 * one with a prefix that ext4 cannot hold is -EOPNOTSUPP. No such attribute: -ENODATA.
 * A value too long for *@len or a buffer: -ERANGE; buffers may be NULL with length 0 to ask the length. */
int ext4_getxattr(struct ext4 *fs, uint32_t ino, const char *name, size_t name_len, void *value, size_t *len);
int ext4_setxattr(struct ext4 *fs, uint32_t ino, const char *name, size_t name_len, const void *value, size_t len,
		  unsigned int flags);
int ext4_removexattr(struct ext4 *fs, uint32_t ino, const char *name, size_t name_len);
/* All names, each with a NUL. */
int ext4_listxattr(struct ext4 *fs, uint32_t ino, char *buf, size_t *len);

#endif
