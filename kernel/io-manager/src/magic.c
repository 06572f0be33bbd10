/* kernel/io-manager/src/magic.c: links under /proc/PID that lead to what a process holds.
 *
 * They lead to the thing itself, not to a path: a deleted file, a pipe, a folder outside
 * of the caller's root. vfsd knows only their names.
 */
#include <errno.h>
#include <string.h>

#include <linux/capability.h>
#include <ps/process.h>

#include "vfs_private.h"

/* ptrace(2)'s rule for looking at another process. */
static bool may_look_into(const struct process *p)
{
	const struct credentials *mine = ps_credentials(), *its = &p->credentials;

	if (p == ps_current() || ps_capable(CAP_SYS_PTRACE))
		return true;
	return mine->fsuid == its->uid && mine->fsuid == its->euid && mine->fsuid == its->suid &&
	       mine->fsgid == its->gid && mine->fsgid == its->egid && mine->fsgid == its->sgid && p->dumpable;
}

static int find_process(const struct inode *link, struct process **out)
{
	struct process *p = ps_find((uint32_t)link->attr.size);

	if (!p)
		return -ENOENT;
	if (!may_look_into(p)) {
		ps_put(p);
		return -EACCES;
	}
	*out = p;
	return 0;
}

static int resolve_fd(struct process *p, int fd, struct inode **inode, struct file **file)
{
	struct handle_table *handles;
	struct object *obj;
	struct file *f;
	int err;

	spin_lock(&p->lock);
	handles = p->handles;
	if (handles)
		handle_table_get(handles);
	spin_unlock(&p->lock);
	if (!handles)
		return -ENOENT;
	err = handle_lookup(handles, fd, OBJECT_FILE, 0, &obj);
	handle_table_put(handles, p);
	if (err)
		return -ENOENT;
	f = file_from_object(obj);
	if (!f->inode) {
		*file = f;
		return 0;
	}
	inode_get(f->inode);
	*inode = f->inode;
	file_put(f);
	return 0;
}

int vfs_exe_of(struct process *p, struct inode **inode)
{
	int err = -ENOENT;

	spin_lock(&p->lock);
	if (p->exe) {
		*inode = p->exe;
		inode_get(*inode);
		err = 0;
	}
	spin_unlock(&p->lock);
	return err;
}

static int resolve_context(struct process *p, bool root, struct inode **inode)
{
	struct fs_context *fs;
	int err;

	spin_lock(&p->lock);
	fs = p->fs;
	if (fs)
		fs_context_get(fs);
	spin_unlock(&p->lock);
	if (!fs)
		return -ENOENT;
	err = root ? fs_context_root(fs, inode) : fs_context_cwd(fs, inode);
	fs_context_put(fs);
	return err;
}

int magic_resolve(struct inode *link, struct inode **inode, struct file **file)
{
	struct process *p;
	int err = find_process(link, &p);

	if (err)
		return err;
	switch (link->attr.rdev) {
	case VFS_MAGIC_EXE:
		err = vfs_exe_of(p, inode);
		break;
	case VFS_MAGIC_CWD:
		err = resolve_context(p, false, inode);
		break;
	case VFS_MAGIC_ROOT:
		err = resolve_context(p, true, inode);
		break;
	case VFS_MAGIC_FD:
		err = resolve_fd(p, (int)link->attr.blocks, inode, file);
		break;
	default:
		err = -ENOENT;
	}
	ps_put(p);
	return err;
}

static int64_t put_text(char *buf, size_t cap, const char *text)
{
	size_t len = MIN(strlen(text), cap);

	memcpy(buf, text, len);
	return (int64_t)len;
}

static int64_t text_of_file(struct file *f, char *buf, size_t cap)
{
	char text[48];

	if (!strcmp(f->ops->name, "pipe") || !strcmp(f->ops->name, "socket"))
		ksnprintf(text, sizeof(text), "%s:[%llu]", f->ops->name, (unsigned long long)file_ino(f));
	else
		ksnprintf(text, sizeof(text), "anon_inode:[%s]", f->ops->name);
	return put_text(buf, cap, text);
}

/* A name that is gone is shown with the words that proc(5) gives; absolute, or glibc's start-up asserts. */
static int64_t text_of_inode(struct inode *i, char *buf, size_t cap)
{
	int64_t len = vfs_path_of(i, buf, cap);

	if (len == -ENOENT)
		return put_text(buf, cap, "/ (deleted)");
	return len;
}

static int64_t magic_readlink(struct inode *link, char *buf, size_t cap)
{
	struct inode *i = NULL;
	struct file *f = NULL;
	int64_t len = magic_resolve(link, &i, &f);

	if (len)
		return len;
	len = i ? text_of_inode(i, buf, cap) : text_of_file(f, buf, cap);
	inode_put(i);
	file_put(f);
	return len;
}

int64_t inode_readlink(struct inode *i, char *buf, size_t cap)
{
	struct link_text *target;
	int64_t len;

	if (!inode_is_symlink(i))
		return -EINVAL;
	if (i->attr.flags & VFS_NODE_MAGIC_LINK)
		return magic_readlink(i, buf, cap);
	target = inode_target(i);
	if (!target)
		return -EIO;
	len = put_text(buf, cap, target->text);
	link_text_put(target);
	return len;
}
