/* kernel/io-manager/src/name_lease.h: what io-manager keeps in a lease of a name. */
#ifndef IO_NAME_LEASE_H
#define IO_NAME_LEASE_H

#include "vfs_private.h"

struct name_lease {
	struct lease_payload payload;
	struct inode *inode;
};

/* Keep (@dir, @name) → @i (NULL: there is none) for @lease_ns. Best effort. */
void name_lease_grant(uint64_t dir, const char *name, uint32_t len, uint64_t seq, uint64_t lease_ns, struct inode *i);
/* Returns: true when a lease answers, with a reference or NULL (negative) in *@out. */
bool name_lease_find(uint64_t dir, const char *name, uint32_t len, struct inode **out, struct lease_stamp *stamp);

#endif
