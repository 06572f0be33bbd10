/* services/vfsd/src/p9_data.h: contents of FS_P9: opening on the server, and pages both ways.
 *
 * The transport moves the bytes between the server and the pages of the kernel's object; here
 * it is only said which.
 */
#ifndef VFSD_P9_DATA_H
#define VFSD_P9_DATA_H

#include "fs.h"

/* Does the server let us? Under the name lock. */
int p9_fs_open(struct request *rq, struct node *node, int flags, uint64_t *open_id);

/* Under no lock. */
int p9_fs_sync(uint64_t node);
long p9_fs_page_in(uint64_t node, uint64_t offset, uint64_t len);
long p9_fs_page_out(uint64_t node, uint64_t offset, uint64_t len);

#endif
