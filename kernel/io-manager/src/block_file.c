/* kernel/io-manager/src/block_file.c: /dev/vda and its kin as files.
 *
 * A device's memory object is its page cache, filled and written back by the kernel itself. Each
 * partition has its own, as on Linux; with the last close of a device what is dirty is written and
 * all of it is forgotten, so that others find what was written through any name.
 */
#include <errno.h>
#include <string.h>

#include <linux/capability.h>
#include <linux/fs.h>
#include <mm/heap.h>
#include <mm/space.h>
#include <mm/usercopy.h>
#include <ps/process.h>

#include "block.h"
#include "device.h"
#include "loop.h"
#include "regular.h"

#define KEPT_FLAGS (~(uint32_t)(O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC))

static struct block_device *device_of(const struct file *f)
{
	return f->private;
}

/* ---- the pager ---- */

/* References to the pages of @obj from @index on, which are under I/O. */
static int pages_for_io(struct mm_object *obj, uint64_t index, uint32_t n, struct frame **frames)
{
	for (uint32_t i = 0; i < n; i++) {
		frames[i] = mm_object_page_for_io(obj, index + i);
		if (!frames[i]) {
			while (i--)
				frame_put(frames[i]);
			return -EAGAIN;
		}
	}
	return 0;
}

static int transfer(struct mm_object *obj, bool is_write, uint64_t start, uint64_t end)
{
	struct block_device *d = obj->pager_context;
	const struct block_extent extent = { start, end - start };
	uint64_t index = start / PAGE_SIZE;
	uint32_t n = (uint32_t)((end - 1) / PAGE_SIZE - index + 1);
	struct frame **frames = kmalloc(n * sizeof(*frames), HEAP_NOZERO);
	int err;

	if (!frames)
		return -ENOMEM;
	err = pages_for_io(obj, index, n, frames);
	if (!err) {
		err = block_transfer(d, is_write, &extent, 1, frames, n, (uint32_t)(start % PAGE_SIZE));
		if (!err && !is_write && end % PAGE_SIZE)
			memset((uint8_t *)frame_virt(frames[n - 1]) + end % PAGE_SIZE, 0, PAGE_SIZE - end % PAGE_SIZE);
		for (uint32_t i = 0; i < n; i++)
			frame_put(frames[i]);
	}
	kfree(frames);
	return err;
}

static int page_in(struct mm_object *obj, uint64_t index, uint32_t npages)
{
	struct block_device *d = obj->pager_context;

	return transfer(obj, false, index * PAGE_SIZE, MIN((index + npages) * PAGE_SIZE, d->info.bytes));
}

static int page_out(struct mm_object *obj, uint64_t offset, uint64_t len)
{
	struct block_device *d = obj->pager_context;

	return transfer(obj, true, ALIGN_DOWN(offset, d->info.block_bytes),
			MIN(ALIGN_UP(offset + len, d->info.block_bytes), d->info.bytes));
}

static void released(struct mm_object *obj)
{
	block_put(obj->pager_context);
}

const struct mm_pager_ops block_pager_ops = { .page_in = page_in, .page_out = page_out, .release = released };

/* ---- reading and writing ---- */

static int sync_range(struct file *f, uint64_t offset, uint64_t len)
{
	int err = inode_write_back_object(f->inode, &device_of(f)->object, offset, len), seen = file_take_error(f);

	return err ? err : seen;
}

static int block_fsync(struct file *f, bool data_only)
{
	int err = sync_range(f, 0, ~0ull);

	return err ? err : block_flush(device_of(f));
}

static int64_t block_read(struct io_request *rq)
{
	struct block_device *d = device_of(rq->file);

	if (block_is_gone(d))
		return -EIO;
	return object_read(rq, &d->object, d->info.bytes);
}

static int64_t block_write(struct io_request *rq)
{
	struct block_device *d = device_of(rq->file);
	struct write_state w = { .rq = rq, .obj = &d->object, .offset = rq->offset, .is_pager = true, .is_throttled = true };
	bool is_synchronous = (rq->flags & IO_SYNC) || (atomic_load(&rq->file->flags) & O_DIRECT);
	int64_t n;

	if (block_is_gone(d))
		return -EIO;
	if (d->info.flags & BLOCK_READ_ONLY)
		return -EPERM;
	if (!rq->vector.left)
		return 0;
	if (rq->offset >= d->info.bytes)
		return -ENOSPC;
	n = object_write(&w, d->info.bytes);
	if (n > 0 && is_synchronous) {
		int err = sync_range(rq->file, rq->offset, (uint64_t)n);

		if (!err && (rq->flags & IO_SYNC))
			err = block_flush(d);
		if (err)
			return err;
	}
	return n;
}

static int64_t block_seek(struct file *f, int64_t offset, int whence)
{
	struct block_device *d = device_of(f);
	int64_t target;

	mutex_lock(&f->position_lock);
	switch (whence) {
	case SEEK_SET:
		target = offset;
		break;
	case SEEK_CUR:
		target = (int64_t)(f->offset + (uint64_t)offset);
		break;
	case SEEK_END:
		target = (int64_t)(d->info.bytes + (uint64_t)offset);
		break;
	default:
		target = -1;
	}
	if (target < 0 || (uint64_t)target > d->info.bytes)
		target = -EINVAL;
	else
		f->offset = (uint64_t)target;
	mutex_unlock(&f->position_lock);
	return target;
}

static int block_map(struct file *f, uint32_t prot, bool shared, struct mm_object **out)
{
	struct block_device *d = device_of(f);

	if (block_is_gone(d))
		return -ENODEV;
	if (shared && (prot & MM_WRITE) && (d->info.flags & BLOCK_READ_ONLY))
		return -EACCES;
	mm_object_get(&d->object);
	*out = &d->object;
	return 0;
}

/* ---- ioctl(2) (linux/fs.h) ---- */

static int flush_buffers(struct block_device *d)
{
	return ps_capable(CAP_SYS_ADMIN) ? block_sync_cache(d) : -EACCES;
}

int block_rescan(struct block_device *d)
{
	struct ipc_kernel_call c = { .words = { STORAGED_RESCAN, d->info.id } };
	int err = block_sync_cache(d);

	if (!err)
		err = ipc_call_service(SERVICE_STORAGED, &c);
	return err ? err : (int)(int64_t)c.words[0];
}

static int read_table_again(struct block_device *d)
{
	bool is_busy;

	if (!ps_capable(CAP_SYS_ADMIN))
		return -EACCES;
	if (d->info.parent || (d->info.flags & BLOCK_LOOP && !loop_has_parts(d)))
		return -EINVAL;
	mutex_lock(&block_table_lock);
	is_busy = block_is_busy(d, BLOCK_BUSY_CLAIM | BLOCK_BUSY_PARTS_OPEN);
	mutex_unlock(&block_table_lock);
	return is_busy ? -EBUSY : block_rescan(d);
}

static int discard(struct file *f, uint64_t arg)
{
	struct block_device *d = device_of(f);
	uint64_t range[2];
	int err;

	if (!(f->access & RIGHT_WRITE))
		return -EBADF;
	if (!(d->info.flags & BLOCK_DISCARDS))
		return -EOPNOTSUPP;
	if (copy_from_user(range, (const void __user *)arg, sizeof(range)))
		return -EFAULT;
	if ((range[0] | range[1]) % d->info.block_bytes || range[0] > d->info.bytes || range[1] > d->info.bytes - range[0])
		return -EINVAL;
	err = mm_object_sync(&d->object, range[0], range[1]);
	if (!err && range[1])
		err = block_discard(d, range[0], range[1]);
	mm_object_invalidate_clean(&d->object);
	return err;
}

static int64_t block_ioctl(struct file *f, uint32_t cmd, uint64_t arg)
{
	struct block_device *d = device_of(f);
	const struct block_info *i = &d->info;

	if (block_is_gone(d))
		return -ENODEV;
	switch (cmd) {
	case BLKGETSIZE64:
		return put_user(i->bytes, (uint64_t __user *)arg);
	case BLKGETSIZE:
		return put_user(i->bytes / BLOCK_SECTOR, (uint64_t __user *)arg);
	case BLKSSZGET:
		return put_user((int)i->block_bytes, (int __user *)arg);
	case BLKPBSZGET:
	case BLKIOMIN:
		return put_user(i->physical_bytes, (uint32_t __user *)arg);
	case BLKIOOPT:
		return put_user(0u, (uint32_t __user *)arg);
	case BLKALIGNOFF:
		return put_user(0, (int __user *)arg);
	case BLKBSZGET:
		return put_user((int)PAGE_SIZE, (int __user *)arg);
	case BLKROGET:
		return put_user(i->flags & BLOCK_READ_ONLY ? 1 : 0, (int __user *)arg);
	case BLKROTATIONAL:
		return put_user((uint16_t)0, (uint16_t __user *)arg);
	case BLKFLSBUF:
		return flush_buffers(d);
	case BLKRRPART:
		return read_table_again(d);
	case BLKDISCARD:
		return discard(f, arg);
	default:
		return d->info.flags & BLOCK_LOOP && !d->info.parent ? loop_ioctl(f, d, cmd, arg) : -ENOTTY;
	}
}

/* ---- opening and closing ---- */

static void block_release(struct file *f)
{
	struct block_device *d = device_of(f);
	bool is_last;

	mutex_lock(&block_table_lock);
	is_last = --d->nopens == 0;
	if (f->flags & O_EXCL)
		d->is_exclusive = false;
	mutex_unlock(&block_table_lock);
	if (is_last && !block_is_gone(d)) {
		(void)inode_write_back_object(f->inode, &d->object, 0, ~0ull);
		mm_object_invalidate_clean(&d->object);
	}
	if (is_last)
		loop_note_idle(d);
	block_put(d);
}

const struct file_ops block_file_ops = {
	.name = "block", .read = block_read, .write = block_write, .seek = block_seek, .map = block_map,
	.fsync = block_fsync, .ioctl = block_ioctl, .release = block_release,
};

static int note_open(struct block_device *d, bool is_exclusive)
{
	int err = 0;

	mutex_lock(&block_table_lock);
	if (block_is_gone(d))
		err = -ENXIO;
	else if (is_exclusive && block_is_busy(d, BLOCK_BUSY_CLAIM | BLOCK_BUSY_EXCLUSIVE))
		err = -EBUSY;
	if (!err) {
		d->nopens++;
		d->is_exclusive |= is_exclusive;
	}
	mutex_unlock(&block_table_lock);
	return err;
}

int block_device_open(uint32_t rdev, struct inode *inode, uint32_t flags, struct file **out)
{
	struct block_device *d = block_find_number(device_major(rdev), device_minor(rdev));
	int err;

	if (!d)
		return -ENXIO;
	err = note_open(d, flags & O_EXCL);
	if (err) {
		block_put(d);
		return err;
	}
	err = file_create(&block_file_ops, flags & (KEPT_FLAGS | O_EXCL), d, out);
	if (err) {
		mutex_lock(&block_table_lock);
		d->nopens--;
		if (flags & O_EXCL)
			d->is_exclusive = false;
		mutex_unlock(&block_table_lock);
		block_put(d);
		return err;
	}
	inode_get(inode);
	(*out)->inode = inode;
	(*out)->error_seen = atomic_load(&inode->error_count);
	return 0;
}
