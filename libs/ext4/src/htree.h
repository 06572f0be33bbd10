/* libs/ext4/src/htree.h: a directory's index: a tree of hashes over leaves that are plain entries.
 *
 * The root is block 0, disguised as "." and "..", and has leaves or one level of nodes below it. Each key is the
 * lowest hash of what it leads to; the first of a block counts as 0. A key with its low bit set
 * leads to a leaf that goes on with the hash that the one before ended with.
 */
#ifndef EXT4_SRC_HTREE_H
#define EXT4_SRC_HTREE_H

#include "directory.h"

#define HTREE_LEVELS 2u

struct htree_frame {
	struct buffer *buffer;
	struct htree_entry *entries;
	uint32_t at;
};

struct htree_path {
	uint32_t hash_version;
	unsigned int levels;	/* frames in use */
	struct htree_frame frames[HTREE_LEVELS];
};

/* Turn a directory of one leaf into an indexed one. */
int htree_make(struct inode *dir);
int htree_root(struct inode *dir, struct buffer **buffer);
int htree_find(struct inode *dir, const struct name *name, struct dir_place *place);
int htree_add(struct inode *dir, const struct name *name, uint32_t ino, uint8_t type);
int htree_check_empty(struct inode *dir);

/* The path to the first leaf that may have @hash, and the version it is of. */
int htree_path(struct inode *dir, uint32_t hash, struct htree_path *path);
/* What a root says of its hash, for making one. */
int htree_version(struct inode *dir, uint32_t *version);
/* The leaf at the path's end. */
int htree_leaf(struct inode *dir, const struct htree_path *path, struct buffer **leaf);
/* The next leaf, and its key. Returns: 1 if there is none. */
int htree_next(struct inode *dir, struct htree_path *path, uint32_t *key);

bool htree_checksum_is_right(const struct ext4 *fs, const struct buffer *buffer);
void htree_set_checksum(const struct ext4 *fs, struct buffer *buffer);

#endif
