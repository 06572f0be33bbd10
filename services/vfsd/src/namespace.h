/* services/vfsd/src/namespace.h: names across all filesystems.
 *
 * What lies over a directory (ENTRY_OVERLAY) is found before the filesystem's own names,
 * and ".." leads out of a mount to the directory it lies in. Permissions are the kernel's
 * matter.
 */
#ifndef VFSD_NAMESPACE_H
#define VFSD_NAMESPACE_H

#include "fs.h"

/* One component: "..", overlays, then the filesystem. -ENOENT: no such name. */
int ns_lookup(struct request *rq, struct node *dir, const char *name, size_t len, struct node **out);

/* Is anything laid over the name: a mount, a folder made for one, or a node of special.h? */
bool ns_is_covered(const struct node *dir, const char *name, size_t len);

/* The first component of @path, and its length; 0 when there is none. */
const char *ns_component(const char *path, size_t *len);

/* Follow an absolute path, through symbolic links. */
int ns_resolve(struct request *rq, const char *path, struct node **out);

/* The absolute path of @node, or the one below @root if @root is on the way.
 * Returns: its length; -ENOENT: it has no name any more; -ENAMETOOLONG. */
int ns_path(struct node *node, const struct node *root, char *buf, size_t cap);

/* The directory that ".." of @dir leads to; NULL: it is gone. */
struct node *ns_parent(struct node *dir);

/* The nth overlay of @dir in order of laying; NULL: no more. */
struct entry *ns_overlay(const struct node *dir, uint32_t n);

#endif
