#include <stdlib.h>

#include "journal.h"
#include "log.h"

#define STAGED_BLOCKS 64u
#define UUID_BYTES 16u

static uint32_t tag_bytes(const struct ext4 *fs)
{
	if (fs->journal.features & JOURNAL_INCOMPAT_CSUM_V3)
		return sizeof(struct journal_tag3);
	return fs->journal.features & JOURNAL_INCOMPAT_64BIT ? sizeof(struct journal_tag) :
							       offsetof(struct journal_tag, block_hi);
}

static uint32_t descriptor_room(const struct ext4 *fs)
{
	return journal_has_checksums(fs) ? fs->block_bytes - 4 : fs->block_bytes;
}

static uint32_t tags_max(const struct ext4 *fs)
{
	return (descriptor_room(fs) - (uint32_t)sizeof(struct journal_header) - UUID_BYTES) / tag_bytes(fs);
}

int log_begin(struct ext4 *fs, struct log *log)
{
	*log = (struct log){ .fs = fs, .at = fs->journal.head, .sequence = fs->journal.sequence };
	log->staged = malloc((size_t)STAGED_BLOCKS * fs->block_bytes);
	log->descriptor = malloc(fs->block_bytes);
	log->blocks = malloc(tags_max(fs) * sizeof(*log->blocks));
	if (log->staged && log->descriptor && log->blocks)
		return 0;
	log_free(log);
	return -ENOMEM;
}

void log_free(struct log *log)
{
	free(log->staged);
	free(log->descriptor);
	free(log->blocks);
}

static int write_staged(struct log *log)
{
	struct blockdev *dev = log->fs->dev;
	unsigned int shift = log->fs->block_shift;
	int err = 0;

	if (log->nstaged)
		err = dev->ops->write(dev, log->staged_at << shift, log->staged, (size_t)log->nstaged << shift);
	log->nstaged = 0;
	return err;
}

/* Room for the next block of the journal. */
static int stage(struct log *log, uint8_t **out)
{
	uint64_t block = journal_block(log->fs, log->at);
	int err = 0;

	if (log->nstaged == STAGED_BLOCKS || (log->nstaged && log->staged_at + log->nstaged != block))
		err = write_staged(log);
	if (err)
		return err;
	if (log->nstaged == 0)
		log->staged_at = block;
	*out = log->staged + ((size_t)log->nstaged++ << log->fs->block_shift);
	log->at = journal_next(log->fs, log->at);
	return 0;
}

static bool must_escape(const void *data)
{
	uint32_t magic;

	memcpy(&magic, data, sizeof(magic));
	return be32(magic) == JOURNAL_MAGIC;
}

/* A block that begins like the journal's own must not be taken for one. */
static void copy_data(const struct log *log, uint8_t *to, const void *data)
{
	memcpy(to, data, log->fs->block_bytes);
	if (must_escape(data))
		memset(to, 0, sizeof(uint32_t));
}

static uint32_t data_checksum(const struct log *log, const void *data, uint8_t *scratch)
{
	if (!must_escape(data))
		return journal_data_checksum(log->fs, log->sequence, data);
	copy_data(log, scratch, data);
	return journal_data_checksum(log->fs, log->sequence, scratch);
}

static void put_tag(struct log *log, uint64_t block, const void *data, uint32_t flags)
{
	uint8_t scratch[MAX_BLOCK_BYTES], *to = log->descriptor + log->descriptor_used;
	uint32_t bytes = tag_bytes(log->fs);

	if (log->fs->journal.features & JOURNAL_INCOMPAT_CSUM_V3) {
		struct journal_tag3 tag = { be32((uint32_t)block), be32(flags), be32((uint32_t)(block >> 32)),
					    be32(data_checksum(log, data, scratch)) };
		memcpy(to, &tag, bytes);
	} else {
		struct journal_tag tag = { be32((uint32_t)block), 0, be16((uint16_t)flags), be32((uint32_t)(block >> 32)) };
		memcpy(to, &tag, bytes);
	}
	log->descriptor_used += bytes;
	if (!(flags & TAG_SAME_UUID)) {
		memcpy(log->descriptor + log->descriptor_used, log->fs->journal.super.uuid, UUID_BYTES);
		log->descriptor_used += UUID_BYTES;
	}
}

/* The last tag says that it is. */
static void end_tags(struct log *log)
{
	uint32_t uuid = log->ntags == 1 ? UUID_BYTES : 0;
	uint8_t *tag = log->descriptor + log->descriptor_used - uuid - tag_bytes(log->fs);

	/* The lowest byte of the big-endian flags: of 32 bits at 4, or of 16 bits at 6. */
	tag[7] |= TAG_LAST;
}

/* Stage the descriptor and its blocks. */
static int write_descriptor(struct log *log)
{
	uint32_t i, crc;
	uint8_t *to;
	int err;

	if (log->ntags == 0)
		return 0;
	end_tags(log);
	if (journal_has_checksums(log->fs)) {
		crc = be32(journal_tail_checksum(log->fs, log->descriptor));
		memcpy(log->descriptor + log->fs->block_bytes - sizeof(crc), &crc, sizeof(crc));
	}
	err = stage(log, &to);
	if (!err)
		memcpy(to, log->descriptor, log->fs->block_bytes);
	for (i = 0; !err && i < log->ntags; i++) {
		err = stage(log, &to);
		if (!err)
			copy_data(log, to, log->blocks[i]);
	}
	log->ntags = 0;
	return err;
}

static void begin_descriptor(struct log *log)
{
	struct journal_header header = { be32(JOURNAL_MAGIC), be32(JOURNAL_DESCRIPTOR), be32(log->sequence) };

	memset(log->descriptor, 0, log->fs->block_bytes);
	memcpy(log->descriptor, &header, sizeof(header));
	log->descriptor_used = sizeof(header);
}

int log_block(struct log *log, uint64_t block, const void *data)
{
	uint32_t flags = must_escape(data) ? TAG_ESCAPED : 0;
	int err = 0;

	if (log->ntags == tags_max(log->fs))
		err = write_descriptor(log);
	if (err)
		return err;
	if (log->ntags == 0)
		begin_descriptor(log);
	else
		flags |= TAG_SAME_UUID;
	put_tag(log, block, data, flags);
	log->blocks[log->ntags++] = data;
	return 0;
}

int log_end(struct log *log)
{
	int err = write_descriptor(log);

	return err ? err : write_staged(log);
}

int log_commit(struct log *log, struct ext4_time now)
{
	struct journal_commit *commit;
	uint8_t *to;
	int err = stage(log, &to);

	if (err)
		return err;
	memset(to, 0, log->fs->block_bytes);
	commit = (void *)to;
	commit->header = (struct journal_header){ be32(JOURNAL_MAGIC), be32(JOURNAL_COMMIT), be32(log->sequence) };
	commit->sec = __builtin_bswap64((uint64_t)now.sec);
	commit->nsec = be32(now.nsec);
	if (journal_has_checksums(log->fs))
		commit->checksum[0] = be32(journal_commit_checksum(log->fs, to));
	return write_staged(log);
}
