/* services/vfsd/src/p9_names.c: making, moving and removing files of the host.
 *
 * Each request has one exchange that makes its change (P9_STEP_MAIN). A retry may
 * find the change made, so whatever a check would see of it (does the name exist?)
 * is checked only if p9_was_sent() says that the exchange was not.
 */
#include "p9_names.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/stat.h>

#include "kernel.h"
#include "mount.h"
#include "p9_client.h"
#include "p9_fs.h"
#include "p9_path.h"
#include "special.h"

/* The server made @name, of the number in @qid: a node that has the number already is of a file that is gone,
 * whose removal went to the server with a predecessor's request, and that request has not come again yet.
 * What a predecessor made may have been looked up since, under its name. */
static void part_from_former(struct node *dir, const char *name, size_t len, const struct p9_qid *qid, bool was_sent)
{
	struct node *former = node_by_key(dir->mount, qid->path);
	const struct entry *entry = was_sent ? entry_find(dir, name, len, ENTRY_NAME) : NULL;

	if (!former || (entry && node_at(entry->node) == former))
		return;
	p9_drop_fids(former);
	node_clear_key(former);
}

/* Make what is no regular file. */
static int make_special(struct request *rq, struct node *dir, uint32_t fid, const char *name, size_t len,
			const struct create_args *args, struct p9_qid *qid)
{
	uint32_t transport = node_mount(dir)->transport;
	struct p9_once once = { rq, P9_STEP_MAIN };
	bool was_sent = p9_was_sent(transport, once);
	int err;

	if (S_ISDIR(args->mode))
		err = p9_mkdir(transport, fid, name, len, args->mode, args->gid, qid, once);
	else if (S_ISLNK(args->mode))
		err = p9_symlink(transport, fid, name, len, args->target, args->target_len, args->gid, qid, once);
	else
		err = p9_mknod(transport, fid, name, len, args->mode, args->rdev, args->gid, qid, once);
	if (!err)
		part_from_former(dir, name, len, qid, was_sent);
	return err;
}

/* Make a regular file and keep it open, since a new file is mostly written next. */
static int make_regular(struct request *rq, struct node *dir, uint32_t dir_fid, const char *name, size_t len,
			const struct create_args *args, struct p9_qid *qid, struct node **out)
{
	uint32_t transport = node_mount(dir)->transport;
	struct p9_once once = { rq, P9_STEP_MAIN };
	bool was_sent = p9_was_sent(transport, once);
	struct p9_attr attr;
	uint32_t fid;
	int err = p9_clone_fid(transport, dir_fid, &fid);

	if (err)
		return err;
	err = p9_lcreate(transport, fid, name, len, O_CREAT | O_EXCL | O_WRONLY, args->mode, args->gid, qid, once);
	if (!err)
		part_from_former(dir, name, len, qid, was_sent);
	/* The answer to a predecessor tells of a fid of the predecessor's. */
	if (err || was_sent || p9_getattr(transport, fid, &attr)) {
		p9_fid_put(fid);
		return err;
	}
	*out = p9_adopt(rq, dir->mount, &attr);
	if (!*out || !p9_fid_attach(*out, FID_WRITE, fid)) {
		p9_fid_put(fid);
		return *out ? 0 : -ENOMEM;
	}
	p9_fid_done(fid);
	return p9_set_entry(dir, name, len, *out);
}

/* *@out stays NULL for what is still to be looked up. */
static int make_file(struct request *rq, struct node *dir, const char *name, size_t len,
		     const struct create_args *args, struct p9_qid *qid, struct node **out)
{
	uint32_t fid;
	int err = p9_path_fid(dir, &fid);

	if (err)
		return err;
	*out = NULL;
	if (S_ISREG(args->mode))
		err = make_regular(rq, dir, fid, name, len, args, qid, out);
	else
		err = make_special(rq, dir, fid, name, len, args, qid);
	p9_fid_done(fid);
	return err;
}

/* The new file was removed before we could look at it: tell what it was. */
static struct node *adopt_unseen(struct request *rq, struct node *dir, const struct create_args *args,
				 struct p9_qid qid)
{
	const struct p9_attr attr = {
		.qid = qid, .mode = args->mode, .nlink = S_ISDIR(args->mode) ? 2 : 1, .uid = args->uid,
		.gid = args->gid, .rdev = args->rdev, .blksize = 4096,
		.atime = rq->now, .mtime = rq->now, .ctime = rq->now,
	};

	return p9_adopt(rq, dir->mount, &attr);
}

/* Give a new file to the caller, as far as the server lets us. */
static void set_owner(struct request *rq, struct node *dir, struct node *node, const struct create_args *args)
{
	struct vfs_attr attr = { .uid = args->uid, .gid = args->gid };
	struct mount *mount = node_mount(node);
	struct p9_once once = { rq, P9_STEP_OWNER };
	uint32_t valid = 0;
	uint32_t fid;

	if (node->uid != args->uid)
		valid |= P9_SETATTR_UID;
	if (node->gid != args->gid && !(dir->mode & S_ISGID))
		valid |= P9_SETATTR_GID;
	if (!valid || (mount->flags & MOUNT_OWNERS_FIXED))
		return;
	fid = p9_fid_get(node, FID_WRITE);
	if (!fid && p9_path_fid(node, &fid))
		return;
	if (p9_setattr(mount->transport, fid, valid, &attr, once) == -EPERM)
		ARENA_SET(mount->flags, mount->flags | MOUNT_OWNERS_FIXED);
	p9_fid_done(fid);
	p9_outdate(node);
	if (p9_fetch(rq, node))
		node->fetched_seq = rq->seq;
}

int p9_fs_create(struct request *rq, struct node *dir, const char *name, size_t len, const struct create_args *args,
		 struct node **out, bool *created)
{
	struct p9_qid qid;
	int err;

	*created = false;
	if (p9_is_hidden(dir, name, len))
		return -EPERM;
	if (dir->state & NODE_GONE)
		return -ENOENT;
	err = make_file(rq, dir, name, len, args, &qid, out);
	if (err == -ENXIO && special_is_kind(args->mode)) {
		*created = true;
		return special_create(rq, dir, name, len, args, out);
	}
	if (err == -EEXIST && !args->is_exclusive && S_ISREG(args->mode))
		return p9_ops.lookup(rq, dir, name, len, out);
	if (err)
		return err;
	*created = true;
	err = *out ? 0 : p9_ops.lookup(rq, dir, name, len, out);
	if (err) {
		*out = adopt_unseen(rq, dir, args, qid);
		return *out ? 0 : -ENOMEM;
	}
	set_owner(rq, dir, *out, args);
	return 0;
}

int p9_fs_link(struct request *rq, struct node *node, struct node *dir, const char *name, size_t len)
{
	struct p9_once once = { rq, P9_STEP_MAIN };
	uint32_t dir_fid, fid;
	int err;

	if (S_ISDIR(node->mode) || p9_is_hidden(dir, name, len))
		return -EPERM;
	if (node->state & NODE_GONE)
		return -ENOENT;
	err = p9_path_fid(dir, &dir_fid);
	if (err)
		return err;
	err = p9_path_fid(node, &fid);
	if (!err) {
		err = p9_link(node_mount(dir)->transport, dir_fid, fid, name, len, once);
		p9_fid_done(fid);
	}
	p9_fid_done(dir_fid);
	if (err)
		return err;
	p9_outdate(node);
	return p9_set_entry(dir, name, len, node);
}

/* May a program still read or write it after its name is gone? */
static bool is_open(const struct node *node)
{
	struct vfs_attr attr;
	int err;

	if (!S_ISREG(node->mode) || !node->nlookup)
		return false;
	err = kernel_node(VFS_NODE_OPENS, node->number, &attr);
	if (!err)
		return attr.nlink > 0;
	return err != -ENOENT;
}

/* Move the name into the aside folder. *@was_other: a predecessor deleted it instead. */
static int move_aside(struct request *rq, struct node *dir, uint32_t fid, const char *name, size_t len,
		      struct node *victim, bool *was_other)
{
	struct p9_once once = { rq, P9_STEP_MAIN };
	char aside[P9_ASIDE_NAME_BYTES];
	size_t aside_len = p9_aside_name(victim->number, aside);
	uint32_t folder;
	int err = p9_aside_fid(dir->mount, true, &folder);

	if (err)
		return err;
	err = p9_renameat(node_mount(dir)->transport, fid, name, len, folder, aside, aside_len, was_other, once);
	p9_fid_put(folder);
	return err;
}

/* Take the name away on the server. *@is_aside: the file lies in the aside folder now. */
static int remove_name(struct request *rq, struct node *dir, const char *name, size_t len, bool is_dir,
		       struct node *victim, bool *is_aside)
{
	uint32_t transport = node_mount(dir)->transport;
	struct p9_once once = { rq, P9_STEP_MAIN };
	bool was_other = false;
	uint32_t fid;
	int err = p9_path_fid(dir, &fid);

	if (err)
		return err;
	if (victim && is_open(victim)) {
		err = move_aside(rq, dir, fid, name, len, victim, &was_other);
		*is_aside = !was_other;
		if (err) {
			/* Another device, or no place to move it to. */
			*is_aside = false;
			once.step = P9_STEP_IN_PLACE;
			err = p9_unlinkat(transport, fid, name, len, is_dir, NULL, once);
		}
	} else {
		err = p9_unlinkat(transport, fid, name, len, is_dir, &was_other, once);
		*is_aside = was_other;
	}
	p9_fid_done(fid);
	return err;
}

/* What is known of a removal besides the names. */
struct removal {
	bool was_sent;		/* by a predecessor: the link count that we know may be the new one */
	bool is_aside;
};

/* @victim lost the name that @entry is. Its attributes tell of one link less. A file that is kept
 * without need is found out when the kernel gives it back; one that is retired too early would
 * be two files to the kernel. */
static void lose_name(struct node *dir, struct entry *entry, struct node *victim, struct removal removal,
		      struct vfs_attr *attr)
{
	bool is_last = S_ISDIR(victim->mode) || (victim->nlink <= 1 && !removal.was_sent);

	if (entry) {
		node_pin(dir);
		entry_remove(entry);
		ARENA_SET(dir->npins, dir->npins - 1);
	}
	p9_drop_path(victim);
	p9_outdate(victim);
	if (removal.is_aside)
		ARENA_SET(victim->state, (uint16_t)(victim->state | NODE_ASIDE | NODE_GONE));
	else if (is_last)
		p9_retire(victim);
	p9_fill_attr(victim, attr);
	if (!removal.is_aside && !is_last && attr->nlink)
		attr->nlink--;
}

static void finish_attr(struct request *rq, const struct node *node, struct vfs_attr *attr)
{
	attr->node = node->number;
	attr->seq = rq->seq;
	attr->lease_ns = p9_ops.attr_lease_ns;
	attr->dev = node_mount(node)->dev;
	attr->ctime = rq->now;
}

/* The node that the name leads to, unless a predecessor has changed that already. */
static int find_named(struct request *rq, struct node *dir, const char *name, size_t len, bool was_sent,
		      struct node **out)
{
	struct entry *entry = entry_find(dir, name, len, ENTRY_NAME);

	*out = entry ? node_at(entry->node) : NULL;
	if (was_sent || (entry && p9_is_fresh(rq, *out)))
		return 0;
	return p9_ops.lookup(rq, dir, name, len, out);
}

int p9_fs_unlink(struct request *rq, struct node *dir, const char *name, size_t len, bool is_rmdir,
		 struct node **victim, struct vfs_attr *attr)
{
	struct p9_once once = { rq, P9_STEP_MAIN };
	struct removal removal = { .was_sent = p9_was_sent(node_mount(dir)->transport, once) };
	int err = find_named(rq, dir, name, len, removal.was_sent, victim);

	if (err)
		return err;
	if (*victim && !is_rmdir && S_ISDIR((*victim)->mode))
		return -EISDIR;
	if (*victim && is_rmdir && !S_ISDIR((*victim)->mode))
		return -ENOTDIR;
	err = remove_name(rq, dir, name, len, is_rmdir, *victim, &removal.is_aside);
	if (err)
		return err;
	if (*victim) {
		lose_name(dir, entry_find(dir, name, len, ENTRY_NAME), *victim, removal, attr);
		finish_attr(rq, *victim, attr);
	}
	p9_outdate(dir);
	return 0;
}

/* Give the file that a rename is about to replace a second name in the aside folder. */
static bool link_aside(struct request *rq, struct node *victim)
{
	struct p9_once once = { rq, P9_STEP_ASIDE };
	char aside[P9_ASIDE_NAME_BYTES];
	size_t len = p9_aside_name(victim->number, aside);
	uint32_t folder, fid;
	int err = p9_aside_fid(victim->mount, true, &folder);

	if (err)
		return false;
	err = p9_path_fid(victim, &fid);
	if (!err) {
		err = p9_link(node_mount(victim)->transport, folder, fid, aside, len, once);
		p9_fid_done(fid);
	}
	p9_fid_put(folder);
	return !err;
}

static int rename_on_server(struct request *rq, const struct rename_args *args)
{
	struct p9_once once = { rq, P9_STEP_MAIN };
	uint32_t old_fid, new_fid;
	int err = p9_path_fid(args->old_dir, &old_fid);

	if (err)
		return err;
	err = p9_path_fid(args->new_dir, &new_fid);
	if (!err) {
		err = p9_renameat(node_mount(args->old_dir)->transport, old_fid, args->old_name, args->old_len,
				  new_fid, args->new_name, args->new_len, NULL, once);
		p9_fid_done(new_fid);
	}
	p9_fid_done(old_fid);
	return err;
}

static int find_both(struct request *rq, struct rename_args *args, bool was_sent)
{
	int err = find_named(rq, args->old_dir, args->old_name, args->old_len, was_sent, &args->moved);

	if (err)
		return err;
	err = find_named(rq, args->new_dir, args->new_name, args->new_len, was_sent, &args->victim);
	if (err && err != -ENOENT)
		return err;
	if (err)
		args->victim = NULL;
	return !was_sent && args->victim && (args->flags & RENAME_NOREPLACE) ? -EEXIST : 0;
}

/* The server has made the change: so do we. */
static int apply_rename(struct request *rq, struct rename_args *args, struct removal removal)
{
	struct entry *old = entry_find(args->old_dir, args->old_name, args->old_len, ENTRY_NAME);
	struct entry *new = entry_find(args->new_dir, args->new_name, args->new_len, ENTRY_NAME);

	p9_outdate(args->old_dir);
	p9_outdate(args->new_dir);
	if (args->victim) {
		lose_name(args->new_dir, new, args->victim, removal, &args->victim_attr);
		finish_attr(rq, args->victim, &args->victim_attr);
	}
	if (old) {
		node_pin(args->old_dir);
		entry_remove(old);
		ARENA_SET(args->old_dir->npins, args->old_dir->npins - 1);
	}
	if (!args->moved)
		return p9_ops.lookup(rq, args->new_dir, args->new_name, args->new_len, &args->moved);
	p9_outdate(args->moved);
	return p9_set_entry(args->new_dir, args->new_name, args->new_len, args->moved);
}

/* Is @dir @top or below it? */
static bool is_below(struct node *dir, const struct node *top)
{
	const struct node *root = node_at(node_mount(dir)->root);

	while (dir && dir != top && dir != root)
		dir = ns_parent(dir);
	return dir == top;
}

struct exchange_fids {
	uint32_t old_dir, new_dir, aside;
	uint32_t transport;
	char name[P9_ASIDE_NAME_BYTES];	/* of the moved file while it is aside */
	size_t len;
};

/* 9P has no exchange: the file goes aside, the other one to its name, and it to the other's. On the
 * host there is a moment without one of the names; here the name lock hides it. */
static int exchange_in_steps(struct request *rq, const struct rename_args *args, const struct exchange_fids *fids)
{
	const struct p9_once aside = { rq, P9_STEP_MAIN }, back = { rq, P9_STEP_BACK };
	const struct p9_once forth = { rq, P9_STEP_FORTH }, undo = { rq, P9_STEP_UNDO };
	int err = p9_renameat(fids->transport, fids->old_dir, args->old_name, args->old_len, fids->aside, fids->name,
			      fids->len, NULL, aside);

	if (err)
		return err;
	err = p9_renameat(fids->transport, fids->new_dir, args->new_name, args->new_len, fids->old_dir,
			  args->old_name, args->old_len, NULL, back);
	if (err) {
		p9_renameat(fids->transport, fids->aside, fids->name, fids->len, fids->old_dir, args->old_name,
			    args->old_len, NULL, undo);
		return err;
	}
	return p9_renameat(fids->transport, fids->aside, fids->name, fids->len, fids->new_dir, args->new_name,
			   args->new_len, NULL, forth);
}

static int exchange_on_server(struct request *rq, const struct rename_args *args)
{
	struct exchange_fids fids = { .transport = node_mount(args->old_dir)->transport };
	int err = p9_path_fid(args->old_dir, &fids.old_dir);

	if (err)
		return err;
	err = p9_path_fid(args->new_dir, &fids.new_dir);
	if (!err) {
		err = p9_aside_fid(args->old_dir->mount, true, &fids.aside);
		if (!err) {
			fids.len = p9_aside_name(rq->id, fids.name);
			err = exchange_in_steps(rq, args, &fids);
			p9_fid_put(fids.aside);
		}
		p9_fid_done(fids.new_dir);
	}
	p9_fid_done(fids.old_dir);
	return err;
}

static int exchange(struct request *rq, struct rename_args *args)
{
	struct entry *old = entry_find(args->old_dir, args->old_name, args->old_len, ENTRY_NAME);
	struct entry *new = entry_find(args->new_dir, args->new_name, args->new_len, ENTRY_NAME);
	int err;

	if (!old || !new)
		return -ENOENT;
	if (is_below(args->new_dir, args->moved) || is_below(args->old_dir, args->victim))
		return -EINVAL;
	err = exchange_on_server(rq, args);
	if (err)
		return err;
	entry_set_node(old, args->victim);
	entry_set_node(new, args->moved);
	p9_outdate(args->old_dir);
	p9_outdate(args->new_dir);
	p9_outdate(args->moved);
	p9_outdate(args->victim);
	return 0;
}

int p9_fs_rename(struct request *rq, struct rename_args *args)
{
	struct p9_once once = { rq, P9_STEP_MAIN };
	struct removal removal = { .is_aside = false };
	int err;

	if (p9_is_hidden(args->new_dir, args->new_name, args->new_len))
		return -EPERM;
	removal.was_sent = p9_was_sent(node_mount(args->old_dir)->transport, once);
	err = find_both(rq, args, removal.was_sent);
	if (err || (args->moved && args->moved == args->victim))
		return err;
	if (args->flags & RENAME_EXCHANGE)
		return exchange(rq, args);
	if (args->victim && is_open(args->victim))
		removal.is_aside = link_aside(rq, args->victim);
	err = rename_on_server(rq, args);
	if (err) {
		if (removal.is_aside)
			p9_remove_aside(args->victim->mount, args->victim->number);
		return err;
	}
	return apply_rename(rq, args, removal);
}
