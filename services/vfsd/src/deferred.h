/* services/vfsd/src/deferred.h: what may happen only once the transaction is committed.
 *
 * The kernel's contents of a deleted file, a server's fid: neither comes back
 * by an abort. A crash between the commit and the action leaves garbage, which
 * the successor finds (recovery.c).
 *
 * Locking: the name lock.
 */
#ifndef VFSD_DEFERRED_H
#define VFSD_DEFERRED_H

#include <stdint.h>

/* Free the kernel's contents of @node. */
void defer_kernel_forget(uint64_t node);

/* Tell the server that @fid is no longer needed. */
void defer_clunk(uint32_t fid);

/* Delete the unlinked file that lies in the aside folder of @mount. */
void defer_remove_aside(uint16_t mount, uint64_t node);

/* Free the clusters of a deleted file, from @first on; 0: give the device of a detached mount back
 * if nobody has a file of it open. */
void defer_fat_release(uint16_t mount, uint32_t first);

/* Free an inode that has lost its last name and its last user. */
void defer_ext4_evict(uint16_t mount, uint32_t ino);

/* Give the device of a detached mount back if nobody has a file of it open. */
void defer_ext4_leave(uint16_t mount);

void deferred_run(void);
void deferred_drop(void);

#endif
