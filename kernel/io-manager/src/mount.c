/* kernel/io-manager/src/mount.c: mounts, published device names, and what vfsd says of whole filesystems. */
#include <errno.h>
#include <string.h>

#include <mm/heap.h>

#include "loop.h"
#include "vfs_private.h"

#define DATA_BYTES (4 * VFS_PATH_MAX)

/* Append @text with its NUL. Returns: the new length; cap + 1 when there is no room. */
static size_t append(char *data, size_t len, size_t cap, const char *text)
{
	size_t n = strlen(text) + 1;

	if (len + n > cap)
		return cap + 1;
	memcpy(data + len, text, n);
	return len + n;
}

static int call_with_text(const uint64_t words[4], const char *const *texts, unsigned ntexts)
{
	struct ipc_kernel_call c = { .words = { words[0], words[1], words[2], words[3] } };
	char *data = kmalloc(DATA_BYTES, HEAP_NOZERO);
	size_t len = 0;
	int err = -ENAMETOOLONG;

	if (!data)
		return -ENOMEM;
	for (unsigned t = 0; t < ntexts && len <= DATA_BYTES; t++)
		len = append(data, len, DATA_BYTES, texts[t]);
	if (len <= DATA_BYTES) {
		c.data = data;
		c.data_len = (uint32_t)len;
		err = vfs_call(&c);
	}
	kfree(data);
	return err;
}

int vfs_mount(const char *type, const char *source, const char *target, const char *options, uint32_t flags)
{
	const uint64_t words[4] = { VFS_MOUNT, flags };
	const char *const texts[] = { type, source, target, options };
	int err = call_with_text(words, texts, 4);

	if (err != -EBUSY)
		return err;
	/* A mount that was detached keeps its disk as long as a file of it is known, and names and the cache know closed ones. */
	lease_drop_all(LEASE_NAME);
	inode_drop_idle();
	inode_cache_settle();
	return call_with_text(words, texts, 4);
}

int vfs_umount(const char *target, uint32_t flags)
{
	struct ipc_kernel_call c = { .words = { VFS_UMOUNT, flags }, .data = target, .data_len = (uint32_t)strlen(target) };
	int err = vfs_call(&c);

	if (!err)
		loops_settle();
	return err;
}

int vfs_sync_all(void)
{
	struct ipc_kernel_call c = { .words = { VFS_SYNC } };

	mm_sync_all();
	return vfs_call(&c);
}

int vfs_publish_device(const char *name, uint32_t mode, uint32_t rdev, uint32_t uid, uint32_t gid)
{
	const uint64_t words[4] = { VFS_PUBLISH, mode, rdev, uid | (uint64_t)gid << 32 };
	const char *const texts[] = { name, "" };

	return call_with_text(words, texts, 2);
}

int vfs_unpublish_device(const char *name)
{
	struct ipc_kernel_call c = { .words = { VFS_UNPUBLISH }, .data = name, .data_len = (uint32_t)strlen(name) };

	return vfs_call(&c);
}

int vfs_statfs(struct inode *i, void *statfs_out, size_t bytes)
{
	struct ipc_kernel_call c = { .words = { VFS_STATFS, i->node }, .reply_data = statfs_out, .reply_cap = (uint32_t)bytes };
	int err = vfs_call(&c);

	if (err)
		return err;
	return c.reply_len == bytes ? 0 : -EIO;
}

int64_t vfs_path_of(struct inode *i, char *buf, size_t cap)
{
	struct ipc_kernel_call c = { .words = { VFS_PATH, i->node }, .reply_data = buf, .reply_cap = (uint32_t)cap - 1 };
	struct inode *root;
	int err = fs_context_root(fs_current(), &root);

	if (err)
		return err;
	c.words[2] = root->node;
	inode_put(root);
	err = vfs_call(&c);
	if (err)
		return err == -E2BIG ? -ERANGE : err;
	if (c.reply_len && buf[c.reply_len - 1] == '\0')
		c.reply_len--;
	buf[c.reply_len] = '\0';
	return c.reply_len;
}
