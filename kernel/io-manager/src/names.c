/* kernel/io-manager/src/names.c: making, linking, removing and renaming names.
 *
 * vfsd decides and answers with records; here are the checks that need the caller's
 * credentials and the shape of its path, in the order in which Linux makes them.
 */
#include <errno.h>
#include <string.h>

#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/inotify.h>
#include <io/notify.h>
#include <mm/heap.h>
#include <ps/process.h>

#include "create.h"

/* ---- creating ---- */

int may_change_directory(struct inode *dir)
{
	return inode_permission(dir, 3, false);
}

/* A new node in a set-group-id folder takes its group, a folder the bit too (man 7 inode). */
static void inherit_from(struct inode *dir, uint32_t *mode, uint32_t *gid)
{
	*gid = ps_credentials()->fsgid;
	if (!(dir->attr.mode & S_ISGID))
		return;
	*gid = dir->attr.gid;
	if ((*mode & S_IFMT) == S_IFDIR)
		*mode |= S_ISGID;
	else if ((*mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP) && !ps_in_group(ps_credentials()->fsgid, *gid) &&
		 !ps_capable(CAP_FSETID))
		*mode &= ~(uint32_t)S_ISGID;
}

static char *join_names(const char *a, size_t a_len, const char *b, size_t b_len)
{
	char *text = kmalloc(a_len + 1 + b_len, HEAP_NOZERO);

	if (!text)
		return NULL;
	memcpy(text, a, a_len);
	text[a_len] = '\0';
	memcpy(text + a_len + 1, b, b_len);
	return text;
}

/* Send @c, whose data is @data, which this frees, and take the inode of the one record that comes. */
static int call_create(struct ipc_kernel_call *c, char *data, struct inode **out)
{
	struct record_result r;
	uint32_t n;
	int err;

	if (!data)
		return -ENOMEM;
	err = vfs_call_records(c, &r, 1, &n);
	kfree(data);
	if (err)
		return err;
	if (!n || !r.inode)
		return -EIO;
	*out = r.inode;
	return 0;
}

static int send_create(const struct create_request *rq, uint32_t mode, uint32_t gid, struct inode **out, bool *created)
{
	size_t target_len = rq->target ? strlen(rq->target) : 0;
	char *data = join_names(rq->name, rq->name_len, rq->target ? rq->target : "", target_len);
	struct ipc_kernel_call c = { .words = { VFS_CREATE, rq->dir->node, mode, rq->rdev,
		ps_credentials()->fsuid | (uint64_t)gid << 32, rq->exclusive ? VFS_CREATE_EXCL : 0 },
		.data = data, .data_len = (uint32_t)(rq->name_len + 1 + target_len) };
	int err = call_create(&c, data, out);

	if (err)
		return err;
	*created = c.words[2] != 0;
	if (*created)
		notify_name(rq->dir, rq->name, rq->name_len, IN_CREATE, inode_is_dir(*out));
	return 0;
}

int create_node(const struct create_request *rq, struct inode **out, bool *created)
{
	uint32_t mode = rq->mode, gid;
	int err;

	if (rq->name_len > VFS_NAME_MAX)
		return -ENAMETOOLONG;
	err = may_change_directory(rq->dir);
	if (err)
		return err;
	if ((mode & S_IFMT) != S_IFLNK)
		mode &= ~(READ_ONCE(fs_current()->umask) & 0777);
	inherit_from(rq->dir, &mode, &gid);
	return send_create(rq, mode, gid, out, created);
}

static int send_create_unnamed(struct inode *dir, uint32_t mode, uint32_t gid, uint64_t flags, const char *label,
			       struct inode **out)
{
	char *data = join_names("", 0, label, strlen(label));
	struct ipc_kernel_call c = { .words = { VFS_CREATE, dir ? dir->node : 0, mode, 0,
		ps_credentials()->fsuid | (uint64_t)gid << 32, flags },
		.data = data, .data_len = (uint32_t)strlen(label) + 1 };

	return call_create(&c, data, out);
}

int create_unnamed_node(struct inode *dir, uint32_t mode, bool is_linkable, const char *label, struct inode **out)
{
	uint32_t gid = ps_credentials()->fsgid;
	int err = dir ? may_change_directory(dir) : 0;

	if (err)
		return err;
	if (dir) {
		mode &= ~(READ_ONCE(fs_current()->umask) & 0777);
		inherit_from(dir, &mode, &gid);
	}
	return send_create_unnamed(dir, mode, gid, VFS_CREATE_UNNAMED | (is_linkable ? VFS_CREATE_LINKABLE : 0),
				   label ? label : "", out);
}

/* Linux's filename_create(): the parent of a name that must not exist yet. */
static int find_vacant(struct walk *w, bool is_dir)
{
	struct inode *i;
	int err = walk_parent(w);

	if (err)
		return err;
	if (w->jump || w->jump_file || w->last_kind != WALK_LAST_NAME)
		return -EEXIST;
	err = walk_last(w, &i);
	if (!err) {
		inode_put(i);
		return -EEXIST;
	}
	if (err != -ENOENT)
		return err;
	return w->trailing_slash && !is_dir ? -ENOENT : 0;
}

/* *@out: the new inode, a reference. */
static int make_inode(struct inode *start, const char *path, uint32_t mode, uint32_t rdev, const char *target,
		      struct inode **out)
{
	struct create_request rq = { .mode = mode, .rdev = rdev, .target = target, .exclusive = true };
	struct walk w;
	bool created;
	int err = walk_begin(&w, start, path, 0);

	if (err)
		return err;
	err = find_vacant(&w, (mode & S_IFMT) == S_IFDIR);
	if (!err) {
		rq.dir = w.dir;
		rq.name = w.name;
		rq.name_len = w.name_len;
		err = create_node(&rq, out, &created);
	}
	walk_end(&w);
	return err;
}

static int make(struct inode *start, const char *path, uint32_t mode, uint32_t rdev, const char *target)
{
	struct inode *i;
	int err = make_inode(start, path, mode, rdev, target, &i);

	if (!err)
		inode_put(i);
	return err;
}

int vfs_make_socket(const char *path, struct inode **out)
{
	return make_inode(NULL, path, S_IFSOCK | 0777, 0, NULL, out);
}

int vfs_mknod(struct inode *start, const char *path, uint32_t mode, uint32_t rdev)
{
	switch (mode & S_IFMT) {
	case 0:
		mode |= S_IFREG;
		break;
	case S_IFREG:
	case S_IFIFO:
	case S_IFSOCK:
		break;
	case S_IFDIR:
		mode &= S_IFMT | S_ISVTX | 0777;
		break;
	case S_IFCHR:
	case S_IFBLK:
		if (!ps_capable(CAP_MKNOD))
			return -EPERM;
		break;
	default:
		return -EINVAL;
	}
	return make(start, path, mode, rdev, NULL);
}

int vfs_symlink(const char *target, struct inode *start, const char *path)
{
	if (!*target)
		return -ENOENT;
	return make(start, path, S_IFLNK | 0777, 0, target);
}

/* ---- linking ---- */

static int send_link(struct inode *i, struct walk *w)
{
	struct ipc_kernel_call c = { .words = { VFS_LINK, i->node, w->dir->node }, .data = w->name, .data_len = w->name_len };

	if (w->name_len > VFS_NAME_MAX)
		return -ENAMETOOLONG;
	return vfs_call_records(&c, NULL, 0, NULL);
}

static int link_inode(struct inode *i, struct inode *new_start, const char *new_path)
{
	struct walk w;
	int err = walk_begin(&w, new_start, new_path, 0);

	if (err)
		return err;
	err = find_vacant(&w, false);
	if (!err && w.dir->attr.dev != i->attr.dev)
		err = -EXDEV;
	if (!err)
		err = may_change_directory(w.dir);
	if (!err && inode_is_dir(i))
		err = -EPERM;
	if (!err)
		err = send_link(i, &w);
	if (!err) {
		notify_self(i, IN_ATTRIB);
		notify_name(w.dir, w.name, w.name_len, IN_CREATE, false);
	}
	walk_end(&w);
	return err;
}

int vfs_link(struct inode *old_start, const char *old_path, struct inode *new_start, const char *new_path, unsigned walk_flags)
{
	struct walk_result old;
	int err = walk_path(old_start, old_path, walk_flags, &old);

	if (!err && !old.inode)
		err = -EXDEV;	/* a pipe behind a magic link */
	if (!err)
		err = link_inode(old.inode, new_start, new_path);
	walk_result_put(&old);
	return err;
}

/* ---- removing ---- */

/* In a sticky folder only the owner of the folder or of the file removes names. */
static int sticky_check(struct inode *dir, struct inode *victim)
{
	uint32_t me = ps_credentials()->fsuid;

	if (!(dir->attr.mode & S_ISVTX) || me == victim->attr.uid || me == dir->attr.uid || ps_capable(CAP_FOWNER))
		return 0;
	return -EPERM;
}

static int may_delete(struct inode *dir, struct inode *victim, bool is_dir)
{
	int err = may_change_directory(dir);

	if (!err)
		err = sticky_check(dir, victim);
	if (err)
		return err;
	if (is_dir && !inode_is_dir(victim))
		return -ENOTDIR;
	if (is_dir && (victim->attr.flags & VFS_NODE_MOUNT_ROOT))
		return -EBUSY;
	return !is_dir && inode_is_dir(victim) ? -EISDIR : 0;
}

static int removable_kind(const struct walk *w, bool is_rmdir)
{
	if (w->jump || w->jump_file)
		return is_rmdir ? -EBUSY : -EISDIR;
	switch (w->last_kind) {
	case WALK_LAST_NAME:
		return 0;
	case WALK_LAST_DOT:
		return is_rmdir ? -EINVAL : -EISDIR;
	case WALK_LAST_DOTDOT:
		return is_rmdir ? -ENOTEMPTY : -EISDIR;
	default:
		return is_rmdir ? -EBUSY : -EISDIR;
	}
}

/* Open, mapped or running: then its last name is worth remembering. */
static bool is_in_use(const struct inode *i)
{
	return i && (atomic_load(&i->opens) || atomic_load(&i->deny_write));
}

static int send_unlink(struct walk *w, const struct inode *victim, bool is_rmdir)
{
	struct ipc_kernel_call c = { .words = { VFS_UNLINK, w->dir->node, is_rmdir, is_in_use(victim) },
		.data = w->name, .data_len = w->name_len };

	return vfs_call_records(&c, NULL, 0, NULL);
}

/* In the order in which Linux tells. */
static void tell_removed(struct inode *dir, const char *name, uint32_t len, struct inode *victim)
{
	if (!inode_is_dir(victim))
		notify_self(victim, IN_ATTRIB);
	notify_removed_place(victim);
	notify_deleted(victim);
	notify_name(dir, name, len, IN_DELETE, inode_is_dir(victim));
}

static int remove_last(struct walk *w, bool is_rmdir)
{
	struct inode *victim;
	int err = removable_kind(w, is_rmdir);

	if (err)
		return err;
	if (w->dir->attr.flags & VFS_NODE_READONLY)
		return -EROFS;
	err = walk_last(w, &victim);
	if (err)
		return err;
	if (!is_rmdir && w->trailing_slash)
		err = inode_is_dir(victim) ? -EISDIR : -ENOTDIR;
	if (!err)
		err = may_delete(w->dir, victim, is_rmdir);
	if (!err)
		err = send_unlink(w, victim, is_rmdir);
	if (!err)
		tell_removed(w->dir, w->name, w->name_len, victim);
	inode_put(victim);
	return err;
}

int vfs_unlink(struct inode *start, const char *path, bool is_rmdir)
{
	struct walk w;
	int err = walk_begin(&w, start, path, 0);

	if (err)
		return err;
	err = walk_parent(&w);
	if (!err)
		err = remove_last(&w, is_rmdir);
	walk_end(&w);
	return err;
}

static int leads_to(struct inode *dir, const char *name, struct inode *victim)
{
	struct ipc_kernel_call c = { .words = { VFS_WALK, dir->node }, .data = name, .data_len = (uint32_t)strlen(name) };
	struct record_result r;
	uint32_t n;
	int err = vfs_call_records(&c, &r, 1, &n);

	if (err)
		return err;
	err = n && r.inode && r.inode->node == victim->node && r.kind == VFS_REC_POSITIVE ? 0 : -ENOENT;
	record_results_put(&r, n);
	return err;
}

int vfs_unlink_inode(struct inode *dir, const char *name, struct inode *victim)
{
	struct ipc_kernel_call c = { .words = { VFS_UNLINK, dir->node, inode_is_dir(victim) },
		.data = name, .data_len = (uint32_t)strlen(name) };
	int err = leads_to(dir, name, victim);

	if (!err)
		err = vfs_call_records(&c, NULL, 0, NULL);
	if (!err)
		tell_removed(dir, name, c.data_len, victim);
	return err;
}

/* ---- renaming ---- */

static int send_rename(struct walk *from, struct walk *to, const struct inode *victim, uint32_t flags)
{
	char *data = join_names(from->name, from->name_len, to->name, to->name_len);
	struct ipc_kernel_call c = { .words = { VFS_RENAME, from->dir->node, to->dir->node, flags, is_in_use(victim) },
		.data = data, .data_len = from->name_len + 1 + to->name_len };
	int err;

	if (!data)
		return -ENOMEM;
	err = vfs_call_records(&c, NULL, 0, NULL);
	kfree(data);
	return err;
}

static bool is_plain_name(const struct walk *w)
{
	return !w->jump && !w->jump_file && w->last_kind == WALK_LAST_NAME;
}

/* The shapes of both names against what they lead to; @new may be NULL. */
static int check_shapes(struct walk *from, struct walk *to, struct inode *old, struct inode *new, uint32_t flags)
{
	if ((flags & RENAME_NOREPLACE) && new)
		return -EEXIST;
	if ((flags & RENAME_EXCHANGE) && !new)
		return -ENOENT;
	if ((flags & RENAME_EXCHANGE) && !inode_is_dir(new) && to->trailing_slash)
		return -ENOTDIR;
	if (inode_is_dir(old))
		return 0;
	if (from->trailing_slash || (!(flags & RENAME_EXCHANGE) && to->trailing_slash))
		return -ENOTDIR;
	return 0;
}

static int check_target(struct walk *to, struct inode *old, struct inode *new, uint32_t flags)
{
	if (!new)
		return may_change_directory(to->dir);
	if (flags & RENAME_EXCHANGE)
		return may_delete(to->dir, new, inode_is_dir(new));
	return may_delete(to->dir, new, inode_is_dir(old));
}

static int check_rename(struct walk *from, struct walk *to, struct inode *old, struct inode *new, uint32_t flags)
{
	int err = check_shapes(from, to, old, new, flags);

	if (err)
		return err;
	if (new && new->node == old->node)
		return 0;
	err = may_delete(from->dir, old, inode_is_dir(old));
	if (!err)
		err = check_target(to, old, new, flags);
	if (err || from->dir->node == to->dir->node)
		return err;
	/* A folder that moves gets another "..": that is a write to it. */
	if (inode_is_dir(old))
		err = inode_permission(old, 2, false);
	if (!err && (flags & RENAME_EXCHANGE) && inode_is_dir(new))
		err = inode_permission(new, 2, false);
	return err;
}

/* Is @dir on the way from the root to @inside? */
static int is_ancestor(struct inode *dir, struct inode *inside, bool *yes)
{
	struct inode *at = inside;
	int err = 0;

	*yes = false;
	inode_get(at);
	while (!err && !*yes) {
		struct walk_result up;
		bool is_top;

		*yes = at->node == dir->node;
		err = walk_path(at, "..", 0, &up);
		is_top = !err && up.inode->node == at->node;
		inode_put(at);
		at = up.inode;
		up.inode = NULL;
		walk_result_put(&up);
		if (is_top)
			break;
	}
	inode_put(at);
	return err;
}

/* What holds the old name cannot be replaced, whatever its kind (man 2 rename, ENOTEMPTY). */
static int check_ancestor(struct walk *from, struct inode *new)
{
	bool yes;
	int err;

	if (!new || !inode_is_dir(new))
		return 0;
	err = is_ancestor(new, from->dir, &yes);
	/* Where the way up is barred the owner will find out. */
	return !err && yes ? -ENOTEMPTY : 0;
}

static void tell_moved(struct walk *from, struct walk *to, struct inode *moved)
{
	uint32_t cookie = notify_new_cookie();
	bool is_dir = inode_is_dir(moved);

	notify_tell_name(from->dir, from->name, from->name_len, IN_MOVED_FROM, is_dir, cookie);
	notify_tell_name(to->dir, to->name, to->name_len, IN_MOVED_TO, is_dir, cookie);
	notify_keep_place(moved, to->dir, to->name, to->name_len);
}

static void tell_renamed(struct walk *from, struct walk *to, struct inode *old, struct inode *new, uint32_t flags)
{
	tell_moved(from, to, old);
	if (new && !(flags & RENAME_EXCHANGE))
		notify_self(new, IN_ATTRIB);
	notify_self(old, IN_MOVE_SELF);
	if (flags & RENAME_EXCHANGE) {
		tell_moved(to, from, new);
		notify_self(new, IN_MOVE_SELF);
	} else if (new) {
		notify_removed_place(new);
		notify_deleted(new);
	}
}

static int rename_found(struct walk *from, struct walk *to, struct inode *old, uint32_t flags)
{
	struct inode *new = NULL;
	int err = walk_last(to, &new);

	if (err && err != -ENOENT)
		return err;
	err = flags & RENAME_EXCHANGE ? 0 : check_ancestor(from, new);
	if (!err)
		err = check_rename(from, to, old, new, flags);
	if (!err && (!new || new->node != old->node)) {
		err = send_rename(from, to, new, flags);
		if (!err && notify_is_on())
			tell_renamed(from, to, old, new, flags);
	}
	inode_put(new);
	return err;
}

static int rename_parents(struct walk *from, struct walk *to, uint32_t flags)
{
	struct inode *old;
	int err;

	if (from->dir->attr.dev != to->dir->attr.dev)
		return -EXDEV;
	if (!is_plain_name(from))
		return -EBUSY;
	if (!is_plain_name(to))
		return flags & RENAME_NOREPLACE ? -EEXIST : -EBUSY;
	if (from->dir->attr.flags & VFS_NODE_READONLY)
		return -EROFS;
	if (from->name_len > VFS_NAME_MAX || to->name_len > VFS_NAME_MAX)
		return -ENAMETOOLONG;
	err = walk_last(from, &old);
	if (err)
		return err;
	err = rename_found(from, to, old, flags);
	inode_put(old);
	return err;
}

int vfs_rename(struct inode *old_start, const char *old_path, struct inode *new_start, const char *new_path, uint32_t flags)
{
	struct walk from, to;
	int err;

	if ((flags & ~(uint32_t)(RENAME_NOREPLACE | RENAME_EXCHANGE)) ||
	    (flags & (RENAME_NOREPLACE | RENAME_EXCHANGE)) == (RENAME_NOREPLACE | RENAME_EXCHANGE))
		return -EINVAL;
	err = walk_begin(&from, old_start, old_path, 0);
	if (err)
		return err;
	err = walk_begin(&to, new_start, new_path, 0);
	if (err)
		goto end_from;
	err = walk_parent(&from);
	if (!err)
		err = walk_parent(&to);
	if (!err)
		err = rename_parents(&from, &to, flags);
	walk_end(&to);
end_from:
	walk_end(&from);
	return err;
}
