#include "alloc.h"
#include "crc32c.h"
#include "directory.h"
#include "extents.h"
#include "htree.h"

static uint8_t type_of(uint32_t mode)
{
	switch (mode & TYPE_MASK) {
	case TYPE_FILE:
		return 1;
	case TYPE_DIR:
		return 2;
	case TYPE_CHAR:
		return 3;
	case TYPE_BLOCK:
		return 4;
	case TYPE_FIFO:
		return 5;
	case TYPE_SOCKET:
		return 6;
	case TYPE_LINK:
		return 7;
	default:
		return 0;
	}
}

static struct dirent_tail *tail_of(const struct ext4 *fs, const struct buffer *leaf)
{
	return (struct dirent_tail *)(leaf->data + fs->block_bytes - DIRENT_TAIL);
}

static uint32_t leaf_checksum(const struct ext4 *fs, const struct buffer *leaf)
{
	return crc32c(leaf->seed, leaf->data, fs->block_bytes - DIRENT_TAIL);
}

bool directory_checksum_is_right(const struct ext4 *fs, const struct buffer *buffer)
{
	const struct dirent_tail *tail = tail_of(fs, buffer);

	if (buffer->kind == BUFFER_DIR_INDEX)
		return htree_checksum_is_right(fs, buffer);
	return tail->zero == 0 && tail->rec_len == DIRENT_TAIL && tail->zero_len == 0 && tail->type == DIRENT_TAIL_TYPE &&
	       tail->checksum == leaf_checksum(fs, buffer);
}

void directory_set_checksum(const struct ext4 *fs, struct buffer *buffer)
{
	if (buffer->kind == BUFFER_DIR_INDEX) {
		htree_set_checksum(fs, buffer);
		return;
	}
	*tail_of(fs, buffer) = (struct dirent_tail){ .rec_len = DIRENT_TAIL, .type = DIRENT_TAIL_TYPE,
						     .checksum = leaf_checksum(fs, buffer) };
}

static bool entry_makes_sense(const struct ext4 *fs, const struct dirent_disk *entry, uint32_t room)
{
	if (room < DIRENT_HEADER + 4 || entry->rec_len < DIRENT_HEADER + 4 || entry->rec_len % 4 || entry->rec_len > room)
		return false;
	if (entry->inode == 0)
		return true;
	return entry->inode <= fs->inodes && entry->name_len > 0 && dirent_bytes(entry->name_len) <= entry->rec_len &&
	       !memchr(entry->name, '/', entry->name_len) && !memchr(entry->name, '\0', entry->name_len);
}

static bool leaf_makes_sense(const struct ext4 *fs, const struct buffer *leaf)
{
	uint32_t at, end = leaf_bytes(fs);

	for (at = 0; at < end; at += leaf_entry(leaf, at)->rec_len)
		if (end - at < DIRENT_HEADER || !entry_makes_sense(fs, leaf_entry(leaf, at), end - at))
			return false;
	return true;
}

int dir_block(struct inode *dir, uint32_t block, enum buffer_kind kind, struct buffer **buffer)
{
	uint64_t disk;
	int err;

	if (block >= dir_nblocks(dir))
		return corrupt(dir->txn->fs);
	err = extents_block(dir, block, &disk);
	return err ? err : txn_get(dir->txn, disk, kind, dir->seed, buffer);
}

int dir_leaf(struct inode *dir, uint32_t block, struct buffer **leaf)
{
	int err = dir_block(dir, block, BUFFER_DIR_LEAF, leaf);

	if (err || (*leaf)->is_checked)
		return err;
	if (!leaf_makes_sense(dir->txn->fs, *leaf))
		return corrupt(dir->txn->fs);
	(*leaf)->is_checked = true;
	return 0;
}

void leaf_init(const struct ext4 *fs, struct buffer *leaf)
{
	memset(leaf->data, 0, fs->block_bytes);
	leaf_entry(leaf, 0)->rec_len = (uint16_t)leaf_bytes(fs);
}

int dir_append(struct inode *dir, enum buffer_kind kind, uint32_t *block, struct buffer **buffer)
{
	struct ext4 *fs = dir->txn->fs;
	uint64_t goal = inode_goal(fs, dir->ino), disk;
	struct ext4_run run;
	int err;

	*block = dir_nblocks(dir);
	if (inode_size(dir) + fs->block_bytes > UINT32_MAX)
		return -ENOSPC;
	if (*block && extents_block(dir, *block - 1, &goal) == 0)
		goal++;
	err = block_alloc(dir->txn, goal, &disk);
	if (!err)
		err = txn_new(dir->txn, disk, kind, dir->seed, buffer);
	if (!err)
		err = inode_add_blocks(dir, 1);
	if (err)
		return err;
	run = (struct ext4_run){ *block, 1, disk, EXT4_WRITTEN };
	err = extents_insert(dir, &run);
	if (err)
		return err == -ESTALE ? corrupt(fs) : err;
	inode_set_size(dir, inode_size(dir) + fs->block_bytes);
	inode_dirty(dir);
	if (kind == BUFFER_DIR_LEAF)
		leaf_init(fs, *buffer);
	return 0;
}

bool leaf_find(const struct ext4 *fs, struct buffer *leaf, const struct name *name, struct dir_place *place)
{
	struct dirent_disk *entry;
	uint32_t at;

	*place = (struct dir_place){ .buffer = leaf };
	FOR_EACH_DIRENT(entry, at, fs, leaf) {
		if (entry->inode && entry->name_len == name->len && memcmp(entry->name, name->bytes, name->len) == 0) {
			place->entry = entry;
			return true;
		}
		place->previous = entry;
	}
	return false;
}

bool leaf_add(struct inode *dir, struct buffer *leaf, const struct name *name, uint32_t ino, uint8_t type)
{
	uint32_t at, used, need = dirent_bytes(name->len), rec_len;
	struct dirent_disk *entry;

	FOR_EACH_DIRENT(entry, at, dir->txn->fs, leaf) {
		used = entry->inode ? dirent_bytes(entry->name_len) : 0;
		if (entry->rec_len < used + need)
			continue;
		rec_len = entry->rec_len - used;
		if (used) {
			entry->rec_len = (uint16_t)used;
			entry = leaf_entry(leaf, at + used);
		}
		memset(entry, 0, need);
		entry->inode = ino;
		entry->rec_len = (uint16_t)rec_len;
		entry->name_len = (uint8_t)name->len;
		entry->file_type = type;
		memcpy(entry->name, name->bytes, name->len);
		txn_dirty(dir->txn, leaf);
		return true;
	}
	return false;
}

static bool is_indexed(const struct inode *dir)
{
	return dir->raw->flags & INODE_FLAG_INDEX && dir->txn->fs->compat & COMPAT_DIR_INDEX;
}

static int linear_find(struct inode *dir, const struct name *name, struct dir_place *place)
{
	struct buffer *leaf;
	uint32_t block;
	int err;

	for (block = 0; block < dir_nblocks(dir); block++) {
		err = dir_leaf(dir, block, &leaf);
		if (err)
			return err;
		if (leaf_find(dir->txn->fs, leaf, name, place))
			return 0;
		txn_drop(dir->txn, leaf);
	}
	return -ENOENT;
}

int dir_find(struct inode *dir, const struct name *name, struct dir_place *place)
{
	return is_indexed(dir) ? htree_find(dir, name, place) : linear_find(dir, name, place);
}

static int linear_add(struct inode *dir, const struct name *name, uint32_t ino, uint8_t type)
{
	uint32_t block, nblocks = dir_nblocks(dir);
	struct buffer *leaf;
	int err;

	for (block = 0; block < nblocks; block++) {
		err = dir_leaf(dir, block, &leaf);
		if (err)
			return err;
		if (leaf_add(dir, leaf, name, ino, type))
			return 0;
		if (nblocks > 1)
			txn_drop(dir->txn, leaf);
	}
	if (nblocks == 1 && dir->txn->fs->compat & COMPAT_DIR_INDEX) {
		err = htree_make(dir);
		return err ? err : htree_add(dir, name, ino, type);
	}
	err = dir_append(dir, BUFFER_DIR_LEAF, &block, &leaf);
	if (!err && !leaf_add(dir, leaf, name, ino, type))
		err = corrupt(dir->txn->fs);
	return err;
}

int dir_add(struct inode *dir, const struct name *name, uint32_t ino, uint32_t mode)
{
	if (is_indexed(dir))
		return htree_add(dir, name, ino, type_of(mode));
	/* Somebody without the feature may have added to it. */
	dir->raw->flags &= ~INODE_FLAG_INDEX;
	return linear_add(dir, name, ino, type_of(mode));
}

void dir_remove(struct inode *dir, const struct dir_place *place)
{
	if (place->previous)
		place->previous->rec_len = (uint16_t)(place->previous->rec_len + place->entry->rec_len);
	else
		place->entry->inode = 0;
	txn_dirty(dir->txn, place->buffer);
}

void dir_set(struct inode *dir, const struct dir_place *place, uint32_t ino, uint32_t mode)
{
	place->entry->inode = ino;
	place->entry->file_type = type_of(mode);
	txn_dirty(dir->txn, place->buffer);
}

int dir_init(struct inode *dir, uint32_t parent)
{
	struct dirent_disk *dot, *dotdot;
	struct buffer *leaf;
	uint32_t block;
	int err = dir_append(dir, BUFFER_DIR_LEAF, &block, &leaf);

	if (err)
		return err;
	dot = leaf_entry(leaf, 0);
	dotdot = leaf_entry(leaf, dirent_bytes(1));
	*dot = (struct dirent_disk){ dir->ino, (uint16_t)dirent_bytes(1), 1, 2 };
	*dotdot = (struct dirent_disk){ parent, (uint16_t)(leaf_bytes(dir->txn->fs) - dirent_bytes(1)), 2, 2 };
	dot->name[0] = '.';
	memcpy(dotdot->name, "..", 2);
	return 0;
}

/* ".." lies behind "." in the first block, indexed or not. */
static int find_dotdot(struct inode *dir, struct buffer **buffer, struct dirent_disk **entry)
{
	struct dirent_disk *dot;
	int err;

	err = is_indexed(dir) ? htree_root(dir, buffer) : dir_leaf(dir, 0, buffer);
	if (err)
		return err;
	dot = leaf_entry(*buffer, 0);
	*entry = leaf_entry(*buffer, dirent_bytes(1));
	if (dot->rec_len != dirent_bytes(1) || (*entry)->name_len != 2 || memcmp((*entry)->name, "..", 2) != 0 ||
	    (*entry)->inode == 0 || (*entry)->inode > dir->txn->fs->inodes)
		return corrupt(dir->txn->fs);
	return 0;
}

int dir_parent(struct inode *dir, uint32_t *parent)
{
	struct dirent_disk *entry;
	struct buffer *buffer;
	int err = find_dotdot(dir, &buffer, &entry);

	if (!err)
		*parent = entry->inode;
	return err;
}

int dir_set_parent(struct inode *dir, uint32_t parent)
{
	struct dirent_disk *entry;
	struct buffer *buffer;
	int err = find_dotdot(dir, &buffer, &entry);

	if (err)
		return err;
	entry->inode = parent;
	txn_dirty(dir->txn, buffer);
	return 0;
}

int leaf_check_empty(const struct ext4 *fs, struct buffer *leaf)
{
	struct dirent_disk *entry;
	uint32_t at;

	FOR_EACH_DIRENT(entry, at, fs, leaf)
		if (entry->inode && !is_dot_or_dotdot(entry))
			return -ENOTEMPTY;
	return 0;
}

int dir_check_empty(struct inode *dir)
{
	struct buffer *leaf;
	uint32_t block;
	int err = 0;

	if (is_indexed(dir))
		return htree_check_empty(dir);
	for (block = 0; !err && block < dir_nblocks(dir); block++) {
		err = dir_leaf(dir, block, &leaf);
		if (!err)
			err = leaf_check_empty(dir->txn->fs, leaf);
		if (!err)
			txn_drop(dir->txn, leaf);
	}
	return err;
}
