#include "alloc.h"
#include "extents.h"
#include "names.h"
#include "orphan.h"

#define FLAGS_INHERITED 0x100c9u	/* SECRM SYNC NODUMP NOATIME DIRSYNC */
#define FLAGS_OTHERS_INHERIT 0xc0u	/* of those, by what is neither file nor folder */
#define FLAG_DIRSYNC 0x10000u

int name_check(const struct name *name)
{
	if (name->len == 0)
		return -EINVAL;
	if (name->len > EXT4_NAME_MAX)
		return -ENAMETOOLONG;
	if (memchr(name->bytes, '/', name->len) || memchr(name->bytes, '\0', name->len))
		return -EINVAL;
	if (name->bytes[0] == '.' && (name->len == 1 || (name->len == 2 && name->bytes[1] == '.')))
		return -EINVAL;
	return 0;
}

int dir_get(struct txn *txn, uint32_t ino, struct inode *dir)
{
	int err = inode_get(txn, ino, dir);

	if (err)
		return err;
	if (!inode_is(dir, TYPE_DIR))
		return -ENOTDIR;
	if (inode_size(dir) == 0 || inode_size(dir) % txn->fs->block_bytes)
		return corrupt(txn->fs);
	return 0;
}

int dir_get_for_change(struct txn *txn, uint32_t ino, bool is_removal, struct inode *dir)
{
	int err = dir_get(txn, ino, dir);

	if (err)
		return err;
	if (dir->raw->links_count == 0)
		return -ENOENT;
	if (is_removal && dir->raw->flags & INODE_FLAG_APPEND)
		return -EPERM;
	return inode_check_writable(dir);
}

/* A directory with too many folders to count has 1 link. */
int dir_count_up(struct inode *dir)
{
	struct inode_disk *raw = dir->raw;

	if (raw->links_count == 1)
		return 0;
	if (raw->links_count >= EXT4_LINK_MAX) {
		if (!(dir->txn->fs->ro_compat & RO_DIR_NLINK))
			return -EMLINK;
		raw->links_count = 0;
	}
	raw->links_count++;
	return 0;
}

void dir_count_down(struct inode *dir)
{
	if (dir->raw->links_count > 2)
		dir->raw->links_count--;
}

int entry_inode(struct inode *dir, const struct dir_place *place, struct inode *inode)
{
	uint32_t ino = place->entry->inode;
	int err;

	if (ino == dir->ino)
		return corrupt(dir->txn->fs);
	err = inode_get(dir->txn, ino, inode);
	if (err == -ESTALE || (!err && inode->raw->links_count == 0))
		return corrupt(dir->txn->fs);
	return err;
}

int victim_check(const struct inode *victim)
{
	return victim->raw->flags & (INODE_FLAG_IMMUTABLE | INODE_FLAG_APPEND) ? -EPERM : 0;
}

int victim_drop(struct inode *victim)
{
	victim->raw->links_count = inode_is(victim, TYPE_DIR) ? 0 : (uint16_t)(victim->raw->links_count - 1);
	inode_touch_change(victim);
	inode_dirty(victim);
	return victim->raw->links_count ? 0 : orphan_add(victim, false);
}

static int lookup(struct inode *dir, const struct name *name, uint32_t *ino)
{
	struct dir_place place;
	int err;

	if (name->len == 2 && memcmp(name->bytes, "..", 2) == 0)
		return dir_parent(dir, ino);
	err = name_check(name);
	if (!err)
		err = dir_find(dir, name, &place);
	if (!err)
		*ino = place.entry->inode;
	return err;
}

int ext4_lookup(struct ext4 *fs, uint32_t dir_ino, const char *bytes, size_t len, uint32_t *ino)
{
	struct name name = { bytes, len };
	struct inode dir;
	struct txn txn;
	int err;

	txn_begin(&txn, fs);
	err = dir_get(&txn, dir_ino, &dir);
	if (!err)
		err = lookup(&dir, &name, ino);
	return txn_finish(&txn, err);
}

int ext4_parent(struct ext4 *fs, uint32_t dir_ino, uint32_t *parent)
{
	return ext4_lookup(fs, dir_ino, "..", 2, parent);
}

static int set_link_target(struct inode *inode, const struct ext4_create *args)
{
	struct txn *txn = inode->txn;
	struct ext4_run run = { 0, 1, 0, EXT4_WRITTEN };
	struct buffer *buffer;
	int err;

	inode_set_size(inode, args->target_len);
	if (args->target_len < sizeof(inode->raw->block)) {
		memcpy(inode->raw->block, args->target, args->target_len);
		return 0;
	}
	extents_init(inode);
	err = block_alloc(txn, inode_goal(txn->fs, inode->ino), &run.disk);
	if (!err)
		err = txn_new(txn, run.disk, BUFFER_SYMLINK, 0, &buffer);
	if (!err)
		err = inode_add_blocks(inode, 1);
	if (err)
		return err;
	memcpy(buffer->data, args->target, args->target_len);
	return extents_insert(inode, &run);
}

static void set_device(struct inode *inode, uint32_t rdev)
{
	uint32_t major = rdev >> 8 & 0xfff, minor = (rdev & 0xff) | (rdev >> 12 & 0xfff00);

	if (major < 256 && minor < 256)
		inode->raw->block[0] = rdev;
	else
		inode->raw->block[1] = rdev;
}

static int set_contents(struct inode *inode, const struct ext4_create *args, uint32_t parent)
{
	switch (args->mode & TYPE_MASK) {
	case TYPE_FILE:
		extents_init(inode);
		return 0;
	case TYPE_DIR:
		extents_init(inode);
		return dir_init(inode, parent);
	case TYPE_LINK:
		return set_link_target(inode, args);
	case TYPE_CHAR:
	case TYPE_BLOCK:
		set_device(inode, args->rdev);
		return 0;
	default:
		return 0;
	}
}

static uint32_t inherited_flags(const struct inode *dir, uint32_t mode)
{
	uint32_t flags = dir->raw->flags & FLAGS_INHERITED;

	if ((mode & TYPE_MASK) == TYPE_DIR)
		return flags;
	return (mode & TYPE_MASK) == TYPE_FILE ? flags & ~FLAG_DIRSYNC : flags & FLAGS_OTHERS_INHERIT;
}

static int check_args(const struct ext4 *fs, const struct ext4_create *args)
{
	switch (args->mode & TYPE_MASK) {
	case TYPE_LINK:
		if (args->target_len == 0)
			return -ENOENT;
		return args->target_len < fs->block_bytes ? 0 : -ENAMETOOLONG;
	case TYPE_FILE:
	case TYPE_DIR:
	case TYPE_CHAR:
	case TYPE_BLOCK:
	case TYPE_FIFO:
	case TYPE_SOCKET:
		return 0;
	default:
		return -EINVAL;
	}
}

/* An inode without a name yet. */
static int new_inode(struct inode *dir, const struct ext4_create *args, struct inode *inode)
{
	bool is_dir = (args->mode & TYPE_MASK) == TYPE_DIR;
	bool is_top = dir->ino == EXT4_ROOT_INO || dir->raw->flags & INODE_FLAG_TOPDIR;
	uint32_t ino;
	int err;

	err = check_args(dir->txn->fs, args);
	if (!err)
		err = inode_alloc(dir->txn, dir->ino, is_dir, is_top, &ino);
	if (!err)
		err = inode_init(dir->txn, ino, args->mode, inode);
	if (err)
		return err;
	inode->raw->flags = inherited_flags(dir, args->mode);
	inode->raw->links_count = is_dir ? 2 : 1;
	inode_set_owner(inode, args->uid, args->gid);
	err = set_contents(inode, args, dir->ino);
	inode_dirty(inode);
	return err;
}

static int create(struct inode *dir, const struct name *name, const struct ext4_create *args, uint32_t *ino)
{
	struct dir_place place;
	struct inode inode;
	int err;

	err = name_check(name);
	if (err)
		return err;
	err = dir_find(dir, name, &place);
	if (err != -ENOENT)
		return err ? err : -EEXIST;
	err = new_inode(dir, args, &inode);
	if (!err)
		err = dir_add(dir, name, inode.ino, args->mode);
	if (!err && inode_is(&inode, TYPE_DIR))
		err = dir_count_up(dir);
	inode_touch(dir);
	inode_dirty(dir);
	*ino = inode.ino;
	return err;
}

int ext4_create(struct ext4 *fs, uint32_t dir_ino, const char *bytes, size_t len, const struct ext4_create *args,
		uint32_t *ino)
{
	struct name name = { bytes, len };
	struct inode dir;
	struct txn txn;
	int err;

	txn_begin(&txn, fs);
	err = dir_get_for_change(&txn, dir_ino, false, &dir);
	if (!err)
		err = create(&dir, &name, args, ino);
	return txn_finish(&txn, err);
}

int ext4_create_unnamed(struct ext4 *fs, uint32_t dir_ino, const struct ext4_create *args, uint32_t *ino)
{
	struct inode dir, inode;
	struct txn txn;
	int err;

	if ((args->mode & TYPE_MASK) == TYPE_DIR)
		return -EISDIR;
	txn_begin(&txn, fs);
	err = dir_get_for_change(&txn, dir_ino, false, &dir);
	if (!err)
		err = new_inode(&dir, args, &inode);
	if (!err) {
		inode.raw->links_count = 0;
		*ino = inode.ino;
		err = orphan_add(&inode, true);
	}
	return txn_finish(&txn, err);
}

static int add_link(struct inode *dir, const struct name *name, struct inode *inode)
{
	struct dir_place place;
	int err;

	if (inode_is(inode, TYPE_DIR) || inode->raw->flags & (INODE_FLAG_IMMUTABLE | INODE_FLAG_APPEND))
		return -EPERM;
	if (inode->raw->links_count >= EXT4_LINK_MAX)
		return -EMLINK;
	err = name_check(name);
	if (err)
		return err;
	err = dir_find(dir, name, &place);
	if (err != -ENOENT)
		return err ? err : -EEXIST;
	err = dir_add(dir, name, inode->ino, inode->raw->mode);
	if (!err && inode->raw->links_count == 0)
		err = orphan_remove(inode);
	inode->raw->links_count++;
	inode_touch_change(inode);
	inode_dirty(inode);
	inode_touch(dir);
	inode_dirty(dir);
	return err;
}

int ext4_link(struct ext4 *fs, uint32_t ino, uint32_t dir_ino, const char *bytes, size_t len)
{
	struct name name = { bytes, len };
	struct inode dir, inode;
	struct txn txn;
	int err;

	txn_begin(&txn, fs);
	err = dir_get_for_change(&txn, dir_ino, false, &dir);
	if (!err)
		err = inode_get(&txn, ino, &inode);
	if (!err)
		err = add_link(&dir, &name, &inode);
	return txn_finish(&txn, err);
}

static int check_removal(struct inode *victim, bool is_rmdir)
{
	int err = victim_check(victim);

	if (err)
		return err;
	if (!is_rmdir)
		return inode_is(victim, TYPE_DIR) ? -EISDIR : 0;
	if (!inode_is(victim, TYPE_DIR))
		return -ENOTDIR;
	return dir_check_empty(victim);
}

static int remove_name(struct inode *dir, const struct name *name, bool is_rmdir, uint32_t *victim_ino)
{
	struct dir_place place;
	struct inode victim;
	int err = name_check(name);

	if (!err)
		err = dir_find(dir, name, &place);
	if (!err)
		err = entry_inode(dir, &place, &victim);
	if (!err)
		err = check_removal(&victim, is_rmdir);
	if (err)
		return err;
	dir_remove(dir, &place);
	if (is_rmdir)
		dir_count_down(dir);
	inode_touch(dir);
	inode_dirty(dir);
	*victim_ino = victim.ino;
	return victim_drop(&victim);
}

int ext4_unlink(struct ext4 *fs, uint32_t dir_ino, const char *bytes, size_t len, bool is_rmdir, uint32_t *victim)
{
	struct name name = { bytes, len };
	struct inode dir;
	struct txn txn;
	int err;

	txn_begin(&txn, fs);
	err = dir_get_for_change(&txn, dir_ino, true, &dir);
	if (!err)
		err = remove_name(&dir, &name, is_rmdir, victim);
	return txn_finish(&txn, err);
}
