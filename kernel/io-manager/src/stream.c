/* kernel/io-manager/src/stream.c: files whose owner makes their contents while they are read.
 *
 * Every read and write is a call with the open's id: two opens see two streams.
 */
#include <errno.h>

#include <linux/fs.h>
#include <mm/heap.h>

#include "device.h"
#include "vfs_private.h"

#define CHUNK (32u << 10)

/* A call with the open's id as words[1], a second time if the owner was replaced meanwhile. */
static int call_stream(struct file *f, struct ipc_kernel_call *c)
{
	struct ipc_kernel_call again = *c;
	int err = vfs_call(c);

	if (err != -EBADF)
		return err;
	err = file_open_again(f);
	if (err)
		return err;
	*c = again;
	c->words[1] = f->open_id;
	return vfs_call(c);
}

static int64_t stream_read(struct io_request *rq)
{
	uint32_t want = (uint32_t)MIN(rq->vector.left, (uint64_t)CHUNK);
	struct ipc_kernel_call c = { .words = { VFS_READ, rq->file->open_id, rq->offset, want }, .reply_cap = want };
	int64_t n;
	int err;

	if (!want)
		return 0;
	c.reply_data = kmalloc(want, HEAP_NOZERO);
	if (!c.reply_data)
		return -ENOMEM;
	n = call_stream(rq->file, &c);
	if (!n && c.reply_len)
		n = (int64_t)io_copy_to(&rq->vector, c.reply_data, MIN(c.reply_len, want), &err);
	if (!n && c.reply_len)
		n = err;
	kfree(c.reply_data);
	return n;
}

static int64_t stream_write(struct io_request *rq)
{
	uint32_t want = (uint32_t)MIN(rq->vector.left, (uint64_t)CHUNK);
	void *data = kmalloc(want ? want : 1, HEAP_NOZERO);
	struct ipc_kernel_call c = { .words = { VFS_WRITE, rq->file->open_id, rq->offset }, .data = data };
	int64_t n;
	int err;

	if (!data)
		return -ENOMEM;
	c.data_len = (uint32_t)io_copy_from(&rq->vector, data, want, &err);
	n = err ? err : call_stream(rq->file, &c);
	if (!n)
		n = (int64_t)MIN(c.words[1], (uint64_t)want);
	kfree(data);
	return n;
}

/* O_TRUNC of what has no size changes nothing. */
static int stream_truncate(struct file *f, uint64_t size)
{
	return 0;
}

static void stream_release(struct file *f)
{
	atomic_sub(&f->inode->opens, 1);
	if (f->access & RIGHT_WRITE)
		inode_close_for_write(f->inode);
	file_close_open_id(f);
}

const struct file_ops stream_ops = {
	.name = "stream",
	.read = stream_read,
	.write = stream_write,
	.seek = device_seek,
	.truncate = stream_truncate,
	.release = stream_release,
};
