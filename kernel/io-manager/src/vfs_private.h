/* kernel/io-manager/src/vfs_private.h: what the parts of the name and inode half share. */
#ifndef IO_VFS_PRIVATE_H
#define IO_VFS_PRIVATE_H

#include <io/mode.h>

#include <io/inode.h>
#include <sched/thread.h>

#include "file_private.h"
#include "record.h"

void bundle_init(void);	/* bundle.c */

/* ---- p9.c ---- */

/* Drop what is kept of the exchanges that vfsd made for one request. */
void p9_forget_request(uint64_t id);

/* ---- vfsd_calls.c ---- */

/* Call vfsd. A disk that is full is asked again when it has the room back that deleted files had.
 * Returns: words[0] of the reply, which is 0 or an errno; or why none came. */
int vfs_call(struct ipc_kernel_call *c);

/* What one record of a reply came to. */
struct record_result {
	struct inode *inode;	/* a reference; NULL: negative */
	uint64_t dir;
	uint64_t attr_seq;	/* vfsd's decision on the inode's attributes */
	uint16_t kind;
	uint16_t name_len;
	char name[VFS_NAME_MAX + 1];
};
/* vfs_call() for replies that are records: applies all, keeps the first @max in @results.
 * @results may be NULL. Returns: as vfs_call(); *nresults is set on success. */
int vfs_call_records(struct ipc_kernel_call *c, struct record_result *results, uint32_t max, uint32_t *nresults);
void record_results_put(struct record_result *results, uint32_t n);
/* Has vfsd's request @id come to no end yet, or is its reply still being applied? */
bool vfs_call_is_pending(uint64_t id);

/* ---- record_apply.c ---- */

/* Take over what @v says: attributes, and a name lease if it grants one.
 * Returns: 0 and a reference or NULL (negative) in *@out; -ENOMEM. */
int record_apply(const struct record_view *v, struct inode **out);

/* ---- inode_cache.c ---- */

void inode_cache_init(void);
/* Wait until vfsd has given back what deleted files had that nobody uses any more; not for ever. */
void inode_cache_settle(void);

/* The inode of @attr's node, made if need be, with @attr merged and a lookup counted.
 * @target: of a symbolic link, or NULL. Returns: a reference, or NULL without memory. */
struct inode *inode_obtain(const struct vfs_attr *attr, const char *target, uint32_t target_len);
/* Lookups that the owner counts and has not been handed a VFS_RELEASE of. */
uint64_t inode_lookups(struct inode *i);
/* The inode after node @after (0: the first) in an order of the cache's own. Returns: a reference, or NULL. */
struct inode *inode_next(uint64_t after);
void inode_forget(struct inode *i);		/* VFS_NODE_FORGET */
uint64_t inode_revoked_before(void);		/* newest attribute revoke of a node not in the cache */
void inode_note_revoke_of_absent(uint64_t seq);
void inode_cache_for_each(void (*fn)(struct inode *i, void *context), void *context);

/* ---- fold.c ---- */

/* How @dir spells @name, which is not in it, but for case: into @out, of VFS_NAME_MAX + 1 bytes.
 * *@has_stamp: a lease said so, and *@stamp is its. Returns: 0; -ENOENT there is nothing like it; what vfsd said. */
int fold_name(struct inode *dir, const char *name, uint32_t len, char *out, struct lease_stamp *stamp, bool *has_stamp);

/* ---- link_text.c ---- */

/* Where a symbolic link leads. Replaced when the owner says something else (a number that a
 * server used again), so readers hold a reference. */
struct link_text {
	refcount_t refs;
	uint32_t len;
	char text[];
};
/* Keep @text unless it is kept already. -ENOMEM. */
int inode_keep_target(struct inode *i, const char *text, uint32_t len);
struct link_text *inode_target(struct inode *i);	/* a reference, or NULL */
void link_text_put(struct link_text *t);

/* ---- inode.c ---- */

static inline bool inode_is_kernel_data(const struct inode *i)
{
	return (i->attr.flags & VFS_NODE_KERNEL_DATA) && inode_is_regular(i);
}
static inline bool inode_is_pager(const struct inode *i)
{
	return (i->attr.flags & VFS_NODE_PAGER) && inode_is_regular(i);
}
static inline bool inode_is_stream(const struct inode *i)
{
	return i->attr.flags & VFS_NODE_STREAM;
}
static inline uint64_t inode_size(const struct inode *i)
{
	return READ_ONCE(i->attr.size);
}

void inode_merge_attr(struct inode *i, const struct vfs_attr *attr);
bool inode_attr_is_fresh(struct inode *i);
/* Make sure that attributes are leased or new. Returns 0 or what VFS_GETATTR said. */
int inode_revalidate(struct inode *i);
/* inode_revalidate(), and the memory object agrees with them. May take i->lock. */
int inode_sync_contents(struct inode *i);
int inode_sync_contents_locked(struct inode *i);
/* The PAGER contents were changed here: size and times are ours until they are written back. */
void inode_mark_ours(struct inode *i);
/* Around a write to a PAGER file, with its lock: what the owner says of size and times does not count. */
void inode_begin_change(struct inode *i);
void inode_end_change(struct inode *i);
void inode_touch(struct inode *i, bool atime, bool mtime);	/* ctime goes with mtime */
void inode_set_size_locked(struct inode *i, uint64_t size);	/* attribute only */
bool inode_owner_or_capable(struct inode *i);
struct vfs_time vfs_time_now(void);
bool vfs_time_is_later(const struct vfs_time *a, const struct vfs_time *b);
bool inode_open_for_write(struct inode *i);	/* false: ETXTBSY; undone by: */
void inode_close_for_write(struct inode *i);
/* See that a disk has room for writing *len bytes, and cut that to what it has room for; i->lock is held. */
int inode_take_room(struct inode *i, uint64_t offset, uint64_t *len);
/* Write dirty bytes back and wait; i->lock may be held. */
int inode_write_back(struct inode *i, uint64_t offset, uint64_t len);
/* The same of an object whose name @i is; errors are noted there (a device's node). */
int inode_write_back_object(struct inode *i, struct mm_object *obj, uint64_t offset, uint64_t len);
/* The write-back error that @f has not reported yet, or 0. */
int file_take_error(struct file *f);
int regular_truncate_inode(struct inode *i, uint64_t size);
/* Clear set-user-id and set-group-id as a write or truncate by somebody unprivileged does. */
int inode_kill_set_id(struct inode *i);

/* ---- seals.c ---- */

/* May the size change so? 0, -EPERM. */
int inode_check_seals(const struct inode *i, uint64_t old_size, uint64_t new_size);

/* ---- walk.c ---- */

#define WALK_MAX_LINKS 40
#define WALK_BATCH 24	/* components that one VFS_WALK asks for */

struct walk {
	struct inode *root;
	struct inode *dir;	/* where `rest` begins */
	const char *rest;
	char *expanded;		/* storage of `rest` after a symbolic link */
	unsigned flags;
	unsigned nlinks;
	const char *name;	/* after walk_parent(): the last component */
	uint32_t name_len;
	int last_kind;
	bool trailing_slash;
	struct inode *jump;	/* a magic link led here and nothing is left */
	struct file *jump_file;
	struct lease_stamp stamp;	/* of the last name that a lease answered */
	bool has_stamp;
	uint64_t node_seq;	/* a revoke of the last inode's attributes from this decision on may
				 * mean that the name was taken from it; ~0: no name led to it */
	char *folded;		/* storage of `name` when the folder spells it otherwise */
	struct prefix *prefix;	/* of this walk, for later ones, as far as it is known: walk_prefix.c */
	struct record_result *found;	/* of the last VFS_WALK: used in order */
	uint32_t nfound, next_found;
};
int walk_begin(struct walk *w, struct inode *start, const char *path, unsigned flags);
void walk_end(struct walk *w);
/* Resolve up to the last component. With w->jump set there is none left. */
int walk_parent(struct walk *w);
/* Look the last component up; it is not followed. Returns: 0; -ENOENT; … */
int walk_last(struct walk *w, struct inode **out);
/* Go on behind the symbolic link @link that was found last. */
int walk_follow(struct walk *w, struct inode *link);
/* Whether the lease that gave the last name still holds. */
bool walk_is_valid(const struct walk *w);

/* walk_prefix.c: the way to a folder that was walked before, in one step. At the start of a walk: take it, if it
 * is known and all its leases hold. */
void walk_prefix_take(struct walk *w);
/* A lease (@stamp NULL: something else) answered a component of the way: with @i, or NULL for no such name. */
void walk_prefix_note(struct walk *w, const struct lease_stamp *stamp, struct inode *i);
void walk_prefix_note_root(struct walk *w);	/* a symbolic link leads to the root */
/* Only the last component is left: w->dir is where the way led. */
void walk_prefix_keep(struct walk *w);
void walk_prefix_init(void);	/* boot */

/* May the caller search folder @i, as far as is known without asking? Does not sleep. */
bool inode_may_search_now(struct inode *i);

/* Where a magic link leads. Returns: 0 with *inode or *file set. */
int magic_resolve(struct inode *link, struct inode **inode, struct file **file);

/* ---- kinds of files ---- */

extern const struct file_ops regular_ops, directory_ops, stream_ops, path_ops;
extern const struct mm_pager_ops vfs_pager_ops;
void file_close_open_id(struct file *f);
/* The owner does not know open_id: it was replaced. Ask for another. */
int file_open_again(struct file *f);
int path_file_create(struct inode *i, uint32_t flags, struct file **out);

#endif
