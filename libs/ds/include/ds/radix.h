/* ds/radix.h: a sparse array from u64 index to pointer, 64 slots a node.
 *
 * Page caches and handle tables are made of it. One tag a slot (dirty)
 * is summed up in the inner nodes, so that tagged entries are found without
 * visiting the others. Nodes that become empty are freed at once. Locking is
 * the caller's; only radix_insert() allocates.
 */
#ifndef DS_RADIX_H
#define DS_RADIX_H

#include <stdbool.h>
#include <stdint.h>

#include <ds/alloc.h>

struct radix_node;

struct radix_tree {
	struct radix_node *root;
	const struct ds_alloc_ops *ops;
	void *ctx;
};

/* @ops and @ctx must outlive the tree. */
void radix_init(struct radix_tree *tree, const struct ds_alloc_ops *ops, void *ctx);

/* Free every node; what the entries point at is the caller's. */
void radix_destroy(struct radix_tree *tree);

/* Store @item, which is not NULL, at @index, untagged.
 * Returns: 0; -EEXIST if the index holds an entry; -ENOMEM, with the tree unchanged. */
int radix_insert(struct radix_tree *tree, uint64_t index, void *item);

/* The entry at @index, or NULL. */
void *radix_lookup(const struct radix_tree *tree, uint64_t index);

/* The entries from @index on that lie side by side, *@n of them at most, NULL where there is none.
 * Returns: NULL if none of them is there. Valid until the tree changes. */
void *const *radix_slots(const struct radix_tree *tree, uint64_t index, unsigned int *n);

/* Put @item, which is not NULL, in the place of an entry, keeping its tag.
 * Returns: the old entry; NULL if there was none, and then nothing is stored. */
void *radix_replace(struct radix_tree *tree, uint64_t index, void *item);

/* Remove the entry at @index and its tag. Returns: it, or NULL. */
void *radix_remove(struct radix_tree *tree, uint64_t index);

/* The first entry at or after *@index; its index replaces *@index.
 * Returns: NULL if there is none, with *@index unchanged. */
void *radix_next(const struct radix_tree *tree, uint64_t *index);

/* As radix_next(), among tagged entries. */
void *radix_next_tagged(const struct radix_tree *tree, uint64_t *index);

/* Set or clear the tag of @index; without an entry there, nothing happens. */
void radix_tag_set(struct radix_tree *tree, uint64_t index);
void radix_tag_clear(struct radix_tree *tree, uint64_t index);
bool radix_tag_get(const struct radix_tree *tree, uint64_t index);

#endif
