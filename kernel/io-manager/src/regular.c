/* kernel/io-manager/src/regular.c: read and write of regular files through their memory object.
 *
 * Reads hold no lock but a reference to one page at a time. Writes are ordered by the
 * inode's lock; user memory is copied with faults off under it, and brought in between
 * tries (so that a write from a mapping of the page being written ends).
 */
#include <errno.h>
#include <string.h>

#include <io/notify.h>
#include <ps/process.h>
#include <asm/resource.h>
#include <asm/signal.h>

#include "regular.h"

#define MAX_OFFSET 0x7fffffffffffffffull
#define WRITE_STRETCH (1u << 20)	/* bytes written under the lock at once */
#define READAHEAD_MAX 126u		/* pages: one 9P exchange */
#define DAY_SEC 86400

static const uint8_t zero_page[PAGE_SIZE];

/* ---- reading ---- */

/* As Linux's relatime: once after each change, and once a day. */
static bool atime_is_due(const struct vfs_attr *a)
{
	if (!vfs_time_is_later(&a->atime, &a->mtime) || !vfs_time_is_later(&a->atime, &a->ctime))
		return true;
	return vfs_time_now().sec - a->atime.sec >= DAY_SEC;
}

static void account_read(struct io_request *rq)
{
	struct inode *i = rq->file->inode;

	if (!inode_is_kernel_data(i) || (atomic_load(&rq->file->flags) & O_NOATIME) || (i->attr.flags & VFS_NODE_READONLY))
		return;
	if (atime_is_due(&i->attr))
		inode_touch(i, true, false);
}

static unsigned readahead_for(struct file *f, uint64_t index)
{
	uint64_t pages;

	pages = index == f->readahead_next ? MIN(MAX(f->readahead_pages * 2, 4ul), (uint64_t)READAHEAD_MAX) : 1;
	if (index == 0)
		pages = MAX(pages, 4ul);
	f->readahead_pages = pages;
	f->readahead_next = index + pages;
	return (unsigned)pages;
}

static int find_page(struct file *f, struct mm_object *obj, uint64_t index, struct frame **out)
{
	*out = mm_object_page_lookup(obj, index);
	if (likely(*out))
		return 0;
	return mm_object_page_get(obj, index, 0, obj->pager ? readahead_for(f, index) : 0, out);
}

/* Copy @n bytes that lie in one page. Returns: bytes, fewer where user memory ends; errno. */
static int64_t read_page(struct io_request *rq, struct mm_object *obj, uint64_t offset, uint64_t n)
{
	struct frame *frame;
	int err = find_page(rq->file, obj, offset / PAGE_SIZE, &frame);
	size_t got;

	if (err)
		return err == -EFAULT ? 0 : err;	/* truncated meanwhile */
	got = io_copy_to(&rq->vector, frame ? (uint8_t *)frame_virt(frame) + offset % PAGE_SIZE : zero_page, n, &err);
	if (frame)
		frame_put(frame);
	return err ? err : (int64_t)got;
}

int64_t object_read(struct io_request *rq, struct mm_object *obj, uint64_t size)
{
	uint64_t offset = rq->offset;
	int64_t done = 0;

	while (rq->vector.left && offset < size) {
		uint64_t want = MIN(MIN(PAGE_SIZE - offset % PAGE_SIZE, size - offset), rq->vector.left);
		int64_t n = read_page(rq, obj, offset, want);

		if (n < 0)
			return done ? done : n;
		done += n;
		offset += (uint64_t)n;
		if ((uint64_t)n < want)
			break;
		sched_cond_resched();
	}
	return done;
}

static int64_t regular_read(struct io_request *rq)
{
	struct inode *i = rq->file->inode;
	struct mm_object *obj = &i->object;
	int64_t n;
	int err;

	if (rq->offset > MAX_OFFSET)
		return -EINVAL;
	if (unlikely(i->attr.flags & VFS_NODE_BUNDLE)) {
		err = inode_contents(i, &obj);
		if (err)
			return err;
		n = object_read(rq, obj, obj->size_bytes);
		mm_object_put(obj);
		return n;
	}
	if (!inode_is_kernel_data(i)) {
		err = inode_sync_contents(i);
		if (err)
			return err;
	}
	n = object_read(rq, obj, inode_size(i));
	account_read(rq);
	return n;
}

/* ---- writing ---- */

/* Write-back, which is clipped to the file's size, may take a page as soon as it is dirty. */
static void grow(struct write_state *w, uint64_t end)
{
	if (w->inode && end > inode_size(w->inode))
		inode_set_size_locked(w->inode, end);
}

/* The whole of an absent page: its owner need not be asked for what goes away.
 * Returns: bytes, 0 when memory has to be brought in; errno. */
static int64_t overwrite_page(struct write_state *w, uint64_t index)
{
	struct io_vector before = w->rq->vector;
	struct frame *frame;
	int err = mm_object_page_get(w->obj, index, MM_PAGE_CREATE | MM_PAGE_OVERWRITE, 0, &frame);
	size_t got;

	if (err)
		return err;
	got = io_copy_from_nofault(&w->rq->vector, frame_virt(frame), PAGE_SIZE);
	if (got < PAGE_SIZE) {
		/* Half a page would leave nothing to put around it. */
		mm_object_page_abandon(w->obj, frame);
		w->rq->vector = before;
		got = 0;
	} else {
		grow(w, (index + 1) * PAGE_SIZE);
		mm_object_page_dirty(w->obj, frame, 0, PAGE_SIZE);
	}
	frame_put(frame);
	return (int64_t)got;
}

int64_t object_write_page(struct write_state *w, uint64_t offset, uint64_t n)
{
	uint64_t index = offset / PAGE_SIZE, in_page = offset % PAGE_SIZE;
	struct frame *frame = mm_object_page_lookup(w->obj, index);
	size_t got;
	int err;

	if (!frame) {
		if (n == PAGE_SIZE && w->is_pager)
			return overwrite_page(w, index);
		err = mm_object_page_get(w->obj, index, MM_PAGE_CREATE, 0, &frame);
		if (err)
			return err;
	}
	got = io_copy_from_nofault(&w->rq->vector, (uint8_t *)frame_virt(frame) + in_page, n);
	if (got) {
		grow(w, offset + got);
		mm_object_page_dirty(w->obj, frame, (unsigned)in_page, (unsigned)(in_page + got));
	}
	frame_put(frame);
	return (int64_t)got;
}

int64_t object_write(struct write_state *w, uint64_t end)
{
	struct io_request *rq = w->rq;
	int64_t done = 0;

	while (rq->vector.left && w->offset < end) {
		uint64_t want = MIN(MIN(PAGE_SIZE - w->offset % PAGE_SIZE, end - w->offset), rq->vector.left);
		int64_t n = w->is_throttled ? mm_object_throttle(w->obj) : 0;

		if (!n)
			n = object_write_page(w, w->offset, w->ready ? MIN(want, w->ready) : want);
		if (!n) {
			n = io_vector_prefault(&rq->vector, want, false);
			w->ready = n > 0 ? (uint64_t)n : 0;
			if (n > 0)
				continue;
		}
		if (n < 0)
			return done ? done : n;
		w->ready = 0;
		done += n;
		w->offset += (uint64_t)n;
		sched_cond_resched();
	}
	return done;
}

static int write_error(const struct write_state *w, int64_t err)
{
	return err == -ENOMEM && !w->is_pager ? -ENOSPC : (int)err;
}

/* tmpfs may take half of the memory, as Linux's does by default. */
static bool tmpfs_is_full(void)
{
	struct mm_statistics s;

	mm_statistics(&s);
	return s.shmem_pages > s.total_pages / 2;
}

/* Under the inode's lock: write what can be written without a fault, at w->offset.
 * Returns: bytes (0: memory has to be brought in), or an errno when none. */
static int64_t write_stretch(struct write_state *w, uint64_t len)
{
	struct inode *i = w->inode;
	uint64_t end = w->offset + len, at = w->offset;
	int64_t n = 0;

	if (!w->is_pager && (len >= PAGE_SIZE || !w->obj->npages || !(at % PAGE_SIZE)) && tmpfs_is_full())
		return -ENOSPC;
	if (end > w->obj->size_bytes)
		mm_object_truncate(w->obj, end);
	while (at < end) {
		uint64_t want = MIN(PAGE_SIZE - at % PAGE_SIZE, end - at);

		n = inode_check_seals(i, inode_size(i), MAX(at + want, inode_size(i)));
		if (!n)
			n = object_write_page(w, at, want);
		if (n <= 0)
			break;
		at += (uint64_t)n;
		if ((uint64_t)n < want)
			break;
	}
	if (w->obj->size_bytes > inode_size(i))
		mm_object_truncate(w->obj, inode_size(i));
	if (at > w->offset)
		return (int64_t)(at - w->offset);
	return n < 0 ? write_error(w, n) : 0;
}

/* Limits of man 2 write; a write that was cut at the limit has succeeded, so only a first byte beyond
 * it is signalled. Returns: 0 with *len cut; -EFBIG. */
static int check_limits(uint64_t offset, uint64_t *len, bool is_first)
{
	uint64_t limit = ps_current_is_process() ? ps_limit(RLIMIT_FSIZE) : ~0ull;

	if (offset >= limit) {
		if (is_first)
			signal_send_thread(ps_current_thread(), SIGXFSZ, NULL);
		return -EFBIG;
	}
	if (offset >= MAX_OFFSET)
		return -EFBIG;
	*len = MIN(*len, MIN(limit, MAX_OFFSET) - offset);
	return 0;
}

/* The lock is held and there is room: write, with a time stamp before the first byte. */
static int64_t change(struct write_state *w, uint64_t len)
{
	struct inode *i = w->inode;
	int64_t n;

	if (w->is_pager)
		inode_begin_change(i);
	if (!w->is_continued)
		inode_touch(i, false, true);
	w->is_continued = true;
	n = write_stretch(w, len);
	if (w->is_pager)
		inode_end_change(i);
	return n;
}

static int64_t write_locked(struct write_state *w)
{
	struct io_request *rq = w->rq;
	uint64_t len = MIN(rq->vector.left, w->ready ? w->ready : (uint64_t)WRITE_STRETCH);
	int err = inode_sync_contents(w->inode);

	if (err)
		return err;
	if (inode_is_sealed_against_writes(w->inode))
		return -EPERM;
	if ((rq->flags & IO_APPEND) && !w->is_continued)
		w->offset = rq->offset = inode_size(w->inode);
	else if (rq->flags & IO_APPEND)
		w->offset = inode_size(w->inode);
	err = check_limits(w->offset, &len, !w->is_continued);
	if (err)
		return err;
	err = inode_take_room(w->inode, w->offset, &len);
	if (err)
		return err;
	if (!w->is_continued)
		err = inode_kill_set_id(w->inode);
	return err ? err : change(w, len);
}

static int64_t write_all(struct write_state *w)
{
	struct io_request *rq = w->rq;
	int64_t done = 0;

	while (rq->vector.left) {
		int64_t n = mm_object_throttle(w->obj);

		if (n)
			return done ? done : n;
		mutex_lock(&w->inode->lock);
		n = write_locked(w);
		mutex_unlock(&w->inode->lock);
		if (n < 0)
			return done ? done : n;
		if (!n) {
			n = io_vector_prefault(&rq->vector, PAGE_SIZE * 16, false);
			if (n < 0)
				return done ? done : n;
			w->ready = (uint64_t)n;
			continue;
		}
		w->ready = 0;
		done += n;
		w->offset += (uint64_t)n;
		if (w->offset >= MAX_OFFSET)
			break;
		sched_cond_resched();
	}
	return done;
}

static int64_t regular_write(struct io_request *rq)
{
	struct inode *i = rq->file->inode;
	struct write_state w = { .rq = rq, .inode = i, .obj = &i->object, .offset = rq->offset, .is_pager = inode_is_pager(i) };
	int64_t n;

	if (i->attr.flags & VFS_NODE_BUNDLE)
		return -EROFS;
	if (rq->offset > MAX_OFFSET)
		return -EINVAL;
	if (!rq->vector.left)
		return 0;
	n = write_all(&w);
	if (n > 0 && w.is_pager && (rq->flags & (IO_APPEND | IO_SYNC))) {
		int err = regular_sync_range(rq->file, rq->offset, (uint64_t)n);

		if (err && (rq->flags & IO_SYNC))
			return err;
	}
	return n;
}

static void regular_release(struct file *f)
{
	atomic_sub(&f->inode->opens, 1);
	notify_deleted(f->inode);
	if ((f->access & RIGHT_WRITE) && !f->is_no_writer)
		inode_close_for_write(f->inode);
	file_close_open_id(f);
}

const struct file_ops regular_ops = {
	.name = "regular",
	.read = regular_read,
	.write = regular_write,
	.map = regular_map,
	.fsync = regular_fsync,
	.seek = regular_seek,
	.truncate = regular_truncate,
	.allocate = regular_allocate,
	.flush = regular_flush,
	.release = regular_release,
	.ioctl = regular_ioctl,
};
