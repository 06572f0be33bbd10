/* Radix trees. A node at shift s covers 64 << s indices; the root's shift grows
 * with the greatest index stored. The root covers from 0, so an index beyond it
 * holds nothing. `used` has a bit for each slot that is not NULL; `tagged` for
 * each slot that is, or leads to, a tagged entry. */
#include <errno.h>
#include <string.h>

#include <ds/radix.h>

#define SLOT_BITS 6
#define NSLOTS 64
#define MAX_SHIFT 60

struct radix_node {
	struct radix_node *parent;
	uint8_t shift;
	uint8_t offset; /* our slot in parent */
	uint64_t used;
	uint64_t tagged;
	void *slots[NSLOTS];
};

static uint64_t bit(unsigned int slot)
{
	return (uint64_t)1 << slot;
}

static unsigned int slot_of(const struct radix_node *node, uint64_t index)
{
	return (index >> node->shift) & (NSLOTS - 1);
}

/* Is @index within what a root of this shift covers? */
static bool shift_covers(unsigned int shift, uint64_t index)
{
	return shift == MAX_SHIFT || index >> (shift + SLOT_BITS) == 0;
}

static bool covers(const struct radix_node *root, uint64_t index)
{
	return shift_covers(root->shift, index);
}

static struct radix_node *node_create(struct radix_tree *tree, unsigned int shift)
{
	struct radix_node *node = tree->ops->alloc(tree->ctx, sizeof(*node));

	if (!node)
		return NULL;
	memset(node, 0, sizeof(*node));
	node->shift = shift;
	return node;
}

static void node_attach(struct radix_node *parent, unsigned int slot, struct radix_node *child)
{
	child->parent = parent;
	child->offset = slot;
	parent->slots[slot] = child;
	parent->used |= bit(slot);
	if (child->tagged)
		parent->tagged |= bit(slot);
}

/* Free @node and its ancestors for as long as they are empty. */
static void free_empty(struct radix_tree *tree, struct radix_node *node)
{
	while (node && !node->used) {
		struct radix_node *parent = node->parent;

		if (parent) {
			parent->slots[node->offset] = NULL;
			parent->used &= ~bit(node->offset);
		} else {
			tree->root = NULL;
		}
		tree->ops->free(tree->ctx, node);
		node = parent;
	}
}

/* Lower the root while all it holds is below its slot 0. */
static void shrink_root(struct radix_tree *tree)
{
	struct radix_node *root = tree->root;

	while (root && root->shift && root->used == bit(0)) {
		tree->root = root->slots[0];
		tree->root->parent = NULL;
		tree->ops->free(tree->ctx, root);
		root = tree->root;
	}
}

static int grow_root(struct radix_tree *tree, uint64_t index)
{
	unsigned int shift = 0;

	if (!tree->root) {
		while (!shift_covers(shift, index))
			shift += SLOT_BITS;
		tree->root = node_create(tree, shift);
		return tree->root ? 0 : -ENOMEM;
	}
	while (!covers(tree->root, index)) {
		struct radix_node *root = node_create(tree, tree->root->shift + SLOT_BITS);

		if (!root)
			return -ENOMEM;
		node_attach(root, 0, tree->root);
		tree->root = root;
	}
	return 0;
}

/* The node whose slots are the entries around @index, or NULL. */
static struct radix_node *leaf_of(const struct radix_tree *tree, uint64_t index)
{
	struct radix_node *node = tree->root;

	if (!node || !covers(node, index))
		return NULL;
	while (node && node->shift)
		node = node->slots[slot_of(node, index)];
	return node;
}

void radix_init(struct radix_tree *tree, const struct ds_alloc_ops *ops, void *ctx)
{
	tree->root = NULL;
	tree->ops = ops;
	tree->ctx = ctx;
}

void radix_destroy(struct radix_tree *tree)
{
	struct radix_node *node = tree->root;

	while (node) {
		struct radix_node *parent = node->parent;

		if (node->shift && node->used) {
			unsigned int slot = __builtin_ctzll(node->used);

			node->used &= ~bit(slot);
			node = node->slots[slot];
			continue;
		}
		tree->ops->free(tree->ctx, node);
		node = parent;
	}
	tree->root = NULL;
}

int radix_insert(struct radix_tree *tree, uint64_t index, void *item)
{
	struct radix_node *node, *child;
	int err;

	err = grow_root(tree, index);
	node = tree->root;
	while (!err && node->shift) {
		child = node->slots[slot_of(node, index)];
		if (!child) {
			child = node_create(tree, node->shift - SLOT_BITS);
			if (!child) {
				err = -ENOMEM;
				break;
			}
			node_attach(node, slot_of(node, index), child);
		}
		node = child;
	}
	if (err)
		goto undo;
	if (node->slots[slot_of(node, index)])
		return -EEXIST;
	node->slots[slot_of(node, index)] = item;
	node->used |= bit(slot_of(node, index));
	return 0;

undo:
	free_empty(tree, node);
	shrink_root(tree);
	return err;
}

void *radix_lookup(const struct radix_tree *tree, uint64_t index)
{
	struct radix_node *leaf = leaf_of(tree, index);

	return leaf ? leaf->slots[slot_of(leaf, index)] : NULL;
}

void *const *radix_slots(const struct radix_tree *tree, uint64_t index, unsigned int *n)
{
	struct radix_node *leaf = leaf_of(tree, index);
	unsigned int slot = index & (NSLOTS - 1);

	*n = NSLOTS - slot;
	return leaf ? leaf->slots + slot : NULL;
}

void *radix_replace(struct radix_tree *tree, uint64_t index, void *item)
{
	struct radix_node *leaf = leaf_of(tree, index);
	void *old;

	if (!leaf)
		return NULL;
	old = leaf->slots[slot_of(leaf, index)];
	if (old)
		leaf->slots[slot_of(leaf, index)] = item;
	return old;
}

void *radix_remove(struct radix_tree *tree, uint64_t index)
{
	struct radix_node *leaf = leaf_of(tree, index);
	unsigned int slot;
	void *old;

	if (!leaf)
		return NULL;
	slot = slot_of(leaf, index);
	old = leaf->slots[slot];
	if (!old)
		return NULL;
	radix_tag_clear(tree, index);
	leaf->slots[slot] = NULL;
	leaf->used &= ~bit(slot);
	if (!leaf->used) {
		free_empty(tree, leaf);
		shrink_root(tree);
	}
	return old;
}

static uint64_t candidates(const struct radix_node *node, bool tagged_only)
{
	return tagged_only ? node->tagged : node->used;
}

/* The first slot of @node at or after @slot that holds what is looked for, or NSLOTS. */
static unsigned int next_slot(const struct radix_node *node, unsigned int slot, bool tagged_only)
{
	uint64_t left;

	if (slot >= NSLOTS)
		return NSLOTS;
	left = candidates(node, tagged_only) >> slot;
	return left ? slot + __builtin_ctzll(left) : NSLOTS;
}

/* Each round either finds an entry or leaves a node behind for good, so that the
 * rounds are no more than the tree is high. */
static void *find_next(const struct radix_tree *tree, uint64_t *index, bool tagged_only)
{
	const struct radix_node *node = tree->root;
	uint64_t from = *index;

	while (node && covers(tree->root, from)) {
		uint64_t span_mask = ((uint64_t)NSLOTS << node->shift) - 1;
		unsigned int slot = next_slot(node, slot_of(node, from), tagged_only);

		if (slot == NSLOTS) {
			from = (from | span_mask) + 1;
			if (!from)
				return NULL;
			node = tree->root;
			continue;
		}
		if (slot != slot_of(node, from))
			from = (from & ~span_mask) | (uint64_t)slot << node->shift;
		if (!node->shift) {
			*index = from;
			return node->slots[slot];
		}
		node = node->slots[slot];
	}
	return NULL;
}

void *radix_next(const struct radix_tree *tree, uint64_t *index)
{
	return find_next(tree, index, false);
}

void *radix_next_tagged(const struct radix_tree *tree, uint64_t *index)
{
	return find_next(tree, index, true);
}

void radix_tag_set(struct radix_tree *tree, uint64_t index)
{
	struct radix_node *node = leaf_of(tree, index);

	if (!node || !node->slots[slot_of(node, index)])
		return;
	for (; node; node = node->parent)
		node->tagged |= bit(slot_of(node, index));
}

void radix_tag_clear(struct radix_tree *tree, uint64_t index)
{
	struct radix_node *node = leaf_of(tree, index);

	for (; node; node = node->parent) {
		node->tagged &= ~bit(slot_of(node, index));
		if (node->tagged)
			return;
	}
}

bool radix_tag_get(const struct radix_tree *tree, uint64_t index)
{
	struct radix_node *leaf = leaf_of(tree, index);

	return leaf && (leaf->tagged & bit(slot_of(leaf, index)));
}
