/* services/vfsd/src/disk_fat.c: see disk_fat.h. */
#include "disk_fat.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include "deferred.h"
#include "disk_dev.h"
#include "disk_mount.h"
#include "kernel.h"

#define CACHE_BYTES (1u << 20)
#define ROOT_KEY UINT64_MAX
#define ROOT_INO 1

static struct volume {
	struct fat fs;
	struct blockdev dev;
	void *cache;
} *volumes[VFSD_MOUNTS];

static void drop(uint16_t index)
{
	free(volumes[index]->cache);
	free(volumes[index]);
	volumes[index] = NULL;
}

/* What the kernel has not written back yet has room on the disk already. */
static void reserve_again(uint16_t index)
{
	const struct node_block *block;

	for (block = arena_at(state->node_blocks); block; block = arena_at(block->next))
		for (unsigned int i = 0; i < NODES_AT_ONCE; i++)
			if (block->nodes[i].number && block->nodes[i].mount == index)
				fat_reserve(&volumes[index]->fs, block->nodes[i].fat.reserved);
}

static int open_volume(uint16_t index, bool is_continued)
{
	const struct mount *mount = &state->mounts[index];
	const struct fat_options options = {
		.is_read_only = mount->flags & VFS_MOUNT_READONLY, .is_continued = is_continued,
	};
	struct volume *volume = calloc(1, sizeof(*volume));
	int err;

	if (!volume)
		return -ENOMEM;
	volumes[index] = volume;
	volume->cache = malloc(CACHE_BYTES);
	err = volume->cache ? disk_open(mount->device, &volume->dev) : -ENOMEM;
	if (!err && volume->dev.is_read_only && !options.is_read_only)
		err = -EACCES;
	if (!err)
		err = fat_mount(&volume->fs, &volume->dev, &options, volume->cache, CACHE_BYTES);
	if (err)
		drop(index);
	else
		reserve_again(index);
	return err;
}

struct fat *fat_of(const struct node *node)
{
	uint16_t index = node->mount;

	if (!volumes[index] && (!state->mounts[index].device || open_volume(index, true)))
		return NULL;
	return &volumes[index]->fs;
}

/* ---- Options ---- */

static int set_number(struct mount *mount, const char *key, size_t len, const char *value)
{
	bool is_mask = len == 5 && !memcmp(key + 1, "mask", 4);
	unsigned long number;
	char *end;

	errno = 0;
	number = strtoul(value, &end, is_mask ? 8 : 10);
	if (end == value || (*end && *end != ',') || errno || number > UINT32_MAX)
		return -EINVAL;
	if (is_mask && key[0] != 'd')
		mount->fmask = number & 0777;
	if (is_mask && key[0] != 'f')
		mount->dmask = number & 0777;
	if (len == 3 && key[0] == 'u')
		mount->attach_uid = (uint32_t)number;
	if (len == 3 && key[0] == 'g')
		mount->attach_gid = (uint32_t)number;
	return 0;
}

/* Names are always UTF-8 outside; what only says so, or how to show short names, is taken. */
static bool is_taken(const char *key, size_t len)
{
	static const char *const known[] = {
		"utf8", "utf8=1", "iocharset=utf8", "shortname=mixed", "codepage=437", "errors=remount-ro", "rw", "ro", "relatime",
		"flush", "quiet", "",
	};

	return disk_option_is_among(known, sizeof(known) / sizeof(known[0]), key, len);
}

static bool is_numeric(const char *key, size_t len)
{
	static const char *const known[] = { "uid", "gid", "umask", "fmask", "dmask" };

	return disk_option_is_among(known, sizeof(known) / sizeof(known[0]), key, len);
}

static int read_options(struct mount *mount, const char *at)
{
	mount->fmask = mount->dmask = FAT_DEFAULT_MASK;
	while (*at) {
		size_t len = strcspn(at, ","), key = strcspn(at, ",=");
		int err = 0;

		if (at[key] == '=' && is_numeric(at, key))
			err = set_number(mount, at, key, at + key + 1);
		else if (!is_taken(at, len))
			err = -EINVAL;
		if (err)
			return err;
		at += at[len] ? len + 1 : len;
	}
	return 0;
}

/* ---- Mounts ---- */

static int make_root(uint16_t index, struct node **root)
{
	struct node *node = node_create(index, S_IFDIR | 0777);
	struct fat_file file;

	if (!node)
		return -ENOMEM;
	fat_root(&volumes[index]->fs, &file);
	fat_keep(node, &file);
	node->ino = ROOT_INO;
	*root = node;
	return node_set_key(node, ROOT_KEY);
}

int fat_volume_mount(struct request *rq, uint16_t index, const struct mount_spec *spec, struct node **root)
{
	struct mount *mount = &state->mounts[index];
	struct block_info info;
	int err = read_options(mount, spec->options ? spec->options : "");

	if (!err)
		err = disk_take(rq, mount, spec->source, &info);
	if (err)
		return err;
	err = open_volume(index, false);
	if (!err)
		err = make_root(index, root);
	if (err) {
		if (volumes[index])
			drop(index);
		disk_give_back(mount);
	}
	return err;
}

int fat_volume_close(uint16_t index)
{
	struct mount *mount = &state->mounts[index];
	int err = 0;

	if (volumes[index]) {
		err = fat_unmount(&volumes[index]->fs);
		drop(index);
	}
	disk_give_back(mount);
	return err;
}

int fat_volume_set_read_only(uint16_t index, bool is_read_only)
{
	struct fat *fs = fat_of(node_at(state->mounts[index].root));

	return fs ? fat_set_read_only(fs, is_read_only) : -EIO;
}

int fat_volumes_settle(void)
{
	int err = 0;

	for (unsigned int i = 0; i < VFSD_MOUNTS; i++) {
		int failed = volumes[i] ? fat_settle(&volumes[i]->fs) : 0;

		err = err ? err : failed;
	}
	return err;
}

static void leave(uint16_t index)
{
	if (state->mounts[index].fs != FS_FAT || !disk_is_left(index))
		return;
	if (fat_volume_close(index))
		kernel_log("a volume was not left whole");
}

void fat_recover(void)
{
	for (uint16_t i = 0; i < VFSD_MOUNTS; i++)
		leave(i);
}

void fat_volume_release(uint16_t index, uint32_t first)
{
	struct fat_file file = { .slot = FAT_NO_SLOT, .first = first };

	if (first && volumes[index] && fat_release(&volumes[index]->fs, &file))
		kernel_log("clusters of a deleted file from %u on are lost", first);
	leave(index);
}

/* ---- Files ---- */

static struct vfs_time time_of(struct fat_time time)
{
	return (struct vfs_time){ .sec = time.sec, .nsec = time.nsec };
}

static struct fat_time fat_time_of(struct vfs_time time)
{
	return (struct fat_time){ .sec = time.sec, .nsec = time.nsec };
}

void fat_file_of(const struct node *node, struct fat_file *out)
{
	*out = (struct fat_file){
		.dir = node->fat.dir, .slot = node->fat.slot, .first = node->fat.first, .attr = node->fat.attr,
		.size = S_ISDIR(node->mode) ? 0 : (uint32_t)node->size, .mtime = fat_time_of(node->mtime),
		.atime = fat_time_of(node->atime), .btime = fat_time_of(node->btime),
	};
}

void fat_keep(struct node *node, const struct fat_file *file)
{
	node->fat.dir = file->dir;
	node->fat.slot = file->slot;
	node->fat.first = file->first;
	node->fat.attr = file->attr;
	node->size = file->size;
	node->mtime = node->ctime = time_of(file->mtime);
	node->atime = time_of(file->atime);
	node->btime = time_of(file->btime);
}

static int fat_fs_getattr(struct request *rq, struct node *node, struct vfs_attr *attr)
{
	const struct mount *mount = node_mount(node);
	struct fat *fs = fat_of(node);
	bool is_dir = S_ISDIR(node->mode);
	uint32_t cluster = fs ? fs->cluster_bytes : 4096;

	attr->flags = VFS_NODE_OPEN_READ_FREE | VFS_NODE_OPEN_WRITE_FREE;
	if (!is_dir)
		attr->flags |= VFS_NODE_PAGER | VFS_NODE_RESERVES;
	attr->mode = (node->mode & S_IFMT) | (0777u & ~(uint32_t)(is_dir ? mount->dmask : mount->fmask));
	if (!is_dir && (node->fat.attr & FAT_READ_ONLY))
		attr->mode &= ~0222u;
	attr->nlink = node->state & NODE_GONE ? 0 : 1;
	attr->uid = mount->attach_uid;
	attr->gid = mount->attach_gid;
	attr->blksize = cluster;
	attr->ino = node->ino;
	attr->size = is_dir ? cluster : node->size;
	attr->blocks = (attr->size + cluster - 1) / cluster * (cluster / 512);
	attr->atime = node->atime;
	attr->mtime = node->mtime;
	attr->ctime = node->ctime;
	attr->btime = node->btime;
	return 0;
}

static int fat_fs_statfs(struct request *rq, struct node *node, struct statfs *out)
{
	struct fat_statistics statistics;
	struct fat *fs = fat_of(node);
	int err = fs ? fat_statistics(fs, &statistics) : -EIO;

	if (err)
		return err;
	out->f_bsize = out->f_frsize = statistics.cluster_bytes;
	out->f_blocks = statistics.clusters;
	out->f_bfree = out->f_bavail = statistics.free_clusters;
	return 0;
}

static void fat_fs_forget(struct node *node)
{
	struct fat *fs = node->fat.reserved ? fat_of(node) : NULL;

	if (fs)
		fat_unreserve(fs, node->fat.reserved);
	if (((node->state & NODE_GONE) && node->fat.first) || (node_mount(node)->flags & MOUNT_DETACHED))
		defer_fat_release(node->mount, node->state & NODE_GONE ? node->fat.first : 0);
}

const struct fs_ops fat_ops = {
	.name_lease_ns = VFS_LEASE_FOREVER,
	.missing_lease_ns = VFS_LEASE_FOREVER,
	.attr_lease_ns = VFS_LEASE_FOREVER,
	.lookup = fat_fs_lookup,
	.getattr = fat_fs_getattr,
	.create = fat_fs_create,
	.unlink = fat_fs_unlink,
	.rename = fat_fs_rename,
	.setattr = fat_fs_setattr,
	.readdir = fat_fs_readdir,
	.statfs = fat_fs_statfs,
	.reserve = fat_fs_reserve,
	.sync = fat_fs_sync,
	.page_in = fat_fs_page_in,
	.page_out = fat_fs_page_out,
	.forget = fat_fs_forget,
};
