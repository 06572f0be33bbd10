/* kernel/io-manager/src/regular_space.c: sizes, holes and mappings of regular files. */
#include <errno.h>

#include <io/notify.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/inotify.h>
#include <mm/space.h>
#include <mm/usercopy.h>
#include <ps/process.h>
#include <asm/resource.h>
#include <asm/signal.h>

#include "regular.h"

#define MAX_OFFSET 0x7fffffffffffffffull

/* ---- truncation ---- */

static int truncate_pager(struct inode *i, uint64_t size)
{
	struct vfs_attr attr = { .node = i->node, .size = size };
	struct ipc_kernel_call c = { .words = { VFS_SETATTR, i->node, VFS_SET_SIZE }, .data = &attr, .data_len = sizeof(attr) };
	uint64_t old = inode_size(i);
	int err;

	/* Dirty bytes behind the new end must not be written after the server has cut. */
	if (size < i->object.size_bytes) {
		inode_set_size_locked(i, size);
		mm_object_truncate(&i->object, size);
	}
	WAIT_EVENT(&i->lock_wait, !atomic_load(&i->pageouts), 0, 0);
	err = inode_write_back(i, 0, ~0ull);
	if (!err)
		err = vfs_call_records(&c, NULL, 0, NULL);
	i->room_start = i->room_end = 0;
	if (err) {
		inode_set_size_locked(i, old);
		mm_object_truncate(&i->object, old);
		return err;
	}
	spin_lock(&i->state_lock);
	i->attr.size = size;
	i->server_size = size;
	i->contents_stale = false;
	spin_unlock(&i->state_lock);
	mm_object_truncate(&i->object, size);
	inode_touch(i, false, true);
	return 0;
}

static int truncate_changing(struct inode *i, uint64_t size)
{
	int err;

	inode_begin_change(i);
	err = truncate_pager(i, size);
	inode_end_change(i);
	return err;
}

static int truncate_locked(struct inode *i, uint64_t size)
{
	int err = inode_sync_contents(i);

	if (!err)
		err = inode_check_seals(i, inode_size(i), size);
	if (!err)
		err = inode_kill_set_id(i);
	if (err)
		return err;
	if (inode_is_pager(i))
		return truncate_changing(i, size);
	mm_object_truncate(&i->object, size);
	inode_set_size_locked(i, size);
	inode_touch(i, false, true);
	return 0;
}

static int check_size_limit(uint64_t size)
{
	if (size > MAX_OFFSET)
		return -EFBIG;
	if (size > ps_limit(RLIMIT_FSIZE)) {
		signal_send_thread(ps_current_thread(), SIGXFSZ, NULL);
		return -EFBIG;
	}
	return 0;
}

int regular_truncate_inode(struct inode *i, uint64_t size)
{
	int err;

	if (i->attr.flags & VFS_NODE_BUNDLE)
		return -EROFS;
	if (size > inode_size(i)) {
		err = check_size_limit(size);
		if (err)
			return err;
	}
	mutex_lock(&i->lock);
	err = truncate_locked(i, size);
	mutex_unlock(&i->lock);
	if (!err)
		notify_inode(i, IN_MODIFY);
	return err;
}

int regular_truncate(struct file *f, uint64_t size)
{
	return regular_truncate_inode(f->inode, size);
}

/* ---- fallocate ---- */

static int zero_part(struct mm_object *obj, uint64_t from, uint64_t to)
{
	struct frame *frame;
	int err;

	if (from >= to)
		return 0;
	err = mm_object_page_get(obj, from / PAGE_SIZE, 0, 0, &frame);
	if (err || !frame)
		return err;
	__builtin_memset((uint8_t *)frame_virt(frame) + from % PAGE_SIZE, 0, to - from);
	mm_object_page_dirty(obj, frame, (unsigned)(from % PAGE_SIZE), (unsigned)((to - 1) % PAGE_SIZE + 1));
	frame_put(frame);
	return 0;
}

/* Where the whole pages of a hole that ends at @end have their end. */
static uint64_t last_page_end(const struct mm_object *obj, uint64_t end)
{
	return end == obj->size_bytes ? ALIGN_UP(end, PAGE_SIZE) : ALIGN_DOWN(end, PAGE_SIZE);
}

int object_zero_edges(struct mm_object *obj, uint64_t offset, uint64_t end)
{
	uint64_t first = ALIGN_UP(offset, PAGE_SIZE), last = last_page_end(obj, end);
	int err;

	if (first > last)
		return zero_part(obj, offset, end);
	err = zero_part(obj, offset, MIN(first, end));
	return !err && last < end ? zero_part(obj, last, end) : err;
}

static int punch(struct inode *i, uint64_t offset, uint64_t len)
{
	struct mm_object *obj = &i->object;
	uint64_t end = MIN(offset + len, obj->size_bytes);
	uint64_t first = ALIGN_UP(offset, PAGE_SIZE), last = last_page_end(obj, end);
	int err;

	if (offset >= end)
		return 0;
	err = object_zero_edges(obj, offset, end);
	if (!err && first < last)
		mm_object_punch(obj, first / PAGE_SIZE, last / PAGE_SIZE - 1);
	return err;
}

static int fill(struct inode *i, uint64_t offset, uint64_t end)
{
	uint64_t old = i->object.size_bytes;

	if (end > old)
		mm_object_truncate(&i->object, end);
	for (uint64_t index = offset / PAGE_SIZE; index * PAGE_SIZE < end; index++) {
		struct frame *frame;
		int err = mm_object_page_get(&i->object, index, MM_PAGE_CREATE, 0, &frame);

		if (err) {
			mm_object_truncate(&i->object, old);
			return err == -ENOMEM ? -ENOSPC : err;
		}
		frame_put(frame);
		sched_cond_resched();
	}
	return 0;
}

static bool has_room_for(uint64_t bytes)
{
	struct mm_statistics s;

	mm_statistics(&s);
	return s.shmem_pages + bytes / PAGE_SIZE <= s.total_pages / 2 && bytes / PAGE_SIZE < s.free_pages;
}

static int allocate_locked(struct inode *i, int mode, uint64_t offset, uint64_t len)
{
	uint64_t end = offset + len;
	int err;

	if (mode & FALLOC_FL_PUNCH_HOLE) {
		err = inode_is_sealed_against_writes(i) ? -EPERM : punch(i, offset, len);
	} else {
		err = inode_check_seals(i, inode_size(i), MAX(end, inode_size(i)));
		if (err)
			return err;
		if (!has_room_for(len))
			return -ENOSPC;
		/* With KEEP_SIZE, pages behind the end cannot exist: the part within is filled. */
		if (mode & FALLOC_FL_KEEP_SIZE)
			end = MIN(end, inode_size(i));
		err = offset < end ? fill(i, offset, end) : 0;
		if (!err && end > inode_size(i))
			inode_set_size_locked(i, end);
	}
	if (!err)
		inode_touch(i, false, true);
	return err;
}

static int allocate(struct inode *i, int mode, uint64_t offset, uint64_t len)
{
	int err;

	mutex_lock(&i->lock);
	err = inode_kill_set_id(i);
	if (!err)
		err = allocate_locked(i, mode, offset, len);
	mutex_unlock(&i->lock);
	return err;
}

static bool is_on_disk(const struct inode *i)
{
	return inode_is_pager(i) && (i->attr.flags & VFS_NODE_RESERVES);
}

int regular_allocate(struct file *f, int mode, uint64_t offset, uint64_t len)
{
	struct inode *i = f->inode;
	int err;

	if ((!inode_is_kernel_data(i) && !is_on_disk(i)) || (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE)))
		return -EOPNOTSUPP;
	if ((mode & FALLOC_FL_PUNCH_HOLE) && !(mode & FALLOC_FL_KEEP_SIZE))
		return -EOPNOTSUPP;
	if (!(mode & FALLOC_FL_KEEP_SIZE) && offset + len > inode_size(i)) {
		err = check_size_limit(offset + len);
		if (err)
			return err;
	}
	err = is_on_disk(i) ? regular_disk_allocate(i, mode, offset, len) : allocate(i, mode, offset, len);
	if (!err)
		notify_inode(i, IN_MODIFY);
	return err;
}

/* ---- positions ---- */

static int64_t seek_data(struct inode *i, uint64_t offset)
{
	uint64_t index;

	if (!inode_is_kernel_data(i))
		return (int64_t)offset;
	index = mm_object_next_data(&i->object, offset / PAGE_SIZE);
	if (index == ~0ull || index * PAGE_SIZE >= inode_size(i))
		return -ENXIO;
	return (int64_t)MAX(offset, index * PAGE_SIZE);
}

static int64_t seek_hole(struct inode *i, uint64_t offset)
{
	uint64_t index, size = inode_size(i);

	if (!inode_is_kernel_data(i))
		return (int64_t)size;
	index = mm_object_next_hole(&i->object, offset / PAGE_SIZE);
	if (index == ~0ull || index * PAGE_SIZE >= size)
		return (int64_t)size;
	return (int64_t)MAX(offset, index * PAGE_SIZE);
}

static int64_t seek_target(struct file *f, int64_t offset, int whence)
{
	struct inode *i = f->inode;
	uint64_t size;
	int err;

	switch (whence) {
	case SEEK_SET:
		return offset;
	case SEEK_CUR:
		return (int64_t)(f->offset + (uint64_t)offset);
	default:
		break;
	}
	err = inode_revalidate(i);
	if (err)
		return err;
	size = inode_size(i);
	switch (whence) {
	case SEEK_END:
		return (int64_t)(size + (uint64_t)offset);
	case SEEK_DATA:
	case SEEK_HOLE:
		if (offset < 0 || (uint64_t)offset >= size)
			return -ENXIO;
		if (is_on_disk(i))
			return regular_disk_seek(i, (uint64_t)offset, whence == SEEK_HOLE);
		return whence == SEEK_DATA ? seek_data(i, (uint64_t)offset) : seek_hole(i, (uint64_t)offset);
	default:
		return -EINVAL;
	}
}

int64_t regular_seek(struct file *f, int64_t offset, int whence)
{
	int64_t target;

	mutex_lock(&f->position_lock);
	target = seek_target(f, offset, whence);
	if (target >= 0)
		f->offset = (uint64_t)target;
	else if (whence <= SEEK_END)
		target = -EINVAL;
	mutex_unlock(&f->position_lock);
	return target;
}

/* ---- mapping ---- */

int regular_map(struct file *f, uint32_t prot, bool shared, struct mm_object **out)
{
	if (shared && (prot & MM_WRITE) && inode_is_sealed_against_writes(f->inode))
		return -EPERM;
	return inode_contents(f->inode, out);
}

int64_t regular_ioctl(struct file *f, uint32_t cmd, uint64_t arg)
{
	int left;

	if (cmd != 0x541b)	/* FIONREAD */
		return -ENOTTY;
	left = (int)(inode_size(f->inode) - MIN(inode_size(f->inode), f->offset));
	return put_user(left, (int __user *)arg);
}
