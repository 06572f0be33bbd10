/* A tree's root is in the inode, its nodes in blocks of their own. Indexes and extents are of one size, and
 * a node's key in its parent is that of its first entry. A path is found anew after each change of shape.
 */
#include "alloc.h"
#include "crc32c.h"
#include "extents.h"
#include "zone.h"

#define ROOT_ENTRIES 4u
#define UNWRITTEN_MAX_LEN (EXTENT_MAX_LEN - 1)
/* Each block of a folder that is freed counts in the transaction. */
#define FORGET_AT_ONCE 64u

struct level {
	struct extent_header *header;
	struct buffer *buffer;	/* NULL: the root */
	int at;			/* the entry the path goes through; in a leaf -1: before the first */
};

struct path {
	struct inode *inode;
	unsigned int depth;
	struct level levels[EXTENT_MAX_DEPTH + 1];
};

static struct extent *entry_of(const struct level *level, int at)
{
	return (struct extent *)(level->header + 1) + at;
}

static struct extent_index *index_of(const struct level *level, int at)
{
	return (struct extent_index *)(level->header + 1) + at;
}

static struct level *leaf_of(struct path *path)
{
	return &path->levels[path->depth];
}

static struct extent *extent_at(struct path *path)
{
	return entry_of(leaf_of(path), leaf_of(path)->at);
}

static bool is_unwritten(const struct extent *extent)
{
	return extent->len > EXTENT_MAX_LEN;
}

static uint32_t length_of(const struct extent *extent)
{
	return is_unwritten(extent) ? extent->len - EXTENT_MAX_LEN : extent->len;
}

static uint64_t end_of(const struct extent *extent)
{
	return (uint64_t)extent->block + length_of(extent);
}

static uint64_t disk_of(const struct extent *extent)
{
	return extent->start_lo | (uint64_t)extent->start_hi << 32;
}

static uint64_t child_of(const struct extent_index *index)
{
	return index->leaf_lo | (uint64_t)index->leaf_hi << 32;
}

static void set_extent(struct extent *extent, uint32_t block, uint32_t len, uint64_t disk, bool unwritten)
{
	*extent = (struct extent){ .block = block, .len = (uint16_t)(unwritten ? len + EXTENT_MAX_LEN : len),
				   .start_hi = (uint16_t)(disk >> 32), .start_lo = (uint32_t)disk };
}

static void set_index(struct extent_index *index, uint32_t block, uint64_t disk)
{
	*index = (struct extent_index){ .block = block, .leaf_lo = (uint32_t)disk, .leaf_hi = (uint16_t)(disk >> 32) };
}

static uint32_t node_capacity(const struct ext4 *fs)
{
	return (fs->block_bytes - sizeof(struct extent_header)) / sizeof(struct extent);
}

/* A node's checksum is behind its last possible entry. */
static uint32_t checksum_at(const struct buffer *buffer)
{
	const struct extent_header *header = (const void *)buffer->data;

	return (uint32_t)(sizeof(*header) + header->max * sizeof(struct extent));
}

bool extents_checksum_is_right(const struct ext4 *fs, const struct buffer *buffer)
{
	uint32_t at = checksum_at(buffer), stored;

	if (at + sizeof(stored) > fs->block_bytes)
		return false;
	memcpy(&stored, buffer->data + at, sizeof(stored));
	return stored == crc32c(buffer->seed, buffer->data, at);
}

void extents_set_checksum(const struct ext4 *fs, struct buffer *buffer)
{
	uint32_t at = checksum_at(buffer), crc = crc32c(buffer->seed, buffer->data, at);

	(void)fs;
	memcpy(buffer->data + at, &crc, sizeof(crc));
}

static bool leaf_makes_sense(const struct ext4 *fs, const struct level *level)
{
	const struct extent *extent;
	uint64_t end = 0;
	int i;

	for (i = 0; i < level->header->entries; i++) {
		extent = entry_of(level, i);
		if (extent->block < end || length_of(extent) == 0 || end_of(extent) > UINT32_MAX ||
		    !is_free_range(fs, disk_of(extent), length_of(extent)))
			return false;
		end = end_of(extent);
	}
	return true;
}

static bool index_makes_sense(const struct ext4 *fs, const struct level *level)
{
	int i;

	for (i = 0; i < level->header->entries; i++)
		if (!is_free_range(fs, child_of(index_of(level, i)), 1) ||
		    (i && index_of(level, i)->block <= index_of(level, i - 1)->block))
			return false;
	return true;
}

static bool node_makes_sense(const struct ext4 *fs, const struct level *level, unsigned int depth)
{
	const struct extent_header *header = level->header;
	uint32_t capacity = level->buffer ? node_capacity(fs) : ROOT_ENTRIES;

	if (header->magic != EXTENT_MAGIC || header->depth != depth || header->max == 0 || header->max > capacity ||
	    header->entries > header->max || (header->entries == 0 && (level->buffer || depth)))
		return false;
	return depth ? index_makes_sense(fs, level) : leaf_makes_sense(fs, level);
}

/* The last entry whose key is not above @block; -1: none. Keys of both kinds are at the same place. */
static int search(const struct level *level, uint32_t block)
{
	int low = 0, high = level->header->entries, middle;

	while (low < high) {
		middle = (low + high) / 2;
		if (entry_of(level, middle)->block <= block)
			low = middle + 1;
		else
			high = middle;
	}
	return low - 1;
}

static int descend(struct path *path, unsigned int i)
{
	struct level *level = &path->levels[i], *parent = level - 1;
	struct ext4 *fs = path->inode->txn->fs;
	int err;

	err = txn_get(path->inode->txn, child_of(index_of(parent, parent->at)), BUFFER_EXTENTS, path->inode->seed,
		      &level->buffer);
	if (err)
		return err;
	level->header = (void *)level->buffer->data;
	if (!level->buffer->is_checked && !node_makes_sense(fs, level, path->depth - i))
		return corrupt(fs);
	level->buffer->is_checked = true;
	return level->header->depth == path->depth - i ? 0 : corrupt(fs);
}

/* The path to where @block is or would be. */
static int find_path(struct inode *inode, uint32_t block, struct path *path)
{
	struct level *root = &path->levels[0];
	unsigned int i;
	int err;

	if (!inode_has_extents(inode))
		return -EOPNOTSUPP;
	path->inode = inode;
	root->header = (void *)inode->raw->block;
	root->buffer = NULL;
	path->depth = root->header->depth;
	if (path->depth > EXTENT_MAX_DEPTH || !node_makes_sense(inode->txn->fs, root, path->depth))
		return corrupt(inode->txn->fs);
	for (i = 0;; i++) {
		path->levels[i].at = search(&path->levels[i], block);
		if (i == path->depth)
			return 0;
		if (path->levels[i].at < 0)
			path->levels[i].at = 0;
		err = descend(path, i + 1);
		if (err)
			return err;
	}
}

/* The key that follows the path's place: where the next extent begins. */
static uint64_t next_key(struct path *path)
{
	int i;

	for (i = (int)path->depth; i >= 0; i--)
		if (path->levels[i].at + 1 < path->levels[i].header->entries)
			return entry_of(&path->levels[i], path->levels[i].at + 1)->block;
	return UINT32_MAX;
}

int extents_find(struct inode *inode, uint32_t block, struct ext4_run *run)
{
	struct extent *extent;
	struct path path;
	uint64_t next;
	int err = find_path(inode, block, &path);

	if (err)
		return err;
	if (leaf_of(&path)->at >= 0 && end_of(extent_at(&path)) > block) {
		extent = extent_at(&path);
		*run = (struct ext4_run){ block, (uint32_t)(end_of(extent) - block),
					  disk_of(extent) + (block - extent->block),
					  is_unwritten(extent) ? EXT4_UNWRITTEN : EXT4_WRITTEN };
		return 0;
	}
	next = next_key(&path);
	if (next <= block)
		return corrupt(inode->txn->fs);
	*run = (struct ext4_run){ block, (uint32_t)(next - block), 0, EXT4_HOLE };
	return 0;
}

int extents_block(struct inode *inode, uint32_t block, uint64_t *disk)
{
	struct ext4_run run;
	int err = extents_find(inode, block, &run);

	if (err)
		return err;
	*disk = run.disk;
	return run.kind == EXT4_WRITTEN ? 0 : corrupt(inode->txn->fs);
}

void extents_init(struct inode *inode)
{
	struct extent_header *header = (void *)inode->raw->block;

	memset(inode->raw->block, 0, sizeof(inode->raw->block));
	*header = (struct extent_header){ .magic = EXTENT_MAGIC, .max = ROOT_ENTRIES };
	inode->raw->flags |= INODE_FLAG_EXTENTS;
}

static void level_dirty(struct path *path, unsigned int i)
{
	if (path->levels[i].buffer)
		txn_dirty(path->inode->txn, path->levels[i].buffer);
	else
		inode_dirty(path->inode);
}

/* The first entry of level @i has changed: so do the keys that lead there. */
static void fix_keys(struct path *path, unsigned int i)
{
	for (; i > 0 && path->levels[i].header->entries; i--) {
		index_of(&path->levels[i - 1], path->levels[i - 1].at)->block = entry_of(&path->levels[i], 0)->block;
		level_dirty(path, i - 1);
		if (path->levels[i - 1].at > 0)
			break;
	}
}

static void open_gap(struct level *level, int at)
{
	struct extent *entry = entry_of(level, at);

	memmove(entry + 1, entry, (size_t)(level->header->entries - at) * sizeof(*entry));
	level->header->entries++;
}

static void close_gap(struct level *level, int at)
{
	struct extent *entry = entry_of(level, at);

	level->header->entries--;
	memmove(entry, entry + 1, (size_t)(level->header->entries - at) * sizeof(*entry));
}

static int new_node(struct path *path, uint64_t *block, struct level *level)
{
	struct inode *inode = path->inode;
	uint64_t goal = inode_goal(inode->txn->fs, inode->ino);
	int err;

	if (path->levels[path->depth].buffer)
		goal = path->levels[path->depth].buffer->block;
	err = block_alloc(inode->txn, goal, block);
	if (!err)
		err = txn_new(inode->txn, *block, BUFFER_EXTENTS, inode->seed, &level->buffer);
	if (!err)
		err = inode_add_blocks(inode, 1);
	if (err)
		return err;
	level->header = (void *)level->buffer->data;
	*level->header = (struct extent_header){ .magic = EXTENT_MAGIC, .max = (uint16_t)node_capacity(inode->txn->fs) };
	return 0;
}

/* The root's entries move to a node of their own. */
static int grow(struct path *path)
{
	struct level *root = &path->levels[0], node;
	uint64_t block;
	int err;

	if (path->depth == EXTENT_MAX_DEPTH)
		return -EFBIG;
	err = new_node(path, &block, &node);
	if (err)
		return err;
	node.header->entries = root->header->entries;
	node.header->depth = root->header->depth;
	memcpy(entry_of(&node, 0), entry_of(root, 0), root->header->entries * sizeof(struct extent));
	root->header->entries = 1;
	root->header->depth++;
	set_index(index_of(root, 0), entry_of(&node, 0)->block, block);
	inode_dirty(path->inode);
	return 0;
}

/* Move the upper part of the full node at level @i to a new one. Files mostly grow at the end, so there
 * the old node stays full. */
static int split(struct path *path, unsigned int i)
{
	struct level *old = &path->levels[i], *parent = old - 1, node;
	int count = old->header->entries, keep = old->at == count - 1 ? count - 1 : count / 2;
	uint64_t block;
	int err = new_node(path, &block, &node);

	if (err)
		return err;
	node.header->depth = old->header->depth;
	node.header->entries = (uint16_t)(count - keep);
	memcpy(entry_of(&node, 0), entry_of(old, keep), (size_t)(count - keep) * sizeof(struct extent));
	old->header->entries = (uint16_t)keep;
	open_gap(parent, parent->at + 1);
	set_index(index_of(parent, parent->at + 1), entry_of(&node, 0)->block, block);
	level_dirty(path, i);
	level_dirty(path, i - 1);
	inode_dirty(path->inode);
	return 0;
}

/* One step towards room in the leaf of @path, which is no good afterwards. */
static int make_room(struct path *path)
{
	unsigned int i;

	for (i = path->depth; i > 0; i--)
		if (path->levels[i - 1].header->entries < path->levels[i - 1].header->max &&
		    path->levels[i].header->entries > 1)
			return split(path, i);
	return grow(path);
}

static bool can_merge(const struct extent *left, const struct extent *right)
{
	uint32_t limit = is_unwritten(left) ? UNWRITTEN_MAX_LEN : EXTENT_MAX_LEN;

	return is_unwritten(left) == is_unwritten(right) && end_of(left) == right->block &&
	       disk_of(left) + length_of(left) == disk_of(right) && length_of(left) + length_of(right) <= limit;
}

/* Merge the entry at @at of the leaf with its right neighbour. */
static void merge_right(struct path *path, int at)
{
	struct level *leaf = leaf_of(path);

	if (at < 0 || at + 1 >= leaf->header->entries || !can_merge(entry_of(leaf, at), entry_of(leaf, at + 1)))
		return;
	entry_of(leaf, at)->len = (uint16_t)(entry_of(leaf, at)->len + length_of(entry_of(leaf, at + 1)));
	close_gap(leaf, at + 1);
	level_dirty(path, path->depth);
}

/* Put @extent behind the path's place, or into a neighbour. */
static void put_extent(struct path *path, const struct extent *extent)
{
	struct level *leaf = leaf_of(path);

	if (leaf->at >= 0 && can_merge(extent_at(path), extent)) {
		extent_at(path)->len = (uint16_t)(extent_at(path)->len + length_of(extent));
	} else {
		open_gap(leaf, leaf->at + 1);
		*entry_of(leaf, ++leaf->at) = *extent;
		if (leaf->at == 0)
			fix_keys(path, path->depth);
	}
	merge_right(path, leaf->at);
	level_dirty(path, path->depth);
}

static int insert_one(struct inode *inode, const struct extent *extent)
{
	struct level *leaf;
	struct path path;
	int err;

	for (;;) {
		err = find_path(inode, extent->block, &path);
		if (err)
			return err;
		leaf = leaf_of(&path);
		if ((leaf->at >= 0 && end_of(extent_at(&path)) > extent->block) || next_key(&path) < end_of(extent))
			return -ESTALE;
		if (leaf->header->entries < leaf->header->max ||
		    (leaf->at >= 0 && can_merge(extent_at(&path), extent)))
			break;
		err = make_room(&path);
		if (err)
			return err;
	}
	put_extent(&path, extent);
	return 0;
}

int extents_insert(struct inode *inode, const struct ext4_run *run)
{
	uint32_t limit = run->kind == EXT4_UNWRITTEN ? UNWRITTEN_MAX_LEN : EXTENT_MAX_LEN, done, len;
	struct extent extent;
	int err;

	for (done = 0; done < run->blocks; done += len) {
		len = run->blocks - done < limit ? run->blocks - done : limit;
		set_extent(&extent, run->block + done, len, run->disk + done, run->kind == EXT4_UNWRITTEN);
		err = insert_one(inode, &extent);
		if (err)
			return err;
	}
	return 0;
}

/* A node's block, or a block of a folder or symbolic link, holds metadata no longer. */
static int free_node(struct inode *inode, uint64_t block)
{
	int err = blocks_free(inode->txn, block, 1);

	if (!err)
		err = txn_forget(inode->txn, block);
	return err ? err : inode_add_blocks(inode, -1);
}

/* The leaf's entry is gone; nodes that it leaves empty go too. */
static int prune(struct path *path)
{
	unsigned int i;
	int err;

	for (i = path->depth; i > 0 && path->levels[i].header->entries == 0; i--) {
		err = free_node(path->inode, path->levels[i].buffer->block);
		if (err)
			return err;
		close_gap(&path->levels[i - 1], path->levels[i - 1].at);
	}
	level_dirty(path, i);
	if (i == 0 && path->levels[0].header->entries == 0)
		path->levels[0].header->depth = 0;
	else if (i > 0 && path->levels[i].at <= 0)
		fix_keys(path, i);
	inode_dirty(path->inode);
	return 0;
}

/* While the root has one child whose entries would fit into it, take them in. */
static int shrink(struct inode *inode)
{
	struct path path;
	struct level *root = &path.levels[0], *child = &path.levels[1];
	int err;

	for (;;) {
		err = find_path(inode, 0, &path);
		if (err || path.depth == 0 || root->header->entries != 1 || child->header->entries > ROOT_ENTRIES)
			return err;
		err = free_node(inode, child->buffer->block);
		if (err)
			return err;
		memcpy(entry_of(root, 0), entry_of(child, 0), child->header->entries * sizeof(struct extent));
		root->header->entries = child->header->entries;
		root->header->depth--;
		inode_dirty(inode);
	}
}

static int free_data(struct inode *inode, uint64_t disk, uint32_t len)
{
	int err = blocks_free(inode->txn, disk, len);
	uint32_t i;

	/* Only a file's contents never were metadata. */
	for (i = 0; !err && !inode_is(inode, TYPE_FILE) && i < len; i++)
		err = txn_forget(inode->txn, disk + i);
	return err ? err : inode_add_blocks(inode, -(int64_t)len);
}

/* Free [from, end) of the extent at the path's place, which has something of it. */
static int cut(struct path *path, uint64_t from, uint64_t end)
{
	struct extent old = *extent_at(path), *extent = extent_at(path), rest;
	bool unwritten = is_unwritten(&old);
	int err;

	if (from < old.block)
		from = old.block;
	if (end > end_of(&old))
		end = end_of(&old);
	err = free_data(path->inode, disk_of(&old) + (from - old.block), (uint32_t)(end - from));
	if (err)
		return err;
	if (from == old.block && end == end_of(&old)) {
		close_gap(leaf_of(path), leaf_of(path)->at);
		return prune(path);
	}
	set_extent(&rest, (uint32_t)end, (uint32_t)(end_of(&old) - end), disk_of(&old) + (end - old.block), unwritten);
	if (from == old.block) {
		*extent = rest;
		if (leaf_of(path)->at == 0)
			fix_keys(path, path->depth);
	} else {
		set_extent(extent, old.block, (uint32_t)(from - old.block), disk_of(&old), unwritten);
	}
	level_dirty(path, path->depth);
	inode_dirty(path->inode);
	return from > old.block && end < end_of(&old) ? insert_one(path->inode, &rest) : 0;
}

/* The path to the first extent that ends behind @from. Returns: 1 if there is none. */
static int find_from(struct inode *inode, uint64_t from, struct path *path)
{
	uint64_t next;
	int err = find_path(inode, (uint32_t)from, path);

	if (err)
		return err;
	if (leaf_of(path)->at >= 0 && end_of(extent_at(path)) > from)
		return 0;
	if (leaf_of(path)->at + 1 < leaf_of(path)->header->entries) {
		leaf_of(path)->at++;
		return 0;
	}
	next = next_key(path);
	if (next == UINT32_MAX)
		return 1;
	if (next <= from)
		return corrupt(inode->txn->fs);
	err = find_path(inode, (uint32_t)next, path);
	if (!err && (leaf_of(path)->at < 0 || end_of(extent_at(path)) <= from))
		return corrupt(inode->txn->fs);
	return err;
}

/* How far to cut at once. */
static uint64_t cut_end(struct path *path, uint64_t from, uint64_t end)
{
	uint64_t start = from > extent_at(path)->block ? from : extent_at(path)->block;

	if (!inode_is(path->inode, TYPE_FILE) && end - start > FORGET_AT_ONCE)
		end = start + FORGET_AT_ONCE;
	return end < end_of(extent_at(path)) ? end : end_of(extent_at(path));
}

int extents_remove(struct inode *inode, uint64_t from, uint64_t end)
{
	struct path path;
	uint64_t next;
	int err;

	while (from < end && from < UINT32_MAX) {
		if (txn_is_long(inode->txn))
			return 1;
		err = find_from(inode, from, &path);
		if (err < 0)
			return err;
		if (err == 1 || extent_at(&path)->block >= end)
			break;
		next = cut_end(&path, from, end);
		err = cut(&path, from, next);
		if (err)
			return err;
		from = next;
	}
	return shrink(inode);
}

/* Make the part [from, end) of the unwritten extent at the path's place written. */
static int convert(struct path *path, uint64_t from, uint64_t end)
{
	struct extent old = *extent_at(path), *extent = extent_at(path), piece;
	int at = leaf_of(path)->at, err = 0;

	if (from < old.block)
		from = old.block;
	if (end > end_of(&old))
		end = end_of(&old);
	if (from > old.block)
		set_extent(extent, old.block, (uint32_t)(from - old.block), disk_of(&old), true);
	else
		set_extent(extent, old.block, (uint32_t)(end - old.block), disk_of(&old), false);
	level_dirty(path, path->depth);
	if (from == old.block) {
		merge_right(path, at);
		merge_right(path, at - 1);
	}
	if (from > old.block) {
		set_extent(&piece, (uint32_t)from, (uint32_t)(end - from), disk_of(&old) + (from - old.block), false);
		err = insert_one(path->inode, &piece);
	}
	if (!err && end < end_of(&old)) {
		set_extent(&piece, (uint32_t)end, (uint32_t)(end_of(&old) - end), disk_of(&old) + (end - old.block), true);
		err = insert_one(path->inode, &piece);
	}
	return err;
}

int extents_mark_written(struct inode *inode, uint64_t from, uint64_t end)
{
	struct path path;
	uint64_t next;
	int err;

	while (from < end) {
		err = find_from(inode, from, &path);
		if (err < 0)
			return err;
		if (err == 1 || extent_at(&path)->block >= end)
			break;
		next = end_of(extent_at(&path));
		if (is_unwritten(extent_at(&path))) {
			err = convert(&path, from, end);
			if (err)
				return err;
		}
		from = next;
	}
	return 0;
}
