/* services/vfsd/src/special.c: see special.h. */
#include "special.h"

#include <errno.h>
#include <linux/fs.h>
#include <sys/stat.h>

#include "mount.h"
#include "record.h"
#include "tmpfs.h"

bool special_is_kind(uint32_t mode)
{
	return S_ISFIFO(mode) || S_ISSOCK(mode);
}

struct entry *special_find(const struct node *dir, const char *name, size_t len)
{
	struct entry *entry;

	if (!(dir->state & NODE_HAS_OVERLAYS))
		return NULL;
	entry = entry_find(dir, name, len, ENTRY_OVERLAY);
	return entry && special_is_kind(node_at(entry->node)->mode) ? entry : NULL;
}

int special_create(struct request *rq, struct node *dir, const char *name, size_t len, const struct create_args *args,
		   struct node **out)
{
	int err = tmpfs_special(rq, state->specials, args, out);

	if (err)
		return err;
	if (!entry_add(dir, name, len, *out, ENTRY_OVERLAY))
		return -ENOMEM;
	ARENA_SET(dir->state, (uint16_t)(dir->state | NODE_HAS_OVERLAYS));
	return 0;
}

static int drop(struct request *rq, struct entry *entry, struct vfs_attr *attr)
{
	struct node *node = node_at(entry->node);

	entry_remove(entry);
	ARENA_SET(node->nlink, node->nlink - 1);
	ARENA_SET(node->ctime, rq->now);
	return record_attr(rq, node, attr);
}

int special_unlink(struct request *rq, struct entry *entry, bool is_rmdir, struct node **victim, struct vfs_attr *attr)
{
	if (is_rmdir)
		return -ENOTDIR;
	*victim = node_at(entry->node);
	return drop(rq, entry, attr);
}

/* The machine's own node takes the place of a name on the host. */
static int replace_on_host(struct request *rq, struct rename_args *args)
{
	struct node *victim;
	int err = node_ops(args->new_dir)->lookup(rq, args->new_dir, args->new_name, args->new_len, &victim);

	if (err)
		return err == -ENOENT ? 0 : err;
	if (args->flags & RENAME_NOREPLACE)
		return -EEXIST;
	if (S_ISDIR(victim->mode))
		return -EISDIR;
	return node_ops(args->new_dir)->unlink(rq, args->new_dir, args->new_name, args->new_len, false, &args->victim,
					       &args->victim_attr);
}

static int replace_special(struct request *rq, struct rename_args *args, struct entry *new)
{
	if (args->flags & RENAME_NOREPLACE)
		return -EEXIST;
	args->victim = node_at(new->node);
	return drop(rq, new, &args->victim_attr);
}

static int move_special(struct request *rq, struct rename_args *args, struct entry *old)
{
	struct entry *new = special_find(args->new_dir, args->new_name, args->new_len);
	int err;

	args->moved = node_at(old->node);
	if (old == new) {
		args->victim = args->moved;
		return 0;
	}
	err = new ? replace_special(rq, args, new) : replace_on_host(rq, args);
	if (err)
		return err;
	if (!entry_add(args->new_dir, args->new_name, args->new_len, args->moved, ENTRY_OVERLAY))
		return -ENOMEM;
	ARENA_SET(args->new_dir->state, (uint16_t)(args->new_dir->state | NODE_HAS_OVERLAYS));
	entry_remove(old);
	ARENA_SET(args->moved->ctime, rq->now);
	return 0;
}

int special_rename(struct request *rq, struct rename_args *args)
{
	struct entry *old = special_find(args->old_dir, args->old_name, args->old_len);
	struct entry *new = special_find(args->new_dir, args->new_name, args->new_len);
	struct node *victim;
	struct vfs_attr attr;
	int err;

	if (args->flags & RENAME_EXCHANGE)
		return -EINVAL;
	if (old)
		return move_special(rq, args, old);
	err = node_ops(args->old_dir)->lookup(rq, args->old_dir, args->old_name, args->old_len, &args->moved);
	if (err)
		return err;
	if (S_ISDIR(args->moved->mode))
		return -ENOTDIR;
	err = replace_special(rq, args, new);
	victim = args->victim;
	attr = args->victim_attr;
	if (!err)
		err = node_ops(args->old_dir)->rename(rq, args);
	args->victim = victim;
	args->victim_attr = attr;
	return err;
}
