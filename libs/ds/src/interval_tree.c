/* Interval trees: a red-black tree by start, where each node knows the greatest
 * end of its subtree. A subtree whose greatest end lies before the query holds no
 * overlap; otherwise its leftmost node that ends late enough either overlaps, or
 * starts too late, and then so does everything right of it. */
#include <ds/interval_tree.h>

static struct interval_node *to_interval(const struct rb_node *rb)
{
	return rb_entry_or_null(rb, struct interval_node, rb);
}

static bool starts_before(const struct rb_node *a, const struct rb_node *b)
{
	return to_interval(a)->start < to_interval(b)->start;
}

static bool update_subtree_last(struct rb_node *rb)
{
	struct interval_node *node = to_interval(rb);
	const struct interval_node *left = to_interval(rb->left);
	const struct interval_node *right = to_interval(rb->right);
	uint64_t last = node->last, before = node->subtree_last;

	if (left && left->subtree_last > last)
		last = left->subtree_last;
	if (right && right->subtree_last > last)
		last = right->subtree_last;
	node->subtree_last = last;
	return last != before;
}

void interval_tree_insert(struct interval_tree *tree, struct interval_node *node)
{
	rb_add(&tree->root, &node->rb, starts_before, update_subtree_last);
}

void interval_tree_remove(struct interval_tree *tree, struct interval_node *node)
{
	rb_erase(&tree->root, &node->rb, update_subtree_last);
}

void interval_tree_set_last(struct interval_node *node, uint64_t last)
{
	node->last = last;
	rb_augment_propagate(&node->rb, update_subtree_last);
}

static struct interval_node *subtree_first(struct interval_node *node, uint64_t start, uint64_t last)
{
	while (node && node->subtree_last >= start) {
		struct interval_node *left = to_interval(node->rb.left);

		if (left && left->subtree_last >= start) {
			node = left;
			continue;
		}
		if (node->start > last)
			return NULL;
		if (node->last >= start)
			return node;
		node = to_interval(node->rb.right);
	}
	return NULL;
}

struct interval_node *interval_tree_first(const struct interval_tree *tree,
					  uint64_t start, uint64_t last)
{
	return subtree_first(to_interval(tree->root.node), start, last);
}

struct interval_node *interval_tree_next(const struct interval_node *node,
					 uint64_t start, uint64_t last)
{
	const struct rb_node *rb = &node->rb;

	for (;;) {
		struct interval_node *right = to_interval(rb->right);
		struct interval_node *up;

		if (right && right->subtree_last >= start)
			return subtree_first(right, start, last);
		while (rb->parent && rb->parent->right == rb)
			rb = rb->parent;
		up = to_interval(rb->parent);
		if (!up || up->start > last)
			return NULL;
		if (up->last >= start)
			return up;
		rb = &up->rb;
	}
}
