#include <stdlib.h>

#include "hash.h"
#include "htree.h"
#include "names.h"

/* How many leaves with one hash between them are put in order together. */
#define GROUP_LEAVES 16u

struct listed {
	uint64_t cookie;
	const struct dirent_disk *entry;
};

struct listing {
	struct inode *dir;
	uint64_t cookie;
	bool (*emit)(void *ctx, const struct ext4_dirent *entry);
	void *ctx;
	bool is_full;
};

static uint8_t type_of(uint8_t file_type)
{
	static const uint8_t types[] = { 0, 8, 4, 2, 6, 1, 12, 10 };	/* DT_* */

	return file_type < sizeof(types) ? types[file_type] : 0;
}

static void emit(struct listing *listing, const struct dirent_disk *entry, uint64_t cookie)
{
	struct ext4_dirent out = { entry->inode, type_of(entry->file_type), entry->name_len, entry->name, cookie };

	if (!listing->emit(listing->ctx, &out))
		listing->is_full = true;
}

/* One more than the hash without its even major's low bit. */
static uint64_t cookie_of(struct name_hash hash)
{
	return ((uint64_t)(hash.major >> 1) << 32 | hash.minor) + 1;
}

static uint32_t major_of(uint64_t cookie)
{
	return cookie ? (uint32_t)((cookie - 1) >> 32) << 1 : 0;
}

static int compare(const void *a, const void *b)
{
	const struct listed *x = a, *y = b;

	return x->cookie < y->cookie ? -1 : x->cookie > y->cookie;
}

struct list {
	struct listed *at;
	size_t n, cap;
};

static int list_leaf(struct listing *listing, const struct buffer *leaf, uint32_t version, struct list *list)
{
	struct ext4 *fs = listing->dir->txn->fs;
	size_t room = fs->block_bytes / 12;
	struct dirent_disk *entry;
	struct listed *at;
	uint64_t cookie;
	uint32_t offset;

	if (list->n + room > list->cap) {
		at = realloc(list->at, (list->n + room) * 2 * sizeof(*at));
		if (!at)
			return -ENOMEM;
		list->at = at;
		list->cap = (list->n + room) * 2;
	}
	FOR_EACH_DIRENT(entry, offset, fs, leaf) {
		if (!entry->inode || is_dot_or_dotdot(entry))
			continue;
		cookie = cookie_of(name_hash(fs, version, entry->name, entry->name_len));
		if (cookie > listing->cookie)
			list->at[list->n++] = (struct listed){ cookie, entry };
	}
	return 0;
}

static void emit_list(struct listing *listing, struct list *list)
{
	size_t i;

	if (list->n)
		qsort(list->at, list->n, sizeof(*list->at), compare);
	for (i = 0; i < list->n && !listing->is_full; i++) {
		emit(listing, list->at[i].entry, list->at[i].cookie);
		listing->cookie = list->at[i].cookie;
	}
	list->n = 0;
}

/* The next leaf of a group. None may come twice: they are dropped together. */
static int group_leaf(struct inode *dir, const struct htree_path *path, struct buffer **leaves, uint32_t n)
{
	int err = htree_leaf(dir, path, &leaves[n]);
	uint32_t i;

	for (i = 0; !err && i < n; i++)
		if (leaves[i] == leaves[n])
			err = corrupt(dir->txn->fs);
	return err;
}

static int list_indexed(struct listing *listing, struct list *list)
{
	struct inode *dir = listing->dir;
	struct buffer *leaves[GROUP_LEAVES];
	struct htree_path path;
	uint32_t key = 0, n = 0;
	int err = htree_path(dir, major_of(listing->cookie), &path);

	while (!err && !listing->is_full) {
		err = group_leaf(dir, &path, leaves, n);
		if (!err)
			err = list_leaf(listing, leaves[n++], path.hash_version, list);
		if (!err)
			err = htree_next(dir, &path, &key);
		if (err < 0 || (!err && key & 1 && n < GROUP_LEAVES))
			continue;
		emit_list(listing, list);
		while (n)
			txn_drop(dir->txn, leaves[--n]);
	}
	return err == 1 ? 0 : err;
}

static int list_single(struct listing *listing, struct list *list)
{
	struct buffer *leaf;
	int err = dir_leaf(listing->dir, 0, &leaf);

	if (!err)
		err = list_leaf(listing, leaf, listing->dir->txn->fs->hash_version, list);
	if (!err)
		emit_list(listing, list);
	return err;
}

/* By position: a cookie is an entry's place plus one. */
static int list_linear(struct listing *listing)
{
	struct ext4 *fs = listing->dir->txn->fs;
	uint64_t block, cookie;
	struct dirent_disk *entry;
	struct buffer *leaf;
	uint32_t at;
	int err;

	for (block = listing->cookie >> fs->block_shift; block < dir_nblocks(listing->dir); block++) {
		err = dir_leaf(listing->dir, (uint32_t)block, &leaf);
		if (err)
			return err;
		FOR_EACH_DIRENT(entry, at, fs, leaf) {
			cookie = (block << fs->block_shift) + at + 1;
			if (entry->inode && !is_dot_or_dotdot(entry) && cookie > listing->cookie)
				emit(listing, entry, cookie);
			if (listing->is_full)
				return 0;
		}
		txn_drop(listing->dir->txn, leaf);
	}
	return 0;
}

static int list_dir(struct listing *listing)
{
	const struct ext4 *fs = listing->dir->txn->fs;
	struct list list = { NULL, 0, 0 };
	int err;

	if (fs->compat & COMPAT_DIR_INDEX && listing->dir->raw->flags & INODE_FLAG_INDEX)
		err = list_indexed(listing, &list);
	else if (fs->compat & COMPAT_DIR_INDEX && dir_nblocks(listing->dir) == 1)
		err = list_single(listing, &list);
	else
		err = list_linear(listing);
	free(list.at);
	return err;
}

int ext4_readdir(struct ext4 *fs, uint32_t dir_ino, uint64_t cookie,
		 bool (*emit_entry)(void *ctx, const struct ext4_dirent *entry), void *ctx)
{
	struct listing listing = { .cookie = cookie, .emit = emit_entry, .ctx = ctx };
	struct inode dir;
	struct txn txn;
	int err;

	txn_begin(&txn, fs);
	err = dir_get(&txn, dir_ino, &dir);
	if (!err) {
		listing.dir = &dir;
		err = list_dir(&listing);
	}
	return txn_finish(&txn, err);
}
