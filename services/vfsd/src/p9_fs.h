/* services/vfsd/src/p9_fs.h: a folder of the host as a filesystem.
 *
 * Nodes are keyed by the server's qid.path. The server is always asked: what is kept
 * here is how to ask it cheaply. Since QEMU's server goes by path, one Tgetattr on a node's
 * fid tells both whether its name still leads to the same file and what its attributes are.
 */
#ifndef VFSD_P9_FS_H
#define VFSD_P9_FS_H

#include "fs.h"

/* Attach the export of mount tag @tag as mount @index, whose root comes out in *@root. */
int p9_mount(struct request *rq, uint16_t index, const char *tag, const char *options, struct node **root);
/* The mount is of no use to anybody: leave nothing of it on the server. */
void p9_unmount(uint16_t index);

/* fs_ops' xattr. */
int p9_fs_xattr(struct request *rq, struct node *node, const struct xattr_args *args);

/* Delete an unlinked file that nobody has open any more. */
void p9_remove_aside(uint16_t mount, uint64_t node);

/* Delete the folders of unlinked files. */
void p9_shutdown(void);

#endif
