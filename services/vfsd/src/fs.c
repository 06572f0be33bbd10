/* services/vfsd/src/fs.c: which filesystem a node is of. */
#include "fs.h"

static const struct fs_ops *const all_ops[FS_KIND_END] = {
	[FS_TREE] = &tmpfs_ops,
	[FS_GENERATED] = &generated_ops,
	[FS_P9] = &p9_ops,
	[FS_FAT] = &fat_ops,
	[FS_EXT4] = &ext4_ops,
};

const struct fs_ops *node_ops(const struct node *node)
{
	return all_ops[state->mounts[node->mount].fs];
}
