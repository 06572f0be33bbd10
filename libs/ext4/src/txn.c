#include <stdlib.h>

#include "crc32c.h"
#include "directory.h"
#include "extents.h"
#include "fs.h"
#include "journal.h"
#include "xattr.h"

int corrupt(struct ext4 *fs)
{
	fs->saw_corruption = true;
	return -EUCLEAN;
}

void txn_begin(struct txn *txn, struct ext4 *fs)
{
	memset(txn, 0, sizeof(*txn));
	txn->fs = fs;
}

static struct buffer **bucket_of(struct txn *txn, uint64_t block)
{
	return &txn->hashed[(block ^ block >> 6) % BUFFER_BUCKETS];
}

static struct buffer *find_buffer(struct txn *txn, uint64_t block)
{
	struct buffer *buffer = *bucket_of(txn, block);

	while (buffer && buffer->block != block)
		buffer = buffer->next_hashed;
	return buffer;
}

static struct buffer *add_buffer(struct txn *txn, uint64_t block, enum buffer_kind kind, uint32_t seed)
{
	struct buffer **bucket = bucket_of(txn, block);
	struct buffer *buffer = malloc(sizeof(*buffer) + txn->fs->block_bytes);

	if (!buffer)
		return NULL;
	*buffer = (struct buffer){ .next_hashed = *bucket, .next = txn->all, .block = block, .kind = kind, .seed = seed };
	*bucket = buffer;
	txn->all = buffer;
	return buffer;
}

static void unlink_buffer(struct txn *txn, struct buffer *buffer)
{
	struct buffer **link = bucket_of(txn, buffer->block);

	while (*link != buffer)
		link = &(*link)->next_hashed;
	*link = buffer->next_hashed;
	for (link = &txn->all; *link != buffer; link = &(*link)->next)
		;
	*link = buffer->next;
}

void txn_drop(struct txn *txn, struct buffer *buffer)
{
	if (buffer->is_dirty)
		return;
	unlink_buffer(txn, buffer);
	free(buffer);
}

/* Checksums of bitmaps, descriptors and inodes are theirs who know where they belong. */
static bool has_right_checksum(const struct txn *txn, const struct buffer *buffer)
{
	const struct super_disk *super;

	if (!txn->fs->has_checksums)
		return true;
	switch (buffer->kind) {
	case BUFFER_SUPER:
		super = (const void *)(buffer->data + txn->fs->super_offset);
		return super->checksum == crc32c(~0u, super, offsetof(struct super_disk, checksum));
	case BUFFER_EXTENTS:
		return extents_checksum_is_right(txn->fs, buffer);
	case BUFFER_DIR_LEAF:
	case BUFFER_DIR_INDEX:
		return directory_checksum_is_right(txn->fs, buffer);
	case BUFFER_XATTRS:
		return xattr_checksum_is_right(txn->fs, buffer);
	default:
		return true;
	}
}

static void set_checksum(const struct txn *txn, struct buffer *buffer)
{
	if (!txn->fs->has_checksums)
		return;
	switch (buffer->kind) {
	case BUFFER_SUPER:
		super_checksum(txn->fs, (void *)(buffer->data + txn->fs->super_offset));
		break;
	case BUFFER_EXTENTS:
		extents_set_checksum(txn->fs, buffer);
		break;
	case BUFFER_DIR_LEAF:
	case BUFFER_DIR_INDEX:
		directory_set_checksum(txn->fs, buffer);
		break;
	case BUFFER_XATTRS:
		xattr_set_checksum(txn->fs, buffer);
		break;
	default:
		break;
	}
}

int txn_get(struct txn *txn, uint64_t block, enum buffer_kind kind, uint32_t seed, struct buffer **out)
{
	struct buffer *buffer = find_buffer(txn, block);
	int err;

	if (block >= txn->fs->blocks)
		return corrupt(txn->fs);
	if (buffer) {
		*out = buffer;
		return buffer->kind == kind && buffer->seed == seed && !buffer->is_freed ? 0 : corrupt(txn->fs);
	}
	buffer = add_buffer(txn, block, kind, seed);
	if (!buffer)
		return -ENOMEM;
	err = fs_read(txn->fs, block, buffer->data);
	if (!err && !has_right_checksum(txn, buffer))
		err = corrupt(txn->fs);
	if (err) {
		txn_drop(txn, buffer);
		return err;
	}
	*out = buffer;
	return 0;
}

int txn_new(struct txn *txn, uint64_t block, enum buffer_kind kind, uint32_t seed, struct buffer **out)
{
	struct buffer *buffer = find_buffer(txn, block);

	if (buffer && !buffer->is_freed)
		return corrupt(txn->fs);
	if (!buffer)
		buffer = add_buffer(txn, block, kind, seed);
	if (!buffer)
		return -ENOMEM;
	memset(buffer->data, 0, txn->fs->block_bytes);
	buffer->kind = kind;
	buffer->seed = seed;
	buffer->is_freed = false;
	buffer->is_checked = true;
	txn_dirty(txn, buffer);
	*out = buffer;
	return 0;
}

void txn_dirty(struct txn *txn, struct buffer *buffer)
{
	if (!buffer->is_dirty)
		txn->ndirty++;
	buffer->is_dirty = true;
}

int txn_forget(struct txn *txn, uint64_t block)
{
	struct buffer *buffer = find_buffer(txn, block);

	if (!buffer)
		buffer = add_buffer(txn, block, BUFFER_SYMLINK, 0);
	if (!buffer)
		return -ENOMEM;
	buffer->is_freed = true;
	txn_dirty(txn, buffer);
	return 0;
}

static void free_buffers(struct txn *txn)
{
	struct buffer *buffer = txn->all, *next;

	for (; buffer; buffer = next) {
		next = buffer->next;
		free(buffer);
	}
	memset(txn->hashed, 0, sizeof(txn->hashed));
	txn->all = NULL;
	txn->ndirty = 0;
}

static int apply(struct txn *txn)
{
	struct ext4_store *store = txn->fs->store;
	struct ext4_change *changes;
	struct buffer *buffer;
	size_t n = 0;
	int err;

	if (!txn->ndirty)
		return 0;
	if (txn->fs->is_read_only)
		return -EROFS;
	if (store->ops->count(store) + txn->ndirty > journal_max_blocks(txn->fs))
		return -EAGAIN;
	changes = malloc(txn->ndirty * sizeof(*changes));
	if (!changes)
		return -ENOMEM;
	for (buffer = txn->all; buffer; buffer = buffer->next) {
		if (!buffer->is_dirty)
			continue;
		if (!buffer->is_freed)
			set_checksum(txn, buffer);
		changes[n++] = (struct ext4_change){ buffer->block, buffer->is_freed ? NULL : buffer->data };
	}
	err = store->ops->apply(store, changes, n);
	free(changes);
	return err == -ENOSPC ? -EAGAIN : err;
}

int ext4_note_error(struct ext4 *fs)
{
	struct super_disk *super;
	struct buffer *buffer;
	struct txn txn;
	uint32_t now;
	int err;

	fs->has_noted_corruption = true;
	if (fs->is_read_only)
		return -EROFS;
	now = (uint32_t)fs_now(fs).sec;
	txn_begin(&txn, fs);
	err = super_get(&txn, &buffer, &super);
	if (!err) {
		super->state |= STATE_ERROR;
		if (!super->error_count++)
			super->first_error_time = now;
		super->last_error_time = now;
		txn_dirty(&txn, buffer);
		err = apply(&txn);
	}
	free_buffers(&txn);
	return err;
}

int txn_finish(struct txn *txn, int err)
{
	if (!err)
		err = apply(txn);
	else if (err == -ENOSPC && txn->saw_pending)
		err = -EAGAIN;
	free_buffers(txn);
	if (txn->fs->saw_corruption && !txn->fs->has_noted_corruption)
		ext4_note_error(txn->fs);
	return err;
}

int super_get(struct txn *txn, struct buffer **buffer, struct super_disk **super)
{
	int err = txn_get(txn, txn->fs->super_block, BUFFER_SUPER, 0, buffer);

	if (err)
		return err;
	*super = (void *)((*buffer)->data + txn->fs->super_offset);
	return 0;
}

void super_checksum(const struct ext4 *fs, struct super_disk *super)
{
	if (fs->has_checksums)
		super->checksum = crc32c(~0u, super, offsetof(struct super_disk, checksum));
}

int ranges_add(struct ranges *ranges, uint64_t start, uint32_t len)
{
	size_t cap = ranges->cap ? ranges->cap * 2 : 8;
	struct range *at;

	if (ranges->n == ranges->cap) {
		at = realloc(ranges->at, cap * sizeof(*at));
		if (!at)
			return -ENOMEM;
		ranges->at = at;
		ranges->cap = cap;
	}
	ranges->at[ranges->n++] = (struct range){ start, len };
	return 0;
}

void ranges_free(struct ranges *ranges)
{
	free(ranges->at);
	memset(ranges, 0, sizeof(*ranges));
}
