/* services/vfsd/src/fs.h: what a filesystem does.
 *
 * The namespace (names.c) has checked what Linux checks for every filesystem (read-only
 * mounts, mount points, lengths, crossing of mounts) and taken leases back; an
 * operation does the rest and returns 0 or a negative errno. A NULL operation is
 * one the filesystem does not have. All run under the name lock, inside the request's
 * transaction, but for page_in, page_out and sync, which run under no lock.
 *
 * "Retried": after an error nothing may have changed. An operation of a request
 * with is_retry may find its own change already made by a predecessor, on a server
 * that outlives us; on the arena it cannot.
 */
#ifndef VFSD_FS_H
#define VFSD_FS_H

#include "entry.h"
#include "request.h"
#include "state.h"

struct create_args {
	uint32_t mode, rdev, uid, gid;
	const char *target;	/* symbolic link */
	size_t target_len;
	bool is_exclusive;
	bool is_linkable;	/* one without a name */
};

struct rename_args {
	struct node *old_dir, *new_dir;
	const char *old_name, *new_name;
	size_t old_len, new_len;
	unsigned int flags;
	/* Out: */
	struct node *moved;
	struct node *victim;	/* replaced or exchanged; may be NULL */
	struct vfs_attr victim_attr;	/* of a replaced one */
};

struct xattr_args {
	enum vfs_xattr_op op;
	uint32_t flags;
	const char *name, *value;
	size_t name_len, value_len;
};

struct dirent_sink;
struct statfs;

struct fs_ops {
	/* How long the kernel may believe names and attributes. */
	uint64_t name_lease_ns, missing_lease_ns, attr_lease_ns;

	/* -ENOENT: no such name. */
	int (*lookup)(struct request *rq, struct node *dir, const char *name, size_t len, struct node **out);
	/* Fill everything but node, seq, lease and mount flags. */
	int (*getattr)(struct request *rq, struct node *node, struct vfs_attr *attr);
	/* The target of a symbolic link, at most VFS_PATH_MAX - 1 bytes. */
	int (*readlink)(struct request *rq, struct node *node, char *buf, size_t *len);
	/* An existing regular file is returned with *@created false if both the old and the
	 * new one are regular and it need not be exclusive; else -EEXIST. */
	int (*create)(struct request *rq, struct node *dir, const char *name, size_t len,
		      const struct create_args *args, struct node **out, bool *created);
	/* A regular file without a name, of @mount or as one of @dir would be; @dir may be NULL. */
	int (*create_unnamed)(struct request *rq, uint16_t mount, struct node *dir, const struct create_args *args,
			      struct node **out);
	int (*link)(struct request *rq, struct node *node, struct node *dir, const char *name, size_t len);
	/* *@victim may come out NULL when a predecessor did it and nobody knew the file. */
	int (*unlink)(struct request *rq, struct node *dir, const char *name, size_t len, bool is_rmdir,
		      struct node **victim, struct vfs_attr *attr);
	int (*rename)(struct request *rq, struct rename_args *args);
	int (*setattr)(struct request *rq, struct node *node, uint32_t mask, const struct vfs_attr *attr);
	/* Entries after @cookie (0: from the start), without "." and "..". */
	int (*readdir)(struct request *rq, struct node *dir, uint64_t cookie, struct dirent_sink *sink);
	/* What is read goes into the reply. */
	int (*xattr)(struct request *rq, struct node *node, const struct xattr_args *args);
	int (*open)(struct request *rq, struct node *node, int flags, uint64_t *open_id);
	int (*write)(struct request *rq, struct node *node, uint64_t offset, const char *data, size_t len);
	int (*statfs)(struct request *rq, struct node *node, struct statfs *out);
	int (*sync)(uint64_t node);
	long (*page_in)(uint64_t node, uint64_t offset, uint64_t len);
	long (*page_out)(uint64_t node, uint64_t offset, uint64_t len);

	/* See that the bytes from @offset on, at most @len, have room on the disk, and keep it until they are written:
	 * [*@start, *@end) have, at least one byte of them asked for. @len 0: give back what is kept.
	 * @is_privileged: also what is kept for root. -ENOSPC, -EFBIG. */
	int (*reserve)(struct node *node, uint64_t offset, uint64_t len, bool is_privileged, uint64_t *start, uint64_t *end);

	/* fallocate(2) with that mode. */
	int (*allocate)(struct node *node, int mode, uint64_t offset, uint64_t len);
	/* Where data, or a hole, is next from @offset on. -ENXIO: there is no more data. */
	int (*seek)(struct node *node, uint64_t offset, bool is_hole, uint64_t *out);

	/* The directory and name of a node without entries. */
	int (*parent)(struct node *node, struct node **dir, char name[VFS_NAME_MAX + 1], size_t *len);
	/* Must the node stay although nobody holds it? */
	bool (*is_linked)(const struct node *node);
	/* The node is about to be freed; what must not be undone goes through deferred.h. */
	void (*forget)(struct node *node);
};

/* xattrs.c: of trees in the arena, and what they leave. */
int tree_xattr(struct request *rq, struct node *node, const struct xattr_args *args);
void xattrs_free(struct node *node);

extern const struct fs_ops tmpfs_ops, generated_ops, p9_ops, fat_ops, ext4_ops;

const struct fs_ops *node_ops(const struct node *node);

static inline struct mount *node_mount(const struct node *node)
{
	return &state->mounts[node->mount];
}

/* man 2 getdents */
struct linux_dirent64 {
	uint64_t ino;
	uint64_t next;
	uint16_t record_len;
	uint8_t type;
	char name[];
} __attribute__((packed));

/* Room for linux_dirent64 records of a reply. */
struct dirent_sink {
	char *buf;
	size_t cap, len;
	const struct node *dir;
	bool is_full;
};

/* Add one entry whose successor is at @next. false: no room, stop. A name that an overlay of
 * the directory hides is taken silently. */
bool dirent_add(struct dirent_sink *sink, uint64_t ino, uint64_t next, unsigned int type, const char *name,
		size_t len);

#endif
