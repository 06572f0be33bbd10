/* services/vfsd/src/disk_fat_names.c: names on FAT volumes.
 *
 * An entry of vfsd's is a name as the disk has it; what was asked for in another case is found by
 * the library. So a change of one name takes back every name of its directory: a lease may be of
 * another case of it.
 */
#include <dirent.h>
#include <errno.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/stat.h>

#include "disk_fat.h"
#include "disk_mount.h"
#include "handlers.h"
#include "p9_names.h"
#include "record.h"

/* Inode numbers of files whose place on the disk may be another's by now. */
#define MOVED_INO (1ull << 60)

static uint64_t key_of(const struct fat_file *file)
{
	return (uint64_t)file->dir << 32 | file->slot;
}

/* A folder has at most 2^16 slots; 0 would be no file to readdir(3), and 1 is the root. */
static uint64_t ino_of(const struct fat_file *file)
{
	return ((uint64_t)file->dir << 17) + file->slot + 2;
}

static int directory_of(const struct node *dir, struct fat **fs, uint32_t *cluster)
{
	struct fat_file file;

	*fs = fat_of(dir);
	if (!*fs)
		return -EIO;
	if (dir->state & NODE_GONE)
		return -ENOENT;
	fat_file_of(dir, &file);
	return fat_directory(*fs, &file, cluster);
}

/* On a damaged volume a directory may be found below itself. */
static bool is_loop(struct node *dir, const struct fat_file *file)
{
	const struct node *root = node_at(node_mount(dir)->root);

	if (!(file->attr & FAT_DIRECTORY))
		return false;
	while (dir && dir != root && dir->fat.first != file->first)
		dir = ns_parent(dir);
	return dir && dir != root;
}

static int set_entry(struct node *dir, const char *name, size_t len, struct node *node)
{
	struct entry *entry = entry_find(dir, name, len, ENTRY_NAME);

	if (entry && node_at(entry->node) == node) {
		entry_prefer(entry);
		return 0;
	}
	if (entry)
		return -EIO;
	return entry_add(dir, name, len, node, ENTRY_NAME) ? 0 : -ENOMEM;
}

static const char *shown_name(const struct fat_dirent *found, size_t *len)
{
	if (found->name_len <= VFS_NAME_MAX) {
		*len = found->name_len;
		return found->name;
	}
	*len = strlen(found->short_name);
	return found->short_name;
}

/* The node of what was found. */
static int adopt(struct node *dir, const struct fat_dirent *found, struct node **out)
{
	const struct fat_file *file = &found->file;
	struct node *node = node_by_key(dir->mount, key_of(file));
	const char *name;
	size_t len;

	if (!node) {
		if (is_loop(dir, file))
			return -EIO;
		node = node_create(dir->mount, (file->attr & FAT_DIRECTORY ? S_IFDIR : S_IFREG) | 0777);
		if (!node || node_set_key(node, key_of(file)))
			return -ENOMEM;
		fat_keep(node, file);
		node->ino = ino_of(file);
	}
	*out = node;
	name = shown_name(found, &len);
	return set_entry(dir, name, len, node);
}

int fat_fs_lookup(struct request *rq, struct node *dir, const char *name, size_t len, struct node **out)
{
	struct entry *entry = entry_find(dir, name, len, ENTRY_NAME);
	struct fat_dirent found;
	uint32_t cluster;
	struct fat *fs;
	int err;

	if (entry) {
		*out = node_at(entry->node);
		return 0;
	}
	err = directory_of(dir, &fs, &cluster);
	if (!err)
		err = fat_lookup(fs, cluster, name, len, &found);
	return err ? err : adopt(dir, &found, out);
}

static void touch(struct request *rq, struct node *dir)
{
	dir->mtime = dir->ctime = rq->now;
}

static struct fat_time time_now(const struct request *rq)
{
	return (struct fat_time){ .sec = rq->now.sec, .nsec = rq->now.nsec };
}

/* The name is there already. */
static int meet(struct request *rq, struct node *dir, const char *name, size_t len, const struct create_args *args,
		bool is_redone, struct node **out, bool *created)
{
	int err = fat_fs_lookup(rq, dir, name, len, out);

	if (err)
		return err;
	*created = is_redone;
	if (is_redone)
		return 0;
	return args->is_exclusive || !S_ISREG(args->mode) || !S_ISREG((*out)->mode) ? -EEXIST : 0;
}

int fat_fs_create(struct request *rq, struct node *dir, const char *name, size_t len, const struct create_args *args,
		  struct node **out, bool *created)
{
	bool is_redone = disk_begin(rq);
	struct fat_dirent made;
	uint32_t cluster;
	struct fat *fs;
	int err;

	if (!S_ISREG(args->mode) && !S_ISDIR(args->mode))
		return -EPERM;
	err = directory_of(dir, &fs, &cluster);
	if (err)
		return err;
	change_name(rq, dir, "", 0);
	if (S_ISDIR(args->mode))
		err = fat_mkdir(fs, cluster, name, len, 0, time_now(rq), &made.file);
	else
		err = fat_create(fs, cluster, name, len, FAT_ARCHIVE, time_now(rq), &made.file);
	if (err == -EEXIST)
		return meet(rq, dir, name, len, args, is_redone, out, created);
	/* The disk has the name without the dots at its end. */
	while (len && name[len - 1] == '.')
		len--;
	if (err)
		return err;
	memcpy(made.name, name, len);
	made.name_len = len;
	*created = true;
	touch(rq, dir);
	return adopt(dir, &made, out);
}

/* The node has lost its place: it stays for who has it open. */
static void retire(struct node *node)
{
	p9_retire(node);
	node->fat.slot = FAT_NO_SLOT;
	node->ino = MOVED_INO | node->number >> 4;
}

static int check_removal(struct fat *fs, const struct node *node, bool is_rmdir)
{
	struct fat_file file;

	if (is_rmdir && !S_ISDIR(node->mode))
		return -ENOTDIR;
	if (!is_rmdir && S_ISDIR(node->mode))
		return -EISDIR;
	if (!is_rmdir)
		return 0;
	fat_file_of(node, &file);
	return fat_check_empty(fs, &file);
}

int fat_fs_unlink(struct request *rq, struct node *dir, const char *name, size_t len, bool is_rmdir, struct node **victim,
		  struct vfs_attr *attr)
{
	bool is_redone = disk_begin(rq);
	struct fat_file file;
	uint32_t cluster;
	struct fat *fs;
	int err = directory_of(dir, &fs, &cluster);

	if (!err)
		err = fat_fs_lookup(rq, dir, name, len, victim);
	if (err == -ENOENT && is_redone) {
		*victim = NULL;
		return 0;
	}
	if (!err)
		err = check_removal(fs, *victim, is_rmdir);
	if (err)
		return err;
	change_name(rq, dir, "", 0);
	change_node(rq, *victim);
	fat_file_of(*victim, &file);
	/* A predecessor's deletion is met as a free slot. */
	if (!is_redone || !fat_load(fs, &file))
		err = fat_unlink(fs, &file);
	if (err)
		return err;
	retire(*victim);
	touch(rq, dir);
	return record_attr(rq, *victim, attr);
}

/* Is @dir @top or below it? */
static bool is_below(struct node *dir, const struct node *top)
{
	const struct node *root = node_at(node_mount(top)->root);

	while (dir && dir != top && dir != root)
		dir = ns_parent(dir);
	return dir == top;
}

/* The ends of a rename that is half done: the tree has them as they were, the disk has not. */
static int recall_ends(struct rename_args *args)
{
	const struct entry *old = entry_find(args->old_dir, args->old_name, args->old_len, ENTRY_NAME);
	const struct entry *new = entry_find(args->new_dir, args->new_name, args->new_len, ENTRY_NAME);

	args->moved = node_at(old->node);
	args->victim = new ? node_at(new->node) : NULL;
	return 0;
}

static int find_ends(struct request *rq, struct rename_args *args)
{
	int err = fat_fs_lookup(rq, args->old_dir, args->old_name, args->old_len, &args->moved);

	if (!err && S_ISDIR(args->moved->mode) && is_below(args->new_dir, args->moved))
		err = -EINVAL;
	if (err)
		return err;
	err = fat_fs_lookup(rq, args->new_dir, args->new_name, args->new_len, &args->victim);
	if (err == -ENOENT)
		args->victim = NULL;
	else if (err)
		return err;
	if (args->victim && args->victim != args->moved && (args->flags & RENAME_NOREPLACE))
		return -EEXIST;
	return 0;
}

/* Give the node its new place and name; that of who was replaced stays as the disk has it. */
static int settle_moved(struct rename_args *args, struct fat *fs, uint32_t cluster, const struct fat_file *file)
{
	struct node *node = args->moved;
	struct fat_dirent found;
	const char *name;
	size_t len;

	p9_retire(node);
	ARENA_SET(node->state, (uint16_t)(node->state & ~(NODE_GONE | NODE_UNKEYED)));
	node->fat.dir = file->dir;
	node->fat.slot = file->slot;
	node->ino = ino_of(file);
	if (node_set_key(node, key_of(file)))
		return -EIO;
	if (!args->victim || fat_lookup(fs, cluster, args->new_name, args->new_len, &found))
		return set_entry(args->new_dir, args->new_name, args->new_len, node);
	name = shown_name(&found, &len);
	return set_entry(args->new_dir, name, len, node);
}

/* A predecessor has taken the old entry away: the new name leads to the file. */
static int finish_move(const struct rename_args *args, struct fat *fs, uint32_t cluster, struct fat_file *file)
{
	struct fat_dirent found;
	int err = fat_lookup(fs, cluster, args->new_name, args->new_len, &found);

	if (!err)
		*file = found.file;
	return err;
}

static int move(const struct rename_args *args, struct fat *fs, uint32_t cluster, struct fat_file *file)
{
	struct node *victim = args->victim == args->moved ? NULL : args->victim;
	struct fat_file replaced;

	if (!victim)
		return fat_rename(fs, file, cluster, args->new_name, args->new_len, NULL);
	fat_file_of(victim, &replaced);
	return fat_rename(fs, file, cluster, args->new_name, args->new_len, &replaced);
}

/* In one sector the new entry may have taken the old one's slot. */
static bool is_still_named(struct fat *fs, const struct rename_args *args, const struct node *node)
{
	struct fat_dirent found;
	uint32_t cluster;
	struct fat *same;

	return !directory_of(args->old_dir, &same, &cluster) &&
	       !fat_lookup(fs, cluster, args->old_name, args->old_len, &found) && found.file.slot == node->fat.slot;
}

/* Of a request that a predecessor died with: was the old entry taken away on the disk? */
static bool is_half_done(const struct rename_args *args, struct fat *fs, bool is_redone)
{
	const struct entry *entry = entry_find(args->old_dir, args->old_name, args->old_len, ENTRY_NAME);
	const struct node *node = entry ? node_at(entry->node) : NULL;
	struct fat_file file;
	int err;

	if (!is_redone || !node)
		return false;
	fat_file_of(node, &file);
	err = fat_load(fs, &file);
	return err == -ENOENT || (!err && !is_still_named(fs, args, node));
}

int fat_fs_rename(struct request *rq, struct rename_args *args)
{
	bool is_redone = disk_begin(rq);
	struct fat_file file;
	uint32_t cluster;
	struct fat *fs;
	int err = args->flags & RENAME_EXCHANGE ? -EINVAL : directory_of(args->new_dir, &fs, &cluster);

	if (err)
		return err;
	is_redone = is_half_done(args, fs, is_redone);
	err = is_redone ? recall_ends(args) : find_ends(rq, args);
	if (err)
		return err;
	if (!is_redone && args->victim == args->moved && args->old_dir == args->new_dir && args->old_len == args->new_len &&
	    !memcmp(args->old_name, args->new_name, args->new_len))
		return 0;
	change_name(rq, args->old_dir, "", 0);
	change_name(rq, args->new_dir, "", 0);
	change_node(rq, args->moved);
	if (args->victim)
		change_node(rq, args->victim);
	fat_file_of(args->moved, &file);
	err = is_redone ? finish_move(args, fs, cluster, &file) : move(args, fs, cluster, &file);
	if (err)
		return err;
	if (args->victim == args->moved)
		args->victim = NULL;
	if (args->victim)
		retire(args->victim);
	touch(rq, args->old_dir);
	touch(rq, args->new_dir);
	err = settle_moved(args, fs, cluster, &file);
	if (!err && args->victim)
		err = record_attr(rq, args->victim, &args->victim_attr);
	return err;
}

int fat_fs_readdir(struct request *rq, struct node *dir, uint64_t cookie, struct dirent_sink *sink)
{
	uint32_t cluster, slot = (uint32_t)cookie;
	struct fat_dirent found;
	struct fat *fs;
	int n, err = directory_of(dir, &fs, &cluster);

	if (err)
		return err;
	while ((n = fat_readdir(fs, cluster, &slot, &found)) > 0) {
		const struct node *node = node_by_key(dir->mount, key_of(&found.file));
		size_t len;
		const char *name = shown_name(&found, &len);

		if (!dirent_add(sink, node ? node->ino : ino_of(&found.file), slot,
				found.file.attr & FAT_DIRECTORY ? DT_DIR : DT_REG, name, len))
			break;
	}
	return n < 0 ? n : 0;
}
