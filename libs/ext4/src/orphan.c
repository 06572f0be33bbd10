#include "alloc.h"
#include "extents.h"
#include "orphan.h"
#include "xattr.h"

/* Walks a list that may be a circle: a mark is left at each power of two steps. */
struct walk {
	uint32_t mark;
	uint64_t steps;
};

/* Returns: false when @ino was met before. */
static bool walk_on(struct walk *walk, uint32_t ino)
{
	if (ino == walk->mark)
		return false;
	walk->steps++;
	if ((walk->steps & (walk->steps - 1)) == 0)
		walk->mark = ino;
	return true;
}

static int get_orphan(struct txn *txn, uint32_t ino, struct inode *inode)
{
	int err = inode_get(txn, ino, inode);

	return err == -ESTALE ? corrupt(txn->fs) : err;
}

/* The inode before @ino on the list; @previous->ino is 0 if that is the superblock. Returns: 1 if @ino is not there. */
static int find(struct txn *txn, uint32_t ino, struct inode *previous)
{
	struct super_disk *super;
	struct walk walk = { 0, 0 };
	struct buffer *buffer;
	uint32_t next;
	int err = super_get(txn, &buffer, &super);

	if (err)
		return err;
	previous->ino = 0;
	for (next = super->last_orphan; next != ino; next = previous->raw->dtime) {
		if (next == 0)
			return 1;
		if (!walk_on(&walk, next))
			return corrupt(txn->fs);
		err = get_orphan(txn, next, previous);
		if (err)
			return err;
	}
	return 0;
}

int orphan_add(struct inode *inode, bool is_new)
{
	struct txn *txn = inode->txn;
	struct super_disk *super;
	struct inode previous;
	struct buffer *buffer;
	int err = is_new ? 1 : find(txn, inode->ino, &previous);

	if (err != 1)
		return err;
	err = super_get(txn, &buffer, &super);
	if (err)
		return err;
	inode->raw->dtime = super->last_orphan;
	inode_dirty(inode);
	super->last_orphan = inode->ino;
	txn_dirty(txn, buffer);
	return 0;
}

int orphan_remove(struct inode *inode)
{
	struct super_disk *super;
	struct inode previous;
	struct buffer *buffer;
	int err = find(inode->txn, inode->ino, &previous);

	if (err)
		return err == 1 ? 0 : err;
	err = super_get(inode->txn, &buffer, &super);
	if (err)
		return err;
	if (previous.ino) {
		previous.raw->dtime = inode->raw->dtime;
		inode_dirty(&previous);
	} else {
		super->last_orphan = inode->raw->dtime;
		txn_dirty(inode->txn, buffer);
	}
	inode->raw->dtime = 0;
	inode_dirty(inode);
	return 0;
}

/* One at a time, so that a long list takes no memory. */
static int next_orphan(struct ext4 *fs, uint32_t ino, uint32_t *next)
{
	struct super_disk *super;
	struct buffer *buffer;
	struct inode inode;
	struct txn txn;
	int err;

	txn_begin(&txn, fs);
	if (ino) {
		err = get_orphan(&txn, ino, &inode);
		if (!err)
			*next = inode.raw->dtime;
	} else {
		err = super_get(&txn, &buffer, &super);
		if (!err)
			*next = super->last_orphan;
	}
	return txn_finish(&txn, err);
}

int ext4_orphans(struct ext4 *fs, int (*each)(void *ctx, uint32_t ino), void *ctx)
{
	struct walk walk = { 0, 0 };
	uint32_t ino = 0, next;
	int err;

	for (;; ino = next) {
		err = next_orphan(fs, ino, &next);
		if (err || next == 0)
			return err;
		if (!walk_on(&walk, next))
			return corrupt(fs);
		err = each(ctx, next);
		if (err)
			return err;
	}
}

/* Nothing is left in it: the inode itself. */
static int free_inode(struct inode *inode)
{
	uint32_t now = (uint32_t)fs_now(inode->txn->fs).sec;
	int err;

	err = xattr_free_block(inode);
	if (!err)
		err = orphan_remove(inode);
	if (err)
		return err;
	inode_set_size(inode, 0);
	inode->raw->dtime = now ? now : 1;
	inode_dirty(inode);
	return inode_free(inode->txn, inode->ino, inode_is(inode, TYPE_DIR));
}

/* Returns: 1 if there is more to do. */
static int evict_step(struct inode *inode)
{
	struct ext4 *fs = inode->txn->fs;
	struct inode previous;
	uint64_t from = 0;
	int err;

	inode->txn->may_use_reserved = true;
	if (inode->raw->links_count) {
		/* One that is no orphan may have blocks behind its end on purpose. */
		err = find(inode->txn, inode->ino, &previous);
		if (err)
			return err == 1 ? 0 : err;
	}
	if (inode->raw->links_count && !inode_is(inode, TYPE_FILE))
		return orphan_remove(inode);
	if (inode->raw->links_count)
		from = (inode_size(inode) + fs->block_bytes - 1) >> fs->block_shift;
	if (inode_has_extents(inode)) {
		err = extents_remove(inode, from, UINT32_MAX);
		if (err)
			return err;
	}
	return inode->raw->links_count ? orphan_remove(inode) : free_inode(inode);
}

int ext4_evict(struct ext4 *fs, uint32_t ino)
{
	struct inode inode;
	struct txn txn;
	int err, more;

	do {
		txn_begin(&txn, fs);
		err = inode_get(&txn, ino, &inode);
		if (!err)
			err = evict_step(&inode);
		more = err == 1;
		err = txn_finish(&txn, more ? 0 : err);
	} while (!err && more);
	return err;
}
