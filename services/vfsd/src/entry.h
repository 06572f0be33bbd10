/* services/vfsd/src/entry.h: names in directories.
 *
 * For FS_TREE an entry is the name; for FS_P9 it is the last answer the server gave,
 * good for finding the node's path again. ENTRY_OVERLAY names lie over either
 * kind and are sought first. A name is found by one hash look-up of (directory, name).
 */
#ifndef VFSD_ENTRY_H
#define VFSD_ENTRY_H

#include "node.h"

/* The entry of @name in @dir; NULL: none. */
struct entry *entry_find(const struct node *dir, const char *name, size_t len, enum entry_kind kind);

/* Add a name, which must not be there yet. It pins @dir unless @dir is of FS_TREE,
 * whose link count keeps it. Returns: NULL when there is no memory. */
struct entry *entry_add(struct node *dir, const char *name, size_t len, struct node *node, enum entry_kind kind);

/* Take the name away and free the entry. The node is not settled. */
void entry_remove(struct entry *entry);

/* Make @entry lead to @node instead. */
void entry_set_node(struct entry *entry, struct node *node);

/* Make @entry the name that entry_of() gives. */
void entry_prefer(struct entry *entry);

/* A name of @node, the last one preferred; NULL: it has none. */
static inline struct entry *entry_of(const struct node *node)
{
	return entry_at(node->names);
}

/* The first entry of a FS_TREE directory with a cookie above @cookie; its cookie in *@out. */
struct entry *entry_after(const struct node *dir, uint64_t cookie, uint64_t *out);

#endif
