/* services/vfsd/src/tmpfs.h: trees that lie wholly in the arena: tmpfs, /dev, the bundle.
 *
 * Directories, links and special files are here; contents, size and times of a
 * regular file are the kernel's (VFS_NODE_KERNEL_DATA), or the bundle's.
 */
#ifndef VFSD_TMPFS_H
#define VFSD_TMPFS_H

#include "fs.h"

/* A directory of @mount that has no name there, such as its root. */
int tmpfs_root(struct request *rq, uint16_t mount, uint32_t mode, struct node **out);

/* A FIFO or socket of @mount that has no name there. */
int tmpfs_special(struct request *rq, uint16_t mount, const struct create_args *args, struct node **out);

/* Make the directories of the relative @path that are missing, but for the last component, which
 * comes out in *@name: "a/b/c" gives the directory a/b and "c". */
int tmpfs_make_parents(struct request *rq, struct node *root, const char *path, struct node **dir, const char **name);

/* Take every name below @root away; none can be made there any more. */
void tmpfs_empty(struct node *root);

#endif
