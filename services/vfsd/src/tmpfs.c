/* services/vfsd/src/tmpfs.c: see tmpfs.h. Rules of Linux are those of man 2 link, unlink, rename. */
#include "tmpfs.h"

#include <errno.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include "deferred.h"
#include "kernel.h"
#include "mount.h"
#include "record.h"

/* What Linux's tmpfs counts for a directory and for each of its entries. */
#define DIR_BYTES 40u
#define DIRENT_BYTES 20u
#define TMPFS_BLOCK 4096u
#define NLINK_MAX 0x7fffffffu

static bool is_bundle(const struct node *node)
{
	return node_mount(node)->magic == RAMFS_MAGIC;
}

static bool has_kernel_data(const struct node *node)
{
	return S_ISREG(node->mode) && !is_bundle(node);
}

static void touch_dir(struct request *rq, struct node *dir)
{
	ARENA_SET(dir->mtime, rq->now);
	ARENA_SET(dir->ctime, rq->now);
}

/* Take over what only the kernel knows of a file, so that an answer does not turn time back. */
static void fetch_kernel_data(struct node *node)
{
	struct vfs_attr attr;

	if (!has_kernel_data(node) || kernel_node(VFS_NODE_ATTR, node->number, &attr))
		return;
	ARENA_SET(node->size, attr.size);
	ARENA_SET(node->blocks, attr.blocks);
	ARENA_SET(node->atime, attr.atime);
	ARENA_SET(node->mtime, attr.mtime);
	ARENA_SET(node->ctime, attr.ctime);
}

static void change_nlink(struct request *rq, struct node *node, int by)
{
	fetch_kernel_data(node);
	ARENA_SET(node->nlink, node->nlink + (uint32_t)by);
	ARENA_SET(node->ctime, rq->now);
}

static struct node *make_node(struct request *rq, uint16_t mount, uint32_t mode)
{
	struct node *node = node_create(mount, mode);

	if (!node)
		return NULL;
	ARENA_SET(state->next_ino, state->next_ino + 1);
	node->ino = state->next_ino;
	node->nlink = S_ISDIR(mode) ? 2 : 1;
	node->atime = node->mtime = node->ctime = node->btime = rq->now;
	return node;
}

int tmpfs_root(struct request *rq, uint16_t mount, uint32_t mode, struct node **out)
{
	*out = make_node(rq, mount, S_IFDIR | mode);
	return *out ? 0 : -ENOMEM;
}

int tmpfs_special(struct request *rq, uint16_t mount, const struct create_args *args, struct node **out)
{
	*out = make_node(rq, mount, args->mode);
	if (!*out)
		return -ENOSPC;
	(*out)->uid = args->uid;
	(*out)->gid = args->gid;
	return 0;
}

static int tmpfs_lookup(struct request *rq, struct node *dir, const char *name, size_t len, struct node **out)
{
	struct entry *entry = entry_find(dir, name, len, ENTRY_NAME);

	if (!entry)
		return -ENOENT;
	entry_prefer(entry);
	*out = node_at(entry->node);
	return 0;
}

static int tmpfs_getattr(struct request *rq, struct node *node, struct vfs_attr *attr)
{
	attr->flags = VFS_NODE_OPEN_READ_FREE | VFS_NODE_OPEN_WRITE_FREE;
	if (S_ISREG(node->mode))
		attr->flags |= is_bundle(node) ? VFS_NODE_BUNDLE : VFS_NODE_KERNEL_DATA;
	attr->mode = node->mode;
	attr->nlink = node->nlink;
	attr->uid = node->uid;
	attr->gid = node->gid;
	attr->rdev = node->rdev;
	attr->blksize = TMPFS_BLOCK;
	attr->ino = node->ino;
	attr->size = S_ISDIR(node->mode) ? DIR_BYTES + (uint64_t)DIRENT_BYTES * node->nentries : node->size;
	attr->blocks = is_bundle(node) ? (node->size + 511) / 512 : node->blocks;
	attr->atime = node->atime;
	attr->mtime = node->mtime;
	attr->ctime = node->ctime;
	attr->btime = node->btime;
	return 0;
}

static int tmpfs_readlink(struct request *rq, struct node *node, char *buf, size_t *len)
{
	*len = node->target_len;
	memcpy(buf, text_of(node->target), node->target_len);
	return 0;
}

static int set_target(struct node *node, const struct create_args *args)
{
	if (!S_ISLNK(args->mode))
		return 0;
	if (args->target_len >= VFS_PATH_MAX)
		return -ENAMETOOLONG;
	node->target = text_create(args->target, args->target_len);
	node->target_len = (uint32_t)args->target_len;
	node->size = args->target_len;
	return node->target ? 0 : -ENOSPC;
}

/* A set-group-id directory hands its group down, and to directories its bit (man 7 inode). */
static void set_owner(struct node *node, const struct node *dir, const struct create_args *args)
{
	node->uid = args->uid;
	node->gid = args->gid;
	if (!(dir->mode & S_ISGID))
		return;
	node->gid = dir->gid;
	if (S_ISDIR(node->mode))
		node->mode |= S_ISGID;
}

static int tmpfs_create(struct request *rq, struct node *dir, const char *name, size_t len,
			const struct create_args *args, struct node **out, bool *created)
{
	struct entry *entry = entry_find(dir, name, len, ENTRY_NAME);
	struct node *node;
	int err;

	*created = false;
	if (entry) {
		*out = node_at(entry->node);
		return args->is_exclusive || !S_ISREG(args->mode) ? -EEXIST : 0;
	}
	if (!dir->nlink)
		return -ENOENT;
	node = make_node(rq, dir->mount, args->mode);
	if (!node)
		return -ENOSPC;
	node->rdev = args->rdev;
	set_owner(node, dir, args);
	err = set_target(node, args);
	if (err)
		return err;
	if (!entry_add(dir, name, len, node, ENTRY_NAME))
		return -ENOSPC;
	if (S_ISDIR(node->mode)) {
		node->parent = dir->number;
		ARENA_SET(dir->nlink, dir->nlink + 1);
	}
	touch_dir(rq, dir);
	*out = node;
	*created = true;
	return 0;
}

static int tmpfs_create_unnamed(struct request *rq, uint16_t mount, struct node *dir, const struct create_args *args,
				struct node **out)
{
	struct node *node = make_node(rq, mount, args->mode);

	if (!node)
		return -ENOSPC;
	node->nlink = 0;
	node->uid = args->uid;
	node->gid = args->gid;
	if (dir)
		set_owner(node, dir, args);
	if (args->is_linkable)
		node->state |= NODE_LINKABLE;
	if (args->target_len) {
		node->target = text_create(args->target, args->target_len);
		node->target_len = (uint32_t)args->target_len;
		if (!node->target)
			return -ENOSPC;
	}
	*out = node;
	return 0;
}

static int tmpfs_link(struct request *rq, struct node *node, struct node *dir, const char *name, size_t len)
{
	if (S_ISDIR(node->mode))
		return -EPERM;
	if (entry_find(dir, name, len, ENTRY_NAME))
		return -EEXIST;
	if ((!node->nlink && !(node->state & NODE_LINKABLE)) || !dir->nlink)
		return -ENOENT;
	if (node->nlink >= NLINK_MAX)
		return -EMLINK;
	if (!entry_add(dir, name, len, node, ENTRY_NAME))
		return -ENOSPC;
	ARENA_SET(node->state, (uint16_t)(node->state & ~NODE_LINKABLE));
	change_nlink(rq, node, 1);
	touch_dir(rq, dir);
	return 0;
}

/* Take the name of @node in @dir away, which may be the last. */
static void drop_name(struct request *rq, struct node *dir, struct entry *entry)
{
	struct node *node = node_at(entry->node);

	entry_remove(entry);
	if (S_ISDIR(node->mode)) {
		ARENA_SET(dir->nlink, dir->nlink - 1);
		change_nlink(rq, node, -2);
	} else {
		change_nlink(rq, node, -1);
	}
}

static int check_removal(const struct node *node, bool is_rmdir)
{
	if (is_rmdir && !S_ISDIR(node->mode))
		return -ENOTDIR;
	if (!is_rmdir && S_ISDIR(node->mode))
		return -EISDIR;
	if (S_ISDIR(node->mode) && node->nentries)
		return -ENOTEMPTY;
	return 0;
}

static int tmpfs_unlink(struct request *rq, struct node *dir, const char *name, size_t len, bool is_rmdir,
			struct node **victim, struct vfs_attr *attr)
{
	struct entry *entry = entry_find(dir, name, len, ENTRY_NAME);
	int err;

	if (!entry)
		return -ENOENT;
	*victim = node_at(entry->node);
	err = check_removal(*victim, is_rmdir);
	if (err)
		return err;
	drop_name(rq, dir, entry);
	touch_dir(rq, dir);
	return record_attr(rq, *victim, attr);
}

/* Is @dir @top or below it? */
static bool is_below(struct node *dir, const struct node *top)
{
	const struct node *root = node_at(node_mount(dir)->root);

	while (dir && dir != top && dir != root)
		dir = ns_parent(dir);
	return dir == top;
}

static int check_rename(const struct rename_args *args, struct node *moved, struct node *victim)
{
	bool is_exchange = args->flags & RENAME_EXCHANGE;

	if (victim && (args->flags & RENAME_NOREPLACE))
		return -EEXIST;
	if (!victim && is_exchange)
		return -ENOENT;
	if (!args->new_dir->nlink)
		return -ENOENT;
	if (S_ISDIR(moved->mode) && is_below(args->new_dir, moved))
		return -EINVAL;
	if (victim && S_ISDIR(victim->mode) && is_below(args->old_dir, victim))
		return is_exchange ? -EINVAL : -ENOTEMPTY;
	if (!victim || is_exchange || victim == moved)
		return 0;
	if (S_ISDIR(moved->mode) && !S_ISDIR(victim->mode))
		return -ENOTDIR;
	return check_removal(victim, S_ISDIR(moved->mode));
}

/* A directory's ".." leads to @to now, no longer to @from. */
static void move_parent(struct node *node, struct node *from, struct node *to)
{
	if (!S_ISDIR(node->mode) || from == to)
		return;
	ARENA_SET(from->nlink, from->nlink - 1);
	ARENA_SET(to->nlink, to->nlink + 1);
	ARENA_SET(node->parent, to->number);
}

static void touch_moved(struct request *rq, struct node *node)
{
	fetch_kernel_data(node);
	ARENA_SET(node->ctime, rq->now);
}

static void exchange(struct request *rq, struct rename_args *args, struct entry *old, struct entry *new)
{
	entry_set_node(old, args->victim);
	entry_set_node(new, args->moved);
	move_parent(args->moved, args->old_dir, args->new_dir);
	move_parent(args->victim, args->new_dir, args->old_dir);
	touch_moved(rq, args->victim);
}

static int move(struct request *rq, struct rename_args *args, struct entry *old, struct entry *new)
{
	if (new) {
		/* The name keeps its cookie, so that a listing under way meets it once. */
		struct node *victim = args->victim;

		entry_set_node(new, args->moved);
		if (S_ISDIR(victim->mode))
			ARENA_SET(args->new_dir->nlink, args->new_dir->nlink - 1);
		change_nlink(rq, victim, S_ISDIR(victim->mode) ? -2 : -1);
	} else if (!entry_add(args->new_dir, args->new_name, args->new_len, args->moved, ENTRY_NAME)) {
		return -ENOSPC;
	}
	entry_remove(old);
	move_parent(args->moved, args->old_dir, args->new_dir);
	return 0;
}

static int tmpfs_rename(struct request *rq, struct rename_args *args)
{
	struct entry *old = entry_find(args->old_dir, args->old_name, args->old_len, ENTRY_NAME);
	struct entry *new = entry_find(args->new_dir, args->new_name, args->new_len, ENTRY_NAME);
	int err;

	if (!old)
		return -ENOENT;
	args->moved = node_at(old->node);
	args->victim = new ? node_at(new->node) : NULL;
	err = check_rename(args, args->moved, args->victim);
	if (err || args->victim == args->moved)
		return err;
	if (args->flags & RENAME_EXCHANGE)
		exchange(rq, args, old, new);
	else
		err = move(rq, args, old, new);
	if (err)
		return err;
	touch_moved(rq, args->moved);
	touch_dir(rq, args->old_dir);
	touch_dir(rq, args->new_dir);
	if (args->victim && !(args->flags & RENAME_EXCHANGE))
		return record_attr(rq, args->victim, &args->victim_attr);
	return 0;
}

static void set_times(struct request *rq, struct node *node, uint32_t mask, const struct vfs_attr *attr)
{
	if (mask & VFS_SET_ATIME)
		ARENA_SET(node->atime, attr->atime);
	if (mask & VFS_SET_ATIME_NOW)
		ARENA_SET(node->atime, rq->now);
	if (mask & VFS_SET_MTIME)
		ARENA_SET(node->mtime, attr->mtime);
	if (mask & VFS_SET_MTIME_NOW)
		ARENA_SET(node->mtime, rq->now);
	ARENA_SET(node->ctime, rq->now);
}

static int tmpfs_setattr(struct request *rq, struct node *node, uint32_t mask, const struct vfs_attr *attr)
{
	if ((mask & VFS_SET_SIZE) && !S_ISREG(node->mode))
		return S_ISDIR(node->mode) ? -EISDIR : -EINVAL;
	fetch_kernel_data(node);
	if (mask & VFS_SET_MODE)
		ARENA_SET(node->mode, (node->mode & S_IFMT) | (attr->mode & 07777));
	if (mask & VFS_SET_UID)
		ARENA_SET(node->uid, attr->uid);
	if (mask & VFS_SET_GID)
		ARENA_SET(node->gid, attr->gid);
	if (mask & VFS_SET_SIZE) {
		ARENA_SET(node->size, attr->size);
		ARENA_SET(node->mtime, rq->now);
	}
	set_times(rq, node, mask, attr);
	return 0;
}

static int tmpfs_readdir(struct request *rq, struct node *dir, uint64_t cookie, struct dirent_sink *sink)
{
	struct entry *entry;

	if (!dir->nlink)
		return -ENOENT;
	while ((entry = entry_after(dir, cookie, &cookie))) {
		const struct node *node = node_at(entry->node);

		if (!dirent_add(sink, node->ino, cookie, (node->mode & S_IFMT) >> 12, entry->name, entry->name_len))
			break;
	}
	return 0;
}

static int tmpfs_statfs(struct request *rq, struct node *node, struct statfs *out)
{
	struct proc_machine machine;

	out->f_bsize = out->f_frsize = TMPFS_BLOCK;
	if (is_bundle(node) || kernel_proc(PROC_QUERY_MACHINE, 0, &machine, sizeof(machine)) < 0)
		return 0;
	/* As Linux's default: half of the memory. */
	out->f_blocks = machine.total_pages / 2;
	out->f_bfree = machine.free_pages < out->f_blocks ? machine.free_pages : out->f_blocks;
	out->f_bavail = out->f_bfree;
	out->f_files = machine.total_pages / 2;
	out->f_ffree = out->f_files > state->next_ino ? out->f_files - state->next_ino : 0;
	return 0;
}

static int tmpfs_sync(uint64_t node)
{
	return 0;
}

static bool tmpfs_is_linked(const struct node *node)
{
	return node->nlink > 0;
}

static void tmpfs_forget(struct node *node)
{
	if (has_kernel_data(node))
		defer_kernel_forget(node->number);
}

int tmpfs_make_parents(struct request *rq, struct node *root, const char *path, struct node **dir, const char **name)
{
	const struct create_args args = { .mode = S_IFDIR | 0755 };
	size_t len;

	for (*dir = root; path[len = strcspn(path, "/")]; path += len + 1) {
		struct node *child;
		bool created;
		int err;

		if (!len || len > VFS_NAME_MAX)
			return -EINVAL;
		err = tmpfs_create(rq, *dir, path, len, &args, &child, &created);
		if (err && err != -EEXIST)
			return err;
		if (!S_ISDIR(child->mode))
			return -ENOTDIR;
		*dir = child;
	}
	if (!len || len > VFS_NAME_MAX)
		return -EINVAL;
	*name = path;
	return 0;
}

/* Down to an empty directory, away with it, and on from its parent: no recursion. */
void tmpfs_empty(struct node *root)
{
	struct request rq = { .is_counted = false };
	struct node *dir = root;
	struct entry *entry;
	uint64_t cookie;

	kernel_now(&rq.now);
	while (dir != root || dir->nentries) {
		entry = entry_after(dir, 0, &cookie);
		if (!entry) {
			entry = entry_of(dir);
			dir = node_at(entry->dir);
		} else if (S_ISDIR(node_at(entry->node)->mode) && node_at(entry->node)->nentries) {
			dir = node_at(entry->node);
			continue;
		}
		struct node *node = node_at(entry->node);

		drop_name(&rq, dir, entry);
		node_settle(node);
	}
	ARENA_SET(root->nlink, 0);
}

const struct fs_ops tmpfs_ops = {
	.name_lease_ns = VFS_LEASE_FOREVER,
	.missing_lease_ns = VFS_LEASE_FOREVER,
	.attr_lease_ns = VFS_LEASE_FOREVER,
	.lookup = tmpfs_lookup,
	.getattr = tmpfs_getattr,
	.readlink = tmpfs_readlink,
	.create = tmpfs_create,
	.create_unnamed = tmpfs_create_unnamed,
	.link = tmpfs_link,
	.unlink = tmpfs_unlink,
	.rename = tmpfs_rename,
	.setattr = tmpfs_setattr,
	.xattr = tree_xattr,
	.readdir = tmpfs_readdir,
	.statfs = tmpfs_statfs,
	.sync = tmpfs_sync,
	.is_linked = tmpfs_is_linked,
	.forget = tmpfs_forget,
};
