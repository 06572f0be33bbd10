/* kernel/io-manager/src/regular_disk.c: room and holes of files whose filesystem lies on a disk of ours: vfsd knows
 * them, once every byte that was written here is with it. */
#include <errno.h>

#include <linux/falloc.h>

#include "regular.h"

/* Under the inode's lock: nothing is on its way, and nothing waits. */
static int settle(struct inode *i)
{
	int err = inode_sync_contents(i);

	if (err)
		return err;
	WAIT_EVENT(&i->lock_wait, !atomic_load(&i->pageouts), 0, 0);
	return inode_write_back(i, 0, ~0ull);
}

static void set_size(struct inode *i, uint64_t size)
{
	spin_lock(&i->state_lock);
	i->attr.size = size;
	i->server_size = size;
	spin_unlock(&i->state_lock);
	mm_object_truncate(&i->object, size);
}

static int ask(struct inode *i, int mode, uint64_t offset, uint64_t end)
{
	struct ipc_kernel_call c = { .words = { VFS_ALLOCATE, i->node, (uint64_t)mode, offset, end - offset } };
	int err = settle(i);

	return err ? err : vfs_call_records(&c, NULL, 0, NULL);
}

/* Parts of pages are written as zeroes, whole pages go with their blocks: the last one, too. */
static int punch(struct inode *i, int mode, uint64_t offset, uint64_t end)
{
	uint64_t size = inode_size(i), first = ALIGN_UP(offset, PAGE_SIZE), last = ALIGN_DOWN(end, PAGE_SIZE);
	int err;

	if (end >= size)
		last = end = ALIGN_UP(end, PAGE_SIZE);
	err = object_zero_edges(&i->object, offset, MIN(end, size));
	if (!err)
		err = ask(i, mode, offset, end);
	if (!err && first < last)
		mm_object_punch(&i->object, first / PAGE_SIZE, last / PAGE_SIZE - 1);
	return err;
}

static int allocate_locked(struct inode *i, int mode, uint64_t offset, uint64_t end)
{
	int err = mode & FALLOC_FL_PUNCH_HOLE ? punch(i, mode, offset, end) : ask(i, mode, offset, end);

	if (err)
		return err;
	if (!(mode & FALLOC_FL_KEEP_SIZE) && end > inode_size(i))
		set_size(i, end);
	i->room_start = i->room_end = 0;
	inode_touch(i, false, true);
	return 0;
}

int regular_disk_allocate(struct inode *i, int mode, uint64_t offset, uint64_t len)
{
	int err;

	mutex_lock(&i->lock);
	err = inode_sync_contents(i);
	if (!err)
		err = inode_kill_set_id(i);
	if (!err)
		err = allocate_locked(i, mode, offset, offset + len);
	mutex_unlock(&i->lock);
	return err;
}

int64_t regular_disk_seek(struct inode *i, uint64_t offset, bool is_hole)
{
	struct ipc_kernel_call c = { .words = { VFS_SEEK, i->node, offset, is_hole } };
	int err;

	mutex_lock(&i->lock);
	err = settle(i);
	mutex_unlock(&i->lock);
	if (!err)
		err = vfs_call(&c);
	return err ? err : (int64_t)c.words[1];
}
