/* kernel/io-manager/src/directory.c: listing folders.
 *
 * Entries come ready to copy out, 32 KiB a call, and wait in the open file. The file's
 * offset is the cookie of the last entry handed out, so a seek only drops the buffer.
 */
#include <errno.h>
#include <string.h>

#include <linux/fs.h>
#include <mm/heap.h>

#include "vfs_private.h"

#define BUFFER_BYTES (32u << 10)

struct listing {
	uint32_t len, at;
	uint64_t cookie;	/* where `at` begins */
	char entries[BUFFER_BYTES];
};

/* struct linux_dirent64 of man 2 getdents */
struct entry {
	uint64_t ino;
	int64_t off;
	uint16_t reclen;
	uint8_t type;
	char name[];
};

static int fetch(struct file *f, struct listing *l)
{
	struct ipc_kernel_call c = { .words = { VFS_READDIR, f->inode->node, f->offset, BUFFER_BYTES },
		.reply_data = l->entries, .reply_cap = BUFFER_BYTES };
	int err;

	l->len = l->at = 0;
	err = vfs_call(&c);
	if (err)
		return err;
	if (c.words[1] != c.reply_len)
		return -EIO;
	l->len = c.reply_len;
	l->cookie = f->offset;
	return 0;
}

static const struct entry *entry_at(const struct listing *l, uint32_t at)
{
	const struct entry *e = (const void *)(l->entries + at);

	if (l->len - at < sizeof(*e) || e->reclen < sizeof(*e) || e->reclen > l->len - at || e->reclen % 8)
		return NULL;
	return e;
}

/* How many bytes of whole entries fit in @room; the cookie behind them. -EINVAL: not one. */
static int64_t measure(const struct listing *l, uint64_t room, uint64_t *cookie)
{
	uint32_t at = l->at;

	while (at < l->len) {
		const struct entry *e = entry_at(l, at);

		if (!e)
			return -EIO;
		if (at - l->at + e->reclen > room)
			break;
		at += e->reclen;
		*cookie = (uint64_t)e->off;
	}
	return at == l->at ? -EINVAL : (int64_t)(at - l->at);
}

static struct listing *listing_of(struct file *f)
{
	struct listing *l = f->private;

	if (l)
		return l;
	l = kmalloc(sizeof(*l), HEAP_NOZERO);
	if (!l)
		return NULL;
	l->len = l->at = 0;
	f->private = l;
	return l;
}

static int64_t list(struct io_request *rq, struct listing *l)
{
	struct file *f = rq->file;
	uint64_t cookie = f->offset;
	int64_t n;
	int err;

	if (l->at == l->len || l->cookie != f->offset) {
		err = fetch(f, l);
		if (err || !l->len)
			return err;
	}
	n = measure(l, rq->vector.left, &cookie);
	if (n < 0)
		return n;
	if (io_copy_to(&rq->vector, l->entries + l->at, (size_t)n, &err) < (size_t)n)
		return -EFAULT;
	l->at += (uint32_t)n;
	l->cookie = f->offset = cookie;
	return n;
}

static int64_t directory_readdir(struct io_request *rq)
{
	struct file *f = rq->file;
	struct listing *l;
	int64_t n = -ENOMEM;

	if (!READ_ONCE(f->inode->attr.nlink))
		return -ENOENT;
	mutex_lock(&f->position_lock);
	l = listing_of(f);
	if (l)
		n = list(rq, l);
	mutex_unlock(&f->position_lock);
	return n;
}

static int64_t directory_seek(struct file *f, int64_t offset, int whence)
{
	int64_t target;

	mutex_lock(&f->position_lock);
	target = whence == SEEK_CUR ? (int64_t)(f->offset + (uint64_t)offset) : offset;
	if (whence == SEEK_END)
		target = (int64_t)(0x7fffffffffffffffull + (uint64_t)offset);
	if (whence < SEEK_SET || whence > SEEK_END || target < 0) {
		target = -EINVAL;
	} else {
		struct listing *l = f->private;

		f->offset = (uint64_t)target;
		if (l)
			l->len = l->at = 0;
	}
	mutex_unlock(&f->position_lock);
	return target;
}

static int64_t directory_read(struct io_request *rq)
{
	return -EISDIR;
}

static int directory_fsync(struct file *f, bool data_only)
{
	struct ipc_kernel_call c = { .words = { VFS_SYNC, f->inode->node, data_only } };

	return vfs_call(&c);
}

static void directory_release(struct file *f)
{
	kfree(f->private);
	file_close_open_id(f);
}

const struct file_ops directory_ops = {
	.name = "directory",
	.read = directory_read,
	.seek = directory_seek,
	.readdir = directory_readdir,
	.fsync = directory_fsync,
	.release = directory_release,
};
