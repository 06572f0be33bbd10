/* Red-black trees. The rules: a red node has black children, and every path
 * from the root to a missing child meets the same number of black nodes. A
 * missing child counts as black.
 *
 * Summaries: a change first brings the ancestors of the changed place up to date,
 * up to one whose summary stays; a rotation keeps its subtree's set of nodes, so only
 * the two nodes that it moves need a new summary.
 */
#include <ds/rbtree.h>

static bool is_red(const struct rb_node *node)
{
	return node && node->is_red;
}

static void replace_child(struct rb_root *root, struct rb_node *parent,
			  struct rb_node *old, struct rb_node *new)
{
	if (!parent)
		root->node = new;
	else if (parent->left == old)
		parent->left = new;
	else
		parent->right = new;
	if (new)
		new->parent = parent;
}

static void rotate_left(struct rb_root *root, struct rb_node *node, rb_augment_fn augment)
{
	struct rb_node *up = node->right;

	node->right = up->left;
	if (up->left)
		up->left->parent = node;
	replace_child(root, node->parent, node, up);
	up->left = node;
	node->parent = up;
	if (augment) {
		augment(node);
		augment(up);
	}
}

static void rotate_right(struct rb_root *root, struct rb_node *node, rb_augment_fn augment)
{
	struct rb_node *up = node->left;

	node->left = up->right;
	if (up->right)
		up->right->parent = node;
	replace_child(root, node->parent, node, up);
	up->right = node;
	node->parent = up;
	if (augment) {
		augment(node);
		augment(up);
	}
}

void rb_augment_propagate(struct rb_node *node, rb_augment_fn augment)
{
	if (!augment)
		return;
	while (node && augment(node))
		node = node->parent;
}

/* @node is red and black parents are fine; a red parent has a black parent. */
static void insert_rebalance(struct rb_root *root, struct rb_node *node, rb_augment_fn augment)
{
	while (is_red(node->parent)) {
		struct rb_node *parent = node->parent;
		struct rb_node *grand = parent->parent;
		bool is_left = grand->left == parent;
		struct rb_node *uncle = is_left ? grand->right : grand->left;

		if (is_red(uncle)) {
			parent->is_red = false;
			uncle->is_red = false;
			grand->is_red = true;
			node = grand;
			continue;
		}
		if (is_left) {
			if (node == parent->right) {
				rotate_left(root, parent, augment);
				parent = node;
			}
			rotate_right(root, grand, augment);
		} else {
			if (node == parent->left) {
				rotate_right(root, parent, augment);
				parent = node;
			}
			rotate_left(root, grand, augment);
		}
		parent->is_red = false;
		grand->is_red = true;
		break;
	}
	root->node->is_red = false;
}

void rb_link(struct rb_root *root, struct rb_node *node, struct rb_node *parent,
	     struct rb_node **link, rb_augment_fn augment)
{
	node->parent = parent;
	node->left = NULL;
	node->right = NULL;
	node->is_red = true;
	*link = node;
	/* The new node's own summary was nothing that could have stayed. */
	if (augment)
		augment(node);
	rb_augment_propagate(parent, augment);
	insert_rebalance(root, node, augment);
}

void rb_add(struct rb_root *root, struct rb_node *node, rb_less_fn less, rb_augment_fn augment)
{
	struct rb_node **link = &root->node;
	struct rb_node *parent = NULL;

	while (*link) {
		parent = *link;
		link = less(node, parent) ? &parent->left : &parent->right;
	}
	rb_link(root, node, parent, link, augment);
}

/* The left subtree of @parent is one black node short; its sibling exists, since
 * that side is at least one black node high. Returns: whether @parent's whole
 * subtree is still short. */
static bool fix_short_left(struct rb_root *root, struct rb_node *parent, rb_augment_fn augment)
{
	struct rb_node *sibling = parent->right;

	if (sibling->is_red) {
		sibling->is_red = false;
		parent->is_red = true;
		rotate_left(root, parent, augment);
		sibling = parent->right;
	}
	if (!is_red(sibling->left) && !is_red(sibling->right)) {
		sibling->is_red = true;
		return true;
	}
	if (!is_red(sibling->right)) {
		sibling->left->is_red = false;
		sibling->is_red = true;
		rotate_right(root, sibling, augment);
		sibling = parent->right;
	}
	sibling->is_red = parent->is_red;
	parent->is_red = false;
	sibling->right->is_red = false;
	rotate_left(root, parent, augment);
	return false;
}

static bool fix_short_right(struct rb_root *root, struct rb_node *parent, rb_augment_fn augment)
{
	struct rb_node *sibling = parent->left;

	if (sibling->is_red) {
		sibling->is_red = false;
		parent->is_red = true;
		rotate_right(root, parent, augment);
		sibling = parent->left;
	}
	if (!is_red(sibling->left) && !is_red(sibling->right)) {
		sibling->is_red = true;
		return true;
	}
	if (!is_red(sibling->left)) {
		sibling->right->is_red = false;
		sibling->is_red = true;
		rotate_left(root, sibling, augment);
		sibling = parent->left;
	}
	sibling->is_red = parent->is_red;
	parent->is_red = false;
	sibling->left->is_red = false;
	rotate_right(root, parent, augment);
	return false;
}

/* @node, a possibly missing child of @parent, lost one black node above it. */
static void erase_rebalance(struct rb_root *root, struct rb_node *node, struct rb_node *parent,
			    rb_augment_fn augment)
{
	while (parent && !is_red(node)) {
		bool is_short = parent->left == node ? fix_short_left(root, parent, augment)
						     : fix_short_right(root, parent, augment);

		if (!is_short)
			return;
		node = parent;
		parent = node->parent;
	}
	if (node)
		node->is_red = false;
}

/* Put @heir, the leftmost node of @node's right subtree, in @node's place. Returns:
 * where the tree lost a node: the parent of *@child, the heir's old child. */
static struct rb_node *replace_by_heir(struct rb_root *root, struct rb_node *node,
				       struct rb_node *heir, struct rb_node **child)
{
	struct rb_node *parent = heir->parent;

	*child = heir->right;
	if (parent == node) {
		parent = heir;
	} else {
		replace_child(root, parent, heir, heir->right);
		heir->right = node->right;
		heir->right->parent = heir;
	}
	heir->left = node->left;
	heir->left->parent = heir;
	replace_child(root, node->parent, node, heir);
	return parent;
}

void rb_erase(struct rb_root *root, struct rb_node *node, rb_augment_fn augment)
{
	struct rb_node *child, *parent, *heir = NULL;
	bool lost_black = !node->is_red;

	if (node->left && node->right) {
		heir = rb_next(node);
		lost_black = !heir->is_red;
		parent = replace_by_heir(root, node, heir, &child);
		heir->is_red = node->is_red;
	} else {
		child = node->left ? node->left : node->right;
		parent = node->parent;
		replace_child(root, parent, node, child);
	}
	rb_augment_propagate(parent, augment);
	/* The heir's summary is another place's, whatever has become of those below it. */
	if (heir && augment) {
		augment(heir);
		rb_augment_propagate(heir->parent, augment);
	}
	if (lost_black)
		erase_rebalance(root, child, parent, augment);
}

struct rb_node *rb_first(const struct rb_root *root)
{
	struct rb_node *node = root->node;

	while (node && node->left)
		node = node->left;
	return node;
}

struct rb_node *rb_last(const struct rb_root *root)
{
	struct rb_node *node = root->node;

	while (node && node->right)
		node = node->right;
	return node;
}

struct rb_node *rb_next(const struct rb_node *node)
{
	if (node->right) {
		struct rb_root below = { node->right };

		return rb_first(&below);
	}
	while (node->parent && node->parent->right == node)
		node = node->parent;
	return node->parent;
}

struct rb_node *rb_prev(const struct rb_node *node)
{
	if (node->left) {
		struct rb_root below = { node->left };

		return rb_last(&below);
	}
	while (node->parent && node->parent->left == node)
		node = node->parent;
	return node->parent;
}
