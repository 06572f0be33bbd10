/* services/vfsd/src/p9_fid.h: the server's handles (fids) that vfsd holds.
 *
 * A node of FS_P9 has up to three: one for walking, one opened for reading, one for
 * writing. They are a cache: any that is not busy may be given back when the
 * table is full, and all are gone after a restart, when numbers that the predecessor used
 * are clunked before they are used again.
 *
 * Locking: the fid lock, inside; it is not held over an exchange. Callable from any thread.
 */
#ifndef VFSD_P9_FID_H
#define VFSD_P9_FID_H

#include "state.h"

enum fid_kind { FID_PATH, FID_READ, FID_WRITE };

/* The fid of a mount's root is fixed and outlives restarts. */
#define FID_ROOT(mount) (0x10000u + (mount))

/* A number the server does not know, which is busy and of no node. 0: all are busy. */
uint32_t p9_fid_new(uint32_t transport);

/* The server never came to know @fid. */
void p9_fid_cancel(uint32_t fid);

/* Clunk @fid, which is of no node (any more) and which the caller is busy with; when another thread
 * is too, that one will. */
void p9_fid_put(uint32_t fid);

/* The node's fid of that kind, busy until p9_fid_done(); 0: it has none. */
uint32_t p9_fid_get(const struct node *node, enum fid_kind kind);
void p9_fid_done(uint32_t fid);

/* Make a busy, new fid the node's. false: it had one; @fid is still the caller's. */
bool p9_fid_attach(struct node *node, enum fid_kind kind, uint32_t fid);

/* Take the node's fid away from it, for p9_fid_put() by way of defer_clunk(). 0: it has none. */
uint32_t p9_fid_detach(struct node *node, enum fid_kind kind);

bool p9_fid_has(const struct node *node, enum fid_kind kind);

#endif
