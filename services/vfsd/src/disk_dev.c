/* services/vfsd/src/disk_dev.c: see disk_dev.h. */
#include "disk_dev.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>

#include "dispatch.h"
#include "kernel.h"
#include "namespace.h"
#include "state.h"

static uint32_t id_of(const struct blockdev *dev)
{
	return (uint32_t)(uintptr_t)dev->context;
}

/* Bytes of a device that is gone are an I/O error to who uses its filesystem. */
static int move_bytes(struct block_call *call)
{
	int err = kernel_block(call);

	return err == -ENODEV ? -EIO : err;
}

static int transfer(struct blockdev *dev, uint32_t op, uint64_t offset, void *buf, size_t len)
{
	int err = 0;

	while (len && !err) {
		size_t n = len < BLOCK_MAX_BYTES ? len : BLOCK_MAX_BYTES;
		struct block_call call = {
			.op = op, .device = id_of(dev), .offset = offset, .len = n, .buffer = (uintptr_t)buf,
		};

		err = move_bytes(&call);
		offset += n;
		buf = (char *)buf + n;
		len -= n;
	}
	return err;
}

static int dev_read(struct blockdev *dev, uint64_t offset, void *buf, size_t len)
{
	return transfer(dev, BLOCK_OP_READ, offset, buf, len);
}

static int dev_write(struct blockdev *dev, uint64_t offset, const void *buf, size_t len)
{
	return transfer(dev, BLOCK_OP_WRITE, offset, (void *)(uintptr_t)buf, len);
}

static int dev_flush(struct blockdev *dev)
{
	struct block_call call = { .op = BLOCK_OP_FLUSH, .device = id_of(dev) };

	return kernel_block(&call);
}

static const struct blockdev_ops dev_ops = { .read = dev_read, .write = dev_write, .flush = dev_flush };

/* ---- loops ---- */

/* What the thread's request has put off; a device more than once, if need be. */
static _Thread_local uint32_t due[VFSD_MOUNTS];
_Thread_local unsigned int disk_loops_due;

static int loop_read(struct blockdev *dev, uint64_t offset, void *buf, size_t len)
{
	unsigned int depth = dispatch_has_names() ? dispatch_lend_names() : 0;
	int err = dev_read(dev, offset, buf, len);

	if (depth)
		dispatch_take_names_back(depth);
	return err;
}

static int loop_write(struct blockdev *dev, uint64_t offset, const void *buf, size_t len)
{
	unsigned int depth = dispatch_has_names() ? dispatch_lend_names() : 0;
	int err = dev_write(dev, offset, buf, len);

	if (depth)
		dispatch_take_names_back(depth);
	return err;
}

static int loop_flush(struct blockdev *dev)
{
	unsigned int i = 0;

	if (!dispatch_has_names())
		return dev_flush(dev);
	while (i < disk_loops_due && due[i] != id_of(dev))
		i++;
	if (i == disk_loops_due && disk_loops_due < VFSD_MOUNTS)
		due[disk_loops_due++] = id_of(dev);
	return 0;
}

static const struct blockdev_ops loop_ops = { .read = loop_read, .write = loop_write, .flush = loop_flush };

static int flush_due(int err)
{
	while (disk_loops_due) {
		struct block_call call = { .op = BLOCK_OP_FLUSH, .device = due[--disk_loops_due] };
		int failed = kernel_block(&call);

		err = err ? err : failed;
	}
	return err;
}

/* What requests that nobody waits for have put off, and whether a thread is at it. */
static pthread_mutex_t unawaited_lock = PTHREAD_MUTEX_INITIALIZER;
static uint32_t unawaited[VFSD_MOUNTS];
static unsigned int nunawaited;
static bool is_flushing;

/* Returns: with the lock. The devices that are mounted are no more than fit. */
static void leave_due(void)
{
	pthread_mutex_lock(&unawaited_lock);
	while (disk_loops_due) {
		uint32_t id = due[--disk_loops_due];
		unsigned int i = 0;

		while (i < nunawaited && unawaited[i] != id)
			i++;
		if (i == nunawaited && nunawaited < VFSD_MOUNTS)
			unawaited[nunawaited++] = id;
	}
}

static void take_due(void)
{
	memcpy(due, unawaited, nunawaited * sizeof(due[0]));
	disk_loops_due = nunawaited;
	nunawaited = 0;
}

/* One thread alone: were all of them to wait for flushes, none would be there to write the loops' files. */
static void flush_unawaited(void)
{
	leave_due();
	while (!is_flushing && nunawaited) {
		is_flushing = true;
		take_due();
		pthread_mutex_unlock(&unawaited_lock);
		(void)flush_due(0);
		pthread_mutex_lock(&unawaited_lock);
		is_flushing = false;
	}
	pthread_mutex_unlock(&unawaited_lock);
}

int disk_flush_due_loops(int err, bool is_awaited)
{
	if (is_awaited)
		return flush_due(err);
	flush_unawaited();
	return err;
}

bool disk_is_loop(uint32_t id)
{
	struct block_info info = { 0 };
	struct block_call call = { .op = BLOCK_OP_INFO, .device = id, .buffer = (uintptr_t)&info };

	return id && !kernel_block(&call) && (info.flags & BLOCK_LOOP);
}

int disk_open(uint32_t id, struct blockdev *dev)
{
	struct block_info info;
	struct block_call call = { .op = BLOCK_OP_INFO, .device = id, .buffer = (uintptr_t)&info };
	int err = kernel_block(&call);

	*dev = (struct blockdev){
		.ops = info.flags & BLOCK_LOOP ? &loop_ops : &dev_ops, .context = (void *)(uintptr_t)id, .bytes = info.bytes, .block_bytes = info.block_bytes,
		.is_read_only = info.flags & BLOCK_READ_ONLY,
	};
	return err;
}

/* By number if there is a device file, else by name: a disk may be mounted before its name is published. */
static bool is_wanted(const struct block_info *info, const struct node *file, const char *name)
{
	if (file)
		return file->rdev == (info->major << 20 | info->minor);
	return !strncmp(info->name, name, sizeof(info->name));
}

int disk_find(struct request *rq, const char *source, struct block_info *out)
{
	const char *name = strncmp(source, "/dev/", 5) ? "" : source + 5;
	struct storage_call call = { .op = STORAGE_LIST };
	struct node *file = NULL;
	int err = ns_resolve(rq, source, &file);

	if (err && (err != -ENOENT || !*name))
		return err;
	if (!err && !S_ISBLK(file->mode))
		return -ENOTBLK;
	for (; !(err = kernel_storage(&call)); call.index++) {
		if (is_wanted(&call.info, file, name) && !(call.info.flags & BLOCK_GONE)) {
			*out = call.info;
			return 0;
		}
	}
	return file ? -ENXIO : -ENOENT;
}

/* What programs wrote to its name in /dev goes to it before. */
int disk_claim(const struct block_info *info)
{
	struct block_call call = { .op = BLOCK_OP_CLAIM, .device = info->id };
	unsigned int depth = info->flags & BLOCK_LOOP ? dispatch_lend_names() : 0;
	int err = kernel_block(&call);

	if (depth)
		dispatch_take_names_back(depth);
	return err;
}

void disk_release(uint32_t id)
{
	struct block_call call = { .op = BLOCK_OP_RELEASE, .device = id };

	kernel_block(&call);
}

int disk_move_pages(uint32_t id, bool is_out, uint64_t node, uint64_t offset, const struct block_extent *extents,
		    unsigned int n)
{
	struct block_call call = {
		.op = is_out ? BLOCK_OP_PAGE_OUT : BLOCK_OP_PAGE_IN, .device = id, .node = node, .offset = offset,
		.buffer = (uintptr_t)extents, .nextents = n,
	};

	for (unsigned int i = 0; i < n; i++)
		call.len += extents[i].bytes;
	return move_bytes(&call);
}
