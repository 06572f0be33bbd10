/* services/vfsd/src/replies.h: replies that may not have reached their callers yet.
 *
 * Each thread owns a slot in the arena. A reply that counts lookups or tells of a change is
 * put there plainly, and one word, the request's id, makes it valid in the commit of the
 * change. When the thread takes its next request, the reply has gone out. A successor
 * keeps its predecessor's slots until their requests must have come again.
 *
 * Locking: the name lock.
 */
#ifndef VFSD_REPLIES_H
#define VFSD_REPLIES_H

#include "request.h"
#include "state.h"

struct reply_slot {
	ref_t next;
	uint32_t incarnation;	/* of its owner */
	uint64_t request_id;	/* 0: nothing is kept */
	uint64_t words[8];
	ref_t data;
	uint32_t cap, len;
	uint32_t data_bytes;	/* that `data` takes in the arena */
	uint32_t is_exchanged;	/* answers of a server are kept under the id, too */
};

/* A state was opened: this thread has no slot in it yet. */
void replies_start(void);

/* See that the calling thread has a slot. Outside a transaction. Returns: 0; -ENOSPC. */
int replies_prepare(void);

/* The calling thread's slot, whose reply has gone out, is the next new thread's. Outside a transaction. */
void replies_thread_end(void);

/* Keep the reply of @rq, in the transaction. Returns: 0; -ENOSPC. */
int replies_keep(const struct request *rq);

/* Give the kept reply again. Returns: false when there is none. */
bool replies_take(struct request *rq);

/* The first slot, and the one after @slot, with a predecessor's reply. */
const struct reply_slot *replies_old(const struct reply_slot *slot);

/* Of the predecessors' replies keep only those whose requests the kernel will send again: the
 * others have been taken, and what they counted is with the kernel. */
void replies_drop_taken(void);

/* Drop what predecessors kept, and the server's answers with it. */
void replies_drop_old(void);

#endif
