/* kernel/io-manager/src/vfs_pager.c: the pages of files whose contents vfsd fetches and stores.
 *
 * vfsd names the object's pages by node; the transport moves the bytes without a copy
 * through vfsd. A request that found vfsd dead is parked and sent again by ipc-runtime; one
 * that failed on the way is tried once more here.
 */
#include <errno.h>
#include <string.h>

#include "loop.h"
#include "vfs_private.h"

#define TRIES 2

static struct inode *inode_of(struct mm_object *obj)
{
	return container_of(obj, struct inode, object);
}

static int call_with_retry(const struct ipc_kernel_call *request, uint64_t *done)
{
	int err = -EIO;

	for (unsigned t = 0; t < TRIES; t++) {
		struct ipc_kernel_call c = *request;

		err = vfs_call(&c);
		if (!err && done)
			*done = c.words[1];
		if (err != -EPIPE && err != -ETIMEDOUT)
			break;
	}
	return err;
}

/* Bytes behind what the owner has read as zero. */
static void clear_from(struct mm_object *obj, uint64_t index, uint32_t npages, uint64_t filled)
{
	for (uint32_t p = (uint32_t)(filled / PAGE_SIZE); p < npages; p++) {
		struct frame *frame = mm_object_page_for_io(obj, index + p);
		uint64_t start = (uint64_t)p * PAGE_SIZE, keep = filled > start ? filled - start : 0;

		if (!frame)
			continue;
		memset((uint8_t *)frame_virt(frame) + keep, 0, PAGE_SIZE - keep);
		frame_put(frame);
	}
}

static int page_in(struct mm_object *obj, uint64_t index, uint32_t npages)
{
	struct inode *i = inode_of(obj);
	uint64_t offset = index * PAGE_SIZE, want = (uint64_t)npages * PAGE_SIZE, has = READ_ONCE(i->server_size), filled = 0;
	struct ipc_kernel_call c = { .words = { VFS_PAGE_IN, i->node, offset, 0, loop_is_current_thread() } };
	int err;

	if (offset < has) {
		c.words[3] = MIN(want, ALIGN_UP(has - offset, PAGE_SIZE));
		err = call_with_retry(&c, &filled);
		if (err)
			return err == -ETIMEDOUT ? -EIO : err;
	}
	clear_from(obj, index, npages, MIN(filled, want));
	return 0;
}

static void note_written(struct inode *i, uint64_t end)
{
	spin_lock(&i->state_lock);
	i->server_size = MAX(i->server_size, end);
	spin_unlock(&i->state_lock);
}

static int page_out(struct mm_object *obj, uint64_t offset, uint64_t len)
{
	struct inode *i = inode_of(obj);
	struct ipc_kernel_call c = { .words = { VFS_PAGE_OUT, i->node, offset, len } };
	uint64_t size;
	int err = 0;

	inode_mark_ours(i);
	/* Before the size is looked at: who cuts the file waits until none is under way. */
	atomic_add(&i->pageouts, 1);
	size = inode_size(i);
	/* A page of a shared mapping goes whole, clipped to the file's size. */
	if (offset < size) {
		c.words[3] = len = MIN(len, size - offset);
		err = call_with_retry(&c, NULL);
		if (!err)
			note_written(i, offset + len);
	}
	atomic_sub(&i->pageouts, 1);
	waitq_wake_all(&i->lock_wait, 0);
	return err;
}

static void dirtied(struct mm_object *obj, uint64_t index)
{
	struct inode *i = inode_of(obj);

	if (!atomic_load(&i->mapped_dirty_ns))
		atomic_store(&i->mapped_dirty_ns, clock_realtime_ns());
}

/* A mapping is about to write. A close meanwhile may give the room back; then write-back tells of a full disk. */
static int reserve(struct mm_object *obj, uint64_t index)
{
	struct inode *i = inode_of(obj);
	uint64_t offset = index * PAGE_SIZE, size, want, len;
	int err = 0;

	if (!(i->attr.flags & VFS_NODE_RESERVES))
		return 0;
	mutex_lock(&i->lock);
	size = inode_size(i);
	len = want = offset < size ? MIN(PAGE_SIZE, size - offset) : 0;
	if (len)
		err = inode_take_room(i, offset, &len);
	if (!err && len < want)
		err = -ENOSPC;
	mutex_unlock(&i->lock);
	return err;
}

/* The inode outlives its object's references; nothing is left to do. */
static void released(struct mm_object *obj)
{
	(void)obj;
}

const struct mm_pager_ops vfs_pager_ops = {
	.page_in = page_in,
	.page_out = page_out,
	.reserve = reserve,
	.dirtied = dirtied,
	.release = released,
};
