/* kernel/io-manager/src/file.c: the life of an open file.
 *
 * A file is made by whoever opens something and dies with its last reference: a
 * descriptor, a mapping, a message under way. What watches it (epoll) is told first.
 */
#include <errno.h>

#include <ds/hash.h>
#include <io/inode.h>
#include <io/notify.h>
#include <linux/inotify.h>
#include <mm/heap.h>
#include <mm/space.h>

#include "file_private.h"

HEAP_CACHE(file_cache, "file", sizeof(struct file));

static void file_release(struct object *obj)
{
	struct file *f = file_from_object(obj);

	epoll_file_released(f);
	if (f->inode && f->tells_close)
		notify_inode(f->inode, f->access & RIGHT_WRITE ? IN_CLOSE_WRITE : IN_CLOSE_NOWRITE);
	if (f->inode && !list_is_empty(&f->inode->posix_locks))
		inode_posix_unlock_all(f->inode, f);
	if (f->has_flock)
		inode_flock_release(f);
	if (f->ops->release)
		f->ops->release(f);
	if (f->nt_release)
		f->nt_release(f);
	inode_put(f->inode);
	heap_cache_free(&file_cache, f);
}

static void file_handle_closed(struct object *obj, void *process)
{
	struct file *f = file_from_object(obj);

	if (f->inode && !list_is_empty(&f->inode->posix_locks))
		inode_posix_unlock_all(f->inode, process);
	if (f->ops->flush) {
		int err = f->ops->flush(f, process);

		if (err)
			atomic_store(&f->flush_error, err);
	}
}

static struct wait_source *file_wait_source(struct object *obj)
{
	return file_from_object(obj)->nt_ended;
}

static const struct object_type file_type = {
	.name = "file",
	.kind = OBJECT_FILE,
	.release = file_release,
	.handle_closed = file_handle_closed,
	.wait_source = file_wait_source,
};

int file_create(const struct file_ops *ops, uint32_t flags, void *private, struct file **out)
{
	struct file *f = heap_cache_alloc(&file_cache, 0);

	if (!f)
		return -ENOMEM;
	object_init(&f->object, &file_type);
	f->ops = ops;
	f->flags = flags;
	f->private = private;
	f->access = file_access_of(flags);
	mutex_init(&f->position_lock, LOCK_FILE_POSITION);
	list_init(&f->epoll_items);
	*out = f;
	return 0;
}

uint32_t file_poll(struct file *f)
{
	if (!f->ops->poll)
		return IO_POLLIN | IO_POLLOUT | IO_POLLRDNORM | IO_POLLWRNORM;
	return f->ops->poll(f);
}

static void area_file_get(void *file)
{
	file_get(file);
}

static void area_file_put(void *file)
{
	file_put(file);
}

void file_init(void)
{
	mm_area_ops.file_get = area_file_get;
	mm_area_ops.file_put = area_file_put;
}

uint64_t file_ino(const struct file *f)
{
	return hash_u64((uint64_t)(uintptr_t)(f->private ? f->private : f)) & 0x7fffffff;
}
