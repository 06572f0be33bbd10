/* kernel/io-manager/src/create.h: making a name of any kind. */
#ifndef IO_CREATE_H
#define IO_CREATE_H

#include "vfs_private.h"

struct create_request {
	struct inode *dir;
	const char *name;
	uint32_t name_len;
	uint32_t mode;		/* type and bits; the umask is applied here */
	uint32_t rdev;
	const char *target;	/* of a symbolic link */
	bool exclusive;
};
/* Permission on the directory, then VFS_CREATE with the current credentials.
 * Returns: 0 and a reference in *@out; *@created is false when the name existed. */
int create_node(const struct create_request *rq, struct inode **out, bool *created);
/* A regular file of mode @mode that has no name: in @dir, as open(O_TMPFILE) asks, or with @dir NULL
 * in the machine's own memory filesystem. @label: what /proc shows in place of a path, or NULL.
 * Returns: 0 and a reference in *@out; -EOPNOTSUPP the filesystem has none. */
int create_unnamed_node(struct inode *dir, uint32_t mode, bool is_linkable, const char *label, struct inode **out);
/* May the current process add or remove names in @dir? -EROFS -EACCES. */
int may_change_directory(struct inode *dir);

#endif
