/* libs/ext4/src/orphan.h: the list of inodes to be freed or truncated after a crash.
 *
 * It begins in the superblock and goes on in each inode's deletion time. */
#ifndef EXT4_SRC_ORPHAN_H
#define EXT4_SRC_ORPHAN_H

#include "inode.h"

/* Add, if it is not there. @is_new: it cannot be. */
int orphan_add(struct inode *inode, bool is_new);

/* Take it off; it need not be there. */
int orphan_remove(struct inode *inode);

#endif
