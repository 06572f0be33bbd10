/* services/vfsd/src/dispatch.h: from a request to its reply, exactly once.
 *
 * Locking: one name lock covers every operation on names, from its first look at
 * the arena to its commit, exchanges with a server included. Requests of the pager
 * (VFS_PAGE_IN, VFS_PAGE_OUT, VFS_SYNC) do not take it, so that bringing a page never
 * waits for a name. Order: name lock, fid lock (p9_fid.c).
 *
 * Once: a reply that counts lookups or tells of a change is kept in the transaction that
 * made them (replies.h); a request that comes again finds it.
 */
#ifndef VFSD_DISPATCH_H
#define VFSD_DISPATCH_H

#include <pthread.h>
#include <time.h>

#include "request.h"

/* Open the state, make or repair the namespace. @files: the boot bundle, "path:size" each in order
 * of index. Returns: 0 or a negative errno. */
int dispatch_start(unsigned int nfiles, char *const files[]);

/* The name lock, for a request of the pager that must find a path again. */
void dispatch_lock_names(void);
void dispatch_unlock_names(void);

/* Does the calling thread hold the name lock? By borrowing? */
bool dispatch_has_names(void);
bool dispatch_is_borrowing(void);

/* A loop's bytes may come from a file of ours, whose pages are found with the name lock: who holds it and waits for a
 * loop lends it meanwhile. What is borrowed serves to look, not to change anything. Returns: for taking it back. */
unsigned int dispatch_lend_names(void);
void dispatch_take_names_back(unsigned int depth);

/* Let the name lock go until @cond is signalled; outside of transactions. Returns: false; true when it is @until. */
void dispatch_wait_names(pthread_cond_t *cond);
bool dispatch_wait_names_until(pthread_cond_t *cond, const struct timespec *until);

/* Serve @rq: the reply is in its words, reply and reply_len. Returns: the status. */
int dispatch(struct request *rq);

/* The calling thread serves no more: drop what was kept for its last reply. */
void dispatch_thread_end(void);

#endif
