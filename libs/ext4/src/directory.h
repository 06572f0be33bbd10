/* libs/ext4/src/directory.h: the entries of a directory, indexed or not. */
#ifndef EXT4_SRC_DIRECTORY_H
#define EXT4_SRC_DIRECTORY_H

#include "inode.h"

struct name {
	const char *bytes;
	size_t len;
};

struct dir_place {
	struct buffer *buffer;
	struct dirent_disk *entry;
	struct dirent_disk *previous;	/* NULL: the entry is its block's first */
};

/* -ENOENT. "." and ".." are not found in an indexed directory. */
int dir_find(struct inode *dir, const struct name *name, struct dir_place *place);

/* Add a name that is not there. @mode gives the type. -ENOSPC. */
int dir_add(struct inode *dir, const struct name *name, uint32_t ino, uint32_t mode);

void dir_remove(struct inode *dir, const struct dir_place *place);
void dir_set(struct inode *dir, const struct dir_place *place, uint32_t ino, uint32_t mode);

/* "." and ".." in a new directory. */
int dir_init(struct inode *dir, uint32_t parent);
int dir_parent(struct inode *dir, uint32_t *parent);
int dir_set_parent(struct inode *dir, uint32_t parent);

/* -ENOTEMPTY */
int dir_check_empty(struct inode *dir);

bool directory_checksum_is_right(const struct ext4 *fs, const struct buffer *buffer);
void directory_set_checksum(const struct ext4 *fs, struct buffer *buffer);

/* Between directory.c, htree.c and readdir.c: */

static inline uint32_t dirent_bytes(size_t name_len)
{
	return (uint32_t)(DIRENT_HEADER + name_len + 3) & ~3u;
}

/* How much of a leaf is entries. */
static inline uint32_t leaf_bytes(const struct ext4 *fs)
{
	return fs->has_checksums ? fs->block_bytes - DIRENT_TAIL : fs->block_bytes;
}

static inline struct dirent_disk *leaf_entry(const struct buffer *leaf, uint32_t at)
{
	return (struct dirent_disk *)(leaf->data + at);
}

#define FOR_EACH_DIRENT(entry, at, fs, leaf) \
	for (at = 0; at < leaf_bytes(fs) && (entry = leaf_entry(leaf, at), true); at += entry->rec_len)

static inline bool is_dot_or_dotdot(const struct dirent_disk *entry)
{
	return entry->name[0] == '.' && (entry->name_len == 1 || (entry->name_len == 2 && entry->name[1] == '.'));
}

static inline uint32_t dir_nblocks(const struct inode *dir)
{
	return (uint32_t)(inode_size(dir) >> dir->txn->fs->block_shift);
}

/* Block @block, checked. */
int dir_leaf(struct inode *dir, uint32_t block, struct buffer **leaf);
int dir_block(struct inode *dir, uint32_t block, enum buffer_kind kind, struct buffer **buffer);

/* One block more, at the end; a leaf is empty. */
int dir_append(struct inode *dir, enum buffer_kind kind, uint32_t *block, struct buffer **buffer);
void leaf_init(const struct ext4 *fs, struct buffer *leaf);

/* -ENOTEMPTY if there is more than "." and "..". */
int leaf_check_empty(const struct ext4 *fs, struct buffer *leaf);
bool leaf_find(const struct ext4 *fs, struct buffer *leaf, const struct name *name, struct dir_place *place);
/* false: no room. */
bool leaf_add(struct inode *dir, struct buffer *leaf, const struct name *name, uint32_t ino, uint8_t type);

#endif
