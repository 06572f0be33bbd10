/* kernel/io-manager/test/fake_vfsd.h: a small tree that answers VFS_WALK, and leases of its names. */
#ifndef FAKE_VFSD_H
#define FAKE_VFSD_H

#include "vfs_private.h"

extern unsigned fake_calls;	/* VFS_WALK so far */
extern bool fake_grants;	/* names of replies become leases */
extern unsigned fake_batch;	/* records that one reply holds at most */
extern uint64_t fake_denied;	/* a folder without x permission */
extern uint64_t fake_revokes;	/* more of them end all leases */

/* The node of the tree called @path below the root, made with what leads to it. */
struct inode *fake_node(const char *path, uint32_t type, const char *target);
void fake_set_cwd(struct inode *i);
void fake_set_root(struct inode *i);
void fake_reset(void);
/* References taken and not given back. */
int fake_references(void);

#endif
