/* A change reads all attributes into a list, changes the list and writes both places anew. */
#include <stdlib.h>

#include "alloc.h"
#include "crc32c.h"
#include "xattr.h"
#include "zone.h"

#define ITEMS_MAX 320u
#define REFCOUNT_MAX 1024u
#define TERMINATOR_BYTES 4u
#define INDEX_ACL_ACCESS 2u
#define INDEX_ACL_DEFAULT 3u

static const struct prefix {
	const char *text;
	uint8_t index;
	bool is_whole;
} prefixes[] = {
	{ "user.", 1, false },
	{ "system.posix_acl_access", INDEX_ACL_ACCESS, true },
	{ "system.posix_acl_default", INDEX_ACL_DEFAULT, true },
	{ "trusted.", 4, false },
	{ "security.", 6, false },
	{ "system.", 7, false },
};
#define NPREFIXES (sizeof(prefixes) / sizeof(prefixes[0]))

struct item {
	uint8_t index, name_len;
	bool is_in_block;
	const char *name;
	const uint8_t *value;
	uint32_t len;
};

/* All attributes of an inode. Names and values point into the copies. */
struct items {
	struct item at[ITEMS_MAX];
	uint32_t n;
	uint8_t copies[2][MAX_BLOCK_BYTES];
};

/* A place for entries: they grow from @start, values from @end down, counted from @base. */
struct region {
	uint8_t *base, *start, *end;
};

static uint32_t padded(uint32_t len)
{
	return (len + 3) & ~3u;
}

static uint32_t entry_bytes(uint32_t name_len)
{
	return padded((uint32_t)sizeof(struct xattr_entry) + name_len);
}

static uint32_t block_checksum(const struct ext4 *fs, const struct buffer *buffer)
{
	const uint32_t at = offsetof(struct xattr_header, checksum), after = at + 4;
	static const uint32_t zero;
	uint32_t crc = crc32c(fs->seed, &buffer->block, sizeof(buffer->block));

	crc = crc32c(crc, buffer->data, at);
	crc = crc32c(crc, &zero, sizeof(zero));
	return crc32c(crc, buffer->data + after, fs->block_bytes - after);
}

bool xattr_checksum_is_right(const struct ext4 *fs, const struct buffer *buffer)
{
	return ((const struct xattr_header *)buffer->data)->checksum == block_checksum(fs, buffer);
}

void xattr_set_checksum(const struct ext4 *fs, struct buffer *buffer)
{
	((struct xattr_header *)buffer->data)->checksum = block_checksum(fs, buffer);
}

/* Add the entries of a region to the list. false: they make no sense. */
static bool parse(const struct region *region, bool is_block, struct items *items)
{
	const struct xattr_entry *entry;
	const uint8_t *at;
	struct item *item;
	uint32_t magic;

	for (at = region->start;; at += entry_bytes(entry->name_len)) {
		if (region->end - at < (long)TERMINATOR_BYTES)
			return false;
		memcpy(&magic, at, sizeof(magic));
		if (magic == 0)
			return true;
		entry = (const void *)at;
		if (region->end - at < (long)sizeof(*entry) || region->end - at < (long)entry_bytes(entry->name_len) ||
		    entry->value_inum || items->n == ITEMS_MAX)
			return false;
		if (entry->value_size && (entry->value_size > (size_t)(region->end - region->base) ||
		     entry->value_offset > (size_t)(region->end - region->base) - entry->value_size))
			return false;
		item = &items->at[items->n++];
		*item = (struct item){ entry->name_index, entry->name_len, is_block, entry->name,
				       region->base + (entry->value_size ? entry->value_offset : 0), entry->value_size };
	}
}

/* The region behind an inode's fields. Returns: false if there is no room for one. */
static bool inode_region(struct inode *inode, struct region *region)
{
	uint32_t len;
	uint8_t *tail = inode_tail(inode, &len);

	if (!tail || len < sizeof(uint32_t) + TERMINATOR_BYTES)
		return false;
	*region = (struct region){ tail + sizeof(uint32_t), tail + sizeof(uint32_t), tail + len };
	return true;
}

static int load_inode(struct inode *inode, struct items *items)
{
	struct region region;
	uint32_t magic;
	size_t len;

	if (!inode_region(inode, &region))
		return 0;
	memcpy(&magic, region.start - sizeof(magic), sizeof(magic));
	if (magic != XATTR_MAGIC)
		return 0;
	len = (size_t)(region.end - region.start);
	memcpy(items->copies[0], region.start, len);
	region = (struct region){ items->copies[0], items->copies[0], items->copies[0] + len };
	return parse(&region, false, items) ? 0 : corrupt(inode->txn->fs);
}

static int get_block(struct inode *inode, struct buffer **buffer)
{
	struct ext4 *fs = inode->txn->fs;
	const struct xattr_header *header;
	uint64_t block = inode_xattr_block(inode);
	int err;

	if (!is_free_range(fs, block, 1))
		return corrupt(fs);
	err = txn_get(inode->txn, block, BUFFER_XATTRS, 0, buffer);
	if (err)
		return err;
	header = (const void *)(*buffer)->data;
	return header->magic == XATTR_MAGIC && header->blocks == 1 && header->refcount ? 0 : corrupt(fs);
}

static int load_block(struct inode *inode, struct items *items)
{
	uint8_t *copy = items->copies[1];
	struct region region;
	struct buffer *buffer;
	int err;

	if (!inode_xattr_block(inode))
		return 0;
	err = get_block(inode, &buffer);
	if (err)
		return err;
	memcpy(copy, buffer->data, inode->txn->fs->block_bytes);
	region = (struct region){ copy, copy + sizeof(struct xattr_header), copy + inode->txn->fs->block_bytes };
	return parse(&region, true, items) ? 0 : corrupt(inode->txn->fs);
}

static int load(struct inode *inode, struct items **out)
{
	struct items *items = malloc(sizeof(*items));
	int err;

	if (!items)
		return -ENOMEM;
	items->n = 0;
	err = load_inode(inode, items);
	if (!err)
		err = load_block(inode, items);
	if (err) {
		free(items);
		return err;
	}
	*out = items;
	return 0;
}

/* Split a whole name. */
static int parse_name(const char *name, size_t len, struct item *item)
{
	const struct prefix *prefix;
	size_t prefix_len, i;

	for (i = 0; i < NPREFIXES; i++) {
		prefix = &prefixes[i];
		prefix_len = strlen(prefix->text);
		if (len < prefix_len || memcmp(name, prefix->text, prefix_len) != 0 || (prefix->is_whole && len != prefix_len))
			continue;
		if (!prefix->is_whole && len == prefix_len)
			return -EINVAL;
		if (len - prefix_len > EXT4_NAME_MAX)
			return -ERANGE;
		*item = (struct item){ .index = prefix->index, .name_len = (uint8_t)(len - prefix_len), .name = name + prefix_len };
		return 0;
	}
	return -EOPNOTSUPP;
}

static int compare(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	if (x->index != y->index)
		return x->index < y->index ? -1 : 1;
	if (x->name_len != y->name_len)
		return x->name_len < y->name_len ? -1 : 1;
	return memcmp(x->name, y->name, x->name_len);
}

static struct item *find(struct items *items, const struct item *wanted)
{
	uint32_t i;

	for (i = 0; i < items->n; i++)
		if (compare(&items->at[i], wanted) == 0)
			return &items->at[i];
	return NULL;
}

static uint32_t hash_entry(const struct xattr_entry *entry, const uint8_t *value)
{
	uint32_t hash = 0, word, i;

	for (i = 0; i < entry->name_len; i++)
		hash = (hash << 5 ^ hash >> 27) ^ (uint8_t)entry->name[i];
	for (i = 0; i < padded(entry->value_size); i += 4) {
		memcpy(&word, value + i, sizeof(word));
		hash = (hash << 16 ^ hash >> 16) ^ word;
	}
	return hash;
}

/* Write the items of one place. The caller knows that they fit; the region is zeroed. */
static void write_region(const struct region *region, const struct items *items, bool is_block)
{
	uint8_t *at = region->start, *value = region->end;
	struct xattr_entry *entry;
	const struct item *item;
	uint32_t i;

	for (i = 0; i < items->n; i++) {
		item = &items->at[i];
		if (item->is_in_block != is_block)
			continue;
		value -= padded(item->len);
		if (item->len)
			memcpy(value, item->value, item->len);
		entry = (void *)at;
		*entry = (struct xattr_entry){ .name_len = item->name_len, .name_index = item->index, .value_size = item->len,
					       .value_offset = (uint16_t)(item->len ? value - region->base : 0) };
		memcpy(entry->name, item->name, item->name_len);
		entry->hash = hash_entry(entry, value);
		at += entry_bytes(item->name_len);
	}
}

static uint32_t bytes_needed(const struct items *items, bool is_block)
{
	uint32_t i, bytes = TERMINATOR_BYTES;

	for (i = 0; i < items->n; i++)
		if (items->at[i].is_in_block == is_block)
			bytes += entry_bytes(items->at[i].name_len) + padded(items->at[i].len);
	return bytes;
}

static void store_inode(struct inode *inode, const struct items *items)
{
	uint32_t magic = bytes_needed(items, false) > TERMINATOR_BYTES ? XATTR_MAGIC : 0;
	struct region region;

	if (!inode_region(inode, &region))
		return;
	memset(region.start, 0, (size_t)(region.end - region.start));
	memcpy(region.start - sizeof(magic), &magic, sizeof(magic));
	write_region(&region, items, false);
}

int xattr_free_block(struct inode *inode)
{
	struct xattr_header *header;
	struct buffer *buffer;
	int err;

	if (!inode_xattr_block(inode))
		return 0;
	err = get_block(inode, &buffer);
	if (err)
		return err;
	header = (void *)buffer->data;
	if (--header->refcount) {
		txn_dirty(inode->txn, buffer);
	} else {
		err = blocks_free(inode->txn, buffer->block, 1);
		if (!err)
			err = txn_forget(inode->txn, buffer->block);
	}
	inode_set_xattr_block(inode, 0);
	return err ? err : inode_add_blocks(inode, -1);
}

static int new_block(struct inode *inode, struct buffer **buffer)
{
	struct txn *txn = inode->txn;
	uint64_t block;
	int err = block_alloc(txn, inode_goal(txn->fs, inode->ino), &block);

	if (!err)
		err = txn_new(txn, block, BUFFER_XATTRS, 0, buffer);
	if (!err)
		err = inode_add_blocks(inode, 1);
	if (!err)
		inode_set_xattr_block(inode, block);
	return err;
}

static uint32_t hash_block(const struct region *region)
{
	const struct xattr_entry *entry = (const void *)region->start;
	uint32_t hash = 0;

	for (; *(const uint32_t *)entry; entry = (const void *)((const uint8_t *)entry + entry_bytes(entry->name_len))) {
		if (entry->hash == 0)
			return 0;
		hash = (hash << 16 ^ hash >> 16) ^ entry->hash;
	}
	return hash;
}

/* A block of others too is left to them. */
static int store_block(struct inode *inode, const struct items *items)
{
	struct ext4 *fs = inode->txn->fs;
	struct xattr_header *header;
	struct buffer *buffer = NULL;
	struct region region;
	int err = 0;

	if (bytes_needed(items, true) == TERMINATOR_BYTES)
		return xattr_free_block(inode);
	if (inode_xattr_block(inode))
		err = get_block(inode, &buffer);
	if (!err && buffer && ((struct xattr_header *)buffer->data)->refcount > 1) {
		err = xattr_free_block(inode);
		buffer = NULL;
	}
	if (!err && !buffer)
		err = new_block(inode, &buffer);
	if (err)
		return err;
	memset(buffer->data, 0, fs->block_bytes);
	header = (void *)buffer->data;
	region = (struct region){ buffer->data, buffer->data + sizeof(*header), buffer->data + fs->block_bytes };
	write_region(&region, items, true);
	*header = (struct xattr_header){ .magic = XATTR_MAGIC, .refcount = 1, .blocks = 1, .hash = hash_block(&region) };
	txn_dirty(inode->txn, buffer);
	return 0;
}

/* Choose where the new item goes, then write all. */
static int store(struct inode *inode, struct items *items, struct item *added)
{
	uint32_t block_room = inode->txn->fs->block_bytes - (uint32_t)sizeof(struct xattr_header);
	struct region region;
	uint32_t room = 0;
	bool had_block = inode_xattr_block(inode) != 0, has_block;
	int err;

	if (inode_region(inode, &region))
		room = (uint32_t)(region.end - region.start);
	if (added)
		added->is_in_block = bytes_needed(items, false) > room;
	if (bytes_needed(items, true) > block_room)
		return -ENOSPC;
	/* Values that overlapped on the disk do not fit any more. */
	if (bytes_needed(items, false) > TERMINATOR_BYTES && bytes_needed(items, false) > room)
		return corrupt(inode->txn->fs);
	qsort(items->at, items->n, sizeof(items->at[0]), compare);
	store_inode(inode, items);
	has_block = bytes_needed(items, true) > TERMINATOR_BYTES;
	inode_touch_change(inode);
	inode_dirty(inode);
	if (!had_block && !has_block)
		return 0;
	inode->txn->may_use_reserved |= !has_block;
	err = store_block(inode, items);
	inode_dirty(inode);
	return err;
}

static int load_for_change(struct inode *inode, struct items **items)
{
	if (inode->raw->flags & (INODE_FLAG_IMMUTABLE | INODE_FLAG_APPEND))
		return -EPERM;
	return load(inode, items);
}

static int set(struct inode *inode, struct item *wanted, unsigned int flags)
{
	struct items *items;
	struct item *item;
	int err = load_for_change(inode, &items);

	if (err)
		return err;
	item = find(items, wanted);
	if (item && flags & EXT4_XATTR_CREATE)
		err = -EEXIST;
	else if (!item && flags & EXT4_XATTR_REPLACE)
		err = -ENODATA;
	else if (!item && items->n == ITEMS_MAX)
		err = -ENOSPC;
	if (!err) {
		if (!item)
			item = &items->at[items->n++];
		*item = *wanted;
		item->is_in_block = false;
		err = store(inode, items, item);
	}
	free(items);
	return err;
}

static bool is_acl(const struct item *item)
{
	return item->index == INDEX_ACL_ACCESS || item->index == INDEX_ACL_DEFAULT;
}

int ext4_setxattr(struct ext4 *fs, uint32_t ino, const char *name, size_t name_len, const void *value, size_t len,
		  unsigned int flags)
{
	uint8_t acl[MAX_BLOCK_BYTES];
	struct inode inode;
	struct item item;
	struct txn txn;
	size_t acl_len;
	int err = parse_name(name, name_len, &item);

	if (err)
		return err;
	if (len > fs->block_bytes)
		return -ENOSPC;
	item.value = value;
	item.len = (uint32_t)len;
	if (is_acl(&item)) {
		err = acl_to_disk(value, len, acl, &acl_len);
		if (err)
			return err;
		item.value = acl;
		item.len = (uint32_t)acl_len;
	}
	txn_begin(&txn, fs);
	err = inode_get(&txn, ino, &inode);
	if (!err)
		err = set(&inode, &item, flags);
	return txn_finish(&txn, err);
}

static int remove_item(struct inode *inode, const struct item *wanted)
{
	struct items *items;
	struct item *item;
	int err = load_for_change(inode, &items);

	if (err)
		return err;
	item = find(items, wanted);
	if (item) {
		*item = items->at[--items->n];
		err = store(inode, items, NULL);
	}
	free(items);
	return item ? err : -ENODATA;
}

int ext4_removexattr(struct ext4 *fs, uint32_t ino, const char *name, size_t name_len)
{
	struct inode inode;
	struct item item;
	struct txn txn;
	int err = parse_name(name, name_len, &item);

	if (err)
		return err;
	txn_begin(&txn, fs);
	err = inode_get(&txn, ino, &inode);
	if (!err)
		err = remove_item(&inode, &item);
	return txn_finish(&txn, err);
}

static int copy_out(const uint8_t *value, size_t value_len, void *buf, size_t *len)
{
	size_t room = *len;

	*len = value_len;
	if (room == 0)
		return 0;
	if (room < value_len)
		return -ERANGE;
	if (value_len)
		memcpy(buf, value, value_len);
	return 0;
}

static int get(struct inode *inode, const struct item *wanted, void *value, size_t *len)
{
	uint8_t acl[ACL_ROOM(MAX_BLOCK_BYTES)];
	struct items *items;
	struct item *item;
	size_t acl_len;
	int err = load(inode, &items);

	if (err)
		return err;
	item = find(items, wanted);
	if (!item)
		err = -ENODATA;
	else if (!is_acl(item))
		err = copy_out(item->value, item->len, value, len);
	else if (acl_from_disk(item->value, item->len, acl, &acl_len) == 0)
		err = copy_out(acl, acl_len, value, len);
	else
		err = corrupt(inode->txn->fs);
	free(items);
	return err;
}

int ext4_getxattr(struct ext4 *fs, uint32_t ino, const char *name, size_t name_len, void *value, size_t *len)
{
	struct inode inode;
	struct item item;
	struct txn txn;
	int err = parse_name(name, name_len, &item);

	if (err)
		return err;
	txn_begin(&txn, fs);
	err = inode_get(&txn, ino, &inode);
	if (!err)
		err = get(&inode, &item, value, len);
	return txn_finish(&txn, err);
}

static const char *prefix_of(const struct item *item)
{
	size_t i;

	for (i = 0; i < NPREFIXES; i++)
		if (prefixes[i].index == item->index)
			return prefixes[i].text;
	return NULL;
}

static int list(struct inode *inode, char *buf, size_t *len)
{
	size_t room = *len, used = 0, prefix_len, bytes;
	struct items *items;
	const char *prefix;
	uint32_t i;
	int err = load(inode, &items);

	if (err)
		return err;
	for (i = 0; !err && i < items->n; i++) {
		prefix = prefix_of(&items->at[i]);
		if (!prefix)
			continue;
		prefix_len = strlen(prefix);
		bytes = prefix_len + items->at[i].name_len + 1;
		if (room && bytes > room - used)
			err = -ERANGE;
		if (room && !err) {
			memcpy(buf + used, prefix, prefix_len);
			memcpy(buf + used + prefix_len, items->at[i].name, items->at[i].name_len);
			buf[used + bytes - 1] = '\0';
		}
		used += bytes;
	}
	*len = used;
	free(items);
	return err;
}

int ext4_listxattr(struct ext4 *fs, uint32_t ino, char *buf, size_t *len)
{
	struct inode inode;
	struct txn txn;
	int err;

	txn_begin(&txn, fs);
	err = inode_get(&txn, ino, &inode);
	if (!err)
		err = list(&inode, buf, len);
	return txn_finish(&txn, err);
}
