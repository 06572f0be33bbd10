/* services/vfsd/src/record.h: the records of a reply (struct vfs_record).
 *
 * A record with attributes counts one lookup of its node in the request's transaction.
 */
#ifndef VFSD_RECORD_H
#define VFSD_RECORD_H

#include "node.h"
#include "request.h"

/* The attributes of @node as the kernel gets them. */
int record_attr(struct request *rq, struct node *node, struct vfs_attr *attr);

/* @node is what @name in @dir leads to; a symbolic link brings its target.
 * Returns: 0; -E2BIG: no room; the filesystem's error. */
int record_name(struct request *rq, struct node *dir, const char *name, size_t len, struct node *node);

/* There is no @name in @dir. With @victim: it is what the name led to, with @attr. */
int record_missing(struct request *rq, struct node *dir, const char *name, size_t len, struct node *victim,
		   const struct vfs_attr *attr);

/* The attributes of @node alone (empty name). */
int record_node(struct request *rq, struct node *node);

#endif
