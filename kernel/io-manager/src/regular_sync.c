/* kernel/io-manager/src/regular_sync.c: bringing written bytes to the owner, and who hears of errors.
 *
 * A failed write-back is remembered with a number in the inode; each open file reports
 * each once, at fsync or close (as Linux's errseq does).
 */
#include <errno.h>

#include <linux/capability.h>
#include <ps/process.h>

#include "regular.h"

static void note_error(struct inode *i, int err)
{
	spin_lock(&i->state_lock);
	i->last_error = err;
	i->error_count++;
	spin_unlock(&i->state_lock);
}

/* The bytes stay dirty and will be tried again: nothing is lost. */
static bool is_temporary(int err)
{
	return err == -ENOMEM || err == -EINTR || err == -EAGAIN || err == -ETIMEDOUT || err == -EPIPE;
}

int inode_write_back_object(struct inode *i, struct mm_object *obj, uint64_t offset, uint64_t len)
{
	int err = mm_object_sync(obj, offset, len), sticky = mm_object_take_error(obj);

	if (sticky || (err && !is_temporary(err)))
		note_error(i, sticky ? sticky : err);
	return err ? err : sticky;
}

int inode_write_back(struct inode *i, uint64_t offset, uint64_t len)
{
	return inode_write_back_object(i, &i->object, offset, len);
}

int file_take_error(struct file *f)
{
	struct inode *i = f->inode;
	int err = 0;

	spin_lock(&i->state_lock);
	if (f->error_seen != i->error_count) {
		f->error_seen = i->error_count;
		err = i->last_error;
	}
	spin_unlock(&i->state_lock);
	return err;
}

static int collect(struct file *f, int err)
{
	int seen = file_take_error(f);

	return err ? err : seen;
}

int regular_sync_range(struct file *f, uint64_t offset, uint64_t len)
{
	if (!inode_is_pager(f->inode))
		return 0;
	return collect(f, inode_write_back(f->inode, offset, len));
}

int regular_fsync(struct file *f, bool data_only)
{
	struct inode *i = f->inode;
	struct ipc_kernel_call c = { .words = { VFS_SYNC, i->node, data_only } };
	int err;

	if (!inode_is_pager(i))
		return 0;
	err = collect(f, inode_write_back(i, 0, ~0ull));
	return err ? err : vfs_call(&c);
}

int inode_take_room(struct inode *i, uint64_t offset, uint64_t *len)
{
	struct ipc_kernel_call c = { .words = { VFS_RESERVE, i->node, offset, *len } };
	int err;

	if (!(i->attr.flags & VFS_NODE_RESERVES) || (offset >= i->room_start && offset + *len <= i->room_end))
		return 0;
	c.words[4] = !ps_current_is_process() || ps_capable(CAP_SYS_RESOURCE);
	err = vfs_call(&c);
	if (err)
		return err;
	i->room_start = c.words[1];
	i->room_end = c.words[2];
	*len = MIN(*len, i->room_end - offset);
	return 0;
}

/* What a disk kept for writes that did not come. */
static void give_room_back(struct inode *i)
{
	struct ipc_kernel_call c = { .words = { VFS_RESERVE, i->node } };

	mutex_lock(&i->lock);
	if (i->room_end && mm_object_is_written(&i->object) && !vfs_call(&c))
		i->room_start = i->room_end = 0;
	mutex_unlock(&i->lock);
}

static int write_back_at_close(struct file *f)
{
	int err = collect(f, inode_write_back(f->inode, 0, ~0ull));

	if (READ_ONCE(f->inode->room_end))
		give_room_back(f->inode);
	return err;
}

int regular_flush(struct file *f, void *process)
{
	struct inode *i = f->inode;

	if (!(f->access & RIGHT_WRITE) || !inode_is_pager(i))
		return 0;
	if (mm_object_is_written(&i->object))
		return file_take_error(f);
	return write_back_at_close(f);
}
