/* ds/interval_tree.h: intervals [start, last] of u64, both ends included,
 * found by what they overlap.
 *
 * Nodes are embedded in the caller's structures; start and last are set before
 * insertion and fixed until removal, but for interval_tree_set_last(). Intervals may overlap and repeat.
 */
#ifndef DS_INTERVAL_TREE_H
#define DS_INTERVAL_TREE_H

#include <stdint.h>

#include <ds/rbtree.h>

struct interval_node {
	struct rb_node rb;
	uint64_t start;
	uint64_t last;
	uint64_t subtree_last; /* greatest `last` in this subtree */
};

struct interval_tree {
	struct rb_root root;
};

#define INTERVAL_TREE_INIT { RB_ROOT_INIT }

void interval_tree_insert(struct interval_tree *tree, struct interval_node *node);
void interval_tree_remove(struct interval_tree *tree, struct interval_node *node);

/* Move the end of @node, which is in a tree. */
void interval_tree_set_last(struct interval_node *node, uint64_t last);

/* The overlaps of [start, last] in order of their start; NULL after the last one.
 * Each step is O(log n). The tree must not change between the steps. */
struct interval_node *interval_tree_first(const struct interval_tree *tree,
					  uint64_t start, uint64_t last);
struct interval_node *interval_tree_next(const struct interval_node *node,
					 uint64_t start, uint64_t last);

#define INTERVAL_TREE_FOR_EACH(pos, tree, start, last)		\
	for (pos = interval_tree_first(tree, start, last); pos;	\
	     pos = interval_tree_next(pos, start, last))

#endif
