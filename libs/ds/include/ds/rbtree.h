/* ds/rbtree.h: intrusive red-black trees.
 *
 * The tree links nodes; the caller knows the keys. Lookup is a loop in the
 * caller over node->left and node->right; rb_add() covers plain insertion, and
 * rb_link() insertion where the caller has already walked to the place.
 *
 * An augmented tree keeps in each node a summary of its subtree (the greatest
 * end of an interval, a count). Its owner passes the same rb_augment_fn to every
 * change; a plain tree passes NULL. Nothing allocates. Locking is the caller's.
 */
#ifndef DS_RBTREE_H
#define DS_RBTREE_H

#include <stdbool.h>
#include <stdint.h>

#include <ds/container_of.h>

struct rb_node {
	struct rb_node *parent;
	struct rb_node *left;
	struct rb_node *right;
	bool is_red;
};

struct rb_root {
	struct rb_node *node;
};

#define RB_ROOT_INIT { NULL }

/* Recompute @node's summary from itself and its children, which are right already.
 * Returns: whether it is another than before. */
typedef bool (*rb_augment_fn)(struct rb_node *node);

/* Does @a sort before @b? Equal keys are kept in order of insertion. */
typedef bool (*rb_less_fn)(const struct rb_node *a, const struct rb_node *b);

static inline bool rb_is_empty(const struct rb_root *root)
{
	return !root->node;
}

/* Insert @node at its sorted place. */
void rb_add(struct rb_root *root, struct rb_node *node, rb_less_fn less, rb_augment_fn augment);

/* Insert @node as the child of @parent that @link addresses: &parent->left or
 * &parent->right, which is NULL now; or &root->node with @parent NULL. */
void rb_link(struct rb_root *root, struct rb_node *node, struct rb_node *parent,
	     struct rb_node **link, rb_augment_fn augment);

/* Remove @node, which is in @root. */
void rb_erase(struct rb_root *root, struct rb_node *node, rb_augment_fn augment);

/* After @node's own contribution to the summary changed: bring it and its ancestors up to date. */
void rb_augment_propagate(struct rb_node *node, rb_augment_fn augment);

/* In order; NULL at either end or for an empty tree. */
struct rb_node *rb_first(const struct rb_root *root);
struct rb_node *rb_last(const struct rb_root *root);
struct rb_node *rb_next(const struct rb_node *node);
struct rb_node *rb_prev(const struct rb_node *node);

#define rb_entry(node, type, member) container_of(node, type, member)
#define rb_entry_or_null(node, type, member) container_of_or_null(node, type, member)

#endif
