#include <stdlib.h>

#include "crc32c.h"
#include "hash.h"
#include "htree.h"

#define ROOT_INFO_AT 24u
#define ROOT_ENTRIES_AT 32u
#define NODE_ENTRIES_AT 8u
/* The most entries a leaf of 4 KiB has room for. */
#define LEAF_ENTRIES_MAX (MAX_BLOCK_BYTES / 12)

static struct htree_limit *limit_of(struct htree_entry *entries)
{
	return (struct htree_limit *)entries;
}

static uint32_t count_of(const struct htree_frame *frame)
{
	return limit_of(frame->entries)->count;
}

static struct htree_root_info *info_of(const struct buffer *root)
{
	return (struct htree_root_info *)(root->data + ROOT_INFO_AT);
}

static uint32_t capacity(const struct ext4 *fs, uint32_t entries_at)
{
	uint32_t n = (fs->block_bytes - entries_at) / sizeof(struct htree_entry);

	return fs->has_checksums ? n - 1 : n;
}

/* A node hides its entries in one unused directory entry as long as the block. */
static uint32_t entries_at(const struct ext4 *fs, const struct buffer *buffer)
{
	const struct dirent_disk *first = leaf_entry(buffer, 0);

	return first->inode == 0 && first->rec_len == fs->block_bytes ? NODE_ENTRIES_AT : ROOT_ENTRIES_AT;
}

static bool entries_make_sense(const struct ext4 *fs, const struct buffer *buffer)
{
	uint32_t at = entries_at(fs, buffer);
	const struct htree_limit *limit = (const void *)(buffer->data + at);

	return limit->limit == capacity(fs, at) && limit->count > 0 && limit->count <= limit->limit;
}

static uint32_t index_checksum(const struct ext4 *fs, const struct buffer *buffer, struct htree_tail **tail)
{
	uint32_t at = entries_at(fs, buffer), crc;
	const struct htree_limit *limit = (const void *)(buffer->data + at);
	static const uint32_t zero;

	*tail = (struct htree_tail *)(buffer->data + at + limit->limit * sizeof(struct htree_entry));
	crc = crc32c(buffer->seed, buffer->data, at + limit->count * sizeof(struct htree_entry));
	crc = crc32c(crc, &(*tail)->reserved, sizeof((*tail)->reserved));
	return crc32c(crc, &zero, sizeof(zero));
}

bool htree_checksum_is_right(const struct ext4 *fs, const struct buffer *buffer)
{
	struct htree_tail *tail;
	uint32_t crc;

	if (!entries_make_sense(fs, buffer))
		return false;
	crc = index_checksum(fs, buffer, &tail);
	return tail->checksum == crc;
}

void htree_set_checksum(const struct ext4 *fs, struct buffer *buffer)
{
	struct htree_tail *tail;
	uint32_t crc = index_checksum(fs, buffer, &tail);

	tail->checksum = crc;
}

static bool root_makes_sense(const struct ext4 *fs, const struct buffer *root)
{
	const struct htree_root_info *info = info_of(root);
	const struct dirent_disk *dot = leaf_entry(root, 0), *dotdot = leaf_entry(root, 12);

	return entries_at(fs, root) == ROOT_ENTRIES_AT && dot->rec_len == 12 && dotdot->rec_len == fs->block_bytes - 12 &&
	       info->info_length == sizeof(*info) && info->hash_version <= HASH_TEA &&
	       info->indirect_levels < HTREE_LEVELS && entries_make_sense(fs, root);
}

int htree_root(struct inode *dir, struct buffer **buffer)
{
	int err = dir_block(dir, 0, BUFFER_DIR_INDEX, buffer);

	if (err || (*buffer)->is_checked)
		return err;
	if (!root_makes_sense(dir->txn->fs, *buffer))
		return corrupt(dir->txn->fs);
	(*buffer)->is_checked = true;
	return 0;
}

static int get_node(struct inode *dir, uint32_t block, struct buffer **buffer)
{
	struct ext4 *fs = dir->txn->fs;
	int err = dir_block(dir, block, BUFFER_DIR_INDEX, buffer);

	if (err)
		return err;
	if (entries_at(fs, *buffer) != NODE_ENTRIES_AT || !entries_make_sense(fs, *buffer))
		return corrupt(fs);
	(*buffer)->is_checked = true;
	return 0;
}

static void set_frame(const struct ext4 *fs, struct htree_frame *frame, struct buffer *buffer)
{
	frame->buffer = buffer;
	frame->entries = (struct htree_entry *)(buffer->data + entries_at(fs, buffer));
	frame->at = 0;
}

static void search(struct htree_frame *frame, uint32_t hash)
{
	uint32_t low = 1, high = count_of(frame), middle;

	while (low < high) {
		middle = (low + high) / 2;
		if (frame->entries[middle].hash <= hash)
			low = middle + 1;
		else
			high = middle;
	}
	frame->at = low - 1;
}

int htree_version(struct inode *dir, uint32_t *version)
{
	const struct ext4 *fs = dir->txn->fs;
	struct buffer *root;
	int err = htree_root(dir, &root);

	if (!err)
		*version = info_of(root)->hash_version + (fs->hash_version >= HASH_UNSIGNED ? HASH_UNSIGNED : 0);
	return err;
}

int htree_path(struct inode *dir, uint32_t hash, struct htree_path *path)
{
	struct htree_frame *frame = path->frames;
	struct buffer *buffer;
	int err = htree_root(dir, &buffer);

	if (!err)
		err = htree_version(dir, &path->hash_version);
	if (err)
		return err;
	path->levels = info_of(buffer)->indirect_levels + 1u;
	set_frame(dir->txn->fs, frame, buffer);
	search(frame, hash);
	for (; frame + 1 < path->frames + path->levels; frame++) {
		err = get_node(dir, frame->entries[frame->at].block, &buffer);
		if (err)
			return err;
		set_frame(dir->txn->fs, frame + 1, buffer);
		search(frame + 1, hash);
	}
	return 0;
}

static struct htree_frame *last_frame(struct htree_path *path)
{
	return &path->frames[path->levels - 1];
}

int htree_leaf(struct inode *dir, const struct htree_path *path, struct buffer **leaf)
{
	const struct htree_frame *frame = &path->frames[path->levels - 1];

	return dir_leaf(dir, frame->entries[frame->at].block, leaf);
}

int htree_next(struct inode *dir, struct htree_path *path, uint32_t *key)
{
	struct htree_frame *frame = last_frame(path);
	struct buffer *buffer;
	int err;

	while (frame->at + 1 >= count_of(frame)) {
		if (frame == path->frames)
			return 1;
		frame--;
	}
	frame->at++;
	*key = frame->entries[frame->at].hash;
	for (; frame < last_frame(path); frame++) {
		err = get_node(dir, frame->entries[frame->at].block, &buffer);
		if (err)
			return err;
		set_frame(dir->txn->fs, frame + 1, buffer);
	}
	return 0;
}

int htree_find(struct inode *dir, const struct name *name, struct dir_place *place)
{
	struct htree_path path;
	struct buffer *leaf;
	uint32_t hash, key;
	int err = htree_version(dir, &path.hash_version);

	if (err)
		return err;
	hash = name_hash(dir->txn->fs, path.hash_version, name->bytes, name->len).major;
	err = htree_path(dir, hash, &path);
	if (err)
		return err;
	for (;;) {
		err = htree_leaf(dir, &path, &leaf);
		if (err)
			return err;
		if (leaf_find(dir->txn->fs, leaf, name, place))
			return 0;
		err = htree_next(dir, &path, &key);
		if (err < 0)
			return err;
		if (err == 1 || key != (hash | 1))
			return -ENOENT;
	}
}

/* Add a key behind the frame's place. There is room. */
static void add_key(struct inode *dir, struct htree_frame *frame, uint32_t hash, uint32_t block)
{
	struct htree_entry *entry = &frame->entries[frame->at + 1];

	memmove(entry + 1, entry, (count_of(frame) - frame->at - 1) * sizeof(*entry));
	*entry = (struct htree_entry){ hash, block };
	limit_of(frame->entries)->count++;
	txn_dirty(dir->txn, frame->buffer);
}

static int new_node(struct inode *dir, uint32_t *block, struct htree_frame *frame)
{
	struct ext4 *fs = dir->txn->fs;
	struct buffer *buffer;
	int err = dir_append(dir, BUFFER_DIR_INDEX, block, &buffer);

	if (err)
		return err;
	leaf_entry(buffer, 0)->rec_len = (uint16_t)fs->block_bytes;
	set_frame(fs, frame, buffer);
	limit_of(frame->entries)->limit = (uint16_t)capacity(fs, NODE_ENTRIES_AT);
	return 0;
}

/* The keys [from, end) of @old become those of the empty @node. */
static void move_keys(struct htree_frame *old, uint32_t from, struct htree_frame *node)
{
	uint32_t n = count_of(old) - from;

	node->entries[0].block = old->entries[from].block;
	memcpy(node->entries + 1, old->entries + from + 1, (n - 1) * sizeof(struct htree_entry));
	limit_of(node->entries)->count = (uint16_t)n;
	limit_of(old->entries)->count = (uint16_t)from;
}

/* The full root gets a level below it. */
static int grow(struct inode *dir, struct htree_path *path)
{
	struct htree_frame *root = path->frames, node;
	uint32_t block;
	int err = new_node(dir, &block, &node);

	if (err)
		return err;
	move_keys(root, 0, &node);
	limit_of(root->entries)->count = 1;
	root->entries[0].block = block;
	info_of(root->buffer)->indirect_levels++;
	txn_dirty(dir->txn, root->buffer);
	return 0;
}

static int split_node(struct inode *dir, struct htree_path *path)
{
	struct htree_frame *old = last_frame(path), node;
	uint32_t block, middle = count_of(old) / 2, hash = old->entries[middle].hash;
	int err = new_node(dir, &block, &node);

	if (err)
		return err;
	move_keys(old, middle, &node);
	txn_dirty(dir->txn, old->buffer);
	add_key(dir, old - 1, hash, block);
	return 0;
}

/* One step towards room for a key in the last frame; the path is no good afterwards. */
static int make_room(struct inode *dir, struct htree_path *path)
{
	struct htree_frame *root = path->frames;

	if (path->levels == 1)
		return grow(dir, path);
	return count_of(root) < limit_of(root->entries)->limit ? split_node(dir, path) : -ENOSPC;
}

struct hashed_entry {
	uint32_t hash;
	uint32_t at, bytes;
};

static int compare_hashes(const void *a, const void *b)
{
	const struct hashed_entry *x = a, *y = b;

	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return x->at < y->at ? -1 : 1;
}

static uint32_t list_entries(const struct ext4 *fs, const struct buffer *leaf, uint32_t version, struct hashed_entry *list)
{
	struct dirent_disk *entry;
	uint32_t at, n = 0;

	FOR_EACH_DIRENT(entry, at, fs, leaf)
		if (entry->inode)
			list[n++] = (struct hashed_entry){ name_hash(fs, version, entry->name, entry->name_len).major, at,
							   dirent_bytes(entry->name_len) };
	qsort(list, n, sizeof(*list), compare_hashes);
	return n;
}

/* Copy entries of @from to the leaf @to, close together; the last takes what is left. */
static void pack_leaf(const struct ext4 *fs, const struct buffer *from, const struct hashed_entry *list, uint32_t n,
		      struct buffer *to)
{
	struct dirent_disk *entry = NULL;
	uint32_t at = 0, i;

	leaf_init(fs, to);
	for (i = 0; i < n; i++) {
		entry = leaf_entry(to, at);
		memcpy(entry, leaf_entry(from, list[i].at), list[i].bytes);
		entry->rec_len = (uint16_t)list[i].bytes;
		at += list[i].bytes;
	}
	if (entry)
		entry->rec_len = (uint16_t)(entry->rec_len + leaf_bytes(fs) - at);
}

/* Where the upper half, by bytes, begins. */
static uint32_t split_point(const struct ext4 *fs, const struct hashed_entry *list, uint32_t n)
{
	uint32_t bytes = 0, i;

	for (i = n; i > 1; i--) {
		bytes += list[i - 1].bytes;
		if (bytes > leaf_bytes(fs) / 2)
			break;
	}
	return i > 1 && i < n ? i : n / 2;
}

static int split_leaf(struct inode *dir, struct htree_path *path, struct buffer *leaf)
{
	struct ext4 *fs = dir->txn->fs;
	struct hashed_entry list[LEAF_ENTRIES_MAX];
	uint32_t n = list_entries(fs, leaf, path->hash_version, list), middle, hash, block;
	struct buffer *upper, *old;
	int err;

	if (n < 2)
		return corrupt(fs);
	err = dir_append(dir, BUFFER_DIR_LEAF, &block, &upper);
	if (err)
		return err;
	old = malloc(sizeof(*old) + fs->block_bytes);
	if (!old)
		return -ENOMEM;
	memcpy(old->data, leaf->data, fs->block_bytes);
	middle = split_point(fs, list, n);
	hash = list[middle].hash | (list[middle].hash == list[middle - 1].hash);
	pack_leaf(fs, old, list + middle, n - middle, upper);
	pack_leaf(fs, old, list, middle, leaf);
	free(old);
	txn_dirty(dir->txn, leaf);
	add_key(dir, last_frame(path), hash, block);
	return 0;
}

int htree_add(struct inode *dir, const struct name *name, uint32_t ino, uint8_t type)
{
	struct htree_path path;
	struct buffer *leaf;
	uint32_t hash;
	int err = htree_version(dir, &path.hash_version);

	if (err)
		return err;
	hash = name_hash(dir->txn->fs, path.hash_version, name->bytes, name->len).major;
	for (;;) {
		err = htree_path(dir, hash, &path);
		if (!err)
			err = htree_leaf(dir, &path, &leaf);
		if (err)
			return err;
		if (leaf_add(dir, leaf, name, ino, type))
			return 0;
		if (count_of(last_frame(&path)) < limit_of(last_frame(&path)->entries)->limit)
			err = split_leaf(dir, &path, leaf);
		else
			err = make_room(dir, &path);
		if (err)
			return err;
	}
}

/* Block 0, whose entries have gone elsewhere, becomes a root that leads to @block. */
static void make_root(struct inode *dir, struct buffer *root, uint32_t block)
{
	struct ext4 *fs = dir->txn->fs;
	struct htree_frame frame;

	memset(root->data + ROOT_INFO_AT, 0, fs->block_bytes - ROOT_INFO_AT);
	leaf_entry(root, 12)->rec_len = (uint16_t)(fs->block_bytes - 12);
	info_of(root)->hash_version = (uint8_t)(fs->hash_version % HASH_UNSIGNED);
	info_of(root)->info_length = sizeof(struct htree_root_info);
	set_frame(fs, &frame, root);
	frame.entries[0].block = block;
	*limit_of(frame.entries) = (struct htree_limit){ (uint16_t)capacity(fs, ROOT_ENTRIES_AT), 1 };
	root->kind = BUFFER_DIR_INDEX;
	txn_dirty(dir->txn, root);
	dir->raw->flags |= INODE_FLAG_INDEX;
	inode_dirty(dir);
}

int htree_make(struct inode *dir)
{
	struct ext4 *fs = dir->txn->fs;
	struct hashed_entry list[LEAF_ENTRIES_MAX];
	struct buffer *root, *leaf;
	uint32_t n, block, parent;
	int err = dir_leaf(dir, 0, &root);

	if (!err)
		err = dir_parent(dir, &parent);
	if (!err)
		err = dir_append(dir, BUFFER_DIR_LEAF, &block, &leaf);
	if (err)
		return err;
	/* In place "." and ".." are first. */
	leaf_entry(root, 0)->inode = 0;
	leaf_entry(root, 12)->inode = 0;
	n = list_entries(fs, root, fs->hash_version, list);
	pack_leaf(fs, root, list, n, leaf);
	leaf_entry(root, 0)->inode = dir->ino;
	leaf_entry(root, 12)->inode = parent;
	make_root(dir, root, block);
	return 0;
}

static int check_leaf_empty(struct inode *dir, const struct htree_path *path)
{
	struct buffer *leaf;
	int err = htree_leaf(dir, path, &leaf);

	if (!err)
		err = leaf_check_empty(dir->txn->fs, leaf);
	if (!err)
		txn_drop(dir->txn, leaf);
	return err;
}

int htree_check_empty(struct inode *dir)
{
	struct htree_path path;
	uint32_t key;
	int err = htree_path(dir, 0, &path);

	while (!err) {
		err = check_leaf_empty(dir, &path);
		if (!err)
			err = htree_next(dir, &path, &key);
	}
	return err == 1 ? 0 : err;
}
