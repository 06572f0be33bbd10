/* services/vfsd/src/disk_ext4_names.c: names on ext4 volumes.
 *
 * A node's key is its inode number, which nobody else gets while the node lives: an inode without
 * names is freed after its node. An entry of vfsd's is an answer of the library's, kept until the name changes.
 */
#include <dirent.h>
#include <errno.h>
#include <linux/fs.h>
#include <sys/stat.h>

#include <ext4/names.h>

#include "disk_ext4.h"
#include "handlers.h"
#include "p9_fs.h"
#include "record.h"

static uint32_t ino_of(const struct node *node)
{
	return (uint32_t)node->ino;
}

/* major << 20 | minor as stat(2) shows it. */
static uint32_t rdev_kept(uint32_t rdev)
{
	uint32_t minor = rdev & 0xfffff;

	return (rdev >> 20) << 8 | (minor & 0xff) | (minor & 0xfff00) << 12;
}

int ext4_adopt(uint16_t mount, uint32_t ino, struct node **out)
{
	struct node *node = node_by_key(mount, ino);
	struct ext4_attr attr;
	int err;

	*out = node;
	if (node)
		return 0;
	node = node_create(mount, 0);
	if (!node)
		return -ENOMEM;
	node->ino = ino;
	err = ext4_of(node) ? ext4_outcome(node, ext4_getattr(ext4_of(node), ino, &attr)) : -EIO;
	if (err)
		return err == -ESTALE ? ext4_outcome(node, -EUCLEAN) : err;
	node->mode = attr.mode;
	*out = node;
	return node_set_key(node, ino);
}

static int set_entry(struct node *dir, const char *name, size_t len, struct node *node)
{
	struct entry *entry = entry_find(dir, name, len, ENTRY_NAME);

	if (entry) {
		entry_set_node(entry, node);
		entry_prefer(entry);
	} else if (!entry_add(dir, name, len, node, ENTRY_NAME)) {
		return -ENOMEM;
	}
	if (S_ISDIR(node->mode))
		ARENA_SET(node->parent, dir->number);
	return 0;
}

/* The directory stays while it is used. */
static void drop_entry(struct node *dir, const char *name, size_t len)
{
	struct entry *entry = entry_find(dir, name, len, ENTRY_NAME);

	if (!entry)
		return;
	node_pin(dir);
	entry_remove(entry);
	ARENA_SET(dir->npins, dir->npins - 1);
}

/* On a damaged volume a directory may be found below itself. */
static bool is_loop(struct node *dir, const struct node *found)
{
	if (!S_ISDIR(found->mode))
		return false;
	if (entry_of(found) && entry_of(found)->dir != arena_ref(dir))
		return true;
	return found == dir || arena_ref(found) == node_mount(dir)->root;
}

int ext4_fs_lookup(struct request *rq, struct node *dir, const char *name, size_t len, struct node **out)
{
	struct entry *entry = entry_find(dir, name, len, ENTRY_NAME);
	struct ext4 *fs = ext4_of(dir);
	uint32_t ino;
	int err;

	if (entry) {
		entry_prefer(entry);
		*out = node_at(entry->node);
		return 0;
	}
	if (!fs)
		return -EIO;
	if (dir->state & NODE_GONE)
		return -ENOENT;
	err = ext4_outcome(dir, ext4_lookup(fs, ino_of(dir), name, len, &ino));
	if (!err)
		err = ext4_adopt(dir->mount, ino, out);
	if (err)
		return err;
	return is_loop(dir, *out) ? ext4_outcome(dir, -EUCLEAN) : set_entry(dir, name, len, *out);
}

static struct ext4_create creation_of(const struct create_args *args)
{
	return (struct ext4_create){
		.mode = args->mode, .uid = args->uid, .gid = args->gid, .rdev = rdev_kept(args->rdev),
		.target = args->target, .target_len = args->target_len,
	};
}

int ext4_fs_create(struct request *rq, struct node *dir, const char *name, size_t len, const struct create_args *args,
		   struct node **out, bool *created)
{
	const struct ext4_create creation = creation_of(args);
	struct ext4 *fs = ext4_of(dir);
	uint32_t ino;
	int err = ext4_fs_lookup(rq, dir, name, len, out);

	*created = false;
	if (!err)
		return args->is_exclusive || !S_ISREG(args->mode) ? -EEXIST : 0;
	if (err != -ENOENT || (dir->state & NODE_GONE))
		return err;
	err = ext4_outcome(dir, ext4_create(fs, ino_of(dir), name, len, &creation, &ino));
	if (!err)
		err = ext4_adopt(dir->mount, ino, out);
	if (!err)
		err = set_entry(dir, name, len, *out);
	*created = !err;
	return err;
}

int ext4_fs_create_unnamed(struct request *rq, uint16_t mount, struct node *dir, const struct create_args *args,
			   struct node **out)
{
	const struct ext4_create creation = creation_of(args);
	struct ext4 *fs = ext4_of(dir);
	uint32_t ino;
	int err = fs ? 0 : -EIO;

	if (!err && (dir->state & NODE_GONE))
		err = -ENOENT;
	if (!err)
		err = ext4_outcome(dir, ext4_create_unnamed(fs, ino_of(dir), &creation, &ino));
	if (!err)
		err = ext4_adopt(mount, ino, out);
	if (err)
		return err;
	ARENA_SET((*out)->state, (uint16_t)((*out)->state | NODE_GONE | (args->is_linkable ? NODE_LINKABLE : 0)));
	if (!args->target_len)
		return 0;
	(*out)->target = text_create(args->target, args->target_len);
	(*out)->target_len = (uint32_t)args->target_len;
	return (*out)->target ? 0 : -ENOSPC;
}

int ext4_fs_link(struct request *rq, struct node *node, struct node *dir, const char *name, size_t len)
{
	struct ext4 *fs = ext4_of(dir);
	int err;

	if (!fs)
		return -EIO;
	if ((dir->state & NODE_GONE) || ((node->state & NODE_GONE) && !(node->state & NODE_LINKABLE)))
		return -ENOENT;
	err = ext4_outcome(dir, ext4_link(fs, ino_of(node), ino_of(dir), name, len));
	if (err)
		return err;
	ARENA_SET(node->state, (uint16_t)(node->state & ~(NODE_GONE | NODE_LINKABLE)));
	return set_entry(dir, name, len, node);
}

/* @node has lost a name: perhaps it was the last. */
static int lose_name(struct request *rq, struct node *node, struct vfs_attr *attr)
{
	int err = record_attr(rq, node, attr);

	if (!err && (S_ISDIR(node->mode) || !attr->nlink))
		ARENA_SET(node->state, (uint16_t)(node->state | NODE_GONE));
	return err;
}

int ext4_fs_unlink(struct request *rq, struct node *dir, const char *name, size_t len, bool is_rmdir, struct node **victim,
		   struct vfs_attr *attr)
{
	struct ext4 *fs = ext4_of(dir);
	uint32_t ino;
	int err = ext4_fs_lookup(rq, dir, name, len, victim);

	if (err)
		return err;
	change_node(rq, *victim);
	err = ext4_outcome(dir, ext4_unlink(fs, ino_of(dir), name, len, is_rmdir, &ino));
	if (err)
		return err;
	drop_entry(dir, name, len);
	return lose_name(rq, *victim, attr);
}

static int find_ends(struct request *rq, struct rename_args *args)
{
	int err = ext4_fs_lookup(rq, args->old_dir, args->old_name, args->old_len, &args->moved);

	args->victim = NULL;
	if (err)
		return err;
	err = ext4_fs_lookup(rq, args->new_dir, args->new_name, args->new_len, &args->victim);
	if (err)
		args->victim = NULL;
	return err == -ENOENT ? 0 : err;
}

static int move_entries(struct request *rq, struct rename_args *args)
{
	int err = set_entry(args->new_dir, args->new_name, args->new_len, args->moved);

	if (err)
		return err;
	if (args->flags & RENAME_EXCHANGE)
		return set_entry(args->old_dir, args->old_name, args->old_len, args->victim);
	drop_entry(args->old_dir, args->old_name, args->old_len);
	return args->victim ? lose_name(rq, args->victim, &args->victim_attr) : 0;
}

int ext4_fs_rename(struct request *rq, struct rename_args *args)
{
	struct ext4_rename rename = {
		.old_dir = ino_of(args->old_dir), .old_name = args->old_name, .old_len = args->old_len,
		.new_dir = ino_of(args->new_dir), .new_name = args->new_name, .new_len = args->new_len,
		.flags = (args->flags & RENAME_NOREPLACE ? EXT4_RENAME_NOREPLACE : 0) |
			 (args->flags & RENAME_EXCHANGE ? EXT4_RENAME_EXCHANGE : 0),
	};
	struct ext4 *fs = ext4_of(args->old_dir);
	int err = find_ends(rq, args);

	if (err)
		return err;
	if (args->new_dir->state & NODE_GONE)
		return -ENOENT;
	change_node(rq, args->moved);
	if (args->victim)
		change_node(rq, args->victim);
	err = ext4_outcome(args->old_dir, ext4_rename(fs, &rename));
	if (err || args->victim == args->moved)
		return err;
	return move_entries(rq, args);
}

/* ---- listings ---- */

static bool emit(void *ctx, const struct ext4_dirent *entry)
{
	return dirent_add(ctx, entry->ino, entry->cookie, entry->type, entry->name, entry->name_len);
}

int ext4_fs_readdir(struct request *rq, struct node *dir, uint64_t cookie, struct dirent_sink *sink)
{
	struct ext4 *fs = ext4_of(dir);

	if (!fs)
		return -EIO;
	if (dir->state & NODE_GONE)
		return -ENOENT;
	return ext4_outcome(dir, ext4_readdir(fs, ino_of(dir), cookie, emit, sink));
}
