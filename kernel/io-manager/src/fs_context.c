/* kernel/io-manager/src/fs_context.c: where a process stands. */
#include <errno.h>

#include <mm/heap.h>
#include <ps/process.h>

#include "vfs_private.h"

HEAP_CACHE(fs_context_cache, "fs context", sizeof(struct fs_context));

static struct fs_context *context_alloc(void)
{
	struct fs_context *c = heap_cache_alloc(&fs_context_cache, 0);

	if (!c)
		return NULL;
	refcount_set(&c->refs, 1);
	spin_init(&c->lock, LOCK_FS_CONTEXT);
	c->umask = 022;
	return c;
}

int fs_context_create(struct fs_context **out)
{
	*out = context_alloc();
	return *out ? 0 : -ENOMEM;
}

int fs_context_clone(struct fs_context *from, struct fs_context **out)
{
	struct fs_context *c = context_alloc();

	if (!c)
		return -ENOMEM;
	spin_lock(&from->lock);
	c->root = from->root;
	c->cwd = from->cwd;
	c->umask = from->umask;
	if (c->root)
		inode_get(c->root);
	if (c->cwd)
		inode_get(c->cwd);
	spin_unlock(&from->lock);
	*out = c;
	return 0;
}

void fs_context_get(struct fs_context *c)
{
	refcount_get(&c->refs);
}

void fs_context_put(struct fs_context *c)
{
	if (!c || !refcount_put(&c->refs))
		return;
	inode_put(c->root);
	inode_put(c->cwd);
	heap_cache_free(&fs_context_cache, c);
}

void fs_context_reroot(struct fs_context *c)
{
	struct inode *root, *cwd;

	spin_lock(&c->lock);
	root = c->root;
	cwd = c->cwd;
	c->root = NULL;
	c->cwd = NULL;
	spin_unlock(&c->lock);
	inode_put(root);
	inode_put(cwd);
}

struct fs_context *fs_current(void)
{
	return ps_current()->fs;
}

static int ask_for_root(struct inode **out)
{
	struct ipc_kernel_call call = { .words = { VFS_ROOT } };
	struct record_result r;
	uint32_t n;
	int err = vfs_call_records(&call, &r, 1, &n);

	if (err)
		return err;
	if (!n || !r.inode)
		return -EIO;
	*out = r.inode;
	return 0;
}

static struct inode *get_field(struct fs_context *c, struct inode **field)
{
	struct inode *i;

	spin_lock(&c->lock);
	i = *field;
	if (i)
		inode_get(i);
	spin_unlock(&c->lock);
	return i;
}

static void set_field(struct fs_context *c, struct inode **field, struct inode *i)
{
	struct inode *old;

	inode_get(i);
	spin_lock(&c->lock);
	old = *field;
	*field = i;
	spin_unlock(&c->lock);
	inode_put(old);
}

int fs_context_root(struct fs_context *c, struct inode **out)
{
	int err;

	*out = get_field(c, &c->root);
	if (*out)
		return 0;
	err = ask_for_root(out);
	if (!err)
		set_field(c, &c->root, *out);
	return err;
}

int fs_context_cwd(struct fs_context *c, struct inode **out)
{
	*out = get_field(c, &c->cwd);
	return *out ? 0 : fs_context_root(c, out);
}

void fs_context_set_root(struct fs_context *c, struct inode *i)
{
	set_field(c, &c->root, i);
}

void fs_context_set_cwd(struct fs_context *c, struct inode *i)
{
	set_field(c, &c->cwd, i);
}
