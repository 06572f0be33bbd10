#include "names.h"

/* Folders are nested no deeper than paths are long, but for those made step by step. */
#define DEPTH_MAX 65536u

struct rename_state {
	struct inode old_dir, new_dir;
	struct name old_name, new_name;
	struct inode moved, target;
	bool has_target;
};

/* Is @dir folder @ino or below it? -EINVAL. */
static int check_not_below(struct txn *txn, uint32_t dir_ino, uint32_t ino)
{
	struct inode dir;
	uint32_t depth;
	int err;

	for (depth = 0; depth < DEPTH_MAX; depth++) {
		if (dir_ino == ino)
			return -EINVAL;
		if (dir_ino == EXT4_ROOT_INO)
			return 0;
		err = inode_get(txn, dir_ino, &dir);
		if (!err && !inode_is(&dir, TYPE_DIR))
			err = corrupt(txn->fs);
		if (!err)
			err = dir_parent(&dir, &dir_ino);
		if (err)
			return err;
	}
	return corrupt(txn->fs);
}

static int find_entry(struct inode *dir, const struct name *name, struct inode *inode)
{
	struct dir_place place;
	int err = dir_find(dir, name, &place);

	return err ? err : entry_inode(dir, &place, inode);
}

static int find_both(struct rename_state *rename)
{
	int err = name_check(&rename->old_name);

	if (!err)
		err = name_check(&rename->new_name);
	if (!err)
		err = find_entry(&rename->old_dir, &rename->old_name, &rename->moved);
	if (err)
		return err;
	err = find_entry(&rename->new_dir, &rename->new_name, &rename->target);
	rename->has_target = err == 0;
	return err == -ENOENT ? 0 : err;
}

static int check_replace(struct rename_state *rename)
{
	bool is_dir = inode_is(&rename->moved, TYPE_DIR);
	int err = victim_check(&rename->target);

	if (err)
		return err;
	if (!inode_is(&rename->target, TYPE_DIR))
		return is_dir ? -ENOTDIR : 0;
	if (!is_dir)
		return -EISDIR;
	return dir_check_empty(&rename->target);
}

static int check(struct rename_state *rename, unsigned int flags)
{
	struct txn *txn = rename->moved.txn;
	int err;

	if (flags & EXT4_RENAME_NOREPLACE && rename->has_target)
		return -EEXIST;
	if (flags & EXT4_RENAME_EXCHANGE && !rename->has_target)
		return -ENOENT;
	err = victim_check(&rename->moved);
	if (!err && inode_is(&rename->moved, TYPE_DIR))
		err = check_not_below(txn, rename->new_dir.ino, rename->moved.ino);
	if (err || !rename->has_target)
		return err;
	if (!(flags & EXT4_RENAME_EXCHANGE)) {
		/* A folder on the way to itself is not empty. */
		if (inode_is(&rename->target, TYPE_DIR) && rename->target.ino == rename->old_dir.ino)
			return inode_is(&rename->moved, TYPE_DIR) ? -ENOTEMPTY : -EISDIR;
		return check_replace(rename);
	}
	err = victim_check(&rename->target);
	if (!err && inode_is(&rename->target, TYPE_DIR))
		err = check_not_below(txn, rename->old_dir.ino, rename->target.ino);
	return err;
}

static int set_entry(struct inode *dir, const struct name *name, const struct inode *inode)
{
	struct dir_place place;
	int err = dir_find(dir, name, &place);

	if (!err)
		dir_set(dir, &place, inode->ino, inode->raw->mode);
	return err;
}

static int remove_entry(struct inode *dir, const struct name *name)
{
	struct dir_place place;
	int err = dir_find(dir, name, &place);

	if (!err)
		dir_remove(dir, &place);
	return err;
}

/* A folder changes its parent. */
static int change_parent(struct inode *inode, struct inode *from, struct inode *to)
{
	int err;

	if (!inode_is(inode, TYPE_DIR) || from->ino == to->ino)
		return 0;
	dir_count_down(from);
	err = dir_count_up(to);
	return err ? err : dir_set_parent(inode, to->ino);
}

static void touch_all(struct rename_state *rename)
{
	inode_touch_change(&rename->moved);
	inode_dirty(&rename->moved);
	inode_touch(&rename->old_dir);
	inode_dirty(&rename->old_dir);
	inode_touch(&rename->new_dir);
	inode_dirty(&rename->new_dir);
}

static int exchange(struct rename_state *rename)
{
	int err = set_entry(&rename->new_dir, &rename->new_name, &rename->moved);

	if (!err)
		err = set_entry(&rename->old_dir, &rename->old_name, &rename->target);
	if (!err)
		err = change_parent(&rename->moved, &rename->old_dir, &rename->new_dir);
	if (!err)
		err = change_parent(&rename->target, &rename->new_dir, &rename->old_dir);
	inode_touch_change(&rename->target);
	inode_dirty(&rename->target);
	touch_all(rename);
	return err;
}

static int replace(struct rename_state *rename)
{
	bool is_dir = inode_is(&rename->target, TYPE_DIR);
	int err = set_entry(&rename->new_dir, &rename->new_name, &rename->moved);

	if (!err && is_dir)
		dir_count_down(&rename->new_dir);
	return err ? err : victim_drop(&rename->target);
}

static int move(struct rename_state *rename)
{
	int err;

	if (rename->has_target)
		err = replace(rename);
	else
		err = dir_add(&rename->new_dir, &rename->new_name, rename->moved.ino, rename->moved.raw->mode);
	if (!err)
		err = remove_entry(&rename->old_dir, &rename->old_name);
	if (!err)
		err = change_parent(&rename->moved, &rename->old_dir, &rename->new_dir);
	touch_all(rename);
	return err;
}

static int rename_names(struct txn *txn, struct ext4_rename *args)
{
	struct rename_state rename = {
		.old_name = { args->old_name, args->old_len }, .new_name = { args->new_name, args->new_len },
	};
	bool is_exchange = args->flags & EXT4_RENAME_EXCHANGE;
	int err;

	if (is_exchange && args->flags & EXT4_RENAME_NOREPLACE)
		return -EINVAL;
	err = dir_get_for_change(txn, args->old_dir, true, &rename.old_dir);
	if (!err)
		err = dir_get_for_change(txn, args->new_dir, is_exchange, &rename.new_dir);
	if (!err)
		err = find_both(&rename);
	if (err)
		return err;
	args->moved = rename.moved.ino;
	args->victim = 0;
	if (rename.has_target && rename.target.ino == rename.moved.ino)
		return args->flags & EXT4_RENAME_NOREPLACE ? -EEXIST : 0;
	err = check(&rename, args->flags);
	if (err)
		return err;
	if (rename.has_target)
		args->victim = rename.target.ino;
	return is_exchange ? exchange(&rename) : move(&rename);
}

int ext4_rename(struct ext4 *fs, struct ext4_rename *args)
{
	struct txn txn;

	txn_begin(&txn, fs);
	return txn_finish(&txn, rename_names(&txn, args));
}
