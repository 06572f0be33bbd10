/* libs/ext4/src/log.h: writing one transaction into the journal, many blocks in one request to the device.
 *
 *	log_begin(); log_block()...; log_end(); flush; log_commit(); flush; log_free();
 */
#ifndef EXT4_SRC_LOG_H
#define EXT4_SRC_LOG_H

#include "fs.h"

struct log {
	struct ext4 *fs;
	uint32_t at;		/* of the journal: where the next block goes */
	uint32_t sequence;
	/* Blocks that wait to be written together, from @staged_at on. */
	uint8_t *staged;
	uint64_t staged_at;
	uint32_t nstaged;
	/* The descriptor under way, and what it describes. */
	uint8_t *descriptor;
	uint32_t descriptor_used, ntags;
	const void **blocks;
};

/* The next transaction, at the journal's head. */
int log_begin(struct ext4 *fs, struct log *log);

/* @data must stay until log_end(). */
int log_block(struct log *log, uint64_t block, const void *data);
int log_end(struct log *log);
int log_commit(struct log *log, struct ext4_time now);
void log_free(struct log *log);

#endif
