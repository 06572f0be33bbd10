/* ext4/names.h: directories.
 *
 * Names are 1 to EXT4_NAME_MAX bytes without '/' and NUL (-EINVAL, -ENAMETOOLONG) and, where one is
 * added or removed, not "." or ".." (-EINVAL). A directory's number that is not one: -ENOTDIR.
 * Each call is one change: all of it or nothing.
 */
#ifndef EXT4_NAMES_H
#define EXT4_NAMES_H

#include <ext4/inode.h>

/* -ENOENT: no such name. ".." works. */
int ext4_lookup(struct ext4 *fs, uint32_t dir, const char *name, size_t len, uint32_t *ino);

struct ext4_create {
	uint32_t mode;		/* with the type: any of S_IFMT */
	uint32_t uid, gid;	/* as they shall be: the caller has looked at the directory's S_ISGID */
	uint32_t rdev;		/* S_IFCHR, S_IFBLK */
	const char *target;	/* S_IFLNK */
	size_t target_len;	/* up to the block size - 1; -ENAMETOOLONG */
};

/* A new inode of any type. -EEXIST; -EMLINK: @dir has too many folders. */
int ext4_create(struct ext4 *fs, uint32_t dir, const char *name, size_t len, const struct ext4_create *args,
		uint32_t *ino);

/* A new inode without a name, near @dir; an orphan until linked. Not a folder. */
int ext4_create_unnamed(struct ext4 *fs, uint32_t dir, const struct ext4_create *args, uint32_t *ino);

/* One more name. -EPERM: a folder; -EMLINK; -EEXIST. An orphan stops being one. */
int ext4_link(struct ext4 *fs, uint32_t ino, uint32_t dir, const char *name, size_t len);

/* Take a name away. is_rmdir: a folder, and empty (-ENOTDIR, -ENOTEMPTY), else not a folder
 * (-EISDIR). *@victim: the inode; with its last name gone it is an orphan until ext4_evict(). */
int ext4_unlink(struct ext4 *fs, uint32_t dir, const char *name, size_t len, bool is_rmdir, uint32_t *victim);

#define EXT4_RENAME_NOREPLACE 1u	/* as RENAME_NOREPLACE and RENAME_EXCHANGE */
#define EXT4_RENAME_EXCHANGE 2u

struct ext4_rename {
	uint32_t old_dir, new_dir;
	const char *old_name, *new_name;
	size_t old_len, new_len;
	unsigned int flags;
	/* Out: */
	uint32_t moved;
	uint32_t victim;	/* replaced (as ext4_unlink) or exchanged; 0: none */
};

/* -EINVAL: a folder into itself or below; else as rename(2). Two names of one file: nothing happens. */
int ext4_rename(struct ext4 *fs, struct ext4_rename *args);

struct ext4_dirent {
	uint32_t ino;
	uint8_t type;		/* DT_* of <dirent.h> */
	uint8_t name_len;
	const char *name;	/* no NUL */
	uint64_t cookie;	/* for going on after this entry; 63 bits, never 0 */
};

/* Call @emit with the entries after @cookie (0: all), without "." and "..", until it returns false.
 * A cookie stays good when other names come and go (hash order; large unindexed directories: position). */
int ext4_readdir(struct ext4 *fs, uint32_t dir, uint64_t cookie, bool (*emit)(void *ctx, const struct ext4_dirent *entry),
		 void *ctx);

/* The directory that holds directory @dir. */
int ext4_parent(struct ext4 *fs, uint32_t dir, uint32_t *parent);

#endif
