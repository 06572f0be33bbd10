/* services/vfsd/src/disk_fat_data.c: contents of files on FAT volumes.
 *
 * The device moves its bytes straight between the disk and the pages of the kernel's object, without
 * the name lock. A file's clusters do not change meanwhile: the kernel orders truncation
 * against write-back.
 */
#include <errno.h>
#include <sys/stat.h>

#include "disk_dev.h"
#include "disk_fat.h"
#include "disk_mount.h"
#include "dispatch.h"
#include "kernel.h"

/* Room is asked for in larger steps while there is enough. */
#define RESERVE_AHEAD (1u << 20)
#define PAGE_BYTES 4096ull	/* a page has all its bytes, and a block of the device lies in one */

static uint32_t clusters_of(const struct fat *fs, uint64_t bytes)
{
	return (uint32_t)((bytes + fs->cluster_bytes - 1) / fs->cluster_bytes);
}

static void give_back(struct fat *fs, struct node *node)
{
	fat_unreserve(fs, node->fat.reserved);
	node->fat.reserved = 0;
}

int fat_fs_reserve(struct node *node, uint64_t offset, uint64_t len, bool is_privileged, uint64_t *start, uint64_t *end)
{
	struct fat *fs = fat_of(node);
	struct fat_statistics statistics;
	uint32_t have, want;
	int err = fs ? 0 : -EIO;

	*start = *end = 0;
	if (err || !len) {
		if (fs)
			give_back(fs, node);
		return err;
	}
	if (offset >= FAT_SIZE_MAX)
		return -EFBIG;
	if (len > FAT_SIZE_MAX - offset)
		len = FAT_SIZE_MAX - offset;
	err = fat_statistics(fs, &statistics);
	have = clusters_of(fs, node->size) + node->fat.reserved;
	want = clusters_of(fs, offset + len);
	if (!err && want > have) {
		uint32_t more = want - have, ahead = more + RESERVE_AHEAD / fs->cluster_bytes;

		/* A nearly full disk gives what is asked for, or what is left. */
		if (ahead < statistics.free_clusters / 2)
			more = ahead;
		if (more > statistics.free_clusters)
			more = statistics.free_clusters;
		err = fat_reserve(fs, more);
		if (!err)
			node->fat.reserved += more;
		have += more;
	}
	*end = (uint64_t)have * fs->cluster_bytes;
	if (*end > FAT_SIZE_MAX)
		*end = FAT_SIZE_MAX;
	return err ? err : *end > offset ? 0 : -ENOSPC;
}

static int set_size(struct fat *fs, struct node *node, struct fat_file *file, uint64_t size)
{
	int err;

	if (!S_ISREG(node->mode))
		return S_ISDIR(node->mode) ? -EISDIR : -EINVAL;
	give_back(fs, node);
	err = fat_truncate(fs, file, size);
	node->fat.first = file->first;
	node->size = file->size;
	return err;
}

/* FAT has no owners, and of the mode one bit; a chmod that it cannot have is ignored, as on Linux. */
static int check_owner(const struct node *node, uint32_t mask, const struct vfs_attr *attr)
{
	const struct mount *mount = node_mount(node);

	if ((mask & VFS_SET_UID) && attr->uid != mount->attach_uid)
		return -EPERM;
	return (mask & VFS_SET_GID) && attr->gid != mount->attach_gid ? -EPERM : 0;
}

int fat_fs_setattr(struct request *rq, struct node *node, uint32_t mask, const struct vfs_attr *attr)
{
	struct fat *fs = fat_of(node);
	struct fat_file file;
	int err = fs ? check_owner(node, mask, attr) : -EIO;

	if (err)
		return err;
	disk_begin(rq);
	if ((mask & VFS_SET_SIZE) && (mask & ~VFS_SET_SIZE) == 0)
		node->mtime = rq->now;
	fat_file_of(node, &file);
	if (mask & VFS_SET_SIZE)
		err = set_size(fs, node, &file, attr->size);
	if (err)
		return err;
	if ((mask & VFS_SET_MODE) && S_ISREG(node->mode))
		node->fat.attr = (node->fat.attr & ~FAT_READ_ONLY) | (attr->mode & 0222 ? 0 : FAT_READ_ONLY);
	if (mask & (VFS_SET_ATIME | VFS_SET_ATIME_NOW))
		node->atime = mask & VFS_SET_ATIME ? attr->atime : rq->now;
	if (mask & (VFS_SET_MTIME | VFS_SET_MTIME_NOW))
		node->mtime = mask & VFS_SET_MTIME ? attr->mtime : rq->now;
	node->ctime = rq->now;
	/* The root has no entry that could say so. */
	if (node->fat.slot == FAT_NO_SLOT)
		return 0;
	fat_file_of(node, &file);
	return fat_store(fs, &file);
}

int fat_fs_sync(uint64_t number)
{
	struct node *node;
	struct fat *fs;
	int err;

	dispatch_lock_names();
	node = node_get(number);
	fs = node ? fat_of(node) : NULL;
	err = !node ? -ENOENT : fs ? fat_sync(fs) : -EIO;
	dispatch_unlock_names();
	return err;
}

/* Extents of one broker call from @offset on. Returns: how many; errno. */
static int map(struct fat *fs, const struct fat_file *file, uint64_t offset, uint64_t len, struct block_extent *out,
	       uint64_t *bytes)
{
	struct fat_extent extents[BLOCK_MAX_EXTENTS];
	uint64_t unit = fs->dev->block_bytes;
	int n;

	if (len > BLOCK_MAX_BYTES)
		len = BLOCK_MAX_BYTES;
	n = fat_map(fs, file, offset, (len + unit - 1) / unit * unit, extents, BLOCK_MAX_EXTENTS);
	*bytes = 0;
	for (int i = 0; i < n; i++) {
		out[i] = (struct block_extent){ .start = extents[i].start, .bytes = extents[i].bytes };
		*bytes += extents[i].bytes;
	}
	return n;
}

/* One piece. Returns: bytes of the disk that were moved, from @offset on. */
static long move_piece(uint64_t number, bool is_out, uint64_t offset, uint64_t len)
{
	struct block_extent extents[BLOCK_MAX_EXTENTS];
	struct fat_file file;
	struct node *node;
	uint32_t device = 0;
	uint64_t bytes = 0;
	struct fat *fs;
	int n = -ENOENT;

	dispatch_lock_names();
	node = node_get(number);
	fs = node ? fat_of(node) : NULL;
	if (node) {
		fat_file_of(node, &file);
		device = node_mount(node)->device;
		n = fs ? map(fs, &file, offset, len, extents, &bytes) : -EIO;
	}
	dispatch_unlock_names();
	if (n > 0)
		n = disk_move_pages(device, is_out, number, offset, extents, (unsigned int)n);
	else if (!n)
		n = -EIO;
	return n ? n : (long)bytes;
}

static long move_range(uint64_t number, bool is_out, uint64_t offset, uint64_t len)
{
	uint64_t done = 0;

	while (done < len) {
		long n = move_piece(number, is_out, offset + done, len - done);

		if (n < 0)
			return n;
		done += (uint64_t)n;
	}
	return (long)len;
}

static uint64_t size_of(uint64_t number)
{
	struct node *node;
	uint64_t size;

	dispatch_lock_names();
	node = node_get(number);
	size = node ? node->size : 0;
	dispatch_unlock_names();
	return size;
}

long fat_fs_page_in(uint64_t number, uint64_t offset, uint64_t len)
{
	uint64_t size = size_of(number);

	if (offset >= size)
		return 0;
	return move_range(number, false, offset, len < size - offset ? len : size - offset);
}

/* Clusters for a file up to @end, and zeroes from its end to @offset. */
static int make_room(struct fat *fs, struct node *node, uint64_t offset, uint64_t end)
{
	struct fat_file file;
	uint32_t reserved = node->fat.reserved, before = fs->nfree, used;
	int err = 0;

	fat_unreserve(fs, reserved);
	fat_file_of(node, &file);
	if (offset > file.size)
		err = fat_truncate(fs, &file, offset);
	if (!err)
		err = fat_allocate(fs, &file, end);
	node->fat.first = file.first;
	node->size = file.size;
	used = before > fs->nfree ? before - fs->nfree : 0;
	node->fat.reserved = reserved > used ? reserved - used : 0;
	if (fat_reserve(fs, node->fat.reserved))
		node->fat.reserved = 0;
	return err;
}

/* The entry says what the file has now; its times are those that the kernel kept meanwhile. */
static int finish(struct fat *fs, struct node *node, uint64_t end)
{
	struct vfs_attr ours;
	struct fat_file file;

	if (end > node->size)
		node->size = end;
	if (!kernel_node(VFS_NODE_ATTR, node->number, &ours))
		node->mtime = node->ctime = ours.mtime;
	node->fat.attr |= FAT_ARCHIVE;
	fat_file_of(node, &file);
	return file.slot == FAT_NO_SLOT ? 0 : fat_store(fs, &file);
}

static int with_node(uint64_t number, uint64_t offset, uint64_t end, bool is_done)
{
	struct node *node;
	struct fat *fs;
	int err;

	dispatch_lock_names();
	node = node_get(number);
	fs = node ? fat_of(node) : NULL;
	if (!fs)
		err = node ? -EIO : -ENOENT;
	else
		err = is_done ? finish(fs, node, end) : make_room(fs, node, offset, end);
	dispatch_unlock_names();
	return err;
}

long fat_fs_page_out(uint64_t number, uint64_t offset, uint64_t len)
{
	uint64_t start = offset & ~(PAGE_BYTES - 1), end = offset + len;
	long done;
	int err = end > FAT_SIZE_MAX ? -EFBIG : with_node(number, offset, end, false);

	if (err)
		return err;
	done = move_range(number, true, start, end - start);
	if (done < 0)
		return done;
	err = with_node(number, offset, end, true);
	return err ? err : (long)len;
}
