/* services/vfsd/src/p9_path.h: from nodes of FS_P9 to fids that walk and open. */
#ifndef VFSD_P9_PATH_H
#define VFSD_P9_PATH_H

#include "fs.h"
#include "p9_fid.h"
#include "p9_proto.h"

/* A fid for walking from @node, busy until p9_fid_done(). Walks its path again if need be.
 * Returns: 0; -ENOENT: the path leads elsewhere now. Under the name lock. */
int p9_path_fid(struct node *node, uint32_t *fid);

/* The node's fid opened for reading (FID_READ) or writing, busy until p9_fid_done(). With
 * @has_name_lock false the lock is taken if it has to be opened.
 * Returns: 0; the server's error. */
int p9_open_fid(struct node *node, enum fid_kind kind, bool has_name_lock, uint32_t *fid);

/* A fid of its own for where @from is. */
int p9_clone_fid(uint32_t transport, uint32_t from, uint32_t *fid);

/* A fid for the aside folder of @mount, which is made if @must_make; give it back with p9_fid_put(). */
int p9_aside_fid(uint16_t mount, bool must_make, uint32_t *fid);

/* What an unlinked file is called in the aside folder. */
#define P9_ASIDE_NAME_BYTES 20
size_t p9_aside_name(uint64_t node, char name[P9_ASIDE_NAME_BYTES]);

#endif
