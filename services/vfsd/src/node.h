/* services/vfsd/src/node.h: nodes, and when they go.
 *
 * A node lives while the kernel holds lookups of it, something pins it, or its
 * filesystem says that it is linked. The kernel's lookups are counted as FUSE
 * counts them: one a record, given back by VFS_RELEASE.
 */
#ifndef VFSD_NODE_H
#define VFSD_NODE_H

#include "request.h"
#include "state.h"

/* Make a node of @mount with @mode. Its number was never used before.
 * Returns: NULL when there is no memory. */
struct node *node_create(uint16_t mount, uint32_t mode);

/* Is there any node of the mount? Looks at all nodes. */
bool node_is_of_mount(uint16_t mount);

/* The node of that number; NULL: there is none (any more). */
struct node *node_get(uint64_t number);

/* The node of @mount that has @key, or NULL. */
struct node *node_by_key(uint16_t mount, uint64_t key);

/* Give a new node its key. */
int node_set_key(struct node *node, uint64_t key);

/* Take its key away: the server may use it for another file. */
void node_clear_key(struct node *node);

void node_pin(struct node *node);
void node_unpin(struct node *node);

/* Count @n lookups given to the kernel, or given back. */
void node_count(struct node *node, uint64_t n);
void node_uncount(struct node *node, uint64_t n);

/* Free @node if nothing keeps it. */
void node_settle(struct node *node);

/* Copy @text into a new block. 0: no memory. */
ref_t text_create(const char *text, size_t len);
const char *text_of(ref_t block);

#endif
