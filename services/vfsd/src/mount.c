/* services/vfsd/src/mount.c: mounts and what is laid over names; see mount.h. */
#include "mount.h"

#include <errno.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>

#include "deferred.h"
#include "disk_ext4.h"
#include "disk_fat.h"
#include "generated.h"
#include "handlers.h"
#include "kernel.h"
#include "p9_fs.h"
#include "tmpfs.h"

#define MOUNT_FLAGS 15u	/* those that a mount may be changed to */

/* A mount that was taken away, and of which nobody holds a file any more. */
static bool is_left(uint16_t index)
{
	return (state->mounts[index].flags & MOUNT_DETACHED) && !node_is_of_mount(index);
}

static void free_mount(uint16_t index)
{
	struct mount *mount = &state->mounts[index];

	if (mount->fs == FS_P9)
		p9_unmount(index);
	if (mount->fs == FS_FAT)
		fat_volume_close(index);
	if (mount->fs == FS_EXT4)
		ext4_volume_unmount(index);
	if (mount->keys)
		state_table_destroy(&arena, mount->keys);
	arena_free(mount->type);
	arena_free(mount->source);
	arena_free(mount->target);
	arena_log(mount, sizeof(*mount));
	memset(mount, 0, sizeof(*mount));
}

/* Looking for what is left reads every node, so a place that was never used goes first. */
static int find_free_mount(uint16_t *out)
{
	uint16_t i = 0;

	while (i < VFSD_MOUNTS && state->mounts[i].fs != FS_NONE)
		i++;
	if (i == VFSD_MOUNTS) {
		i = 0;
		while (i < VFSD_MOUNTS && !is_left(i))
			i++;
		if (i == VFSD_MOUNTS)
			return -ENOSPC;
		free_mount(i);
	}
	*out = i;
	return 0;
}

static const struct mount_type {
	const char *name;
	uint32_t fs, magic;
} mount_types[] = {
	{ "tmpfs", FS_TREE, TMPFS_MAGIC },
	{ "devtmpfs", FS_TREE, TMPFS_MAGIC },
	{ "bundle", FS_TREE, RAMFS_MAGIC },
	{ "9p", FS_P9, V9FS_MAGIC },
	{ "vfat", FS_FAT, MSDOS_SUPER_MAGIC },
	{ "ext4", FS_EXT4, EXT4_SUPER_MAGIC },
	{ "proc", FS_GENERATED, PROC_SUPER_MAGIC },
	{ "sysfs", FS_GENERATED, SYSFS_MAGIC },
};

static const struct mount_type *find_type(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(mount_types) / sizeof(mount_types[0]); i++)
		if (!strcmp(mount_types[i].name, name))
			return &mount_types[i];
	return NULL;
}

static int make_root(struct request *rq, const struct mount_spec *spec, uint16_t index)
{
	struct mount *mount = &state->mounts[index];
	struct node *root = NULL;
	int err;

	if (mount->fs == FS_P9)
		err = p9_mount(rq, index, spec->source, spec->options, &root);
	else if (mount->fs == FS_FAT)
		err = fat_volume_mount(rq, index, spec, &root);
	else if (mount->fs == FS_EXT4)
		err = ext4_volume_mount(rq, index, spec, &root);
	else if (mount->fs == FS_GENERATED)
		err = generated_root(index, !strcmp(spec->type, "sysfs"), &root);
	else
		err = tmpfs_root(rq, index, spec->root_mode ? spec->root_mode : 0755, &root);
	if (err)
		return err;
	node_pin(root);
	ARENA_SET(mount->root, arena_ref(root));
	return 0;
}

/* Nobody picks the keys of nodes: servers and pids do. */
static const struct hash_key key_seed;

static int fill_mount(struct request *rq, const struct mount_spec *spec, uint16_t index)
{
	const struct mount_type *type = find_type(spec->type);
	struct mount *mount = &state->mounts[index];

	if (!type)
		return -ENODEV;
	arena_log(mount, sizeof(*mount));
	memset(mount, 0, sizeof(*mount));
	ARENA_SET(state->next_mount_id, state->next_mount_id + 1);
	mount->id = (uint32_t)state->next_mount_id;
	mount->dev = mount->id;
	mount->fs = type->fs;
	mount->magic = type->magic;
	mount->flags = spec->flags;
	if (type->fs == FS_P9)
		mount->flags |= VFS_MOUNT_NOSUID | VFS_MOUNT_NODEV;
	mount->type = text_create(spec->type, strlen(spec->type));
	mount->source = text_create(spec->source, strlen(spec->source));
	mount->target = text_create(spec->target, strlen(spec->target));
	if (!mount->type || !mount->source || !mount->target)
		return -ENOMEM;
	if (type->fs != FS_TREE) {
		mount->keys = (ref_t)state_table_create(&arena, &key_seed);
		if (!mount->keys)
			return -ENOMEM;
	}
	return make_root(rq, spec, index);
}

static struct node *make_synthetic(struct request *rq, struct node *dir, const char *name, size_t len)
{
	struct node *folder = NULL;

	if (dir->mount == MOUNT_SYNTHETIC) {
		const struct create_args args = { .mode = S_IFDIR | 0755 };
		bool created;

		return tmpfs_ops.create(rq, dir, name, len, &args, &folder, &created) ? NULL : folder;
	}
	if (tmpfs_root(rq, MOUNT_SYNTHETIC, 0755, &folder))
		return NULL;
	ARENA_SET(folder->parent, dir->number);
	if (!entry_add(dir, name, len, folder, ENTRY_OVERLAY))
		return NULL;
	ARENA_SET(dir->state, (uint16_t)(dir->state | NODE_HAS_OVERLAYS));
	return folder;
}

static void revoke_name(struct node *dir, const char *name, size_t len)
{
	if (dir->nlookup)
		kernel_revoke_name(dir->number, name, len, state->seq);
}

/* Let @name in @dir lead to @mount's root. */
static int lay_name(struct node *dir, const char *name, size_t len, struct mount *mount)
{
	struct entry *entry = entry_find(dir, name, len, ENTRY_OVERLAY);

	revoke_name(dir, name, len);
	if (entry) {
		ARENA_SET(mount->below, entry->node);
		entry_set_node(entry, node_at(mount->root));
	} else {
		entry = entry_add(dir, name, len, node_at(mount->root), ENTRY_OVERLAY);
		if (!entry)
			return -ENOMEM;
		ARENA_SET(dir->state, (uint16_t)(dir->state | NODE_HAS_OVERLAYS));
	}
	ARENA_SET(mount->entry, arena_ref(entry));
	revoke_name(node_at(mount->root), "..", 2);
	return 0;
}

struct path_walk {
	struct node *dir;
	const char *name;	/* the last component */
	size_t len;
};

/* One folder of a target: follow it, or make it. */
static int enter_folder(struct request *rq, struct path_walk *walk, const char *name, size_t len, bool must_exist)
{
	struct node *child;
	char path[VFS_PATH_MAX];
	int err = ns_lookup(rq, walk->dir, name, len, &child);

	if (err == -ENOENT && !must_exist) {
		revoke_name(walk->dir, name, len);
		child = make_synthetic(rq, walk->dir, name, len);
		err = child ? 0 : -ENOMEM;
	}
	if (err)
		return err;
	if (S_ISLNK(child->mode)) {
		int n = ns_path(walk->dir, NULL, path, sizeof(path) - VFS_NAME_MAX - 2);

		if (n < 0)
			return n;
		if (n > 1)
			path[n++] = '/';
		memcpy(path + n, name, len);
		path[n + len] = '\0';
		err = ns_resolve(rq, path, &child);
		if (err)
			return err;
	}
	if (!S_ISDIR(child->mode))
		return -ENOTDIR;
	walk->dir = child;
	return 0;
}

/* The directory and the last component of a target, which is not "/". */
static int walk_target(struct request *rq, const char *path, bool must_exist, struct path_walk *walk)
{
	const char *name;
	size_t len;
	int err;

	walk->dir = node_at(state->root);
	name = ns_component(path, &len);
	while (*ns_component(name + len, &walk->len)) {
		err = enter_folder(rq, walk, name, len, must_exist);
		if (err)
			return err;
		name = ns_component(name + len, &len);
	}
	walk->name = name;
	walk->len = len;
	return len > VFS_NAME_MAX ? -ENAMETOOLONG : 0;
}

static int lay_mount(struct request *rq, struct mount *mount, bool must_exist)
{
	struct path_walk walk;
	struct node *there;
	int err = walk_target(rq, text_of(mount->target), must_exist, &walk);

	if (err)
		return err;
	if (must_exist) {
		err = ns_lookup(rq, walk.dir, walk.name, walk.len, &there);
		if (err)
			return err;
		if (!S_ISDIR(there->mode))
			return -ENOTDIR;
	}
	return lay_name(walk.dir, walk.name, walk.len, mount);
}

static bool is_root_path(const char *path)
{
	return path[strspn(path, "/")] == '\0';
}

static struct mount *next_by_id(uint32_t id)
{
	struct mount *best = NULL;
	unsigned int i;

	for (i = 0; i < VFSD_MOUNTS; i++) {
		struct mount *mount = &state->mounts[i];

		if (mount->fs != FS_NONE && mount->id > id && (!best || mount->id < best->id))
			best = mount;
	}
	return best;
}

const struct mount *mount_next(const struct mount *mount)
{
	do
		mount = next_by_id(mount ? mount->id : 0);
	while (mount && ((mount->flags & MOUNT_DETACHED) || (!mount->entry && mount->root != state->root)));
	return mount;
}

/* "/" got a new root: what lay over the synthetic one lies over the new one. */
static int move_overlays(struct request *rq)
{
	struct mount *mount;
	int err = 0;

	for (mount = next_by_id(0); mount && !err; mount = next_by_id(mount->id)) {
		struct entry *entry = entry_at(mount->entry);

		if (!entry || node_at(entry->dir)->mount != MOUNT_SYNTHETIC)
			continue;
		entry_remove(entry);
		ARENA_SET(mount->entry, 0);
		err = lay_mount(rq, mount, false);
	}
	return err;
}

static int mount_root(struct request *rq, struct mount *mount)
{
	struct node *old = node_at(state->root);

	if (old && old->mount != MOUNT_SYNTHETIC)
		return -EBUSY;
	ARENA_SET(state->root, mount->root);
	return old ? move_overlays(rq) : 0;
}

int mount_add(struct request *rq, const struct mount_spec *spec, uint16_t *out)
{
	struct mount *mount;
	uint16_t index;
	int err;

	if (spec->target[0] != '/')
		return -EINVAL;
	err = find_free_mount(&index);
	if (err)
		return err;
	err = fill_mount(rq, spec, index);
	if (err)
		return err;
	mount = &state->mounts[index];
	err = is_root_path(spec->target) ? mount_root(rq, mount) : lay_mount(rq, mount, spec->must_exist);
	if (err && mount->fs == FS_FAT)
		fat_volume_close(index);
	if (err && mount->fs == FS_EXT4)
		ext4_volume_unmount(index);
	if (!err && out)
		*out = index;
	return err;
}

static struct mount *topmost_at(struct request *rq, const char *target)
{
	struct path_walk walk;
	struct entry *entry;
	unsigned int i;

	if (is_root_path(target) || walk_target(rq, target, true, &walk))
		return NULL;
	entry = entry_find(walk.dir, walk.name, walk.len, ENTRY_OVERLAY);
	/* One that was removed keeps its place, and its root's number may be another's by now. */
	for (i = 1; entry && i < VFSD_MOUNTS; i++)
		if (state->mounts[i].fs != FS_NONE && !(state->mounts[i].flags & MOUNT_DETACHED) &&
		    state->mounts[i].root == entry->node)
			return &state->mounts[i];
	return NULL;
}

void mount_set_flags(uint16_t index, uint32_t flags)
{
	struct mount *mount = &state->mounts[index];
	struct request rq = { .seq = ++state->seq };
	struct node_block *block;

	ARENA_SET(mount->flags, (mount->flags & ~MOUNT_FLAGS) | (flags & MOUNT_FLAGS));
	for (block = arena_at(state->node_blocks); block; block = arena_at(block->next))
		for (unsigned int i = 0; i < NODES_AT_ONCE; i++)
			if (block->nodes[i].number && block->nodes[i].mount == index)
				change_node(&rq, &block->nodes[i]);
}

int mount_change(struct request *rq, const char *target, uint32_t flags)
{
	struct mount *mount = topmost_at(rq, target);
	uint16_t index;
	int err = 0;

	if (!mount)
		return -EINVAL;
	index = (uint16_t)(mount - state->mounts);
	if (mount->fs == FS_FAT && ((mount->flags ^ flags) & VFS_MOUNT_READONLY))
		err = fat_volume_set_read_only(index, flags & VFS_MOUNT_READONLY);
	if (mount->fs == FS_EXT4)
		err = ext4_volume_set_read_only(index, flags & VFS_MOUNT_READONLY);
	if (!err)
		mount_set_flags(index, flags);
	return err;
}

static bool holds_mounts(const struct mount *mount)
{
	uint16_t index = (uint16_t)(mount - state->mounts);
	unsigned int i;

	for (i = 0; i < VFSD_MOUNTS; i++) {
		const struct entry *entry = entry_at(state->mounts[i].entry);

		if (state->mounts[i].fs != FS_NONE && entry && node_at(entry->dir)->mount == index)
			return true;
	}
	return false;
}

int mount_remove(struct request *rq, const char *target)
{
	struct mount *mount = topmost_at(rq, target);
	struct node *root, *dir;
	struct entry *entry;

	if (!mount)
		return -EINVAL;
	if (holds_mounts(mount))
		return -EBUSY;
	root = node_at(mount->root);
	entry = entry_at(mount->entry);
	dir = node_at(entry->dir);
	revoke_name(dir, entry->name, entry->name_len);
	if (mount->below)
		entry_set_node(entry, node_at(mount->below));
	else
		entry_remove(entry);
	ARENA_SET(mount->entry, 0);
	/* Files of it that are still open go on: the slot is used again when they are gone. */
	ARENA_SET(mount->flags, mount->flags | MOUNT_DETACHED);
	if (mount->fs == FS_TREE)
		tmpfs_empty(root);
	if (mount->fs == FS_FAT)
		defer_fat_release((uint16_t)(mount - state->mounts), 0);
	if (mount->fs == FS_EXT4)
		defer_ext4_leave((uint16_t)(mount - state->mounts));
	node_unpin(root);
	return 0;
}

static const struct boot_mount {
	const char *type, *target;
	uint32_t flags, root_mode;
} boot_mounts[] = {
	{ "devtmpfs", "/dev", VFS_MOUNT_NOSUID, 0755 },
	{ "tmpfs", "/dev/shm", VFS_MOUNT_NOSUID | VFS_MOUNT_NODEV, 01777 },
	{ "proc", "/proc", VFS_MOUNT_NOSUID | VFS_MOUNT_NODEV | VFS_MOUNT_NOEXEC, 0 },
	{ "sysfs", "/sys", VFS_MOUNT_NOSUID | VFS_MOUNT_NODEV | VFS_MOUNT_NOEXEC, 0 },
	{ "bundle", "/system", VFS_MOUNT_READONLY, 0755 },
	{ "tmpfs", "/run", VFS_MOUNT_NOSUID | VFS_MOUNT_NODEV, 0755 },
	{ "tmpfs", "/tmp", VFS_MOUNT_NOSUID | VFS_MOUNT_NODEV, 01777 },
	{ "tmpfs", "/var/tmp", VFS_MOUNT_NOSUID | VFS_MOUNT_NODEV, 01777 },
	{ "tmpfs", "/windows", 0, 0755 },
};

/* A mount without a place: its nodes are laid over other filesystems' directories. */
static int make_specials(struct request *rq)
{
	const struct mount_spec spec = {
		.type = "tmpfs", .source = "none", .target = "/", .flags = VFS_MOUNT_NOSUID | VFS_MOUNT_NODEV,
	};
	uint16_t index;
	int err = find_free_mount(&index);

	if (!err)
		err = fill_mount(rq, &spec, index);
	if (!err)
		ARENA_SET(state->specials, index);
	return err;
}

int mount_boot(struct request *rq)
{
	struct mount_spec spec = { .type = "tmpfs", .source = "none", .target = "/", .flags = VFS_MOUNT_READONLY };
	size_t i;
	int err = mount_add(rq, &spec, NULL);

	for (i = 0; !err && i < sizeof(boot_mounts) / sizeof(boot_mounts[0]); i++) {
		spec.type = boot_mounts[i].type;
		spec.source = spec.type;
		spec.target = boot_mounts[i].target;
		spec.flags = boot_mounts[i].flags;
		spec.root_mode = boot_mounts[i].root_mode;
		err = mount_add(rq, &spec, NULL);
	}
	return err ? err : make_specials(rq);
}
