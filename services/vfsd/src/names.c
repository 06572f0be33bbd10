/* services/vfsd/src/names.c: finding, making, moving and removing names, over every filesystem. */
#include <errno.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/stat.h>

#include "handlers.h"
#include "kernel.h"
#include "mount.h"
#include "record.h"
#include "special.h"

struct node *request_node(struct request *rq, unsigned int arg)
{
	return node_get(rq->args[arg]);
}

static void next_decision(struct request *rq)
{
	rq->seq = ++state->seq;
}

void change_name(struct request *rq, struct node *dir, const char *name, size_t len)
{
	if (dir->nlookup) {
		kernel_revoke_name(dir->number, name, len, rq->seq);
		kernel_revoke_attr(dir->number, rq->seq);
	}
	next_decision(rq);
}

void change_node(struct request *rq, struct node *node)
{
	if (node->nlookup)
		kernel_revoke_attr(node->number, rq->seq);
	next_decision(rq);
}

/* The node that the name is known to lead to, without asking a server. */
static struct node *known_node(const struct node *dir, const char *name, size_t len)
{
	struct entry *entry = entry_find(dir, name, len, ENTRY_NAME);

	return entry ? node_at(entry->node) : NULL;
}

static void change_names(struct request *rq, struct node *dir, const char *name, size_t len)
{
	struct node *node = known_node(dir, name, len);

	change_name(rq, dir, name, len);
	if (node)
		change_node(rq, node);
}

static bool is_dot(const char *name, size_t len)
{
	return len == 1 && name[0] == '.';
}

static bool is_dot_dot(const char *name, size_t len)
{
	return len == 2 && name[0] == '.' && name[1] == '.';
}

static int check_name(const char *name, size_t len)
{
	if (!len)
		return -ENOENT;
	if (len > VFS_NAME_MAX)
		return -ENAMETOOLONG;
	return memchr(name, '/', len) || memchr(name, '\0', len) ? -EINVAL : 0;
}

static bool is_readonly(const struct node *node)
{
	return node_mount(node)->flags & VFS_MOUNT_READONLY;
}

/* One step of a walk. Returns: 0 with the next directory in *@dir, or NULL there at the walk's end. */
static int walk_step(struct request *rq, struct node **dir, const char *name, size_t len)
{
	struct node *child;
	int err = S_ISDIR((*dir)->mode) ? check_name(name, len) : -ENOTDIR;

	if (err)
		return err;
	err = ns_lookup(rq, *dir, name, len, &child);
	if (err == -ENOENT && !is_dot_dot(name, len)) {
		err = record_missing(rq, *dir, name, len, NULL, NULL);
		*dir = NULL;
		return err;
	}
	if (!err)
		err = record_name(rq, *dir, name, len, child);
	if (err)
		return err;
	*dir = S_ISDIR(child->mode) ? child : NULL;
	return 0;
}

int handle_walk(struct request *rq)
{
	struct node *dir = request_node(rq, 0);
	const char *at = rq->data;
	const char *end = at + rq->data_len;
	int err;

	if (!dir)
		return -ENOENT;
	while (dir) {
		const char *slash;
		size_t len;

		while (at < end && *at == '/')
			at++;
		if (at == end)
			break;
		slash = memchr(at, '/', (size_t)(end - at));
		len = (size_t)((slash ? slash : end) - at);
		err = walk_step(rq, &dir, at, len);
		/* What was found stands; the rest is asked again, and meets the error alone. */
		if (err)
			return rq->nrecords ? 0 : err;
		at += len;
	}
	return rq->nrecords ? 0 : -ENOENT;
}

int handle_root(struct request *rq)
{
	return record_node(rq, node_at(state->root));
}

/* The name is there, or must not be made: what open(O_CREAT) then gets. */
static int create_existing(struct request *rq, struct node *dir, const char *name, size_t len, struct node *node,
			   const struct create_args *args)
{
	if (args->is_exclusive || !S_ISREG(args->mode))
		return -EEXIST;
	return record_name(rq, dir, name, len, node);
}

static int create_new(struct request *rq, struct node *dir, const char *name, size_t len,
		      const struct create_args *args)
{
	struct node *node;
	bool created;
	int err;

	if (!node_ops(dir)->create)
		return -EPERM;
	change_names(rq, dir, name, len);
	err = node_ops(dir)->create(rq, dir, name, len, args, &node, &created);
	if (err)
		return err;
	err = record_name(rq, dir, name, len, node);
	if (err)
		return err;
	rq->words[2] = created;
	if (created)
		record_node(rq, dir);
	return 0;
}

static int create_unnamed(struct request *rq, struct node *dir, const struct create_args *args)
{
	uint16_t mount = dir ? dir->mount : state->specials;
	const struct fs_ops *ops = dir ? node_ops(dir) : &tmpfs_ops;
	struct node *node;
	int err;

	if (dir && !S_ISDIR(dir->mode))
		return -ENOTDIR;
	if (dir && is_readonly(dir))
		return -EROFS;
	if (!ops->create_unnamed)
		return -EOPNOTSUPP;
	err = ops->create_unnamed(rq, mount, dir, args, &node);
	return err ? err : record_node(rq, node);
}

int handle_create(struct request *rq)
{
	struct node *dir = request_node(rq, 0);
	struct create_args args = {
		.mode = (uint32_t)rq->args[1],
		.rdev = (uint32_t)rq->args[2],
		.uid = (uint32_t)rq->args[3],
		.gid = (uint32_t)(rq->args[3] >> 32),
		.is_exclusive = rq->args[4] & VFS_CREATE_EXCL,
		.is_linkable = rq->args[4] & VFS_CREATE_LINKABLE,
	};
	const char *name = rq->data;
	size_t len = strnlen(name, rq->data_len);
	struct node *node;
	bool is_unnamed = rq->args[4] & VFS_CREATE_UNNAMED;
	int err = is_unnamed ? 0 : check_name(name, len);

	if (err)
		return err;
	if ((S_ISLNK(args.mode) || is_unnamed) && len < rq->data_len) {
		args.target = name + len + 1;
		args.target_len = strnlen(args.target, rq->data_len - len - 1);
	}
	if (!dir && (!is_unnamed || rq->args[0]))
		return -ENOENT;
	if (is_unnamed)
		return create_unnamed(rq, dir, &args);
	if (!S_ISDIR(dir->mode))
		return -ENOTDIR;
	if (is_dot(name, len) || is_dot_dot(name, len))
		return -EEXIST;
	if (is_readonly(dir) || ns_is_covered(dir, name, len)) {
		err = ns_lookup(rq, dir, name, len, &node);
		if (!err)
			return create_existing(rq, dir, name, len, node, &args);
		return err == -ENOENT ? -EROFS : err;
	}
	return create_new(rq, dir, name, len, &args);
}

/* Is the name a mount point, or a folder made for one? */
static bool is_mounted_on(const struct node *dir, const char *name, size_t len)
{
	return ns_is_covered(dir, name, len) && !special_find(dir, name, len);
}

/* A name is to be added to @dir, or removed from it. */
static int check_change(const struct node *dir, const char *name, size_t len)
{
	int err = check_name(name, len);

	if (err)
		return err;
	if (!dir)
		return -ENOENT;
	if (!S_ISDIR(dir->mode))
		return -ENOTDIR;
	if (is_readonly(dir))
		return -EROFS;
	return 0;
}

int handle_link(struct request *rq)
{
	struct node *node = request_node(rq, 0);
	struct node *dir = request_node(rq, 1);
	struct node *existing;
	size_t len = rq->data_len;
	int err;

	if (!node)
		return -ENOENT;
	err = check_change(dir, rq->data, len);
	if (err == -EROFS && !ns_lookup(rq, dir, rq->data, len, &existing))
		return -EEXIST;
	if (err)
		return err;
	if (is_dot(rq->data, len) || is_dot_dot(rq->data, len) || ns_is_covered(dir, rq->data, len))
		return -EEXIST;
	if (node->mount != dir->mount)
		return -EXDEV;
	if (!node_ops(dir)->link)
		return -EPERM;
	change_names(rq, dir, rq->data, len);
	change_node(rq, node);
	err = node_ops(dir)->link(rq, node, dir, rq->data, len);
	if (err)
		return err;
	err = record_name(rq, dir, rq->data, len, node);
	if (!err)
		record_node(rq, dir);
	return err;
}

/* Does a mount or a node of the machine's own lie in the directory? */
static bool is_laid_over(const struct node *dir)
{
	return dir && S_ISDIR(dir->mode) && (dir->state & NODE_HAS_OVERLAYS) && ns_overlay(dir, 0);
}

static int unlink_name(struct request *rq, struct node *dir, bool is_rmdir, struct node **victim,
		       struct vfs_attr *attr)
{
	struct entry *special = special_find(dir, rq->data, rq->data_len);

	if (special)
		return special_unlink(rq, special, is_rmdir, victim, attr);
	if (is_rmdir && is_laid_over(known_node(dir, rq->data, rq->data_len)))
		return -ENOTEMPTY;
	return node_ops(dir)->unlink(rq, dir, rq->data, rq->data_len, is_rmdir, victim, attr);
}

/* @node is open or mapped and has lost @name in @dir: if that was the last, remember where it was. */
static void keep_last_name(struct node *node, struct node *dir, const char *name, size_t name_len)
{
	char path[VFS_PATH_MAX];
	int len;

	if (!node || !S_ISREG(node->mode) || entry_of(node))
		return;
	len = ns_path(dir, NULL, path, sizeof(path) - VFS_NAME_MAX - 1);
	if (len < 0)
		return;		/* too deep, or the folder is gone itself */
	if (len > 1)
		path[len++] = '/';
	memcpy(path + len, name, name_len);
	if (node->target)
		arena_free(node->target);
	ARENA_SET(node->target, text_create(path, (size_t)len + name_len));
}

int handle_unlink(struct request *rq)
{
	struct node *dir = request_node(rq, 0);
	bool is_rmdir = rq->args[1];
	struct node *victim = NULL;
	size_t len = rq->data_len;
	struct vfs_attr attr;
	int err = check_change(dir, rq->data, len);

	if (err)
		return err;
	if (is_dot(rq->data, len))
		return is_rmdir ? -EINVAL : -EISDIR;
	if (is_dot_dot(rq->data, len))
		return is_rmdir ? -ENOTEMPTY : -EISDIR;
	if (is_mounted_on(dir, rq->data, len))
		return -EBUSY;
	if (!node_ops(dir)->unlink)
		return -EPERM;
	change_names(rq, dir, rq->data, len);
	err = unlink_name(rq, dir, is_rmdir, &victim, &attr);
	if (err)
		return err;
	if (rq->args[2])
		keep_last_name(victim, dir, rq->data, len);
	err = record_missing(rq, dir, rq->data, len, victim, &attr);
	if (!err)
		record_node(rq, dir);
	return err;
}

static int rename_name(struct request *rq, struct rename_args *args)
{
	if (special_find(args->old_dir, args->old_name, args->old_len) ||
	    special_find(args->new_dir, args->new_name, args->new_len))
		return special_rename(rq, args);
	if (is_laid_over(known_node(args->new_dir, args->new_name, args->new_len)))
		return -ENOTEMPTY;
	return node_ops(args->old_dir)->rename(rq, args);
}

static int check_rename(const struct rename_args *args)
{
	int err;

	if (args->flags & ~(unsigned int)(RENAME_NOREPLACE | RENAME_EXCHANGE) ||
	    args->flags == (RENAME_NOREPLACE | RENAME_EXCHANGE))
		return -EINVAL;
	if (args->old_dir && args->new_dir && args->old_dir->mount != args->new_dir->mount)
		return -EXDEV;
	if (is_dot(args->old_name, args->old_len) || is_dot_dot(args->old_name, args->old_len))
		return -EBUSY;
	if (is_dot(args->new_name, args->new_len) || is_dot_dot(args->new_name, args->new_len))
		return args->flags & RENAME_NOREPLACE ? -EEXIST : -EBUSY;
	err = check_change(args->old_dir, args->old_name, args->old_len);
	if (!err)
		err = check_change(args->new_dir, args->new_name, args->new_len);
	if (err)
		return err;
	if (is_mounted_on(args->old_dir, args->old_name, args->old_len) ||
	    is_mounted_on(args->new_dir, args->new_name, args->new_len))
		return -EBUSY;
	return node_ops(args->old_dir)->rename ? 0 : -EPERM;
}

/* What lies under the old name now, and what the new one hid. */
static int record_old_name(struct request *rq, const struct rename_args *args)
{
	int err;

	if (args->moved == args->victim)
		return record_name(rq, args->old_dir, args->old_name, args->old_len, args->moved);
	if (args->flags & RENAME_EXCHANGE)
		return record_name(rq, args->old_dir, args->old_name, args->old_len, args->victim);
	err = record_missing(rq, args->old_dir, args->old_name, args->old_len, NULL, NULL);
	if (!err && args->victim)
		err = record_missing(rq, args->new_dir, "", 0, args->victim, &args->victim_attr);
	return err;
}

int handle_rename(struct request *rq)
{
	struct rename_args args = {
		.old_dir = request_node(rq, 0),
		.new_dir = request_node(rq, 1),
		.flags = (unsigned int)rq->args[2],
		.old_name = rq->data,
		.old_len = strnlen(rq->data, rq->data_len),
	};
	int err;

	if (args.old_len == rq->data_len)
		return -EINVAL;
	args.new_name = rq->data + args.old_len + 1;
	args.new_len = strnlen(args.new_name, rq->data_len - args.old_len - 1);
	err = check_rename(&args);
	if (err)
		return err;
	change_names(rq, args.old_dir, args.old_name, args.old_len);
	change_names(rq, args.new_dir, args.new_name, args.new_len);
	err = rename_name(rq, &args);
	if (err)
		return err;
	if (rq->args[3])
		keep_last_name(args.victim, args.new_dir, args.new_name, args.new_len);
	err = record_name(rq, args.new_dir, args.new_name, args.new_len, args.moved);
	if (!err)
		err = record_old_name(rq, &args);
	if (!err)
		record_node(rq, args.old_dir);
	if (!err && args.new_dir != args.old_dir)
		record_node(rq, args.new_dir);
	return err;
}
